//! Documents as lines of JSON, by which a store is moved and a result waits for a store that is away. What is sealed
//! stays sealed: a line says no more than the store does, and can be read where the same master key is given.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::collections::COLLECTIONS;
use super::store::{Collection, Document};
use super::{StorageError, TenantId};

/// A document with its place.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Portable {
    tenant: TenantId,
    collection: String,
    id: String,
    schema: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_ms: Option<u64>,
    fields: Map<String, Value>,
    /// In base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed: Option<String>,
}

/// Where a document belongs.
#[derive(Clone, Debug)]
pub struct Placed {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its collection.
    pub collection: &'static Collection,
    /// The document, as a new one.
    pub document: Document,
}

impl Portable {
    /// A document of this tenant in this collection.
    #[must_use]
    pub fn new(tenant: &TenantId, collection: &Collection, document: Document) -> Self {
        Self {
            tenant: tenant.clone(),
            collection: collection.name.to_owned(),
            id: document.id,
            schema: document.schema,
            expires_ms: document.expires_ms,
            fields: document.fields,
            sealed: document.sealed.map(|bytes| STANDARD.encode(bytes)),
        }
    }

    /// The document and its place. A line may come from anywhere: it is checked.
    ///
    /// # Errors
    /// [`StorageError::Damaged`] where it is of no tenant or collection, or what is sealed is no base64.
    pub fn placed(self) -> Result<Placed, StorageError> {
        let damaged = |what: &str| StorageError::Damaged(format!("{} {}: {what}", self.collection, self.id));
        let tenant =
            TenantId::parse(self.tenant.as_str()).ok_or_else(|| damaged("its tenant's name is none"))?;
        let collection = COLLECTIONS
            .into_iter()
            .find(|collection| collection.name == self.collection);
        let collection = collection
            .ok_or_else(|| damaged("this FlowGuard has no such collection: a newer one wrote it"))?;
        let sealed = self.sealed.as_ref().map(|text| STANDARD.decode(text)).transpose();
        let sealed = sealed.map_err(|_| damaged("what is sealed is no base64"))?;
        Ok(Placed {
            tenant,
            collection,
            document: Document {
                id: self.id,
                revision: 1,
                schema: self.schema,
                expires_ms: self.expires_ms,
                fields: self.fields,
                sealed,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::collections::AUDIT;
    use super::*;

    #[test]
    fn a_document_survives_its_line() {
        let document = Document {
            id: "a/b \u{0}".to_owned(),
            revision: 7,
            schema: 2,
            expires_ms: Some(5),
            fields: Map::from_iter([("at".to_owned(), Value::from(3))]),
            sealed: Some((0..=255).collect()),
        };
        let line = serde_json::to_string(&Portable::new(&TenantId::local(), &AUDIT, document.clone()))
            .expect("JSON");
        assert!(!line.contains('\n'));
        let read: Portable = serde_json::from_str(&line).expect("JSON");
        let placed = read.placed().expect("it is whole");
        assert_eq!(
            placed.document,
            Document {
                revision: 1,
                ..document
            }
        );
        assert_eq!(
            (placed.tenant, placed.collection.name),
            (TenantId::local(), "audit")
        );
    }

    #[test]
    fn a_line_from_elsewhere_is_checked() {
        let line = |tenant: &str, collection: &str, sealed: &str| {
            format!(
                r#"{{"tenant":"{tenant}","collection":"{collection}","id":"a","schema":1,"fields":{{}},"sealed":"{sealed}"}}"#
            )
        };
        for (tenant, collection, sealed, told) in [
            ("../etc", "audit", "", "its tenant's name is none"),
            ("local", "sqlite_schema", "", "no such collection"),
            ("local", "audit", "%", "no base64"),
        ] {
            let read: Portable = serde_json::from_str(&line(tenant, collection, sealed)).expect("JSON");
            let refused = read.placed().expect_err("it is refused").to_string();
            assert!(refused.contains(told), "{refused}");
        }
    }
}
