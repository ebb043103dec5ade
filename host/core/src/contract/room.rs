//! How much a bucket may hold.

use super::{NOW, fresh_bucket};
use crate::storage::{BucketId, BucketLimits, Buckets, StorageError};

const THREE_KEYS: BucketLimits = BucketLimits {
    keys: 3,
    bytes: 1 << 20,
};
const TWENTY_BYTES: BucketLimits = BucketLimits {
    keys: 1000,
    bytes: 20,
};

async fn set(
    store: &Buckets,
    bucket: &BucketId,
    key: &str,
    value: &str,
    limits: BucketLimits,
) -> Result<(), StorageError> {
    store.set(bucket, key, value.as_bytes(), None, NOW, limits).await
}

async fn keys(store: &Buckets, bucket: &BucketId) -> Vec<String> {
    store.list(bucket, "", None, 1000, NOW).await.unwrap().keys
}

fn is_full<T>(result: &Result<T, StorageError>) -> bool {
    matches!(result, Err(StorageError::Full(_)))
}

/// The last key that fits is taken, one more is refused; replacing is always possible, deleting makes room.
pub async fn keys_are_limited(store: &Buckets) {
    let bucket = fresh_bucket();
    for key in ["a", "b", "c"] {
        set(store, &bucket, key, "1", THREE_KEYS).await.unwrap();
    }
    assert!(is_full(&set(store, &bucket, "d", "1", THREE_KEYS).await));
    set(store, &bucket, "a", "longer than before", THREE_KEYS)
        .await
        .unwrap();
    assert!(store.delete(&bucket, "b", NOW).await.unwrap());
    set(store, &bucket, "d", "1", THREE_KEYS).await.unwrap();
    assert_eq!(keys(store, &bucket).await, ["a", "c", "d"]);
}

/// Keys and values count in bytes, to the last one.
pub async fn bytes_are_limited(store: &Buckets) {
    let bucket = fresh_bucket();
    set(store, &bucket, "é", "12345678", TWENTY_BYTES).await.unwrap();
    set(store, &bucket, "b", "123456789", TWENTY_BYTES).await.unwrap();
    assert!(
        is_full(&set(store, &bucket, "c", "", TWENTY_BYTES).await),
        "a key has bytes too"
    );
    assert!(is_full(
        &set(store, &bucket, "b", "1234567890", TWENTY_BYTES).await
    ));
    set(store, &bucket, "b", "12345678", TWENTY_BYTES).await.unwrap();
    set(store, &bucket, "c", "", TWENTY_BYTES).await.unwrap();
    assert!(store.delete(&bucket, "é", NOW).await.unwrap());
    set(store, &bucket, "d", "123456789", TWENTY_BYTES).await.unwrap();
    assert!(is_full(
        &set(store, &bucket, "d", "12345678901", TWENTY_BYTES).await
    ));
}

/// Counters and swaps are writes as others are.
pub async fn every_write_is_limited(store: &Buckets) {
    let bucket = fresh_bucket();
    for key in ["a", "b", "9"] {
        set(store, &bucket, key, "9", THREE_KEYS).await.unwrap();
    }
    assert!(is_full(
        &store.increment(&bucket, "new", 1, NOW, THREE_KEYS).await
    ));
    assert_eq!(
        store.increment(&bucket, "9", 1, NOW, THREE_KEYS).await.unwrap(),
        10
    );
    let swap = async |key, expected, new| {
        let limits = THREE_KEYS;
        store
            .compare_and_swap(&bucket, key, expected, new, NOW, limits)
            .await
    };
    assert!(is_full(&swap("new", None, Some(b"1".as_slice())).await));
    assert!(
        swap("a", Some(b"9".as_slice()), Some(b"changed".as_slice()))
            .await
            .unwrap()
    );
    assert!(
        !swap("a", None, Some(b"1".as_slice())).await.unwrap(),
        "not done is not full"
    );

    let tight = BucketLimits { keys: 3, bytes: 13 };
    assert!(
        is_full(&store.increment(&bucket, "9", 90, NOW, tight).await),
        "one more digit"
    );
    assert_eq!(
        store.get(&bucket, "9", NOW).await.unwrap().as_deref(),
        Some(b"10".as_slice())
    );
}

/// A write that is refused leaves value, expiry and keys as they were.
pub async fn a_refused_write_changes_nothing(store: &Buckets) {
    let bucket = fresh_bucket();
    let value = b"1234567890";
    store
        .set(&bucket, "a", value, Some(NOW + 100), NOW, TWENTY_BYTES)
        .await
        .unwrap();
    let longer = "12345678901234567890";
    assert!(is_full(&set(store, &bucket, "a", longer, TWENTY_BYTES).await));
    assert!(is_full(&set(store, &bucket, "b", longer, TWENTY_BYTES).await));
    assert_eq!(
        store.get(&bucket, "a", NOW).await.unwrap().as_deref(),
        Some(value.as_slice())
    );
    assert_eq!(keys(store, &bucket).await, ["a"]);
    set(store, &bucket, "b", "12345678", TWENTY_BYTES).await.unwrap();
    let later = store.get(&bucket, "a", NOW + 100).await.unwrap();
    assert_eq!(later, None, "its expiry stands");
}

/// What has expired is not counted, whether or not anybody has looked at it since.
pub async fn what_expired_makes_room(store: &Buckets) {
    let bucket = fresh_bucket();
    for key in ["a", "b", "c"] {
        store
            .set(&bucket, key, b"1", Some(NOW + 100), NOW, THREE_KEYS)
            .await
            .unwrap();
    }
    let at = async |key: &str, now| store.set(&bucket, key, b"1", None, now, THREE_KEYS).await;
    assert!(is_full(&at("d", NOW + 99).await));
    for key in ["d", "e", "f"] {
        at(key, NOW + 100).await.unwrap();
    }
    assert!(is_full(&at("g", NOW + 100).await));
}

/// A bucket that holds more than it may now, because limits were lowered, can still be made smaller.
pub async fn what_shrinks_is_never_refused(store: &Buckets) {
    let bucket = fresh_bucket();
    for key in ["a", "b", "c"] {
        set(store, &bucket, key, "1234567890", THREE_KEYS).await.unwrap();
    }
    let lower = BucketLimits { keys: 1, bytes: 5 };
    set(store, &bucket, "a", "123", lower).await.unwrap();
    set(store, &bucket, "a", "456", lower).await.unwrap();
    assert!(is_full(&set(store, &bucket, "a", "4567", lower).await));
    let removed = store
        .compare_and_swap(&bucket, "b", Some(b"1234567890"), None, NOW, lower)
        .await;
    assert!(removed.unwrap());
    assert_eq!(keys(store, &bucket).await, ["a", "c"]);
}

/// A full bucket takes nothing from its neighbours.
pub async fn each_bucket_has_its_own_room(store: &Buckets) {
    let full = fresh_bucket();
    for key in ["a", "b", "c"] {
        set(store, &full, key, "1", THREE_KEYS).await.unwrap();
    }
    let neighbour = BucketId {
        name: "orders".to_owned(),
        ..full.clone()
    };
    let stranger = BucketId {
        component: "bank".to_owned(),
        ..full.clone()
    };
    for other in [neighbour, stranger] {
        set(store, &other, "d", "1", THREE_KEYS).await.unwrap();
    }
    assert!(is_full(&set(store, &full, "d", "1", THREE_KEYS).await));
}
