//! The configuration of a program that goes on: read at its start, and again when the file was changed. A good edit is
//! swapped in whole; a bad one changes nothing but what is told of it. Watching begins before the file is looked at
//! again, so no edit falls between.

use arc_swap::{ArcSwap, ArcSwapOption};
use notify::event::{EventKind, ModifyKind};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc;

use super::key::Effect;
use super::mistake::Mistakes;
use super::read::{Loaded, Shown};
use super::{Config, Environment, Precedence, Request};
use flowguard_core::secrets::SecretSet;

/// An edit is read when nothing more has come for so long: editors write a file in several steps.
const QUIET: Duration = Duration::from_millis(100);
/// And at the latest then, in a folder that never rests.
const LATEST: Duration = Duration::from_secs(1);

/// A configuration that may be replaced while it is used.
pub(crate) struct Configuration {
    request: Request,
    /// What the program was built from.
    first: Arc<Loaded>,
    now: ArcSwap<Loaded>,
    refused: ArcSwapOption<Refused>,
}

/// An edit that was not taken.
struct Refused {
    at: SystemTime,
    mistakes: Mistakes,
}

/// What became of an edit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Edit {
    /// It says what was said before.
    Nothing,
    /// It counts from now on.
    Taken(Vec<Change>),
    /// It is wrong; what counted before still does.
    Refused(Mistakes),
}

/// A key whose value is another one. Its value is not told: it may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) path: String,
    pub(crate) effect: Effect,
}

impl Configuration {
    /// Reads it for the first time.
    pub(crate) fn load(request: Request) -> Result<Self, Mistakes> {
        let first = Arc::new(request.load()?);
        Ok(Self {
            request,
            now: ArcSwap::new(first.clone()),
            first,
            refused: ArcSwapOption::empty(),
        })
    }

    /// The same, read again with these secrets.
    pub(crate) fn with_secrets(&self, set: &SecretSet, precedence: Precedence) -> Result<Self, Mistakes> {
        let mut request = self.request.clone();
        request.put(set, precedence);
        Self::load(request)
    }

    /// The folder of its file, where there is one or may come to be one.
    pub(crate) fn folder(&self) -> PathBuf {
        folder_of(&self.request.file().0)
    }

    /// The environment that it is read from.
    pub(crate) fn environment(&self) -> &Environment {
        &self.request.environment
    }

    /// What counts now. Whoever does several things by it asks once.
    pub(crate) fn now(&self) -> Arc<Loaded> {
        self.now.load_full()
    }

    /// What the program was built from; keys that need a restart are taken from here.
    pub(crate) fn first(&self) -> &Config {
        &self.first.config
    }

    /// Reads it again.
    pub(crate) fn reload(&self) -> Edit {
        match self.read_again() {
            Ok(loaded) => self.take(loaded),
            Err(mistakes) => self.refuse(mistakes),
        }
    }

    /// A file that was there and is gone may be on its way back: what it said stays.
    fn read_again(&self) -> Result<Loaded, Mistakes> {
        let loaded = self.request.load()?;
        if let (Some(file), None) = (&self.now().file, &loaded.file) {
            return Err(Mistakes::of_file(
                &file.path.display().to_string(),
                "the file is gone",
            ));
        }
        Ok(loaded)
    }

    fn take(&self, loaded: Loaded) -> Edit {
        let was_refused = self.refused.swap(None).is_some();
        let before = self.now();
        if loaded.file == before.file && !was_refused {
            return Edit::Nothing;
        }
        let changes = changes(&before, &loaded);
        self.now.store(Arc::new(loaded));
        Edit::Taken(changes)
    }

    fn refuse(&self, mistakes: Mistakes) -> Edit {
        let is_known = |refused: &Refused| refused.mistakes == mistakes;
        if self.refused.load().as_deref().is_some_and(is_known) {
            return Edit::Nothing;
        }
        self.refused.store(Some(Arc::new(Refused {
            at: SystemTime::now(),
            mistakes: mistakes.clone(),
        })));
        Edit::Refused(mistakes)
    }

    /// The keys whose new values wait for a restart.
    pub(crate) fn waiting(&self) -> Vec<String> {
        let waits = |change: &Change| change.effect == Effect::Restart;
        let changes = changes(&self.first, &self.now());
        changes
            .into_iter()
            .filter(waits)
            .map(|change| change.path)
            .collect()
    }

    /// How it stands, for `GET /v1/status`.
    pub(crate) fn status(&self) -> Value {
        let now = self.now();
        let refused = self.refused.load_full();
        json!({
            "file": now.file.as_ref().map(|file| file.path.display().to_string()),
            "profile": now.config.top.profile.as_str(),
            "loaded_at_ms": since_epoch(now.at),
            "needs_restart": self.waiting(),
            "refused": refused.map(|refused| json!({
                "at_ms": since_epoch(refused.at),
                "mistakes": refused.mistakes.iter().map(ToString::to_string).collect::<Vec<_>>(),
            })),
        })
    }

