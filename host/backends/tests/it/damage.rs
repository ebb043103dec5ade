//! Files that are no whole store. Whatever is wrong with one, it is told, and not a byte of it is changed.

use std::fs;
use std::path::{Path, PathBuf};

use flowguard_backends::storage::EmbeddedStore;
use flowguard_core::storage::{BucketId, BucketLimits, Buckets, StorageError, TenantId};
use rusqlite::Connection;

use crate::open;

fn bucket() -> BucketId {
    BucketId {
        tenant: TenantId::local(),
        component: "shop".to_owned(),
        name: "carts".to_owned(),
    }
}

async fn fill(store: &Buckets) {
    for n in 0..200 {
        let limits = BucketLimits::default();
        let done = store
            .set(&bucket(), &format!("key-{n}"), &[7; 2_000], None, 0, limits)
            .await;
        done.unwrap();
    }
}

/// A closed store with some hundred pages.
async fn filled(folder: &Path) -> PathBuf {
    let path = folder.join("store.db");
    fill(&open(&path).unwrap().buckets).await;
    assert!(fs::metadata(&path).unwrap().len() > 400_000);
    path
}

/// The first thing that is refused: opening, or reading what was written.
async fn first_refusal(path: &Path) -> Option<StorageError> {
    let store = match open(path) {
        Ok(opened) => opened.buckets,
        Err(error) => return Some(error),
    };
    for n in 0..200 {
        match store.get(&bucket(), &format!("key-{n}"), 0).await {
            Ok(Some(value)) => assert_eq!(value, [7; 2_000], "a wrong value was answered"),
            Ok(None) => panic!("key-{n} is said never to have been"),
            Err(error) => return Some(error),
        }
    }
    None
}

fn assert_told_as_damaged(refused: &StorageError, path: &Path) {
    let told = refused.to_string();
    assert!(matches!(refused, StorageError::Damaged(_)), "{told}");
    for part in [
        "the file is damaged",
        "nothing was changed",
        "move it away",
        &path.display().to_string(),
    ] {
        assert!(told.contains(part), "{part:?} is missing: {told}");
    }
}

#[tokio::test]
async fn garbage_is_refused_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    for length in [1, 5, 99, 100, 512, 4_096, 100_000] {
        let garbage: Vec<u8> = (0..length)
            .map(|n: u32| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect();
        fs::write(&path, &garbage).unwrap();
        let refused = EmbeddedStore::open(&path).unwrap_err();
        assert_told_as_damaged(&refused, &path);
        assert!(fs::read(&path).unwrap() == garbage, "{length} bytes were changed");
    }
}

#[tokio::test]
async fn a_truncated_store_is_refused_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path()).await;
    let whole = fs::read(&path).unwrap();
    for length in [whole.len() / 2, 4_096, 4_095, 512, 50] {
        fs::write(&path, &whole[..length]).unwrap();
        let refused = first_refusal(&path).await.expect("half a store is not whole");
        assert_told_as_damaged(&refused, &path);
        assert!(
            fs::read(&path).unwrap() == whole[..length],
            "{length} bytes were changed"
        );
    }
    fs::write(&path, &whole).unwrap();
    assert!(
        first_refusal(&path).await.is_none(),
        "a copy in its place is a store again"
    );
}

#[tokio::test]
async fn a_spoilt_page_is_told_when_it_is_met() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path()).await;
    let whole = fs::read(&path).unwrap();
    let mut met = 0;
    for page in (1..whole.len() / 4_096).step_by(7) {
        let mut spoilt = whole.clone();
        spoilt[page * 4_096..(page + 1) * 4_096].fill(0xff);
        fs::write(&path, &spoilt).unwrap();
        // A page that no reading meets, such as one of an index over expiries, is no reason to refuse the rest.
        if let Some(refused) = first_refusal(&path).await {
            assert_told_as_damaged(&refused, &path);
            met += 1;
        }
    }
    assert!(met > 5, "{met}");
}

/// SQLite alone would take the empty file for a new database and discard the log.
#[tokio::test]
async fn an_emptied_store_keeps_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let opened = open(&path).unwrap();
    fill(&opened.buckets).await;
    let log = fs::read(folder.path().join("store.db-wal")).unwrap();
    assert!(!log.is_empty());

    for present in [true, false] {
        let elsewhere = tempfile::tempdir().unwrap();
        let copy = elsewhere.path().join("store.db");
        let copied_log = elsewhere.path().join("store.db-wal");
        if present {
            fs::write(&copy, b"").unwrap();
        }
        fs::write(&copied_log, &log).unwrap();
        assert_told_as_damaged(&EmbeddedStore::open(&copy).unwrap_err(), &copy);
        assert!(fs::read(&copied_log).unwrap() == log);
    }
}

#[tokio::test]
async fn a_newer_store_is_refused_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path()).await;
    let raw = Connection::open(&path).unwrap();
    raw.pragma_update(None, "user_version", 1_000).unwrap();
    raw.close().unwrap();
    let refused = EmbeddedStore::open(&path).unwrap_err();
    let told = refused.to_string();
    assert!(
        matches!(refused, StorageError::Newer { found: 1_000, .. }),
        "{told}"
    );
    assert!(
        told.contains(&path.display().to_string()) && told.contains("upgrade this one"),
        "{told}"
    );

    let raw = Connection::open(&path).unwrap();
    let keys: i64 = raw
        .query_row("SELECT count(*) FROM bucket_entries", [], |row| row.get(0))
        .unwrap();
    assert_eq!(keys, 200);
}

#[tokio::test]
async fn the_database_of_another_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("places.sqlite");
    let raw = Connection::open(&path).unwrap();
    raw.execute_batch("CREATE TABLE bookmark (url TEXT); INSERT INTO bookmark VALUES ('a')")
        .unwrap();
    raw.close().unwrap();
    let before = fs::read(&path).unwrap();
    let told = EmbeddedStore::open(&path).unwrap_err().to_string();
    assert!(
        told.contains("a database of another program: name another file"),
        "{told}"
    );
    assert!(fs::read(&path).unwrap() == before);
}

#[tokio::test]
async fn a_place_that_cannot_be_used_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let told = EmbeddedStore::open(folder.path()).unwrap_err().to_string();
    assert!(told.contains("check that the folder is there"), "{told}");

    fs::write(folder.path().join("file"), b"").unwrap();
    let below_a_file = folder.path().join("file/store.db");
    let told = EmbeddedStore::open(&below_a_file).unwrap_err().to_string();
    assert!(told.contains("the store's folder cannot be made"), "{told}");
}
