//! The store's port: documents in collections, whose every call names the tenant. A back end keeps and finds them
//! and knows nothing of what they mean; what a collection holds is written above, once for all back ends.

use async_trait::async_trait;
use serde_json::{Map, Value};
use std::ops::Bound;

use super::{StorageError, TenantId};
use crate::limits::STORE_PAGE;

/// A kind of documents.
#[derive(Debug)]
pub struct Collection {
    /// Its name, `[a-z_]+`: what an operator sees in the database.
    pub name: &'static str,
    /// By what documents are looked for, besides their id.
    pub indexes: &'static [Index],
    /// Fields at the top of a document that are moments, in milliseconds since 1970. A back end may keep them as its
    /// own kind of date.
    pub moments: &'static [&'static str],
}

/// An index, within one tenant.
#[derive(Debug)]
pub struct Index {
    /// Its name, unique in the store.
    pub name: &'static str,
    /// The fields, outermost first. A dot goes into an object: `metadata.flow`.
    pub fields: &'static [&'static str],
    /// Whether two documents of a tenant may not have the same values.
    pub unique: bool,
}

/// A document.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Its name in the collection of its tenant; any text.
    pub id: String,
    /// How often it was written: 1 after [`Store::insert`]. The store counts, whatever is given to it.
    pub revision: u64,
    /// The version of what it holds.
    pub schema: u32,
    /// When it is gone, in milliseconds since 1970; none: never.
    pub expires_ms: Option<u64>,
    /// What may be read by whoever reads the database, and can be looked for. Names hold no dot, no NUL and do not
    /// begin with `$`; those of [`RESERVED`] are the store's. Numbers are integers of 64 bits with a sign, or doubles.
    /// No list lies directly in a list, which not every server takes.
    pub fields: Map<String, Value>,
    /// What must not be read there: bytes that were encrypted before.
    pub sealed: Option<Vec<u8>>,
}

/// Names at the top of a document that the store uses itself.
pub const RESERVED: [&str; 7] = ["_id", "tenant", "id", "revision", "schema", "expires", "sealed"];

/// Which documents of a collection are wanted, in which order.
#[derive(Clone, Debug)]
pub struct Query<'a> {
    /// Fields that have exactly these values.
    pub equal: Vec<(&'static str, &'a str)>,
    /// A field that lies between two values.
    pub between: Option<Between>,
    /// By what they are sorted; those that are equal there, by id. Both ascend, or both descend.
    pub order: Order,
    /// At most so many.
    pub limit: u32,
    /// The time of day, in milliseconds since 1970: what has expired by then is not found.
    pub now_ms: u64,
    /// Whether [`Document::sealed`] is wanted; without, it is none.
    pub sealed: bool,
}

/// A field, `id` included, that lies between two values of one kind. Texts are ordered by their bytes.
#[derive(Clone, Debug)]
pub struct Between {
    /// The field.
    pub field: &'static str,
    /// From here on.
    pub from: Bound<Value>,
    /// To here.
    pub to: Bound<Value>,
}

/// The order of what is found.
#[derive(Clone, Copy, Debug)]
pub enum Order {
    /// By this field, the smallest first.
    Ascending(&'static str),
    /// By this field, the largest first.
    Descending(&'static str),
}

/// How many documents there are, and what one of their fields comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// Documents.
    pub documents: u64,
    /// The sum of the field.
    pub sum: u64,
}

/// Keeps documents. What has expired at `now_ms` (milliseconds since 1970) is as if it had been removed, whether or not
/// the store has removed it yet; a call with 0 sees everything that is still there.
///
/// A write that was answered survives the end of this process, also by `kill -9`. A write that failed with
/// [`StorageError::Unavailable`] may have been done all the same: whoever repeats it must be able to find out.
#[async_trait]
pub trait Store: Send + Sync {
    /// Keeps a new document; whether it did. One with its id, or with its values of a unique index, stays as it is.
    async fn insert(
        &self,
        tenant: &TenantId,
        collection: &'static Collection,
        document: Document,
        now_ms: u64,
    ) -> Result<bool, StorageError>;

    /// The document.
    async fn get(
        &self,
        tenant: &TenantId,
        collection: &'static Collection,
        id: &str,
        now_ms: u64,
    ) -> Result<Option<Document>, StorageError>;

    /// Replaces the document that has this id *and* this revision; whether there was one.
    async fn replace(
        &self,
        tenant: &TenantId,
        collection: &'static Collection,
        document: Document,
    ) -> Result<bool, StorageError>;

    /// Removes the document with this id and revision; whether there was one.
    async fn remove(
        &self,
        tenant: &TenantId,
        collection: &'static Collection,
        id: &str,
        revision: u64,
    ) -> Result<bool, StorageError>;

    /// The documents that are wanted.
    async fn find(
        &self,
        tenant: &TenantId,
        collection: &'static Collection,
        query: Query<'_>,
    ) -> Result<Vec<Document>, StorageError>;

