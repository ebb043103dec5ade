//! A recording, played back: which recorded answer a call gets, and where a flow leaves its recording.
//!
//! What reaches outside the attempt is answered from the recording and never done. What needs nothing outside
//! (`Call::LOCAL`: steps, log lines, comparisons, custom assertions) is done again. A flow that leaves its
//! recording gets no answer any more: whoever runs it waits for [`Replay::stopped`] and drops it.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

use crate::cassette::{ClockKind, RecordedCall, Recording};
use crate::failure::{Blame, Code, Failure, cut};
use crate::limits::REPLAY_TAIL;
use crate::stand_ins::StandIns;
use crate::verdict::Verdict;

mod divergence;
mod resuming;

pub use divergence::Divergence;
use resuming::Resuming;
pub use resuming::WentLive;

/// Bytes of arguments and answers in a message.
const SHOWN_BYTES: usize = 300;

/// A recording that is played back once.
#[derive(Debug)]
pub struct Replay {
    recording: Recording,
    /// The component is the recorded one; another one may do otherwise what needs nothing outside.
    exact: bool,
    stand_ins: Arc<StandIns>,
    state: Mutex<State>,
    phase: watch::Sender<Phase>,
}

#[derive(Debug, Default)]
struct State {
    /// How many of the recorded calls were made.
    made: usize,
    wall: usize,
    monotonic: usize,
    divergence: Option<Divergence>,
    /// The flow goes on by itself where it leaves the recording.
    resuming: Option<Resuming>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// There is more on the recording, or the flow is to end by itself.
    Going,
    /// The recording was cut off here: the flow may compute a little longer.
    Tail,
    /// No call is answered any more.
    Over,
}

/// A call that is made in a replay.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Its number.
    pub n: u32,
    /// Who calls.
    pub source: &'a str,
    /// The operation.
    pub op: &'static str,
    /// The call for a person.
    pub title: &'a str,
    /// Its arguments.
    pub args: &'a RawValue,
    /// Whether it is done again.
    pub local: bool,
}

/// What a replay has for a call.
#[derive(Clone, Copy, Debug)]
pub enum Found<'a> {
    /// What was recorded of it.
    Recorded(&'a RecordedCall),
    /// Nothing, and nothing is needed: it is local.
    Nothing,
    /// It was never answered: the custom assertion that makes it was cut off while it waited.
    Unanswered,
    /// The replay is over; no answer is given.
    Over,
}

/// Where the answer to a call is.
enum Place {
    /// It is that of the recorded call with this index.
    At(usize),
    Nowhere,
    Unanswered,
}

/// A call that has no place; with the divergence where it is one.
type Stray = Option<Divergence>;

impl Replay {
    /// A replay; `exact` where the component is the recorded one.
    #[must_use]
    pub fn new(recording: Recording, exact: bool) -> Self {
        let replay = Self {
            recording,
            exact,
            stand_ins: Arc::default(),
            state: Mutex::default(),
            phase: watch::Sender::new(Phase::Going),
        };
        replay.look_ahead(0);
        replay
    }

    /// The secrets that the flow has come upon again: the recording has stand-ins for them.
    #[must_use]
    pub const fn stand_ins(&self) -> &Arc<StandIns> {
        &self.stand_ins
    }

    /// What is played back.
    #[must_use]
    pub const fn recording(&self) -> &Recording {
        &self.recording
    }

    /// How many of the recorded calls were made.
    #[must_use]
    pub fn made(&self) -> usize {
        self.lock().made
    }

    /// Where the flow left the recording, if it did.
    #[must_use]
    pub fn divergence(&self) -> Option<Divergence> {
        self.lock().divergence.clone()
    }

