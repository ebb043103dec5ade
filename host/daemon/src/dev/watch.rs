//! Changes of sources, as the operating system tells of them. Folders that hold no sources are not watched, so that
//! what a build writes is not heard of.

use notify::event::{EventKind, ModifyKind};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::mpsc;

use crate::discover::is_skipped;

/// Changes that wait to be looked at; what comes beyond is one change of everything.
const MAX_WAITING: usize = 1_024;

/// Something was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// This file.
    File(PathBuf, Instant),
    /// The operating system lost count: anything may have changed.
    Unknown(Instant),
}

/// A watch over folders, for as long as it lives.
pub(super) struct Watch {
    changes: mpsc::Receiver<Change>,
    _watcher: Arc<Mutex<RecommendedWatcher>>,
}

impl Watch {
    /// Begins to watch these folders with all that is in them.
    pub(super) fn begin(folders: &[PathBuf]) -> Result<Self, String> {
        let (tell, changes) = mpsc::channel(MAX_WAITING);
        let watched: Arc<Mutex<BTreeSet<PathBuf>>> = Arc::default();
        // The handler needs the watcher, for folders that come later.
        let (later, mut coming) = mpsc::unbounded_channel::<PathBuf>();
        let handler = move |event: notify::Result<Event>| {
            let now = Instant::now();
            match event {
                Ok(event) => told(&event, now, &tell, &later),
                Err(error) => {
                    tracing::warn!(%error, "changes of sources may have been missed");
                    let _ = tell.try_send(Change::Unknown(now));
                }
            }
        };
        let watcher = notify::recommended_watcher(handler).map_err(|error| cannot(&error))?;
        let watcher = Arc::new(Mutex::new(watcher));
        for folder in folders {
            add(&watcher, &watched, folder).map_err(|error| cannot(&error))?;
        }
        let weak = Arc::downgrade(&watcher);
        tokio::spawn(async move {
            while let Some(folder) = coming.recv().await {
                let Some(watcher) = weak.upgrade() else {
                    return;
                };
                if let Err(error) = add(&watcher, &watched, &folder) {
                    tracing::warn!(%error, folder = %folder.display(), "a new folder is not watched");
                }
            }
        });
        Ok(Self {
            changes,
            _watcher: watcher,
        })
    }

    /// The next change; ends with the watch.
    pub(super) async fn next(&mut self) -> Option<Change> {
        self.changes.recv().await
    }
}

fn told(event: &Event, now: Instant, tell: &mpsc::Sender<Change>, later: &mpsc::UnboundedSender<PathBuf>) {
    if event.need_rescan() {
        let _ = tell.try_send(Change::Unknown(now));
        return;
    }
    // Reading is no change, nor is a new date alone.
    let is_change = !matches!(
        event.kind,
        EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(_))
    );
    for path in event.paths.iter().filter(|_| is_change) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if is_skipped(&name) || is_of_an_editor(&name) {
            continue;
        }
        if path.is_dir() {
            let _ = later.send(path.clone());
        }
        // A full channel is looked at as a whole anyway.
        let _ = tell.try_send(Change::File(path.clone(), now));
    }
}

/// Copies and locks that editors keep beside a file.
fn is_of_an_editor(name: &str) -> bool {
    name.ends_with('~') || name.ends_with(".swp") || name.ends_with(".swx") || name == "4913"
}

/// Watches a folder and those in it, each by itself.
fn add(
    watcher: &Mutex<RecommendedWatcher>,
    watched: &Mutex<BTreeSet<PathBuf>>,
    folder: &Path,
) -> notify::Result<()> {
    let is_new = watched
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(folder.to_owned());
    if is_new {
        watcher
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .watch(folder, RecursiveMode::NonRecursive)?;
    }
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let name = entry.file_name();
        if is_folder && !is_skipped(&name.to_string_lossy()) {
            add(watcher, watched, &entry.path())?;
        }
    }
    Ok(())
}

fn cannot(error: &notify::Error) -> String {
    let advice = match error.kind {
        notify::ErrorKind::MaxFilesWatch => {
            "; raise the system's limit (on Linux fs.inotify.max_user_watches), or name a smaller folder"
        }
        _ => "",
    };
    format!("the sources cannot be watched: {error}{advice}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    async fn changed(watch: &mut Watch, file: &Path) {
        let is_it = |change: &Change| matches!(change, Change::File(path, _) if path == file);
        let waited = async {
            loop {
                match watch.next().await {
                    Some(change) if is_it(&change) => return,
                    Some(_) => {}
                    None => panic!("the watch ended"),
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(10), waited)
            .await
            .expect("it is told");
    }

    #[tokio::test]
    async fn files_of_folders_that_come_later_are_told_too_and_those_of_builds_are_not() {
        let folder = tempfile::tempdir().expect("folder");
        let root = std::fs::canonicalize(folder.path()).expect("it exists");
        std::fs::create_dir(root.join("target")).expect("folder");
        let mut watch = Watch::begin(std::slice::from_ref(&root)).expect("a watch");
        std::fs::write(root.join("target/x.rs"), "").expect("file");
        std::fs::write(root.join("a.rs~"), "").expect("file");
        std::fs::write(root.join("a.rs"), "").expect("file");
        match watch.next().await {
            Some(Change::File(path, _)) => assert_eq!(path, root.join("a.rs")),
            other => panic!("{other:?}"),
        }
        std::fs::create_dir(root.join("later")).expect("folder");
        changed(&mut watch, &root.join("later")).await;
        // The new folder is watched by now or a moment later; what is written until then is seen by looking.
        let file = root.join("later/b.rs");
        let writes = async {
            loop {
                std::fs::write(&file, "").expect("file");
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            () = writes => {}
            () = changed(&mut watch, &file) => {}
        }
    }

    #[test]
    fn an_overflow_is_a_change_of_everything() {
        let (tell, mut changes) = mpsc::channel(1);
        let (later, _keep) = mpsc::unbounded_channel();
        let overflow = Event::new(EventKind::Other).set_flag(notify::event::Flag::Rescan);
        let now = Instant::now();
        told(&overflow, now, &tell, &later);
        assert_eq!(changes.try_recv().ok(), Some(Change::Unknown(now)));
    }
}
