//! What an assertion expects of a locator or a page: plain data that the injected script evaluates. Checked here,
//! before anything waits.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fmt;

use super::aria;
use super::calls::ExpectOptions;
use super::locator::Tristate;
use crate::failure::{Code, Failure};
use crate::limits::{MAX_EXPECTED_ITEMS, MAX_TEXT_BYTES};

/// A text that is expected. Whether as a whole or as a part is the expectation's to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum ExpectedText {
    /// This text, case-sensitive.
    Text {
        /// The text.
        value: String,
    },
    /// This text in any case.
    IgnoringCase {
        /// The text.
        value: String,
    },
    /// Whatever the JavaScript regular expression matches.
    Pattern {
        /// The source, without slashes.
        source: String,
        /// Flags out of `imsu`.
        flags: String,
    },
}

/// A box that CSS adds to an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PseudoElement {
    /// `::before`.
    Before,
    /// `::after`.
    After,
}

/// What is expected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind")]
#[expect(
    missing_docs,
    reason = "the cases and their meaning are those of `expectation` in wit/browser.wit"
)]
pub enum Expectation {
    Attached,
    Detached,
    Visible,
    Hidden,
    Enabled,
    Disabled,
    Editable,
    ReadOnly,
    Checked {
        state: Tristate,
    },
    Focused,
    Empty,
    InViewport {
        ratio: f64,
    },
    HasText {
        text: ExpectedText,
    },
    ContainsText {
        text: ExpectedText,
    },
    HasTexts {
        texts: Vec<ExpectedText>,
    },
    ContainsTexts {
        texts: Vec<ExpectedText>,
    },
    HasValue {
        text: ExpectedText,
    },
    HasValues {
        texts: Vec<ExpectedText>,
    },
    HasAttribute {
        name: String,
    },
    HasAttributeValue {
        name: String,
        value: ExpectedText,
    },
    HasClass {
        text: ExpectedText,
    },
    HasClasses {
        texts: Vec<ExpectedText>,
    },
    ContainsClass {
        classes: String,
    },
    ContainsClasses {
        classes: Vec<String>,
    },
    HasCss {
        property: String,
        value: ExpectedText,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pseudo: Option<PseudoElement>,
    },
    HasId {
        text: ExpectedText,
    },
    HasRole {
        role: String,
    },
    HasName {
        text: ExpectedText,
    },
    HasDescription {
        text: ExpectedText,
    },
    HasErrorMessage {
        text: ExpectedText,
    },
    HasCount {
        count: u32,
    },
    MatchesAria {
        template: String,
    },
    HasTitle {
        text: ExpectedText,
    },
    HasUrl {
        text: ExpectedText,
    },
}

impl Expectation {
    /// What the injected script is asked for.
    ///
    /// # Errors
    /// As [`Expectation::request`].
    pub(super) fn action(&self, options: &ExpectOptions) -> Result<Value, Failure> {
        Ok(json!({
            "kind": "expect",
            "expectation": self.request()?,
            "negated": options.negated,
            "useInnerText": options.use_inner_text,
        }))
    }

    /// What the injected script is asked to evaluate.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where it is out of range, too large or malformed.
    fn request(&self) -> Result<Value, Failure> {
        self.check()?;
        let mut request = serde_json::to_value(self).map_err(|error| {
            Failure::new(
                Code::Internal,
                format!("an expectation cannot be written: {error}"),
            )
        })?;
        if let Self::MatchesAria { template } = self {
            request["template"] = json!({"source": template, "root": aria::read(template)?});
        }
        Ok(request)
    }

