//! Reading a cassette: line by line, with a limit on each, into a [`Recording`] that is whole.
//!
//! The host may have been killed: then the last line is torn, or the last call was not answered, and the
//! recording ends before that. Anything else that does not fit is damage, and said with its line.

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flowguard_core::cassette::{
    CASSETTE_VERSION, CONTRACT_VERSION, ClockKind, ClockReading, EndLine, FaultLine, Header, RecordedCall,
    Recording,
};
use flowguard_core::failure::Failure;
use flowguard_core::limits::{MAX_CALLS, MAX_CASSETTE_BYTES, MAX_CASSETTE_LINE_BYTES};

/// Why a cassette cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The operating system does not give it.
    #[error("the cassette {path} cannot be read: {error}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What it said.
        error: io::Error,
    },
    /// Its first line is no header.
    #[error(
        "this is no cassette, its first line is no header: {why}; name a file that `flowguard run` recorded"
    )]
    NotCassette {
        /// What is wrong with the line.
        why: String,
    },
    /// It was written in another version of the format.
    #[error(
        "the cassette has version {found}, and this FlowGuard reads version {CASSETTE_VERSION}: replay it with the FlowGuard that recorded it, or record the run again"
    )]
    OtherVersion {
        /// Its version.
        found: u32,
    },
    /// It was written under another contract.
    #[error(
        "the cassette was recorded under contract version {found}, and this host speaks {CONTRACT_VERSION}: replay it with the FlowGuard that recorded it, or record the run again"
    )]
    OtherContract {
        /// The version.
        found: String,
    },
    /// It is longer than any that is written.
    #[error("the cassette has more than {MAX_CASSETTE_BYTES} bytes, which no recording has")]
    TooLarge,
    /// A line is not what was written.
    #[error(
        "line {line} of the cassette is damaged: {why}; replay an unchanged copy, or record the run again"
    )]
    Damaged {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// A call is there twice.
    #[error("call {call} is in the cassette twice; replay an unchanged copy, or record the run again")]
    Twice {
        /// Its number.
        call: u32,
    },
    /// A call between others is not there.
    #[error("call {call} is missing in the cassette; replay an unchanged copy, or record the run again")]
    Missing {
        /// Its number.
        call: u32,
    },
}

/// What tells the kinds of lines apart; a later version of one kind may have more.
#[derive(Deserialize)]
struct Kind {
    n: Option<IgnoredAny>,
    clock: Option<IgnoredAny>,
    fault: Option<IgnoredAny>,
    end: Option<IgnoredAny>,
}

/// The version alone: what else a header of another version holds is not known.
#[derive(Deserialize)]
struct Version {
    cassette: u32,
}

/// Reads the cassette in this file.
///
/// # Errors
/// What is wrong with it, where, and what to do.
pub fn read_cassette(path: impl AsRef<Path>) -> Result<Recording, RecordingError> {
    let path = path.as_ref();
    let unreadable = |error| RecordingError::Unreadable {
        path: path.to_owned(),
        error,
    };
    let file = File::open(path).map_err(unreadable)?;
    read(BufReader::new(file)).map_err(|error| match error {
        Failed::Io(error) => unreadable(error),
        Failed::Recording(error) => error,
    })
}

enum Failed {
    Io(io::Error),
    Recording(RecordingError),
}

impl From<RecordingError> for Failed {
    fn from(error: RecordingError) -> Self {
        Self::Recording(error)
    }
}

fn read(reader: impl BufRead) -> Result<Recording, Failed> {
    let mut lines = Lines {
        reader,
        number: 0,
        bytes: 0,
    };
    let first = lines.next()?.ok_or_else(|| RecordingError::NotCassette {
        why: "there is none".to_owned(),
    })?;
    let mut recording = Recording {
        header: header(&first)?,
        calls: Vec::new(),
        wall: Vec::new(),
        monotonic: Vec::new(),
        late_faults: Vec::new(),
        end: None,
    };
    let mut faults = Vec::new();
    while let Some(line) = lines.next()? {
        let damaged = |why: String| RecordingError::Damaged {
            line: lines.number,
            why,
        };
        add(&mut recording, &mut faults, &line).map_err(damaged)?;
    }
    recording.late_faults = faults;
    recording.calls.sort_by_key(|call| call.n);
    check_numbers(&recording.calls)?;
    Ok(recording)
}

