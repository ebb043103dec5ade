//! The host calls on the clock of a context. Data only.

use serde::Serialize;

use super::ContextId;
use super::declare::calls;
use crate::browser::context::ClockOrder;
use crate::gate::Call;
use crate::grant::Ask;

calls! {
    /// Gives an order to the clock of a context.
    OrderClock {
        /// The context.
        context: ContextId,
        /// The order.
        order: ClockOrder,
    } "clock" -> (); title call => call.order.to_string();
        @ask Ask::Act;
}
