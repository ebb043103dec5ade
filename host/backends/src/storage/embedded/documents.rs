//! Documents. Every statement names the tenant; names of tables and fields are the program's own, everything else is
//! bound.

use std::ops::Bound;

use flowguard_core::storage::collections::COLLECTIONS;
use flowguard_core::storage::store::{Collection, Document, Order, Query, Total};
use flowguard_core::storage::{StorageError, TenantId};
use rusqlite::types::Value as Bind;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params, params_from_iter};
use serde_json::Value;

use super::fault::{self, Fault};
use super::tables::expression;

/// Documents that one transaction of a sweep removes.
const SWEEP_PORTION: u32 = 500;

/// A query with its own texts, for another thread.
pub(super) struct OwnedQuery {
    equal: Vec<(&'static str, String)>,
    between: Option<flowguard_core::storage::store::Between>,
    order: Order,
    limit: u32,
    now_ms: u64,
    sealed: bool,
}

impl From<Query<'_>> for OwnedQuery {
    fn from(query: Query<'_>) -> Self {
        Self {
            equal: owned(&query.equal),
            between: query.between,
            order: query.order,
            limit: query.limit,
            now_ms: query.now_ms,
            sealed: query.sealed,
        }
    }
}

pub(super) fn owned(equal: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    equal
        .iter()
        .map(|(field, value)| (*field, (*value).to_owned()))
        .collect()
}

pub(super) fn insert(
    db: &mut Connection,
    tenant: &TenantId,
    collection: &Collection,
    document: &Document,
    now_ms: u64,
) -> Result<bool, Fault> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let inserted = match insert_into(&transaction, tenant, collection, document, now_ms) {
        // One that has expired does not stand in the way of a unique index either.
        Err(Fault::Database(error)) if fault::is_not_unique(&error) => {
            remove_expired_of(&transaction, tenant, collection, now_ms)?;
            match insert_into(&transaction, tenant, collection, document, now_ms) {
                Err(Fault::Database(error)) if fault::is_not_unique(&error) => false,
                done => done?,
            }
        }
        done => done?,
    };
    transaction.commit()?;
    Ok(inserted)
}

fn insert_into(
    transaction: &Transaction<'_>,
    tenant: &TenantId,
    collection: &Collection,
    document: &Document,
    now_ms: u64,
) -> Result<bool, Fault> {
    let table = collection.name;
    let mut statement = transaction.prepare_cached(&format!(
        "INSERT INTO {table} (tenant, id, revision, schema, expires_ms, fields, sealed)
         VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6)
         ON CONFLICT (tenant, id) DO UPDATE SET revision = 1, schema = excluded.schema,
            expires_ms = excluded.expires_ms, fields = excluded.fields, sealed = excluded.sealed
         WHERE {table}.expires_ms <= ?7"
    ))?;
    let changed = statement.execute(params![
        tenant.as_str(),
        document.id,
        document.schema,
        document.expires_ms.map(signed),
        text(document)?,
        document.sealed,
        signed(now_ms),
    ])?;
    Ok(changed > 0)
}

fn remove_expired_of(
    transaction: &Transaction<'_>,
    tenant: &TenantId,
    collection: &Collection,
    now_ms: u64,
) -> Result<(), Fault> {
    let sql = format!(
        "DELETE FROM {} WHERE tenant = ?1 AND expires_ms <= ?2",
        collection.name
    );
    transaction
        .prepare_cached(&sql)?
        .execute(params![tenant.as_str(), signed(now_ms)])?;
    Ok(())
}

pub(super) fn get(
    db: &Connection,
    tenant: &TenantId,
    collection: &Collection,
    id: &str,
    now_ms: u64,
) -> Result<Option<Document>, Fault> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT id, revision, schema, expires_ms, fields, sealed FROM {}
         WHERE tenant = ?1 AND id = ?2 AND (expires_ms IS NULL OR expires_ms > ?3)",
        collection.name
    ))?;
    let found = statement
        .query_row(params![tenant.as_str(), id, signed(now_ms)], Row::of)
        .optional()?;
    found.map(|row| row.read(collection)).transpose()
}

