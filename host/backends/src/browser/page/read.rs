//! Reading the content of events field by field, where only few of the fields are wanted.

use serde_json::Value;

/// A text; empty where there is none.
pub(super) fn text(value: &Value, key: &str) -> String {
    value
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}
