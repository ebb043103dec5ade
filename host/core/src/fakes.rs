//! Back ends in memory, for the tests of what stands above the ports. They pass the same contract as the real
//! ones; nothing in them outlives the process.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::artifact::{ArtifactError, Artifacts, Digest, Expired};
use crate::baseline::{BaselineError, BaselineName, Baselines, Compared, Tolerance};
use crate::clock::{Clock, SystemClock};
use crate::limits::MAX_KEPT_ARTIFACT_BYTES;
use crate::run::{RunId, RunRecord};
use crate::storage::calls::Keys;
use crate::storage::{self, BucketId, BucketLimits, Buckets, Runs, StorageError, TenantId};

/// Buckets and runs in memory.
#[derive(Debug, Default)]
pub struct FakeStore {
    buckets: Mutex<HashMap<BucketId, Contents>>,
    runs: Mutex<BTreeMap<(String, RunId), RunRecord>>,
}

/// Artifacts in memory.
#[derive(Debug, Default)]
pub struct FakeArtifacts {
    /// With the moment of the last writing, since 1970.
    kept: Mutex<HashMap<Digest, (Bytes, Duration)>>,
}

impl FakeArtifacts {
    /// How many artifacts are kept.
    #[must_use]
    pub fn count(&self) -> usize {
        lock(&self.kept).len()
    }
}

/// Baselines in memory, compared byte by byte.
#[derive(Debug, Default)]
pub struct FakeBaselines {
    kept: Mutex<HashMap<BaselineName, Bytes>>,
}

#[async_trait]
impl Baselines for FakeBaselines {
    async fn load(&self, name: &BaselineName) -> Result<Option<Bytes>, BaselineError> {
        Ok(lock(&self.kept).get(name).cloned())
    }

    async fn save(&self, name: &BaselineName, picture: Bytes) -> Result<(), BaselineError> {
        lock(&self.kept).insert(name.clone(), picture);
        Ok(())
    }

    async fn compare(
        &self,
        expected: Bytes,
        actual: Bytes,
        _tolerance: Tolerance,
    ) -> Result<Compared, BaselineError> {
        let different = Compared::Different {
            pixels: 1,
            of: 1,
            diff: Bytes::new(),
        };
        Ok(if expected == actual {
            Compared::Same
        } else {
            different
        })
    }
}

#[derive(Clone, Debug)]
struct Entry {
    value: Vec<u8>,
    expires_ms: Option<u64>,
}

type Contents = BTreeMap<String, Entry>;

fn lock<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn bytes(contents: &Contents) -> u64 {
    let lengths = contents.iter().map(|(key, entry)| key.len() + entry.value.len());
    lengths.sum::<usize>() as u64
}

impl FakeStore {
    /// Works on a bucket from which what has expired is gone.
    fn with<T>(&self, bucket: &BucketId, now_ms: u64, work: impl FnOnce(&mut Contents) -> T) -> T {
        let mut buckets = lock(&self.buckets);
        let contents = buckets.entry(bucket.clone()).or_default();
        contents.retain(|_, entry| entry.expires_ms.is_none_or(|expires| now_ms < expires));
        work(contents)
    }
}

fn put(contents: &mut Contents, key: &str, entry: Entry, limits: BucketLimits) -> Result<(), StorageError> {
    let (keys_before, bytes_before) = (contents.len(), bytes(contents));
    let before = contents.insert(key.to_owned(), entry);
    let (keys, bytes) = (contents.len(), bytes(contents));
    let too_many = keys > keys_before && keys as u64 > limits.keys;
    let too_large = bytes > bytes_before && bytes > limits.bytes;
    if !too_many && !too_large {
        return Ok(());
    }
    match before {
        Some(before) => contents.insert(key.to_owned(), before),
        None => contents.remove(key),
    };
    Err(StorageError::Full(format!(
        "it would have {keys} keys and {bytes} bytes"
    )))
}

#[async_trait]
impl Buckets for FakeStore {
    async fn get(&self, bucket: &BucketId, key: &str, now_ms: u64) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(self.with(bucket, now_ms, |contents| {
            contents.get(key).map(|entry| entry.value.clone())
        }))
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
        let entry = Entry {
            value: value.to_owned(),
            expires_ms,
        };
        self.with(bucket, now_ms, |contents| put(contents, key, entry, limits))
    }

    async fn delete(&self, bucket: &BucketId, key: &str, now_ms: u64) -> Result<bool, StorageError> {
        Ok(self.with(bucket, now_ms, |contents| contents.remove(key).is_some()))
    }

    async fn list(
        &self,
        bucket: &BucketId,
        prefix: &str,
        cursor: Option<&str>,
        limit: u32,
        now_ms: u64,
    ) -> Result<Keys, StorageError> {
        let after =
            |key: &&String| key.starts_with(prefix) && cursor.is_none_or(|cursor| key.as_str() > cursor);
        let mut keys: Vec<String> = self.with(bucket, now_ms, |contents| {
            let found = contents.keys().filter(after);
            found.take(limit as usize + 1).cloned().collect()
        });
        let more = keys.len() > limit as usize;
        keys.truncate(limit as usize);
        let cursor = if more { keys.last().cloned() } else { None };
        Ok(Keys { keys, cursor })
    }

    async fn increment(
        &self,
        bucket: &BucketId,
        key: &str,
        delta: i64,
        now_ms: u64,
        limits: BucketLimits,
    ) -> Result<i64, StorageError> {
        self.with(bucket, now_ms, |contents| {
            let before = contents.get(key);
            let sum = storage::count(before.map(|entry| entry.value.as_slice()), delta)?;
            let entry = Entry {
                value: sum.to_string().into_bytes(),
                expires_ms: before.and_then(|entry| entry.expires_ms),
            };
            put(contents, key, entry, limits)?;
            Ok(sum)
        })
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
        self.with(bucket, now_ms, |contents| {
            if contents.get(key).map(|entry| entry.value.as_slice()) != expected {
                return Ok(false);
            }
            let Some(new) = new else {
                contents.remove(key);
                return Ok(true);
            };
            let entry = Entry {
                value: new.to_owned(),
                expires_ms: None,
            };
            put(contents, key, entry, limits).map(|()| true)
        })
    }
}