pub(super) fn replace(
    db: &Connection,
    tenant: &TenantId,
    collection: &Collection,
    document: &Document,
) -> Result<bool, Fault> {
    let mut statement = db.prepare_cached(&format!(
        "UPDATE {} SET revision = revision + 1, schema = ?4, expires_ms = ?5, fields = ?6, sealed = ?7
         WHERE tenant = ?1 AND id = ?2 AND revision = ?3",
        collection.name
    ))?;
    let replaced = statement.execute(params![
        tenant.as_str(),
        document.id,
        signed(document.revision),
        document.schema,
        document.expires_ms.map(signed),
        text(document)?,
        document.sealed,
    ]);
    match replaced {
        Err(error) if fault::is_not_unique(&error) => Ok(false),
        replaced => Ok(replaced? > 0),
    }
}

pub(super) fn remove(
    db: &Connection,
    tenant: &TenantId,
    collection: &Collection,
    id: &str,
    revision: u64,
) -> Result<bool, Fault> {
    let sql = format!(
        "DELETE FROM {} WHERE tenant = ?1 AND id = ?2 AND revision = ?3",
        collection.name
    );
    let removed = db
        .prepare_cached(&sql)?
        .execute(params![tenant.as_str(), id, signed(revision)])?;
    Ok(removed > 0)
}

pub(super) fn find(
    db: &Connection,
    tenant: &TenantId,
    collection: &Collection,
    query: &OwnedQuery,
) -> Result<Vec<Document>, Fault> {
    let mut wanted = Wanted::of(tenant, query.now_ms, &query.equal);
    if let Some(between) = &query.between {
        wanted.bound(between.field, &between.from, ">=", ">");
        wanted.bound(between.field, &between.to, "<=", "<");
    }
    let (by, direction) = match query.order {
        Order::Ascending(by) => (by, "ASC"),
        Order::Descending(by) => (by, "DESC"),
    };
    let sealed = if query.sealed { "sealed" } else { "NULL" };
    let then_id = if by == "id" {
        String::new()
    } else {
        format!(", id {direction}")
    };
    let limit = wanted.bind(Bind::Integer(query.limit.into()));
    let sql = format!(
        "SELECT id, revision, schema, expires_ms, fields, {sealed} FROM {} WHERE {}
         ORDER BY {} {direction}{then_id} LIMIT {limit}",
        collection.name,
        wanted.conditions.join(" AND "),
        expression(by),
    );
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(wanted.binds), Row::of)?;
    rows.map(|row| row?.read(collection)).collect()
}

