//! The gate: the one function that every host call of every capability passes.
//!
//! A component can act only through its imports, so the duties that concern every call live here, once, in
//! this order: policy, budget, span, the work (or the cassette's answer), cassette and timeline. A capability
//! never does any of them itself.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::future::Future;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tracing::Instrument;

use crate::artifact::{Artifacts, Attachment};
use crate::budget::{Budget, Charge};
use crate::cassette::{ClockKind, ClockReading, Entry, FaultLine, Tape};
use crate::clock::Clock;
use crate::failure::{Blame, Code, Failure};
use crate::grant::{Ask, Grant};
use crate::limits::{MAX_ATTACHMENT_BYTES, MAX_CASSETTE_BYTES};
use crate::progress::Progress;
use crate::replay::{Asked, Found, Replay};
use crate::resume::Touches;
use crate::timeline::{StepId, StepOutcome, Timeline, micros};

/// One host call: its arguments, and what the gate must know of it.
pub trait Call: Serialize + Sync {
    /// The operation, for example `locator.click`.
    const OP: &'static str;
    /// What a call that succeeds answers: plain data, so that a cassette can hold it.
    type Answer: Serialize + DeserializeOwned + Send;

    /// Whether the report shows it as a step; what only ends or adorns a step is not one.
    const SHOWN: bool = true;
    /// Whether it needs nothing outside the attempt: a replay makes it again, instead of taking its answer.
    const LOCAL: bool = false;
    /// Whether it may fail with what an earlier call failed with: that keeps the earlier call's number.
    const PASSES_ON: bool = false;

    /// Whether it may leave the browser otherwise than it was: pages, contexts, what is watched for.
    const TOUCHES: bool = true;

    /// The call for a person, for example `click button "Pay"`.
    fn title(&self) -> String;
    /// What it needs a grant for.
    fn ask(&self) -> Ask<'_> {
        Ask::Nothing
    }
    /// What it costs.
    fn charge(&self) -> Charge {
        Charge::Call
    }
    /// The failure that an answer carries with which the flow goes on.
    fn soft_failure(_answer: &Self::Answer) -> Option<&Failure> {
        None
    }
}

/// An answer with which the flow goes on although an assertion did not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Soft<T> {
    /// The answer.
    pub value: T,
    /// What did not hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

impl<T: Default> Soft<T> {
    /// Turns an assertion that did not hold into an answer where the flow asked for that. Other failures
    /// stay failures.
    ///
    /// # Errors
    /// The failure, where it is hard.
    pub fn of(result: Result<T, Failure>, soft: bool) -> Result<Self, Failure> {
        match result {
            Ok(value) => Ok(Self { value, failure: None }),
            Err(failure) if soft && failure.code == Code::AssertionFailed => Ok(Self {
                value: T::default(),
                failure: Some(failure),
            }),
            Err(failure) => Err(failure),
        }
    }
}

/// What an attempt's components share: budget, timeline, tape, and what the verdict will ask for.
pub struct Ledger {
    /// What may still be spent.
    pub budget: Budget,
    /// What happened.
    pub timeline: Timeline,
    /// Deadline and cancellation.
    pub progress: Progress,
    /// Where big bytes go.
    pub artifacts: Arc<dyn Artifacts>,
    /// Which calls touched the pages.
    pub touches: Touches,
    tape: Box<dyn Tape>,
    replay: Option<Arc<Replay>>,
    clock: Arc<dyn Clock>,
    started: Duration,
    calls: AtomicU32,
    /// When the last call was answered, in microseconds from the attempt's start.
    answered: AtomicU64,
    /// Bytes written to the tape.
    recorded: AtomicU64,
    faults: Mutex<Faults>,
}

/// The failures that a verdict is folded from.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// Soft assertions that did not hold, in order.
    pub soft: Vec<Failure>,
    /// Every failure that a guest was given, by its call.
    pub given: Vec<(u32, Code)>,
    /// The first failure that the platform is to blame for, even if the flow went on.
    pub platform: Option<Failure>,
    /// Why the cassette is incomplete.
    pub tape: Option<String>,
}