    /// Takes edits in from now on, and tells each; ends with the returned watch.
    pub(crate) fn watch(
        self: &Arc<Self>,
        told: impl Fn(Edit) + Send + Sync + 'static,
    ) -> Result<Watch, String> {
        let (tell, mut changed) = mpsc::channel(1);
        let watcher = watcher(&self.request.file().0, tell.clone())?;
        // What was written since the file was read first.
        let _ = tell.try_send(());
        let configuration = self.clone();
        let told = Arc::new(told);
        let task = tokio::spawn(async move {
            while changed.recv().await.is_some() {
                quiet(&mut changed).await;
                let (configuration, told) = (configuration.clone(), told.clone());
                // Reading a file may wait for a disk.
                let read = tokio::task::spawn_blocking(move || told(configuration.reload()));
                if let Err(error) = read.await {
                    tracing::error!(%error, "the configuration was not read again");
                }
            }
        });
        Ok(Watch {
            _watcher: watcher,
            task,
        })
    }
}

/// Hears of edits for as long as it lives.
pub(crate) struct Watch {
    _watcher: RecommendedWatcher,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Waits until nothing more comes.
async fn quiet(changed: &mut mpsc::Receiver<()>) {
    let more = async { while let Ok(Some(())) = tokio::time::timeout(QUIET, changed.recv()).await {} };
    let _ = tokio::time::timeout(LATEST, more).await;
}

/// Watches the folders in which the file is and really is: it may be made later, replaced by another, or be a link.
fn watcher(file: &Path, tell: mpsc::Sender<()>) -> Result<RecommendedWatcher, String> {
    let cannot = |error: notify::Error| format!("changes of {} are not heard of: {error}", file.display());
    let handler = move |event: notify::Result<Event>| {
        let is_reading = |event: &Event| {
            matches!(
                event.kind,
                EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(_))
            )
        };
        if event.as_ref().is_ok_and(is_reading) {
            return;
        }
        // One that waits already stands for all.
        let _ = tell.try_send(());
    };
    let mut watcher = notify::recommended_watcher(handler).map_err(cannot)?;
    let mut folders = vec![folder_of(file)];
    if let Ok(real) = std::fs::canonicalize(file)
        && std::fs::symlink_metadata(file).is_ok_and(|data| data.is_symlink())
    {
        folders.push(folder_of(&real));
    }
    for folder in folders {
        watcher
            .watch(&folder, RecursiveMode::NonRecursive)
            .map_err(cannot)?;
    }
    Ok(watcher)
}

fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// The keys that differ, by their names.
fn changes(before: &Loaded, after: &Loaded) -> Vec<Change> {
    let by_path = |loaded: &'_ Loaded| -> BTreeMap<String, Shown> {
        let each = loaded.shown.iter();
        each.map(|shown| (shown.path.clone(), shown.clone())).collect()
    };
    let (before, after) = (by_path(before), by_path(after));
    let differs = |path: &&String| match (before.get(*path), after.get(*path)) {
        (Some(before), Some(after)) => before.exact != after.exact,
        _ => true,
    };
    let mut paths: Vec<&String> = before.keys().chain(after.keys()).collect();
    paths.sort();
    paths.dedup();
    let change = |path: &String| {
        let shown = after.get(path).or_else(|| before.get(path))?;
        Some(Change {
            path: path.clone(),
            effect: shown.key.effect,
        })
    };
    paths.into_iter().filter(differs).filter_map(change).collect()
}

fn since_epoch(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// What an edit came to, in one line for the server's log; nothing where nothing came of it.
pub(crate) fn told(edit: &Edit) -> Option<String> {
    match edit {
        Edit::Nothing => None,
        Edit::Refused(mistakes) => Some(format!(
            "the edited configuration is wrong, the last good one stays: {mistakes}"
        )),
        Edit::Taken(changes) if changes.is_empty() => {
            Some("the configuration was read again: no value has changed".to_owned())
        }
        Edit::Taken(changes) => {
            let of = |waits: bool| {
                let some = changes
                    .iter()
                    .filter(|change| (change.effect == Effect::Restart) == waits);
                some.map(|change| change.path.as_str())
                    .collect::<Vec<_>>()
                    .join(", ")
            };
            let mut parts = Vec::new();
            for (keys, what) in [(of(false), "changed"), (of(true), "changed, and need a restart")] {
                if !keys.is_empty() {
                    parts.push(format!("{what}: {keys}"));
                }
            }
            Some(format!("the configuration was read again; {}", parts.join("; ")))
        }
    }
}
