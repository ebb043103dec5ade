//! The clock that a context's pages see. The host knows at each moment what it says, so that a document that
//! comes later begins with the same time; the work itself is done by a script in the pages.

use serde::{Deserialize, Serialize};
use std::fmt;

use super::options::wrong;
use crate::browser::calls::OrderClock;
use crate::browser::port::TabError;
use crate::browser::session::{Browser, tab_failure};
use crate::failure::{Code, Failure};

/// The last moment that JavaScript's `Date` can hold, in milliseconds since 1970.
const LAST_MS: f64 = 8.64e15;

/// What a clock is told. Times are milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum ClockOrder {
    /// Be there, from this time on.
    Install {
        /// The time; none for the real one.
        time: Option<f64>,
    },
    /// Go ahead; timers that fall due run once.
    FastForward {
        /// By how many milliseconds.
        ms: f64,
    },
    /// Go ahead and run every timer on the way.
    RunFor {
        /// By how many milliseconds.
        ms: f64,
    },
    /// Go ahead to this time and stand still.
    PauseAt {
        /// The time.
        time: f64,
    },
    /// Go on.
    Resume,
    /// Let `Date` say this and nothing else.
    SetFixedTime {
        /// The time.
        time: f64,
    },
    /// Let `Date` go on from this time.
    SetSystemTime {
        /// The time.
        time: f64,
    },
}

impl fmt::Display for ClockOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Install { time: None } => f.write_str("install a clock"),
            Self::Install { time: Some(time) } => write!(f, "install a clock at {time} ms"),
            Self::FastForward { ms } => write!(f, "fast-forward the clock by {ms} ms"),
            Self::RunFor { ms } => write!(f, "run the clock for {ms} ms"),
            Self::PauseAt { time } => write!(f, "pause the clock at {time} ms"),
            Self::Resume => f.write_str("resume the clock"),
            Self::SetFixedTime { time } => write!(f, "fix the time at {time} ms"),
            Self::SetSystemTime { time } => write!(f, "set the time to {time} ms"),
        }
    }
}

/// What a clock says: at the real moment `since`, the time was `time`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClockState {
    /// The clock's time.
    pub time: f64,
    /// The real time at which it said that.
    pub since: f64,
    /// Whether it goes on.
    pub running: bool,
    /// What `Date` says instead.
    pub fixed: Option<f64>,
}

impl ClockState {
    /// A clock that says this and goes on.
    const fn beginning(time: f64, real: f64) -> Self {
        Self {
            time,
            since: real,
            running: true,
            fixed: None,
        }
    }

    /// What it says at this real moment.
    fn at(&self, real: f64) -> f64 {
        match self.running {
            true => self.time + (real - self.since).max(0.0),
            false => self.time,
        }
    }

    /// The clock after an order, at this real moment; where there was none, it is installed first.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where the order is no time or leads back.
    pub(in crate::browser) fn after(
        before: Option<Self>,
        order: ClockOrder,
        real: f64,
    ) -> Result<Self, Failure> {
        let now = before.unwrap_or(Self::beginning(real, real));
        let time = now.at(real);
        let set = |time, running| Self {
            time,
            since: real,
            running,
            ..now
        };
        match order {
            ClockOrder::Install { time } => Ok(Self::beginning(moment(time.unwrap_or(real))?, real)),
            ClockOrder::FastForward { ms } | ClockOrder::RunFor { ms } => {
                Ok(set(moment(time + span(ms)?)?, now.running))
            }
            ClockOrder::PauseAt { time: then } if moment(then)? < time => wrong(format!(
                "the clock cannot go back to {then:.0} ms: it is at {time:.0} ms"
            )),
            ClockOrder::PauseAt { time: then } => Ok(set(then, false)),
            ClockOrder::Resume => Ok(set(time, true)),
            ClockOrder::SetFixedTime { time: fixed } => Ok(Self {
                fixed: Some(moment(fixed)?),
                ..set(time, now.running)
            }),
            ClockOrder::SetSystemTime { time } => Ok(Self {
                fixed: None,
                ..set(moment(time)?, now.running)
            }),
        }
    }
}

