//! What goes wrong with Browserbase, told apart by what the caller does differently.

use reqwest::StatusCode;
use std::fmt;

/// Characters of what the service says.
const MAX_SAID: usize = 300;

/// Why a call failed. No key and no connect URL is part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What kind of failure it is.
    pub kind: Kind,
    /// The call: `POST /v1/sessions`.
    pub call: String,
    /// What the service said, or what happened on the way.
    pub message: String,
}

/// Kinds of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The key is none (401).
    Unauthorized,
    /// The plan does not include it, or is used up (402).
    PaymentRequired,
    /// The key may not do this (403).
    Forbidden,
    /// There is no such thing (404).
    NotFound,
    /// It is not the time for it: the session still runs, or does not any more (409).
    Conflict,
    /// It was there and is not any more (410).
    Gone,
    /// Too many sessions at once or in a minute (429).
    RateLimited,
    /// The service does not take what was said (another 4xx).
    Refused,
    /// It is broken at the other end (5xx), or took too long there (408).
    Unavailable,
    /// Nobody was reached; nothing was asked.
    Unreachable,
    /// Nothing came back, or not all of it: what was asked may have been done.
    Lost,
    /// What came back is no answer.
    Malformed,
}

impl Kind {
    /// Whether the same call may go well a little later.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::Conflict | Self::RateLimited | Self::Unavailable | Self::Unreachable | Self::Lost
        )
    }

    /// Whether what was asked may have been done all the same.
    #[must_use]
    pub const fn is_ambiguous(self) -> bool {
        matches!(self, Self::Unavailable | Self::Lost | Self::Malformed)
    }

    /// What a person does about it.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Unauthorized => "check BROWSERBASE_API_KEY",
            Self::PaymentRequired => "look at the plan and its use in Browserbase's dashboard",
            Self::Forbidden => "check that the key belongs to the project BROWSERBASE_PROJECT_ID",
            Self::NotFound => "check the id, and that it is of this project",
            Self::Conflict => "wait until the session has ended, or begin another",
            Self::Gone => "it has ended: begin another session",
            Self::RateLimited => "wait, or ask for fewer sessions at once",
            Self::Refused => "this is a mistake of FlowGuard's or of the configuration of browsers",
            Self::Unavailable | Self::Lost => "try again later: it is a fault of the service",
            Self::Unreachable => "check the network, and BROWSERBASE_BASE_URL where it is set",
            Self::Malformed => "check BROWSERBASE_BASE_URL: another server may be there",
        }
    }

    pub(super) fn of(status: StatusCode) -> Self {
        match status.as_u16() {
            401 => Self::Unauthorized,
            402 => Self::PaymentRequired,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            408 => Self::Unavailable,
            409 => Self::Conflict,
            410 => Self::Gone,
            429 => Self::RateLimited,
            500.. => Self::Unavailable,
            _ => Self::Refused,
        }
    }
}

impl Error {
    pub(crate) fn new(kind: Kind, call: &str, message: &str) -> Self {
        let plain = message.chars().filter(|c| !c.is_control()).take(MAX_SAID);
        Self {
            kind,
            call: call.to_owned(),
            message: plain.collect(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, call, message } = self;
        write!(f, "Browserbase, {call}: {message}: {}", kind.advice())
    }
}

impl std::error::Error for Error {}
