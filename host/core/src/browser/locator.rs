//! How to find elements: plain data, resolved in the page at each use. What is serialised here is what the
//! injected script reads.

use serde::{Deserialize, Serialize};
use std::fmt;

use crate::failure::{Code, Failure};
use crate::limits::{MAX_LOCATOR_PARTS, MAX_TEXT_BYTES};

/// How a text is compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum TextMatch {
    /// Contains it, ignoring case.
    Substring {
        /// The text.
        value: String,
    },
    /// Equals it.
    Exact {
        /// The text.
        value: String,
    },
    /// Matches a JavaScript regular expression.
    Pattern {
        /// The source, without slashes.
        source: String,
        /// Flags out of `imsu`.
        flags: String,
    },
}

/// A state with three values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tristate {
    /// On.
    On,
    /// Off.
    Off,
    /// Neither.
    Mixed,
}

/// Finds by ARIA role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoleQuery {
    /// The role's name in ARIA.
    pub role: String,
    /// The accessible name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<TextMatch>,
    /// The accessible description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<TextMatch>,
    /// Checked state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checked: Option<Tristate>,
    /// Disabled state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    /// Expanded state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expanded: Option<bool>,
    /// Level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<u32>,
    /// Pressed state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pressed: Option<Tristate>,
    /// Selected state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selected: Option<bool>,
    /// Also what assistive technology does not see.
    pub include_hidden: bool,
}

/// One part of a locator, applied to what the parts before it found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Part {
    /// By ARIA role.
    Role(RoleQuery),
    /// The smallest elements with this text.
    Text {
        /// The text.
        text: TextMatch,
    },
    /// Controls by their label.
    Label {
        /// The label.
        text: TextMatch,
    },
    /// By placeholder.
    Placeholder {
        /// The placeholder.
        text: TextMatch,
    },
    /// By alternative text.
    AltText {
        /// The alternative text.
        text: TextMatch,
    },
    /// By title.
    Title {
        /// The title.
        text: TextMatch,
    },
    /// By test id.
    TestId {
        /// The id.
        text: TextMatch,
    },
    /// By CSS selector.
    Css {
        /// The selector.
        selector: String,
    },
    /// By XPath expression.
    Xpath {
        /// The expression.
        expression: String,
    },
    /// Only those with this text.
    HasText {
        /// The text.
        text: TextMatch,
    },
    /// Only those without this text.
    HasNotText {
        /// The text.
        text: TextMatch,
    },
    /// Only those inside which this finds something.
    Has {
        /// The inner locator.
        locator: Locator,
    },
    /// Only those inside which this finds nothing.
    HasNot {
        /// The inner locator.
        locator: Locator,
    },
    /// Only visible or only hidden ones.
    Visible {
        /// Which.
        visible: bool,
    },
    /// Only the n-th.
    Nth {
        /// From 0; negative from the end.
        index: i32,
    },
    /// Only those that this finds too.
    And {
        /// The other locator.
        locator: Locator,
    },
    /// Also those that this finds.
    Or {
        /// The other locator.
        locator: Locator,
    },
    /// The document inside the frame element.
    Frame,
}

/// How to find elements in a page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Locator {
    parts: Vec<Part>,
}

impl Locator {
    /// A locator of one part, below the document.
    #[must_use]
    pub fn new(part: Part) -> Self {
        Self { parts: vec![part] }
    }

    /// This locator with one more part.
    #[must_use]
    pub fn then(&self, part: Part) -> Self {
        let mut parts = self.parts.clone();
        parts.push(part);
        Self { parts }
    }

    /// Whether it is within its limits and makes sense without a page.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where it is too long, or enters a frame inside another locator.
    pub fn check(&self) -> Result<(), Failure> {
        if self.count() > MAX_LOCATOR_PARTS {
            let message = format!("a locator may have {MAX_LOCATOR_PARTS} parts: {}", self.count());
            return Err(Failure::new(Code::InvalidArgument, message));
        }
        if self.text_bytes() > MAX_TEXT_BYTES {
            let message = format!("a locator's texts may have {MAX_TEXT_BYTES} bytes");
            return Err(Failure::new(Code::InvalidArgument, message));
        }
        let mut nested = self.parts.iter().filter_map(Part::nested);
        if let Some(inner) = nested.find(|inner| inner.enters_frame()) {
            let message = format!(
                "a locator inside `has`, `and` or `or` stays in the frame of the one around it and cannot enter \
                 another: {inner}"
            );
            return Err(Failure::new(Code::InvalidArgument, message));
        }
        Ok(())
    }

    fn enters_frame(&self) -> bool {
        self.parts
            .iter()
            .any(|part| *part == Part::Frame || part.nested().is_some_and(Self::enters_frame))
    }

    fn count(&self) -> usize {
        self.parts
            .iter()
            .map(|part| 1 + part.nested().map_or(0, Self::count))
            .sum()
    }

    fn text_bytes(&self) -> usize {
        self.parts
            .iter()
            .map(|part| part.text_bytes() + part.nested().map_or(0, Self::text_bytes))
            .sum()
    }
}

impl Part {
    fn nested(&self) -> Option<&Locator> {
        match self {
            Self::And { locator }
            | Self::Or { locator }
            | Self::Has { locator }
            | Self::HasNot { locator } => Some(locator),
            _ => None,
        }
    }

    fn text_bytes(&self) -> usize {
        match self {
            Self::Role(query) => [&query.name, &query.description]
                .into_iter()
                .flatten()
                .map(TextMatch::bytes)
                .sum(),
            Self::Css { selector } => selector.len(),
            Self::Xpath { expression } => expression.len(),
            Self::Text { text }
            | Self::Label { text }
            | Self::Placeholder { text }
            | Self::AltText { text }
            | Self::Title { text }
            | Self::TestId { text }
            | Self::HasText { text }
            | Self::HasNotText { text } => text.bytes(),
            _ => 0,
        }
    }
}