fn header(line: &[u8]) -> Result<Header, RecordingError> {
    let foreign = |error: serde_json::Error| RecordingError::NotCassette {
        why: error.to_string(),
    };
    let Version { cassette: found } = serde_json::from_slice(line).map_err(foreign)?;
    if found != CASSETTE_VERSION {
        return Err(RecordingError::OtherVersion { found });
    }
    let header: Header = serde_json::from_slice(line).map_err(foreign)?;
    if header.contract != CONTRACT_VERSION {
        let found = header.contract;
        return Err(RecordingError::OtherContract { found });
    }
    Ok(header)
}

/// Adds one line; says what is wrong with it.
fn add(recording: &mut Recording, faults: &mut Vec<Failure>, line: &[u8]) -> Result<(), String> {
    if recording.end.is_some() {
        return Err("the line before it was the last".to_owned());
    }
    match parsed::<Kind>(line)? {
        Kind { n: Some(_), .. } => {
            let mut call: RecordedCall = parsed(line)?;
            if call.ok.is_some() && call.err.is_some() {
                return Err(format!("call {} has an answer and a failure", call.n));
            }
            if call.n == 0 || call.n > MAX_CALLS.saturating_mul(2) {
                return Err(format!("there is no call {}", call.n));
            }
            call.faults = std::mem::take(faults);
            recording.calls.push(call);
        }
        Kind { clock: Some(_), .. } => {
            let ClockReading { clock, ns } = parsed(line)?;
            match clock {
                ClockKind::Wall => recording.wall.push(ns),
                ClockKind::Monotonic => recording.monotonic.push(ns),
            }
        }
        Kind { fault: Some(_), .. } => faults.push(parsed::<FaultLine>(line)?.fault),
        Kind { end: Some(_), .. } => recording.end = Some(parsed::<EndLine>(line)?.end),
        _ => return Err("it is no call, no reading of a clock and no end".to_owned()),
    }
    Ok(())
}

fn parsed<T: DeserializeOwned>(line: &[u8]) -> Result<T, String> {
    serde_json::from_slice(line).map_err(|error| error.to_string())
}

/// Each call once, from the first. Only around custom assertions may one be without an answer where a later one
/// has it: the assertion that was cut off, or the call that it waited in.
fn check_numbers(calls: &[RecordedCall]) -> Result<(), RecordingError> {
    let is_inside = |call: &RecordedCall| call.source != "flow" || call.op == "assert";
    let mut before: Option<&RecordedCall> = None;
    for call in calls {
        let expected = before.map_or(1, |before| before.n + 1);
        if call.n < expected {
            return Err(RecordingError::Twice { call: call.n });
        }
        let may_lack_one = call.source != "flow" || before.is_some_and(is_inside);
        if call.n > expected + u32::from(may_lack_one) {
            return Err(RecordingError::Missing { call: expected });
        }
        before = Some(call);
    }
    Ok(())
}

/// Lines that end; what comes after the last line break is torn and left out.
struct Lines<R> {
    reader: R,
    /// How many were read.
    number: usize,
    bytes: u64,
}

impl<R: BufRead> Lines<R> {
    fn next(&mut self) -> Result<Option<Vec<u8>>, Failed> {
        let mut line = Vec::new();
        let limit = MAX_CASSETTE_LINE_BYTES as u64 + 1;
        let read = (&mut self.reader).take(limit).read_until(b'\n', &mut line);
        let length = read.map_err(Failed::Io)?;
        self.number += 1;
        self.bytes += length as u64;
        if self.bytes > MAX_CASSETTE_BYTES {
            return Err(RecordingError::TooLarge.into());
        }
        if line.pop_if(|last| *last == b'\n').is_some() {
            return Ok(Some(line));
        }
        if length > MAX_CASSETTE_LINE_BYTES {
            let why = format!("it has more than {MAX_CASSETTE_LINE_BYTES} bytes");
            let line = self.number;
            return Err(RecordingError::Damaged { line, why }.into());
        }
        Ok(None)
    }
}
