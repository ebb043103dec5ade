//! How cases are written for people: what is left out of a locator, an action or an expectation is written out
//! here. Words only; which cases there are is in `case.rs`.

use serde_json::{Value, json};

/// `"visible"` for `{"kind": "visible"}`.
pub(super) fn named(value: Value) -> Value {
    match value {
        Value::String(kind) => json!({"kind": kind}),
        other => other,
    }
}

/// A locator: one part or several; a text alone is a CSS selector.
pub(super) fn parts(value: Value) -> Value {
    match value {
        Value::Array(all) => all.into_iter().map(part).collect(),
        one => json!([part(one)]),
    }
}

/// `{"label": "Email"}` for `{"kind": "label", "text": …}`, and so for every kind of part.
fn part(value: Value) -> Value {
    let fields = match value {
        Value::String(selector) => return json!({"kind": "css", "selector": selector}),
        Value::Object(fields) => fields,
        other => panic!("no part of a locator: {other}"),
    };
    let has = |name: &str| fields.contains_key(name);
    if has("kind") {
        return Value::Object(fields);
    }
    if has("role") {
        let mut role = json!({"kind": "role", "includeHidden": false});
        role.as_object_mut().expect("an object").extend(fields);
        return texts(role);
    }
    let (kind, value) = fields.into_iter().next().expect("a part names its kind");
    match kind.as_str() {
        "nth" => json!({"kind": kind, "index": value}),
        "xpath" => json!({"kind": kind, "expression": value}),
        "css" => json!({"kind": kind, "selector": value}),
        "frame" => json!({"kind": kind}),
        "visible" => json!({"kind": kind, "visible": value}),
        "and" | "or" | "has" | "hasNot" => json!({"kind": kind, "locator": parts(value)}),
        _ => json!({"kind": kind, "text": text(value)}),
    }
}

/// The part with its texts written out.
fn texts(mut part: Value) -> Value {
    for name in ["name", "description"] {
        if part.get(name).is_some() {
            part[name] = text(part[name].take());
        }
    }
    part
}

/// The expectation with its texts written out.
pub(super) fn expected(mut expectation: Value) -> Value {
    for name in ["text", "value"] {
        if expectation.get(name).is_some() {
            expectation[name] = expected_text(expectation[name].take());
        }
    }
    if let Some(Value::Array(all)) = expectation.get_mut("texts") {
        for each in all {
            *each = expected_text(each.take());
        }
    }
    expectation
}

/// `"x"` for the text, `{"ignoringCase": "x"}`, `{"pattern": "x", "flags": "i"}`.
fn expected_text(value: Value) -> Value {
    match value {
        Value::String(value) => json!({"kind": "text", "value": value}),
        Value::Object(fields) if fields.contains_key("ignoringCase") => {
            json!({"kind": "ignoringCase", "value": fields["ignoringCase"]})
        }
        other => text(other),
    }
}

/// `"x"` for a substring, `{"exact": "x"}`, `{"pattern": "x", "flags": "i"}`.
fn text(value: Value) -> Value {
    match value {
        Value::String(value) => json!({"kind": "substring", "value": value}),
        Value::Object(fields) if fields.contains_key("exact") => {
            json!({"kind": "exact", "value": fields["exact"]})
        }
        Value::Object(fields) if fields.contains_key("pattern") => {
            let flags = fields.get("flags").cloned().unwrap_or_else(|| json!(""));
            json!({"kind": "pattern", "source": fields["pattern"], "flags": flags})
        }
        other => other,
    }
}
