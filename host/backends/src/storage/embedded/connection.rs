//! Opening the file: whose it is, how it is written, and the steps from older schemas to this one.

use std::path::Path;
use std::time::Duration;

use flowguard_core::storage::StorageError;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::fault::{self, Fault};
use super::tables;
use crate::storage::folder;

/// How long to wait for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Marks a SQLite file as a store of FlowGuard's: `FLGD`.
const APPLICATION_ID: i32 = 0x464c_4744;
/// Each leads to the schema of its number. A step that was released is never changed.
const STEPS: &[(u32, &str)] = &[
    (1, include_str!("schema_1.sql")),
    (2, include_str!("schema_2.sql")),
];
/// The schema that this program reads and writes: the last step's.
const SCHEMA: u32 = 2;
/// One page of the smallest size; a file grows to a page at once.
const SMALLEST_DATABASE: u64 = 512;
/// How often opening gives way to another process that is making the same store.
const TURNS: usize = 32;

/// The connection that writes; it makes the store and brings its schema up to date.
pub(super) fn open_for_writing(path: &Path) -> Result<Connection, StorageError> {
    if let Some(parent) = path.parent() {
        folder::make(parent).map_err(|error| {
            let place = parent.display();
            StorageError::Unavailable(format!("the store's folder cannot be made: {error}: {place}"))
        })?;
    }
    refuse_emptied(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    connect(path, flags, |db| {
        recognise(db, path)?;
        use_write_ahead_log(db)?;
        migrate(db, path)?;
        tables::make(db)
    })
}

/// A connection that only reads, beside the one that writes.
pub(super) fn open_for_reading(path: &Path) -> Result<Connection, StorageError> {
    connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE, |db| {
        db.pragma_update(None, "query_only", true)?;
        version(db)?;
        Ok(())
    })
}

fn connect(
    path: &Path,
    flags: OpenFlags,
    prepare: impl FnOnce(&mut Connection) -> Result<(), Fault>,
) -> Result<Connection, StorageError> {
    // No URI flag: a path is a path. No mutex of SQLite's: a connection stays on one thread.
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(path, flags).map_err(Fault::from);
    let connection = opened.and_then(|mut db| {
        configure(&db)?;
        prepare(&mut db)?;
        Ok(db)
    });
    connection.map_err(|fault| fault.told(path))
}

fn configure(db: &Connection) -> Result<(), Fault> {
    db.busy_timeout(BUSY_TIMEOUT)?;
    db.pragma_update(None, "foreign_keys", true)?;
    // Statements are made for each collection and kind of query.
    db.set_prepared_statement_cache_capacity(128);
    // With the write-ahead log, NORMAL hands every commit to the operating system and forces the disk only
    // when the log is folded into the file: a kill loses nothing, a power cut perhaps the last commits.
    db.pragma_update(None, "synchronous", "NORMAL")?;
    // The file may come from anywhere: nothing in its schema is trusted, and its pages are looked at closely.
    db.pragma_update(None, "trusted_schema", false)?;
    db.pragma_update(None, "cell_size_check", true)?;
    db.pragma_update_and_check(None, "journal_size_limit", 64 << 20, |row| row.get::<_, i64>(0))?;
    Ok(())
}

/// SQLite takes a file of no byte or one for a new database, writes over it and discards the log beside it, which
/// may be all that is left.
fn refuse_emptied(path: &Path) -> Result<(), StorageError> {
    let length = |path: &Path| path.metadata().map_or(0, |file| file.len());
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    match length(path) {
        0 if length(Path::new(&log)) > 0 => {
            Err(fault::damaged(path, "it is empty or gone and its log is not"))
        }
        1..SMALLEST_DATABASE => Err(fault::damaged(path, "it is shorter than any store")),
        _ => Ok(()),
    }
}

/// Refuses a file that some other program made.
fn recognise(db: &Connection, path: &Path) -> Result<(), Fault> {
    // In this order: a process that makes the store sets the mark and the tables at once.
    let tables = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| {
        row.get::<_, i64>(0)
    })?;
    let mark = db.pragma_query_value(None, "application_id", |row| row.get::<_, i32>(0))?;
    if mark == APPLICATION_ID || (mark == 0 && tables == 0) {
        return Ok(());
    }
    let message = format!(
        "the file is a database of another program: name another file for the store: {}",
        path.display()
    );
    Err(StorageError::Unavailable(message).into())
}

/// Turns the write-ahead log on, for good. While two processes make the same store SQLite answers "busy" here
/// without waiting, so whoever is refused waits for the other's transaction to end, and looks again.
fn use_write_ahead_log(db: &mut Connection) -> Result<(), Fault> {
    for _ in 0..TURNS {
        let turned_on =
            db.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get::<_, String>(0));
        match turned_on {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(mode) => {
                let message =
                    format!("the file system has no write-ahead log, use a local disk: it has {mode}");
                return Err(StorageError::Unavailable(message).into());
            }
            Err(error) if fault::is_busy(&error) => wait_for_others(db)?,
            Err(error) => return Err(error.into()),
        }
    }
    let message = "other processes keep making the same store, start them one after the other".to_owned();
    Err(StorageError::Unavailable(message).into())
}

fn wait_for_others(db: &mut Connection) -> Result<(), Fault> {
    let turn = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    Ok(turn.rollback()?)
}

fn migrate(db: &mut Connection, path: &Path) -> Result<(), Fault> {
    if known_version(db, path)? == SCHEMA {
        return Ok(());
    }
    let turn = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been faster.
    let found = known_version(&turn, path)?;
    for (number, step) in STEPS.iter().filter(|(number, _)| *number > found) {
        turn.execute_batch(step)?;
        turn.pragma_update(None, "user_version", number)?;
    }
    turn.pragma_update(None, "application_id", APPLICATION_ID)?;
    Ok(turn.commit()?)
}

fn known_version(db: &Connection, path: &Path) -> Result<u32, Fault> {
    let found = version(db)?;
    if found <= SCHEMA {
        return Ok(found);
    }
    let newer = StorageError::Newer {
        what: format!("the store {}", path.display()),
        found,
        known: SCHEMA,
    };
    Err(newer.into())
}

fn version(db: &Connection) -> Result<u32, Fault> {
    Ok(db.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    /// SQLite does not wait here by itself; without our waiting, one of two processes that make a store fails.
    #[test]
    fn turning_the_log_on_waits_for_whoever_makes_the_store() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let patience = Duration::from_millis(50);
        let other = Connection::open(&path).unwrap();
        let mut ours = Connection::open(&path).unwrap();
        ours.busy_timeout(patience).unwrap();

        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let begun = Instant::now();
        let refused = use_write_ahead_log(&mut ours).unwrap_err();
        assert!(
            matches!(&refused, Fault::Database(error) if fault::is_busy(error)),
            "{refused:?}"
        );
        assert!(begun.elapsed() >= patience, "it waited {:?}", begun.elapsed());

        other.execute_batch("COMMIT").unwrap();
        use_write_ahead_log(&mut ours).unwrap();
    }
}
