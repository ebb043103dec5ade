//! The retries capability: a part of a flow that is tried until it holds. The flow runs it; here is what lies
//! between its attempts: whether one more is worth while, the pause before it, and what is forgiven.
//!
//! What a later attempt makes good does not fail the run: failures inside a retried attempt stay in the
//! timeline, and its soft assertions are taken back. A fault of the platform is never forgiven.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

use crate::budget::Charge;
use crate::failure::{Blame, Code, Failure};
use crate::gate::{Call, Soft};
use crate::ledger::Ledger;
use crate::limits::{MAX_CALL_TIMEOUT_MS, MAX_OPEN_SPANS, MAX_RETRY_INTERVALS};
use crate::timeline::{StepId, StepOutcome};

/// The pauses between attempts where the flow names none; the last one repeats.
const INTERVALS: [Duration; 4] = [
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_millis(1_000),
];

/// Begins a retry and its first attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StartRetry {
    /// What is tried, for a person.
    pub title: String,
    /// No attempt begins later than this. `None`: the rest of the run's time.
    pub timeout_ms: Option<u32>,
    /// The pauses between attempts; none for the usual ones.
    pub intervals_ms: Vec<u32>,
    /// Record the last failure and go on, where it is an assertion's.
    pub soft: bool,
}

impl Call for StartRetry {
    const OP: &'static str = "retry";
    type Answer = StepId;

    fn title(&self) -> String {
        format!("retry {}", self.title)
    }

    fn charge(&self) -> Charge {
        Charge::Span
    }
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "is", content = "failure")]
pub enum Ending {
    /// Without a failure.
    Passed,
    /// With one that another attempt may make good.
    Failed(Failure),
    /// With one that no attempt makes good.
    Hopeless(Failure),
}

/// Ends an attempt, and begins the next one where there is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EndAttempt {
    /// The retry.
    pub retry: StepId,
    /// How it ended.
    pub ending: Ending,
}

impl Call for EndAttempt {
    const OP: &'static str = "retry.end-attempt";
    const SHOWN: bool = false;
    const PASSES_ON: bool = true;
    type Answer = Soft<Next>;

    fn title(&self) -> String {
        "end the attempt".to_owned()
    }

    fn soft_failure(answer: &Self::Answer) -> Option<&Failure> {
        answer.failure.as_ref()
    }
}

/// What the flow does next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Next {
    /// It goes on: the retry is over.
    #[default]
    GoOn,
    /// It tries once more.
    TryAgain,
}

/// The retries of one attempt at a run.
pub struct Retries {
    ledger: Arc<Ledger>,
    open: Mutex<HashMap<StepId, Retry>>,
}

/// A retry that is going on.
struct Retry {
    /// Its own step in the timeline: in a replay the flow may know it under another number.
    own: StepId,
    began: Instant,
    deadline: Instant,
    intervals: Vec<Duration>,
    soft: bool,
    attempt: u32,
    /// The attempt's step in the timeline; none where that is full.
    step: Option<StepId>,
    /// How many soft failures there were before this attempt.
    soft_before: usize,
}

impl Retries {
    /// The retries of one attempt at a run.
    #[must_use]
    pub fn new(ledger: Arc<Ledger>) -> Self {
        Self {
            ledger,
            open: Mutex::default(),
        }
    }

    /// Begins a retry: the gate's own step of this call stays open.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where an argument is out of range, [`Code::OverBudget`] where too many are open.
    pub fn start(&self, call: &StartRetry, step: Option<StepId>) -> Result<StepId, Failure> {
        check(call)?;
        let ledger = &self.ledger;
        if ledger.timeline.open_count() + 2 > MAX_OPEN_SPANS {
            let message = format!("{MAX_OPEN_SPANS} steps are open already: end one");
            return Err(Failure::new(Code::OverBudget, message));
        }
        let id = step.ok_or_else(|| Failure::new(Code::OverBudget, "the timeline is full"))?;
        self.begin(call, id, id);
        Ok(id)
    }

