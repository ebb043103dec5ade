//! Numbers that nobody else has at the same time: for tags, pauses and moments, never for keys.

use std::hash::{BuildHasher, Hasher, RandomState};

/// A number from the random keys that each hash table of this process gets.
pub(crate) fn number() -> u64 {
    RandomState::new().build_hasher().finish()
}
