//! The gate: the one function that every host call of every capability passes.
//!
//! A component can act only through its imports, so the duties that concern every call live here, once, in
//! this order: policy, budget, span, the work (or the cassette's answer), cassette and timeline. A capability
//! never does any of them itself.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};
use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tracing::Instrument;

use crate::budget::Charge;
use crate::cassette::Entry;
use crate::failure::{Code, Failure};
use crate::grant::{Ask, Grant};
use crate::ledger::Ledger;
use crate::replay::{Asked, Found};
use crate::timeline::{StepId, StepOutcome, micros};

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
    /// Texts in it that are secret: the cassette has stand-ins for them, here and in what follows.
    fn secrets(&self) -> Vec<&str> {
        Vec::new()
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
        let args = to_raw_value(call).map_err(|error| {
            Failure::new(
                Code::Internal,
                format!("the arguments of {} cannot be recorded: {error}", C::OP),
            )
        })?;
        let secrets = call.secrets();
        let args = ledger.stand_ins.hide(ledger.clean(args), &secrets, !C::LOCAL);
        let number = ledger.number();
        let title = ledger.known.owned(call.title());
        let began = ledger.now();
        let places = ledger.here.call(number);
        let step = match C::SHOWN {
            true => ledger
                .timeline
                .begin(self.source.clone(), C::OP, title.clone(), began, self.parent),
            false => None,
        };
        ledger.timeline.place(step, places);
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
        let title = ledger.stand_ins.hide_text(&title, &secrets);
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
        let (result, answer) = ledger.given_out(result);
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
            ok: answer.map(|answer| ledger.stand_ins.hide(answer, &[], !C::LOCAL)),
            err: result
                .as_ref()
                .err()
                .map(|failure| ledger.stand_ins.without_known(failure)),
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
        ledger.answered_at(now);
        result
    }
}

impl Ledger {
    /// Arguments or an answer as JSON, without what is known to be secret.
    fn clean(&self, json: Box<RawValue>) -> Box<RawValue> {
        if !self.known.is_in(json.get().as_bytes()) {
            return json;
        }
        let clean = serde_json::from_str(json.get()).and_then(|mut value| {
            self.known.value(&mut value);
            to_raw_value(&value)
        });
        // What is nested too deeply to be looked through is left out.
        clean.unwrap_or_else(|_| RawValue::NULL.to_owned())
    }

    /// What a component is given, without what is known to be secret: the host types a secret, and nobody reads it
    /// back. The answer as JSON besides, for the cassette.
    fn given_out<A: Serialize + DeserializeOwned>(
        &self,
        result: Result<A, Failure>,
    ) -> (Result<A, Failure>, Option<Box<RawValue>>) {
        let whole = match result {
            Ok(answer) => answer,
            Err(failure) => return (Err(failure.without(&self.known)), None),
        };
        let Ok(json) = to_raw_value(&whole) else {
            return (Ok(whole), None);
        };
        if !self.known.is_in(json.get().as_bytes()) {
            return (Ok(whole), Some(json));
        }
        let clean = self.clean(json);
        match serde_json::from_str(clean.get()) {
            Ok(answer) => (Ok(answer), Some(clean)),
            Err(_) => {
                let message = "the answer holds a secret of the host and cannot be given without it";
                (Err(Failure::new(Code::Denied, message)), None)
            }
        }
    }
}
