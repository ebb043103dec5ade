//! How long something may go on: one object carries a run's deadline and its cancellation to everything
//! that waits. Time in which a run can do nothing for itself is not its own: then its clock stands still.

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
    time: Arc<watch::Sender<Time>>,
    /// Ends this part of it before, whether the clock runs or not.
    at_the_latest: Option<Instant>,
    cancelled: watch::Receiver<bool>,
    // Keeps the channel open where nobody else holds the sender.
    _keep: Arc<watch::Sender<bool>>,
}

/// A run's time.
#[derive(Clone, Copy, Debug)]
enum Time {
    /// It runs, and ends then.
    Until(Instant),
    /// It stands still, with so much left.
    Still(Duration),
}

/// While this is there, the time of a [`Progress`] stands still.
#[derive(Debug)]
pub struct StandsStill(Arc<watch::Sender<Time>>);

impl Drop for StandsStill {
    fn drop(&mut self) {
        self.0.send_modify(|time| {
            if let Time::Still(left) = *time {
                *time = Time::Until(Instant::now() + left);
            }
        });
    }
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
            time: Arc::new(watch::Sender::new(Time::Until(Instant::now() + timeout))),
            at_the_latest: None,
            cancelled: cancel.0.subscribe(),
            _keep: cancel.0.clone(),
        }
    }

    /// The same, ending after `timeout` at the latest.
    #[must_use]
    pub fn within(&self, timeout: Duration) -> Self {
        let end = Instant::now() + timeout;
        Self {
            at_the_latest: Some(self.at_the_latest.map_or(end, |before| before.min(end))),
            ..self.clone()
        }
    }

    /// What is left of the time.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        let until = |end: Instant| end.saturating_duration_since(Instant::now());
        let left = match *self.time.borrow() {
            Time::Until(end) => until(end),
            Time::Still(left) => left,
        };
        self.at_the_latest.map_or(left, |end| left.min(until(end)))
    }

    /// From now on the run's time stands still, until what is returned is dropped. Where it does already, this changes
    /// nothing, and the first that is dropped lets it go on.
    #[must_use]
    pub fn stand_still(&self) -> StandsStill {
        self.time.send_modify(|time| {
            if let Time::Until(end) = *time {
                *time = Time::Still(end.saturating_duration_since(Instant::now()));
            }
        });
        StandsStill(self.time.clone())
    }

    /// Ends when the time is over.
    async fn over(&self) {
        let mut time = self.time.subscribe();
        loop {
            let end = match *time.borrow_and_update() {
                Time::Until(end) => Some(end),
                Time::Still(_) => None,
            };
            let end = end.into_iter().chain(self.at_the_latest).min();
            let ends = async {
                match end {
                    Some(end) => tokio::time::sleep_until(end).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                // The sender is here.
                _ = time.changed() => {}
                () = ends => return,
            }
        }
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
            () = self.over() => {
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
            () = self.over() => Ended::Deadline,
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

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn time_that_stands_still_is_not_the_runs() {
        let began = Instant::now();
        let progress = Progress::new(2 * SECOND, &Cancel::new());
        let seen = tokio::spawn({
            let progress = progress.clone();
            async move { (progress.ended().await, began.elapsed()) }
        });
        tokio::time::sleep(SECOND).await;
        let still = progress.stand_still();
        tokio::time::sleep(60 * SECOND).await;
        assert_eq!(progress.remaining(), SECOND);
        assert_eq!(
            progress.within(10 * SECOND).remaining(),
            SECOND,
            "a part has no more than the whole"
        );
        drop(still);
        let (ended, after) = seen.await.expect("it ends");
        assert_eq!(ended, Ended::Deadline);
        assert_eq!(after.as_secs(), 62);
        assert_eq!(progress.remaining(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_ends_in_its_own_time_and_a_cancellation_always() {
        let cancel = Cancel::new();
        let progress = Progress::new(10 * SECOND, &cancel);
        let _still = progress.stand_still();
        let began = Instant::now();
        assert_eq!(progress.within(SECOND).ended().await, Ended::Deadline);
        assert_eq!(began.elapsed().as_secs(), 1);
        cancel.cancel();
        assert_eq!(progress.ended().await, Ended::Cancelled);
    }
}
