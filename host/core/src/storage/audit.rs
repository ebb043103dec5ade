//! What was changed, by which way and when. Entries are added and never rewritten; the store's owner alone could remove
//! one.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::collections::AUDIT;
use super::store::{Document, Order as Sorted, Query, Store};
use super::{StorageError, TenantId};
use crate::artifact::Digest;

/// The version of what is kept.
const SCHEMA: u32 = 1;

/// Something that was changed, or was to be. What a release does not know of a later one's entry is passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// When, in milliseconds since 1970.
    #[serde(rename = "at")]
    pub at_ms: u64,
    /// What was done: `put`, `delete`.
    pub action: String,
    /// By which way it came: `start`, `http`.
    pub via: String,
    /// The component's name.
    pub component: String,
    /// The content before, if there was one.
    #[serde(default)]
    pub before: Option<Digest>,
    /// The content after, if there is one.
    #[serde(default)]
    pub after: Option<Digest>,
    /// Why it was refused, if it was.
    #[serde(default)]
    pub refused: Option<String>,
}

/// The log of changes. What one process writes stays in its order, also within a millisecond.
#[derive(Clone)]
pub struct Audit {
    store: Arc<dyn Store>,
    written: Arc<AtomicU32>,
}

impl Audit {
    /// The log in this store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            written: Arc::default(),
        }
    }

    /// Adds an entry. Two that are alike are two.
    ///
    /// # Errors
    /// Where the store is away: then the change must not be made.
    pub async fn append(&self, tenant: &TenantId, entry: &AuditEntry) -> Result<(), StorageError> {
        let fields = match serde_json::to_value(entry) {
            Ok(Value::Object(fields)) => fields,
            _ => Map::new(),
        };
        let content = Digest::of(Value::Object(fields.clone()).to_string().as_bytes());
        loop {
            let number = self.written.fetch_add(1, Ordering::Relaxed);
            let document = Document {
                id: format!("{:014}-{number:010}-{}", entry.at_ms, content.short()),
                revision: 1,
                schema: SCHEMA,
                expires_ms: None,
                fields: fields.clone(),
                sealed: None,
            };
            if self.store.insert(tenant, &AUDIT, document, 0).await? {
                return Ok(());
            }
        }
    }

    /// The last entries, oldest first.
    ///
    /// # Errors
    /// Where the store is away, or an entry is of a newer release.
    pub async fn last(&self, tenant: &TenantId, limit: u32) -> Result<Vec<AuditEntry>, StorageError> {
        let query = Query {
            equal: Vec::new(),
            between: None,
            order: Sorted::Descending("at"),
            limit,
            now_ms: 0,
            sealed: false,
        };
        let found = self.store.find(tenant, &AUDIT, query).await?;
        found.into_iter().rev().map(read).collect()
    }
}

fn read(document: Document) -> Result<AuditEntry, StorageError> {
    if document.schema > SCHEMA {
        return Err(StorageError::Newer {
            what: format!("entry {} of the audit", document.id),
            found: document.schema,
            known: SCHEMA,
        });
    }
    let id = document.id;
    serde_json::from_value(Value::Object(document.fields))
        .map_err(|error| StorageError::Damaged(format!("entry {id} of the audit: {error}")))
}
