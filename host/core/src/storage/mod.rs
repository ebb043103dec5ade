//! The storage capability: values that outlive a run, and the results of runs.
//!
//! Isolation is by type: a bucket is named by [`BucketId`], which holds its owner; there is no way to ask a
//! store for a bucket by name alone.

pub mod calls;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

use crate::content::Content;
use crate::failure::{Code, Failure};
use crate::limits;
use crate::run::{RunId, RunRecord};
use crate::secrets::Scrubber;
use calls::{CompareAndSwap, Delete, Get, Increment, Keys, List, OpenBucket, Set};

/// Whose data it is. One machine's own flows belong to `local`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TenantId(String);

impl TenantId {
    /// The tenant of one's own machine.
    #[must_use]
    pub fn local() -> Self {
        Self("local".to_owned())
    }

    /// The tenant that a text names, if it can be one: 1 to 63 of `a-z`, `0-9` and `-`, not beginning with `-`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let legal = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-');
        let named = (1..=63).contains(&text.len()) && text.bytes().all(legal) && !text.starts_with('-');
        named.then(|| Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

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

/// Why a store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The bucket is full.
    #[error("the bucket is full: {0}")]
    Full(String),
    /// The value is no counter, or would leave its range.
    #[error("not a counter: {0}")]
    NotACounter(String),
    /// The store is away or damaged.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// The document is of a newer version than this program.
    #[error(
        "{what} was written by a newer FlowGuard (schema {found}, this one reads {known}): upgrade this one"
    )]
    Newer {
        /// What was read.
        what: String,
        /// Its version.
        found: u32,
        /// The newest that is known.
        known: u32,
    },
}

/// Values by key. `now_ms` is the time of day, in milliseconds since 1970; a value is there while `now_ms` is
/// less than its `expires_ms`, and beyond that it is as if it had been removed: it is not read, not listed and
/// not counted against a limit.
///
/// A write that is refused changes nothing. A limit refuses what grows the bucket beyond it, never what
/// shrinks it.
#[async_trait]
pub trait Buckets: Send + Sync {
    /// The value.
    async fn get(&self, bucket: &BucketId, key: &str, now_ms: u64) -> Result<Option<Vec<u8>>, StorageError>;
    /// Sets the value and its expiry, whatever was there before.
    async fn set(
        &self,
        bucket: &BucketId,
        key: &str,
        value: &[u8],
        expires_ms: Option<u64>,
        now_ms: u64,
        limits: BucketLimits,
    ) -> Result<(), StorageError>;
    /// Removes the value; whether there was one.
    async fn delete(&self, bucket: &BucketId, key: &str, now_ms: u64) -> Result<bool, StorageError>;
    /// Keys with the prefix, after the key `cursor`, in the order of their bytes. The answer's cursor is its
    /// last key where there are more, and none at the end; the key need not be there any more when it is used.
    async fn list(
        &self,
        bucket: &BucketId,
        prefix: &str,
        cursor: Option<&str>,
        limit: u32,
        now_ms: u64,
    ) -> Result<Keys, StorageError>;
    /// Adds to a counter; its new value. A missing one counts from 0. A counter is its decimal text, as `get`
    /// reads it and `set` may write it: `0`, `-12`, no sign or zero that is not needed, within ±2^53
    /// ([`COUNTER_RANGE`]). Its expiry stays.
    async fn increment(
        &self,
        bucket: &BucketId,
        key: &str,
        delta: i64,
        now_ms: u64,
        limits: BucketLimits,
    ) -> Result<i64, StorageError>;
    /// Sets the value if it is as expected; whether it did. What it sets does not expire.
    async fn compare_and_swap(
        &self,
        bucket: &BucketId,
        key: &str,
        expected: Option<&[u8]>,
        new: Option<&[u8]>,
        now_ms: u64,
        limits: BucketLimits,
    ) -> Result<bool, StorageError>;
}

/// The values that a counter may have: those that a JavaScript number holds exactly.
pub const COUNTER_RANGE: std::ops::RangeInclusive<i64> = -(1 << 53)..=(1 << 53);