    fn check(&self) -> Result<(), Failure> {
        let refused = |message: String| Err(Failure::new(Code::InvalidArgument, message));
        if let Self::InViewport { ratio } = self
            && !(0.0..=1.0).contains(ratio)
        {
            return refused(format!("a share of an element is 0 to 1: {ratio}"));
        }
        if let Self::ContainsTexts { texts } = self
            && texts.is_empty()
        {
            return refused("a list of texts to be contained has at least one".to_owned());
        }
        if self.items() > MAX_EXPECTED_ITEMS {
            return refused(format!(
                "an expected list may have {MAX_EXPECTED_ITEMS} items: {}",
                self.items()
            ));
        }
        if self.text_bytes() > MAX_TEXT_BYTES {
            return refused(format!("an expectation's texts may have {MAX_TEXT_BYTES} bytes"));
        }
        Ok(())
    }

    /// Whether it compares the text of elements, which can be read as written or as rendered.
    pub(super) const fn is_of_text(&self) -> bool {
        matches!(
            self,
            Self::HasText { .. }
                | Self::ContainsText { .. }
                | Self::HasTexts { .. }
                | Self::ContainsTexts { .. }
        )
    }

    fn items(&self) -> usize {
        match self {
            Self::HasTexts { texts }
            | Self::ContainsTexts { texts }
            | Self::HasValues { texts }
            | Self::HasClasses { texts } => texts.len(),
            Self::ContainsClasses { classes } => classes.len(),
            _ => 0,
        }
    }

    fn text_bytes(&self) -> usize {
        match self {
            Self::HasText { text }
            | Self::ContainsText { text }
            | Self::HasValue { text }
            | Self::HasClass { text }
            | Self::HasId { text }
            | Self::HasName { text }
            | Self::HasDescription { text }
            | Self::HasErrorMessage { text }
            | Self::HasTitle { text }
            | Self::HasUrl { text } => text.bytes(),
            Self::HasTexts { texts }
            | Self::ContainsTexts { texts }
            | Self::HasValues { texts }
            | Self::HasClasses { texts } => texts.iter().map(ExpectedText::bytes).sum(),
            Self::ContainsClasses { classes } => classes.iter().map(String::len).sum(),
            Self::HasAttribute { name: text }
            | Self::ContainsClass { classes: text }
            | Self::HasRole { role: text }
            | Self::MatchesAria { template: text } => text.len(),
            Self::HasAttributeValue { name, value }
            | Self::HasCss {
                property: name,
                value,
                ..
            } => name.len() + value.bytes(),
            _ => 0,
        }
    }
}

impl ExpectedText {
    fn bytes(&self) -> usize {
        match self {
            Self::Text { value } | Self::IgnoringCase { value } => value.len(),
            Self::Pattern { source, flags } => source.len() + flags.len(),
        }
    }
}

impl fmt::Display for ExpectedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text { value } => write!(f, "{value:?}"),
            Self::IgnoringCase { value } => write!(f, "{value:?} ignoring case"),
            Self::Pattern { source, flags } => write!(f, "/{source}/{flags}"),
        }
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attached => f.write_str("be in the document"),
            Self::Detached => f.write_str("not be in the document"),
            Self::Visible => f.write_str("be visible"),
            Self::Hidden => f.write_str("be hidden"),
            Self::Enabled => f.write_str("be enabled"),
            Self::Disabled => f.write_str("be disabled"),
            Self::Editable => f.write_str("be editable"),
            Self::ReadOnly => f.write_str("be read-only"),
            Self::Checked { state } => f.write_str(match state {
                Tristate::On => "be checked",
                Tristate::Off => "be unchecked",
                Tristate::Mixed => "be checked in part",
            }),
            Self::Focused => f.write_str("have the focus"),
            Self::Empty => f.write_str("be empty"),
            Self::InViewport { ratio } if *ratio > 0.0 => write!(f, "be in the viewport by {ratio}"),
            Self::InViewport { .. } => f.write_str("be in the viewport"),
            Self::HasText { text } => write!(f, "have text {text}"),
            Self::ContainsText { text } => write!(f, "contain text {text}"),
            Self::HasTexts { texts } => write!(f, "have texts {}", List(texts)),
            Self::ContainsTexts { texts } => write!(f, "contain texts {}", List(texts)),
            Self::HasValue { text } => write!(f, "have value {text}"),
            Self::HasValues { texts } => write!(f, "have values {}", List(texts)),
            Self::HasAttribute { name } => write!(f, "have attribute {name}"),
            Self::HasAttributeValue { name, value } => write!(f, "have attribute {name}={value}"),
            Self::HasClass { text } => write!(f, "have class {text}"),
            Self::HasClasses { texts } => write!(f, "have classes {}", List(texts)),
            Self::ContainsClass { classes } => write!(f, "contain class {classes:?}"),
            Self::ContainsClasses { classes } => write!(f, "contain classes {classes:?}"),
            Self::HasCss {
                property,
                value,
                pseudo: None,
            } => write!(f, "have style {property}: {value}"),
            Self::HasCss {
                property,
                value,
                pseudo: Some(pseudo),
            } => write!(f, "have style {property}: {value} in ::{}", pseudo.name()),
            Self::HasId { text } => write!(f, "have id {text}"),
            Self::HasRole { role } => write!(f, "have role {role}"),
            Self::HasName { text } => write!(f, "have accessible name {text}"),
            Self::HasDescription { text } => write!(f, "have accessible description {text}"),
            Self::HasErrorMessage { text } => write!(f, "have accessible error message {text}"),
            Self::HasCount { count } => write!(f, "match {count} elements"),
            Self::MatchesAria { .. } => f.write_str("match the ARIA template"),
            Self::HasTitle { text } => write!(f, "have title {text}"),
            Self::HasUrl { text } => write!(f, "have address {text}"),
        }
    }
}