impl Ledger {
    /// An attempt's ledger, beginning now.
    #[must_use]
    pub fn new(
        budget: Budget,
        progress: Progress,
        artifacts: Arc<dyn Artifacts>,
        tape: Box<dyn Tape>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let started = clock.monotonic();
        Self {
            budget,
            timeline: Timeline::default(),
            progress,
            artifacts,
            touches: Touches::default(),
            tape,
            replay: None,
            clock,
            started,
            calls: AtomicU32::new(0),
            answered: AtomicU64::new(0),
            recorded: AtomicU64::new(0),
            faults: Mutex::default(),
        }
    }

    /// The same for an attempt that is answered from a recording.
    #[must_use]
    pub fn replaying(self, replay: Arc<Replay>) -> Self {
        let replay = Some(replay);
        Self { replay, ..self }
    }

    /// Time since the attempt's start.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.clock.monotonic().saturating_sub(self.started)
    }

    /// When the last host call was answered, from the attempt's start.
    #[must_use]
    pub fn answered(&self) -> Duration {
        Duration::from_micros(self.answered.load(Ordering::Relaxed))
    }

    /// The failures so far.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.lock_faults().clone()
    }

    /// Writes down that the platform failed outside any call.
    pub fn platform_fault(&self, failure: Failure) {
        self.lock_faults().platform.get_or_insert(failure);
    }

    /// The failure under the code that the host has on record for it: what a guest says of it counts for less. One
    /// of the guest's own is the flow's, but for an assertion.
    #[must_use]
    pub fn as_recorded(&self, failure: Failure) -> Failure {
        let given = failure
            .call
            .and_then(|call| self.lock_faults().given.iter().find(|(n, _)| *n == call).copied());
        let code = match (given, failure.code) {
            (Some((_, code)), _) => code,
            (None, own @ (Code::AssertionFailed | Code::InvalidArgument)) => own,
            (None, _) => Code::FlowError,
        };
        let call = given.map(|(number, _)| number);
        Failure {
            code,
            call,
            ..failure
        }
    }

    /// How many soft assertions did not hold so far.
    #[must_use]
    pub fn soft_failures(&self) -> usize {
        self.lock_faults().soft.len()
    }

    /// The first soft assertion that did not hold after so many others.
    #[must_use]
    pub fn soft_failure_since(&self, before: usize) -> Option<Failure> {
        self.lock_faults().soft.get(before).cloned()
    }

    /// Takes back the soft failures after so many others: what they were part of is tried again.
    pub fn forgive_soft_failures(&self, before: usize) {
        self.lock_faults().soft.truncate(before);
    }

    /// Whether the platform has failed.
    #[must_use]
    pub fn has_platform_fault(&self) -> bool {
        self.lock_faults().platform.is_some()
    }

    /// What a guest sees of a clock: the recorded reading in a replay, else `now`, which is recorded.
    pub fn observe_clock(&self, clock: ClockKind, now: Duration) -> Duration {
        if let Some(ns) = self.replay.as_ref().and_then(|replay| replay.reading(clock)) {
            return Duration::from_nanos(ns);
        }
        let ns = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        self.record(&ClockReading { clock, ns });
        now
    }

    /// Keeps bytes for the report.
    ///
    /// # Errors
    /// [`Code::OverBudget`] where they are too many, [`Code::Unavailable`] where they cannot be kept.
    pub async fn keep(
        &self,
        name: &str,
        media_type: &str,
        bytes: bytes::Bytes,
    ) -> Result<Attachment, Failure> {
        let length = bytes.len();
        if length > MAX_ATTACHMENT_BYTES {
            let message = format!("an attachment may have {MAX_ATTACHMENT_BYTES} bytes: {length}");
            return Err(Failure::new(Code::OverBudget, message));
        }
        self.budget.charge_artifact(length as u64)?;
        let digest = self.artifacts.put(bytes).await;
        let digest = digest.map_err(|error| Failure::new(Code::Unavailable, error.to_string()))?;
        Ok(Attachment {
            name: name.to_owned(),
            media_type: media_type.to_owned(),
            digest,
            bytes: u32::try_from(length).unwrap_or(u32::MAX),
        })
    }

    /// Fails the attempt for what happened besides the flow's own calls; the flow goes on.
    pub fn fail(&self, fault: Failure) {
        let line = FaultLine { fault };
        self.record(&line);
        self.lock_faults().soft.push(line.fault);
    }

    /// Writes a line to the cassette.
    pub fn record(&self, line: &impl Serialize) {
        if let Ok(line) = serde_json::to_vec(line) {
            self.append(line);
        }
    }

    fn append(&self, mut line: Vec<u8>) {
        line.push(b'\n');
        let length = line.len() as u64;
        let written = if self.recorded.fetch_add(length, Ordering::Relaxed) + length > MAX_CASSETTE_BYTES {
            Err(std::io::Error::other(format!(
                "it is full: it holds at most {MAX_CASSETTE_BYTES} bytes"
            )))
        } else {
            self.tape.append(&line)
        };
        if let Err(error) = written {
            self.lock_faults().tape.get_or_insert_with(|| {
                tracing::warn!(%error, "the cassette cannot be written; the run goes on without it");
                error.to_string()
            });
        }
    }

    fn note(&self, call: u32, failure: &Failure) {
        let mut faults = self.lock_faults();
        faults.given.push((call, failure.code));
        if failure.code.blame() == Blame::Platform {
            faults.platform.get_or_insert_with(|| failure.clone());
        }
    }

    fn lock_faults(&self) -> std::sync::MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The gate of one component's store.
