//! The components that were put into a server, by name, each with the digest of its content: what a server has again after
//! it was started anew. The content itself is an artifact.

use serde_json::{Map, Value};
use std::sync::Arc;

use super::collections::COMPONENTS;
use super::store::{Document, Store};
use super::{StorageError, TenantId};
use crate::artifact::Digest;

/// The version of what is kept.
const SCHEMA: u32 = 1;

/// A component that was put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredComponent {
    /// Its name, unique among those of a tenant.
    pub name: String,
    /// Its content.
    pub content: Digest,
    /// When it was put, in milliseconds since 1970.
    pub put_ms: u64,
}

/// The components of tenants.
#[derive(Clone)]
pub struct Components(Arc<dyn Store>);

impl Components {
    /// Those in this store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self(store)
    }

    /// Puts one, in the place of one of the same name.
    ///
    /// # Errors
    /// Where the store is away.
    pub async fn put(&self, tenant: &TenantId, component: &RegisteredComponent) -> Result<(), StorageError> {
        let put = self.0.make(tenant, &COMPONENTS, &component.name, |before| {
            let fields = before.map(|before| before.fields.clone());
            Ok(Some(Document {
                id: component.name.clone(),
                revision: 1,
                schema: SCHEMA,
                expires_ms: None,
                fields: fields_of(component, fields.unwrap_or_default()),
                sealed: None,
            }))
        });
        put.await.map(drop)
    }

    /// Removes one; whether there was one.
    ///
    /// # Errors
    /// Where the store is away.
    pub async fn remove(&self, tenant: &TenantId, name: &str) -> Result<bool, StorageError> {
        let removed = self.0.make(tenant, &COMPONENTS, name, |_| Ok(None));
        Ok(removed.await?.is_some())
    }

    /// All of them, in the order of their names.
    ///
    /// # Errors
    /// Where the store is away, or one is of a newer release.
    pub async fn all(&self, tenant: &TenantId) -> Result<Vec<RegisteredComponent>, StorageError> {
        let all = self.0.pages(tenant, &COMPONENTS, 0).all().await?;
        all.into_iter().map(read).collect()
    }
}

/// Fields that this release does not know are kept.
fn fields_of(component: &RegisteredComponent, mut fields: Map<String, Value>) -> Map<String, Value> {
    fields.insert("content".to_owned(), Value::from(component.content.as_str()));
    fields.insert("put".to_owned(), Value::from(component.put_ms));
    fields
}

fn read(document: Document) -> Result<RegisteredComponent, StorageError> {
    if document.schema > SCHEMA {
        return Err(StorageError::Newer {
            what: format!("component {}", document.id),
            found: document.schema,
            known: SCHEMA,
        });
    }
    let content = document.fields.get("content").and_then(Value::as_str);
    let content = content.and_then(Digest::parse).ok_or_else(|| {
        StorageError::Damaged(format!("component {}: its content has no digest", document.id))
    })?;
    let put_ms = document.fields.get("put").and_then(Value::as_u64);
    Ok(RegisteredComponent {
        name: document.id,
        content,
        put_ms: put_ms.unwrap_or_default(),
    })
}
