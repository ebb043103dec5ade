//! Documents: what a back end does.

use serde_json::{Map, Value, json};
use std::sync::Arc;

use super::{NOW, all, fresh_tenant};
use crate::limits::MAX_SEALED_BYTES;
use crate::storage::collections::{AUDIT, BUCKET_ENTRIES, TEST_RESULTS, VISION_CACHE};
use crate::storage::store::{Collection, Document, Order, Query, Store, Total};
use crate::storage::{StorageError, TenantId};

pub(super) fn document(id: &str, fields: Value) -> Document {
    let Value::Object(fields) = fields else {
        panic!("fields are an object")
    };
    Document {
        id: id.to_owned(),
        revision: 1,
        schema: 1,
        expires_ms: None,
        fields,
        sealed: Some(b"sealed".to_vec()),
    }
}

pub(super) fn everything(order: Order) -> Query<'static> {
    Query {
        equal: Vec::new(),
        between: None,
        order,
        limit: 1_000,
        now_ms: NOW,
        sealed: true,
    }
}

pub(super) async fn insert(
    store: &Arc<dyn Store>,
    tenant: &TenantId,
    to: &'static Collection,
    document: Document,
) -> bool {
    store.insert(tenant, to, document, NOW).await.unwrap()
}

pub(super) async fn ids(
    store: &Arc<dyn Store>,
    tenant: &TenantId,
    of: &'static Collection,
    query: Query<'_>,
) -> Vec<String> {
    let found = store.find(tenant, of, query).await.unwrap();
    found.into_iter().map(|document| document.id).collect()
}

/// Every kind of value comes back as it was, and fields that nobody knows too.
pub async fn a_document_is_read_back_whole(store: &Arc<dyn Store>) {
    let tenant = fresh_tenant();
    let mut whole = document(
        "r-1",
        json!({
            "timestamp": NOW,
            "text": "\u{0} \"quoted\" 🛒 \u{10ffff}",
            "empty": "",
            "none": null,
            "yes": true,
            "small": -1,
            "large": i64::MAX,
            "smallest": i64::MIN,
            "fraction": 0.1,
            "whole_fraction": 2.0,
            "list": [1, "two", {"four": [4]}],
            "metadata": { "flow": "checkout", "unknown": { "deep": [] } },
        }),
    );
    whole.schema = 3;
    whole.expires_ms = Some(NOW + 1);
    whole.sealed = Some((0..=255).collect());
    assert!(insert(store, &tenant, &TEST_RESULTS, whole.clone()).await);
    let read = store.get(&tenant, &TEST_RESULTS, "r-1", NOW).await.unwrap();
    assert_eq!(read.as_ref(), Some(&whole));
    assert_eq!(
        store
            .find(&tenant, &TEST_RESULTS, everything(Order::Ascending("id")))
            .await
            .unwrap(),
        [whole]
    );
    let mut bare = document("r-2", json!({}));
    bare.sealed = None;
    assert!(insert(store, &tenant, &TEST_RESULTS, bare.clone()).await);
    assert_eq!(
        store.get(&tenant, &TEST_RESULTS, "r-2", NOW).await.unwrap(),
        Some(bare)
    );
    assert_eq!(store.get(&tenant, &TEST_RESULTS, "r-3", NOW).await.unwrap(), None);
    assert_eq!(store.get(&tenant, &VISION_CACHE, "r-1", NOW).await.unwrap(), None);
}

/// What is there stays.
pub async fn a_document_is_inserted_once(store: &Arc<dyn Store>) {
    let tenant = fresh_tenant();
    let first = document("a", json!({ "n": 1 }));
    assert!(insert(store, &tenant, &AUDIT, first.clone()).await);
    assert!(!insert(store, &tenant, &AUDIT, document("a", json!({ "n": 2 }))).await);
    assert_eq!(store.get(&tenant, &AUDIT, "a", NOW).await.unwrap(), Some(first));
}