    /// Documents whose fields have exactly these values, and what their `summed` field comes to.
    async fn total(
        &self,
        tenant: &TenantId,
        collection: &'static Collection,
        equal: &[(&'static str, &str)],
        summed: &'static str,
        now_ms: u64,
    ) -> Result<Total, StorageError>;

    /// Removes what has expired, of all tenants; how many documents. Nobody sees them before either: this frees their
    /// room.
    async fn sweep(&self, now_ms: u64) -> Result<u64, StorageError>;

    /// The tenants that have documents, in their order.
    async fn tenants(&self) -> Result<Vec<TenantId>, StorageError>;

    /// What keeps the documents, in words for a person, without a password: `SQLite …/store.sqlite`.
    fn place(&self) -> String;
}

/// A way through a collection, by the ids of its documents and [`STORE_PAGE`] at a time. What is written meanwhile may be
/// seen or not.
pub struct Pages<'a> {
    store: &'a dyn Store,
    tenant: &'a TenantId,
    collection: &'static Collection,
    now_ms: u64,
    sealed: bool,
    after: Option<String>,
}

impl Pages<'_> {
    /// Leaves out what is sealed.
    #[must_use]
    pub const fn without_sealed(mut self) -> Self {
        self.sealed = false;
        self
    }

    /// The next documents, at least one; none where there are no more.
    ///
    /// # Errors
    /// Where the store is away.
    pub async fn next(&mut self) -> Result<Option<Vec<Document>>, StorageError> {
        let query = Query {
            equal: Vec::new(),
            between: self.after.as_deref().map(|after| Between {
                field: "id",
                from: Bound::Excluded(Value::from(after)),
                to: Bound::Unbounded,
            }),
            order: Order::Ascending("id"),
            limit: STORE_PAGE,
            now_ms: self.now_ms,
            sealed: self.sealed,
        };
        let page = self.store.find(self.tenant, self.collection, query).await?;
        let Some(last) = page.last() else { return Ok(None) };
        self.after = Some(last.id.clone());
        Ok(Some(page))
    }

    /// All that are left.
    ///
    /// # Errors
    /// Where the store is away.
    pub async fn all(mut self) -> Result<Vec<Document>, StorageError> {
        let mut all = Vec::new();
        while let Some(page) = self.next().await? {
            all.extend(page);
        }
        Ok(all)
    }
}

impl dyn Store {
    /// A way through a collection of a tenant.
    #[must_use]
    pub fn pages<'a>(
        &'a self,
        tenant: &'a TenantId,
        collection: &'static Collection,
        now_ms: u64,
    ) -> Pages<'a> {
        Pages {
            store: self,
            tenant,
            collection,
            now_ms,
            sealed: true,
            after: None,
        }
    }

    /// Makes of a document what `decide` says, which is asked again where somebody else was first: another, a first one
    /// where there is none, or none. What was there before.
    ///
    /// # Errors
    /// Where the store is away, or `decide` says so.
    pub async fn make(
        &self,
        tenant: &TenantId,
        collection: &'static Collection,
        id: &str,
        decide: impl Fn(Option<&Document>) -> Result<Option<Document>, StorageError> + Send + Sync,
    ) -> Result<Option<Document>, StorageError> {
        loop {
            let before = self.get(tenant, collection, id, 0).await?;
            let revision = before.as_ref().map(|before| before.revision);
            let is_done = match (revision, decide(before.as_ref())?) {
                (None, None) => true,
                (None, Some(document)) => self.insert(tenant, collection, document, 0).await?,
                (Some(revision), None) => self.remove(tenant, collection, id, revision).await?,
                (Some(revision), Some(document)) => {
                    let document = Document { revision, ..document };
                    self.replace(tenant, collection, document).await?
                }
            };
            if is_done {
                return Ok(before);
            }
        }
    }
}

/// Texts that begin so, as two bounds.
#[must_use]
pub fn beginning_with(prefix: &str) -> (Bound<Value>, Bound<Value>) {
    let from = Bound::Included(Value::from(prefix));
    let to = beyond(prefix).map_or(Bound::Unbounded, |to| Bound::Excluded(Value::from(to)));
    (from, to)
}

/// The first text beyond all that begin so, if there is one.
fn beyond(prefix: &str) -> Option<String> {
    let mut characters: Vec<char> = prefix.chars().collect();
    while let Some(last) = characters.pop() {
        // A range of characters skips what is none.
        if let Some(next) = (last..=char::MAX).nth(1) {
            characters.push(next);
            return Some(characters.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_a_prefix_lies_nothing_that_begins_so() {
        let cases = [
            ("", None),
            ("a", Some("b")),
            ("az", Some("a{")),
            ("a\u{d7ff}", Some("a\u{e000}")),
            ("a\u{10ffff}", Some("b")),
            ("\u{10ffff}\u{10ffff}", None),
        ];
        for (prefix, expected) in cases {
            assert_eq!(beyond(prefix).as_deref(), expected, "{prefix:?}");
            if let Some(beyond) = beyond(prefix) {
                assert!(beyond.as_bytes() > format!("{prefix}\u{10ffff}\u{10ffff}").as_bytes());
            }
        }
    }
}
