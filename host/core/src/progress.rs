//! How long something may go on: one object carries a run's deadline and its cancellation to everything
//! that waits.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::failure::{Code, Failure};
use crate::limits::DEADLINE_MARGIN;

/// A run's deadline and its cancellation.
#[derive(Clone, Debug)]
pub struct Progress {
    deadline: Instant,
    cancelled: watch::Receiver<bool>,
    // Keeps the channel open where nobody else holds the sender.
    _keep: Arc<watch::Sender<bool>>,
}

/// Cancels what was given the [`Progress`].
#[derive(Clone, Debug)]
pub struct Cancel(Arc<watch::Sender<bool>>);

impl Cancel {
    /// A cancellation that nothing has asked for yet.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(watch::channel(false).0))
    }

    /// Asks everything that waits to end.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }

    /// Ends when it is asked for.
    pub async fn asked(&self) {
        let mut cancelled = self.0.subscribe();
        let _ = cancelled.wait_for(|cancelled| *cancelled).await;
    }

    /// Whether it was asked for.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        *self.0.borrow()
    }
}

impl Default for Cancel {
    fn default() -> Self {
        Self::new()
    }
}

impl Progress {
    /// Progress that ends after `timeout`, or when `cancel` says so.
    #[must_use]
    pub fn new(timeout: Duration, cancel: &Cancel) -> Self {
        Self {
            deadline: Instant::now() + timeout,
            cancelled: cancel.0.subscribe(),
            _keep: cancel.0.clone(),
        }
    }

    /// The same, ending after `timeout` at the latest.
    #[must_use]
    pub fn within(&self, timeout: Duration) -> Self {
        Self {
            deadline: self.deadline.min(Instant::now() + timeout),
            ..self.clone()
        }
    }

    /// What is left of the time.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// The time that a call may wait which asked for `wanted`: kept a little below the run's own end, so
    /// that it can still answer with what it saw.
    #[must_use]
    pub fn allowance(&self, wanted: Duration) -> Duration {
        wanted.min(self.remaining().saturating_sub(DEADLINE_MARGIN))
    }

    /// Runs `work` until it ends, the deadline passes or the run is cancelled.
    ///
    /// # Errors
    /// [`Code::Cancelled`] where the deadline or the cancellation came first; `work` is dropped then.
    pub async fn race<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let mut cancelled = self.cancelled.clone();
        tokio::select! {
            biased;
            done = work => done,
            () = tokio::time::sleep_until(self.deadline) => {
                Err(Failure::new(Code::Cancelled, "the run's time was over while the call waited"))
            }
            _ = cancelled.wait_for(|cancelled| *cancelled) => {
                Err(Failure::new(Code::Cancelled, "the run was cancelled while the call waited"))
            }
        }
    }

    /// Ends when the deadline passes or the run is cancelled; tells which.
    pub async fn ended(&self) -> Ended {
        let mut cancelled = self.cancelled.clone();
        tokio::select! {
            () = tokio::time::sleep_until(self.deadline) => Ended::Deadline,
            _ = cancelled.wait_for(|cancelled| *cancelled) => Ended::Cancelled,
        }
    }
}

/// Why a [`Progress`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The time was over.
    Deadline,
    /// Somebody asked for it.
    Cancelled,
}
