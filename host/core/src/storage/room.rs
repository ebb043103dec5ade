//! Room in a bucket: what is taken, what a write needs, and whether that is still within the limits.

use serde_json::Value;

use super::buckets::BucketLimits;
use super::store::Document;

/// Room in a bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Room {
    pub(super) keys: i64,
    pub(super) bytes: i64,
}

impl Room {
    pub(super) fn is_none(self) -> bool {
        self == Self::default()
    }
}

pub(super) fn taken(bucket: &Document) -> Room {
    let number = |name: &str| {
        bucket
            .fields
            .get(name)
            .and_then(Value::as_i64)
            .unwrap_or_default()
    };
    Room {
        keys: number("keys"),
        bytes: number("bytes"),
    }
}

pub(super) fn grown(grows: Room) -> Room {
    Room {
        keys: grows.keys.max(0),
        bytes: grows.bytes.max(0),
    }
}

pub(super) fn plus(a: Room, b: Room) -> Room {
    Room {
        keys: a.keys.saturating_add(b.keys),
        bytes: a.bytes.saturating_add(b.bytes),
    }
}

/// Why it does not fit, if it does not.
pub(super) fn refusal(taken: Room, needed: Room, limits: BucketLimits) -> Option<String> {
    let after = plus(taken, needed);
    let signed = |limit: u64| i64::try_from(limit).unwrap_or(i64::MAX);
    if needed.keys > 0 && after.keys > signed(limits.keys) {
        return Some(format!("it may have {} keys, delete some", limits.keys));
    }
    if needed.bytes > 0 && after.bytes > signed(limits.bytes) {
        return Some(format!(
            "it may have {} bytes of keys and values, delete some: it would have {}",
            limits.bytes, after.bytes
        ));
    }
    None
}
