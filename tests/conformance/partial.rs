//! The gallery's partial match: objects by the fields named, arrays element by element, texts as they are or
//! by a pattern.

use serde_json::Value;

/// Where `got` is not as expected; none where it is.
pub(crate) fn mismatch(expected: &Value, got: &Value) -> Option<String> {
    mismatch_at("reply", expected, got)
}

fn mismatch_at(place: &str, expected: &Value, got: &Value) -> Option<String> {
    match (expected, got) {
        (Value::Object(fields), _) if fields.contains_key("matches") => {
            let pattern = fields["matches"].as_str().expect("a pattern");
            let pattern = regex::Regex::new(&format!("(?s){pattern}")).expect("a pattern");
            let matches = got.as_str().is_some_and(|text| pattern.is_match(text));
            (!matches).then(|| format!("{place} should match {pattern}, got {got}"))
        }
        (Value::Object(fields), Value::Object(values)) => fields.iter().find_map(|(name, expected)| {
            let got = values.get(name).unwrap_or(&Value::Null);
            mismatch_at(&format!("{place}.{name}"), expected, got)
        }),
        (Value::Array(expected), Value::Array(got)) if expected.len() == got.len() => {
            let both = expected.iter().zip(got).enumerate();
            both.into_iter()
                .find_map(|(index, (expected, got))| mismatch_at(&format!("{place}[{index}]"), expected, got))
        }
        _ => (!is_same(expected, got)).then(|| format!("{place} should be {expected}, got {got}")),
    }
}

/// Equal; JavaScript knows one kind of number only.
fn is_same(expected: &Value, got: &Value) -> bool {
    match (expected.as_f64(), got.as_f64()) {
        (Some(expected), Some(got)) => expected.total_cmp(&got).is_eq(),
        _ => expected == got,
    }
}

#[cfg(test)]
mod tests {
    use super::mismatch;
    use serde_json::json;

    #[test]
    fn what_is_not_as_expected_is_told_with_its_place() {
        let got = json!({"status": "done", "value": [1, {"text": "a\nb"}]});
        assert_eq!(
            mismatch(&json!({"value": [1.0, {"text": {"matches": "^a.b$"}}]}), &got),
            None
        );
        let wrong = [
            json!({"status": "timeout"}),
            json!({"absent": 1}),
            json!({"value": [1]}),
            json!({"value": [1, {"text": {"matches": "c"}}]}),
        ];
        for expected in wrong {
            assert!(mismatch(&expected, &got).is_some(), "{expected}");
        }
    }
}
