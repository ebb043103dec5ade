//! Texts with `${name}` and `${name:-default}` in them, which a run's parameters fill.

use std::collections::BTreeMap;

use flowguard_sdk::{Result, fail};

use crate::problem::{Place, Problems};

/// The parameters of a run.
pub(crate) type Params = BTreeMap<String, String>;

/// A text of the file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Text(String),
    Param { name: String, default: Option<String> },
}

impl Template {
    /// Reads a text; what is wrong with a `${` in it is noted.
    pub(crate) fn read(text: &str, place: Place, problems: &mut Problems) -> Option<Self> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            if let Some(before) = rest[..at].strip_suffix('$') {
                pieces.push(Piece::Text(format!("{before}${{")));
                rest = &rest[at + 2..];
                continue;
            }
            pieces.push(Piece::Text(rest[..at].to_owned()));
            let inside = &rest[at + 2..];
            let Some(end) = inside.find('}') else {
                return problems.none(
                    place,
                    "a parameter is not closed; write ${name}, or $${ for a plain ${",
                );
            };
            pieces.push(param(&inside[..end], place, problems)?);
            rest = &inside[end + 1..];
        }
        pieces.push(Piece::Text(rest.to_owned()));
        pieces.retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
        Some(Self(pieces))
    }

    /// The text with its parameters filled in.
    pub(crate) fn fill(&self, params: &Params) -> Result<String> {
        self.0.iter().map(|piece| piece.fill(params)).collect()
    }
}

impl Piece {
    fn fill(&self, params: &Params) -> Result<String> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::Param { name, default } => {
                params.get(name).or(default.as_ref()).cloned().ok_or_else(|| {
                    fail(format_args!(
                        "the run has no such parameter, and it has no default; give --param {name}=…: {name}"
                    ))
                })
            }
        }
    }
}

fn param(inside: &str, place: Place, problems: &mut Problems) -> Option<Piece> {
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default.to_owned())),
        None => (inside, None),
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || !name.chars().all(fits) {
        return problems.none(
            place,
            format!("no name of a parameter; write ${{name}}, or $${{ for a plain ${{: {name}"),
        );
    }
    Some(Piece::Param {
        name: name.to_owned(),
        default,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place = Place {
        line: 1,
        column: 1,
        length: 1,
    };

    fn filled(text: &str) -> String {
        let params = Params::from([("bug".to_owned(), "pay".to_owned())]);
        let template = Template::read(text, PLACE, &mut Problems::default()).unwrap();
        template
            .fill(&params)
            .unwrap_or_else(|failure| failure.to_string())
    }

    #[test]
    fn parameters_are_filled_in() {
        assert_eq!(filled("/?bug=${bug}"), "/?bug=pay");
        assert_eq!(filled("${bug}${bug}"), "paypay");
        assert_eq!(filled("${other:-none} and ${bug:-none}"), "none and pay");
        assert_eq!(filled("${other:-}"), "");
        assert_eq!(filled("$${bug} costs $5 {x}"), "${bug} costs $5 {x}");
        assert_eq!(
            filled("${other}"),
            "the run has no such parameter, and it has no default; give --param other=…: other"
        );
    }

    #[test]
    fn a_parameter_must_be_closed_and_named() {
        for text in ["a ${bug", "${}", "${a b}", "${:-x}"] {
            let mut problems = Problems::default();
            assert_eq!(Template::read(text, PLACE, &mut problems), None, "{text}");
            assert!(!problems.is_empty());
        }
    }
}