#[derive(Clone)]
pub struct Gate {
    ledger: Arc<Ledger>,
    grant: Arc<Grant>,
    source: Cow<'static, str>,
    parent: Option<StepId>,
}

impl Gate {
    /// The gate of the flow's own store.
    #[must_use]
    pub fn new(ledger: Arc<Ledger>, grant: Grant) -> Self {
        Self {
            ledger,
            grant: Arc::new(grant),
            source: Cow::Borrowed("flow"),
            parent: None,
        }
    }

    /// The gate of a custom assertion, whose calls are shown inside the present step.
    #[must_use]
    pub fn for_assertion(&self, name: &str, grant: Grant, parent: Option<StepId>) -> Self {
        Self {
            ledger: self.ledger.clone(),
            grant: Arc::new(grant),
            source: Cow::Owned(name.to_owned()),
            parent,
        }
    }

    /// What the component may touch.
    #[must_use]
    pub fn grant(&self) -> &Grant {
        &self.grant
    }

    /// What the attempt's components share.
    #[must_use]
    pub fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    /// Makes one host call: policy, budget, span, work, cassette, timeline, in this order.
    ///
    /// # Errors
    /// The one typed failure: a denial, an empty budget, or what the work says. It carries the call's number.
    pub async fn call<C: Call>(
        &self,
        call: &C,
        work: impl Future<Output = Result<C::Answer, Failure>>,
    ) -> Result<C::Answer, Failure> {
        self.call_in_step(call, |_| work).await
    }

    /// [`Gate::call`] for work that must know the step which shows it.
    ///
    /// # Errors
    /// As [`Gate::call`].
    pub async fn call_in_step<C: Call, W>(
        &self,
        call: &C,
        work: impl FnOnce(Option<StepId>) -> W,
    ) -> Result<C::Answer, Failure>
    where
        W: Future<Output = Result<C::Answer, Failure>>,
    {
        self.call_and_redo(call, work, |_, _| ()).await
    }