pub(super) fn total(
    db: &Connection,
    tenant: &TenantId,
    collection: &Collection,
    equal: &[(&'static str, String)],
    summed: &'static str,
    now_ms: u64,
) -> Result<Total, Fault> {
    let wanted = Wanted::of(tenant, now_ms, equal);
    let sql = format!(
        "SELECT count(*), coalesce(sum({}), 0) FROM {} WHERE {}",
        expression(summed),
        collection.name,
        wanted.conditions.join(" AND ")
    );
    let mut statement = db.prepare_cached(&sql)?;
    let (documents, sum): (i64, i64) = statement.query_row(params_from_iter(wanted.binds), |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    Ok(Total {
        documents: documents.unsigned_abs(),
        sum: sum.max(0).unsigned_abs(),
    })
}

pub(super) fn tenants(db: &Connection) -> Result<Vec<TenantId>, Fault> {
    let each: Vec<String> = COLLECTIONS
        .iter()
        .map(|collection| format!("SELECT DISTINCT tenant FROM {}", collection.name))
        .collect();
    let mut statement = db.prepare_cached(&format!("{} ORDER BY 1", each.join(" UNION ")))?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
    let tenant = |name: String| {
        let damaged = || StorageError::Damaged(format!("the name of a tenant is none: {name:?}"));
        Ok(TenantId::parse(&name).ok_or_else(damaged)?)
    };
    rows.map(|row| tenant(row?)).collect()
}

/// What one transaction of a sweep did.
pub(super) struct Portion {
    pub(super) removed: u64,
    /// Nothing was left to remove.
    pub(super) last: bool,
}

/// Removes a portion of what has expired in one collection, of every tenant.
pub(super) fn sweep(db: &Connection, collection: &Collection, now_ms: u64) -> Result<Portion, Fault> {
    let sql = format!(
        "DELETE FROM {0} WHERE rowid IN (SELECT rowid FROM {0} WHERE expires_ms <= ?1 LIMIT ?2)",
        collection.name
    );
    let removed = db
        .prepare_cached(&sql)?
        .execute(params![signed(now_ms), SWEEP_PORTION])?;
    Ok(Portion {
        removed: removed as u64,
        last: removed < SWEEP_PORTION as usize,
    })
}

/// The conditions of a statement, and what is bound to their places.
struct Wanted {
    conditions: Vec<String>,
    binds: Vec<Bind>,
}

impl Wanted {
    fn of(tenant: &TenantId, now_ms: u64, equal: &[(&'static str, String)]) -> Self {
        let mut wanted = Self {
            conditions: Vec::new(),
            binds: Vec::new(),
        };
        let tenant = wanted.bind(Bind::Text(tenant.as_str().to_owned()));
        wanted.conditions.push(format!("tenant = {tenant}"));
        for (field, value) in equal {
            let value = wanted.bind(Bind::Text(value.clone()));
            wanted.conditions.push(format!("{} = {value}", expression(field)));
        }
        let now = wanted.bind(Bind::Integer(signed(now_ms)));
        wanted
            .conditions
            .push(format!("(expires_ms IS NULL OR expires_ms > {now})"));
        wanted
    }

    fn bind(&mut self, value: Bind) -> String {
        self.binds.push(value);
        format!("?{}", self.binds.len())
    }

    fn bound(&mut self, field: &'static str, bound: &Bound<Value>, with: &str, without: &str) {
        let (value, compares) = match bound {
            Bound::Included(value) => (value, with),
            Bound::Excluded(value) => (value, without),
            Bound::Unbounded => return,
        };
        let value = match value {
            Value::Number(number) => Bind::Integer(number.as_i64().unwrap_or(i64::MAX)),
            Value::String(text) => Bind::Text(text.clone()),
            other => Bind::Text(other.to_string()),
        };
        let place = self.bind(value);
        self.conditions
            .push(format!("{} {compares} {place}", expression(field)));
    }
}

/// A document as it is read.
struct Row {
    id: String,
    revision: i64,
    schema: u32,
    expires_ms: Option<i64>,
    fields: String,
    sealed: Option<Vec<u8>>,
}

impl Row {
    fn of(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            revision: row.get(1)?,
            schema: row.get(2)?,
            expires_ms: row.get(3)?,
            fields: row.get(4)?,
            sealed: row.get(5)?,
        })
    }

    fn read(self, collection: &Collection) -> Result<Document, Fault> {
        let fields = serde_json::from_str(&self.fields);
        let damaged = |error| StorageError::Damaged(format!("{} {:?}: {error}", collection.name, self.id));
        Ok(Document {
            fields: fields.map_err(damaged)?,
            id: self.id,
            revision: self.revision.unsigned_abs(),
            schema: self.schema,
            expires_ms: self.expires_ms.map(i64::unsigned_abs),
            sealed: self.sealed,
        })
    }
}

fn text(document: &Document) -> Result<String, Fault> {
    let text = serde_json::to_string(&document.fields);
    let damaged =
        |error| StorageError::Damaged(format!("{:?} cannot be written as JSON: {error}", document.id));
    Ok(text.map_err(damaged)?)
}

/// SQLite's integers have a sign; what is beyond them is as good as for ever.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
