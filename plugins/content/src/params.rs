//! What a flow may ask of the assertion.

use flowguard_sdk::{Failure, FailureCode, Result};
use serde::Deserialize;

/// The parameters; the schema beside this file says the same to others.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Params {
    pub(crate) links: bool,
    pub(crate) images: bool,
    pub(crate) placeholders: bool,
    pub(crate) external: bool,
    ignore: Vec<String>,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            links: true,
            images: true,
            placeholders: true,
            external: false,
            ignore: Vec::new(),
        }
    }
}

impl Params {
    /// Reads the JSON of the call.
    pub(crate) fn read(json: &str) -> Result<Self> {
        serde_json::from_str(json).map_err(|error| {
            let message = format!("the parameters of `content` are malformed: {error}");
            Failure::with_code(FailureCode::InvalidArgument, message)
        })
    }

    /// Whether the flow wants an address or a text left alone.
    pub(crate) fn ignores(&self, text: &str) -> bool {
        self.ignore.iter().any(|pattern| contains(text, pattern))
    }
}

/// Whether the pieces of the pattern between its `*` come in the text, in their order.
fn contains(text: &str, pattern: &str) -> bool {
    let mut rest = text;
    for piece in pattern.split('*') {
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    // A pattern of nothing would leave everything alone.
    !pattern.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_have_defaults_and_no_unknown_keys() {
        assert_eq!(Params::read("{}"), Ok(Params::default()));
        let params = Params::read(r#"{ "links": false, "ignore": ["/draft"] }"#).unwrap();
        assert!(!params.links && params.images && params.ignores("http://a/draft/1"));
        let failure = Params::read(r#"{ "dead-links": true }"#).unwrap_err();
        assert_eq!(failure.code(), FailureCode::InvalidArgument);
        assert!(
            failure.message().contains("unknown field `dead-links`"),
            "{failure}"
        );
    }

    #[test]
    fn the_schema_names_every_parameter() {
        let schema: serde_json::Value = serde_json::from_str(include_str!("params.schema.json")).unwrap();
        let mut keys: Vec<_> = schema["properties"].as_object().unwrap().keys().collect();
        keys.sort();
        assert_eq!(keys, ["external", "ignore", "images", "links", "placeholders"]);
    }

    #[test]
    fn a_star_stands_for_anything() {
        assert!(contains("http://a.example/draft/1", "/draft/"));
        assert!(contains("http://a.example/draft/1", "a.example*/1"));
        assert!(!contains("http://a.example/draft/1", "/1*a.example"));
        assert!(!contains("anything", ""));
    }
}
