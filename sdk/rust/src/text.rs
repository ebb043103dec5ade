//! How a text is compared, as authors write it. Never compares anything itself: the host and the page do.

use crate::bindings::flow::flowguard::plugin::types::{self, TextMatch};

/// A text to look for. A plain string matches a part and ignores case in locators; see [`exact`] and
/// [`pattern`] for the others, and the assertion in question for what a plain string means there.
#[derive(Clone, PartialEq)]
pub struct Text(pub(crate) TextMatch);

/// The whole text, case-sensitive: `exact("Pay")` does not match `Pay now`.
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

impl From<Pattern> for Text {
    fn from(pattern: Pattern) -> Self {
        Self(TextMatch::Pattern(types::Pattern {
            source: pattern.source,
            flags: pattern.flags,
        }))
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
    }
}
