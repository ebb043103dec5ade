//! Buckets: values by key that belong to one component of one tenant. What a bucket may hold is limited here, for all
//! back ends: a bucket's document says how much room its values have taken at most, and a write that needs more takes
//! the room before it is made. Where a write was broken off between the two, or values have expired, the document says
//! more than there is; it is counted anew before a write is refused.

use serde_json::{Map, Value};
use std::ops::Bound;
use std::sync::Arc;

use super::calls::Keys;
use super::collections::{BUCKET_ENTRIES, BUCKETS};
use super::counter::count;
use super::room::{Room, grown, plus, refusal, taken};
use super::store::{Between, Document, Order, Query, Store, beginning_with};
use super::vault::{Sealing, Vault};
use super::{StorageError, TenantId};
use crate::limits;

/// A bucket: whose it is, which component's, and its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BucketId {
    /// Whose.
    pub tenant: TenantId,
    /// Which component's.
    pub component: String,
    /// Its name.
    pub name: String,
}

/// What a bucket may hold.
#[derive(Clone, Copy, Debug)]
pub struct BucketLimits {
    /// Keys.
    pub keys: u64,
    /// Bytes of keys and values.
    pub bytes: u64,
}

impl Default for BucketLimits {
    fn default() -> Self {
        Self {
            keys: limits::MAX_BUCKET_KEYS,
            bytes: limits::MAX_BUCKET_BYTES,
        }
    }
}

/// Values by key. `now_ms` is the time of day, in milliseconds since 1970; a value is there while `now_ms` is
/// less than its `expires_ms`, and beyond that it is as if it had been removed: it is not read, not listed and
/// not counted against a limit.
///
/// A write that is refused changes nothing. A limit refuses what grows the bucket beyond it, never what
/// shrinks it. Of writes of one key at the same time each is done whole, one after the other.
#[derive(Clone)]
pub struct Buckets {
    store: Arc<dyn Store>,
    vault: Arc<Vault>,
}

/// A value as it is kept.
struct Entry {
    document: Document,
    value: Vec<u8>,
}

/// What a write makes of a value.
enum Change<T> {
    /// It is to be this, with this expiry.
    Put(Vec<u8>, Option<u64>, T),
    /// It is to be gone.
    Remove(T),
    /// Nothing.
    Leave(T),
}