/// Of inserts at the same time one is done, whole.
pub async fn one_of_many_inserts_wins(store: &Arc<dyn Store>) {
    let tenant = fresh_tenant();
    let each = (0..16).map(|n| insert(store, &tenant, &AUDIT, document("a", json!({ "n": n }))));
    let won = all(each).await;
    assert_eq!(won.iter().filter(|won| **won).count(), 1);
    let winner = won.iter().position(|won| *won).unwrap();
    let kept = store.get(&tenant, &AUDIT, "a", NOW).await.unwrap().unwrap();
    assert_eq!(kept.fields["n"], winner);
}

/// A replacement names what it read; each one counts the revision.
pub async fn a_replacement_needs_the_revision(store: &Arc<dyn Store>) {
    let tenant = fresh_tenant();
    assert!(
        !store
            .replace(&tenant, &AUDIT, document("a", json!({})))
            .await
            .unwrap(),
        "none is there"
    );
    insert(
        store,
        &tenant,
        &AUDIT,
        document("a", json!({ "n": 1, "gone": true })),
    )
    .await;
    let mut next = document("a", json!({ "n": 2 }));
    next.sealed = None;
    next.schema = 2;
    next.expires_ms = Some(NOW + 5);
    for wrong in [0, 2, 99] {
        next.revision = wrong;
        assert!(
            !store.replace(&tenant, &AUDIT, next.clone()).await.unwrap(),
            "{wrong}"
        );
    }
    next.revision = 1;
    assert!(store.replace(&tenant, &AUDIT, next.clone()).await.unwrap());
    assert!(
        !store.replace(&tenant, &AUDIT, next.clone()).await.unwrap(),
        "it was replaced since"
    );
    next.revision = 2;
    assert_eq!(
        store.get(&tenant, &AUDIT, "a", NOW).await.unwrap(),
        Some(next.clone())
    );
    next.expires_ms = None;
    assert!(store.replace(&tenant, &AUDIT, next.clone()).await.unwrap());
    let read = store.get(&tenant, &AUDIT, "a", NOW + 99).await.unwrap().unwrap();
    assert_eq!((read.revision, read.expires_ms), (3, None));
}

/// Of replacements at the same time one is done, and nobody's count is lost.
pub async fn one_of_many_replacements_wins(store: &Arc<dyn Store>) {
    let tenant = fresh_tenant();
    let count = || async { store.make(&tenant, &AUDIT, "a", counted).await.unwrap() };
    all((0..8).map(|_| count())).await;
    let read = store.get(&tenant, &AUDIT, "a", NOW).await.unwrap().unwrap();
    assert_eq!((read.fields["n"].as_i64(), read.revision), (Some(8), 8));
}

/// The document, or a first one, with one more.
fn counted(before: Option<&Document>) -> Result<Option<Document>, StorageError> {
    let before = before.map_or(0, |before| before.fields["n"].as_i64().unwrap());
    Ok(Some(document("a", json!({ "n": before + 1 }))))
}

/// A document is made where there is none, changed, and removed; what was there before is told.
pub async fn a_document_becomes_what_is_decided(store: &Arc<dyn Store>) {
    let tenant = fresh_tenant();
    let make = async |decide: fn(Option<&Document>) -> _| {
        let before = store.make(&tenant, &AUDIT, "a", decide).await.unwrap();
        before.map(|before| before.fields["n"].as_i64().unwrap())
    };
    assert_eq!(make(|_| Ok(None)).await, None);
    assert_eq!(make(counted).await, None);
    assert_eq!(make(counted).await, Some(1));
    assert_eq!(make(|before| Ok(before.cloned())).await, Some(2));
    let refused = |_: Option<&Document>| Err(StorageError::Damaged("so decided".to_owned()));
    assert!(store.make(&tenant, &AUDIT, "a", refused).await.is_err());
    assert_eq!(make(|_| Ok(None)).await, Some(2));
    assert_eq!(store.get(&tenant, &AUDIT, "a", NOW).await.unwrap(), None);
}

/// A removal names what it read.
pub async fn a_removal_needs_the_revision(store: &Arc<dyn Store>) {
    let tenant = fresh_tenant();
    insert(store, &tenant, &AUDIT, document("a", json!({}))).await;
    assert!(!store.remove(&tenant, &AUDIT, "a", 2).await.unwrap());
    assert!(!store.remove(&tenant, &AUDIT, "b", 1).await.unwrap());
    assert!(store.remove(&tenant, &AUDIT, "a", 1).await.unwrap());
    assert!(!store.remove(&tenant, &AUDIT, "a", 1).await.unwrap());
    assert_eq!(store.get(&tenant, &AUDIT, "a", 0).await.unwrap(), None);
}

