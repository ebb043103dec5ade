//! Values by key. A statement reaches a bucket by its tenant, its component and its name, or by the number that
//! these three were found to have in the same transaction; a bucket's number never leaves [`Contents`].

use flowguard_core::storage::calls::Keys;
use flowguard_core::storage::{self, BucketId, BucketLimits, StorageError};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::fault::Fault;

/// Values that one transaction of a sweep removes.
const SWEEP_PORTION: u32 = 500;
/// No text has this byte, so that it lies beyond every key.
const BEYOND_EVERY_KEY: u8 = 0xff;

pub(super) fn get(
    db: &Connection,
    bucket: &BucketId,
    key: &str,
    now_ms: u64,
) -> Result<Option<Vec<u8>>, Fault> {
    let mut statement = db.prepare_cached(
        "SELECT value FROM entry JOIN bucket ON bucket.id = entry.bucket
         WHERE tenant = ?1 AND component = ?2 AND name = ?3 AND key = ?4
         AND (expires_ms IS NULL OR expires_ms > ?5)",
    )?;
    let owner = (bucket.tenant.as_str(), &bucket.component, &bucket.name);
    let named = params![owner.0, owner.1, owner.2, key.as_bytes(), signed(now_ms)];
    Ok(statement.query_row(named, |row| row.get(0)).optional()?)
}

pub(super) fn list(
    db: &Connection,
    bucket: &BucketId,
    prefix: &str,
    cursor: Option<&str>,
    limit: u32,
    now_ms: u64,
) -> Result<Keys, Fault> {
    let (from, to) = range(prefix, cursor);
    let mut statement = db.prepare_cached(
        "SELECT key FROM entry JOIN bucket ON bucket.id = entry.bucket
         WHERE tenant = ?1 AND component = ?2 AND name = ?3 AND key >= ?4 AND key < ?5
         AND (expires_ms IS NULL OR expires_ms > ?6)
         ORDER BY key LIMIT ?7",
    )?;
    let owner = (bucket.tenant.as_str(), &bucket.component, &bucket.name);
    let one_more = i64::from(limit) + 1;
    let named = params![owner.0, owner.1, owner.2, from, to, signed(now_ms), one_more];
    let rows = statement.query_map(named, |row| row.get::<_, Vec<u8>>(0))?;
    let mut keys = rows.map(|row| text(row?)).collect::<Result<Vec<_>, Fault>>()?;
    let more = keys.len() > limit as usize;
    keys.truncate(limit as usize);
    let cursor = if more { keys.last().cloned() } else { None };
    Ok(Keys { keys, cursor })
}

/// From the first byte string to take to the first one to leave. The byte string that follows a key is that
/// key with a zero byte.
fn range(prefix: &str, cursor: Option<&str>) -> (Vec<u8>, Vec<u8>) {
    let prefix = prefix.as_bytes().to_vec();
    let to = [prefix.as_slice(), &[BEYOND_EVERY_KEY]].concat();
    let after = cursor.map(|cursor| [cursor.as_bytes(), &[0]].concat());
    (
        after.map_or_else(|| prefix.clone(), |after| after.max(prefix.clone())),
        to,
    )
}

fn text(key: Vec<u8>) -> Result<String, Fault> {
    String::from_utf8(key).map_err(|error| {
        StorageError::Unavailable(format!("a key of the store is damaged, it is no text: {error}")).into()
    })
}

/// Changes a bucket in one transaction that is alone in the store, also among processes.
pub(super) fn change<T>(
    db: &mut Connection,
    bucket: &BucketId,
    now_ms: u64,
    limits: BucketLimits,
    work: impl FnOnce(&Contents<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let contents = Contents::of(&transaction, bucket, now_ms, limits)?;
    let answer = work(&contents)?;
    transaction.commit()?;
    Ok(answer)
}

/// What a bucket holds during a transaction. What has expired is gone already.
pub(super) struct Contents<'a> {
    transaction: &'a Transaction<'a>,
    id: i64,
    limits: BucketLimits,
}

