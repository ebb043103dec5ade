//! How a text is compared, as authors write it. Never compares anything itself: the host and the page do.
//! Locators look for a [`Text`]; assertions expect an [`ExpectedText`].

use crate::bindings::flow::flowguard::plugin::types::{self, TextMatch};

/// A text that a locator looks for. A plain string matches a part and ignores case; see [`exact`] and
/// [`pattern`] for the others.
#[derive(Clone, PartialEq)]
pub struct Text(pub(crate) TextMatch);

/// The whole text, case-sensitive, for a locator: `exact("Pay")` does not match `Pay now`.
///
/// ```no_run
/// # use flowguard_sdk::prelude::*;
/// # fn example(page: &Page) -> Result {
/// page.get_by_role(Role::Button, exact("Pay")).click()?;
/// # Ok(())
/// # }
/// ```
pub fn exact(text: impl Into<String>) -> Text {
    Text(TextMatch::Exact(text.into()))
}

/// A JavaScript regular expression, without slashes.
///
/// ```no_run
/// # use flowguard_sdk::prelude::*;
/// # fn example(page: &Page) -> Result {
/// expect(page.get_by_role(Role::Heading, ())).to_have_text(pattern(r"^order \d+$").ignore_case())?;
/// # Ok(())
/// # }
/// ```
pub fn pattern(source: impl Into<String>) -> Pattern {
    Pattern {
        source: source.into(),
        flags: String::new(),
    }
}

/// A regular expression; made by [`pattern`].
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    source: String,
    flags: String,
}

impl Pattern {
    /// Ignores case (flag `i`).
    #[must_use]
    pub fn ignore_case(self) -> Self {
        self.flag('i')
    }

    /// `^` and `$` match at each line (flag `m`).
    #[must_use]
    pub fn multi_line(self) -> Self {
        self.flag('m')
    }

    /// `.` matches line ends too (flag `s`).
    #[must_use]
    pub fn dot_all(self) -> Self {
        self.flag('s')
    }

    /// Full Unicode, with `\p{…}` (flag `u`).
    #[must_use]
    pub fn unicode(self) -> Self {
        self.flag('u')
    }

    fn flag(mut self, flag: char) -> Self {
        if !self.flags.contains(flag) {
            self.flags.push(flag);
        }
        self
    }
}

impl From<Pattern> for types::Pattern {
    fn from(Pattern { source, flags }: Pattern) -> Self {
        Self { source, flags }
    }
}

impl From<Pattern> for Text {
    fn from(pattern: Pattern) -> Self {
        Self(TextMatch::Pattern(pattern.into()))
    }
}

/// A text that an assertion expects. A plain string is case-sensitive; the assertion's name says whether it is the
/// whole text (`to_have_…`) or a part of it (`to_contain_…`). See [`ignoring_case`] and [`pattern`] for the others.
#[derive(Clone, PartialEq)]
pub struct ExpectedText(pub(crate) types::ExpectedText);

/// An expected text in any case.
///
/// ```no_run
/// # use flowguard_sdk::prelude::*;
/// # fn example(page: &Page) -> Result {
/// expect(page.get_by_role(Role::Heading, ())).to_have_text(ignoring_case("your cart"))?;
/// # Ok(())
/// # }
/// ```
pub fn ignoring_case(text: impl Into<String>) -> ExpectedText {
    ExpectedText(types::ExpectedText::IgnoringCase(text.into()))
}

impl From<Pattern> for ExpectedText {
    fn from(pattern: Pattern) -> Self {
        Self(types::ExpectedText::Pattern(pattern.into()))
    }
}

impl From<&str> for ExpectedText {
    fn from(text: &str) -> Self {
        Self(types::ExpectedText::Text(text.into()))
    }
}

impl From<String> for ExpectedText {
    fn from(text: String) -> Self {
        Self(types::ExpectedText::Text(text))
    }
}

impl From<&String> for ExpectedText {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<&Self> for ExpectedText {
    fn from(text: &Self) -> Self {
        text.clone()
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(TextMatch::Substring(text.into()))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(TextMatch::Substring(text))
    }
}

impl From<&String> for Text {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<&Text> for Text {
    fn from(text: &Text) -> Self {
        text.clone()
    }
}

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            TextMatch::Substring(text) => write!(f, "{text:?}"),
            TextMatch::Exact(text) => write!(f, "exactly {text:?}"),
            TextMatch::Pattern(pattern) => write!(f, "/{}/{}", pattern.source, pattern.flags),
        }
    }
}

impl std::fmt::Debug for ExpectedText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            types::ExpectedText::Text(text) => write!(f, "{text:?}"),
            types::ExpectedText::IgnoringCase(text) => write!(f, "{text:?} ignoring case"),
            types::ExpectedText::Pattern(pattern) => write!(f, "/{}/{}", pattern.source, pattern.flags),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_of_writing_becomes_its_match() {
        assert!(matches!(Text::from("Pay").0, TextMatch::Substring(text) if text == "Pay"));
        assert!(matches!(exact("Pay").0, TextMatch::Exact(text) if text == "Pay"));
        let Text(TextMatch::Pattern(found)) =
            Text::from(pattern("^a$").ignore_case().ignore_case().dot_all())
        else {
            panic!("not a pattern");
        };
        assert_eq!((found.source.as_str(), found.flags.as_str()), ("^a$", "is"));
    }

    #[test]
    fn a_text_is_shown_as_people_write_it() {
        assert_eq!(format!("{:?}", Text::from("a \"b\"")), r#""a \"b\"""#);
        assert_eq!(format!("{:?}", exact("a")), r#"exactly "a""#);
        assert_eq!(format!("{:?}", Text::from(pattern(r"\d").unicode())), r"/\d/u");
        assert_eq!(format!("{:?}", ExpectedText::from("a")), r#""a""#);
        assert_eq!(format!("{:?}", ignoring_case("a")), r#""a" ignoring case"#);
    }
}