    /// [`Gate::call_in_step`] for work that also changes the attempt's own record: in a replay, where the work
    /// is not done, `redo` does that alone.
    ///
    /// # Errors
    /// As [`Gate::call`].
    pub async fn call_and_redo<C: Call, W>(
        &self,
        call: &C,
        work: impl FnOnce(Option<StepId>) -> W,
        redo: impl FnOnce(Option<StepId>, &Result<C::Answer, Failure>),
    ) -> Result<C::Answer, Failure>
    where
        W: Future<Output = Result<C::Answer, Failure>>,
    {
        let ledger = &*self.ledger;
        let args = serde_json::value::to_raw_value(call).map_err(|error| {
            Failure::new(
                Code::Internal,
                format!("the arguments of {} cannot be recorded: {error}", C::OP),
            )
        })?;
        let number = ledger.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let title = call.title();
        let began = ledger.now();
        let step = match C::SHOWN {
            true => ledger
                .timeline
                .begin(self.source.clone(), C::OP, title.clone(), began, self.parent),
            false => None,
        };
        let permitted = self
            .grant
            .check(call.ask())
            .and_then(|()| ledger.budget.charge(call.charge()));
        let work = async || {
            let span = tracing::info_span!(
                target: "flowguard::call", "flowguard.call", op = C::OP, call = number, source = %self.source
            );
            if C::TOUCHES && !C::LOCAL {
                ledger.touches.before(number).await;
            }
            ledger.progress.race(work(step)).instrument(span).await
        };
        let asked = Asked {
            n: number,
            source: &self.source,
            op: C::OP,
            title: &title,
            args: &args,
            local: C::LOCAL,
        };
        let found = ledger.replay.as_ref().map(|replay| (replay, replay.find(&asked)));
        let result = match (permitted, found) {
            // Whoever runs the component drops it here.
            (_, Some((_, Found::Over | Found::Unanswered))) => std::future::pending().await,
            (Err(refused), None | Some((_, Found::Nothing))) => Err(refused),
            (Ok(()), None | Some((_, Found::Nothing))) => work().await,
            (permitted, Some((replay, Found::Recorded(recorded)))) => {
                ledger.lock_faults().soft.extend_from_slice(&recorded.faults);
                let redo = |result: &_| redo(step, result);
                replay.play(recorded, &asked, permitted, work, redo).await
            }
        };
        self.settle::<C>(number, step, began, &title, &args, result)
    }

    /// Writes cassette and timeline, and hands out the result.
    fn settle<C: Call>(
        &self,
        number: u32,
        step: Option<StepId>,
        began: Duration,
        title: &str,
        args: &RawValue,
        result: Result<C::Answer, Failure>,
    ) -> Result<C::Answer, Failure> {
        let ledger = &*self.ledger;
        let now = ledger.now();
        let numbered = |failure: Failure| Failure {
            call: failure.call.filter(|_| C::PASSES_ON).or(Some(number)),
            ..failure
        };
        let result = result.map_err(numbered);
        let entry = Entry {
            n: number,
            source: &self.source,
            op: C::OP,
            title,
            args,
            local: C::LOCAL,
            step,
            at_us: micros(began),
            took_us: micros(now.saturating_sub(began)),
            ok: result.as_ref().ok(),
            err: result.as_ref().err(),
        };
        ledger.record(&entry);
        let outcome = match &result {
            Ok(answer) => match C::soft_failure(answer) {
                None => StepOutcome::Passed,
                Some(failure) => {
                    let failure = numbered(failure.clone());
                    ledger.lock_faults().soft.push(failure.clone());
                    StepOutcome::FailedSoftly(failure)
                }
            },
            Err(failure) => {
                ledger.note(number, failure);
                StepOutcome::Failed(failure.clone())
            }
        };
        let passed = outcome == StepOutcome::Passed;
        ledger.touches.after(number, C::TOUCHES && !C::LOCAL, passed);
        ledger.timeline.end(step, now, outcome);
        ledger.answered.store(micros(now), Ordering::Relaxed);
        result
    }
}
