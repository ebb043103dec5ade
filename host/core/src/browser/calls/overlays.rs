//! The host calls on what gets in the way. Data only.

use serde::Serialize;

use super::declare::calls;
use super::{PageId, Target};
use crate::browser::context::Remedy;
use crate::gate::Call;
use crate::grant::Ask;

/// Names a handler within its run.
pub type HandlerId = u32;

calls! {
    /// Says what is done about an overlay.
    AddLocatorHandler {
        /// The page.
        page: PageId,
        /// The overlay.
        overlay: Target,
        /// What is done, in order.
        remedies: Vec<Remedy>,
        /// How often at most; none for always.
        times: Option<u32>,
        /// Whether to go on without waiting until it is hidden.
        no_wait_after: bool,
    } "page.add-locator-handler" -> HandlerId; title call => format!("handle {} whenever it shows", call.overlay.locator);
        @ask Ask::Act;

    /// Takes a handler back.
    RemoveLocatorHandler {
        /// The page.
        page: PageId,
        /// The handler.
        handler: HandlerId,
    } "page.remove-locator-handler" -> (); title call => format!("remove handler {}", call.handler);
        @ask Ask::Act;
}
