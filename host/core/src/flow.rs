//! What a component says of itself: its flows, and what it asks for.

use serde::{Deserialize, Serialize};
use std::time::Duration;

use crate::limits::{DEFAULT_RUN_TIMEOUT, MAX_RUN_TIMEOUT};

/// A flow: a user's journey with its checks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// Unique in its component.
    pub name: String,
    /// What the user wants to get done; may be empty.
    pub intent: String,
    /// Where it begins; may be empty.
    pub url: String,
    /// Whether the business stops when it fails.
    pub critical: bool,
    /// For choosing flows.
    pub tags: Vec<String>,
    /// How long a run may take; `None` for the host's default.
    pub timeout_ms: Option<u32>,
}

impl Flow {
    /// How long a run may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout_ms
            .map_or(DEFAULT_RUN_TIMEOUT, |ms| Duration::from_millis(ms.max(1).into()))
            .min(MAX_RUN_TIMEOUT)
    }
}

/// What a component asks for. What it gets is the intersection with the host's policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Needs {
    /// Hosts that pages may be opened on: `shop.example`, `*.example`.
    pub hosts: Vec<String>,
    /// Storage buckets.
    pub buckets: Vec<String>,
    /// Custom assertions.
    pub plugins: Vec<String>,
}

/// What a flow component holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// The component's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its flows.
    pub flows: Vec<Flow>,
    /// What it asks for.
    pub needs: Needs,
}

/// What a custom assertion is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssertionDescription {
    /// The name that flows call it by.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it checks.
    pub summary: String,
    /// JSON Schema of its parameters.
    pub params_schema: String,
    /// Whether it may fetch addresses beyond the page's own host.
    pub external_hosts: bool,
}

/// The text of a file that a component interprets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The file's name, for messages.
    pub name: String,
    /// Its text.
    pub text: String,
}
