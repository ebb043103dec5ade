//! The options of the host's calls, from a case's own data.

use flowguard_core::browser::calls::{ActionOptions, DragOptions, ExpectOptions, KeyOptions, PointerOptions};
use flowguard_core::failure::{Code, Failure};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::super::case::Case;

/// The case's own data as the call takes it; what a guest could not even say is refused.
pub(super) fn data<T: DeserializeOwned>(value: &Value) -> Result<T, Failure> {
    serde_json::from_value(value.clone())
        .map_err(|error| Failure::new(Code::Internal, format!("not the host's data: {error}: {value}")))
}

pub(super) fn text(case: &Case, name: &str) -> String {
    case.action[name].as_str().expect("a text").to_owned()
}

pub(super) fn timeout(case: &Case) -> u32 {
    u32::try_from(case.timeout_ms).expect("a time")
}

pub(super) fn pointing(case: &Case) -> Result<PointerOptions, Failure> {
    let mut options = said(case, &["position", "button"]);
    let clicks = case.action.get("clicks").cloned().unwrap_or(json!(1));
    options.insert("click_count".to_owned(), clicks);
    if let Some(Value::Array(keys)) = case.action.get("modifiers") {
        let holds = |name: &str| keys.contains(&json!(name));
        let held = json!({
            "alt": holds("Alt"), "control": holds("Control"), "meta": holds("Meta"), "shift": holds("Shift"),
        });
        options.insert("modifiers".to_owned(), held);
    }
    with(
        options,
        json!({"timeout_ms": timeout(case), "force": case.force, "trial": case.trial}),
    )
}

pub(super) fn dragging(case: &Case) -> Result<DragOptions, Failure> {
    let position = |name: &str| data(&case.action[name]);
    Ok(DragOptions {
        timeout_ms: Some(timeout(case)),
        force: case.force,
        trial: case.trial,
        source_position: position("sourcePosition")?,
        target_position: position("targetPosition")?,
        steps: data(case.action.get("steps").unwrap_or(&json!(1)))?,
    })
}

pub(super) fn acting(case: &Case) -> Result<ActionOptions, Failure> {
    with(
        Map::new(),
        json!({"timeout_ms": timeout(case), "force": case.force}),
    )
}

pub(super) fn keying(case: &Case) -> Result<KeyOptions, Failure> {
    with(
        Map::new(),
        json!({"timeout_ms": timeout(case), "delay_ms": case.action["delay"]}),
    )
}

pub(super) fn expecting(case: &Case) -> Result<ExpectOptions, Failure> {
    let negated = case.action["negated"] == true;
    with(
        Map::new(),
        json!({"timeout_ms": timeout(case), "negated": negated,
               "use_inner_text": case.action["expectation"]["useInnerText"] == true}),
    )
}

/// Those of the fields that the case names.
fn said(case: &Case, names: &[&str]) -> Map<String, Value> {
    let named = names
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), case.action.get(name)?.clone())));
    named.collect()
}

/// The options of a call: what it does by itself, but for these fields.
fn with<T: Default + Serialize + DeserializeOwned>(
    fields: Map<String, Value>,
    more: Value,
) -> Result<T, Failure> {
    let mut options = json!(T::default());
    let all = options.as_object_mut().expect("options have fields");
    all.extend(fields);
    let Value::Object(more) = more else {
        unreachable!("fields are an object")
    };
    all.extend(more);
    data(&options)
}
