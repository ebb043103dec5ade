//! What an attempt's components share: budget, timeline, tape, deadline, and what the verdict will ask for. The gate
//! writes it; nothing is decided here.

use serde::Serialize;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;

use crate::artifact::{Artifacts, Attachment};
use crate::budget::Budget;
use crate::cassette::{ClockKind, ClockReading, FaultLine, Tape};
use crate::clock::Clock;
use crate::failure::{Blame, Code, Failure};
use crate::here::Here;
use crate::limits::{MAX_ATTACHMENT_BYTES, MAX_CASSETTE_BYTES};
use crate::progress::Progress;
use crate::replay::Replay;
use crate::resume::Touches;
use crate::secrets::Scrubber;
use crate::stand_ins::StandIns;
use crate::timeline::{Timeline, micros};

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
    /// Where in its own code the guest is.
    pub here: Here,
    /// What a page looks like now, where pictures are taken.
    pub picture: watch::Sender<Option<Bytes>>,
    /// Which calls touched the pages.
    pub touches: Touches,
    /// What is kept out of all that leaves the host.
    pub known: Arc<Scrubber>,
    /// What the recording has stand-ins for.
    pub stand_ins: Arc<StandIns>,
    tape: Box<dyn Tape>,
    pub(crate) replay: Option<Arc<Replay>>,
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
            here: Here::default(),
            picture: watch::Sender::default(),
            touches: Touches::default(),
            known: Arc::default(),
            stand_ins: Arc::default(),
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
        Self {
            stand_ins: replay.stand_ins().clone(),
            replay: Some(replay),
            ..self
        }
    }

    /// The same for an attempt whose first secrets are known already.
    #[must_use]
    pub fn hiding(self, stand_ins: Arc<StandIns>) -> Self {
        Self { stand_ins, ..self }
    }

    /// The same for an attempt that keeps these out of all that it writes and answers.
    #[must_use]
    pub fn keeping_out(self, known: Arc<Scrubber>) -> Self {
        Self {
            timeline: Timeline::keeping_out(known.clone()),
            known,
            ..self
        }
    }

    /// Whether it is answered from a recording.
    #[must_use]
    pub const fn is_replaying(&self) -> bool {
        self.replay.is_some()
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
        let bytes = self.known.bytes(bytes);
        let length = bytes.len();
        if length > MAX_ATTACHMENT_BYTES {
            let message = format!("an attachment may have {MAX_ATTACHMENT_BYTES} bytes: {length}");
            return Err(Failure::new(Code::OverBudget, message));
        }
        self.budget.charge_artifact(length as u64)?;
        let digest = self.artifacts.put(bytes).await;
        let digest = digest.map_err(|error| Failure::new(Code::Unavailable, error.to_string()))?;
        Ok(Attachment {
            name: self.known.text(name).into_owned(),
            media_type: self.known.text(media_type).into_owned(),
            digest,
            bytes: u32::try_from(length).unwrap_or(u32::MAX),
        })
    }

    /// Fails the attempt for what happened besides the flow's own calls; the flow goes on.
    pub fn fail(&self, fault: Failure) {
        let fault = fault.without(&self.known);
        self.record(&FaultLine {
            fault: self.stand_ins.without_known(&fault),
        });
        self.lock_faults().soft.push(fault);
    }

    /// Writes a line to the cassette.
    pub fn record(&self, line: &impl Serialize) {
        if let Ok(line) = serde_json::to_vec(line) {
            self.append(line);
        }
    }

    /// The number of the next call, from 1.
    pub(crate) fn number(&self) -> u32 {
        self.calls.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// A call was answered now.
    pub(crate) fn answered_at(&self, now: Duration) {
        self.answered.store(micros(now), Ordering::Relaxed);
    }

    fn append(&self, line: Vec<u8>) {
        let mut line: Vec<u8> = self.known.bytes(line.into()).into();
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

    /// Writes down that a guest was given this failure.
    pub(crate) fn note(&self, call: u32, failure: &Failure) {
        let mut faults = self.lock_faults();
        faults.given.push((call, failure.code));
        if failure.code.blame() == Blame::Platform {
            faults.platform.get_or_insert_with(|| failure.clone());
        }
    }

    pub(crate) fn lock_faults(&self) -> std::sync::MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
