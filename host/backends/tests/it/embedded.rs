//! What is particular to the embedded store.

use std::path::PathBuf;
use std::sync::Arc;

use flowguard_backends::storage::EmbeddedStore;
use flowguard_core::artifact::Digest;
use flowguard_core::clock::SystemClock;
use flowguard_core::failure::Code;
use flowguard_core::flow::Flow;
use flowguard_core::limits::{MAX_KEY_BYTES, MAX_VALUE_BYTES};
use flowguard_core::run::{Origin, RunId, RunMetadata, RunRecord};
use flowguard_core::storage::calls::{Get, List, Set};
use flowguard_core::storage::collections::AUDIT;
use flowguard_core::storage::store::{Document, Store};
use flowguard_core::storage::{BucketId, BucketLimits, Storage, TenantId};
use flowguard_core::verdict::Verdict;
use futures::poll;
use rusqlite::Connection;
use tempfile::TempDir;

use crate::open;

const AMPLE: BucketLimits = BucketLimits {
    keys: 10_000,
    bytes: 64 << 20,
};

fn place() -> (PathBuf, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (folder.path().join("deep/below/store.db"), folder)
}

fn bucket(name: &str) -> BucketId {
    BucketId {
        tenant: TenantId::local(),
        component: "shop".to_owned(),
        name: name.to_owned(),
    }
}

/// The smallest run there is.
pub(crate) fn record(id: &str) -> RunRecord {
    RunRecord {
        schema: RunRecord::SCHEMA,
        id: RunId::parse(id).unwrap(),
        flow: Flow {
            name: "checkout".to_owned(),
            intent: String::new(),
            url: String::new(),
            critical: false,
            tags: Vec::new(),
            timeout_ms: None,
        },
        origin: Origin {
            file: "checkout.wasm".to_owned(),
            component: "shop".to_owned(),
            version: "1.0.0".to_owned(),
            digest: Digest::of(b"component"),
        },
        base_url: String::new(),
        metadata: RunMetadata::default(),
        started_ms: 1_800_000_000_000,
        took_us: 1,
        attempts: Vec::new(),
        verdict: Verdict::Passed,
    }
}

fn count(raw: &Connection, table: &str) -> i64 {
    raw.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
        .unwrap()
}

#[tokio::test]
async fn everything_survives_closing_and_opening() {
    let (path, _folder) = place();
    let (carts, local) = (bucket("carts"), TenantId::local());
    for round in 1..=3 {
        let opened = open(&path).unwrap();
        let counted = opened.buckets.increment(&carts, "rounds", 1, 0, AMPLE).await;
        assert_eq!(counted.unwrap(), round);
        opened
            .runs
            .save(&local, &record(&format!("r-{round}")))
            .await
            .unwrap();
        let recent = opened.runs.recent(&local, None, 9).await.unwrap();
        assert_eq!(recent.len(), usize::try_from(round).unwrap());
    }
}

/// The folder may hold what an application shows only to those who log in.
#[cfg(unix)]
#[tokio::test]
async fn the_folder_it_makes_is_its_owners() {
    use std::os::unix::fs::PermissionsExt;
    let (path, _folder) = place();
    let _store = EmbeddedStore::open(&path).unwrap();
    let mode = path.parent().unwrap().metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

/// SQLite would read these names as something else than files.
#[tokio::test]
async fn a_path_is_nothing_but_a_path() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["file:store.db?mode=memory", ":memory:", "a b%20c#d.db", "日本.db"] {
        let path = folder.path().join(name);
        drop(EmbeddedStore::open(&path).unwrap());
        assert!(path.is_file(), "{name}");
    }
}

#[tokio::test]
async fn a_sweep_frees_what_has_expired_and_nothing_else() {
    let (path, _folder) = place();
    let opened = open(&path).unwrap();
    let set = async |bucket: &str, key: &str, expires_ms| {
        let bucket = self::bucket(bucket);
        let set = opened.buckets.set(&bucket, key, b"1", expires_ms, 0, AMPLE);
        set.await.unwrap();
    };
    for n in 0..1_200 {
        set("short", &format!("key-{n}"), Some(100)).await;
    }
    set("long", "later", Some(101)).await;
    set("long", "never", None).await;
    assert_eq!(opened.store.sweep(99).await.unwrap(), 0);
    assert_eq!(opened.store.sweep(100).await.unwrap(), 1_200);
    assert_eq!(opened.store.sweep(100).await.unwrap(), 0);

    let raw = Connection::open(&path).unwrap();
    assert_eq!(count(&raw, "bucket_entries"), 2);
    let keys = opened
        .buckets
        .list(&bucket("long"), "", None, 9, 0)
        .await
        .unwrap()
        .keys;
    assert_eq!(keys, ["later", "never"]);
}

