//! What goes wrong inside the store, and how it is told to people.

use std::path::Path;

use flowguard_core::storage::StorageError;
use rusqlite::ErrorCode;

/// What stopped a piece of work.
#[derive(Debug)]
pub(super) enum Fault {
    /// The database did.
    Database(rusqlite::Error),
    /// A rule of the port did.
    Refused(StorageError),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl From<StorageError> for Fault {
    fn from(error: StorageError) -> Self {
        Self::Refused(error)
    }
}

impl Fault {
    /// As the port tells it, with what a person can do about it.
    pub(super) fn told(self, store: &Path) -> StorageError {
        match self {
            Self::Refused(error) => error,
            Self::Database(error) => unavailable(store, &error),
        }
    }
}

/// Whether another process or thread was in the way.
pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

/// Whether another row has the values that may be there once.
pub(super) fn is_not_unique(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_extended_error_code(),
        Some(rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY)
    )
}

pub(super) fn damaged(store: &Path, what: &str) -> StorageError {
    StorageError::Damaged(format!(
        "the file is damaged, {what}: nothing was changed, stop every flowguard that uses it, move it away \
         together with its -wal and -shm files, and start anew or put a copy in its place: {}",
        store.display()
    ))
}

pub(super) fn unavailable(store: &Path, error: &rusqlite::Error) -> StorageError {
    let advice = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            return damaged(store, &error.to_string());
        }
        Some(ErrorCode::DiskFull) => "the disk is full and nothing was written, free some space",
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another process has held it for too long, look for one that hangs"
        }
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => {
            "check that the folder is there and that it and the file may be written to"
        }
        Some(ErrorCode::SystemIoFailure) => "check the disk and the space left on it",
        _ => "if it happens again, report it as a fault of FlowGuard",
    };
    StorageError::Unavailable(format!("{error}: {advice}: {}", store.display()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use flowguard_core::storage::TenantId;
    use flowguard_core::storage::collections::AUDIT;
    use flowguard_core::storage::store::Document;
    use rusqlite::Connection;

    use super::super::{connection, documents};
    use super::*;

    fn set(db: &mut Connection, store: &Path, id: &str, bytes: usize) -> Result<(), StorageError> {
        let document = Document {
            id: id.to_owned(),
            revision: 1,
            schema: 1,
            expires_ms: None,
            fields: serde_json::Map::new(),
            sealed: Some(vec![7; bytes]),
        };
        let done = documents::insert(db, &TenantId::local(), &AUDIT, &document, 0);
        done.map(|_| ()).map_err(|fault| fault.told(store))
    }

    fn opened() -> (Connection, Arc<Path>, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path: Arc<Path> = folder.path().join("store.db").into();
        (connection::open_for_writing(&path).unwrap(), path, folder)
    }

    /// A bound on the file's pages refuses a write with the same code as a full disk.
    #[test]
    fn a_full_disk_is_told_and_the_store_stays_whole() {
        let (mut db, path, _folder) = opened();
        set(&mut db, &path, "before", 10).unwrap();
        let pages: i64 = db
            .pragma_query_value(None, "page_count", |row| row.get(0))
            .unwrap();
        let bound = |db: &Connection, pages: i64| {
            db.pragma_update_and_check(None, "max_page_count", pages, |row| row.get::<_, i64>(0))
                .unwrap();
        };
        bound(&db, pages);
        let told = set(&mut db, &path, "large", 1 << 20).unwrap_err().to_string();
        assert!(
            told.contains("the disk is full and nothing was written, free some space"),
            "{told}"
        );
        assert!(told.ends_with(&path.display().to_string()), "{told}");

        bound(&db, 1 << 20);
        set(&mut db, &path, "after", 1 << 20).unwrap();
        let documents: i64 = db
            .query_row("SELECT count(*) FROM audit", [], |row| row.get(0))
            .unwrap();
        assert_eq!(documents, 2, "the refused one is not there");
    }

    #[test]
    fn a_store_that_another_holds_is_told() {
        let (mut db, path, _folder) = opened();
        db.busy_timeout(Duration::from_millis(1)).unwrap();
        let other = Connection::open(&path).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let told = set(&mut db, &path, "key", 1).unwrap_err().to_string();
        assert!(
            told.contains("another process has held it for too long"),
            "{told}"
        );
        other.execute_batch("COMMIT").unwrap();
        set(&mut db, &path, "key", 1).unwrap();
    }
}
