//! The browser's words of assertions: what is expected, and how.

use super::MAX_MESSAGE_BYTES;
use super::browser::role_name;
use crate::bindings::{browser, types};
use flowguard_core::browser::calls;
use flowguard_core::browser::expectation::{Expectation, ExpectedText, PseudoElement};
use flowguard_core::failure::cut;

same_cases! {
    browser::PseudoElement => PseudoElement { Before, After }
}

impl From<types::ExpectedText> for ExpectedText {
    fn from(expected: types::ExpectedText) -> Self {
        match expected {
            types::ExpectedText::Text(value) => Self::Text { value },
            types::ExpectedText::IgnoringCase(value) => Self::IgnoringCase { value },
            types::ExpectedText::Pattern(types::Pattern { source, flags }) => Self::Pattern { source, flags },
        }
    }
}

fn texts(expected: Vec<types::ExpectedText>) -> Vec<ExpectedText> {
    expected.into_iter().map(Into::into).collect()
}

impl From<browser::ExpectOptions> for calls::ExpectOptions {
    fn from(options: browser::ExpectOptions) -> Self {
        let browser::ExpectOptions {
            negated,
            timeout,
            soft,
            use_inner_text,
            message,
        } = options;
        Self {
            negated,
            timeout_ms: timeout,
            soft,
            use_inner_text,
            message: cut(message, MAX_MESSAGE_BYTES),
        }
    }
}

impl From<browser::Expectation> for Expectation {
    fn from(what: browser::Expectation) -> Self {
        use browser::Expectation as E;
        match what {
            E::Attached => Self::Attached,
            E::Detached => Self::Detached,
            E::Visible => Self::Visible,
            E::Hidden => Self::Hidden,
            E::Enabled => Self::Enabled,
            E::Disabled => Self::Disabled,
            E::Editable => Self::Editable,
            E::ReadOnly => Self::ReadOnly,
            E::Checked(state) => Self::Checked { state: state.into() },
            E::Focused => Self::Focused,
            E::Empty => Self::Empty,
            E::InViewport(ratio) => Self::InViewport { ratio },
            E::HasText(text) => Self::HasText { text: text.into() },
            E::ContainsText(text) => Self::ContainsText { text: text.into() },
            E::HasTexts(expected) => Self::HasTexts {
                texts: texts(expected),
            },
            E::ContainsTexts(expected) => Self::ContainsTexts {
                texts: texts(expected),
            },
            E::HasValue(text) => Self::HasValue { text: text.into() },
            E::HasValues(expected) => Self::HasValues {
                texts: texts(expected),
            },
            E::HasAttribute(name) => Self::HasAttribute { name },
            E::HasAttributeValue((name, value)) => Self::HasAttributeValue {
                name,
                value: value.into(),
            },
            E::HasClass(text) => Self::HasClass { text: text.into() },
            E::HasClasses(expected) => Self::HasClasses {
                texts: texts(expected),
            },
            E::ContainsClass(classes) => Self::ContainsClass { classes },
            E::ContainsClasses(classes) => Self::ContainsClasses { classes },
            E::HasCss(browser::StyleExpectation {
                property,
                value,
                pseudo,
            }) => Self::HasCss {
                property,
                value: value.into(),
                pseudo: pseudo.map(Into::into),
            },
            E::HasId(text) => Self::HasId { text: text.into() },
            E::HasRole(role) => Self::HasRole {
                role: role_name(role),
            },
            E::HasAccessibleName(text) => Self::HasName { text: text.into() },
            E::HasAccessibleDescription(text) => Self::HasDescription { text: text.into() },
            E::HasAccessibleErrorMessage(text) => Self::HasErrorMessage { text: text.into() },
            E::HasCount(count) => Self::HasCount { count },
            E::MatchesAriaSnapshot(template) => Self::MatchesAria { template },
        }
    }
}

impl From<browser::PageExpectation> for Expectation {
    fn from(what: browser::PageExpectation) -> Self {
        match what {
            browser::PageExpectation::HasTitle(text) => Self::HasTitle { text: text.into() },
            browser::PageExpectation::HasUrl(text) => Self::HasUrl { text: text.into() },
            browser::PageExpectation::MatchesAriaSnapshot(template) => Self::MatchesAria { template },
        }
    }
}
