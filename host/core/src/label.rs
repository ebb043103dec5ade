//! Names that go into keys, paths and commands of many systems: what a label may be, in one place.

/// Whether a text is a label: 1 to 63 of `a-z`, `0-9` and `-`, not beginning with `-`.
pub(crate) fn is_label(text: &str) -> bool {
    let legal = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-');
    (1..=63).contains(&text.len()) && text.bytes().all(legal) && !text.starts_with('-')
}
