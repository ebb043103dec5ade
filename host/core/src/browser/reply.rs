//! What the injected script answers, and what that means.

use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

use super::aria;
use super::expectation::Expectation;
use crate::failure::{Code, Evidence, Failure, cut};

/// Of what was received, so much is told in the message; the evidence has it whole.
const MAX_RECEIVED_BYTES: usize = 300;

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
    Failed(Seen),
    /// An overlay shows that there is a handler for; nothing was done.
    Overlay { id: u32 },
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

/// What an assertion that did not hold saw last.
#[derive(Debug, Deserialize)]
pub(super) struct Seen {
    #[serde(default)]
    received: String,
    #[serde(default)]
    expected: String,
    #[serde(default)]
    pub(super) log: Vec<String>,
    aria: Option<String>,
}

impl Seen {
    /// The failure of an assertion that waited so long.
    pub(super) fn failure(
        self,
        subject: &str,
        what: &Expectation,
        negated: bool,
        waited: Duration,
    ) -> Failure {
        let not = if negated { "not " } else { "" };
        let received = match self.received.contains('\n') {
            true => "what the evidence shows".to_owned(),
            false => cut(self.received.clone(), MAX_RECEIVED_BYTES),
        };
        let message = format!(
            "expected {subject} {not}to {what}, received {received} (within {} ms)",
            waited.as_millis()
        );
        let difference = match what {
            Expectation::MatchesAria { template } if !negated => aria::difference(template, &self.received),
            _ => None,
        };
        let evidence = [
            ("difference", difference),
            ("expected", Some(self.expected)),
            ("received", Some(self.received)),
            ("aria", self.aria),
        ];
        evidence
            .into_iter()
            .filter_map(|(title, text)| Some((title, text?)))
            .fold(
                Failure::new(Code::AssertionFailed, message),
                |failure, (title, text)| failure.with_evidence(title, text),
            )
    }
}

/// The failure that an error of the script is.
pub(super) fn script_error(
    code: &str,
    message: String,
    evidence: Vec<Evidence>,
    log: Vec<String>,
) -> Failure {
    let code = match code {
        "denied" => Code::Denied,
        "ambiguous-locator" => Code::AmbiguousLocator,
        "invalid-argument" => Code::InvalidArgument,
        "over-budget" => Code::OverBudget,
        "navigation-failed" => Code::NavigationFailed,
        "wrong-element" | "unsupported-frame" => Code::WrongElement,
        _ => Code::Internal,
    };
    let mut failure = Failure::new(code, message).with_log(log);
    for Evidence { title, text } in evidence.into_iter().take(8) {
        failure = failure.with_evidence(title, text);
    }
    failure
}