/// Adds to the counter that is stored as `text`, `None` where there is none.
///
/// # Errors
/// [`StorageError::NotACounter`] where the text is no counter or the sum leaves [`COUNTER_RANGE`].
pub fn count(text: Option<&[u8]>, delta: i64) -> Result<i64, StorageError> {
    let before = match text {
        None => 0,
        Some(text) => counter(text).ok_or_else(|| not_a_counter(text))?,
    };
    let sum = before
        .checked_add(delta)
        .filter(|sum| COUNTER_RANGE.contains(sum));
    sum.ok_or_else(|| StorageError::NotACounter(format!("{before} plus {delta} is beyond ±2^53")))
}

fn counter(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    let number: i64 = text.parse().ok()?;
    (COUNTER_RANGE.contains(&number) && number.to_string() == text).then_some(number)
}

fn not_a_counter(value: &[u8]) -> StorageError {
    let shown = value.get(..value.len().min(32)).unwrap_or_default();
    let shown = String::from_utf8_lossy(shown);
    StorageError::NotACounter(format!("the value is no decimal integer within ±2^53: {shown:?}"))
}

/// Finished runs.
///
/// A record of a newer schema than [`RunRecord::SCHEMA`] may be kept and is never read in part: reading it,
/// alone or among others, is [`StorageError::Newer`].
#[async_trait]
pub trait Runs: Send + Sync {
    /// Keeps a run. A run that is kept already is left as it is: finishing is done once.
    async fn save(&self, tenant: &TenantId, run: &RunRecord) -> Result<(), StorageError>;
    /// The run.
    async fn load(&self, tenant: &TenantId, id: &RunId) -> Result<Option<RunRecord>, StorageError>;
    /// The newest runs by their beginning, newest first (by id where they began at once), of one flow where it
    /// is named.
    async fn recent(
        &self,
        tenant: &TenantId,
        flow: Option<&str>,
        limit: u32,
    ) -> Result<Vec<RunRecord>, StorageError>;
    /// The ids that begin so, the first 10 in their order.
    async fn ids_beginning(&self, tenant: &TenantId, prefix: &str) -> Result<Vec<RunId>, StorageError>;
}

/// A run's access to its buckets.
pub struct Storage {
    buckets: Arc<dyn Buckets>,
    tenant: TenantId,
    component: String,
    clock: Arc<dyn crate::clock::Clock>,
    known: Arc<Scrubber>,
}

impl Storage {
    /// The buckets of one component of one tenant.
    #[must_use]
    pub fn new(
        buckets: Arc<dyn Buckets>,
        tenant: TenantId,
        component: String,
        clock: Arc<dyn crate::clock::Clock>,
    ) -> Self {
        Self {
            buckets,
            tenant,
            component,
            clock,
            known: Arc::default(),
        }
    }

    /// The same, with what is known to be secret kept out of all that is stored.
    #[must_use]
    pub fn keeping_out(self, known: Arc<Scrubber>) -> Self {
        Self { known, ..self }
    }

    /// Opens a bucket.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where the name is malformed.
    pub async fn open(&self, call: &OpenBucket) -> Result<(), Failure> {
        let name = call.name.as_bytes();
        let legal = |b: &u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if !(1..=63).contains(&name.len()) || !name.iter().all(legal) || name.first() == Some(&b'-') {
            let message = format!(
                "a bucket's name is 1 to 63 of a-z, 0-9 and -, not beginning with -: {:?}",
                call.name
            );
            return Err(Failure::new(Code::InvalidArgument, message));
        }
        Ok(())
    }

    /// The value.
    ///
    /// # Errors
    /// [`Code::Unavailable`] where the store is away.
    pub async fn get(&self, call: &Get) -> Result<Option<Content>, Failure> {
        check_key(&call.key)?;
        let value = self
            .buckets
            .get(&self.id(&call.bucket), &self.known.text(&call.key), self.now_ms())
            .await?;
        Ok(value.map(Content::from))
    }

