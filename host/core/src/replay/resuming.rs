//! A recording that a changed flow is answered from until it makes another call; from there on its calls are done.

use tokio::time::Instant;

use super::{Asked, Found, Phase, Place, Replay, Stray};
use crate::cassette::{RecordedCall, Recording};
use crate::resume::{Refusal, Resumable};

/// Where a changed flow went on by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WentLive {
    /// The number of its first call that was done.
    pub n: u32,
    /// That call.
    pub title: String,
    /// When it was made.
    pub at: Instant,
}

/// From which call on a flow may go on, and whether it did.
#[derive(Debug)]
pub(super) struct Resuming {
    touched: u32,
    failed: u32,
    /// The first call whose answer held a secret that the recording does not have.
    withheld: Option<(u32, String)>,
    pub(super) outcome: Outcome,
}

#[derive(Debug, Default)]
pub(super) enum Outcome {
    /// It has made the recorded calls so far.
    #[default]
    Answered,
    Live(WentLive),
    Refused(Refusal),
}

impl Replay {
    /// A recording that a changed flow goes on from.
    #[must_use]
    pub fn resuming(recording: Recording, from: &Resumable) -> Self {
        let replay = Self::new(recording, false);
        replay.lock().resuming = Some(Resuming {
            touched: from.touched,
            failed: from.failed.unwrap_or(u32::MAX),
            withheld: None,
            outcome: Outcome::Answered,
        });
        // Where the recording was cut off is no end here.
        replay.phase.send_replace(Phase::Going);
        replay
    }

    /// Where the flow went on by itself; `None` where all its calls were recorded ones.
    #[must_use]
    pub fn went_live(&self) -> Option<WentLive> {
        match &self.lock().resuming {
            Some(Resuming {
                outcome: Outcome::Live(live),
                ..
            }) => Some(live.clone()),
            _ => None,
        }
    }

    /// Why the flow could not go on.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        match &self.lock().resuming {
            Some(Resuming {
                outcome: Outcome::Refused(refusal),
                ..
            }) => Some(refusal.clone()),
            _ => None,
        }
    }

    pub(super) fn is_resuming(&self) -> bool {
        self.lock().resuming.is_some()
    }

    /// What was recorded of a call, as long as the flow makes the recorded calls.
    pub(super) fn find_resuming(&self, asked: &Asked<'_>) -> Found<'_> {
        if self.went_live().is_some() {
            return Found::Nothing;
        }
        let made = self.lock().made;
        match self.find_changed(asked, made) {
            Ok(Place::At(index)) => {
                let call = self.recording.calls.get(index);
                match call.filter(|call| !self.is_made_again(call.n)) {
                    Some(call) => {
                        self.lock().made = index + 1;
                        match asked.local {
                            true => Found::Nothing,
                            false => Found::Recorded(call),
                        }
                    }
                    None => self.go_on(asked, None),
                }
            }
            Ok(Place::Nowhere | Place::Unanswered) => Found::Nothing,
            Err(stray) => self.go_on(asked, stray),
        }
    }

    /// The answer to this call is given with stand-ins.
    pub(super) fn note_withheld(&self, call: &RecordedCall) {
        if let Some(resuming) = &mut self.lock().resuming {
            resuming
                .withheld
                .get_or_insert_with(|| (call.n, call.title.clone()));
        }
    }

    fn is_made_again(&self, n: u32) -> bool {
        let state = self.lock();
        state
            .resuming
            .as_ref()
            .is_some_and(|resuming| n >= resuming.failed)
    }

    /// The flow goes on by itself, unless a page was touched after the calls that it has made.
    fn go_on(&self, asked: &Asked<'_>, stray: Stray) -> Found<'_> {
        let mut state = self.lock();
        let made = self.recording.calls.get(..state.made).unwrap_or_default();
        let last = made.last().map_or(0, |call| call.n);
        let Some(resuming) = &mut state.resuming else {
            return Found::Nothing;
        };
        if let Some((n, title)) = resuming.withheld.clone() {
            resuming.outcome = Outcome::Refused(Refusal::SecretWithheld { n, title });
            self.phase.send_replace(Phase::Over);
            return Found::Over;
        }
        if last >= resuming.touched {
            resuming.outcome = Outcome::Live(WentLive {
                n: asked.n,
                title: asked.title.to_owned(),
                at: Instant::now(),
            });
            return Found::Nothing;
        }
        let n = resuming.touched;
        let touched = self.recording.calls.iter().find(|call| call.n == n);
        resuming.outcome = Outcome::Refused(Refusal::TouchedSince {
            n,
            title: touched.map(|call| call.title.clone()).unwrap_or_default(),
            at: stray.map_or_else(|| format!("call {}", asked.n), |at| at.to_string()),
        });
        self.phase.send_replace(Phase::Over);
        Found::Over
    }
}
