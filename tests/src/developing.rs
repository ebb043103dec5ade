//! `flowguard dev`, started as a user starts it; what it says is read as it goes.

use serde_json::Value;
use std::ffi::OsStr;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::ChildStdout;

use crate::processes::Processes;
use crate::program::{Flowguard, Running};

/// A compiler on a busy machine has ended by then.
const LONGEST: Duration = Duration::from_secs(240);

/// A development session.
#[derive(Debug)]
pub struct Developing {
    running: Running,
    lines: Lines<BufReader<ChildStdout>>,
    /// What it has said besides its events.
    said: String,
}

impl Flowguard {
    /// Starts `flowguard dev` with these arguments.
    ///
    /// # Panics
    /// Where its output cannot be read.
    #[must_use]
    pub fn develop<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Developing {
        let mut running = self.spawn_dev(arguments);
        let stdout = running.take_stdout().expect("its output is piped");
        Developing {
            running,
            lines: BufReader::new(stdout).lines(),
            said: String::new(),
        }
    }
}

impl Developing {
    /// The next event of this kind; those before it are passed over.
    ///
    /// # Panics
    /// Where none comes.
    pub async fn next(&mut self, kind: &str) -> Value {
        self.until(kind).await.pop().expect("the last one is it")
    }

    /// All events until one of this kind, it included.
    ///
    /// # Panics
    /// Where none comes.
    pub async fn until(&mut self, kind: &str) -> Vec<Value> {
        let mut events = Vec::new();
        let waited = tokio::time::timeout(LONGEST, async {
            while let Some(line) = self.lines.next_line().await.expect("its output can be read") {
                let Ok(event) = serde_json::from_str::<Value>(&line) else {
                    self.said.push_str(&line);
                    self.said.push('\n');
                    continue;
                };
                let is_last = event["is"] == kind;
                events.push(event);
                if is_last {
                    return true;
                }
            }
            false
        });
        let came = waited.await.unwrap_or_default();
        assert!(came, "{kind} did not come: {events:?}\n{}", self.said);
        events
    }

    /// What it has said besides its events.
    #[must_use]
    pub fn said(&self) -> &str {
        &self.said
    }

    /// Its processes.
    #[must_use]
    pub fn processes(&self) -> Processes {
        self.running.processes()
    }

    /// Ends it as ctrl-c does; its exit code.
    pub async fn interrupted(self) -> Option<i32> {
        self.running.interrupt();
        self.running.ended().await.code
    }
}
