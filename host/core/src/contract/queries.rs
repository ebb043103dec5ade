//! Documents, looked for and counted.

use serde_json::json;
use std::ops::Bound;
use std::sync::Arc;

use super::documents::{document, everything, ids, insert};
use super::{NOW, fresh_tenant};
use crate::limits::STORE_PAGE;
use crate::storage::collections::{AUDIT, BUCKET_ENTRIES, TEST_RESULTS};
use crate::storage::store::{Between, Document, Order, Query, Store, Total, beginning_with};

/// A field must be there, whole, and a text.
pub async fn a_query_is_exact(store: &Arc<dyn Store>) {
    let tenant = fresh_tenant();
    let flows = [
        json!("checkout"),
        json!("Checkout"),
        json!("check"),
        json!(["checkout"]),
        json!(null),
    ];
    for (n, flow) in flows.iter().enumerate().take(3) {
        let fields = json!({ "timestamp": NOW, "metadata": { "flow": flow } });
        insert(store, &tenant, &TEST_RESULTS, document(&format!("{n}"), fields)).await;
    }
    insert(
        store,
        &tenant,
        &TEST_RESULTS,
        document("none", json!({ "timestamp": NOW })),
    )
    .await;
    let query = Query {
        equal: vec![("metadata.flow", "checkout")],
        ..everything(Order::Ascending("id"))
    };
    assert_eq!(ids(store, &tenant, &TEST_RESULTS, query).await, ["0"]);
}

/// Texts are sorted by their bytes, capital letters first.
pub async fn a_query_sorts_by_bytes(store: &Arc<dyn Store>) {
    let tenant = fresh_tenant();
    let names = [
        "b",
        "a",
        "B",
        "é",
        "a a",
        "ab",
        "\u{10000}",
        "\u{ffff}",
        "Z",
        "10",
        "9",
        "",
    ];
    for name in names {
        insert(store, &tenant, &AUDIT, document(name, json!({}))).await;
    }
    let mut expected = names.to_vec();
    expected.sort_unstable();
    let found = ids(store, &tenant, &AUDIT, everything(Order::Ascending("id"))).await;
    assert_eq!(found, expected);
    expected.reverse();
    let found = ids(store, &tenant, &AUDIT, everything(Order::Descending("id"))).await;
    assert_eq!(found, expected);
}

/// Moments are numbers; where they are the same the id decides, in the same direction.
pub async fn a_query_sorts_by_moments_and_then_by_id(store: &Arc<dyn Store>) {
    let tenant = fresh_tenant();
    for (id, at) in [
        ("b", NOW + 1),
        ("z", NOW),
        ("c", NOW + 1),
        ("a", NOW + 1_000_000_000),
    ] {
        insert(
            store,
            &tenant,
            &TEST_RESULTS,
            document(id, json!({ "timestamp": at })),
        )
        .await;
    }
    let down = everything(Order::Descending("timestamp"));
    assert_eq!(
        ids(store, &tenant, &TEST_RESULTS, down.clone()).await,
        ["a", "c", "b", "z"]
    );
    let up = everything(Order::Ascending("timestamp"));
    assert_eq!(ids(store, &tenant, &TEST_RESULTS, up).await, ["z", "b", "c", "a"]);
    for limit in [0, 1, 3] {
        let query = Query {
            limit,
            ..down.clone()
        };
        assert_eq!(
            ids(store, &tenant, &TEST_RESULTS, query).await.len(),
            limit as usize
        );
    }
}

/// Bounds hold, or leave out, the value that they name.
pub async fn a_query_lies_between_its_bounds(store: &Arc<dyn Store>) {
    let tenant = fresh_tenant();
    for (n, id) in ["a", "ab", "abc", "ac", "b"].iter().enumerate() {
        insert(
            store,
            &tenant,
            &AUDIT,
            document(id, json!({ "at": NOW + n as u64 })),
        )
        .await;
    }
    let found = async |field, from, to| {
        let query = Query {
            between: Some(Between { field, from, to }),
            ..everything(Order::Ascending("id"))
        };
        ids(store, &tenant, &AUDIT, query).await
    };
    let (from, to) = beginning_with("ab");
    assert_eq!(found("id", from, to).await, ["ab", "abc"]);
    let after = Bound::Excluded(json!("ab"));
    assert_eq!(
        found("id", after, Bound::Included(json!("b"))).await,
        ["abc", "ac", "b"]
    );
    let from = Bound::Included(json!(NOW + 1));
    assert_eq!(
        found("at", from, Bound::Excluded(json!(NOW + 3))).await,
        ["ab", "abc"]
    );
}

/// What is sealed may be large: who does not want it does not get it.
pub async fn a_query_leaves_out_what_is_sealed(store: &Arc<dyn Store>) {
    let tenant = fresh_tenant();
    insert(store, &tenant, &AUDIT, document("a", json!({ "n": 1 }))).await;
    let query = Query {
        sealed: false,
        ..everything(Order::Ascending("id"))
    };
    let found = store.find(&tenant, &AUDIT, query).await.unwrap();
    let expected = Document {
        sealed: None,
        ..document("a", json!({ "n": 1 }))
    };
    assert_eq!(found, [expected]);
}

/// Every document once, also where there are more than a page.
pub async fn a_collection_is_gone_through_page_by_page(store: &Arc<dyn Store>) {
    let tenant = fresh_tenant();
    let expected: Vec<String> = (0..STORE_PAGE + 5).map(|n| format!("{n:04}")).collect();
    for id in &expected {
        insert(store, &tenant, &AUDIT, document(id, json!({}))).await;
    }
    let mut pages = store.pages(&tenant, &AUDIT, NOW);
    let first = pages.next().await.unwrap().unwrap();
    assert_eq!(first.len(), STORE_PAGE as usize);
    let rest = pages.all().await.unwrap();
    let found: Vec<String> = first.into_iter().chain(rest).map(|found| found.id).collect();
    assert_eq!(found, expected);
}

/// Of those that have these values and have not expired.
pub async fn a_total_counts_what_has_not_expired(store: &Arc<dyn Store>) {
    let tenant = fresh_tenant();
    for (n, bucket) in ["carts", "carts", "carts", "orders"].iter().enumerate() {
        let fields = json!({ "component": "shop", "bucket": bucket, "key": format!("{n}"), "size": 10 + n });
        let mut entry = document(&format!("{n}"), fields);
        entry.expires_ms = (n == 2).then_some(NOW + 1);
        insert(store, &tenant, &BUCKET_ENTRIES, entry).await;
    }
    let total = async |now_ms| {
        let equal = [("component", "shop"), ("bucket", "carts")];
        store
            .total(&tenant, &BUCKET_ENTRIES, &equal, "size", now_ms)
            .await
            .unwrap()
    };
    assert_eq!(
        total(NOW).await,
        Total {
            documents: 3,
            sum: 33
        }
    );
    assert_eq!(
        total(NOW + 1).await,
        Total {
            documents: 2,
            sum: 21
        }
    );
}
