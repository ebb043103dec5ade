//! What an error of a library means: its own words and those of its causes, which many libraries leave out.

use std::error::Error;
use std::fmt::Write;

/// Characters at most: libraries repeat what a server said.
const LONGEST: usize = 1_000;

/// An error and its causes in one line; a cause that is said already is not said again. Whoever calls takes out before
/// what must not be told: an address with a password.
pub(crate) fn causes(error: &dyn Error) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !said.contains(&text) {
            let _ = write!(said, ": {text}");
        }
        cause = error.source();
    }
    said.chars().take(LONGEST).collect()
}
