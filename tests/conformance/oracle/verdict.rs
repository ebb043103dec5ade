//! What a case came to on one side, in the words that both sides share.

use flowguard_core::failure::{Code, Failure};
use serde::Deserialize;
use serde_json::{Value, json};

/// What a case came to.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Verdict {
    /// `passed`; `timeout`: an action never became possible; `failed`: an assertion did not hold; `ambiguous`:
    /// several elements match; `refused`: bad input, or an element that can never do this.
    pub(super) outcome: String,
    /// What the call answered.
    #[serde(default)]
    pub(super) value: Value,
    /// What the page was like afterwards.
    #[serde(default)]
    pub(super) state: Value,
    /// For people.
    #[serde(default)]
    pub(super) message: String,
}

impl Verdict {
    pub(super) fn of(outcome: Result<Value, Failure>) -> Self {
        match outcome {
            Ok(value) => Self {
                outcome: "passed".to_owned(),
                value,
                ..Self::default()
            },
            Err(failure) => Self {
                outcome: outcome_of(failure.code).to_owned(),
                message: failure.message,
                ..Self::default()
            },
        }
    }

    /// What is compared, as data.
    pub(super) fn to_value(&self) -> Value {
        json!({"outcome": self.outcome, "value": self.value, "state": self.state})
    }

    /// Where both sides differ: ours and theirs.
    pub(super) fn difference(&self, theirs: &Self) -> Option<Difference> {
        let (ours, other) = (self.to_value(), theirs.to_value());
        (ours != other).then(|| Difference {
            ours,
            theirs: other,
            messages: [self.message.clone(), theirs.message.clone()],
        })
    }
}

/// Two verdicts that are not the same.
#[derive(Debug)]
pub(super) struct Difference {
    pub(super) ours: Value,
    pub(super) theirs: Value,
    pub(super) messages: [String; 2],
}

impl Difference {
    /// Where in the two verdicts, and what each says there; an answer of many parts would hide it.
    pub(super) fn places(&self) -> Vec<String> {
        let mut places = Vec::new();
        compare(&self.ours, &self.theirs, "", &mut places);
        places
    }
}

fn compare(ours: &Value, theirs: &Value, place: &str, places: &mut Vec<String>) {
    match (ours, theirs) {
        (Value::Object(one), Value::Object(other)) if one.keys().eq(other.keys()) => {
            for (name, value) in one {
                compare(value, &other[name], &format!("{place}.{name}"), places);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (index, (value, other)) in one.iter().zip(other).enumerate() {
                compare(value, other, &format!("{place}[{index}]"), places);
            }
        }
        _ if ours == theirs => {}
        _ => places.push(format!(
            "{place}\n      ours   {}\n      theirs {}",
            short(ours),
            short(theirs)
        )),
    }
}

/// Enough of it for a person.
fn short(value: &Value) -> String {
    value.to_string().chars().take(1_500).collect()
}

/// The word for a failure.
pub(super) fn outcome_of(code: Code) -> &'static str {
    match code {
        Code::AssertionFailed => "failed",
        Code::Timeout => "timeout",
        Code::AmbiguousLocator => "ambiguous",
        Code::InvalidArgument | Code::WrongElement => "refused",
        other => other.name(),
    }
}