impl TextMatch {
    /// Length in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::Substring { value } | Self::Exact { value } => value.len(),
            Self::Pattern { source, flags } => source.len() + flags.len(),
        }
    }
}

impl fmt::Display for TextMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Substring { value } | Self::Exact { value } => write!(f, "{value:?}"),
            Self::Pattern { source, flags } => write!(f, "/{source}/{flags}"),
        }
    }
}

/// What a locator looks for: a whole text is told from one that is contained.
struct Sought<'a>(&'a TextMatch);

impl fmt::Display for Sought<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if matches!(self.0, TextMatch::Exact { .. }) {
            f.write_str("exactly ")?;
        }
        self.0.fmt(f)
    }
}

impl fmt::Display for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, part) in self.parts.iter().enumerate() {
            if place > 0 {
                f.write_str(" › ")?;
            }
            part.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(query) => query.fmt(f),
            Self::Text { text } => write!(f, "text {}", Sought(text)),
            Self::Label { text } => write!(f, "label {}", Sought(text)),
            Self::Placeholder { text } => write!(f, "placeholder {}", Sought(text)),
            Self::AltText { text } => write!(f, "alt-text {}", Sought(text)),
            Self::Title { text } => write!(f, "title {}", Sought(text)),
            Self::TestId { text } => write!(f, "test-id {text}"),
            Self::Css { selector } => write!(f, "css {selector:?}"),
            Self::Xpath { expression } => write!(f, "xpath {expression:?}"),
            Self::HasText { text } => write!(f, "has-text {}", Sought(text)),
            Self::HasNotText { text } => write!(f, "has-not-text {}", Sought(text)),
            Self::Visible { visible: true } => f.write_str("visible"),
            Self::Visible { visible: false } => f.write_str("hidden"),
            Self::Nth { index } => write!(f, "nth {index}"),
            Self::Has { locator } => write!(f, "has ({locator})"),
            Self::HasNot { locator } => write!(f, "has-not ({locator})"),
            Self::And { locator } => write!(f, "and ({locator})"),
            Self::Or { locator } => write!(f, "or ({locator})"),
            Self::Frame => f.write_str("frame"),
        }
    }
}

impl fmt::Display for RoleQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.role)?;
        if let Some(name) = &self.name {
            write!(f, " {}", Sought(name))?;
        }
        if let Some(description) = &self.description {
            write!(f, " [description={}]", Sought(description))?;
        }
        let states = [
            ("checked", self.checked.map(|state| state.name().to_owned())),
            ("pressed", self.pressed.map(|state| state.name().to_owned())),
            ("selected", self.selected.map(|value| value.to_string())),
            ("expanded", self.expanded.map(|value| value.to_string())),
            ("level", self.level.map(|value| value.to_string())),
            ("disabled", self.disabled.map(|value| value.to_string())),
        ];
        for (state, value) in states {
            if let Some(value) = value {
                write!(f, " [{state}={value}]")?;
            }
        }
        Ok(())
    }
}

impl Tristate {
    /// `on`, `off` or `mixed`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Mixed => "mixed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn substring(value: &str) -> TextMatch {
        TextMatch::Substring { value: value.into() }
    }

    fn button(name: &str) -> Part {
        Part::Role(RoleQuery {
            role: "button".into(),
            name: Some(substring(name)),
            description: None,
            checked: None,
            disabled: Some(false),
            expanded: None,
            level: None,
            pressed: None,
            selected: None,
            include_hidden: false,
        })
    }

    #[test]
    fn people_read_it_as_a_path() {
        let other = Locator::new(Part::Text {
            text: TextMatch::Exact { value: "Pay".into() },
        });
        let locator = Locator::new(Part::TestId {
            text: TextMatch::Exact { value: "cart".into() },
        })
        .then(Part::Frame)
        .then(button("Pay"))
        .then(Part::Or { locator: other })
        .then(Part::Nth { index: -1 });
        assert_eq!(
            locator.to_string(),
            r#"test-id "cart" › frame › button "Pay" [disabled=false] › or (text exactly "Pay") › nth -1"#
        );
    }

    #[test]
    fn the_page_reads_it_as_plain_data() {
        let json = serde_json::to_value(Locator::new(button("Pay")).then(Part::Frame)).expect("plain data");
        assert_eq!(
            json,
            serde_json::json!([
                {"kind": "role", "role": "button", "name": {"kind": "substring", "value": "Pay"},
                 "disabled": false, "includeHidden": false},
                {"kind": "frame"},
            ])
        );
    }

    #[test]
    fn a_nested_locator_enters_no_frame() {
        let framed = Locator::new(Part::Frame).then(button("Pay"));
        let deep = Locator::new(button("Pay")).then(Part::Has { locator: framed });
        let locator = Locator::new(Part::Frame).then(Part::Or {
            locator: deep.clone(),
        });
        assert_eq!(locator.check().map_err(|f| f.code), Err(Code::InvalidArgument));
        let nested = deep.check().map_err(|failure| failure.message);
        assert!(nested.is_err_and(|message| message.contains("frame › button")));
    }

    #[test]
    fn a_locator_that_grows_without_end_is_refused() {
        let mut locator = Locator::new(Part::Frame);
        for _ in 0..MAX_LOCATOR_PARTS {
            locator = locator.then(Part::Frame);
        }
        assert_eq!(locator.check().map_err(|f| f.code), Err(Code::InvalidArgument));
    }
}
