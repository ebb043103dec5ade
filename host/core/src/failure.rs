//! The one typed failure of the contract, and who is to blame for it.

use serde::{Deserialize, Serialize};
use std::fmt;

use crate::limits::MAX_EVIDENCE_BYTES;
use crate::secrets::Scrubber;

/// What kind of failure it was; the cases are those of `failure-code` in `wit/types.wit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// An assertion did not hold.
    AssertionFailed,
    /// An action or a wait ran out of its time.
    Timeout,
    /// A page could not be loaded.
    NavigationFailed,
    /// A locator that must match one element matched several.
    AmbiguousLocator,
    /// An argument is malformed or out of range.
    InvalidArgument,
    /// The element can never do this.
    WrongElement,
    /// The flow's own error.
    FlowError,
    /// The grant does not allow it.
    Denied,
    /// A budget of the run is spent.
    OverBudget,
    /// The host has no provider for the capability.
    NotConfigured,
    /// The run was cancelled or its deadline passed.
    Cancelled,
    /// The page crashed or was closed by the browser.
    PageLost,
    /// A part of the platform is away.
    Unavailable,
    /// FlowGuard's own fault.
    Internal,
}

/// Who must act on a failure. The four are never mixed, because they page different people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Blame {
    /// The product under test is wrong.
    Product,
    /// The flow's own code is wrong.
    Flow,
    /// The policy forbids it, or a budget is spent.
    Policy,
    /// Browser, store, cloud, model, or FlowGuard itself.
    Platform,
}

impl Code {
    /// Who must act on a failure of this kind.
    #[must_use]
    pub const fn blame(self) -> Blame {
        match self {
            Self::AssertionFailed | Self::Timeout | Self::NavigationFailed => Blame::Product,
            Self::AmbiguousLocator
            | Self::InvalidArgument
            | Self::WrongElement
            | Self::FlowError
            | Self::Cancelled => Blame::Flow,
            Self::Denied | Self::OverBudget | Self::NotConfigured => Blame::Policy,
            Self::PageLost | Self::Unavailable | Self::Internal => Blame::Platform,
        }
    }

    /// The code as people and machines read it, for example `assertion-failed`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AssertionFailed => "assertion-failed",
            Self::Timeout => "timeout",
            Self::NavigationFailed => "navigation-failed",
            Self::AmbiguousLocator => "ambiguous-locator",
            Self::InvalidArgument => "invalid-argument",
            Self::WrongElement => "wrong-element",
            Self::FlowError => "flow-error",
            Self::Denied => "denied",
            Self::OverBudget => "over-budget",
            Self::NotConfigured => "not-configured",
            Self::Cancelled => "cancelled",
            Self::PageLost => "page-lost",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }
}

impl Blame {
    /// The blame as people and machines read it, for example `product`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Flow => "flow",
            Self::Policy => "policy",
            Self::Platform => "platform",
        }
    }
}

/// A titled text that explains a failure: `expected`, `received`, `candidates`, `aria`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What the text is.
    pub title: String,
    /// The text, at most [`MAX_EVIDENCE_BYTES`].
    pub text: String,
}

/// What went wrong, where, and what explains it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What kind of failure.
    pub code: Code,
    /// One sentence for a person.
    pub message: String,
    /// What the host tried and saw, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub call_log: Vec<String>,
    /// Whether the same call may succeed if made again.
    pub retryable: bool,
    /// What explains it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// The host call that failed; `None` where the guest made the failure itself.
    pub call: Option<u32>,
}

impl Failure {
    /// A failure with a message; retryable if the platform is to blame.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            call_log: Vec::new(),
            retryable: code.blame() == Blame::Platform,
            evidence: Vec::new(),
            call: None,
        }
    }

    /// Adds a titled text, cut to its limit.
    #[must_use]
    pub fn with_evidence(mut self, title: impl Into<String>, text: impl Into<String>) -> Self {
        let text = cut(text.into(), MAX_EVIDENCE_BYTES);
        self.evidence.push(Evidence {
            title: title.into(),
            text,
        });
        self
    }

    /// The same without what is known to be secret.
    #[must_use]
    pub fn without(mut self, known: &Scrubber) -> Self {
        self.message = known.owned(self.message);
        self.call_log = self.call_log.into_iter().map(|line| known.owned(line)).collect();
        for Evidence { title, text } in &mut self.evidence {
            *title = known.owned(std::mem::take(title));
            *text = known.owned(std::mem::take(text));
        }
        self
    }

    /// Sets the call log.
    #[must_use]
    pub fn with_log(mut self, log: Vec<String>) -> Self {
        self.call_log = log;
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// Cuts a text to at most `limit` bytes, at a character's edge, and says so.
#[must_use]
pub fn cut(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        let mut end = limit;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push('…');
        // What was cut off is not kept either.
        text.shrink_to_fit();
    }
    text
}
