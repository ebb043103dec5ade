//! Artifacts in a folder: each in the file that its digest names, `ab/cdef…`.
//!
//! Bytes are written to a file of their own beside the artifacts and renamed, so that a reader sees a whole
//! artifact or none, and writers of the same bytes do not disturb each other. Nothing is forced to the disk:
//! a killed host loses nothing that was acknowledged, a power cut may lose the last seconds' artifacts. A
//! loss is seen, because every reading is checked against the digest, and writing the bytes again heals it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use flowguard_core::artifact::{ArtifactError, Artifacts, Digest};

use super::folder;

/// Where files are written before they are renamed; what a killed host left here may be deleted.
const INCOMING: &str = "incoming";

/// A folder of artifacts. Several processes may share it.
#[derive(Clone, Debug)]
pub struct ArtifactFolder {
    root: Arc<Path>,
}

impl ArtifactFolder {
    /// The artifacts in this folder, which is made at the first writing.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into().into(),
        }
    }

    /// The file that holds an artifact, for reports that link to it. It cannot lie outside the folder: a
    /// digest is 64 hexadecimal digits.
    #[must_use]
    pub fn path_of(&self, digest: &Digest) -> PathBuf {
        let (shard, rest) = digest.as_str().split_at(2);
        self.root.join(shard).join(rest)
    }

    fn write(&self, bytes: &[u8]) -> Result<Digest, ArtifactError> {
        let digest = Digest::of(bytes);
        let path = self.path_of(&digest);
        if holds(&path, bytes) {
            return Ok(digest);
        }
        self.write_new(&path, bytes)
            .map_err(|error| unavailable("written", &self.root, &error))?;
        Ok(digest)
    }

    fn write_new(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let incoming = self.root.join(INCOMING);
        folder::make(&incoming)?;
        if let Some(shard) = path.parent() {
            folder::make(shard)?;
        }
        let mut file = tempfile::NamedTempFile::new_in(&incoming)?;
        file.write_all(bytes)?;
        file.persist(path)?;
        Ok(())
    }

    fn read(&self, digest: &Digest) -> Result<Bytes, ArtifactError> {
        match fs::read(self.path_of(digest)) {
            Ok(bytes) if Digest::of(&bytes) == *digest => Ok(bytes.into()),
            Ok(_) => Err(ArtifactError::Damaged(digest.clone())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(ArtifactError::Missing(digest.clone()))
            }
            Err(error) => Err(unavailable("read", &self.root, &error)),
        }
    }
}

#[async_trait]
impl Artifacts for ArtifactFolder {
    async fn put(&self, bytes: Bytes) -> Result<Digest, ArtifactError> {
        let folder = self.clone();
        blocking(move || folder.write(&bytes)).await
    }

    async fn get(&self, digest: &Digest) -> Result<Bytes, ArtifactError> {
        let (folder, digest) = (self.clone(), digest.clone());
        blocking(move || folder.read(&digest)).await
    }
}

/// Runs file work off the async threads. It runs to its end even if nobody waits for it any more.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ArtifactError> + Send + 'static,
) -> Result<T, ArtifactError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(ArtifactError::Unavailable(format!(
            "the file work was abandoned, the host is shutting down: {error}"
        ))),
    }
}

/// Whether the file holds exactly these bytes. A damaged one does not, and is then written again.
fn holds(path: &Path, bytes: &[u8]) -> bool {
    let same_length = fs::metadata(path).is_ok_and(|file| file.len() == bytes.len() as u64);
    same_length && fs::read(path).is_ok_and(|kept| kept == bytes)
}

fn unavailable(what: &str, root: &Path, error: &io::Error) -> ArtifactError {
    let advice = if folder::is_out_of_space(error) {
        "the disk is full, free some space or name another folder"
    } else {
        "check that the folder is there and may be read and written"
    };
    ArtifactError::Unavailable(format!(
        "an artifact could not be {what}: {error}: {advice}: {}",
        root.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `/dev/full` refuses every write as a full disk does.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_told() {
        let mut full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let error = full.write_all(b"screenshot").unwrap_err();
        let told = unavailable("written", Path::new("/artifacts"), &error).to_string();
        assert!(
            told.contains("the disk is full, free some space or name another folder: /artifacts"),
            "{told}"
        );
    }
}
