//! `flowguard browserbase-emulator`, started as a user starts it.

use std::ffi::OsStr;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::program::{Flowguard, Running};

const LONGEST: Duration = Duration::from_secs(30);

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
        let stdout = running.take_stdout().expect("its output is piped");
        let mut lines = BufReader::new(stdout).lines();
        let line = tokio::time::timeout(LONGEST, lines.next_line()).await;
        let line = line
            .expect("it starts")
            .expect("its output can be read")
            .expect("it says where it is");
        let address = line.rsplit(' ').next().expect("an address").to_owned();
        Emulating { running, address }
    }
}

impl Emulating {
    /// Where its API is.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The program and its browsers.
    #[must_use]
    pub fn processes(&self) -> crate::Processes {
        self.running.processes()
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
