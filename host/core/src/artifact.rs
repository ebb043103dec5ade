//! Big bytes: screenshots and attachments, kept by the digest of their content.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

#[cfg(doc)]
use crate::limits::ARTIFACT_RENEWAL;
use crate::limits::MAX_KEPT_ARTIFACT_BYTES;

/// BLAKE3 of some bytes, as 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// The digest of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(blake3::hash(bytes).to_hex().to_string())
    }

    /// The digest that a text names, if it is one: 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let hexadecimal = text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        hexadecimal.then(|| Self(text.to_owned()))
    }

    /// The 64 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first 12 digits, for people.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Something kept, and what it is called in the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// What people call it; may be empty.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its content.
    pub digest: Digest,
    /// Its length in bytes.
    pub bytes: u32,
}

/// Why an artifact could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// There is none with this digest.
    #[error("no artifact {0}: it may have expired")]
    Missing(Digest),
    /// What is kept is not what was put in.
    #[error("artifact {0} is damaged: its content no longer matches its digest")]
    Damaged(Digest),
    /// It has more bytes than any artifact may have; it was neither written nor read.
    #[error("an artifact may have {MAX_KEPT_ARTIFACT_BYTES} bytes, and this one has {0}")]
    TooLarge(u64),
    /// The place where artifacts are kept is away.
    #[error("the artifact store is unavailable: {0}")]
    Unavailable(String),
}

/// What was removed because nobody had written it for long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// Artifacts.
    pub artifacts: u64,
    /// Their bytes together.
    pub bytes: u64,
}

/// Keeps bytes by their digest, until nobody has written them for long. Writing the same bytes twice is one
/// artifact, renews its age where that is a day or more, and heals a damaged one.
#[async_trait]
pub trait Artifacts: Send + Sync {
    /// Keeps the bytes, at most [`MAX_KEPT_ARTIFACT_BYTES`].
    async fn put(&self, bytes: Bytes) -> Result<Digest, ArtifactError>;

    /// The bytes, checked against their digest.
    async fn get(&self, digest: &Digest) -> Result<Bytes, ArtifactError>;

    /// Removes what was neither written nor renewed since this moment, a time since 1970 as
    /// [`crate::clock::Clock::wall`] tells it. It may be dropped half way: what is left is removed the next time.
    ///
    /// Beside writers: what one of them renews while this goes on stays, where both are of one process. Where they
    /// are of two, it may go in the moment between a last look at its age and its removal; reading it then says that
    /// it is missing, and writing it again brings it back. The moment must lie more than [`ARTIFACT_RENEWAL`] back,
    /// so that what a writer left as it was, because it was young, cannot expire.
    async fn expire(&self, unwritten_since: Duration) -> Result<Expired, ArtifactError>;
}