/// At its expiry a document is as if it had been removed, and its id is free.
pub async fn what_has_expired_is_gone_and_makes_room(store: &Arc<dyn Store>) {
    let tenant = fresh_tenant();
    let mut passing = document("a", json!({ "n": 1 }));
    passing.expires_ms = Some(NOW + 10);
    insert(store, &tenant, &AUDIT, passing.clone()).await;
    assert!(store.get(&tenant, &AUDIT, "a", NOW + 9).await.unwrap().is_some());
    assert!(
        !store
            .insert(&tenant, &AUDIT, document("a", json!({})), NOW + 9)
            .await
            .unwrap()
    );
    assert_eq!(store.get(&tenant, &AUDIT, "a", NOW + 10).await.unwrap(), None);
    let mut later = everything(Order::Ascending("id"));
    later.now_ms = NOW + 10;
    assert!(ids(store, &tenant, &AUDIT, later).await.is_empty());
    let next = document("a", json!({ "n": 2 }));
    assert!(
        store
            .insert(&tenant, &AUDIT, next.clone(), NOW + 10)
            .await
            .unwrap()
    );
    assert_eq!(
        store.get(&tenant, &AUDIT, "a", NOW + 10).await.unwrap(),
        Some(next)
    );

    let mut distant = document("b", json!({}));
    distant.expires_ms = Some(u64::MAX);
    insert(store, &tenant, &AUDIT, distant).await;
    assert!(
        store
            .get(&tenant, &AUDIT, "b", u64::MAX - 1)
            .await
            .unwrap()
            .is_some()
            || {
                // A back end may not tell times beyond its own end of time apart; it never ends one early.
                store
                    .get(&tenant, &AUDIT, "b", i64::MAX as u64 / 2)
                    .await
                    .unwrap()
                    .is_some()
            }
    );
}

/// An id is any text, and stands for itself.
pub async fn names_of_any_shape_are_apart(store: &Arc<dyn Store>) {
    let tenant = fresh_tenant();
    let long = "x".repeat(900);
    let names = [
        "", " ", "a", "A", "a ", "a/b", "a.b", "$a", "a$", "%", "_", "a\nb", "'", "\"", "é", "e\u{301}",
        "🛒", "\u{feff}", &long,
    ];
    for (n, name) in names.iter().enumerate() {
        assert!(
            insert(store, &tenant, &AUDIT, document(name, json!({ "n": n }))).await,
            "{name:?}"
        );
    }
    for (n, name) in names.iter().enumerate() {
        let read = store.get(&tenant, &AUDIT, name, NOW).await.unwrap().unwrap();
        assert_eq!(
            (read.id.as_str(), &read.fields["n"]),
            (*name, &json!(n)),
            "{name:?}"
        );
    }
}

/// What is looked for is a value, never a pattern.
pub async fn texts_of_any_shape_are_kept(store: &Arc<dyn Store>) {
    let tenant = fresh_tenant();
    let texts = [
        "",
        "a",
        "A",
        "a%",
        "a_",
        "a.b",
        "$a",
        "null",
        "1",
        "true",
        "é",
        "🛒",
        "' OR 1=1 --",
        "{\"$gt\":\"\"}",
    ];
    for (n, text) in texts.iter().enumerate() {
        let fields = json!({ "component": text, "bucket": "b", "key": format!("{n}"), "size": 1 });
        assert!(insert(store, &tenant, &BUCKET_ENTRIES, document(&format!("{n}"), fields)).await);
    }
    for (n, text) in texts.iter().enumerate() {
        let query = Query {
            equal: vec![("component", text), ("bucket", "b")],
            ..everything(Order::Ascending("key"))
        };
        assert_eq!(
            ids(store, &tenant, &BUCKET_ENTRIES, query).await,
            [format!("{n}")],
            "{text:?}"
        );
    }
}

