//! A folder of artifacts: made at the first writing, for its owner only. No link in it is followed: neither read
//! nor written through, nor swept.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use flowguard_core::artifact::Digest;
use flowguard_core::limits::ARTIFACT_RENEWAL;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;

use super::super::folder;
use super::place::shard_and_rest;

/// Where earlier releases wrote files before they renamed them.
const INCOMING: &str = "incoming";
/// A file that is being written has the name of the artifact, this, and a number.
const UNFINISHED: char = '#';

#[derive(Clone)]
pub(super) struct Folder {
    root: Arc<Path>,
    opened: Arc<OnceLock<Arc<dyn ObjectStore>>>,
}

impl Folder {
    pub(super) fn new(root: PathBuf) -> Self {
        Self {
            root: root.into(),
            opened: Arc::default(),
        }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn path_of(&self, digest: &Digest) -> PathBuf {
        let (shard, rest) = shard_and_rest(digest);
        self.root.join(shard).join(rest)
    }

    /// None where the folder is not there yet.
    pub(super) fn store(&self) -> Option<Arc<dyn ObjectStore>> {
        if let Some(store) = self.opened.get() {
            return Some(store.clone());
        }
        let store = LocalFileSystem::new_with_prefix(&self.root).ok()?;
        Some(self.opened.get_or_init(|| Arc::new(store)).clone())
    }

    pub(super) async fn store_for_writing(&self, shard: &str) -> io::Result<Arc<dyn ObjectStore>> {
        let (this, shard) = (self.clone(), self.root.join(shard));
        blocking(move || {
            folder::make(&shard)?;
            this.store()
                .ok_or_else(|| io::Error::other("the folder cannot be entered"))
        })
        .await
    }

    pub(super) async fn is_plain(&self, digest: &Digest) -> io::Result<bool> {
        let path = self.path_of(digest);
        blocking(move || {
            let shard = path.parent().unwrap_or(&path);
            if about(shard)?.is_some_and(|about| about.is_symlink()) {
                let leads_away = format!("{} is a link, and links are not followed here", shard.display());
                return Err(io::Error::other(leads_away));
            }
            Ok(about(&path)?.is_none_or(|about| about.is_file()))
        })
        .await
    }

    /// Whether there is a shard with artifacts in it.
    pub(super) fn has_shard(&self, shard: &str) -> bool {
        matches!(about(&self.root.join(shard)), Ok(Some(about)) if about.is_dir())
    }

    /// Removes what writers that were killed have left in a shard.
    pub(super) fn remove_unfinished(&self, shard: &str) {
        let is_unfinished = |name: &str| {
            let parts = name.split_once(UNFINISHED);
            let artifact = parts.and_then(|(rest, _)| Digest::parse(&format!("{shard}{rest}")));
            artifact.is_some()
        };
        remove_old_files(&self.root.join(shard), is_unfinished);
    }

    /// Removes what writers of earlier releases that were killed have left.
    pub(super) fn remove_incoming(&self) {
        let incoming = self.root.join(INCOMING);
        if about(&incoming).is_ok_and(|about| about.is_some_and(|about| about.is_dir())) {
            remove_old_files(&incoming, |_| true);
            // It goes where it is empty.
            let _ = fs::remove_dir(&incoming);
        }
    }
}

/// Runs file work off the async threads. It runs to its end even if nobody waits for it any more.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(io::Error::other(format!("the file work was abandoned: {error}"))))
}

/// What is there itself, not what it leads to.
fn about(path: &Path) -> io::Result<Option<Metadata>> {
    match fs::symlink_metadata(path) {
        Ok(about) => Ok(Some(about)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Removes plain files with such names that nobody has written for a day. What cannot be removed stays.
fn remove_old_files(folder: &Path, is_meant: impl Fn(&str) -> bool) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_meant = entry.file_name().to_str().is_some_and(&is_meant);
        let is_old = || {
            entry
                .metadata()
                .is_ok_and(|about| about.is_file() && age(&about) >= ARTIFACT_RENEWAL)
        };
        if is_meant && is_old() {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn age(about: &Metadata) -> Duration {
    let written = about.modified().unwrap_or_else(|_| SystemTime::now());
    written.elapsed().unwrap_or_default()
}
