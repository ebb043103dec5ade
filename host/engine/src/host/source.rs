//! `source`: where a guest is in the text that it interprets. It observes and changes nothing outside the guest, so it
//! does not pass the gate.

use crate::bindings::source;
use crate::state::HostState;
use flowguard_core::failure::cut;
use flowguard_core::limits::MAX_ATTRIBUTE_BYTES;
use flowguard_core::timeline::Place;

impl source::Host for HostState {
    async fn at(&mut self, file: String, line: u32, column: u32) -> wasmtime::Result<()> {
        if let Some(ledger) = self.ledger() {
            ledger.here.said(Place {
                function: String::new(),
                file: cut(file, MAX_ATTRIBUTE_BYTES),
                line,
                column,
                text: String::new(),
            });
        }
        Ok(())
    }
}
