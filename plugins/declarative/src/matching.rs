//! MATCH of the format: how a text is compared.

use flowguard_sdk::{Pattern, Result, Text, exact, pattern};

use crate::fields::{Fields, scalar, template};
use crate::node::{Node, Value};
use crate::problem::Problems;
use crate::template::{Params, Template};

/// A text to compare with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Match {
    Plain(Template),
    Exact(Template),
    Pattern { source: Template, flags: String },
}

impl Match {
    /// Reads `Pay`, `{ exact: Pay }` or `{ pattern: …, flags: i }`.
    pub(crate) fn read(node: &Node, key: &str, problems: &mut Problems) -> Option<Self> {
        if !matches!(&*node.value, Value::Map(_)) {
            return template(node, key, problems).map(Self::Plain);
        }
        let mut fields = Fields::of(node, key, problems)?;
        let exact = fields.text("exact", problems);
        let source = fields.text("pattern", problems);
        let flags = fields.get("flags").and_then(|node| flags(node, problems));
        let (has_exact, has_pattern) = (fields.get("exact").is_some(), fields.get("pattern").is_some());
        if has_exact == has_pattern && !fields.has_unknown() {
            problems.note(
                node.place,
                format!("`{key}` is a text, {{ exact: … }} or {{ pattern: … }}"),
            );
        }
        fields.finish("a match", problems);
        match (exact, source) {
            (Some(text), None) => Some(Self::Exact(text)),
            (None, Some(source)) => Some(Self::Pattern {
                source,
                flags: flags.unwrap_or_default(),
            }),
            _ => None,
        }
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