#[tokio::test]
async fn the_first_write_sweeps_what_expired_while_the_store_was_closed() {
    let (path, _folder) = place();
    let set = async |bucket: &str, expires_ms, now_ms| {
        let opened = open(&path).unwrap();
        let bucket = self::bucket(bucket);
        let set = opened
            .buckets
            .set(&bucket, "key", b"1", expires_ms, now_ms, AMPLE);
        set.await.unwrap();
    };
    set("short", Some(100), 0).await;
    set("other", None, 100).await;
    assert_eq!(count(&Connection::open(&path).unwrap(), "bucket_entries"), 1);
}

/// Whatever was done, the room that limits are held against is never less than what is there, and is counted anew
/// before anything is refused.
#[tokio::test]
async fn the_size_of_a_bucket_never_falls_short() {
    let (path, _folder) = place();
    let opened = open(&path).unwrap();
    let (carts, store) = (bucket("carts"), &opened.buckets);
    let raw = Connection::open(&path).unwrap();
    for n in 0..300_u64 {
        let key = format!("k{}", n * 7 % 23);
        let value = vec![b'1'; (n * 13 % 40) as usize];
        let tight = BucketLimits { keys: 15, bytes: 300 };
        // Many of these are refused, which is what this is about.
        let _ = match n % 5 {
            0 | 1 => store
                .set(&carts, &key, &value, Some(n + 20), n, tight)
                .await
                .is_ok(),
            2 => store.increment(&carts, &key, 99, n, tight).await.is_ok(),
            3 => store
                .compare_and_swap(&carts, &key, None, Some(&value), n, tight)
                .await
                .is_ok(),
            _ => store.delete(&carts, &key, n).await.is_ok(),
        };
        if n % 50 == 0 {
            opened.store.sweep(n).await.unwrap();
        }
        let there: (i64, i64) = raw
            .query_row(
                "SELECT count(*), coalesce(sum(json_extract(fields, '$.size')), 0) FROM bucket_entries
                 WHERE expires_ms IS NULL OR expires_ms > ?1",
                [n as i64],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .unwrap();
        let held: (i64, i64) = raw
            .query_row(
                "SELECT json_extract(fields, '$.keys'), json_extract(fields, '$.bytes') FROM buckets",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .unwrap();
        assert!(held.0 >= there.0 && held.1 >= there.1, "{n}: {held:?} {there:?}");
        assert!(there.0 <= 15 && there.1 <= 300, "{n}: {there:?}");
    }
    assert!(count(&raw, "bucket_entries") > 3, "there is something to count");
}

/// While another process writes, reads go on, a write that was given up before its turn is not made, and what
/// comes after it is.
#[tokio::test]
async fn a_write_that_is_given_up_is_left_out() {
    let (path, _folder) = place();
    let store = EmbeddedStore::open(&path).unwrap();
    let local = TenantId::local();
    let document = |id: &str| Document {
        id: id.to_owned(),
        revision: 1,
        schema: 1,
        expires_ms: None,
        fields: serde_json::Map::new(),
        sealed: None,
    };
    store.insert(&local, &AUDIT, document("before"), 0).await.unwrap();

    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut waits = store.insert(&local, &AUDIT, document("waits"), 0);
    assert!(poll!(&mut waits).is_pending());
    let mut given_up = store.insert(&local, &AUDIT, document("given up"), 0);
    assert!(poll!(&mut given_up).is_pending());
    drop(given_up);
    let read = store.get(&local, &AUDIT, "before", 0).await.unwrap();
    assert!(read.is_some(), "reads wait for nobody");
    other.execute_batch("COMMIT").unwrap();

    assert!(waits.await.unwrap());
    store.insert(&local, &AUDIT, document("after"), 0).await.unwrap();
    let store: &dyn Store = &store;
    let found = store.pages(&local, &AUDIT, 0).next().await.unwrap().unwrap();
    let ids: Vec<&str> = found.iter().map(|document| document.id.as_str()).collect();
    assert_eq!(ids, ["after", "before", "waits"]);
}

/// A later release may know more fields; they are kept where this one writes the document again.
#[tokio::test]
async fn fields_of_a_later_release_are_kept() {
    let (path, _folder) = place();
    let opened = open(&path).unwrap();
    let carts = bucket("carts");
    opened
        .buckets
        .set(&carts, "a", b"1", None, 0, AMPLE)
        .await
        .unwrap();
    let raw = Connection::open(&path).unwrap();
    raw.execute_batch("UPDATE bucket_entries SET fields = json_set(fields, '$.owner', 'web', '$.more', json('{\"a\":[1]}'))")
        .unwrap();
    opened.buckets.increment(&carts, "a", 1, 0, AMPLE).await.unwrap();
    let kept: String = raw
        .query_row(
            "SELECT json_extract(fields, '$.owner') || json_extract(fields, '$.more') FROM bucket_entries",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(kept, "web{\"a\":[1]}");
}

#[tokio::test]
async fn a_damaged_record_is_named() {
    let (path, _folder) = place();
    let runs = open(&path).unwrap().runs;
    let (local, saved) = (TenantId::local(), record("r-1"));
    runs.save(&local, &saved).await.unwrap();
    Connection::open(&path)
        .unwrap()
        .execute_batch("UPDATE test_results SET sealed = substr(sealed, 1, length(sealed) - 1)")
        .unwrap();
    let told = runs.load(&local, &saved.id).await.unwrap_err().to_string();
    assert!(
        told.contains("damaged: test_results r-1 of tenant local"),
        "{told}"
    );
}

/// The edges of what the port lets through, with the store below it.
#[tokio::test]
async fn the_port_refuses_what_the_contract_refuses() {
    let (path, _folder) = place();
    let storage = Storage::new(
        open(&path).unwrap().buckets,
        TenantId::local(),
        "shop".to_owned(),
        Arc::new(SystemClock::new()),
    );
    let set = |key: &str, value: &[u8], ttl_ms| Set {
        bucket: "carts".to_owned(),
        key: key.to_owned(),
        value: value.to_owned().into(),
        ttl_ms,
    };
    for key in [
        "",
        "\0",
        "a\0b",
        &"k".repeat(MAX_KEY_BYTES + 1),
        &"é".repeat(MAX_KEY_BYTES / 2 + 1),
    ] {
        let refused = storage.set(&set(key, b"1", None)).await.unwrap_err();
        assert_eq!(refused.code, Code::InvalidArgument, "{key:?}");
    }
    let too_large = vec![0; MAX_VALUE_BYTES + 1];
    assert_eq!(
        storage.set(&set("a", &too_large, None)).await.unwrap_err().code,
        Code::OverBudget
    );
    assert_eq!(
        storage.set(&set("a", b"1", Some(0))).await.unwrap_err().code,
        Code::InvalidArgument
    );

    for key in [
        "..",
        "/",
        "🛒",
        &"k".repeat(MAX_KEY_BYTES),
        &"é".repeat(MAX_KEY_BYTES / 2),
    ] {
        storage
            .set(&set(key, key.as_bytes(), Some(u32::MAX)))
            .await
            .unwrap();
        let get = Get {
            bucket: "carts".to_owned(),
            key: key.to_owned(),
        };
        assert_eq!(storage.get(&get).await.unwrap().as_deref(), Some(key.as_bytes()));
    }
    let list = |prefix: &str, cursor: Option<&str>| List {
        bucket: "carts".to_owned(),
        prefix: prefix.to_owned(),
        cursor: cursor.map(ToOwned::to_owned),
        limit: 1000,
    };
    assert_eq!(storage.list(&list("", None)).await.unwrap().keys.len(), 5);
    let hostile = "\0".repeat(100_000);
    assert!(storage.list(&list(&hostile, None)).await.unwrap().keys.is_empty());
    assert_eq!(
        storage.list(&list("", Some(&hostile))).await.unwrap().keys.len(),
        5
    );
}
