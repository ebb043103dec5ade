//! Finished runs. A run's record is kept whole, compressed and encrypted, since it holds what was typed and what pages
//! said; beside it stands in clear what results are looked for and counted by.

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use super::collections::TEST_RESULTS;
use super::results;
use super::store::{Between, Document, Order, Query, Store, beginning_with};
use super::vault::{Sealing, Vault};
use super::{StorageError, TenantId};
use crate::limits::{MAX_RECORD_BYTES, MAX_SEALED_BYTES, RESULTS_KEPT};
use crate::run::{RunId, RunRecord};

/// Ids that a prefix is completed to, at most.
const COMPLETIONS: u32 = 10;

/// How long results are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Unless the tenant has a time of its own.
    pub results: Duration,
    /// Tenants with a time of their own.
    pub of_tenant: BTreeMap<TenantId, Duration>,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            results: RESULTS_KEPT,
            of_tenant: BTreeMap::new(),
        }
    }
}

/// Finished runs.
///
/// A record of a newer schema than [`RunRecord::SCHEMA`] may be kept and is never read in part: reading it,
/// alone or among others, is [`StorageError::Newer`].
#[derive(Clone)]
pub struct Runs {
    store: Arc<dyn Store>,
    vault: Arc<Vault>,
    retention: Arc<RwLock<Retention>>,
}

impl Runs {
    /// Runs in this store, kept so long.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, vault: Arc<Vault>, retention: Retention) -> Self {
        Self {
            store,
            vault,
            retention: Arc::new(RwLock::new(retention)),
        }
    }

    /// From now on results are kept so long; those that are kept already keep their time.
    pub fn set_retention(&self, retention: Retention) {
        *self.retention.write().unwrap_or_else(PoisonError::into_inner) = retention;
    }

    /// Keeps a run. A run that is kept already is left as it is: finishing is done once.
    ///
    /// # Errors
    /// [`StorageError::TooLarge`] where the record is larger than a store takes; and as for every call here: where the
    /// store is away or the record cannot be encrypted or decrypted.
    pub async fn save(&self, tenant: &TenantId, run: &RunRecord) -> Result<(), StorageError> {
        let document = self.document(tenant, run).await?;
        self.insert(tenant, document).await
    }

    /// The document of a run, which [`Runs::insert`] keeps: for whoever must keep it elsewhere meanwhile. It holds
    /// nothing of a person in clear.
    ///
    /// # Errors
    /// As [`Runs::save`].
    pub async fn document(&self, tenant: &TenantId, run: &RunRecord) -> Result<Document, StorageError> {
        let id = run.id.as_str();
        let sealed = self.vault.seal(sealing(tenant, id), &packed(run)?).await?;
        if sealed.len() > MAX_SEALED_BYTES {
            return Err(too_large(run, sealed.len(), MAX_SEALED_BYTES));
        }
        Ok(Document {
            id: id.to_owned(),
            revision: 1,
            schema: run.schema,
            expires_ms: Some(self.expiry(tenant, run)),
            fields: results::of(tenant, run),
            sealed: Some(sealed),
        })
    }

    /// Keeps a run's document, as [`Runs::save`].
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] where the store is away; it may be repeated.
    pub async fn insert(&self, tenant: &TenantId, document: Document) -> Result<(), StorageError> {
        self.store.insert(tenant, &TEST_RESULTS, document, 0).await?;
        Ok(())
    }

    /// The run.
    ///
    /// # Errors
    /// As [`Runs::save`].
    pub async fn load(&self, tenant: &TenantId, id: &RunId) -> Result<Option<RunRecord>, StorageError> {
        match self.store.get(tenant, &TEST_RESULTS, id.as_str(), 0).await? {
            Some(document) => Ok(Some(self.read(tenant, &document).await?)),
            None => Ok(None),
        }
    }

    /// The newest runs by their beginning, newest first (by id where they began at once), of one flow where it
    /// is named.
    ///
    /// # Errors
    /// As [`Runs::save`].
    pub async fn recent(
        &self,
        tenant: &TenantId,
        flow: Option<&str>,
        limit: u32,
    ) -> Result<Vec<RunRecord>, StorageError> {
        let query = Query {
            equal: flow.map(|flow| ("metadata.flow", flow)).into_iter().collect(),
            between: None,
            order: Order::Descending("timestamp"),
            limit,
            now_ms: 0,
            sealed: true,
        };
        let mut runs = Vec::new();
        for document in self.store.find(tenant, &TEST_RESULTS, query).await? {
            runs.push(self.read(tenant, &document).await?);
        }
        Ok(runs)
    }

    /// The ids that begin so, the first 10 in their order.
    ///
    /// # Errors
    /// As [`Runs::save`].
    pub async fn ids_beginning(&self, tenant: &TenantId, prefix: &str) -> Result<Vec<RunId>, StorageError> {
        let (from, to): (Bound<Value>, Bound<Value>) = beginning_with(prefix);
        let query = Query {
            equal: Vec::new(),
            between: Some(Between {
                field: "id",
                from,
                to,
            }),
            order: Order::Ascending("id"),
            limit: COMPLETIONS,
            now_ms: 0,
            sealed: false,
        };
        let found = self.store.find(tenant, &TEST_RESULTS, query).await?;
        let id = |document: Document| {
            RunId::parse(&document.id).ok_or_else(|| damaged(&document.id, "its id is none"))
        };
        found.into_iter().map(id).collect()
    }

    async fn read(&self, tenant: &TenantId, document: &Document) -> Result<RunRecord, StorageError> {
        if document.schema > RunRecord::SCHEMA {
            return Err(StorageError::Newer {
                what: format!("run {}", document.id),
                found: document.schema,
                known: RunRecord::SCHEMA,
            });
        }
        let sealed = document.sealed.as_deref().unwrap_or_default();
        let packed = self.vault.open(sealing(tenant, &document.id), sealed).await?;
        unpacked(&document.id, &packed)
    }

    fn expiry(&self, tenant: &TenantId, run: &RunRecord) -> u64 {
        let retention = self.retention.read().unwrap_or_else(PoisonError::into_inner);
        let kept = retention.of_tenant.get(tenant).unwrap_or(&retention.results);
        let kept = u64::try_from(kept.as_millis()).unwrap_or(u64::MAX);
        run.started_ms.saturating_add(kept)
    }
}

