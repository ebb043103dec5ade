//! The tape of an attempt that is answered from a recording at first: nothing is written before it acts by itself.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use super::Tapes;
use flowguard_core::cassette::{Header, Tape};
use flowguard_core::replay::Replay;

/// A tape that holds its lines back until the replay has gone live.
pub(super) struct HeldTape {
    tapes: Arc<dyn Tapes>,
    replay: Arc<Replay>,
    state: Mutex<State>,
}

enum State {
    /// What is to be written, and the header before it.
    Held(Box<Header>, Vec<Vec<u8>>),
    Open(Box<dyn Tape>),
    /// It cannot be written; that was said.
    Lost,
}

impl HeldTape {
    pub(super) fn new(tapes: Arc<dyn Tapes>, header: Header, replay: Arc<Replay>) -> Self {
        Self {
            tapes,
            replay,
            state: Mutex::new(State::Held(Box::new(header), Vec::new())),
        }
    }
}

impl Tape for HeldTape {
    fn append(&self, line: &[u8]) -> io::Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *state {
            State::Open(tape) => tape.append(line),
            State::Lost => Ok(()),
            State::Held(header, lines) => {
                lines.push(line.to_vec());
                if self.replay.went_live().is_none() {
                    return Ok(());
                }
                let opened = self.tapes.open(header).and_then(|tape| {
                    lines.iter().try_for_each(|line| tape.append(line))?;
                    Ok(tape)
                });
                let (next, result) = match opened {
                    Ok(tape) => (State::Open(tape), Ok(())),
                    Err(error) => (State::Lost, Err(error)),
                };
                *state = next;
                result
            }
        }
    }
}