    /// What [`Retries::start`] does to the timeline, where a replay has answered the call.
    pub fn start_again(&self, call: &StartRetry, step: Option<StepId>, answer: &Result<StepId, Failure>) {
        if let (Some(own), Ok(id)) = (step, answer) {
            self.begin(call, own, *id);
        }
    }

    fn begin(&self, call: &StartRetry, own: StepId, id: StepId) {
        let ledger = &self.ledger;
        ledger.timeline.open(own);
        let time = call
            .timeout_ms
            .map_or(Duration::MAX, |ms| Duration::from_millis(ms.into()));
        let now = Instant::now();
        let mut retry = Retry {
            own,
            began: now,
            deadline: now + ledger.progress.allowance(time),
            intervals: intervals(&call.intervals_ms),
            soft: call.soft,
            attempt: 0,
            step: None,
            soft_before: 0,
        };
        retry.begin_attempt(ledger);
        self.lock().insert(id, retry);
    }

    /// Ends an attempt; waits, and begins the next one, where that is worth while.
    ///
    /// # Errors
    /// The last failure, unless the retry is soft. [`Code::InvalidArgument`] where the retry is over already.
    pub async fn end_attempt(&self, call: &EndAttempt) -> Result<Soft<Next>, Failure> {
        let mut retry = self.take(call)?;
        let ledger = &*self.ledger;
        let Some(failure) = self.failure_of(&retry, call) else {
            return Ok(self.close(&retry, &StepOutcome::Passed));
        };
        let may_pass = !matches!(call.ending, Ending::Hopeless(_));
        let pause = retry.pause();
        if may_pass
            && is_worth_retrying(&failure)
            && !ledger.has_platform_fault()
            && retry.has_time_for(pause)
        {
            ledger.forgive_soft_failures(retry.soft_before);
            retry.end_attempt(ledger, &StepOutcome::Retried(failure));
            tokio::time::sleep(pause).await;
            retry.begin_attempt(ledger);
            self.lock().insert(call.retry, retry);
            return Ok(Soft {
                value: Next::TryAgain,
                failure: None,
            });
        }
        if call.ending == Ending::Passed {
            // Its soft assertions are on record; the flow goes on as they want.
            return Ok(self.close(&retry, &StepOutcome::FailedSoftly(failure)));
        }
        let failure = retry.explained(failure);
        self.close(&retry, &StepOutcome::Failed(failure.clone()));
        Soft::of(Err(failure), retry.soft)
    }

    /// What [`Retries::end_attempt`] does to the timeline and to what is forgiven, where a replay has answered
    /// the call: the recorded answer decides, and nobody waits.
    pub fn end_attempt_again(&self, call: &EndAttempt, answer: &Result<Soft<Next>, Failure>) {
        let Ok(mut retry) = self.take(call) else { return };
        let ledger = &*self.ledger;
        let outcome = match (answer, self.failure_of(&retry, call)) {
            (
                Ok(Soft {
                    value: Next::TryAgain,
                    ..
                }),
                Some(failure),
            ) => {
                ledger.forgive_soft_failures(retry.soft_before);
                retry.end_attempt(ledger, &StepOutcome::Retried(failure));
                retry.begin_attempt(ledger);
                self.lock().insert(call.retry, retry);
                return;
            }
            (
                Err(failure)
                | Ok(Soft {
                    failure: Some(failure),
                    ..
                }),
                _,
            ) => StepOutcome::Failed(failure.clone()),
            (Ok(_), Some(failure)) => StepOutcome::FailedSoftly(failure),
            (Ok(_), None) => StepOutcome::Passed,
        };
        self.close(&retry, &outcome);
    }

    fn take(&self, call: &EndAttempt) -> Result<Retry, Failure> {
        let over = || Failure::new(Code::InvalidArgument, "this retry is over: begin another one");
        self.lock().remove(&call.retry).ok_or_else(over)
    }

