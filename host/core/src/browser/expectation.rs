//! What an assertion expects of a locator or a page: plain data that the injected script evaluates.

use serde::{Deserialize, Serialize};
use std::fmt;

use super::locator::{TextMatch, Tristate};

/// What is expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
#[expect(
    missing_docs,
    reason = "the cases and their meaning are those of `expectation` in wit/browser.wit"
)]
pub enum Expectation {
    Attached,
    Visible,
    Hidden,
    Enabled,
    Disabled,
    Editable,
    Checked { state: Tristate },
    Focused,
    Empty,
    InViewport,
    HasText { text: TextMatch },
    ContainsText { text: TextMatch },
    HasTexts { texts: Vec<TextMatch> },
    HasValue { text: TextMatch },
    HasAttribute { name: String, value: TextMatch },
    HasClass { classes: String },
    HasCss { property: String, value: TextMatch },
    HasName { text: TextMatch },
    HasCount { count: u32 },
    HasTitle { text: TextMatch },
    HasUrl { text: TextMatch },
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attached => f.write_str("be in the document"),
            Self::Visible => f.write_str("be visible"),
            Self::Hidden => f.write_str("be hidden"),
            Self::Enabled => f.write_str("be enabled"),
            Self::Disabled => f.write_str("be disabled"),
            Self::Editable => f.write_str("be editable"),
            Self::Checked { state: Tristate::On } => f.write_str("be checked"),
            Self::Checked { state: Tristate::Off } => f.write_str("be unchecked"),
            Self::Checked {
                state: Tristate::Mixed,
            } => f.write_str("be checked in part"),
            Self::Focused => f.write_str("have the focus"),
            Self::Empty => f.write_str("be empty"),
            Self::InViewport => f.write_str("be in the viewport"),
            Self::HasText { text } => write!(f, "have text {text}"),
            Self::ContainsText { text } => write!(f, "contain text {text}"),
            Self::HasTexts { texts } => {
                f.write_str("have texts [")?;
                for (place, text) in texts.iter().enumerate() {
                    let comma = if place == 0 { "" } else { ", " };
                    write!(f, "{comma}{text}")?;
                }
                f.write_str("]")
            }
            Self::HasValue { text } => write!(f, "have value {text}"),
            Self::HasAttribute { name, value } => write!(f, "have attribute {name}={value}"),
            Self::HasClass { classes } => write!(f, "have class {classes:?}"),
            Self::HasCss { property, value } => write!(f, "have style {property}: {value}"),
            Self::HasName { text } => write!(f, "have accessible name {text}"),
            Self::HasCount { count } => write!(f, "match {count} elements"),
            Self::HasTitle { text } => write!(f, "have title {text}"),
            Self::HasUrl { text } => write!(f, "have address {text}"),
        }
    }
}
