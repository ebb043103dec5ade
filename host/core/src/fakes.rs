//! Back ends in memory, for the tests of what stands above the ports. They pass the same contract as the real
//! ones; nothing in them outlives the process.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::atomic::{self, AtomicU64};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::artifact::{ArtifactError, Artifacts, Digest, Expired};
use crate::baseline::{BaselineError, BaselineName, Baselines, Compared, Tolerance};
use crate::clock::{Clock, SystemClock};
use crate::limits::MAX_KEPT_ARTIFACT_BYTES;
use crate::storage::store::{Between, Collection, Document, Index, Order, Query, Store, Total};
use crate::storage::vault::{Entropy, MasterKey, Vault};
use crate::storage::{Buckets, StorageError, TenantId};
use serde_json::Value;

/// Documents in memory.
#[derive(Debug, Default)]
pub struct FakeStore {
    kept: Mutex<BTreeMap<Name, Document>>,
}

/// Buckets in memory, encrypted with a key that everybody knows.
#[must_use]
pub fn buckets() -> Buckets {
    let store: Arc<dyn Store> = Arc::new(FakeStore::default());
    let clock = Arc::new(SystemClock::new());
    let vault = Vault::new(
        store.clone(),
        MasterKey::new(&[7; 32]),
        Vec::new(),
        Arc::new(Numbered::default()),
        clock,
    );
    Buckets::new(store, Arc::new(vault))
}

/// Bytes that count up.
#[derive(Debug, Default)]
struct Numbered(AtomicU64);

impl Entropy for Numbered {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), String> {
        let number = self.0.fetch_add(1, atomic::Ordering::Relaxed).to_be_bytes();
        blake3::Hasher::new().update(&number).finalize_xof().fill(bytes);
        Ok(())
    }
}

/// Tenant, collection, id.
type Name = (TenantId, &'static str, String);

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

fn lock<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_there(document: &Document, now_ms: u64) -> bool {
    document.expires_ms.is_none_or(|expires| now_ms < expires)
}

/// What a field holds; a dot goes into an object.
fn field<'a>(document: &'a Document, path: &str) -> Option<Cow<'a, Value>> {
    if path == "id" {
        return Some(Cow::Owned(Value::from(document.id.clone())));
    }
    let mut parts = path.split('.');
    let top = document.fields.get(parts.next()?)?;
    parts
        .try_fold(top, |value, part| value.get(part))
        .map(Cow::Borrowed)
}

fn compared(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    match (a, b) {
        (Some(Value::String(a)), Some(Value::String(b))) => a.as_bytes().cmp(b.as_bytes()),
        (a, b) => a.and_then(Value::as_i64).cmp(&b.and_then(Value::as_i64)),
    }
}

fn lies_between(document: &Document, between: &Between) -> bool {
    let Some(value) = field(document, between.field) else {
        return false;
    };
    let beside = |bound: &Value| compared(Some(&value), Some(bound));
    let from = match &between.from {
        Bound::Included(from) => beside(from).is_ge(),
        Bound::Excluded(from) => beside(from).is_gt(),
        Bound::Unbounded => true,
    };
    let to = match &between.to {
        Bound::Included(to) => beside(to).is_le(),
        Bound::Excluded(to) => beside(to).is_lt(),
        Bound::Unbounded => true,
    };
    from && to
}

fn has(document: &Document, equal: &[(&'static str, &str)]) -> bool {
    let is = |(path, value): &(&str, &str)| {
        field(document, path).is_some_and(|found| found.as_str() == Some(value))
    };
    equal.iter().all(is)
}

impl FakeStore {
    fn of<'a>(
        kept: &'a BTreeMap<Name, Document>,
        tenant: &'a TenantId,
        collection: &'a Collection,
    ) -> impl Iterator<Item = &'a Document> {
        let here =
            move |((owner, name, _), _): &(&Name, &Document)| owner == tenant && *name == collection.name;
        kept.iter().filter(here).map(|(_, document)| document)
    }
}

