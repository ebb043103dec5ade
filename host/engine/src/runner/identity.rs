//! Who a guest is told to be, and the random numbers that it gets.

use std::sync::Arc;

use flowguard_core::replay::Replay;
use flowguard_core::run::RunRequest;

/// Who the guest is told to be: an attempt that is answered from a recording is the recorded one.
pub(super) struct Identity {
    pub(super) run: String,
    pub(super) attempt: u32,
    pub(super) seed: u64,
}

impl Identity {
    pub(super) fn of(request: &RunRequest, number: u32, replay: Option<&Arc<Replay>>) -> Self {
        match replay.map(|replay| &replay.recording().header) {
            None => Self {
                run: request.id.to_string(),
                attempt: number,
                seed: seed_of(request, number),
            },
            Some(header) => Self {
                run: header.told_run().to_owned(),
                attempt: header.told_attempt(),
                seed: header.seed,
            },
        }
    }
}

/// Random numbers of a guest follow from its run, so that they are the same in a replay.
fn seed_of(request: &RunRequest, number: u32) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(request.id.as_str().as_bytes())
        .update(&number.to_le_bytes());
    let mut seed = [0; 8];
    hasher.finalize_xof().fill(&mut seed);
    u64::from_le_bytes(seed)
}
