//! What a release before 2026-12 kept: runs and values in tables of their own, not encrypted. The program moves them
//! through the layers above, which encrypt, and they are deleted here as they are moved.

use flowguard_core::run::RunRecord;
use flowguard_core::storage::{BucketId, StorageError, TenantId};
use rusqlite::{Connection, OptionalExtension, params};

use super::fault::Fault;

/// Rows that are moved at once.
const PORTION: u32 = 100;

/// Something that a former release kept.
#[derive(Debug)]
pub enum Former {
    /// A finished run.
    Run {
        /// Whose.
        tenant: TenantId,
        /// The run.
        record: Box<RunRecord>,
        /// Where it lies.
        row: i64,
    },
    /// A value.
    Value {
        /// Its bucket.
        bucket: BucketId,
        /// Its key.
        key: String,
        /// The value.
        value: Vec<u8>,
        /// When it is gone, in milliseconds since 1970.
        expires_ms: Option<u64>,
        /// Where it lies.
        row: i64,
    },
}

/// A portion of what is left; empty where nothing is.
pub(super) fn some(db: &Connection) -> Result<Vec<Former>, Fault> {
    if !is_there(db)? {
        return Ok(Vec::new());
    }
    let mut found = values(db)?;
    if found.is_empty() {
        found = runs(db)?;
    }
    Ok(found)
}

/// Deletes what was moved, and the tables with the last of it.
pub(super) fn forget(db: &Connection, moved: &[Former]) -> Result<(), Fault> {
    for item in moved {
        match item {
            Former::Run { row, .. } => db.execute("DELETE FROM former_run WHERE rowid = ?1", [row])?,
            Former::Value { row, .. } => db.execute("DELETE FROM former_entry WHERE rowid = ?1", [row])?,
        };
    }
    let left: i64 = db.query_row(
        "SELECT (SELECT count(*) FROM former_run) + (SELECT count(*) FROM former_entry)",
        [],
        |row| row.get(0),
    )?;
    if left == 0 {
        db.execute_batch("DROP TABLE former_entry; DROP TABLE former_bucket; DROP TABLE former_run;")?;
    }
    Ok(())
}

fn is_there(db: &Connection) -> Result<bool, Fault> {
    let found = db
        .query_row(
            "SELECT 1 FROM sqlite_schema WHERE name = 'former_run'",
            [],
            |_| Ok(()),
        )
        .optional()?;
    Ok(found.is_some())
}

fn values(db: &Connection) -> Result<Vec<Former>, Fault> {
    let mut statement = db.prepare(
        "SELECT former_entry.rowid, tenant, component, name, key, value, expires_ms
         FROM former_entry JOIN former_bucket ON former_bucket.id = former_entry.bucket LIMIT ?1",
    )?;
    let rows = statement.query_map(params![PORTION], |row| {
        let (tenant, key): (String, Vec<u8>) = (row.get(1)?, row.get(4)?);
        Ok((
            row.get(0)?,
            tenant,
            row.get(2)?,
            row.get(3)?,
            key,
            row.get(5)?,
            row.get::<_, Option<i64>>(6)?,
        ))
    })?;
    let mut found = Vec::new();
    for row in rows {
        let (row, owner, component, name, key, value, expires_ms) = row?;
        found.push(Former::Value {
            bucket: BucketId {
                tenant: tenant(&owner)?,
                component,
                name,
            },
            key: String::from_utf8(key).map_err(|error| damaged(&error.to_string()))?,
            value,
            expires_ms: expires_ms.map(i64::unsigned_abs),
            row,
        });
    }
    Ok(found)
}

fn runs(db: &Connection) -> Result<Vec<Former>, Fault> {
    let mut statement = db.prepare("SELECT rowid, tenant, record FROM former_run LIMIT ?1")?;
    let rows = statement.query_map(params![PORTION], |row| {
        Ok((row.get(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
    })?;
    let mut found = Vec::new();
    for row in rows {
        let (row, owner, record) = row?;
        let record = serde_json::from_str(&record).map_err(|error| damaged(&error.to_string()))?;
        found.push(Former::Run {
            tenant: tenant(&owner)?,
            record: Box::new(record),
            row,
        });
    }
    Ok(found)
}

fn tenant(name: &str) -> Result<TenantId, Fault> {
    TenantId::parse(name).ok_or_else(|| damaged(&format!("a tenant has the name {name:?}")))
}

fn damaged(what: &str) -> Fault {
    StorageError::Damaged(format!("what a former release kept cannot be read: {what}")).into()
}