#[async_trait]
impl Store for FakeStore {
    async fn insert(
        &self,
        tenant: &TenantId,
        collection: &'static Collection,
        mut document: Document,
        now_ms: u64,
    ) -> Result<bool, StorageError> {
        let mut kept = lock(&self.kept);
        let collides = |other: &Document| {
            let same = |index: &Index| {
                index.unique
                    && index.fields.iter().all(|path| {
                        let value = field(&document, path);
                        value.is_some() && value == field(other, path)
                    })
            };
            other.id == document.id || collection.indexes.iter().any(same)
        };
        if Self::of(&kept, tenant, collection).any(|other| is_there(other, now_ms) && collides(other)) {
            return Ok(false);
        }
        document.revision = 1;
        kept.insert((tenant.clone(), collection.name, document.id.clone()), document);
        Ok(true)
    }

    async fn get(
        &self,
        tenant: &TenantId,
        collection: &'static Collection,
        id: &str,
        now_ms: u64,
    ) -> Result<Option<Document>, StorageError> {
        let kept = lock(&self.kept);
        let found = kept.get(&(tenant.clone(), collection.name, id.to_owned()));
        Ok(found.filter(|document| is_there(document, now_ms)).cloned())
    }

    async fn replace(
        &self,
        tenant: &TenantId,
        collection: &'static Collection,
        mut document: Document,
    ) -> Result<bool, StorageError> {
        let mut kept = lock(&self.kept);
        let name = (tenant.clone(), collection.name, document.id.clone());
        let Some(before) = kept
            .get_mut(&name)
            .filter(|before| before.revision == document.revision)
        else {
            return Ok(false);
        };
        document.revision += 1;
        *before = document;
        Ok(true)
    }

    async fn remove(
        &self,
        tenant: &TenantId,
        collection: &'static Collection,
        id: &str,
        revision: u64,
    ) -> Result<bool, StorageError> {
        let mut kept = lock(&self.kept);
        let name = (tenant.clone(), collection.name, id.to_owned());
        let is_it = kept
            .get(&name)
            .is_some_and(|document| document.revision == revision);
        if is_it {
            kept.remove(&name);
        }
        Ok(is_it)
    }

    async fn find(
        &self,
        tenant: &TenantId,
        collection: &'static Collection,
        query: Query<'_>,
    ) -> Result<Vec<Document>, StorageError> {
        let kept = lock(&self.kept);
        let wanted = |document: &&Document| {
            is_there(document, query.now_ms)
                && has(document, &query.equal)
                && query
                    .between
                    .as_ref()
                    .is_none_or(|between| lies_between(document, between))
        };
        let mut found: Vec<Document> = Self::of(&kept, tenant, collection)
            .filter(wanted)
            .cloned()
            .collect();
        let (by, descends) = match query.order {
            Order::Ascending(by) => (by, false),
            Order::Descending(by) => (by, true),
        };
        found.sort_by(|a, b| {
            let order =
                compared(field(a, by).as_deref(), field(b, by).as_deref()).then_with(|| a.id.cmp(&b.id));
            if descends { order.reverse() } else { order }
        });
        found.truncate(query.limit as usize);
        if !query.sealed {
            found.iter_mut().for_each(|document| document.sealed = None);
        }
        Ok(found)
    }

    async fn total(
        &self,
        tenant: &TenantId,
        collection: &'static Collection,
        equal: &[(&'static str, &str)],
        summed: &'static str,
        now_ms: u64,
    ) -> Result<Total, StorageError> {
        let kept = lock(&self.kept);
        let found = Self::of(&kept, tenant, collection)
            .filter(|document| is_there(document, now_ms) && has(document, equal));
        Ok(found.fold(Total::default(), |total, document| Total {
            documents: total.documents + 1,
            sum: total.sum
                + field(document, summed)
                    .and_then(|value| value.as_u64())
                    .unwrap_or_default(),
        }))
    }

    async fn sweep(&self, now_ms: u64) -> Result<u64, StorageError> {
        let mut kept = lock(&self.kept);
        let before = kept.len();
        kept.retain(|_, document| is_there(document, now_ms));
        Ok((before - kept.len()) as u64)
    }

    async fn tenants(&self) -> Result<Vec<TenantId>, StorageError> {
        let kept = lock(&self.kept);
        let owners: BTreeSet<&TenantId> = kept.keys().map(|(tenant, ..)| tenant).collect();
        Ok(owners.into_iter().cloned().collect())
    }

    fn place(&self) -> String {
        "memory".to_owned()
    }
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

    mod stored {
        crate::store_contract!(super::store);
        crate::simultaneous_contract!(super::store);
    }

    mod artifacts_kept {
        crate::artifacts_contract!(super::artifacts);
    }
}
