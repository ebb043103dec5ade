//! Dialogs of a page: told to the run, and answered at once.

use chromiumoxide::cdp::browser_protocol::page::HandleJavaScriptDialogParams;
use std::sync::Arc;

use super::cdp::{Event, Listener, Session};
use super::owner::Owner;
use super::read::text;
use flowguard_core::failure::cut;
use flowguard_core::timeline::PageEvent;

const MAX_TEXT: usize = 4_096;

/// Hears `Page` of a page's sessions.
pub(super) struct Dialogs {
    pub(super) owner: Arc<Owner>,
    pub(super) session: Session,
}

impl Listener for Dialogs {
    /// Dialogs are dismissed, as no flow listens to them yet; leaving a page is allowed.
    fn event(&self, event: &Event<'_>) {
        if event.method != "Page.javascriptDialogOpening" {
            return;
        }
        let Some(params) = event.read() else { return };
        let kind = text(&params, "type");
        let answer = HandleJavaScriptDialogParams::new(kind == "beforeunload");
        self.owner.tell(PageEvent::Dialog {
            kind,
            text: cut(text(&params, "message"), MAX_TEXT),
        });
        drop(self.session.send(&answer));
    }
}