/// A tenant sees its own only; two tenants may use the same id.
pub async fn documents_of_others_are_apart(store: &Arc<dyn Store>) {
    let (ours, theirs) = (fresh_tenant(), fresh_tenant());
    insert(store, &ours, &AUDIT, document("a", json!({ "n": 1 }))).await;
    assert_eq!(store.get(&theirs, &AUDIT, "a", NOW).await.unwrap(), None);
    assert!(
        ids(store, &theirs, &AUDIT, everything(Order::Ascending("id")))
            .await
            .is_empty()
    );
    assert!(!store.remove(&theirs, &AUDIT, "a", 1).await.unwrap());
    assert!(
        !store
            .replace(&theirs, &AUDIT, document("a", json!({})))
            .await
            .unwrap()
    );
    assert_eq!(
        store.total(&theirs, &AUDIT, &[], "n", NOW).await.unwrap(),
        Total::default()
    );
    assert!(insert(store, &theirs, &AUDIT, document("a", json!({ "n": 2 }))).await);
    let read = store.get(&ours, &AUDIT, "a", NOW).await.unwrap().unwrap();
    assert_eq!(read.fields["n"], 1);
}

/// A second document with the same values is refused as one with the same id is; with one other value it is not.
pub async fn a_unique_index_refuses_a_second(store: &Arc<dyn Store>) {
    let tenant = fresh_tenant();
    let entry = |id, key| {
        document(
            id,
            json!({ "component": "shop", "bucket": "carts", "key": key, "size": 1 }),
        )
    };
    assert!(insert(store, &tenant, &BUCKET_ENTRIES, entry("1", "a")).await);
    assert!(!insert(store, &tenant, &BUCKET_ENTRIES, entry("2", "a")).await);
    assert!(insert(store, &tenant, &BUCKET_ENTRIES, entry("2", "b")).await);
    assert!(insert(store, &fresh_tenant(), &BUCKET_ENTRIES, entry("1", "a")).await);
}

/// A sweep is for room only.
pub async fn a_sweep_frees_what_has_expired_and_nothing_else(store: &Arc<dyn Store>) {
    let tenant = fresh_tenant();
    for (id, expires_ms) in [
        ("gone", Some(1_000)),
        ("also", Some(1_001)),
        ("there", Some(NOW)),
        ("stays", None),
    ] {
        let mut document = document(id, json!({}));
        document.expires_ms = expires_ms;
        store.insert(&tenant, &AUDIT, document, 0).await.unwrap();
    }
    // Others may have more that has expired, or sweep at the same time.
    store.sweep(1_001).await.unwrap();
    let mut query = everything(Order::Ascending("id"));
    query.now_ms = 0;
    assert_eq!(ids(store, &tenant, &AUDIT, query).await, ["stays", "there"]);
    assert_eq!(
        store.total(&tenant, &AUDIT, &[], "n", 0).await.unwrap().documents,
        2
    );
}

/// Who has anything.
pub async fn tenants_are_listed(store: &Arc<dyn Store>) {
    let (ours, theirs, nobody) = (fresh_tenant(), fresh_tenant(), fresh_tenant());
    insert(store, &ours, &AUDIT, document("a", json!({}))).await;
    insert(store, &theirs, &VISION_CACHE, document("a", json!({}))).await;
    insert(store, &theirs, &AUDIT, document("a", json!({}))).await;
    let listed = store.tenants().await.unwrap();
    assert_eq!(listed.iter().filter(|tenant| **tenant == ours).count(), 1);
    assert_eq!(listed.iter().filter(|tenant| **tenant == theirs).count(), 1);
    assert!(!listed.contains(&nobody));
    assert!(listed.is_sorted());
}

/// The largest sealed part that the layers above give, and many fields.
pub async fn a_large_document_fits(store: &Arc<dyn Store>) {
    let tenant = fresh_tenant();
    let many: Map<String, Value> = (0..1_000)
        .map(|n| (format!("field_{n}"), json!("x".repeat(100))))
        .collect();
    let mut large = document("a", Value::Object(many));
    large.sealed = Some(vec![7; MAX_SEALED_BYTES]);
    assert!(insert(store, &tenant, &AUDIT, large.clone()).await);
    let read = store.get(&tenant, &AUDIT, "a", NOW).await.unwrap().unwrap();
    assert!(read == large, "it comes back whole");
}
