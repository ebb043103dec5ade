//! A run's access to the buckets of its component: what a guest says is checked here, before it reaches the store.

use bytes::Bytes;
use std::sync::Arc;

use super::TenantId;
use super::buckets::{BucketId, BucketLimits, Buckets};
use super::calls::{CompareAndSwap, Delete, Get, Increment, Keys, List, OpenBucket, Set};
use crate::clock::Clock;
use crate::content::Content;
use crate::failure::{Code, Failure};
use crate::label::is_label;
use crate::limits;
use crate::secrets::Scrubber;

/// A run's access to its buckets.
pub struct Storage {
    buckets: Buckets,
    tenant: TenantId,
    component: String,
    clock: Arc<dyn Clock>,
    known: Arc<Scrubber>,
}

impl Storage {
    /// The buckets of one component of one tenant.
    #[must_use]
    pub fn new(buckets: Buckets, tenant: TenantId, component: String, clock: Arc<dyn Clock>) -> Self {
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
        if !is_label(&call.name) {
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
        let key = self.known.text(&call.key);
        self.buckets
            .increment(&bucket, &key, call.delta.into(), now, limits)
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
        let key = self.known.text(&call.key);
        let new = call.new.as_deref().map(|new| self.clean(new));
        let (expected, new) = (call.expected.as_deref(), new.as_deref());
        let (now, limits) = (self.now_ms(), BucketLimits::default());
        self.buckets
            .compare_and_swap(&bucket, &key, expected, new, now, limits)
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

    fn clean(&self, value: &[u8]) -> Bytes {
        self.known.bytes(Bytes::copy_from_slice(value))
    }

    fn now_ms(&self) -> u64 {
        self.clock.wall_ms()
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