    /// Sets the value.
    ///
    /// # Errors
    /// [`Code::OverBudget`] where it does not fit.
    pub async fn set(&self, call: &Set) -> Result<(), Failure> {
        check_key(&call.key)?;
        check_value(&call.value)?;
        let now = self.now_ms();
        let expires = match call.ttl_ms {
            Some(0) => {
                return Err(Failure::new(
                    Code::InvalidArgument,
                    "a time to live is at least 1 ms: 0",
                ));
            }
            Some(ttl) => Some(now + u64::from(ttl)),
            None => None,
        };
        let bucket = self.id(&call.bucket);
        let limits = BucketLimits::default();
        let (key, value) = (self.known.text(&call.key), self.clean(&call.value));
        self.buckets
            .set(&bucket, &key, &value, expires, now, limits)
            .await
            .map_err(Failure::from)
    }

    /// Removes the value.
    ///
    /// # Errors
    /// [`Code::Unavailable`] where the store is away.
    pub async fn delete(&self, call: &Delete) -> Result<bool, Failure> {
        check_key(&call.key)?;
        self.buckets
            .delete(&self.id(&call.bucket), &self.known.text(&call.key), self.now_ms())
            .await
            .map_err(Failure::from)
    }

    /// Lists keys.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where the limit is out of range.
    pub async fn list(&self, call: &List) -> Result<Keys, Failure> {
        if !(1..=1000).contains(&call.limit) {
            return Err(Failure::new(
                Code::InvalidArgument,
                format!("a limit is 1 to 1000: {}", call.limit),
            ));
        }
        let bucket = self.id(&call.bucket);
        let cursor = call.cursor.as_deref();
        self.buckets
            .list(&bucket, &call.prefix, cursor, call.limit, self.now_ms())
            .await
            .map_err(Failure::from)
    }

    /// Adds to a counter.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where the value is no counter.
    pub async fn increment(&self, call: &Increment) -> Result<i64, Failure> {
        check_key(&call.key)?;
        let bucket = self.id(&call.bucket);
        let (now, limits) = (self.now_ms(), BucketLimits::default());
        self.buckets
            .increment(
                &bucket,
                &self.known.text(&call.key),
                call.delta.into(),
                now,
                limits,
            )
            .await
            .map_err(Failure::from)
    }

    /// Sets the value if it is as expected.
    ///
    /// # Errors
    /// [`Code::OverBudget`] where it does not fit.
    pub async fn compare_and_swap(&self, call: &CompareAndSwap) -> Result<bool, Failure> {
        check_key(&call.key)?;
        if let Some(new) = &call.new {
            check_value(new)?;
        }
        let bucket = self.id(&call.bucket);
        let expected = call.expected.as_deref();
        let (key, new) = (
            self.known.text(&call.key),
            call.new.as_deref().map(|new| self.clean(new)),
        );
        let (now, limits) = (self.now_ms(), BucketLimits::default());
        self.buckets
            .compare_and_swap(&bucket, &key, expected, new.as_deref(), now, limits)
            .await
            .map_err(Failure::from)
    }

    fn id(&self, name: &str) -> BucketId {
        BucketId {
            tenant: self.tenant.clone(),
            component: self.component.clone(),
            name: name.to_owned(),
        }
    }

    fn clean(&self, value: &[u8]) -> bytes::Bytes {
        self.known.bytes(bytes::Bytes::copy_from_slice(value))
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.clock.wall().as_millis()).unwrap_or(u64::MAX)
    }
}

fn check_key(key: &str) -> Result<(), Failure> {
    if (1..=limits::MAX_KEY_BYTES).contains(&key.len()) && !key.contains('\0') {
        return Ok(());
    }
    let message = format!(
        "a key has 1 to {} bytes and no NUL: it has {}",
        limits::MAX_KEY_BYTES,
        key.len()
    );
    Err(Failure::new(Code::InvalidArgument, message))
}

fn check_value(value: &[u8]) -> Result<(), Failure> {
    if value.len() <= limits::MAX_VALUE_BYTES {
        return Ok(());
    }
    let message = format!(
        "a value has at most {} bytes: {}",
        limits::MAX_VALUE_BYTES,
        value.len()
    );
    Err(Failure::new(Code::OverBudget, message))
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        let code = match error {
            StorageError::Full(_) => Code::OverBudget,
            StorageError::NotACounter(_) => Code::InvalidArgument,
            StorageError::Unavailable(_) | StorageError::Newer { .. } => Code::Unavailable,
        };
        Self::new(code, error.to_string())
    }
}