#[async_trait]
impl Runs for FakeStore {
    async fn save(&self, tenant: &TenantId, run: &RunRecord) -> Result<(), StorageError> {
        let name = (tenant.as_str().to_owned(), run.id.clone());
        lock(&self.runs).entry(name).or_insert_with(|| run.clone());
        Ok(())
    }

    async fn load(&self, tenant: &TenantId, id: &RunId) -> Result<Option<RunRecord>, StorageError> {
        let name = (tenant.as_str().to_owned(), id.clone());
        lock(&self.runs).get(&name).map(readable).transpose()
    }

    async fn recent(
        &self,
        tenant: &TenantId,
        flow: Option<&str>,
        limit: u32,
    ) -> Result<Vec<RunRecord>, StorageError> {
        let runs = lock(&self.runs);
        let wanted = |run: &&RunRecord| flow.is_none_or(|flow| run.flow.name == flow);
        let mut found: Vec<_> = of_tenant(&runs, tenant).filter(wanted).collect();
        found.sort_by(|a, b| (b.started_ms, &b.id).cmp(&(a.started_ms, &a.id)));
        found.into_iter().take(limit as usize).map(readable).collect()
    }

    async fn ids_beginning(&self, tenant: &TenantId, prefix: &str) -> Result<Vec<RunId>, StorageError> {
        let runs = lock(&self.runs);
        let ids = of_tenant(&runs, tenant).map(|run| run.id.clone());
        Ok(ids
            .filter(|id| id.as_str().starts_with(prefix))
            .take(10)
            .collect())
    }
}

fn of_tenant<'a>(
    runs: &'a BTreeMap<(String, RunId), RunRecord>,
    tenant: &TenantId,
) -> impl Iterator<Item = &'a RunRecord> {
    let named = runs
        .iter()
        .filter(move |((owner, _), _)| owner == tenant.as_str());
    named.map(|(_, run)| run)
}

fn readable(run: &RunRecord) -> Result<RunRecord, StorageError> {
    if run.schema > RunRecord::SCHEMA {
        return Err(StorageError::Newer {
            what: format!("run {}", run.id),
            found: run.schema,
            known: RunRecord::SCHEMA,
        });
    }
    Ok(run.clone())
}

#[async_trait]
impl Artifacts for FakeArtifacts {
    async fn put(&self, bytes: Bytes) -> Result<Digest, ArtifactError> {
        if bytes.len() > MAX_KEPT_ARTIFACT_BYTES {
            return Err(ArtifactError::TooLarge(bytes.len() as u64));
        }
        let digest = Digest::of(&bytes);
        let now = SystemClock::new().wall();
        lock(&self.kept).insert(digest.clone(), (bytes, now));
        Ok(digest)
    }

    async fn get(&self, digest: &Digest) -> Result<Bytes, ArtifactError> {
        let found = lock(&self.kept).get(digest).map(|(bytes, _)| bytes.clone());
        found.ok_or_else(|| ArtifactError::Missing(digest.clone()))
    }

    async fn expire(&self, unwritten_since: Duration) -> Result<Expired, ArtifactError> {
        let mut expired = Expired::default();
        lock(&self.kept).retain(|_, (bytes, written)| {
            let stays = *written >= unwritten_since;
            if !stays {
                expired.artifacts += 1;
                expired.bytes += bytes.len() as u64;
            }
            stays
        });
        Ok(expired)
    }
}

#[cfg(test)]
mod tests {
    use super::{FakeArtifacts, FakeStore};

    async fn store() -> (FakeStore, ()) {
        (FakeStore::default(), ())
    }

    async fn artifacts() -> (FakeArtifacts, ()) {
        (FakeArtifacts::default(), ())
    }

    mod buckets {
        crate::buckets_contract!(super::store);
    }

    mod runs {
        crate::runs_contract!(super::store);
    }

    mod artifacts_kept {
        crate::artifacts_contract!(super::artifacts);
    }
}
