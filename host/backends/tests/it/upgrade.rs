//! Stores of former releases, kept as they wrote them.

use std::fs;
use std::path::PathBuf;

use flowguard_backends::storage::{EmbeddedStore, Former};
use rusqlite::Connection;
use tempfile::TempDir;

/// The store of the release before 2026-12: eight runs of the guest `memory`, and four values.
fn former() -> (PathBuf, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.sqlite");
    fs::write(&path, include_bytes!("fixtures/store_1.sqlite")).unwrap();
    (path, folder)
}

async fn take(store: &EmbeddedStore) -> (usize, usize) {
    let mut taken = (0, 0);
    loop {
        let portion = store.former().await.unwrap();
        if portion.is_empty() {
            return taken;
        }
        for item in &portion {
            match item {
                Former::Run { .. } => taken.0 += 1,
                Former::Value { .. } => taken.1 += 1,
            }
        }
        store.forget_former(portion).await.unwrap();
    }
}

/// Nothing is lost before it was taken, and nothing is left in clear after it.
#[tokio::test]
async fn what_a_former_release_kept_is_handed_over_once() {
    let (path, _folder) = former();
    let store = EmbeddedStore::open(&path).unwrap();
    let first = store.former().await.unwrap();
    assert_eq!(
        first.len(),
        5,
        "values come first, and come again until they are forgotten"
    );
    drop(store);
    let store = EmbeddedStore::open(&path).unwrap();
    assert_eq!(take(&store).await, (8, 5));
    assert!(store.former().await.unwrap().is_empty());
    let raw = Connection::open(&path).unwrap();
    let left: i64 = raw
        .query_row(
            "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'former%'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(left, 0);
}
