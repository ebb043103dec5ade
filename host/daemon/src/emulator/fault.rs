//! What an emulated service may do wrong on purpose: each every so many times that there is an occasion.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// A session is made, and the connection ends before the answer.
    CreateLost,
    /// A session is made, and the answer is 500.
    CreateFails,
    /// No session is made, and the answer is 429 with `retry-after`.
    CreateLimited,
    /// A connection to a session is refused.
    ConnectRefused,
    /// A connection to a session ends in the middle, and the session with it.
    SessionEnds,
    /// It is not noticed that a connection has ended: the session stays.
    SessionStays,
    /// The recordings of a session that has ended are not to be had: 502.
    RecordingFails,
}

const WORDS: [(&str, Wrong); 7] = [
    ("create-lost", Wrong::CreateLost),
    ("create-fails", Wrong::CreateFails),
    ("create-limited", Wrong::CreateLimited),
    ("connect-refused", Wrong::ConnectRefused),
    ("session-ends", Wrong::SessionEnds),
    ("session-stays", Wrong::SessionStays),
    ("recording-fails", Wrong::RecordingFails),
];

/// A fault, and how often it comes.
#[derive(Debug)]
pub(crate) struct Fault {
    wrong: Wrong,
    every: u32,
    occasions: AtomicU32,
}

impl Clone for Fault {
    fn clone(&self) -> Self {
        Self {
            wrong: self.wrong,
            every: self.every,
            occasions: AtomicU32::new(self.occasions.load(Ordering::Relaxed)),
        }
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (word, every) = text.split_once('=').unwrap_or((text, "1"));
        let wrong = WORDS.iter().find(|(known, _)| *known == word);
        let every = every.parse().ok().filter(|every| *every > 0);
        match (wrong, every) {
            (Some((_, wrong)), Some(every)) => Ok(Self {
                wrong: *wrong,
                every,
                occasions: AtomicU32::new(0),
            }),
            _ => {
                let words: Vec<&str> = WORDS.iter().map(|(word, _)| *word).collect();
                Err(format!("FAULT=N, where a fault is one of {}", words.join(", ")))
            }
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = WORDS.iter().find(|(_, wrong)| *wrong == self.wrong);
        write!(f, "{}={}", word.map_or("", |(word, _)| word), self.every)
    }
}

/// Whether this goes wrong now.
pub(super) fn is_due(faults: &[Fault], wrong: Wrong) -> bool {
    faults
        .iter()
        .filter(|fault| fault.wrong == wrong)
        .any(|fault| (fault.occasions.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(fault.every))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_comes_every_so_many_times() {
        let faults: Vec<Fault> = ["create-lost=3", "session-ends"]
            .map(|text| text.parse().expect("a fault"))
            .into();
        let due: Vec<bool> = (0..6).map(|_| is_due(&faults, Wrong::CreateLost)).collect();
        assert_eq!(due, [false, false, true, false, false, true]);
        assert!(is_due(&faults, Wrong::SessionEnds) && !is_due(&faults, Wrong::ConnectRefused));
        assert_eq!(faults[0].to_string(), "create-lost=3");
        for none in ["create-lost=0", "create-lost=x", "sun-burns-out=1", ""] {
            assert!(none.parse::<Fault>().is_err(), "{none}");
        }
    }
}
