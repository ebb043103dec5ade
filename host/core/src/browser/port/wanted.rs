//! Where a run wants its browser, and how a browser in a cloud is to be set up.

use serde::{Deserialize, Serialize};

use crate::storage::TenantId;

/// What a run wants of its browser, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Whose run it is. No browser is shared with another's.
    pub tenant: TenantId,
    /// Its flow, for who reads the log.
    pub flow: String,
    /// Where the browser is to be.
    pub place: Place,
    /// How it is to be set up, in a cloud.
    pub cloud: CloudOptions,
    /// Origins that a browser in a cloud reaches through this machine: `http://localhost:3000`.
    pub tunnel: Vec<String>,
}

impl Default for Wanted {
    /// A browser of this machine, for nobody in particular.
    fn default() -> Self {
        Self {
            tenant: TenantId::local(),
            flow: String::new(),
            place: Place::Local,
            cloud: CloudOptions::default(),
            tunnel: Vec::new(),
        }
    }
}

/// Where a browser is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// On this machine.
    #[default]
    Local,
    /// In a cloud.
    Cloud,
}

/// How a browser in a cloud is to be set up. What is not said is the cloud's own choice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CloudOptions {
    /// Where it runs.
    pub region: Option<String>,
    /// Whether its traffic goes through the cloud's proxies.
    pub proxies: bool,
    /// Whether sites are to take it for a person's.
    pub verified: bool,
    /// What it begins with.
    pub context: Option<KeptContext>,
    /// The size of its window, in CSS pixels.
    pub window: Option<(u32, u32)>,
    /// Whether the cloud records it.
    pub recording: Option<bool>,
    /// Whether the run may type secrets: then the cloud is to keep nothing of what is said to the browser, and records it only
    /// where that was asked for.
    pub types_secrets: bool,
}

impl CloudOptions {
    /// Whether the cloud is to record it; none where that is the cloud's own choice.
    #[must_use]
    pub fn records(&self) -> Option<bool> {
        self.recording.or(self.types_secrets.then_some(false))
    }

    /// Whether a browser of this machine can stand in for it.
    #[must_use]
    pub const fn is_local_as_good(&self) -> bool {
        self.region.is_none() && !self.proxies && !self.verified && self.context.is_none()
    }

    /// Whether such a browser can be made as new after a run, for another. What it began with would be wiped away with the
    /// rest.
    #[must_use]
    pub const fn is_for_many(&self) -> bool {
        self.context.is_none()
    }
}

/// Cookies and storage that a cloud keeps from one session to the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptContext {
    /// Its id in the cloud.
    pub id: String,
    /// Whether what the run leaves is kept.
    #[serde(default)]
    pub persist: bool,
}

/// What a run has used of a cloud.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloudUse {
    /// The session's id.
    pub session: String,
    /// Where it ran.
    pub region: Option<String>,
    /// Where its recording is looked at.
    pub recording: Option<String>,
    /// Whether another run had used it before.
    pub is_reused: bool,
    /// What the time of this run costs, in millionths of a dollar.
    pub cost_microdollars: u64,
    /// What it would have cost in a session of its own.
    pub alone_microdollars: u64,
}
