//! What the injected script answers, and what that means.

use serde::Deserialize;
use serde_json::Value;

use crate::failure::{Code, Evidence, Failure};

/// An answer of the injected script.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", tag = "status")]
pub(super) enum Reply {
    /// It is done.
    Done {
        #[serde(default)]
        value: Value,
    },
    /// The element is ready for the pointer, and a guard is set.
    Point { x: f64, y: f64, token: Value },
    /// The text must be inserted by the browser; the element has the focus.
    NeedsInsertText,
    /// The assertion did not hold in its time.
    Failed {
        #[serde(default)]
        received: String,
        #[serde(default)]
        expected: String,
        #[serde(default)]
        log: Vec<String>,
        aria: Option<String>,
    },
    /// The element was not ready in its time.
    Timeout {
        reason: String,
        #[serde(default)]
        log: Vec<String>,
    },
    /// It can never succeed.
    Error {
        code: String,
        message: String,
        #[serde(default)]
        evidence: Vec<Evidence>,
        #[serde(default)]
        log: Vec<String>,
    },
}

/// The failure that an error of the script is.
pub(super) fn script_error(
    code: &str,
    message: String,
    evidence: Vec<Evidence>,
    log: Vec<String>,
) -> Failure {
    let code = match code {
        "ambiguous-locator" => Code::AmbiguousLocator,
        "invalid-argument" => Code::InvalidArgument,
        "wrong-element" | "unsupported-frame" => Code::WrongElement,
        _ => Code::Internal,
    };
    let mut failure = Failure::new(code, message).with_log(log);
    for Evidence { title, text } in evidence.into_iter().take(8) {
        failure = failure.with_evidence(title, text);
    }
    failure
}