fn moment(time: f64) -> Result<f64, Failure> {
    match time.abs() <= LAST_MS {
        true => Ok(time),
        false => wrong(format!(
            "a time is in milliseconds since 1970, at most {LAST_MS}: {time}"
        )),
    }
}

fn span(ms: f64) -> Result<f64, Failure> {
    match (0.0..=LAST_MS).contains(&ms) {
        true => Ok(ms),
        false => wrong(format!("a clock goes ahead by 0 to {LAST_MS} ms: {ms}")),
    }
}

impl Browser {
    /// Gives an order to the clock of a context, and waits until all its pages have carried it out.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where it is no time or leads back, [`Code::Timeout`] where a page is busy.
    pub async fn order_clock(&self, call: &OrderClock) -> Result<(), Failure> {
        let context = self.context(call.context)?;
        let clock = {
            let mut present = context.clock();
            let next = ClockState::after(*present, call.order, real_time())?;
            *present = Some(next);
            next
        };
        let wait = self.ledger.progress.allowance(self.options.action_timeout);
        match tokio::time::timeout(wait, context.port.emulation().set_clock(clock, call.order)).await {
            // Timers that set timers without end.
            Ok(Err(TabError::Refused { message, .. })) => Err(Failure::new(Code::Timeout, message)),
            Ok(done) => done.map_err(tab_failure),
            Err(_) => Err(Failure::new(
                Code::Timeout,
                format!(
                    "a page did not carry it out within {} ms: {}",
                    wait.as_millis(),
                    call.order
                ),
            )),
        }
    }
}

/// Milliseconds since 1970, as the browser sees them.
fn real_time() -> f64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap_or_default().as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(orders: &[(f64, ClockOrder)]) -> ClockState {
        let step = |clock, (real, order): &(f64, ClockOrder)| {
            Some(ClockState::after(clock, *order, *real).expect("it is carried out"))
        };
        orders.iter().fold(None, step).expect("a clock")
    }

    #[test]
    fn a_clock_goes_on_stands_still_and_goes_on_again() {
        let clock = after(&[
            (1_000.0, ClockOrder::Install { time: Some(50.0) }),
            (1_010.0, ClockOrder::PauseAt { time: 100.0 }),
        ]);
        assert_eq!(clock.at(9_000.0), 100.0);
        let later = ClockState::after(Some(clock), ClockOrder::Resume, 9_000.0).expect("it goes on");
        assert_eq!(later.at(9_005.0), 105.0);
        let ahead = ClockState::after(Some(later), ClockOrder::RunFor { ms: 1_000.0 }, 9_005.0);
        assert_eq!(ahead.expect("it goes ahead").at(9_005.0), 1_105.0);
    }

    #[test]
    fn a_fixed_time_is_for_dates_only_and_ends_with_a_set_time() {
        let fixed = after(&[(0.0, ClockOrder::SetFixedTime { time: 7.0 })]);
        assert_eq!((fixed.fixed, fixed.at(5.0)), (Some(7.0), 5.0));
        let set = ClockState::after(Some(fixed), ClockOrder::SetSystemTime { time: 20.0 }, 5.0);
        let set = set.expect("it is set");
        assert_eq!((set.fixed, set.at(6.0)), (None, 21.0));
    }

    #[test]
    fn no_clock_goes_back_or_beyond_what_a_date_holds() {
        let clock = after(&[(0.0, ClockOrder::Install { time: Some(100.0) })]);
        let refused = [
            ClockOrder::PauseAt { time: 99.0 },
            ClockOrder::RunFor { ms: -1.0 },
            ClockOrder::FastForward { ms: f64::NAN },
            ClockOrder::Install {
                time: Some(f64::INFINITY),
            },
            ClockOrder::SetFixedTime { time: 9e15 },
        ];
        for order in refused {
            let failure = ClockState::after(Some(clock), order, 0.0).expect_err("refused");
            assert_eq!(failure.code, Code::InvalidArgument, "{order}");
        }
    }
}
