//! The recordings of sessions of a cloud that are kept here, by session: which artifacts their films are. The films
//! themselves are artifacts, and go when these notes do.

use serde_json::{Map, Value, json};
use std::sync::Arc;

use super::collections::CLOUD_RECORDINGS;
use super::store::{Document, Store};
use super::{StorageError, TenantId};
use crate::artifact::Attachment;

/// The version of what is kept.
const SCHEMA: u32 = 1;

/// What is kept of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptRecording {
    /// Its id in the cloud.
    pub session: String,
    /// When it ended, in milliseconds since 1970.
    pub ended_ms: u64,
    /// A film of each page, by the page's id.
    pub films: Vec<Attachment>,
}

/// The recordings of tenants.
#[derive(Clone)]
pub struct CloudRecordings(Arc<dyn Store>);

impl CloudRecordings {
    /// Those in this store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self(store)
    }

    /// Keeps a recording until `expires_ms`, in milliseconds since 1970. That of a session that has one already changes
    /// nothing.
    ///
    /// # Errors
    /// Where the store is away.
    pub async fn keep(
        &self,
        tenant: &TenantId,
        recording: &KeptRecording,
        expires_ms: u64,
        now_ms: u64,
    ) -> Result<(), StorageError> {
        let document = Document {
            id: recording.session.clone(),
            revision: 1,
            schema: SCHEMA,
            expires_ms: Some(expires_ms),
            fields: Map::from_iter([
                ("ended".to_owned(), json!(recording.ended_ms)),
                ("films".to_owned(), json!(recording.films)),
            ]),
            sealed: None,
        };
        self.0.insert(tenant, &CLOUD_RECORDINGS, document, now_ms).await?;
        Ok(())
    }

    /// That of a session, where it is kept at this time, in milliseconds since 1970.
    ///
    /// # Errors
    /// Where the store is away, or what is kept is of a newer release or damaged.
    pub async fn get(
        &self,
        tenant: &TenantId,
        session: &str,
        now_ms: u64,
    ) -> Result<Option<KeptRecording>, StorageError> {
        let found = self.0.get(tenant, &CLOUD_RECORDINGS, session, now_ms).await?;
        found.map(read).transpose()
    }
}

fn read(mut document: Document) -> Result<KeptRecording, StorageError> {
    if document.schema > SCHEMA {
        return Err(StorageError::Newer {
            what: format!("the recording of {}", document.id),
            found: document.schema,
            known: SCHEMA,
        });
    }
    let films = document.fields.remove("films").unwrap_or_default();
    let films = serde_json::from_value(films)
        .map_err(|error| StorageError::Damaged(format!("the recording of {}: {error}", document.id)))?;
    let ended_ms = document.fields.get("ended").and_then(Value::as_u64);
    Ok(KeptRecording {
        session: document.id,
        ended_ms: ended_ms.unwrap_or_default(),
        films,
    })
}
