//! The storage capability: values that outlive a run, and the results of runs.
//!
//! A back end implements [`store::Store`], documents in collections, and nothing else; what a collection means is written
//! once, above it: [`Buckets`], [`Runs`], [`VisionCache`]. What is kept of persons passes the [`vault`].
//!
//! Isolation is by type: every call names its [`TenantId`], and a bucket is named by [`BucketId`], which holds its owner;
//! there is no way to ask for a bucket by name alone.

mod access;
mod audit;
mod buckets;
pub mod calls;
mod cloud_recordings;
mod cloud_sessions;
pub mod collections;
mod components;
mod counter;
pub mod portable;
mod results;
mod room;
mod runs;
pub mod store;
pub mod vault;
mod vision_cache;

use serde::{Deserialize, Serialize};

use crate::failure::{Code, Failure};
use crate::label::is_label;

pub use access::Storage;
pub use audit::{Audit, AuditEntry};
pub use buckets::{BucketId, BucketLimits, Buckets};
pub use cloud_recordings::{CloudRecordings, KeptRecording};
pub use cloud_sessions::{CloudSessions, NotedSession};
pub use components::{Components, RegisteredComponent};
pub use counter::COUNTER_RANGE;
pub use runs::{Retention, Runs};
pub use vision_cache::{CachedJudgement, JudgementKey, VisionCache};

/// Whose data it is. One machine's own flows belong to `local`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TenantId(String);

impl TenantId {
    /// The tenant of one's own machine.
    #[must_use]
    pub fn local() -> Self {
        Self("local".to_owned())
    }

    /// The tenant that a text names, if it can be one: 1 to 63 of `a-z`, `0-9` and `-`, not beginning with `-`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        is_label(text).then(|| Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The bucket is full.
    #[error("the bucket is full: {0}")]
    Full(String),
    /// The value is no counter, or would leave its range.
    #[error("not a counter: {0}")]
    NotACounter(String),
    /// It is larger than a store takes.
    #[error("too large to be kept: {0}")]
    TooLarge(String),
    /// The store is away, or does not answer: it may be tried again.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// What is kept is not what was written.
    #[error("what the store holds is damaged: {0}")]
    Damaged(String),
    /// The key that it was encrypted with was deleted.
    #[error("{what} cannot be read any more: the tenant was erased, its key is deleted")]
    Erased {
        /// What was read.
        what: String,
    },
    /// The store's keys were encrypted with another master key.
    #[error(
        "the store's keys were encrypted with the master key {wanted}, the one that is given is {given}: give that one as \
         FLOWGUARD_MASTER_KEY, or as FLOWGUARD_MASTER_KEY_FORMER beside the new one"
    )]
    WrongMasterKey {
        /// The name of the master key that is needed.
        wanted: String,
        /// The name of the one that is given.
        given: String,
    },
    /// The document is of a newer version than this program.
    #[error(
        "{what} was written by a newer FlowGuard (schema {found}, this one reads {known}): upgrade this one"
    )]
    Newer {
        /// What was read.
        what: String,
        /// Its version.
        found: u32,
        /// The newest that is known.
        known: u32,
    },
}

impl StorageError {
    /// Whether the same call may be answered later.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        let code = match error {
            StorageError::Full(_) | StorageError::TooLarge(_) => Code::OverBudget,
            StorageError::NotACounter(_) => Code::InvalidArgument,
            StorageError::Unavailable(_)
            | StorageError::Damaged(_)
            | StorageError::Erased { .. }
            | StorageError::WrongMasterKey { .. }
            | StorageError::Newer { .. } => Code::Unavailable,
        };
        Self::new(code, error.to_string())
    }
}
