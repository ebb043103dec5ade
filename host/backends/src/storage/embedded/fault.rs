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

pub(super) fn damaged(store: &Path, what: &str) -> StorageError {
    StorageError::Unavailable(format!(
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
