//! The recording of a run's host calls, one line of JSON each, written as the run goes.
//!
//! The first line is a [`Header`]; each later one is an [`Entry`], which the gate writes, a [`ClockReading`], a
//! [`FaultLine`], or the [`EndLine`], which is the last. A [`Recording`] is what a reader makes of them. What is secret
//! in a line is taken out before it is written ([`crate::stand_ins`]).

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::artifact::Digest;
use crate::failure::Failure;
use crate::flow::Source;
use crate::timeline::StepId;
use crate::verdict::Verdict;

/// The format's version; a reader refuses every other.
pub const CASSETTE_VERSION: u32 = 3;
/// The contract's version.
pub const CONTRACT_VERSION: &str = "0.1.0";

/// The first line of a cassette.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The format's version.
    pub cassette: u32,
    /// The contract's version.
    pub contract: String,
    /// The run.
    pub run: String,
    /// The attempt, from 1.
    pub attempt: u32,
    /// The flow.
    pub flow: String,
    /// The component's content.
    pub component: Digest,
    /// The file that was named to FlowGuard.
    pub file: String,
    /// The text that the component interprets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Where the application was; may be empty.
    pub base_url: String,
    /// The flow's parameters.
    pub params: Vec<(String, String)>,
    /// The time that the attempt had.
    pub timeout_ms: u64,
    /// The custom assertions that there were.
    pub assertions: Vec<Digest>,
    /// What the guest's random numbers begin from.
    pub seed: u64,
    /// The run that the guest was told to be, where it went on with the pages of another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Told>,
}

/// The run that a guest was told to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Its id.
    pub run: String,
    /// Its attempt, from 1.
    pub attempt: u32,
}

impl Header {
    /// The id of the run that the guest was told to be.
    #[must_use]
    pub fn told_run(&self) -> &str {
        self.told.as_ref().map_or(&self.run, |told| &told.run)
    }

    /// The attempt that the guest was told to be.
    #[must_use]
    pub fn told_attempt(&self) -> u32 {
        self.told.as_ref().map_or(self.attempt, |told| told.attempt)
    }
}

/// One host call, without its secrets.
#[derive(Debug, Serialize)]
pub struct Entry<'a> {
    /// The call's number in the attempt, from 1.
    pub n: u32,
    /// Who called: `flow`, or the name of a custom assertion.
    pub source: &'a str,
    /// The operation.
    pub op: &'static str,
    /// The call for a person.
    pub title: &'a str,
    /// Its arguments.
    pub args: &'a RawValue,
    /// Whether it needs nothing outside the attempt: a replay makes it again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub local: bool,
    /// The step that shows it.
    pub step: Option<StepId>,
    /// When it began, in microseconds from the attempt's start.
    pub at_us: u64,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// Its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ok: Option<Box<RawValue>>,
    /// Its failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub err: Option<Failure>,
}

/// A reading of a clock that the guest made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockReading {
    /// `wall` or `monotonic`.
    pub clock: ClockKind,
    /// Nanoseconds, as the guest saw them.
    pub ns: u64,
}

/// Which clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClockKind {
    /// Time of day.
    Wall,
    /// Time that never goes back.
    Monotonic,
}

/// Something that failed the attempt besides the flow's own calls, where it happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultLine {
    /// What.
    pub fault: Failure,
}

/// The last line of a cassette.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndLine {
    /// What came of the attempt.
    pub end: End,
}

/// What came of a recorded attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Its verdict.
    pub verdict: Verdict,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// Whether its time or a cancellation cut it off: it did not come to an end of its own.
    pub cut: bool,
}

/// One host call, as it is read back.
#[derive(Clone, Debug, Deserialize)]
pub struct RecordedCall {
    /// The call's number in the attempt, from 1.
    pub n: u32,
    /// Who called.
    pub source: String,
    /// The operation.
    pub op: String,
    /// The call for a person.
    pub title: String,
    /// Its arguments.
    pub args: Box<RawValue>,
    /// Whether a replay makes it again.
    #[serde(default)]
    pub local: bool,
    /// When it began, in microseconds from the attempt's start.
    pub at_us: u64,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// Its answer; one that is `null` reads as none.
    #[serde(default)]
    pub ok: Option<Box<RawValue>>,
    /// Its failure.
    #[serde(default)]
    pub err: Option<Failure>,
    /// What failed the attempt besides, since the call before.
    #[serde(skip)]
    pub faults: Vec<Failure>,
}

/// A cassette that was read and is whole, but perhaps for its end.
#[derive(Clone, Debug)]
pub struct Recording {
    /// What was run.
    pub header: Header,
    /// The calls that were answered, by number.
    pub calls: Vec<RecordedCall>,
    /// What the time of day was, in nanoseconds, reading by reading.
    pub wall: Vec<u64>,
    /// The same of the clock that never goes back.
    pub monotonic: Vec<u64>,
    /// What failed the attempt after the last call.
    pub late_faults: Vec<Failure>,
    /// What came of it; none where the host was killed before that.
    pub end: Option<End>,
}

impl Recording {
    /// How long the attempt took, as far as it is recorded, in microseconds.
    #[must_use]
    pub fn took_us(&self) -> u64 {
        let answered = |call: &RecordedCall| call.at_us.saturating_add(call.took_us);
        let last = || self.calls.iter().map(answered).max().unwrap_or_default();
        self.end.as_ref().map_or_else(last, |end| end.took_us)
    }
}

/// Where a run's calls are written.
pub trait Tape: Send + Sync {
    /// Writes one line. It has reached the operating system when this returns, so that a crash of the host
    /// loses no call that was answered.
    ///
    /// # Errors
    /// What the operating system said.
    fn append(&self, line: &[u8]) -> std::io::Result<()>;
}

/// A tape that keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTape;

impl Tape for NoTape {
    fn append(&self, _line: &[u8]) -> std::io::Result<()> {
        Ok(())
    }
}