impl<'a> Contents<'a> {
    fn of(
        transaction: &'a Transaction<'a>,
        bucket: &BucketId,
        now_ms: u64,
        limits: BucketLimits,
    ) -> Result<Self, Fault> {
        let owner = (bucket.tenant.as_str(), &bucket.component, &bucket.name);
        transaction
            .prepare_cached(
                "INSERT INTO bucket (tenant, component, name) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            )?
            .execute(owner)?;
        let id = transaction
            .prepare_cached("SELECT id FROM bucket WHERE tenant = ?1 AND component = ?2 AND name = ?3")?
            .query_row(owner, |row| row.get(0))?;
        transaction
            .prepare_cached("DELETE FROM entry WHERE bucket = ?1 AND expires_ms <= ?2")?
            .execute(params![id, signed(now_ms)])?;
        Ok(Self {
            transaction,
            id,
            limits,
        })
    }

    /// Sets a value.
    pub(super) fn put(&self, key: &str, value: &[u8], expires_ms: Option<u64>) -> Result<(), Fault> {
        self.write(key, value, expires_ms.map(signed))
    }

    fn write(&self, key: &str, value: &[u8], expires_ms: Option<i64>) -> Result<(), Fault> {
        let before = self.size()?;
        self.transaction
            .prepare_cached(
                "INSERT INTO entry (bucket, key, value, expires_ms) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (bucket, key) DO UPDATE SET value = excluded.value, expires_ms = excluded.expires_ms",
            )?
            .execute(params![self.id, key.as_bytes(), value, expires_ms])?;
        self.check_growth(before)
    }

    /// Removes a value; whether there was one.
    pub(super) fn remove(&self, key: &str) -> Result<bool, Fault> {
        let removed = self
            .transaction
            .prepare_cached("DELETE FROM entry WHERE bucket = ?1 AND key = ?2")?
            .execute(params![self.id, key.as_bytes()])?;
        Ok(removed > 0)
    }

    /// Adds to a counter, which keeps its expiry.
    pub(super) fn add(&self, key: &str, delta: i64) -> Result<i64, Fault> {
        let (before, expires_ms) = match self.find(key)? {
            Some(entry) => (Some(entry.value), entry.expires_ms),
            None => (None, None),
        };
        let sum = storage::count(before.as_deref(), delta)?;
        self.write(key, sum.to_string().as_bytes(), expires_ms)?;
        Ok(sum)
    }

    /// Sets or removes a value if it is as expected; whether it did.
    pub(super) fn swap(&self, key: &str, expected: Option<&[u8]>, new: Option<&[u8]>) -> Result<bool, Fault> {
        let now = self.find(key)?;
        if now.as_ref().map(|entry| entry.value.as_slice()) != expected {
            return Ok(false);
        }
        match new {
            Some(value) => self.write(key, value, None)?,
            None => {
                self.remove(key)?;
            }
        }
        Ok(true)
    }

    fn find(&self, key: &str) -> Result<Option<Entry>, Fault> {
        let found = self
            .transaction
            .prepare_cached("SELECT value, expires_ms FROM entry WHERE bucket = ?1 AND key = ?2")?
            .query_row(params![self.id, key.as_bytes()], |row| {
                Ok(Entry {
                    value: row.get(0)?,
                    expires_ms: row.get(1)?,
                })
            })
            .optional()?;
        Ok(found)
    }

    fn size(&self) -> Result<Size, Fault> {
        let size = self
            .transaction
            .prepare_cached("SELECT keys, bytes FROM bucket WHERE id = ?1")?
            .query_row([self.id], |row| {
                Ok(Size {
                    keys: row.get(0)?,
                    bytes: row.get(1)?,
                })
            })?;
        Ok(size)
    }

    /// Refuses what took the bucket beyond its limits; the transaction then ends undone.
    fn check_growth(&self, before: Size) -> Result<(), Fault> {
        let after = self.size()?;
        let (keys, bytes) = (self.limits.keys, self.limits.bytes);
        if after.keys > before.keys && after.keys > signed(keys) {
            let message = format!("it may have {keys} keys, delete some");
            return Err(StorageError::Full(message).into());
        }
        if after.bytes > before.bytes && after.bytes > signed(bytes) {
            let message = format!(
                "it may have {bytes} bytes of keys and values, delete some: it would have {}",
                after.bytes
            );
            return Err(StorageError::Full(message).into());
        }
        Ok(())
    }
}

struct Entry {
    value: Vec<u8>,
    expires_ms: Option<i64>,
}

#[derive(Clone, Copy)]
struct Size {
    keys: i64,
    bytes: i64,
}

/// What one transaction of a sweep did.
pub(super) struct Portion {
    pub(super) removed: u64,
    /// Nothing was left to remove.
    pub(super) last: bool,
}

/// Removes a portion of what has expired, in every bucket of every tenant, and the buckets that are empty.
pub(super) fn sweep(db: &mut Connection, now_ms: u64) -> Result<Portion, Fault> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let removed = transaction
        .prepare_cached(
            "DELETE FROM entry WHERE rowid IN
             (SELECT rowid FROM entry WHERE expires_ms <= ?1 LIMIT ?2)",
        )?
        .execute(params![signed(now_ms), SWEEP_PORTION])?;
    let last = removed < SWEEP_PORTION as usize;
    if last {
        transaction.execute("DELETE FROM bucket WHERE keys = 0", [])?;
    }
    transaction.commit()?;
    Ok(Portion {
        removed: removed as u64,
        last,
    })
}

/// SQLite's integers have a sign; what is beyond them is as good as for ever.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
