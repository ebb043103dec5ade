//! The embedded store: buckets and finished runs in one SQLite file, for one machine.
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

mod buckets;
mod connection;
mod fault;
mod runs;
mod worker;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use flowguard_core::run::{RunId, RunRecord};
use flowguard_core::storage::calls::Keys;
use flowguard_core::storage::{BucketId, BucketLimits, Buckets, Runs, StorageError, TenantId};

use fault::Fault;
use worker::Worker;

/// Writes between two sweeps.
const SWEEP_EVERY: u32 = 1_000;

/// Buckets and runs in one file.
#[derive(Debug)]
pub struct EmbeddedStore {
    /// Writes wait for each other and, while another process writes, for it; reads wait for neither.
    writer: Worker,
    reader: Worker,
    /// Writes since the last sweep.
    unswept: AtomicU32,
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
        })
    }

    /// Removes values that have expired and buckets that are empty; how many values. They cannot be read
    /// before either: this frees their space. The store does it by itself at its first write and now and then.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] where the store is away or damaged.
    pub async fn sweep(&self, now_ms: u64) -> Result<u64, StorageError> {
        self.unswept.store(0, Ordering::Relaxed);
        let mut swept = 0;
        // One transaction for each portion, so that other writers get their turn in between.
        loop {
            let portion = self.writer.run(move |db| buckets::sweep(db, now_ms)).await?;
            swept += portion.removed;
            if portion.last {
                return Ok(swept);
            }
        }
    }

    async fn write<T: Send + 'static>(
        &self,
        now_ms: u64,
        work: impl FnOnce(&mut rusqlite::Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StorageError> {
        if self.unswept.fetch_add(1, Ordering::Relaxed) >= SWEEP_EVERY {
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
impl Buckets for EmbeddedStore {
    async fn get(&self, bucket: &BucketId, key: &str, now_ms: u64) -> Result<Option<Vec<u8>>, StorageError> {
        let (bucket, key) = (bucket.clone(), key.to_owned());
        let work = move |db: &mut _| buckets::get(db, &bucket, &key, now_ms);
        self.reader.run(work).await
    }

    async fn set(
        &self,
        bucket: &BucketId,
        key: &str,
        value: &[u8],
        expires_ms: Option<u64>,
        now_ms: u64,
        limits: BucketLimits,
    ) -> Result<(), StorageError> {
        let (bucket, key, value) = (bucket.clone(), key.to_owned(), value.to_owned());
        self.write(now_ms, move |db| {
            buckets::change(db, &bucket, now_ms, limits, |contents| {
                contents.put(&key, &value, expires_ms)
            })
        })
        .await
    }

    async fn delete(&self, bucket: &BucketId, key: &str, now_ms: u64) -> Result<bool, StorageError> {
        let (bucket, key) = (bucket.clone(), key.to_owned());
        self.write(now_ms, move |db| {
            buckets::change(db, &bucket, now_ms, BucketLimits::default(), |contents| {
                contents.remove(&key)
            })
        })
        .await
    }

    async fn list(
        &self,
        bucket: &BucketId,
        prefix: &str,
        cursor: Option<&str>,
        limit: u32,
        now_ms: u64,
    ) -> Result<Keys, StorageError> {
        let (bucket, prefix) = (bucket.clone(), prefix.to_owned());
        let cursor = cursor.map(ToOwned::to_owned);
        let work = move |db: &mut _| buckets::list(db, &bucket, &prefix, cursor.as_deref(), limit, now_ms);
        self.reader.run(work).await
    }

    async fn increment(
        &self,
        bucket: &BucketId,
        key: &str,
        delta: i64,
        now_ms: u64,
        limits: BucketLimits,
    ) -> Result<i64, StorageError> {
        let (bucket, key) = (bucket.clone(), key.to_owned());
        self.write(now_ms, move |db| {
            buckets::change(db, &bucket, now_ms, limits, |contents| contents.add(&key, delta))
        })
        .await
    }

    async fn compare_and_swap(
        &self,
        bucket: &BucketId,
        key: &str,
        expected: Option<&[u8]>,
        new: Option<&[u8]>,
        now_ms: u64,
        limits: BucketLimits,
    ) -> Result<bool, StorageError> {
        let (bucket, key) = (bucket.clone(), key.to_owned());
        let (expected, new) = (expected.map(<[u8]>::to_vec), new.map(<[u8]>::to_vec));
        self.write(now_ms, move |db| {
            buckets::change(db, &bucket, now_ms, limits, |contents| {
                contents.swap(&key, expected.as_deref(), new.as_deref())
            })
        })
        .await
    }
}

#[async_trait]
impl Runs for EmbeddedStore {
    async fn save(&self, tenant: &TenantId, run: &RunRecord) -> Result<(), StorageError> {
        let row = runs::Row::of(tenant, run)?;
        self.writer.run(move |db| row.insert(db)).await
    }

    async fn load(&self, tenant: &TenantId, id: &RunId) -> Result<Option<RunRecord>, StorageError> {
        let (tenant, id) = (tenant.clone(), id.clone());
        self.reader.run(move |db| runs::load(db, &tenant, &id)).await
    }

    async fn recent(
        &self,
        tenant: &TenantId,
        flow: Option<&str>,
        limit: u32,
    ) -> Result<Vec<RunRecord>, StorageError> {
        let (tenant, flow) = (tenant.clone(), flow.map(ToOwned::to_owned));
        let work = move |db: &mut _| runs::recent(db, &tenant, flow.as_deref(), limit);
        self.reader.run(work).await
    }

    async fn ids_beginning(&self, tenant: &TenantId, prefix: &str) -> Result<Vec<RunId>, StorageError> {
        let (tenant, prefix) = (tenant.clone(), prefix.to_owned());
        let work = move |db: &mut _| runs::ids_beginning(db, &tenant, &prefix);
        self.reader.run(work).await
    }
}
