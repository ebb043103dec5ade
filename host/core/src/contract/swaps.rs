//! Compare and swap.

use super::{AMPLE, NOW, all, fresh_bucket};
use crate::storage::{BucketId, Buckets};

async fn swap(store: &Buckets, bucket: &BucketId, expected: Option<&str>, new: Option<&str>) -> bool {
    let (expected, new) = (expected.map(str::as_bytes), new.map(str::as_bytes));
    store
        .compare_and_swap(bucket, "lock", expected, new, NOW, AMPLE)
        .await
        .unwrap()
}

async fn get(store: &Buckets, bucket: &BucketId) -> Option<String> {
    let value = store.get(bucket, "lock", NOW).await.unwrap();
    value.map(|value| String::from_utf8(value).unwrap())
}

/// A swap is done where the value is, byte for byte, what was expected, and else changes nothing.
pub async fn a_swap_needs_what_it_expects(store: &Buckets) {
    let bucket = fresh_bucket();
    assert!(
        !swap(store, &bucket, Some("a"), Some("b")).await,
        "nothing is there"
    );
    assert_eq!(get(store, &bucket).await, None);
    assert!(swap(store, &bucket, None, Some("a")).await);
    for wrong in [None, Some(""), Some("A"), Some("a "), Some("ab")] {
        assert!(!swap(store, &bucket, wrong, Some("b")).await, "{wrong:?}");
        assert!(!swap(store, &bucket, wrong, None).await, "{wrong:?}");
        assert_eq!(get(store, &bucket).await.as_deref(), Some("a"));
    }
    assert!(swap(store, &bucket, Some("a"), Some("b")).await);
    assert!(
        swap(store, &bucket, Some("b"), Some("b")).await,
        "a swap to the same is one"
    );
    assert_eq!(get(store, &bucket).await.as_deref(), Some("b"));
}

/// Nothing and an empty value are not the same.
pub async fn a_swap_from_nothing_needs_nothing(store: &Buckets) {
    let bucket = fresh_bucket();
    assert!(
        swap(store, &bucket, None, None).await,
        "nothing was expected and nothing was there"
    );
    assert_eq!(get(store, &bucket).await, None);
    assert!(!swap(store, &bucket, Some(""), Some("a")).await);
    assert!(swap(store, &bucket, None, Some("")).await);
    assert!(!swap(store, &bucket, None, Some("a")).await);
    assert!(swap(store, &bucket, Some(""), Some("a")).await);
}

/// A swap to nothing removes the key.
pub async fn a_swap_to_nothing_removes(store: &Buckets) {
    let bucket = fresh_bucket();
    assert!(swap(store, &bucket, None, Some("a")).await);
    assert!(swap(store, &bucket, Some("a"), None).await);
    assert_eq!(get(store, &bucket).await, None);
    assert!(
        store
            .list(&bucket, "", None, 9, NOW)
            .await
            .unwrap()
            .keys
            .is_empty()
    );
    assert!(!store.delete(&bucket, "lock", NOW).await.unwrap());
}

/// What a swap sets does not expire, whatever was there before.
pub async fn a_swap_keeps_no_expiry(store: &Buckets) {
    let bucket = fresh_bucket();
    store
        .set(&bucket, "lock", b"a", Some(NOW + 100), NOW, AMPLE)
        .await
        .unwrap();
    assert!(!swap(store, &bucket, Some("x"), Some("b")).await);
    assert_eq!(
        store.get(&bucket, "lock", NOW + 100).await.unwrap(),
        None,
        "a swap not done keeps it"
    );
    store
        .set(&bucket, "lock", b"a", Some(NOW + 100), NOW, AMPLE)
        .await
        .unwrap();
    assert!(swap(store, &bucket, Some("a"), Some("b")).await);
    assert!(store.get(&bucket, "lock", NOW + 100).await.unwrap().is_some());
}

/// A value that has expired is absent for a swap: this is how a lock is taken over.
pub async fn an_expired_value_swaps_as_absent(store: &Buckets) {
    let bucket = fresh_bucket();
    let later = NOW + 100;
    store
        .set(&bucket, "lock", b"a", Some(later), NOW, AMPLE)
        .await
        .unwrap();
    let expects_it = store
        .compare_and_swap(&bucket, "lock", Some(b"a"), Some(b"b"), later, AMPLE)
        .await;
    assert!(!expects_it.unwrap());
    let expects_none = store
        .compare_and_swap(&bucket, "lock", None, Some(b"b"), later, AMPLE)
        .await;
    assert!(expects_none.unwrap());
}

/// Of swaps at the same time that expect the same, one is done, and its value is there.
pub async fn one_of_many_swaps_wins(store: &Buckets) {
    let bucket = fresh_bucket();
    let names: Vec<String> = (0..32).map(|n| format!("worker {n}")).collect();
    let won = all(names.iter().map(|name| swap(store, &bucket, None, Some(name)))).await;
    let winners: Vec<&String> = names
        .iter()
        .zip(&won)
        .filter(|(_, won)| **won)
        .map(|(name, _)| name)
        .collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(get(store, &bucket).await.as_ref(), Some(winners[0]));
}
