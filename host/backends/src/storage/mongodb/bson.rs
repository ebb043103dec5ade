//! Documents as MongoDB keeps them: what the store needs itself at the top beside the document's own fields, moments
//! as dates, what is sealed as bytes.

use std::ops::Bound;

use flowguard_core::storage::store::{Between, Collection, Document, RESERVED};
use flowguard_core::storage::{StorageError, TenantId};
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, DateTime, Document as Doc, doc};
use serde_json::{Map, Number, Value};

/// The last millisecond of the year 9999: servers read no later dates.
const END_OF_TIME: u64 = 253_402_300_799_999;

/// A time that is later is as good as the last one but one, so that what ends never is always there.
pub(super) fn end_of_time(ms: u64) -> u64 {
    ms.min(END_OF_TIME - 1)
}

pub(super) fn moment(ms: u64) -> DateTime {
    DateTime::from_millis(i64::try_from(end_of_time(ms)).unwrap_or(i64::MAX))
}

fn expiry(ms: u64) -> DateTime {
    DateTime::from_millis(i64::try_from(ms.min(END_OF_TIME)).unwrap_or(i64::MAX))
}

/// A tenant's name holds no slash, so that no two documents have the same name.
fn name(tenant: &TenantId, id: &str) -> String {
    format!("{}/{id}", tenant.as_str())
}

pub(super) fn named(tenant: &TenantId, id: &str) -> Doc {
    doc! { "_id": name(tenant, id), "tenant": tenant.as_str() }
}

pub(super) fn at_revision(tenant: &TenantId, id: &str, revision: u64) -> Doc {
    let mut which = named(tenant, id);
    which.insert("revision", signed(revision));
    which
}

pub(super) fn write(
    tenant: &TenantId,
    collection: &Collection,
    document: Document,
    revision: u64,
) -> Result<Doc, StorageError> {
    let mut written = named(tenant, &document.id);
    for (field, value) in document.fields {
        if RESERVED.contains(&field.as_str()) {
            let what = format!(
                "{} {}: the field {field} is the store's own",
                collection.name, document.id
            );
            return Err(StorageError::Damaged(what));
        }
        let value = value_of(collection, &field, value);
        written.insert(field, value);
    }
    written.insert("id", document.id);
    written.insert("revision", signed(revision));
    written.insert("schema", i64::from(document.schema));
    if let Some(expires) = document.expires_ms {
        written.insert("expires", expiry(expires));
    }
    if let Some(bytes) = document.sealed {
        let subtype = BinarySubtype::Generic;
        written.insert("sealed", Binary { subtype, bytes });
    }
    Ok(written)
}

pub(super) fn read(collection: &Collection, mut found: Doc) -> Result<Document, StorageError> {
    let damaged =
        |what: &str| StorageError::Damaged(format!("{} {:?}: {what}", collection.name, found.get("_id")));
    let id = found
        .get_str("id")
        .map_err(|_| damaged("it has no id"))?
        .to_owned();
    let revision = number(&found, "revision").ok_or_else(|| damaged("it has no revision"))?;
    let schema = number(&found, "schema").and_then(|schema| u32::try_from(schema).ok());
    let schema = schema.ok_or_else(|| damaged("it has no schema"))?;
    let expires_ms = found
        .get_datetime("expires")
        .ok()
        .map(|at| at.timestamp_millis().max(0).unsigned_abs());
    let sealed = match found.remove("sealed") {
        Some(Bson::Binary(binary)) => Some(binary.bytes),
        _ => None,
    };
    let own = found
        .into_iter()
        .filter(|(field, _)| !RESERVED.contains(&field.as_str()));
    Ok(Document {
        id,
        revision,
        schema,
        expires_ms,
        fields: own.map(|(field, value)| (field, json(value))).collect(),
        sealed,
    })
}

/// What has these values and has not expired.
pub(super) fn wanted(tenant: &TenantId, now_ms: u64, equal: &[(&'static str, &str)]) -> Doc {
    let mut wanted = doc! { "tenant": tenant.as_str() };
    for (field, value) in equal {
        wanted.insert(*field, *value);
    }
    if now_ms > 0 {
        wanted.insert(
            "$or",
            vec![
                doc! { "expires": null },
                doc! { "expires": { "$gt": moment(now_ms) } },
            ],
        );
    }
    wanted
}

pub(super) fn bound(wanted: &mut Doc, collection: &Collection, between: &Between) {
    let mut bounds = Doc::new();
    let mut add = |bound: &Bound<Value>, with: &str, without: &str| {
        let (operator, value) = match bound {
            Bound::Included(value) => (with, value),
            Bound::Excluded(value) => (without, value),
            Bound::Unbounded => return,
        };
        bounds.insert(operator, value_of(collection, between.field, value.clone()));
    };
    add(&between.from, "$gte", "$gt");
    add(&between.to, "$lte", "$lt");
    if !bounds.is_empty() {
        wanted.insert(between.field, bounds);
    }
}

fn value_of(collection: &Collection, field: &str, value: Value) -> Bson {
    match value.as_u64() {
        Some(ms) if collection.moments.contains(&field) => Bson::DateTime(expiry(ms)),
        _ => bson(value),
    }
}

fn bson(value: Value) -> Bson {
    match value {
        Value::Null => Bson::Null,
        Value::Bool(truth) => Bson::Boolean(truth),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Bson::Int64(whole),
            None => Bson::Double(number.as_f64().unwrap_or(f64::MAX)),
        },
        Value::String(text) => Bson::String(text),
        Value::Array(items) => Bson::Array(items.into_iter().map(bson).collect()),
        Value::Object(fields) => Bson::Document(
            fields
                .into_iter()
                .map(|(name, value)| (name, bson(value)))
                .collect(),
        ),
    }
}

/// What is of no kind of ours, because somebody else wrote it, is told as text.
fn json(value: Bson) -> Value {
    match value {
        Bson::Null | Bson::Undefined => Value::Null,
        Bson::Boolean(truth) => Value::Bool(truth),
        Bson::Int32(whole) => Value::from(whole),
        Bson::Int64(whole) => Value::from(whole),
        Bson::Double(number) => Number::from_f64(number).map_or(Value::Null, Value::Number),
        Bson::String(text) => Value::String(text),
        Bson::DateTime(at) => Value::from(at.timestamp_millis()),
        Bson::Array(items) => Value::Array(items.into_iter().map(json).collect()),
        Bson::Document(fields) => {
            let fields: Map<String, Value> = fields
                .into_iter()
                .map(|(name, value)| (name, json(value)))
                .collect();
            Value::Object(fields)
        }
        other => Value::String(other.to_string()),
    }
}

/// A number that is not negative, of whatever kind.
pub(super) fn number(document: &Doc, name: &str) -> Option<u64> {
    match document.get(name)? {
        Bson::Int32(number) => u64::try_from(*number).ok(),
        Bson::Int64(number) => u64::try_from(*number).ok(),
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a cast from a float ends at the type's bounds; some servers sum up as floats"
        )]
        Bson::Double(number) => Some(*number as u64),
        _ => None,
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