impl Buckets {
    /// Buckets in this store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, vault: Arc<Vault>) -> Self {
        Self { store, vault }
    }

    /// The value.
    ///
    /// # Errors
    /// [`StorageError`], as for every call here: where the store is away or the value cannot be decrypted.
    pub async fn get(
        &self,
        bucket: &BucketId,
        key: &str,
        now_ms: u64,
    ) -> Result<Option<Vec<u8>>, StorageError> {
        let found = self
            .store
            .get(&bucket.tenant, &BUCKET_ENTRIES, &entry_id(bucket, key), now_ms)
            .await?;
        match found {
            Some(document) => Ok(Some(self.entry(bucket, document).await?.value)),
            None => Ok(None),
        }
    }

    /// Sets the value and its expiry, whatever was there before.
    ///
    /// # Errors
    /// [`StorageError::Full`] where it does not fit.
    pub async fn set(
        &self,
        bucket: &BucketId,
        key: &str,
        value: &[u8],
        expires_ms: Option<u64>,
        now_ms: u64,
        limits: BucketLimits,
    ) -> Result<(), StorageError> {
        let put = |_: Option<&Entry>| Ok(Change::Put(value.to_owned(), expires_ms, ()));
        self.change(bucket, key, now_ms, limits, put).await
    }

    /// Removes the value; whether there was one.
    ///
    /// # Errors
    /// As [`Buckets::get`].
    pub async fn delete(&self, bucket: &BucketId, key: &str, now_ms: u64) -> Result<bool, StorageError> {
        let remove = |now: Option<&Entry>| {
            Ok(match now {
                Some(_) => Change::Remove(true),
                None => Change::Leave(false),
            })
        };
        self.change(bucket, key, now_ms, BucketLimits::default(), remove)
            .await
    }

    /// Keys with the prefix, after the key `cursor`, in the order of their bytes. The answer's cursor is its
    /// last key where there are more, and none at the end; the key need not be there any more when it is used.
    ///
    /// # Errors
    /// As [`Buckets::get`].
    pub async fn list(
        &self,
        bucket: &BucketId,
        prefix: &str,
        cursor: Option<&str>,
        limit: u32,
        now_ms: u64,
    ) -> Result<Keys, StorageError> {
        let (from, to) = beginning_with(prefix);
        let from = match cursor {
            Some(cursor) if cursor >= prefix => Bound::Excluded(Value::from(cursor)),
            _ => from,
        };
        let query = Query {
            equal: vec![("component", &bucket.component), ("bucket", &bucket.name)],
            between: Some(Between {
                field: "key",
                from,
                to,
            }),
            order: Order::Ascending("key"),
            limit: limit.saturating_add(1),
            now_ms,
            sealed: false,
        };
        let found = self.store.find(&bucket.tenant, &BUCKET_ENTRIES, query).await?;
        let mut keys = found.iter().map(key_of).collect::<Result<Vec<_>, _>>()?;
        let more = keys.len() > limit as usize;
        keys.truncate(limit as usize);
        let cursor = if more { keys.last().cloned() } else { None };
        Ok(Keys { keys, cursor })
    }

    /// Adds to a counter; its new value. A missing one counts from 0. A counter is its decimal text, as `get`
    /// reads it and `set` may write it: `0`, `-12`, no sign or zero that is not needed, within ±2^53
    /// ([`super::COUNTER_RANGE`]). Its expiry stays.
    ///
    /// # Errors
    /// [`StorageError::NotACounter`] where it is none, [`StorageError::Full`] where it does not fit.
    pub async fn increment(
        &self,
        bucket: &BucketId,
        key: &str,
        delta: i64,
        now_ms: u64,
        limits: BucketLimits,
    ) -> Result<i64, StorageError> {
        let add = |now: Option<&Entry>| {
            let sum = count(now.map(|entry| entry.value.as_slice()), delta)?;
            let expires = now.and_then(|entry| entry.document.expires_ms);
            Ok(Change::Put(sum.to_string().into_bytes(), expires, sum))
        };
        self.change(bucket, key, now_ms, limits, add).await
    }

    /// Sets the value if it is as expected; whether it did. What it sets does not expire.
    ///
    /// # Errors
    /// [`StorageError::Full`] where it does not fit.
    pub async fn compare_and_swap(
        &self,
        bucket: &BucketId,
        key: &str,
        expected: Option<&[u8]>,
        new: Option<&[u8]>,
        now_ms: u64,
        limits: BucketLimits,
    ) -> Result<bool, StorageError> {
        let swap = |now: Option<&Entry>| {
            Ok(
                match (now.map(|entry| entry.value.as_slice()) == expected, new, now) {
                    (false, _, _) => Change::Leave(false),
                    (true, Some(new), _) => Change::Put(new.to_owned(), None, true),
                    (true, None, Some(_)) => Change::Remove(true),
                    (true, None, None) => Change::Leave(true),
                },
            )
        };
        self.change(bucket, key, now_ms, limits, swap).await
    }

    /// Makes of a value what `decide` says, which is asked again where somebody else was first.
    async fn change<T>(
        &self,
        bucket: &BucketId,
        key: &str,
        now_ms: u64,
        limits: BucketLimits,
        decide: impl Fn(Option<&Entry>) -> Result<Change<T>, StorageError>,
    ) -> Result<T, StorageError> {
        loop {
            let id = entry_id(bucket, key);
            let now = self
                .store
                .get(&bucket.tenant, &BUCKET_ENTRIES, &id, now_ms)
                .await?;
            let now = match now {
                Some(document) => Some(self.entry(bucket, document).await?),
                None => None,
            };
            let (value, expires_ms, answer) = match decide(now.as_ref())? {
                Change::Leave(answer) => return Ok(answer),
                Change::Remove(answer) => match now {
                    Some(now) if !self.remove(bucket, key, &now).await? => continue,
                    _ => return Ok(answer),
                },
                Change::Put(value, expires_ms, answer) => (value, expires_ms, answer),
            };
            let size = size(key, value.len());
            let grows = Room {
                keys: i64::from(now.is_none()),
                bytes: size - now.as_ref().map_or(0, |now| sized(key, now)),
            };
            self.take(bucket, grows, limits, now_ms).await?;
            match self
                .write(bucket, key, now.as_ref(), &value, expires_ms, now_ms)
                .await
            {
                Ok(true) => {
                    self.give_back_shrunk(bucket, grows).await?;
                    return Ok(answer);
                }
                Ok(false) => self.give_back_grown(bucket, grows).await?,
                Err(error) => return Err(error),
            }
        }
    }

    /// Writes the value unless somebody else was first; whether it did.
    async fn write(
        &self,
        bucket: &BucketId,
        key: &str,
        now: Option<&Entry>,
        value: &[u8],
        expires_ms: Option<u64>,
        now_ms: u64,
    ) -> Result<bool, StorageError> {
        let id = entry_id(bucket, key);
        let sealed = self.vault.seal(sealing(bucket, &id), value).await?;
        let mut document = match now {
            Some(now) => now.document.clone(),
            None => Document {
                id,
                revision: 0,
                schema: 1,
                expires_ms: None,
                fields: named(bucket),
                sealed: None,
            },
        };
        document.expires_ms = expires_ms;
        document.fields.insert("key".to_owned(), Value::from(key));
        document
            .fields
            .insert("size".to_owned(), Value::from(size(key, value.len())));
        document.sealed = Some(sealed);
        let tenant = &bucket.tenant;
        match now {
            Some(_) => self.store.replace(tenant, &BUCKET_ENTRIES, document).await,
            None => self.store.insert(tenant, &BUCKET_ENTRIES, document, now_ms).await,
        }
    }

    /// Removes the value unless somebody else was first; whether it did.
    async fn remove(&self, bucket: &BucketId, key: &str, now: &Entry) -> Result<bool, StorageError> {
        let Document { id, revision, .. } = &now.document;
        let removed = self
            .store
            .remove(&bucket.tenant, &BUCKET_ENTRIES, id, *revision)
            .await?;
        if removed {
            let freed = Room {
                keys: -1,
                bytes: -sized(key, now),
            };
            self.account(bucket, freed).await?;
        }
        Ok(removed)
    }

    /// Takes the room that a write needs more than before.
    async fn take(
        &self,
        bucket: &BucketId,
        grows: Room,
        limits: BucketLimits,
        now_ms: u64,
    ) -> Result<(), StorageError> {
        let needed = grown(grows);
        if needed.is_none() {
            return Ok(());
        }
        loop {
            let kept = self.kept(bucket).await?;
            let taken = kept.as_ref().map_or(Room::default(), taken);
            let after = match refusal(taken, needed, limits) {
                None => plus(taken, needed),
                Some(_) => {
                    let counted = self.count(bucket, now_ms).await?;
                    if let Some(why) = refusal(counted, needed, limits) {
                        return Err(StorageError::Full(why));
                    }
                    plus(counted, needed)
                }
            };
            if self.keep(bucket, kept, after).await? {
                return Ok(());
            }
        }
    }

    async fn give_back_shrunk(&self, bucket: &BucketId, grows: Room) -> Result<(), StorageError> {
        let Room { keys, bytes } = grows;
        let freed = Room {
            keys: keys.min(0),
            bytes: bytes.min(0),
        };
        self.account(bucket, freed).await
    }

    async fn give_back_grown(&self, bucket: &BucketId, grows: Room) -> Result<(), StorageError> {
        let Room { keys, bytes } = grown(grows);
        let freed = Room {
            keys: -keys,
            bytes: -bytes,
        };
        self.account(bucket, freed).await
    }

    async fn account(&self, bucket: &BucketId, change: Room) -> Result<(), StorageError> {
        if change.is_none() {
            return Ok(());
        }
        let id = bucket_id(bucket);
        let counted = self.store.make(&bucket.tenant, &BUCKETS, &id, |kept| {
            let before = kept.map_or(Room::default(), taken);
            Ok(Some(holding(bucket, kept.cloned(), plus(before, change))))
        });
        counted.await.map(drop)
    }

    async fn kept(&self, bucket: &BucketId) -> Result<Option<Document>, StorageError> {
        self.store
            .get(&bucket.tenant, &BUCKETS, &bucket_id(bucket), 0)
            .await
    }

    async fn keep(
        &self,
        bucket: &BucketId,
        kept: Option<Document>,
        room: Room,
    ) -> Result<bool, StorageError> {
        let is_new = kept.is_none();
        let document = holding(bucket, kept, room);
        match is_new {
            true => self.store.insert(&bucket.tenant, &BUCKETS, document, 0).await,
            false => self.store.replace(&bucket.tenant, &BUCKETS, document).await,
        }
    }

    /// What is there.
    async fn count(&self, bucket: &BucketId, now_ms: u64) -> Result<Room, StorageError> {
        let of_bucket = [
            ("component", bucket.component.as_str()),
            ("bucket", bucket.name.as_str()),
        ];
        let total = self
            .store
            .total(&bucket.tenant, &BUCKET_ENTRIES, &of_bucket, "size", now_ms)
            .await?;
        Ok(Room {
            keys: i64::try_from(total.documents).unwrap_or(i64::MAX),
            bytes: i64::try_from(total.sum).unwrap_or(i64::MAX),
        })
    }

    async fn entry(&self, bucket: &BucketId, document: Document) -> Result<Entry, StorageError> {
        let sealed = document.sealed.as_deref().unwrap_or_default();
        let value = self.vault.open(sealing(bucket, &document.id), sealed).await?;
        Ok(Entry { document, value })
    }
}

