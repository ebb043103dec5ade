//! Counters: decimal text that is added to.

use super::StorageError;

/// The values that a counter may have: those that a JavaScript number holds exactly.
pub const COUNTER_RANGE: std::ops::RangeInclusive<i64> = -(1 << 53)..=(1 << 53);

/// Adds to the counter that is stored as `text`, `None` where there is none.
pub(super) fn count(text: Option<&[u8]>, delta: i64) -> Result<i64, StorageError> {
    let before = match text {
        None => 0,
        Some(text) => counter(text).ok_or_else(|| not_a_counter(text))?,
    };
    let sum = before
        .checked_add(delta)
        .filter(|sum| COUNTER_RANGE.contains(sum));
    sum.ok_or_else(|| StorageError::NotACounter(format!("{before} plus {delta} is beyond ±2^53")))
}

fn counter(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    let number: i64 = text.parse().ok()?;
    (COUNTER_RANGE.contains(&number) && number.to_string() == text).then_some(number)
}

fn not_a_counter(value: &[u8]) -> StorageError {
    let shown = value.get(..value.len().min(32)).unwrap_or_default();
    let shown = String::from_utf8_lossy(shown);
    StorageError::NotACounter(format!("the value is no decimal integer within ±2^53: {shown:?}"))
}
