//! Parameters of a custom assertion: a part of the file as JSON.

use flowguard_sdk::Result;
use serde_json::{Map, Number, Value as Plain};

use crate::node::{Node, Value};
use crate::problem::Problems;
use crate::template::{Params, Template};

/// JSON whose texts may have parameters of the run in them.
#[derive(Debug)]
pub(crate) enum Json {
    Plain(Plain),
    Text(Template),
    List(Vec<Json>),
    Map(Vec<(String, Json)>),
}

impl Json {
    /// No parameters.
    pub(crate) fn empty() -> Self {
        Self::Map(Vec::new())
    }

    /// Reads the parameters of an assertion, which are a mapping.
    pub(crate) fn read_params(node: &Node, problems: &mut Problems) -> Option<Self> {
        match &*node.value {
            Value::Map(_) => Self::read(node, problems),
            _ => problems.none(
                node.place,
                format!("`with` is a mapping of parameters, and this is {}", node.kind()),
            ),
        }
    }

    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        match &*node.value {
            Value::Scalar { text, plain: true } if let Some(value) = core_schema(text) => {
                Some(Self::Plain(value))
            }
            Value::Scalar { text, .. } => Template::read(text, node.place, problems).map(Self::Text),
            Value::List(items) => items
                .iter()
                .map(|item| Self::read(item, problems))
                .collect::<Option<_>>()
                .map(Self::List),
            Value::Map(entries) => {
                let entries = entries
                    .iter()
                    .map(|(key, value)| Some((key.text()?.to_owned(), Self::read(value, problems)?)));
                entries.collect::<Option<_>>().map(Self::Map)
            }
        }
    }

    /// The JSON with the run's parameters in it.
    pub(crate) fn fill(&self, params: &Params) -> Result<Plain> {
        Ok(match self {
            Self::Plain(value) => value.clone(),
            Self::Text(text) => Plain::String(text.fill(params)?),
            Self::List(items) => Plain::Array(
                items
                    .iter()
                    .map(|item| item.fill(params))
                    .collect::<Result<_>>()?,
            ),
            Self::Map(entries) => {
                let entries = entries
                    .iter()
                    .map(|(key, value)| Ok((key.clone(), value.fill(params)?)));
                Plain::Object(entries.collect::<Result<Map<_, _>>>()?)
            }
        })
    }
}

/// What YAML's core schema makes of a text without quotes, where it is no text.
fn core_schema(text: &str) -> Option<Plain> {
    match text {
        "" | "~" | "null" => Some(Plain::Null),
        "true" => Some(Plain::Bool(true)),
        "false" => Some(Plain::Bool(false)),
        _ if text.starts_with(|c: char| c.is_ascii_digit() || c == '-') => text
            .parse::<i64>()
            .map(Number::from)
            .ok()
            .or_else(|| Number::from_f64(text.parse().ok()?))
            .map(Plain::Number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_becomes_json() {
        let text = "a: true\nb: [1, -2.5, x, \"3\", 1.2.3]\nc: { d: ~, e: \"${bug}\" }\n";
        let mut problems = Problems::default();
        let node = crate::node::parse(text, &mut problems).unwrap();
        let json = Json::read_params(&node, &mut problems).unwrap();
        let params = Params::from([("bug".to_owned(), "pay".to_owned())]);
        assert_eq!(
            json.fill(&params).unwrap().to_string(),
            r#"{"a":true,"b":[1,-2.5,"x","3","1.2.3"],"c":{"d":null,"e":"pay"}}"#
        );
    }
}