/// What is said of a bucket that is so full.
fn holding(bucket: &BucketId, kept: Option<Document>, room: Room) -> Document {
    let mut document = kept.unwrap_or_else(|| Document {
        id: bucket_id(bucket),
        revision: 0,
        schema: 1,
        expires_ms: None,
        fields: named(bucket),
        sealed: None,
    });
    let numbers = [("keys", room.keys), ("bytes", room.bytes)];
    for (name, number) in numbers {
        document
            .fields
            .insert(name.to_owned(), Value::from(number.max(0)));
    }
    document
}

fn sealing<'a>(bucket: &'a BucketId, id: &'a str) -> Sealing<'a> {
    Sealing {
        tenant: &bucket.tenant,
        collection: BUCKET_ENTRIES.name,
        id,
    }
}

fn named(bucket: &BucketId) -> Map<String, Value> {
    Map::from_iter([
        ("component".to_owned(), Value::from(bucket.component.as_str())),
        ("bucket".to_owned(), Value::from(bucket.name.as_str())),
    ])
}

/// Component and bucket may hold any character: each part counts with its length.
fn digest(parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

fn bucket_id(bucket: &BucketId) -> String {
    digest(&[&bucket.component, &bucket.name])
}

fn entry_id(bucket: &BucketId, key: &str) -> String {
    digest(&[&bucket.component, &bucket.name, key])
}

fn key_of(document: &Document) -> Result<String, StorageError> {
    let key = document.fields.get("key").and_then(Value::as_str);
    let damaged = || StorageError::Damaged(format!("{} {}: it has no key", BUCKET_ENTRIES.name, document.id));
    key.map(ToOwned::to_owned).ok_or_else(damaged)
}

fn size(key: &str, value: usize) -> i64 {
    i64::try_from(key.len() + value).unwrap_or(i64::MAX)
}

fn sized(key: &str, entry: &Entry) -> i64 {
    size(key, entry.value.len())
}
