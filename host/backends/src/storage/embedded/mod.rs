//! The embedded store: documents in one SQLite file, for one machine.
//!
//! Several FlowGuard processes may share the file; it must lie on a local disk, because the processes share
//! memory beside it. What a write promises:
//! - a killed process or a crashed host program loses nothing that was acknowledged;
//! - a power cut or a crash of the operating system may take the last acknowledged writes with it, and leaves
//!   a store that is whole as of some moment before.
//!
//! Losing seconds of counters and reports with the power is a fair price for a write that costs tens of
//! microseconds and not a turn of the disk. [`connection`] makes that choice.
//!
//! A call runs on a thread of the store. It is done whole or not at all: one whose future is dropped before
//! its turn is not begun, one that has begun is finished.

mod connection;
mod documents;
mod fault;
mod former;
mod tables;
mod worker;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use flowguard_core::storage::collections::COLLECTIONS;
use flowguard_core::storage::store::{Collection, Document, Query, Store, Total};
use flowguard_core::storage::{StorageError, TenantId};

use documents::OwnedQuery;
use fault::Fault;
use worker::Worker;

pub use former::Former;

/// Writes between two sweeps.
const SWEEP_EVERY: u32 = 1_000;

/// Documents in one file.
#[derive(Debug)]
pub struct EmbeddedStore {
    /// Writes wait for each other and, while another process writes, for it; reads wait for neither.
    writer: Worker,
    reader: Worker,
    /// Writes since the last sweep.
    unswept: AtomicU32,
    path: Arc<Path>,
}

impl EmbeddedStore {
    /// Opens the store, and makes it where there is none. Blocks for some milliseconds, longer where another
    /// process holds the store.
    ///
    /// # Errors
    /// [`StorageError::Newer`] where a newer FlowGuard made the store, [`StorageError::Unavailable`] where it is
    /// damaged, is no store of FlowGuard's or cannot be opened. What is there is never overwritten.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StorageError> {
        let path: Arc<Path> = absolute(path.as_ref())?.into();
        let writer = connection::open_for_writing(&path)?;
        let reader = connection::open_for_reading(&path)?;
        Ok(Self {
            writer: Worker::start("store-writer", writer, &path)?,
            reader: Worker::start("store-reader", reader, &path)?,
            // The first write sweeps what expired while nobody had the store open.
            unswept: AtomicU32::new(SWEEP_EVERY),
            path,
        })
    }

    /// Some of what a release before 2026-12 kept, not encrypted; nothing where all of it was moved. What was moved is
    /// then told to [`EmbeddedStore::forget_former`].
    ///
    /// # Errors
    /// [`StorageError::Damaged`] where it cannot be read; it stays.
    pub async fn former(&self) -> Result<Vec<Former>, StorageError> {
        self.writer.run(|db| former::some(db)).await
    }

    /// Deletes what was moved.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] where it could not be deleted; moving it again does no harm.
    pub async fn forget_former(&self, moved: Vec<Former>) -> Result<(), StorageError> {
        self.writer.run(move |db| former::forget(db, &moved)).await
    }

    async fn write<T: Send + 'static>(
        &self,
        now_ms: u64,
        work: impl FnOnce(&mut rusqlite::Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StorageError> {
        // Whoever writes at the beginning of time sees everything, and does not know what has expired.
        if now_ms > 0 && self.unswept.fetch_add(1, Ordering::Relaxed) >= SWEEP_EVERY {
            self.sweep(now_ms).await?;
        }
        self.writer.run(work).await
    }
}

/// SQLite would read a relative `file:…` or `:memory:` as something else than a file's name.
fn absolute(path: &Path) -> Result<PathBuf, StorageError> {
    std::path::absolute(path)
        .map_err(|error| StorageError::Unavailable(format!("the store's path is not usable: {error}")))
}

#[async_trait]
impl Store for EmbeddedStore {
    async fn insert(
        &self,
        tenant: &TenantId,
        collection: &'static Collection,
        document: Document,
        now_ms: u64,
    ) -> Result<bool, StorageError> {
        let tenant = tenant.clone();
        let work = move |db: &mut _| documents::insert(db, &tenant, collection, &document, now_ms);
        self.write(now_ms, work).await
    }

    async fn get(
        &self,
        tenant: &TenantId,
        collection: &'static Collection,
        id: &str,
        now_ms: u64,
    ) -> Result<Option<Document>, StorageError> {
        let (tenant, id) = (tenant.clone(), id.to_owned());
        let work = move |db: &mut _| documents::get(db, &tenant, collection, &id, now_ms);
        self.reader.run(work).await
    }

    async fn replace(
        &self,
        tenant: &TenantId,
        collection: &'static Collection,
        document: Document,
    ) -> Result<bool, StorageError> {
        let tenant = tenant.clone();
        let work = move |db: &mut _| documents::replace(db, &tenant, collection, &document);
        self.writer.run(work).await
    }

    async fn remove(
        &self,
        tenant: &TenantId,
        collection: &'static Collection,
        id: &str,
        revision: u64,
    ) -> Result<bool, StorageError> {
        let (tenant, id) = (tenant.clone(), id.to_owned());
        let work = move |db: &mut _| documents::remove(db, &tenant, collection, &id, revision);
        self.writer.run(work).await
    }

    async fn find(
        &self,
        tenant: &TenantId,
        collection: &'static Collection,
        query: Query<'_>,
    ) -> Result<Vec<Document>, StorageError> {
        let (tenant, query) = (tenant.clone(), OwnedQuery::from(query));
        let work = move |db: &mut _| documents::find(db, &tenant, collection, &query);
        self.reader.run(work).await
    }

    async fn total(
        &self,
        tenant: &TenantId,
        collection: &'static Collection,
        equal: &[(&'static str, &str)],
        summed: &'static str,
        now_ms: u64,
    ) -> Result<Total, StorageError> {
        let (tenant, equal) = (tenant.clone(), documents::owned(equal));
        let work = move |db: &mut _| documents::total(db, &tenant, collection, &equal, summed, now_ms);
        self.reader.run(work).await
    }

    async fn sweep(&self, now_ms: u64) -> Result<u64, StorageError> {
        self.unswept.store(0, Ordering::Relaxed);
        let mut swept = 0;
        for collection in COLLECTIONS {
            // One transaction for each portion, so that other writers get their turn in between.
            loop {
                let work = move |db: &mut _| documents::sweep(db, collection, now_ms);
                let portion = self.writer.run(work).await?;
                swept += portion.removed;
                if portion.last {
                    break;
                }
            }
        }
        Ok(swept)
    }

    async fn tenants(&self) -> Result<Vec<TenantId>, StorageError> {
        self.reader.run(|db| documents::tenants(db)).await
    }

    fn place(&self) -> String {
        format!("SQLite {}", self.path.display())
    }
}
