//! Finished runs. Every statement names the tenant.

use flowguard_core::run::{RunId, RunRecord};
use flowguard_core::storage::{StorageError, TenantId};
use rusqlite::{Connection, OptionalExtension, params};

use super::fault::Fault;

/// Ids that a prefix is completed to, at most.
const COMPLETIONS: u32 = 10;

/// A run as it is written: the record as JSON, and beside it what is looked for.
pub(super) struct Row {
    tenant: String,
    id: String,
    flow: String,
    started_ms: i64,
    verdict: &'static str,
    schema: u32,
    record: String,
}

impl Row {
    pub(super) fn of(tenant: &TenantId, run: &RunRecord) -> Result<Self, StorageError> {
        let record = serde_json::to_string(run).map_err(|error| {
            StorageError::Unavailable(format!("run {} cannot be written as JSON: {error}", run.id))
        })?;
        Ok(Self {
            tenant: tenant.as_str().to_owned(),
            id: run.id.as_str().to_owned(),
            flow: run.flow.name.clone(),
            started_ms: i64::try_from(run.started_ms).unwrap_or(i64::MAX),
            verdict: run.verdict.name(),
            schema: run.schema,
            record,
        })
    }

    /// Keeps it unless the run is kept already.
    pub(super) fn insert(&self, db: &Connection) -> Result<(), Fault> {
        let mut statement = db.prepare_cached(
            "INSERT INTO run (tenant, id, flow, started_ms, verdict, schema, record)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (tenant, id) DO NOTHING",
        )?;
        statement.execute(params![
            self.tenant,
            self.id,
            self.flow,
            self.started_ms,
            self.verdict,
            self.schema,
            self.record
        ])?;
        Ok(())
    }
}

pub(super) fn load(db: &Connection, tenant: &TenantId, id: &RunId) -> Result<Option<RunRecord>, Fault> {
    let mut statement =
        db.prepare_cached("SELECT id, schema, record FROM run WHERE tenant = ?1 AND id = ?2")?;
    let found = statement
        .query_row([tenant.as_str(), id.as_str()], Stored::of)
        .optional()?;
    found.map(Stored::read).transpose()
}

pub(super) fn recent(
    db: &Connection,
    tenant: &TenantId,
    flow: Option<&str>,
    limit: u32,
) -> Result<Vec<RunRecord>, Fault> {
    let mut statement = db.prepare_cached(match flow {
        Some(_) => {
            "SELECT id, schema, record FROM run WHERE tenant = ?1 AND flow = ?2
             ORDER BY started_ms DESC, id DESC LIMIT ?3"
        }
        None => {
            "SELECT id, schema, record FROM run WHERE tenant = ?1 AND ?2 IS NULL
             ORDER BY started_ms DESC, id DESC LIMIT ?3"
        }
    })?;
    let rows = statement.query_map(params![tenant.as_str(), flow, limit], Stored::of)?;
    rows.map(|row| row?.read()).collect()
}

pub(super) fn ids_beginning(db: &Connection, tenant: &TenantId, prefix: &str) -> Result<Vec<RunId>, Fault> {
    let mut statement = db.prepare_cached(
        "SELECT id FROM run WHERE tenant = ?1 AND id >= ?2 AND id < ?3 ORDER BY id LIMIT ?4",
    )?;
    // Ids are ASCII, so that the last character there is lies beyond every one that begins so.
    let beyond = format!("{prefix}{}", char::MAX);
    let named = params![tenant.as_str(), prefix, beyond, COMPLETIONS];
    let rows = statement.query_map(named, |row| row.get::<_, String>(0))?;
    rows.map(|row| id(&row?)).collect()
}

fn id(text: &str) -> Result<RunId, Fault> {
    RunId::parse(text).ok_or_else(|| damaged(text, "its id is none").into())
}

/// A run as it is read.
struct Stored {
    id: String,
    schema: u32,
    record: String,
}

impl Stored {
    fn of(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            schema: row.get(1)?,
            record: row.get(2)?,
        })
    }

    fn read(self) -> Result<RunRecord, Fault> {
        if self.schema > RunRecord::SCHEMA {
            let newer = StorageError::Newer {
                what: format!("run {}", self.id),
                found: self.schema,
                known: RunRecord::SCHEMA,
            };
            return Err(newer.into());
        }
        serde_json::from_str(&self.record).map_err(|error| damaged(&self.id, &error.to_string()).into())
    }
}

fn damaged(id: &str, what: &str) -> StorageError {
    StorageError::Unavailable(format!("the record of run {id:?} is damaged: {what}"))
}
