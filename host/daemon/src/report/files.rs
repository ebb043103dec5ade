//! Attached bytes for a page that must carry everything in itself: read once for each digest, within a
//! limit, those of runs that did not pass first. What is missing is said, never guessed.

use bytes::Bytes;
use flowguard_core::artifact::{Artifacts, Attachment, Digest};
use std::collections::HashMap;

use super::Report;
use super::words;

/// Bytes that one page carries at most. Browsers open pages of this size without trouble.
const MAX_BYTES: u64 = 96 << 20;

/// What became of one attachment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum File {
    /// Its bytes.
    Read(Bytes),
    /// Why there are none, for a person.
    Missing(String),
}

/// The attachments of a report, by digest.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files {
    by_digest: HashMap<Digest, File>,
}

impl Files {
    /// Reads what the report refers to.
    pub(crate) async fn read(report: &Report, artifacts: &dyn Artifacts) -> Self {
        Self::read_within(report, artifacts, MAX_BYTES).await
    }

    async fn read_within(report: &Report, artifacts: &dyn Artifacts, limit: u64) -> Self {
        let mut left = limit;
        let mut by_digest = HashMap::new();
        for attachment in report.attachments() {
            let file = read_one(attachment, artifacts, &mut left).await;
            by_digest.insert(attachment.digest.clone(), file);
        }
        Self { by_digest }
    }

    /// What became of the attachment with this digest.
    #[must_use]
    pub(crate) fn get(&self, digest: &Digest) -> Option<&File> {
        self.by_digest.get(digest)
    }
}

async fn read_one(attachment: &Attachment, artifacts: &dyn Artifacts, left: &mut u64) -> File {
    let length = u64::from(attachment.bytes);
    if length > *left {
        let size = words::bytes(length);
        return File::Missing(format!("left out to keep this page small enough to open: {size}"));
    }
    match artifacts.get(&attachment.digest).await {
        Ok(bytes) => {
            *left = left.saturating_sub(bytes.len() as u64);
            File::Read(bytes)
        }
        Err(error) => File::Missing(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures;
    use super::*;

    #[tokio::test]
    async fn failures_keep_their_pictures_when_room_is_short() {
        let (report, artifacts) = fixtures::report();
        let failing = fixtures::picture_of(&report, "pay by card");
        let passing = fixtures::picture_of(&report, "browse the catalogue");
        let limit = u64::from(failing.bytes);
        let files = Files::read_within(&report, &artifacts, limit).await;
        assert!(matches!(files.get(&failing.digest), Some(File::Read(_))));
        let Some(File::Missing(why)) = files.get(&passing.digest) else {
            panic!("the passing run's picture was read although there was no room left");
        };
        assert!(why.starts_with("left out"), "{why}");
    }

    #[tokio::test]
    async fn what_has_expired_is_said() {
        let (report, _) = fixtures::report();
        let files = Files::read(&report, &fixtures::Shelf::default()).await;
        let digest = &fixtures::picture_of(&report, "pay by card").digest;
        let Some(File::Missing(why)) = files.get(digest) else {
            panic!("an artifact was read from an empty store");
        };
        assert!(why.contains("may have expired"), "{why}");
    }
}