    /// What was recorded of a call.
    #[must_use]
    pub fn find(&self, asked: &Asked<'_>) -> Found<'_> {
        if *self.phase.borrow() == Phase::Over {
            return Found::Over;
        }
        if self.is_resuming() {
            return self.find_resuming(asked);
        }
        let made = self.lock().made;
        let found = if self.exact {
            self.find_exact(asked, made)
        } else {
            self.find_changed(asked, made)
        };
        match found {
            Ok(Place::At(index)) => {
                self.lock().made = index + 1;
                self.look_ahead(index + 1);
                // A local call of a changed flow is nobody's but its own.
                match self.recording.calls.get(index) {
                    Some(call) if self.exact || !asked.local => Found::Recorded(call),
                    _ => Found::Nothing,
                }
            }
            Ok(Place::Nowhere) => Found::Nothing,
            Ok(Place::Unanswered) => Found::Unanswered,
            Err(divergence) => {
                self.stop(divergence);
                Found::Over
            }
        }
    }

    /// The place of the same call, which must be the next one.
    fn find_exact(&self, asked: &Asked<'_>, made: usize) -> Result<Place, Stray> {
        let next = self.recording.calls.get(made);
        if next.is_none_or(|next| asked.n < next.n) && self.is_in_one_cut_off(asked, made) {
            return Ok(Place::Unanswered);
        }
        let Some(next) = next else {
            return self.past_the_end(asked);
        };
        // A custom assertion that was cut off with the run has no answer, only its calls have.
        if asked.local && asked.n < next.n {
            return Ok(Place::Nowhere);
        }
        is_same(next, asked).map(|()| Place::At(made))
    }

    /// Whether a custom assertion makes the call that gave no answer itself.
    fn is_in_one_cut_off(&self, asked: &Asked<'_>, made: usize) -> bool {
        let before = self.recording.calls.get(..made).unwrap_or_default();
        let around = before.iter().rfind(|call| call.source == "flow");
        asked.source != "flow" && around.is_some_and(RecordedCall::gave_no_answer)
    }

    /// The place of the same call, local ones left aside.
    fn find_changed(&self, asked: &Asked<'_>, made: usize) -> Result<Place, Stray> {
        let rest = self.recording.calls.get(made..).unwrap_or_default();
        if asked.local {
            let is_it = |next: &RecordedCall| next.op == asked.op && next.source == asked.source;
            let is_next = rest.first().is_some_and(is_it);
            return Ok(if is_next { Place::At(made) } else { Place::Nowhere });
        }
        match rest.iter().enumerate().find(|(_, call)| !call.local) {
            Some((further, call)) => is_same(call, asked).map(|()| Place::At(made + further)),
            None => self.past_the_end(asked),
        }
    }

    fn past_the_end(&self, asked: &Asked<'_>) -> Result<Place, Stray> {
        match &self.recording.end {
            Some(end) if !end.cut => Err(Some(Divergence::OneMore {
                n: asked.n,
                got: asked.title.to_owned(),
            })),
            // The recorded attempt was stopped here, whatever it would have done next.
            _ => Err(None),
        }
    }

    /// What a recorded call comes to now. One that is refused or local comes about again and is compared with the
    /// recording; any other takes the recorded answer, and `redo` does what that changes in the attempt's record.
    ///
    /// # Errors
    /// The refusal, what the work says, or the recorded failure.
    pub async fn play<A: Serialize + DeserializeOwned>(
        &self,
        call: &RecordedCall,
        asked: &Asked<'_>,
        permitted: Result<(), Failure>,
        work: impl AsyncFnOnce() -> Result<A, Failure>,
        redo: impl FnOnce(&Result<A, Failure>),
    ) -> Result<A, Failure> {
        let result = match permitted {
            Err(refused) => Err(refused),
            Ok(()) if asked.local => call.made_again(work()).await,
            Ok(()) => {
                let answer = self.answer(call).await;
                redo(&answer);
                return answer;
            }
        };
        let now = result.as_ref().map(|answer| {
            let answer = serde_json::to_value(answer).unwrap_or_default();
            self.stand_ins.without_known(&answer)
        });
        self.compare(call, asked.title, &now.map_err(Clone::clone));
        result
    }

    /// Notes that a call which was done again came to this.
    pub(crate) fn compare(&self, call: &RecordedCall, title: &str, result: &Result<Value, Failure>) {
        let recorded = match (&call.err, &call.ok) {
            (Some(failure), _) => Err(failure),
            (None, Some(answer)) => Ok(parsed(answer)),
            (None, None) => Ok(Value::Null),
        };
        let same = match (&recorded, result) {
            (Ok(recorded), Ok(now)) => alike(recorded, now),
            (Err(recorded), Err(now)) => recorded.code == now.code,
            _ => false,
        };
        if !same {
            let told = |result: Result<String, &Failure>| match result {
                Ok(answer) => cut(answer, SHOWN_BYTES),
                Err(failure) => cut(
                    format!("{}: {}", failure.code.name(), failure.message),
                    SHOWN_BYTES,
                ),
            };
            self.stop(Some(Divergence::OtherAnswer {
                n: call.n,
                title: title.to_owned(),
                expected: told(recorded.map(|answer| answer.to_string())),
                got: told(result.as_ref().map(ToString::to_string)),
            }));
        }
    }

    /// The recorded answer. One that this call cannot have ends the replay.
    ///
    /// # Errors
    /// The recorded failure.
    async fn answer<A: DeserializeOwned>(&self, call: &RecordedCall) -> Result<A, Failure> {
        if let Some(failure) = &call.err {
            return Err(failure.clone());
        }
        let recorded = call.ok.as_ref().map_or("null", |answer| answer.get());
        let revealed = self.stand_ins.reveal(recorded);
        if revealed.is_partial {
            self.note_withheld(call);
        }
        match serde_json::from_str(&revealed.json) {
            Ok(answer) => Ok(answer),
            Err(error) => {
                self.stop(Some(Divergence::Unreadable {
                    n: call.n,
                    title: call.title.clone(),
                    why: error.to_string(),
                }));
                // Whoever runs the flow drops it here.
                std::future::pending().await
            }
        }
    }

    /// The next reading of a clock, in nanoseconds: the last one again where the flow reads it more often; none
    /// where it was never read, or where a flow that goes on by itself reads it.
    #[must_use]
    pub fn reading(&self, clock: ClockKind) -> Option<u64> {
        if self.went_live().is_some() {
            return None;
        }
        let mut state = self.lock();
        let (readings, place) = match clock {
            ClockKind::Wall => (&self.recording.wall, &mut state.wall),
            ClockKind::Monotonic => (&self.recording.monotonic, &mut state.monotonic),
        };
        let reading = readings.get(*place).or(readings.last()).copied();
        *place += 1;
        reading
    }

    /// Ends where no answer is given any more, or where the recording was cut off and the flow computes on.
    pub async fn stopped(&self) {
        let mut phase = self.phase.subscribe();
        let at = phase.wait_for(|phase| *phase != Phase::Going).await.map(|at| *at);
        if at.is_ok_and(|at| at == Phase::Tail) {
            let _ = tokio::time::timeout(REPLAY_TAIL, phase.wait_for(|phase| *phase == Phase::Over)).await;
        }
    }

    /// The replay's verdict. `folded` is what came of the flow; it counts for nothing where it was `stopped`.
    #[must_use]
    pub fn conclude(&self, folded: Verdict, stopped: bool) -> Verdict {
        if self.is_resuming() {
            return folded;
        }
        let hidden = || told(&self.stand_ins.without_known(&folded));
        if !stopped && self.divergence().is_none() {
            self.note_missing();
        }
        if let Some(divergence) = self.divergence() {
            return left(&divergence);
        }
        match &self.recording.end {
            Some(end) if end.cut && (stopped || self.exact) => end.verdict.clone(),
            None if stopped => interrupted(self.made()),
            Some(end) if self.exact && !end.cut && told(&end.verdict) != hidden() => {
                let divergence = Divergence::OtherVerdict {
                    expected: told(&end.verdict),
                    got: hidden(),
                };
                self.stop(Some(divergence.clone()));
                left(&divergence)
            }
            _ => folded,
        }
    }

    fn note_missing(&self) {
        let made = self.made();
        let rest = self.recording.calls.get(made..).unwrap_or_default();
        let mut missing = rest.iter().filter(|call| self.exact || !call.local);
        if let Some(first) = missing.next() {
            self.stop(Some(Divergence::TooFew {
                n: first.n,
                expected: first.title.clone(),
                missing: 1 + missing.count(),
            }));
        }
    }

    fn look_ahead(&self, made: usize) {
        let was_cut = self.recording.end.as_ref().is_none_or(|end| end.cut);
        if was_cut && made >= self.recording.calls.len() {
            self.phase.send_replace(Phase::Tail);
        }
    }

    /// The first divergence counts: what comes after it follows from it.
    fn stop(&self, divergence: Option<Divergence>) {
        let mut state = self.lock();
        state.divergence = state.divergence.take().or(divergence);
        self.phase.send_replace(Phase::Over);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RecordedCall {
    /// Makes a local call again. One that gave no answer then is not waited for now.
    async fn made_again<A>(&self, work: impl Future<Output = Result<A, Failure>>) -> Result<A, Failure> {
        match &self.err {
            Some(failure) if self.gave_no_answer() => {
                let waited = tokio::time::timeout(REPLAY_TAIL, work).await;
                waited.unwrap_or_else(|_| Err(failure.clone()))
            }
            _ => work.await,
        }
    }

    /// Whether it failed otherwise than by a verdict.
    fn gave_no_answer(&self) -> bool {
        self.err
            .as_ref()
            .is_some_and(|failure| failure.code != Code::AssertionFailed)
    }
}

fn is_same(recorded: &RecordedCall, asked: &Asked<'_>) -> Result<(), Stray> {
    let by = |source: &str| match source {
        "flow" => String::new(),
        name => format!(" by {name}"),
    };
    let same_args =
        || recorded.args.get() == asked.args.get() || alike(&parsed(&recorded.args), &parsed(asked.args));
    if recorded.op == asked.op && recorded.source == asked.source && same_args() {
        return Ok(());
    }
    let mut expected = format!("{}{}", recorded.title, by(&recorded.source));
    let mut got = format!("{}{}", asked.title, by(asked.source));
    if expected == got {
        let with = |args: &RawValue| format!(" with {}", cut(args.get().to_owned(), SHOWN_BYTES));
        expected.push_str(&with(&recorded.args));
        got.push_str(&with(asked.args));
    }
    let n = recorded.n;
    Err(Some(Divergence::OtherCall { n, expected, got }))
}

fn parsed(text: &RawValue) -> Value {
    serde_json::from_str(text.get()).unwrap_or(Value::Null)
}

/// Whether two values are the same. A number that went through text and back may differ in its last digit.
fn alike(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(a), Value::Number(b)) if a.is_f64() || b.is_f64() => {
            let (a, b) = (a.as_f64().unwrap_or(f64::NAN), b.as_f64().unwrap_or(f64::NAN));
            (a - b).abs() <= 2.0 * f64::EPSILON * a.abs().max(b.abs())
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| alike(a, b)))
        }
        _ => one == other,
    }
}

/// A verdict in one line: what two runs of the same flow must agree in. Times and backtraces are left out.
fn told(verdict: &Verdict) -> String {
    let one = |failure: &Failure| format!("{}: {}", failure.code.name(), failure.message);
    match verdict {
        Verdict::Passed => "passed".to_owned(),
        Verdict::Failed { failures } => {
            let all: Vec<String> = failures.iter().map(one).collect();
            format!("failed ({})", all.join("; "))
        }
        Verdict::Errored { blame, failure, .. } => format!("errored ({}, {})", blame.name(), one(failure)),
    }
}

fn left(divergence: &Divergence) -> Verdict {
    let message = format!("the flow left its recording at {divergence}");
    Verdict::Errored {
        blame: Blame::Flow,
        failure: Failure::new(Code::FlowError, message),
        backtrace: Vec::new(),
    }
}

fn interrupted(made: usize) -> Verdict {
    let message = format!("the recording ends after {made} calls: its host was stopped there");
    let mut failure = Failure::new(Code::Cancelled, message);
    failure.retryable = false;
    Verdict::Errored {
        blame: Blame::Platform,
        failure,
        backtrace: Vec::new(),
    }
}
