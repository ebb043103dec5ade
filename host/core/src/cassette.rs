//! The recording of a run's host calls, one line of JSON each, written as the run goes.
//!
//! The first line is a [`Header`]; each later one is an entry, which the gate writes. The tape is also where
//! a replay takes its answers from.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::artifact::Digest;
use crate::failure::Failure;
use crate::timeline::StepId;

/// The format's version; a reader refuses what is newer.
pub const CASSETTE_VERSION: u32 = 1;
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
    /// What the guest's random numbers begin from.
    pub seed: u64,
}

/// One host call.
#[derive(Debug, Serialize)]
pub struct Entry<'a, T> {
    /// The call's number in the attempt, from 1.
    pub n: u32,
    /// Who called: `flow`, or the name of a custom assertion.
    pub source: &'a str,
    /// The operation.
    pub op: &'static str,
    /// Its arguments.
    pub args: &'a RawValue,
    /// The step that shows it.
    pub step: Option<StepId>,
    /// When it began, in microseconds from the attempt's start.
    pub at_us: u64,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// Its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ok: Option<&'a T>,
    /// Its failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub err: Option<&'a Failure>,
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

/// A recorded answer.
pub type Recorded = Result<Box<RawValue>, Failure>;

/// Where a run's calls are written, and in a replay answered from.
pub trait Tape: Send + Sync {
    /// Writes one line. It has reached the operating system when this returns, so that a crash of the host
    /// loses no call that was answered.
    ///
    /// # Errors
    /// What the operating system said.
    fn append(&self, line: &[u8]) -> std::io::Result<()>;

    /// In a replay, the recorded answer to this call; `None` where the work is to be done.
    fn answer(&self, _n: u32, _op: &str, _args: &RawValue) -> Option<Recorded> {
        None
    }
}

/// A tape that keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTape;

impl Tape for NoTape {
    fn append(&self, _line: &[u8]) -> std::io::Result<()> {
        Ok(())
    }
}
