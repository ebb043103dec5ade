//! What a command wrote, without what differs from run to run, so that it can be compared as a whole.

use flowguard_tests::{Outcome, root};

/// What a pattern is replaced by. The order matters: addresses before numbers.
const VARYING: [(&str, &str); 16] = [
    (r"\[scratch\]/data/artifacts/[0-9a-f/]+", "[picture]"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:[port]"),
    (r"\d{8}-\d{6}-[0-9a-hjkmnp-z]{6}", "[run]"),
    (r"\((<1 ms|[\d.]+ (ms|s|min))\)", "([time])"),
    (
        r"section range \d+\.\.\d+ is out of bounds \(bound = \d+\)",
        "section range [bytes] is out of bounds",
    ),
    (r"\d+ × ", "[n] × "),
    (r"\b[0-9a-f]{64}\b", "[digest]"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?", "[when]"),
    (r"(\brust/src/\w+\.rs):\d+", "$1:[line]"),
    (r"the last 10 of \d+", "the last 10 of [n]"),
    (r"order \d+\b", "order [n]"),
    // Under load there may be no second one.
    (r" \(\d+ attempts in \d+ ms\)", ""),
    (
        r"hidden, received visible \(within \d+ ms\)",
        "hidden, received visible (within [time])",
    ),
    (r"attempt \d+ ›", "attempt [n] ›"),
    (r"did not come within \d+ ms", "did not come within [time]"),
    (r"it is at \d+ ms", "it is at [when] ms"),
];

/// The settings under which a snapshot of these outcomes is taken.
pub(crate) fn settings() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (pattern, instead) in VARYING {
        settings.add_filter(pattern, instead);
    }
    settings
}

/// Everything that a command wrote, with the folders of the machine left out and backtraces cut down to the
/// guest's own lines.
pub(crate) fn words(outcome: &Outcome) -> String {
    let text = outcome.text();
    let text = text.replace(&outcome.scratch.display().to_string(), "[scratch]");
    let text = text.replace(&root().display().to_string(), "[project]");
    let mut lines: Vec<&str> = Vec::new();
    for line in text.lines().filter(|line| !is_frame_of_others(line)) {
        // A recursion repeats its line.
        if lines.last() != Some(&line) || line.is_empty() {
            lines.push(line);
        }
    }
    lines.join("\n")
}

/// A line of a backtrace that lies in the SDK, in generated code or in the language's own library.
fn is_frame_of_others(line: &str) -> bool {
    let place = line.trim_end_matches(|c: char| c.is_ascii_digit());
    let in_a_file = line.starts_with("      ") && (place.ends_with(".rs:") || place.ends_with(".c:"));
    in_a_file && !line.contains("guests/examples/")
}
