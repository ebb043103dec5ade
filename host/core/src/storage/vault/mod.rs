//! What is kept of persons is encrypted here, and only here: each tenant has data keys of its own, which lie in the
//! store encrypted with the master key. A tenant whose data keys are deleted is erased, wherever copies of its
//! documents are.
//!
//! AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits: at most 2^32 messages for one data key, which
//! [`Vault::rotate`] replaces. What is encrypted is bound to its tenant, collection, field and document, so that it is
//! unreadable at any other place.

mod envelope;
mod master;

use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use super::collections::{COLLECTIONS, DATA_KEYS};
use super::store::{Collection, Document, Store};
use super::{StorageError, TenantId};
use crate::clock::Clock;
use crate::limits::{DATA_KEY_CACHED, SUPERSEDED_KEY_KEPT};
use envelope::{DataKey, Place};

pub use master::{MasterKey, MasterKeyError};

/// Where random bytes come from.
pub trait Entropy: Send + Sync {
    /// Fills all bytes with random ones.
    ///
    /// # Errors
    /// What the operating system said.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), String>;
}

/// What encrypts and decrypts.
pub struct Vault {
    store: Arc<dyn Store>,
    /// The one that is used, and before it those that were used; at least one.
    masters: Vec<MasterKey>,
    entropy: Arc<dyn Entropy>,
    clock: Arc<dyn Clock>,
    known: RwLock<Known>,
}

/// Data keys that were read, each until it must be looked for again: one that was deleted elsewhere stops working
/// here too.
#[derive(Default)]
struct Known {
    keys: HashMap<(TenantId, String), Cached>,
    current: HashMap<TenantId, Cached>,
}

#[derive(Clone)]
struct Cached {
    key: Arc<DataKey>,
    until: Duration,
}

/// What a change of keys came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotated {
    /// Documents that were encrypted anew.
    pub documents: u64,
    /// Data keys that were encrypted with the current master key.
    pub keys: u64,
    /// Data keys that nothing needs any more and that were deleted.
    pub deleted: u64,
}