    /// Why the attempt did not hold; none where it did.
    fn failure_of(&self, retry: &Retry, call: &EndAttempt) -> Option<Failure> {
        match &call.ending {
            Ending::Passed => self.ledger.soft_failure_since(retry.soft_before),
            Ending::Failed(failure) | Ending::Hopeless(failure) => {
                Some(self.ledger.as_recorded(failure.clone()))
            }
        }
    }

    /// Ends a retry that the flow has let go of; its last attempt counts as it is.
    pub fn abandon(&self, id: StepId) {
        if let Some(retry) = self.lock().remove(&id) {
            self.close(&retry, &StepOutcome::Passed);
        }
    }

    fn close(&self, retry: &Retry, outcome: &StepOutcome) -> Soft<Next> {
        retry.end_attempt(&self.ledger, outcome);
        self.ledger.timeline.close(retry.own, self.ledger.now(), outcome);
        Soft {
            value: Next::GoOn,
            failure: None,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<StepId, Retry>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Retry {
    fn begin_attempt(&mut self, ledger: &Ledger) {
        self.attempt += 1;
        self.soft_before = ledger.soft_failures();
        let title = format!("attempt {}", self.attempt);
        let timeline = &ledger.timeline;
        // Inside the step that is open, which is the retry's own or one that the flow has left open in it.
        self.step = timeline.begin(Cow::Borrowed("flow"), "retry.attempt", title, ledger.now(), None);
        if let Some(step) = self.step {
            timeline.open(step);
        }
    }

    fn end_attempt(&self, ledger: &Ledger, outcome: &StepOutcome) {
        if let Some(step) = self.step {
            ledger.timeline.close(step, ledger.now(), outcome);
        }
    }

    /// The pause after this attempt.
    fn pause(&self) -> Duration {
        let place = (self.attempt as usize).min(self.intervals.len());
        self.intervals
            .get(place.saturating_sub(1))
            .copied()
            .unwrap_or_default()
    }

    fn has_time_for(&self, pause: Duration) -> bool {
        Instant::now() + pause < self.deadline
    }

    fn explained(&self, failure: Failure) -> Failure {
        let message = match self.attempt {
            1 => failure.message,
            attempts => format!(
                "{} ({attempts} attempts in {} ms)",
                failure.message,
                self.began.elapsed().as_millis()
            ),
        };
        Failure { message, ..failure }
    }
}

/// What a person must mend is not retried: a denial, an empty budget, a malformed argument.
fn is_worth_retrying(failure: &Failure) -> bool {
    match failure.code.blame() {
        Blame::Product => true,
        Blame::Flow => !matches!(failure.code, Code::InvalidArgument | Code::Cancelled),
        Blame::Policy | Blame::Platform => false,
    }
}

fn intervals(wanted_ms: &[u32]) -> Vec<Duration> {
    match wanted_ms {
        [] => INTERVALS.to_vec(),
        wanted => wanted
            .iter()
            .map(|ms| Duration::from_millis((*ms).into()))
            .collect(),
    }
}

fn check(call: &StartRetry) -> Result<(), Failure> {
    let refused = |message: String| Err(Failure::new(Code::InvalidArgument, message));
    if !(1..=200).contains(&call.title.len()) {
        return refused(format!(
            "a retry's title has 1 to 200 bytes: {}",
            call.title.len()
        ));
    }
    if call.intervals_ms.len() > MAX_RETRY_INTERVALS {
        return refused(format!(
            "a retry names at most {MAX_RETRY_INTERVALS} intervals: {}",
            call.intervals_ms.len()
        ));
    }
    let times = call.intervals_ms.iter().chain(&call.timeout_ms);
    match times.max() {
        Some(longest) if *longest > MAX_CALL_TIMEOUT_MS => {
            refused(format!("a time is at most {MAX_CALL_TIMEOUT_MS} ms: {longest}"))
        }
        _ => Ok(()),
    }
}
