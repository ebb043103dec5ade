//! MATCH and EXPECTED of the format: how a locator and an assertion compare a text.

use flowguard_sdk::{ExpectedText, Pattern, Result, Text, exact, ignoring_case, pattern};

use crate::fields::{Fields, scalar, template};
use crate::node::{Node, Value};
use crate::problem::Problems;
use crate::template::{Params, Template};

/// A text that a locator looks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Match {
    Plain(Template),
    Exact(Template),
    Pattern { source: Template, flags: String },
}

impl Match {
    /// Reads `Pay`, `{ exact: Pay }` or `{ pattern: …, flags: i }`.
    pub(crate) fn read(node: &Node, key: &str, problems: &mut Problems) -> Option<Self> {
        Some(match Written::read(node, key, "exact", problems)? {
            Written::Plain(text) => Self::Plain(text),
            Written::Special(text) => Self::Exact(text),
            Written::Pattern { source, flags } => Self::Pattern { source, flags },
        })
    }

    /// The match as the SDK takes it, with the run's parameters in it.
    pub(crate) fn fill(&self, params: &Params) -> Result<Text> {
        Ok(match self {
            Self::Plain(text) => Text::from(text.fill(params)?),
            Self::Exact(text) => exact(text.fill(params)?),
            Self::Pattern { source, flags } => flagged(pattern(source.fill(params)?), flags).into(),
        })
    }
}

/// A text that an assertion expects.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expected {
    Text(Template),
    IgnoringCase(Template),
    Pattern { source: Template, flags: String },
}

impl Expected {
    /// Reads `Pay`, `{ ignoring-case: Pay }` or `{ pattern: …, flags: i }`.
    pub(crate) fn read(node: &Node, key: &str, problems: &mut Problems) -> Option<Self> {
        Some(match Written::read(node, key, "ignoring-case", problems)? {
            Written::Plain(text) => Self::Text(text),
            Written::Special(text) => Self::IgnoringCase(text),
            Written::Pattern { source, flags } => Self::Pattern { source, flags },
        })
    }

    /// The text as the SDK takes it, with the run's parameters in it.
    pub(crate) fn fill(&self, params: &Params) -> Result<ExpectedText> {
        Ok(match self {
            Self::Text(text) => ExpectedText::from(text.fill(params)?),
            Self::IgnoringCase(text) => ignoring_case(text.fill(params)?),
            Self::Pattern { source, flags } => flagged(pattern(source.fill(params)?), flags).into(),
        })
    }
}

/// A text as both write it: plain, in the one special way, or as a pattern.
enum Written {
    Plain(Template),
    Special(Template),
    Pattern { source: Template, flags: String },
}

impl Written {
    fn read(node: &Node, key: &str, special: &'static str, problems: &mut Problems) -> Option<Self> {
        if !matches!(&*node.value, Value::Map(_)) {
            return template(node, key, problems).map(Self::Plain);
        }
        let mut fields = Fields::of(node, key, problems)?;
        let text = fields.text(special, problems);
        let source = fields.text("pattern", problems);
        let flags = fields.get("flags").and_then(|node| flags(node, problems));
        let (has_text, has_pattern) = (fields.get(special).is_some(), fields.get("pattern").is_some());
        if has_text == has_pattern && !fields.has_unknown() {
            problems.note(
                node.place,
                format!("`{key}` is a text, {{ {special}: … }} or {{ pattern: … }}"),
            );
        }
        fields.finish("a match", problems);
        match (text, source) {
            (Some(text), None) => Some(Self::Special(text)),
            (None, Some(source)) => Some(Self::Pattern {
                source,
                flags: flags.unwrap_or_default(),
            }),
            _ => None,
        }
    }
}

fn flagged(pattern: Pattern, flags: &str) -> Pattern {
    flags.chars().fold(pattern, |pattern, flag| match flag {
        'i' => pattern.ignore_case(),
        'm' => pattern.multi_line(),
        's' => pattern.dot_all(),
        _ => pattern.unicode(),
    })
}

fn flags(node: &Node, problems: &mut Problems) -> Option<String> {
    let text = scalar(node, "flags", problems)?;
    if text.chars().all(|flag| "imsu".contains(flag)) {
        return Some(text.to_owned());
    }
    problems.none(node.place, format!("`flags` are out of i, m, s, u: {text}"))
}
