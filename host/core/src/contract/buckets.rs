//! Values, keys, expiry, lists.

use super::{AMPLE, NOW, fresh_bucket};
use crate::limits::{MAX_KEY_BYTES, MAX_VALUE_BYTES};
use crate::storage::{BucketId, Buckets, TenantId};

/// Sets a value that never expires.
async fn set(store: &Buckets, bucket: &BucketId, key: &str, value: &[u8]) {
    store.set(bucket, key, value, None, NOW, AMPLE).await.unwrap();
}

async fn get(store: &Buckets, bucket: &BucketId, key: &str) -> Option<Vec<u8>> {
    store.get(bucket, key, NOW).await.unwrap()
}

/// Every key with the prefix, in one page.
async fn keys(store: &Buckets, bucket: &BucketId, prefix: &str) -> Vec<String> {
    let page = store.list(bucket, prefix, None, 1000, NOW).await.unwrap();
    assert_eq!(page.cursor, None, "everything fits in one page");
    page.keys
}

/// A key that was never set has no value, and a bucket that was never written to has no keys.
pub async fn a_missing_key_has_no_value(store: &Buckets) {
    let bucket = fresh_bucket();
    assert_eq!(get(store, &bucket, "cart").await, None);
    assert!(keys(store, &bucket, "").await.is_empty());
    set(store, &bucket, "cart", b"1").await;
    assert_eq!(get(store, &bucket, "car").await, None);
    assert_eq!(get(store, &bucket, "carts").await, None);
}

/// A value is bytes: empty ones, NUL and what is no UTF-8 come back as they went in.
pub async fn a_value_is_read_back_byte_for_byte(store: &Buckets) {
    let bucket = fresh_bucket();
    let every_byte: Vec<u8> = (0..=255).collect();
    for value in [b"".as_slice(), b"\0", b"\xff\xfe", b"{\"a\":1}", &every_byte] {
        set(store, &bucket, "cart", value).await;
        assert_eq!(get(store, &bucket, "cart").await.as_deref(), Some(value));
    }
}

/// A value of the greatest size comes back whole.
pub async fn the_largest_value_fits(store: &Buckets) {
    let bucket = fresh_bucket();
    let value: Vec<u8> = (0..MAX_VALUE_BYTES).map(|n| (n % 251) as u8).collect();
    set(store, &bucket, "cart", &value).await;
    assert!(get(store, &bucket, "cart").await == Some(value));
}

/// Setting again leaves nothing of what was there, nor of when it would have expired.
pub async fn setting_again_replaces_value_and_expiry(store: &Buckets) {
    let bucket = fresh_bucket();
    let soon = Some(NOW + 10);
    store
        .set(&bucket, "cart", b"one", soon, NOW, AMPLE)
        .await
        .unwrap();
    set(store, &bucket, "cart", b"two").await;
    let later = store.get(&bucket, "cart", NOW + 10).await.unwrap();
    assert_eq!(
        later.as_deref(),
        Some(b"two".as_slice()),
        "the old expiry is gone"
    );
    store
        .set(&bucket, "cart", b"three", soon, NOW, AMPLE)
        .await
        .unwrap();
    assert_eq!(
        store.get(&bucket, "cart", NOW + 10).await.unwrap(),
        None,
        "the new one holds"
    );
}

/// A value is there until the moment of its expiry, and from then on as if it had been removed.
pub async fn a_value_is_gone_at_its_expiry(store: &Buckets) {
    let bucket = fresh_bucket();
    let expires = NOW + 1000;
    store
        .set(&bucket, "cart", b"1", Some(expires), NOW, AMPLE)
        .await
        .unwrap();
    set(store, &bucket, "stays", b"1").await;
    assert!(store.get(&bucket, "cart", expires - 1).await.unwrap().is_some());
    assert_eq!(
        store.list(&bucket, "", None, 9, expires - 1).await.unwrap().keys,
        ["cart", "stays"]
    );

    assert_eq!(store.get(&bucket, "cart", expires).await.unwrap(), None);
    assert_eq!(
        store.list(&bucket, "", None, 9, expires).await.unwrap().keys,
        ["stays"]
    );
    assert!(
        !store.delete(&bucket, "cart", expires).await.unwrap(),
        "there is nothing to remove"
    );
}

/// An expiry that no clock will reach is none.
pub async fn an_expiry_beyond_all_time_never_comes(store: &Buckets) {
    let bucket = fresh_bucket();
    store
        .set(&bucket, "cart", b"1", Some(u64::MAX), NOW, AMPLE)
        .await
        .unwrap();
    assert!(store.get(&bucket, "cart", 1 << 53).await.unwrap().is_some());
}

/// Removing tells whether something was removed, and is done once.
pub async fn deleting_tells_whether_there_was_a_value(store: &Buckets) {
    let bucket = fresh_bucket();
    assert!(!store.delete(&bucket, "cart", NOW).await.unwrap());
    set(store, &bucket, "cart", b"").await;
    assert!(store.delete(&bucket, "cart", NOW).await.unwrap());
    assert!(!store.delete(&bucket, "cart", NOW).await.unwrap());
    assert_eq!(get(store, &bucket, "cart").await, None);
    assert!(keys(store, &bucket, "").await.is_empty());
}