impl PseudoElement {
    const fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }
}

/// `["One", /t.o/]`, the first few of them.
struct List<'t>(&'t [ExpectedText]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 10;
        f.write_str("[")?;
        for (place, text) in self.0.iter().take(SHOWN).enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}{text}")?;
        }
        match self.0.len() > SHOWN {
            true => write!(f, ", and {} more]", self.0.len() - SHOWN),
            false => f.write_str("]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> ExpectedText {
        ExpectedText::Text { value: value.into() }
    }

    fn refused(what: &Expectation) -> String {
        let failure = what.request().expect_err("refused");
        assert_eq!(failure.code, Code::InvalidArgument);
        failure.message
    }

    #[test]
    fn what_is_out_of_range_is_refused_before_anything_waits() {
        for ratio in [-0.1, 1.5, f64::NAN] {
            assert!(refused(&Expectation::InViewport { ratio }).contains("0 to 1"));
        }
        let many = vec![text("x"); MAX_EXPECTED_ITEMS + 1];
        assert!(refused(&Expectation::HasTexts { texts: many }).contains("1000 items"));
        assert!(refused(&Expectation::ContainsTexts { texts: vec![] }).contains("at least one"));
        let long = "x".repeat(MAX_TEXT_BYTES + 1);
        assert!(refused(&Expectation::HasText { text: text(&long) }).contains("bytes"));
        let malformed = Expectation::MatchesAria {
            template: "- buton".into(),
        };
        assert!(refused(&malformed).contains("line 1, column 3"));
    }

    #[test]
    fn the_page_reads_it_as_plain_data() {
        let css = Expectation::HasCss {
            property: "color".into(),
            value: ExpectedText::IgnoringCase { value: "RED".into() },
            pseudo: Some(PseudoElement::Before),
        };
        assert_eq!(
            css.request().expect("plain data"),
            json!({"kind": "hasCss", "property": "color", "pseudo": "before",
                   "value": {"kind": "ignoringCase", "value": "RED"}})
        );
        let aria = Expectation::MatchesAria {
            template: "- link".into(),
        };
        assert_eq!(
            aria.request().expect("plain data"),
            json!({"kind": "matchesAria", "template": {"source": "- link",
                   "root": {"kind": "role", "role": "link", "children": []}}})
        );
    }

    #[test]
    fn a_long_list_is_shown_in_part() {
        let what = Expectation::HasTexts {
            texts: vec![text("x"); 12],
        };
        assert!(what.to_string().ends_with(r#""x", and 2 more]"#), "{what}");
    }
}