impl Vault {
    /// A vault whose data keys are in this store. `former` master keys are only used to read.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        master: MasterKey,
        former: Vec<MasterKey>,
        entropy: Arc<dyn Entropy>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            store,
            masters: std::iter::once(master).chain(former).collect(),
            entropy,
            clock,
            known: RwLock::default(),
        }
    }

    /// Encrypts what stands in this field of a document. `field` is bound, it need not be a field's name.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] where the tenant's key cannot be had, [`StorageError::WrongMasterKey`] where it
    /// was encrypted with another master key.
    pub async fn seal(&self, place: Sealing<'_>, plain: &[u8]) -> Result<Vec<u8>, StorageError> {
        let key = self.current(place.tenant).await?;
        key.seal(&place.into(), self.nonce()?, plain)
    }

    /// Decrypts it.
    ///
    /// # Errors
    /// [`StorageError::Erased`] where its key was deleted, [`StorageError::Damaged`] where it was changed or belongs
    /// to another place, and as [`Vault::seal`].
    pub async fn open(&self, place: Sealing<'_>, sealed: &[u8]) -> Result<Vec<u8>, StorageError> {
        let id = envelope::key_of(sealed).ok_or_else(|| place.damaged("it is no envelope"))?;
        let key = self.named(place.tenant, id).await?;
        let key = key.ok_or_else(|| StorageError::Erased {
            what: place.to_string(),
        })?;
        key.open(&place.into(), sealed)
    }

    /// The name of the master key that data keys are encrypted with.
    #[must_use]
    pub fn master_key(&self) -> &str {
        self.master().id()
    }

    /// Whether what was encrypted with the master key of this name can be read.
    #[must_use]
    pub fn has_master_key(&self, id: &str) -> bool {
        self.masters.iter().any(|master| master.id() == id)
    }

    /// Has the tenant's key at hand, so that its documents can be encrypted while the store is away.
    ///
    /// # Errors
    /// As [`Vault::seal`].
    pub async fn prepare(&self, tenant: &TenantId) -> Result<(), StorageError> {
        self.current(tenant).await.map(|_| ())
    }

    /// Makes a new data key, encrypts all documents of the tenant with it and all its data keys with the current
    /// master key. What others write meanwhile with the former key stays readable; that key is deleted by the first
    /// change that comes [`SUPERSEDED_KEY_KEPT`] later and finds nothing that needs it.
    ///
    /// # Errors
    /// As [`Vault::open`]; what was done until then stays, and a repetition goes on.
    pub async fn rotate(&self, tenant: &TenantId) -> Result<Rotated, StorageError> {
        let keys = self.rewrap(tenant).await?;
        let newest = self.make(tenant).await?;
        let mut documents = 0;
        for collection in COLLECTIONS {
            if collection.name != DATA_KEYS.name {
                documents += self.reseal(tenant, collection, &newest).await?;
            }
        }
        let deleted = self.delete_superseded(tenant, &newest).await?;
        Ok(Rotated {
            documents,
            keys,
            deleted,
        })
    }

    /// Deletes all data keys of the tenant: what was encrypted for it cannot be read any more, here at once and on
    /// other hosts within [`DATA_KEY_CACHED`]. How many keys there were. There is no way back.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`]; a repetition goes on.
    pub async fn erase(&self, tenant: &TenantId) -> Result<u64, StorageError> {
        let mut erased = 0;
        for key in self.key_documents(tenant).await? {
            let removed = self.store.remove(tenant, &DATA_KEYS, &key.id, key.revision);
            erased += u64::from(removed.await?);
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.current.remove(tenant);
        known.keys.retain(|(owner, _), _| owner != tenant);
        Ok(erased)
    }

    /// The key that is written with now; made where there is none.
    async fn current(&self, tenant: &TenantId) -> Result<Arc<DataKey>, StorageError> {
        let now = self.clock.monotonic();
        let cached = {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            known
                .current
                .get(tenant)
                .filter(|cached| now < cached.until)
                .cloned()
        };
        if let Some(cached) = cached {
            return Ok(cached.key);
        }
        let newest = match self.key_documents(tenant).await {
            Ok(mut keys) => keys.pop(),
            // What is written while the store is away can be read as well as what was written before.
            Err(error) if error.may_pass() => return self.last_current(tenant).ok_or(error),
            Err(error) => return Err(error),
        };
        match newest {
            Some(document) => {
                let key = self.unwrap(tenant, &document)?;
                Ok(self.remember(tenant, key, true))
            }
            None => self.make(tenant).await,
        }
    }

    fn last_current(&self, tenant: &TenantId) -> Option<Arc<DataKey>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.current.get(tenant).map(|cached| cached.key.clone())
    }

    async fn named(&self, tenant: &TenantId, id: &str) -> Result<Option<Arc<DataKey>>, StorageError> {
        let now = self.clock.monotonic();
        let name = (tenant.clone(), id.to_owned());
        let cached = {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            known.keys.get(&name).filter(|cached| now < cached.until).cloned()
        };
        if let Some(cached) = cached {
            return Ok(Some(cached.key));
        }
        match self.store.get(tenant, &DATA_KEYS, id, 0).await? {
            Some(document) => {
                let key = self.unwrap(tenant, &document)?;
                Ok(Some(self.remember(tenant, key, false)))
            }
            None => Ok(None),
        }
    }

    /// Makes a key. Two hosts that make one at the same time make two, and the later one by name is written with.
    async fn make(&self, tenant: &TenantId) -> Result<Arc<DataKey>, StorageError> {
        let mut tail = [0; 4];
        self.fill(&mut tail)?;
        let created = self.now_ms();
        // Names are sorted by when they were made.
        let id = format!("{created:013}-{:08x}", u32::from_be_bytes(tail));
        let mut bytes = zeroize::Zeroizing::new([0; 32]);
        self.fill(&mut *bytes)?;
        let key = DataKey::new(id, &bytes);
        let document = Document {
            id: key.id().to_owned(),
            revision: 1,
            schema: 1,
            expires_ms: None,
            fields: Map::from_iter([("created".to_owned(), Value::from(created))]),
            sealed: Some(self.master().wrap(tenant, key.id(), self.nonce()?, &bytes)?),
        };
        self.store.insert(tenant, &DATA_KEYS, document, 0).await?;
        Ok(self.remember(tenant, key, true))
    }

    fn unwrap(&self, tenant: &TenantId, document: &Document) -> Result<DataKey, StorageError> {
        let wrapped = document.sealed.as_deref().unwrap_or_default();
        let wanted = master::id_of(wrapped);
        let master = self.masters.iter().find(|master| Some(master.id()) == wanted);
        let master = master.ok_or_else(|| StorageError::WrongMasterKey {
            wanted: wanted.unwrap_or("none").to_owned(),
            given: self.master().id().to_owned(),
        })?;
        let bytes = master.unwrap(tenant, &document.id, wrapped)?;
        Ok(DataKey::new(document.id.clone(), &bytes))
    }

    fn remember(&self, tenant: &TenantId, key: DataKey, is_current: bool) -> Arc<DataKey> {
        let cached = Cached {
            key: Arc::new(key),
            until: self.clock.monotonic() + DATA_KEY_CACHED,
        };
        let name = (tenant.clone(), cached.key.id().to_owned());
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.keys.insert(name, cached.clone());
        if is_current {
            known.current.insert(tenant.clone(), cached.clone());
        }
        cached.key
    }

    /// The documents of the tenant's keys, the newest last.
    async fn key_documents(&self, tenant: &TenantId) -> Result<Vec<Document>, StorageError> {
        self.store.pages(tenant, &DATA_KEYS, 0).all().await
    }

    /// Encrypts the tenant's keys with the current master key; how many were not.
    async fn rewrap(&self, tenant: &TenantId) -> Result<u64, StorageError> {
        let mut rewrapped = 0;
        for mut document in self.key_documents(tenant).await? {
            let wrapped = document.sealed.as_deref().unwrap_or_default();
            if master::id_of(wrapped) == Some(self.master().id()) {
                continue;
            }
            let key = self.unwrap(tenant, &document)?;
            let nonce = self.nonce()?;
            document.sealed = Some(self.master().wrap(tenant, key.id(), nonce, key.bytes())?);
            rewrapped += u64::from(self.store.replace(tenant, &DATA_KEYS, document).await?);
        }
        Ok(rewrapped)
    }

    /// Encrypts what is not encrypted with the newest key yet; how many documents. One that somebody else writes
    /// meanwhile is left to the next change of keys.
    async fn reseal(
        &self,
        tenant: &TenantId,
        collection: &'static Collection,
        newest: &DataKey,
    ) -> Result<u64, StorageError> {
        let mut resealed = 0;
        let mut pages = self.store.pages(tenant, collection, self.now_ms());
        while let Some(page) = pages.next().await? {
            for mut document in page {
                let Some(sealed) = document.sealed.take() else {
                    continue;
                };
                if envelope::key_of(&sealed) == Some(newest.id()) {
                    continue;
                }
                let id = document.id.clone();
                let place = Sealing {
                    tenant,
                    collection: collection.name,
                    id: &id,
                };
                let plain = zeroize::Zeroizing::new(self.open(place, &sealed).await?);
                document.sealed = Some(newest.seal(&place.into(), self.nonce()?, &plain)?);
                resealed += u64::from(self.store.replace(tenant, collection, document).await?);
            }
        }
        Ok(resealed)
    }

    /// Deletes the keys that were superseded long enough ago that no host writes with them, and that nothing needs.
    async fn delete_superseded(&self, tenant: &TenantId, newest: &DataKey) -> Result<u64, StorageError> {
        let keys = self.key_documents(tenant).await?;
        let kept_until = |successor: &Document| {
            let created = successor.fields.get("created").and_then(Value::as_u64);
            created
                .unwrap_or(u64::MAX)
                .saturating_add(u64::try_from(SUPERSEDED_KEY_KEPT.as_millis()).unwrap_or(u64::MAX))
        };
        let now = self.now_ms();
        let superseded: Vec<&Document> = keys
            .windows(2)
            .filter(|pair| matches!(pair, [_, successor] if kept_until(successor) <= now))
            .filter_map(|pair| pair.first())
            .filter(|key| key.id != newest.id())
            .collect();
        let mut deleted = 0;
        for key in superseded {
            if !self.is_needed(tenant, &key.id).await? {
                let removed = self.store.remove(tenant, &DATA_KEYS, &key.id, key.revision);
                deleted += u64::from(removed.await?);
            }
        }
        Ok(deleted)
    }

    /// Whether a document is still encrypted with this key: one that changed hands during a change of keys.
    async fn is_needed(&self, tenant: &TenantId, key: &str) -> Result<bool, StorageError> {
        for collection in COLLECTIONS {
            if collection.name == DATA_KEYS.name {
                continue;
            }
            let mut pages = self.store.pages(tenant, collection, self.now_ms());
            while let Some(page) = pages.next().await? {
                let needs =
                    |document: &Document| document.sealed.as_deref().and_then(envelope::key_of) == Some(key);
                if page.iter().any(needs) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn master(&self) -> &MasterKey {
        &self.masters[0]
    }

    fn nonce(&self) -> Result<[u8; 12], StorageError> {
        let mut nonce = [0; 12];
        self.fill(&mut nonce)?;
        Ok(nonce)
    }

    fn fill(&self, bytes: &mut [u8]) -> Result<(), StorageError> {
        let filled = self.entropy.fill(bytes);
        filled.map_err(|why| StorageError::Unavailable(format!("no random numbers: {why}")))
    }

    fn now_ms(&self) -> u64 {
        self.clock.wall_ms()
    }
}

/// What is encrypted: the one sealed part of a document.
#[derive(Clone, Copy, Debug)]
pub struct Sealing<'a> {
    /// Whose.
    pub tenant: &'a TenantId,
    /// In which collection.
    pub collection: &'static str,
    /// The document.
    pub id: &'a str,
}

impl std::fmt::Display for Sealing<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} {} of tenant {}",
            self.collection,
            self.id,
            self.tenant.as_str()
        )
    }
}

impl Sealing<'_> {
    fn damaged(&self, what: &str) -> StorageError {
        StorageError::Damaged(format!("{self}: {what}"))
    }
}

impl<'a> From<Sealing<'a>> for Place<'a> {
    fn from(sealing: Sealing<'a>) -> Self {
        Self {
            tenant: sealing.tenant.as_str(),
            collection: sealing.collection,
            field: "sealed",
            id: sealing.id,
        }
    }
}