/// A key is a text and nothing more: no character has a meaning, and no two texts are the same key.
pub async fn keys_of_any_shape_are_apart(store: &Buckets) {
    let bucket = fresh_bucket();
    let longest = "k".repeat(MAX_KEY_BYTES);
    let longest_but_one = "k".repeat(MAX_KEY_BYTES - 1);
    let wide = "🛒".repeat(MAX_KEY_BYTES / 4);
    let shapes = [
        ".",
        "..",
        "../..",
        "/",
        "//",
        "a/b",
        "/a/b",
        "a/b/",
        "a\\b",
        "C:\\a",
        "a.b",
        ".a",
        "a.",
        "$a",
        "$where",
        "a:b",
        "a|b",
        "a\nb",
        "a\r\nb",
        "\t",
        " ",
        "  ",
        "a ",
        " a",
        "a",
        "A",
        "à",
        "a\u{300}",
        "ß",
        "ss",
        "ı",
        "i",
        "%",
        "_",
        "*",
        "?",
        "[a]",
        "'",
        "\"",
        "';--",
        "null",
        "0",
        "00",
        "-0",
        "1e3",
        "_id",
        "__proto__",
        "\u{1}",
        "\u{7f}",
        "\u{80}",
        "\u{200b}",
        "\u{feff}",
        "\u{fffd}",
        "\u{ffff}",
        "\u{10ffff}",
        "🛒",
        "👩‍👩‍👧",
        "日本",
        "عربة",
        &longest,
        &longest_but_one,
        &wide,
    ];
    for key in shapes {
        set(store, &bucket, key, key.as_bytes()).await;
    }
    for key in shapes {
        assert_eq!(
            get(store, &bucket, key).await.as_deref(),
            Some(key.as_bytes()),
            "{key:?}"
        );
    }
    let mut sorted = shapes.map(ToOwned::to_owned);
    sorted.sort();
    assert_eq!(keys(store, &bucket, "").await, sorted);
    for key in shapes {
        assert!(store.delete(&bucket, key, NOW).await.unwrap(), "{key:?}");
        assert_eq!(get(store, &bucket, key).await, None, "{key:?}");
    }
}

/// Tenant, component and name each tell buckets apart, however they are put together.
pub async fn buckets_of_others_are_apart(store: &Buckets) {
    let ours = fresh_bucket();
    let tenant = |suffix: &str| TenantId::parse(&format!("{}{suffix}", ours.tenant.as_str())).unwrap();
    let bucket = |tenant: TenantId, component: &str, name: &str| BucketId {
        tenant,
        component: component.to_owned(),
        name: name.to_owned(),
    };
    let others = [
        bucket(tenant("-b"), "shop", "carts"),
        bucket(tenant("s"), "hop", "carts"),
        bucket(tenant(""), "shop", "cart"),
        bucket(tenant(""), "shopc", "arts"),
        bucket(tenant(""), "Shop", "carts"),
        bucket(tenant(""), "shop/carts", ""),
        bucket(tenant(""), "%", "%"),
        bucket(tenant(""), "", "carts"),
    ];
    set(store, &ours, "cart", b"ours").await;
    for other in &others {
        assert_eq!(get(store, other, "cart").await, None, "{other:?}");
        assert!(keys(store, other, "").await.is_empty(), "{other:?}");
        assert!(!store.delete(other, "cart", NOW).await.unwrap(), "{other:?}");
        set(store, other, "cart", format!("{other:?}").as_bytes()).await;
    }
    assert_eq!(
        get(store, &ours, "cart").await.as_deref(),
        Some(b"ours".as_slice())
    );
    assert!(store.delete(&ours, "cart", NOW).await.unwrap());
    for other in &others {
        let value = get(store, other, "cart").await;
        assert_eq!(value, Some(format!("{other:?}").into_bytes()));
    }
}

/// Keys come in the order of their UTF-8 bytes, which is neither that of an alphabet nor that of UTF-16.
pub async fn a_list_is_in_the_order_of_bytes(store: &Buckets) {
    let bucket = fresh_bucket();
    let sorted = [
        "A",
        "B",
        "Z",
        "a",
        "a!",
        "aa",
        "b",
        "z",
        "é",
        "日",
        "\u{ffff}",
        "🛒",
        "\u{10ffff}",
    ];
    for key in sorted.iter().rev() {
        set(store, &bucket, key, b"").await;
    }
    assert_eq!(keys(store, &bucket, "").await, sorted);
}

