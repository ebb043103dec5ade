//! What has expired goes: documents of the store, artifacts, cassettes and reports. A server does it at its start and then
//! daily, `flowguard run` at its end where nobody has for a day. What cannot be removed is told and waits for the next
//! time; no run suffers from it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::app::App;
use crate::config::{Config, Configuration};
use crate::storage::recordings_are_kept;
use flowguard_core::artifact::Artifacts;
use flowguard_core::limits::{ARTIFACT_RENEWAL, MAX_SWEEP_AFTER_RUN, SWEEP_INTERVAL};

/// Its age is the time since the last sweep that was done.
const MARK: &str = "swept";
/// Folders of the data folder with a folder or a file for each run.
const OF_RUNS: [&str; 2] = ["cassettes", "reports"];

/// What went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Swept {
    pub(crate) documents: u64,
    pub(crate) artifacts: u64,
    pub(crate) recordings: u64,
}

/// Removes what has expired.
pub(crate) async fn sweep(app: &App, config: &Config) -> Swept {
    let now = app.clock.wall();
    let kept = recordings_are_kept(config, &app.tenant);
    let mut swept = Swept::default();
    match app
        .storage
        .store
        .sweep(u64::try_from(now.as_millis()).unwrap_or(u64::MAX))
        .await
    {
        Ok(documents) => swept.documents = documents,
        Err(error) => tracing::warn!(%error, "what has expired stays in the store for now"),
    }
    renew_components(app).await;
    // A young artifact that is put again is not renewed, so it may be as much older than it was wanted last.
    match app
        .artifacts
        .expire(now.saturating_sub(kept + ARTIFACT_RENEWAL))
        .await
    {
        Ok(expired) => swept.artifacts = expired.artifacts,
        Err(error) => tracing::warn!(%error, "artifacts that have expired stay for now"),
    }
    let data = app.data_folder();
    let removed = tokio::task::spawn_blocking(move || {
        let removed = OF_RUNS
            .iter()
            .map(|name| remove_old(&data.join(name), kept))
            .sum();
        if let Err(error) = fs::write(data.join(MARK), "") {
            tracing::warn!(%error, "it is not noted that what has expired was removed");
        }
        removed
    });
    swept.recordings = removed.await.unwrap_or_default();
    tracing::info!(?swept, "what has expired was removed");
    swept
}

/// The content of the components that a server has is wanted as long as it has them.
async fn renew_components(app: &App) {
    let registered = match app.storage.components.all(&app.tenant).await {
        Ok(registered) => registered,
        Err(error) => return tracing::warn!(%error, "the components that were put are not renewed"),
    };
    for component in registered {
        let renewed = async {
            app.artifacts
                .put(app.artifacts.get(&component.content).await?)
                .await
        };
        if let Err(error) = renewed.await {
            tracing::warn!(%error, component = %component.name, "its content is not renewed");
        }
    }
}

/// At the end of runs, where nobody has swept for a day.
pub(crate) async fn sweep_after_run(app: &App, config: &Config) {
    let mark = app.data_folder().join(MARK);
    if age_of(&mark).is_ok_and(|age| age < SWEEP_INTERVAL) {
        return;
    }
    if tokio::time::timeout(MAX_SWEEP_AFTER_RUN, sweep(app, config))
        .await
        .is_err()
    {
        tracing::info!("what has expired is removed in part; the next run goes on with it");
    }
}

/// Sweeps now and then daily, until it is aborted.
pub(crate) async fn keep_swept(app: Arc<App>, configuration: Arc<Configuration>) {
    let mut days = tokio::time::interval(SWEEP_INTERVAL);
    loop {
        days.tick().await;
        sweep(&app, &configuration.now().config).await;
    }
}

/// Removes the entries of a folder in which nothing was written for so long; how many.
fn remove_old(folder: &Path, kept: Duration) -> u64 {
    let mut removed = 0;
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if !youngest(&path).is_ok_and(|age| age >= kept) {
            continue;
        }
        match remove(&path) {
            Ok(()) => removed += 1,
            Err(error) => tracing::warn!(%error, file = %path.display(), "it has expired and stays"),
        }
    }
    removed
}

/// The age of an entry, or of the youngest file in it.
fn youngest(path: &PathBuf) -> io::Result<Duration> {
    let mut youngest = age_of(path)?;
    for inner in fs::read_dir(path).into_iter().flatten().flatten() {
        youngest = youngest.min(age_of(&inner.path())?);
    }
    Ok(youngest)
}

/// A link's age is its own, and removing it leaves what it leads to.
fn age_of(path: &Path) -> io::Result<Duration> {
    let written = fs::symlink_metadata(path)?.modified()?;
    Ok(SystemTime::now().duration_since(written).unwrap_or_default())
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path)?.is_dir() {
        true => fs::remove_dir_all(path),
        false => fs::remove_file(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aged(path: &Path, days: u64) {
        let at = SystemTime::now() - Duration::from_secs(days * 24 * 3_600);
        fs::File::open(path)
            .and_then(|file| file.set_modified(at))
            .expect("its time can be set");
    }

    #[test]
    fn what_was_written_lately_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let of = |name: &str| folder.path().join(name);
        for (run, days) in [("old", 40), ("young", 20)] {
            fs::create_dir(of(run)).expect("fresh");
            let file = of(run).join("1.cassette");
            fs::write(&file, "x").expect("writable");
            aged(&file, days);
            aged(&of(run), 50);
        }
        let linked = tempfile::tempdir().expect("a folder");
        fs::write(linked.path().join("precious"), "x").expect("writable");
        std::os::unix::fs::symlink(linked.path(), of("link")).expect("fresh");
        assert_eq!(remove_old(folder.path(), Duration::from_secs(30 * 24 * 3_600)), 1);
        assert!(!of("old").exists() && of("young").exists());
        assert_eq!(remove_old(folder.path(), Duration::ZERO), 2);
        assert!(linked.path().join("precious").exists(), "no link is followed");
    }
}