fn sealing<'a>(tenant: &'a TenantId, id: &'a str) -> Sealing<'a> {
    Sealing {
        tenant,
        collection: TEST_RESULTS.name,
        id,
    }
}

/// The record as compressed JSON.
fn packed(run: &RunRecord) -> Result<Vec<u8>, StorageError> {
    let written = |error: &dyn std::fmt::Display| {
        StorageError::Damaged(format!("run {} cannot be written as JSON: {error}", run.id))
    };
    let json = serde_json::to_vec(run).map_err(|error| written(&error))?;
    if json.len() > MAX_RECORD_BYTES {
        return Err(too_large(run, json.len(), MAX_RECORD_BYTES));
    }
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    let done = encoder.write_all(&json).and_then(|()| encoder.finish());
    done.map_err(|error| written(&error))
}

fn unpacked(id: &str, packed: &[u8]) -> Result<RunRecord, StorageError> {
    let mut json = Vec::new();
    // Whoever could write a document could make it swell.
    let limit = MAX_RECORD_BYTES as u64 + 1;
    let read = DeflateDecoder::new(packed).take(limit).read_to_end(&mut json);
    read.map_err(|error| damaged(id, &error.to_string()))?;
    serde_json::from_slice(&json).map_err(|error| damaged(id, &error.to_string()))
}

fn too_large(run: &RunRecord, bytes: usize, limit: usize) -> StorageError {
    StorageError::TooLarge(format!(
        "the record of run {} has {bytes} bytes, at most {limit} are kept: let the flow do less in one run",
        run.id
    ))
}

fn damaged(id: &str, what: &str) -> StorageError {
    StorageError::Damaged(format!("the record of run {id:?}: {what}"))
}
