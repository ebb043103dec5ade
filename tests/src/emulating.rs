//! `flowguard browserbase-emulator`, started as a user starts it.

use std::ffi::OsStr;
use std::time::Duration;

use crate::program::{Flowguard, Running};

/// An emulated Browserbase.
#[derive(Debug)]
pub struct Emulating {
    running: Running,
    address: String,
}

impl Flowguard {
    /// Starts an emulated Browserbase with these arguments, on a free port.
    ///
    /// # Panics
    /// Where it does not say where it is.
    pub async fn emulate<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Emulating {
        let mut running = self.spawn_emulator(arguments);
        let (_, address) = running.announces().await;
        Emulating { running, address }
    }
}

impl Emulating {
    /// Where its API is.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Ends it as a supervisor does, and makes sure that nothing of it is left.
    ///
    /// # Panics
    /// Where something is.
    pub async fn ends(self) {
        let processes = self.running.processes();
        self.running.terminate();
        self.running.ended().await.exits(0);
        processes.all_end_within(Duration::from_secs(5)).await;
    }
}
