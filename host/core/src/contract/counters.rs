//! Counters.

use super::{AMPLE, NOW, all, fresh_bucket};
use crate::storage::{BucketId, Buckets, StorageError};

const LARGEST: i64 = 1 << 53;

async fn add(store: &Buckets, bucket: &BucketId, delta: i64) -> Result<i64, StorageError> {
    store.increment(bucket, "visits", delta, NOW, AMPLE).await
}

async fn set(store: &Buckets, bucket: &BucketId, text: &str) {
    store
        .set(bucket, "visits", text.as_bytes(), None, NOW, AMPLE)
        .await
        .unwrap();
}

async fn text(store: &Buckets, bucket: &BucketId) -> Option<String> {
    let value = store.get(bucket, "visits", NOW).await.unwrap();
    value.map(|value| String::from_utf8(value).unwrap())
}

/// A counter that is not there counts from 0, and is there afterwards, whatever was added.
pub async fn a_missing_counter_begins_at_zero(store: &Buckets) {
    for delta in [0, 1, -1, i64::from(i32::MAX), i64::from(i32::MIN)] {
        let bucket = fresh_bucket();
        assert_eq!(add(store, &bucket, delta).await.unwrap(), delta);
        assert_eq!(text(store, &bucket).await, Some(delta.to_string()));
    }
}

/// A counter is its decimal text for whoever reads it.
pub async fn a_counter_reads_as_decimal_text(store: &Buckets) {
    let bucket = fresh_bucket();
    for (delta, expected) in [(5, "5"), (-5, "0"), (-12, "-12"), (1_000_012, "1000000")] {
        let sum = add(store, &bucket, delta).await.unwrap();
        assert_eq!(
            (sum.to_string().as_str(), text(store, &bucket).await.as_deref()),
            (expected, Some(expected))
        );
    }
    assert_eq!(
        store.list(&bucket, "", None, 9, NOW).await.unwrap().keys,
        ["visits"]
    );
    assert!(
        store
            .compare_and_swap(&bucket, "visits", Some(b"1000000"), None, NOW, AMPLE)
            .await
            .unwrap()
    );
}

/// A decimal text that was set is a counter.
pub async fn a_counter_goes_on_from_text_that_was_set(store: &Buckets) {
    let bucket = fresh_bucket();
    for (set_to, sum) in [
        ("41", 42),
        ("0", 1),
        ("-1", 0),
        ("-100", -99),
        ("9007199254740991", LARGEST),
    ] {
        set(store, &bucket, set_to).await;
        assert_eq!(add(store, &bucket, 1).await.unwrap(), sum, "from {set_to}");
    }
}

/// Both ends of the range are reached; a step beyond is refused and leaves the counter where it was.
pub async fn a_counter_stops_at_its_range(store: &Buckets) {
    for (end, beyond) in [(LARGEST, 1), (-LARGEST, -1)] {
        let bucket = fresh_bucket();
        set(store, &bucket, &(end - beyond).to_string()).await;
        assert_eq!(add(store, &bucket, beyond).await.unwrap(), end);
        for step in [beyond, beyond * i64::MAX] {
            let refused = add(store, &bucket, step).await.unwrap_err();
            assert!(matches!(refused, StorageError::NotACounter(_)), "{refused}");
        }
        assert_eq!(text(store, &bucket).await, Some(end.to_string()));
        assert_eq!(add(store, &bucket, -beyond).await.unwrap(), end - beyond);
    }
}

/// What is no decimal integer in its shortest form and within the range is no counter.
pub async fn what_is_no_counter_is_refused_and_kept(store: &Buckets) {
    let bucket = fresh_bucket();
    let not_counters = [
        "",
        " ",
        "a",
        "1.0",
        "1e3",
        "+1",
        "-0",
        "00",
        "01",
        " 1",
        "1 ",
        "1\n",
        "--1",
        "0x1",
        "١",
        "true",
        "NaN",
        "9007199254740993",
        "-9007199254740993",
        "9223372036854775808",
    ];
    for value in not_counters {
        set(store, &bucket, value).await;
        let refused = add(store, &bucket, 1).await.unwrap_err();
        assert!(
            matches!(refused, StorageError::NotACounter(_)),
            "{value:?}: {refused}"
        );
        assert_eq!(text(store, &bucket).await.as_deref(), Some(value));
    }
    store
        .set(&bucket, "visits", b"\xff1", None, NOW, AMPLE)
        .await
        .unwrap();
    assert!(matches!(
        add(store, &bucket, 1).await,
        Err(StorageError::NotACounter(_))
    ));
}

/// Counting does not prolong a counter's life, so that "so many within a minute" can be counted.
pub async fn a_counter_keeps_its_expiry(store: &Buckets) {
    let bucket = fresh_bucket();
    store
        .set(&bucket, "visits", b"1", Some(NOW + 100), NOW, AMPLE)
        .await
        .unwrap();
    let sum = store
        .increment(&bucket, "visits", 1, NOW + 99, AMPLE)
        .await
        .unwrap();
    assert_eq!(sum, 2);
    assert!(store.get(&bucket, "visits", NOW + 99).await.unwrap().is_some());
    assert_eq!(store.get(&bucket, "visits", NOW + 100).await.unwrap(), None);
}

/// A counter that has expired counts from 0 again, and the new one does not expire.
pub async fn an_expired_counter_begins_anew(store: &Buckets) {
    let bucket = fresh_bucket();
    store
        .set(&bucket, "visits", b"41", Some(NOW + 100), NOW, AMPLE)
        .await
        .unwrap();
    let sum = store
        .increment(&bucket, "visits", 1, NOW + 100, AMPLE)
        .await
        .unwrap();
    assert_eq!(sum, 1);
    assert!(
        store
            .get(&bucket, "visits", NOW + 1_000_000)
            .await
            .unwrap()
            .is_some()
    );
}

/// Increments at the same time all count, and each sees a sum of its own.
pub async fn no_increment_is_lost(store: &Buckets) {
    let bucket = fresh_bucket();
    let sums = all((0..64).map(|_| add(store, &bucket, 1))).await;
    let mut sums: Vec<i64> = sums.into_iter().map(Result::unwrap).collect();
    sums.sort_unstable();
    assert_eq!(sums, (1..=64).collect::<Vec<_>>());
    assert_eq!(text(store, &bucket).await.as_deref(), Some("64"));
}
