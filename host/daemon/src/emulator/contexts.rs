//! Contexts: what a browser's profile holds, kept from session to session for as long as the emulator is there.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::sync::OwnedMutexGuard;

use super::lock;

/// A profile that was kept; none before a session has kept one. Whoever holds it keeps others from reading it.
pub(super) type Profile = Arc<tokio::sync::Mutex<Option<TempDir>>>;

struct Context {
    name: Option<String>,
    profile: Profile,
}

/// All of them, by id.
#[derive(Default)]
pub(super) struct Contexts(Mutex<HashMap<String, Context>>);

impl Contexts {
    /// Makes an empty one; false where another has its name, in whichever case.
    pub(super) fn create(&self, id: &str, name: Option<String>) -> bool {
        let mut all = lock(&self.0);
        let same = |other: &str| {
            name.as_ref()
                .is_some_and(|name| name.to_lowercase() == other.to_lowercase())
        };
        if all
            .values()
            .filter_map(|context| context.name.as_deref())
            .any(same)
        {
            return false;
        }
        let profile = Profile::default();
        all.insert(id.to_owned(), Context { name, profile });
        true
    }

    /// Its name, if it has one; none where there is no such context.
    pub(super) fn name(&self, id: &str) -> Option<Option<String>> {
        lock(&self.0).get(id).map(|context| context.name.clone())
    }

    /// What it has kept; none where there is no such context.
    pub(super) fn profile(&self, id: &str) -> Option<Profile> {
        lock(&self.0).get(id).map(|context| context.profile.clone())
    }

    /// Removes one; whether there was one.
    pub(super) fn delete(&self, id: &str) -> bool {
        lock(&self.0).remove(id).is_some()
    }
}

/// The profile of a session that began with a context.
pub(super) struct Begun {
    own: TempDir,
    /// Where it is kept at the end, if it is.
    kept: Option<Profile>,
}

/// A context's profile as a session leaves it, which nobody reads before that has ended.
pub(super) struct Ending {
    own: TempDir,
    kept: OwnedMutexGuard<Option<TempDir>>,
}

impl Begun {
    /// A profile of a session's own, with what the context has kept.
    pub(super) async fn with(profile: Profile, persists: bool) -> Result<Self, String> {
        let text = |error: io::Error| error.to_string();
        let own = tempfile::Builder::new().prefix("flowguard-profile-").tempdir();
        let own = own.map_err(text)?;
        if let Some(kept) = &*profile.lock().await {
            let (from, to) = (kept.path().to_owned(), own.path().to_owned());
            let copied = tokio::task::spawn_blocking(move || copy(&from, &to));
            copied.await.map_err(|error| error.to_string())?.map_err(text)?;
        }
        Ok(Self {
            own,
            kept: persists.then_some(profile),
        })
    }

    pub(super) fn path(&self) -> &Path {
        self.own.path()
    }

    /// Before the session is said to have ended: who begins with the context from now on waits for what it leaves.
    pub(super) async fn ends(self) -> Option<Ending> {
        let kept = self.kept?.lock_owned().await;
        Some(Ending { own: self.own, kept })
    }
}

impl Ending {
    /// The session's browser has ended, and has written what it had to.
    pub(super) fn keep(mut self) {
        *self.kept = Some(self.own);
    }
}

/// Copies files and folders, and no links: they are the locks of a browser that runs.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, to) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            fs::create_dir(&to)?;
            copy(&entry.path(), &to)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}