/// No character of a prefix stands for others.
pub async fn a_prefix_is_taken_literally(store: &Buckets) {
    let bucket = fresh_bucket();
    let all = [
        "%", "%a", "*a", ".a", "A", "[a", "\\a", "^a", "_", "_a", "a", "a%b", "aXb", "a_b", "ab",
    ];
    for key in all {
        set(store, &bucket, key, b"").await;
    }
    assert_eq!(keys(store, &bucket, "%").await, ["%", "%a"]);
    assert_eq!(keys(store, &bucket, "_").await, ["_", "_a"]);
    assert_eq!(keys(store, &bucket, "a%").await, ["a%b"]);
    assert_eq!(keys(store, &bucket, "a_").await, ["a_b"]);
    assert_eq!(keys(store, &bucket, "a").await, ["a", "a%b", "aXb", "a_b", "ab"]);
    for prefix in ["*", ".", "[", "\\", "^"] {
        assert_eq!(keys(store, &bucket, prefix).await, [format!("{prefix}a")]);
    }
    assert!(keys(store, &bucket, ".*").await.is_empty());
    assert!(
        keys(store, &bucket, "abc").await.is_empty(),
        "longer than any key"
    );
    assert_eq!(keys(store, &bucket, "").await, all);
}

/// A prefix may end with any character, the last one there is too, and finds its own keys and no neighbour's.
pub async fn a_prefix_of_every_character_finds_its_keys(store: &Buckets) {
    let bucket = fresh_bucket();
    let prefixes = [
        "\u{1}",
        "z",
        "\u{7e}",
        "\u{7f}",
        "\u{80}",
        "é",
        "\u{7ff}",
        "\u{800}",
        "\u{d7ff}",
        "\u{e000}",
        "\u{ffff}",
        "\u{10000}",
        "🛒",
        "\u{10ffff}",
    ];
    for prefix in prefixes {
        set(store, &bucket, prefix, b"").await;
        set(store, &bucket, &format!("{prefix}\u{1}"), b"").await;
        set(store, &bucket, &format!("{prefix}\u{10ffff}"), b"").await;
    }
    for prefix in prefixes.iter().take(prefixes.len() - 1) {
        let expected = [
            (*prefix).to_owned(),
            format!("{prefix}\u{1}"),
            format!("{prefix}\u{10ffff}"),
        ];
        assert_eq!(keys(store, &bucket, prefix).await, expected, "{prefix:?}");
    }
    assert_eq!(keys(store, &bucket, "\u{10ffff}").await.len(), 3);
}

/// Pages of any size, one after the other, hold every key once and in order; the last one has no cursor.
pub async fn pages_of_any_size_hold_every_key_once(store: &Buckets) {
    let bucket = fresh_bucket();
    let expected: Vec<String> = (0..7).map(|n| format!("k/%_{n}🛒")).collect();
    for key in expected.iter().map(String::as_str).chain(["a", "z"]) {
        set(store, &bucket, key, b"").await;
    }
    for size in [1, 2, 3, 6, 7, 8, 1000] {
        let (mut found, mut cursor, mut pages) = (Vec::new(), None, 0);
        loop {
            let page = store
                .list(&bucket, "k/", cursor.as_deref(), size, NOW)
                .await
                .unwrap();
            assert!(
                page.keys.len() <= size as usize,
                "a page of {size} has {}",
                page.keys.len()
            );
            found.extend(page.keys);
            pages += 1;
            cursor = page.cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(found, expected, "in pages of {size}");
        assert_eq!(
            pages,
            7_u32.div_ceil(size),
            "no page is empty, with {size} on each"
        );
    }
}

/// A cursor stays good when its key is removed and others come, and skips none that stays.
pub async fn a_cursor_outlives_its_key(store: &Buckets) {
    let bucket = fresh_bucket();
    for key in ["a", "b", "c", "d"] {
        set(store, &bucket, key, b"").await;
    }
    let first = store.list(&bucket, "", None, 2, NOW).await.unwrap();
    assert_eq!(first.keys, ["a", "b"]);
    assert!(store.delete(&bucket, "b", NOW).await.unwrap());
    set(store, &bucket, "aa", b"").await;
    set(store, &bucket, "b!", b"").await;
    let second = store
        .list(&bucket, "", first.cursor.as_deref(), 9, NOW)
        .await
        .unwrap();
    assert_eq!(second.keys, ["b!", "c", "d"]);
}

/// A cursor that no page answered changes where a list begins, never which keys have the prefix.
pub async fn a_cursor_outside_the_prefix_is_harmless(store: &Buckets) {
    let bucket = fresh_bucket();
    for key in ["a", "b1", "b2", "c"] {
        set(store, &bucket, key, b"").await;
    }
    let page = async |cursor| store.list(&bucket, "b", Some(cursor), 9, NOW).await.unwrap().keys;
    assert_eq!(page("").await, ["b1", "b2"]);
    assert_eq!(page("a").await, ["b1", "b2"]);
    assert_eq!(page("b").await, ["b1", "b2"]);
    assert_eq!(page("b1").await, ["b2"]);
    assert!(page("b2").await.is_empty());
    assert!(page("c").await.is_empty());
    assert!(page("\u{10ffff}").await.is_empty());
}
