//! What is particular to the embedded store.

use std::path::PathBuf;
use std::sync::Arc;

use flowguard_backends::storage::EmbeddedStore;
use flowguard_core::artifact::Digest;
use flowguard_core::clock::SystemClock;
use flowguard_core::failure::Code;
use flowguard_core::flow::Flow;
use flowguard_core::limits::{MAX_KEY_BYTES, MAX_VALUE_BYTES};
use flowguard_core::run::{Origin, RunId, RunRecord};
use flowguard_core::storage::calls::{Get, List, Set};
use flowguard_core::storage::{BucketId, BucketLimits, Buckets, Runs, Storage, TenantId};
use flowguard_core::verdict::Verdict;
use futures::poll;
use rusqlite::Connection;
use tempfile::TempDir;

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
        let store = EmbeddedStore::open(&path).unwrap();
        assert_eq!(
            store.increment(&carts, "rounds", 1, 0, AMPLE).await.unwrap(),
            round
        );
        store.save(&local, &record(&format!("r-{round}"))).await.unwrap();
        assert_eq!(
            store.recent(&local, None, 9).await.unwrap().len(),
            usize::try_from(round).unwrap()
        );
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
    let store = EmbeddedStore::open(&path).unwrap();
    for n in 0..1_200 {
        let key = format!("key-{n}");
        store
            .set(&bucket("short"), &key, b"1", Some(100), 0, AMPLE)
            .await
            .unwrap();
    }
    store
        .set(&bucket("long"), "later", b"1", Some(101), 0, AMPLE)
        .await
        .unwrap();
    store
        .set(&bucket("long"), "never", b"1", None, 0, AMPLE)
        .await
        .unwrap();
    assert_eq!(store.sweep(99).await.unwrap(), 0);
    assert_eq!(store.sweep(100).await.unwrap(), 1_200);
    assert_eq!(store.sweep(100).await.unwrap(), 0);

    let raw = Connection::open(&path).unwrap();
    assert_eq!((count(&raw, "entry"), count(&raw, "bucket")), (2, 1));
    assert_eq!(
        store.list(&bucket("long"), "", None, 9, 0).await.unwrap().keys,
        ["later", "never"]
    );
}

#[tokio::test]
async fn the_first_write_sweeps_what_expired_while_the_store_was_closed() {
    let (path, _folder) = place();
    let store = EmbeddedStore::open(&path).unwrap();
    store
        .set(&bucket("short"), "key", b"1", Some(100), 0, AMPLE)
        .await
        .unwrap();
    drop(store);
    let store = EmbeddedStore::open(&path).unwrap();
    store
        .set(&bucket("other"), "key", b"1", None, 100, AMPLE)
        .await
        .unwrap();
    let raw = Connection::open(&path).unwrap();
    assert_eq!((count(&raw, "entry"), count(&raw, "bucket")), (1, 1));
}

/// Whatever was done, the size that limits are held against is that of what is there.
#[tokio::test]
async fn the_size_of_a_bucket_never_drifts() {
    let (path, _folder) = place();
    let store = EmbeddedStore::open(&path).unwrap();
    let carts = bucket("carts");
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
            store.sweep(n).await.unwrap();
        }
    }
    let raw = Connection::open(&path).unwrap();
    let kept: (i64, i64) = raw
        .query_row("SELECT keys, bytes FROM bucket", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    let counted: (i64, i64) = raw
        .query_row(
            "SELECT count(*), sum(length(key) + length(value)) FROM entry",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    assert_eq!(kept, counted);
    assert!(kept.0 > 3, "there is something to count");
}

/// While another process writes, reads go on, a write that was given up before its turn is not made, and what
/// comes after it is.
#[tokio::test]
async fn a_write_that_is_given_up_is_left_out() {
    let (path, _folder) = place();
    let store = EmbeddedStore::open(&path).unwrap();
    let carts = bucket("carts");
    store.set(&carts, "before", b"1", None, 0, AMPLE).await.unwrap();

    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut waits = Box::pin(store.set(&carts, "waits", b"1", None, 0, AMPLE));
    assert!(poll!(&mut waits).is_pending());
    let mut given_up = Box::pin(store.set(&carts, "given up", b"1", None, 0, AMPLE));
    assert!(poll!(&mut given_up).is_pending());
    drop(given_up);
    assert!(
        store.get(&carts, "before", 0).await.unwrap().is_some(),
        "reads wait for nobody"
    );
    other.execute_batch("COMMIT").unwrap();

    waits.await.unwrap();
    store.set(&carts, "after", b"1", None, 0, AMPLE).await.unwrap();
    assert_eq!(
        store.list(&carts, "", None, 9, 0).await.unwrap().keys,
        ["after", "before", "waits"]
    );
}

#[tokio::test]
async fn a_record_with_fields_of_a_later_release_is_read() {
    let (path, _folder) = place();
    let store = EmbeddedStore::open(&path).unwrap();
    let (local, saved) = (TenantId::local(), record("r-1"));
    store.save(&local, &saved).await.unwrap();
    let raw = Connection::open(&path).unwrap();
    raw.execute_batch(
        "UPDATE run SET record = json_set(record, '$.cost_usd', 1.5, '$.flow.owner', 'web', '$.origin.commit', 'c0ffee')",
    )
    .unwrap();
    assert_eq!(store.load(&local, &saved.id).await.unwrap(), Some(saved));
}

#[tokio::test]
async fn a_damaged_record_is_named() {
    let (path, _folder) = place();
    let store = EmbeddedStore::open(&path).unwrap();
    let (local, saved) = (TenantId::local(), record("r-1"));
    store.save(&local, &saved).await.unwrap();
    Connection::open(&path)
        .unwrap()
        .execute_batch("UPDATE run SET record = '{\"schema\":1'")
        .unwrap();
    let told = store.load(&local, &saved.id).await.unwrap_err().to_string();
    assert!(told.contains("the record of run \"r-1\" is damaged"), "{told}");
}

/// The edges of what the port lets through, with the store below it.
#[tokio::test]
async fn the_port_refuses_what_the_contract_refuses() {
    let (path, _folder) = place();
    let store = Arc::new(EmbeddedStore::open(&path).unwrap());
    let storage = Storage::new(
        store,
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
