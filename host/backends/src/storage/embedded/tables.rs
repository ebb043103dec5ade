//! A table for each collection, and its indexes: made where they are missing, at every start.

use std::fmt::Write;

use flowguard_core::storage::collections::COLLECTIONS;
use flowguard_core::storage::store::{Collection, Index};
use rusqlite::Connection;

use super::fault::Fault;

pub(super) fn make(db: &Connection) -> Result<(), Fault> {
    for collection in COLLECTIONS {
        db.execute_batch(&table(collection))?;
    }
    Ok(())
}

fn table(collection: &Collection) -> String {
    let name = collection.name;
    let mut sql = format!(
        "CREATE TABLE IF NOT EXISTS {name} (
            tenant TEXT NOT NULL,
            id TEXT NOT NULL,
            revision INTEGER NOT NULL,
            schema INTEGER NOT NULL,
            expires_ms INTEGER,
            fields TEXT NOT NULL,
            sealed BLOB,
            PRIMARY KEY (tenant, id)
        ) STRICT;
        CREATE INDEX IF NOT EXISTS {name}_by_expiry ON {name} (expires_ms) WHERE expires_ms IS NOT NULL;"
    );
    for index in collection.indexes {
        // Writing to a string does not fail.
        let _ = write!(sql, "{}", statement(name, index));
    }
    sql
}

fn statement(table: &str, index: &Index) -> String {
    let fields: Vec<String> = index.fields.iter().map(|field| expression(field)).collect();
    let (unique, id) = match index.unique {
        true => ("UNIQUE ", ""),
        false => ("", ", id"),
    };
    format!(
        "CREATE {unique}INDEX IF NOT EXISTS {} ON {table} (tenant, {}{id});",
        index.name,
        fields.join(", ")
    )
}

/// A field as SQL. An index is used only where a statement has the same expression.
pub(super) fn expression(field: &'static str) -> String {
    match field {
        "id" => "id".to_owned(),
        field => format!("json_extract(fields, '$.{field}')"),
    }
}
