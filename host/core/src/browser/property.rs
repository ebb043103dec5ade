//! Expecting a JavaScript property of an element. It is read in the page's own world, where the page's scripts have
//! put it, and compared here; the loop is as that of a function that is waited for.

use serde_json::{Value, json};

use super::calls::{ExpectOptions, ExpectProperty};
use super::job::{How, Job};
use super::port::{Outcome, Script};
use super::script::answer;
use super::session::Browser;
use crate::failure::{Code, Failure, cut};
use crate::gate::Soft;
use crate::limits::MAX_TEXT_BYTES;

/// Reads a property by its path; a list of none where it is undefined or cannot be reached.
const READ: &str = "(element, path) => {
  let value = element;
  for (let place = 0; place < path.length; place += 1) {
    if (value === null || value === undefined) return [];
    value = value[path[place]];
  }
  return value === undefined ? [] : [value];
}";

/// Of what was received, so much is told in the message; the evidence has it whole.
const SHOWN: usize = 300;

impl Browser {
    /// Expects a property of the element to equal a value.
    ///
    /// # Errors
    /// [`Code::AssertionFailed`], unless the assertion is soft; [`Code::InvalidArgument`] where the value is no
    /// JSON.
    pub async fn expect_property(&self, call: &ExpectProperty) -> Result<Soft<()>, Failure> {
        let invalid = |message: String| Err(Failure::new(Code::InvalidArgument, message));
        if call.options.use_inner_text {
            return invalid("only texts are compared as rendered, not properties".to_owned());
        }
        let value = call.value.as_deref();
        if call.path.len() + value.map_or(0, str::len) > MAX_TEXT_BYTES {
            return invalid(format!("an expected property may have {MAX_TEXT_BYTES} bytes"));
        }
        let expected: Option<Value> = match value.map(serde_json::from_str).transpose() {
            Ok(expected) => expected,
            Err(error) => return invalid(format!("an expected property is no JSON: {error}")),
        };
        let wait = self.expect_time(&call.options)?;
        let job = self.job(call.target.page, Some(&call.target.locator), wait, How::default())?;
        let outcome = expect(job, call, expected.as_ref()).await;
        self.soft(outcome, &call.options).await
    }
}

/// Looks until it holds or the time is over, and once in any case.
async fn expect(mut job: Job<'_>, call: &ExpectProperty, expected: Option<&Value>) -> Result<(), Failure> {
    let path: Vec<&str> = call.path.split('.').collect();
    let script = Script {
        text: READ.to_owned(),
        argument: Some(json!(path).to_string()),
        wants_truth: false,
        is_repeated: true,
    };
    let mut received = "no element".to_owned();
    loop {
        match job.run_script(&script, false).await {
            Ok(Some(Outcome::Value(json))) => {
                let value = value_of(&json);
                if is_same(value.as_ref(), expected) != call.options.negated {
                    return Ok(());
                }
                received = shown(value.as_ref());
            }
            // What JSON cannot say is something else than any JSON.
            Ok(Some(Outcome::Unfit(_))) if call.options.negated => return Ok(()),
            Ok(Some(Outcome::Unfit(what))) => received = what.replacen("the answer[0]", "something that", 1),
            Ok(None) => {}
            Ok(refused) => return answer(refused).map(|_| ()),
            Err(failure) if failure.code == Code::Timeout => {
                return Err(failed(&job, call, expected, &received));
            }
            Err(failure) => return Err(failure),
        }
        if job.rest("").await.is_err() {
            return Err(failed(&job, call, expected, &received));
        }
    }
}

fn failed(job: &Job<'_>, call: &ExpectProperty, expected: Option<&Value>, received: &str) -> Failure {
    let ExpectProperty {
        target,
        path,
        options,
        ..
    } = call;
    let ExpectOptions { negated, .. } = options;
    let not = if *negated { "not " } else { "" };
    let expected = shown(expected);
    let message = format!(
        "expected {} {not}to have property {path} = {}, received {} (within {} ms)",
        target.locator,
        cut(expected.clone(), SHOWN),
        cut(received.to_owned(), SHOWN),
        job.time().as_millis()
    );
    Failure::new(Code::AssertionFailed, message)
        .with_evidence("expected", expected)
        .with_evidence("received", received.to_owned())
}

/// The one value of a list; none where it is empty.
fn value_of(json: &str) -> Option<Value> {
    let list: Vec<Value> = serde_json::from_str(json).ok()?;
    list.into_iter().next()
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "undefined".to_owned(), Value::to_string)
}

/// Whether JavaScript would find no difference between them: 1 is 1.0, and the order of names does not count.
fn is_same(one: Option<&Value>, other: Option<&Value>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => equals(one, other),
        _ => false,
    }
}

fn equals(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| equals(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let has_same =
                |(name, value): (&String, &Value)| other.get(name).is_some_and(|other| equals(value, other));
            one.len() == other.len() && one.iter().all(has_same)
        }
        (one, other) => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_the_same_as_javascript_has_it() {
        let same = |one: Value, other: Value| is_same(Some(&one), Some(&other));
        assert!(same(
            json!({"a": [1, {"b": null}], "c": 2.0}),
            json!({"c": 2, "a": [1.0, {"b": null}]})
        ));
        assert!(!same(json!([1]), json!([1, 2])));
        assert!(!same(json!({"a": 1}), json!({"b": 1})));
        assert!(!same(json!(1), json!("1")));
        assert!(is_same(None, None));
        assert!(!is_same(None, Some(&json!(null))));
        assert_eq!(value_of("[]"), None);
        assert_eq!(value_of("[null]"), Some(json!(null)));
    }
}
