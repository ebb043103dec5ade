//! The sessions of a cloud that hosts on this store have asked for: each is noted before it is asked for, and its note
//! removed when it has ended and its recording is kept, where one is wanted. What runs in the cloud and is not noted, or whose host says nothing any more, is nobody's.

use serde_json::{Map, Value, json};
use std::sync::Arc;

use super::collections::CLOUD_SESSIONS;
use super::store::{Document, Store};
use super::{StorageError, TenantId};

/// The version of what is kept.
const SCHEMA: u32 = 1;
/// The document that says which installation this is; no tag looks like it.
const INSTALLATION: &str = "installation";
/// Characters of an installation's name.
const INSTALLATION_LENGTH: usize = 16;

/// A session, as it is noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotedSession {
    /// What it is found by in the cloud before its id is known: begins with the installation's name.
    pub tag: String,
    /// Its id in the cloud, once it has one.
    pub session: Option<String>,
    /// Whose runs it serves.
    pub tenant: String,
    /// When it was asked for, in milliseconds since 1970.
    pub made_ms: u64,
    /// When its host has said last that it uses it.
    pub renewed_ms: u64,
    /// How many runs have used it.
    pub uses: u32,
    /// Whether its recording is to be kept.
    pub records: bool,
    /// When it ended, in milliseconds since 1970, where its recording is still to be kept.
    pub ended_ms: Option<u64>,
}

/// The notes of all hosts on a store.
#[derive(Clone)]
pub struct CloudSessions {
    store: Arc<dyn Store>,
    /// Under whose name they are kept: the platform's, not that of those who run flows.
    keeper: TenantId,
}

impl CloudSessions {
    /// Those in this store.
    #[must_use]
    pub const fn new(store: Arc<dyn Store>, keeper: TenantId) -> Self {
        Self { store, keeper }
    }

    /// The name of this installation: that of all hosts on this store, and nobody else's. `fresh` becomes it where there is
    /// none yet.
    ///
    /// # Errors
    /// Where the store is away, or what it says is no name.
    pub async fn installation(&self, fresh: &str) -> Result<String, StorageError> {
        let document = Document {
            id: INSTALLATION.to_owned(),
            revision: 1,
            schema: SCHEMA,
            expires_ms: None,
            fields: Map::from_iter([("name".to_owned(), json!(fresh))]),
            sealed: None,
        };
        // Of several hosts that begin at once, one names it.
        self.store
            .insert(&self.keeper, &CLOUD_SESSIONS, document, 0)
            .await?;
        let found = self.store.get(&self.keeper, &CLOUD_SESSIONS, INSTALLATION, 0);
        let found = found.await?;
        let name = found.as_ref().and_then(|it| it.fields.get("name")?.as_str());
        let is_name = |name: &&str| !name.is_empty() && name.len() <= INSTALLATION_LENGTH;
        name.filter(is_name)
            .map(str::to_owned)
            .ok_or_else(|| StorageError::Damaged("the installation has no name".to_owned()))
    }

    /// Notes a session that is about to be asked for.
    ///
    /// # Errors
    /// Where the store is away: then it must not be asked for.
    pub async fn note(&self, session: &NotedSession) -> Result<(), StorageError> {
        let document = document(session, 1);
        let is_new = self
            .store
            .insert(&self.keeper, &CLOUD_SESSIONS, document, 0)
            .await?;
        match is_new {
            true => Ok(()),
            false => Err(StorageError::Damaged(format!(
                "the tag {} is not new",
                session.tag
            ))),
        }
    }

    /// Changes a note; what it is then, or none where it is gone.
    ///
    /// # Errors
    /// Where the store is away, or the note is of a newer release.
    pub async fn change(
        &self,
        tag: &str,
        change: impl Fn(&mut NotedSession) + Send + Sync,
    ) -> Result<Option<NotedSession>, StorageError> {
        let before = self.store.make(&self.keeper, &CLOUD_SESSIONS, tag, |found| {
            let Some(found) = found else { return Ok(None) };
            let mut session = read(found.clone())?;
            change(&mut session);
            let mut changed = document(&session, found.revision);
            // A later release may know more.
            for (name, value) in &found.fields {
                changed.fields.entry(name).or_insert_with(|| value.clone());
            }
            Ok(Some(changed))
        });
        let Some(before) = before.await? else {
            return Ok(None);
        };
        let mut session = read(before)?;
        change(&mut session);
        Ok(Some(session))
    }

    /// Removes a note: its session has ended. Doing it again does no harm.
    ///
    /// # Errors
    /// Where the store is away.
    pub async fn remove(&self, tag: &str) -> Result<(), StorageError> {
        let removed = self.store.make(&self.keeper, &CLOUD_SESSIONS, tag, |_| Ok(None));
        removed.await.map(drop)
    }

    /// All notes, in the order of their tags.
    ///
    /// # Errors
    /// Where the store is away, or one is of a newer release.
    pub async fn all(&self) -> Result<Vec<NotedSession>, StorageError> {
        let all = self.store.pages(&self.keeper, &CLOUD_SESSIONS, 0).all().await?;
        let notes = all.into_iter().filter(|document| document.id != INSTALLATION);
        notes.map(read).collect()
    }
}

fn document(session: &NotedSession, revision: u64) -> Document {
    let mut fields = Map::from_iter([
        ("for".to_owned(), json!(session.tenant)),
        ("made".to_owned(), json!(session.made_ms)),
        ("renewed".to_owned(), json!(session.renewed_ms)),
        ("uses".to_owned(), json!(session.uses)),
        ("records".to_owned(), json!(session.records)),
    ]);
    if let Some(ended) = session.ended_ms {
        fields.insert("ended".to_owned(), json!(ended));
    }
    if let Some(id) = &session.session {
        fields.insert("session".to_owned(), json!(id));
    }
    Document {
        id: session.tag.clone(),
        revision,
        schema: SCHEMA,
        expires_ms: None,
        fields,
        sealed: None,
    }
}

fn read(document: Document) -> Result<NotedSession, StorageError> {
    if document.schema > SCHEMA {
        return Err(StorageError::Newer {
            what: format!("the session {}", document.id),
            found: document.schema,
            known: SCHEMA,
        });
    }
    let number = |name: &str| {
        document
            .fields
            .get(name)
            .and_then(Value::as_u64)
            .unwrap_or_default()
    };
    let text = |name: &str| {
        document
            .fields
            .get(name)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    Ok(NotedSession {
        session: text("session"),
        tenant: text("for").unwrap_or_default(),
        made_ms: number("made"),
        renewed_ms: number("renewed"),
        uses: u32::try_from(number("uses")).unwrap_or(u32::MAX),
        records: document.fields.get("records").and_then(Value::as_bool) == Some(true),
        ended_ms: document.fields.get("ended").and_then(Value::as_u64),
        tag: document.id,
    })
}
