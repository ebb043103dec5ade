//! Results that the store did not take, because it was away: each a file, written whole, until the store has it. What is
//! kept of persons is encrypted already. A result that the store had taken all the same is not doubled: it has its id.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use flowguard_core::limits::OUTBOX_RETRY;
use flowguard_core::storage::collections::TEST_RESULTS;
use flowguard_core::storage::portable::{Placed, Portable};
use flowguard_core::storage::store::Document;
use flowguard_core::storage::{Runs, StorageError, TenantId};

/// The folder of what waits.
#[derive(Clone, Debug)]
pub(crate) struct Outbox(PathBuf);

impl Outbox {
    pub(crate) fn in_folder(data: &Path) -> Self {
        Self(data.join("outbox"))
    }

    /// Keeps a result here until the store is back.
    pub(crate) fn keep(&self, tenant: &TenantId, document: Document) -> std::io::Result<PathBuf> {
        crate::app::make_private(&self.0)?;
        let file = self.0.join(format!("{}-{}.json", tenant.as_str(), document.id));
        let waiting = Portable::new(tenant, &TEST_RESULTS, document);
        let mut new = tempfile::NamedTempFile::new_in(&self.0)?;
        new.write_all(&serde_json::to_vec(&waiting)?)?;
        new.as_file().sync_all()?;
        new.persist(&file)?;
        Ok(file)
    }

    /// How many results wait.
    pub(crate) fn waiting(&self) -> usize {
        self.files().len()
    }

    /// Gives all that waits to the store; how many are left. One that cannot be read is told and left for a person.
    pub(crate) async fn deliver(&self, runs: &Runs) -> usize {
        let mut left = 0;
        for file in self.files() {
            if let Err(error) = deliver_one(&file, runs).await {
                tracing::warn!(%error, file = %file.display(), "a result still waits for the store");
                left += 1;
            }
        }
        left
    }

    /// Gives all that waits to the store as soon as it is back, and gives up after this time; how many are left.
    pub(crate) async fn delivered_within(&self, runs: &Runs, limit: Duration) -> usize {
        let until = tokio::time::Instant::now() + limit;
        loop {
            let left = self.deliver(runs).await;
            if left == 0 || tokio::time::Instant::now() + OUTBOX_RETRY > until {
                return left;
            }
            tokio::time::sleep(OUTBOX_RETRY).await;
        }
    }

    fn files(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.0).into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> = entries
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .collect();
        files.sort();
        files
    }
}

async fn deliver_one(file: &Path, runs: &Runs) -> Result<(), StorageError> {
    let damaged = |what: String| StorageError::Damaged(format!("{}: {what}", file.display()));
    let bytes = match std::fs::read(file) {
        // Another process was faster.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        bytes => bytes.map_err(|error| damaged(error.to_string()))?,
    };
    let waiting: Portable = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
    let Placed { tenant, document, .. } = waiting.placed()?;
    runs.insert(&tenant, document).await?;
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(damaged(error.to_string())),
        _ => Ok(()),
    }
}
