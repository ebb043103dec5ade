//! Assertions that retry until they hold or their time is over. The retrying is the host's.

use std::time::Duration;

use crate::assertion::PageView;
use crate::bindings::flow::flowguard::plugin::browser as host;
use crate::failure::Result;
use crate::locator::Locator;
use crate::page::Page;
use crate::query::{Checked, Tristate};
use crate::text::Text;
use crate::time;
use host::{Expectation, PageExpectation};

/// Begins an assertion on a locator or a page. Modifiers come before the matcher:
///
/// ```no_run
/// # use flowguard_sdk::prelude::*;
/// # fn example(page: &Page) -> Result {
/// expect(page).to_have_url("/thanks")?;
/// expect(page.get_by_role(Role::Alert, ())).not().to_be_visible()?;
/// expect(page.get_by_role(Role::Status, ()))
///     .soft()
///     .within(10.seconds())
///     .because("the counter follows the server")
///     .to_have_text("1 item")?;
/// # Ok(())
/// # }
/// ```
pub fn expect<S: Subject>(subject: S) -> Expect<S::Target> {
    let options = host::ExpectOptions {
        negated: false,
        timeout: None,
        soft: false,
        message: String::new(),
    };
    Expect {
        target: subject.target(),
        options,
    }
}

/// What [`expect`] takes: a locator or a page, by value or by reference.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be asserted on with `expect`",
    note = "`expect` takes a locator or a page; compare plain values with `check_eq` or `check_that`"
)]
pub trait Subject {
    /// What the matchers belong to.
    type Target;
    #[doc(hidden)]
    fn target(self) -> Self::Target;
}

impl Subject for Locator {
    type Target = Self;
    fn target(self) -> Self {
        self
    }
}

impl Subject for &Locator {
    type Target = Locator;
    fn target(self) -> Locator {
        self.clone()
    }
}

impl Subject for Page {
    type Target = Self;
    fn target(self) -> Self {
        self
    }
}

impl Subject for &Page {
    type Target = Page;
    fn target(self) -> Page {
        self.clone()
    }
}

impl<'page> Subject for &PageView<'page> {
    type Target = PageView<'page>;
    fn target(self) -> PageView<'page> {
        *self
    }
}

/// An assertion that lacks its matcher.
#[must_use = "an assertion does nothing before its matcher is called"]
pub struct Expect<T> {
    pub(crate) target: T,
    pub(crate) options: host::ExpectOptions,
}

impl<T> Expect<T> {
    /// Expects the opposite.
    #[expect(clippy::should_implement_trait, reason = "reads as the field's standard word")]
    pub fn not(mut self) -> Self {
        self.options.negated = !self.options.negated;
        self
    }

    /// Records a failure, which fails the run, and lets the flow go on.
    pub fn soft(mut self) -> Self {
        self.options.soft = true;
        self
    }

    /// Retries at most this long instead of the run's expect timeout; zero checks once.
    pub fn within(mut self, limit: Duration) -> Self {
        self.options.timeout = Some(time::milliseconds(limit));
        self
    }

    /// What a person should read first when it fails.
    pub fn because(mut self, message: impl Into<String>) -> Self {
        self.options.message = message.into();
        self
    }
}

impl Expect<Locator> {
    fn run(self, what: &Expectation) -> Result {
        Ok(self.target.0.expect(what, &self.options)?)
    }

    /// In the document.
    pub fn to_be_attached(self) -> Result {
        self.run(&Expectation::Attached)
    }

    /// Visible: a box that is not empty, and not hidden by style.
    pub fn to_be_visible(self) -> Result {
        self.run(&Expectation::Visible)
    }

    /// Not visible, or not there.
    pub fn to_be_hidden(self) -> Result {
        self.run(&Expectation::Hidden)
    }

    /// Not disabled.
    pub fn to_be_enabled(self) -> Result {
        self.run(&Expectation::Enabled)
    }

    /// Disabled, natively or by ARIA.
    pub fn to_be_disabled(self) -> Result {
        self.run(&Expectation::Disabled)
    }

    /// Enabled and not read-only.
    pub fn to_be_editable(self) -> Result {
        self.run(&Expectation::Editable)
    }

    /// Checked.
    pub fn to_be_checked(self) -> Result {
        self.to_have_checked(true)
    }

    /// Not checked.
    pub fn to_be_unchecked(self) -> Result {
        self.to_have_checked(false)
    }

    /// In this state of checking; [`Tristate::Mixed`] for an indeterminate box.
    pub fn to_have_checked(self, state: impl Into<Checked>) -> Result {
        let Checked(state): Checked = state.into();
        self.run(&Expectation::Checked(state))
    }

    /// Has the focus.
    pub fn to_be_focused(self) -> Result {
        self.run(&Expectation::Focused)
    }

    /// No text, no value.
    pub fn to_be_empty(self) -> Result {
        self.run(&Expectation::Empty)
    }

    /// Some of it is within the viewport.
    pub fn to_be_in_viewport(self) -> Result {
        self.run(&Expectation::InViewport)
    }

    /// Its whole text is this; a plain string ignores case.
    pub fn to_have_text(self, text: impl Into<Text>) -> Result {
        self.run(&Expectation::HasText(text.into().0))
    }

    /// Its text contains this; a plain string ignores case.
    pub fn to_contain_text(self, text: impl Into<Text>) -> Result {
        self.run(&Expectation::ContainsText(text.into().0))
    }

    /// These are the texts of the elements, in this order.
    ///
    /// ```no_run
    /// # use flowguard_sdk::prelude::*;
    /// # fn example(page: &Page) -> Result {
    /// expect(page.get_by_role(Role::Listitem, ())).to_have_texts(["Mugs", "Plates"])?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn to_have_texts<T: Into<Text>>(self, texts: impl IntoIterator<Item = T>) -> Result {
        let texts = texts.into_iter().map(|text| text.into().0).collect();
        self.run(&Expectation::HasTexts(texts))
    }

    /// The value of an input, text area or select.
    pub fn to_have_value(self, value: impl Into<Text>) -> Result {
        self.run(&Expectation::HasValue(value.into().0))
    }

    /// The attribute has this value; a plain string ignores case.
    pub fn to_have_attribute(self, name: impl Into<String>, value: impl Into<Text>) -> Result {
        self.run(&Expectation::HasAttribute((name.into(), value.into().0)))
    }

    /// Has each of these blank-separated classes.
    pub fn to_have_class(self, classes: impl Into<String>) -> Result {
        self.run(&Expectation::HasClass(classes.into()))
    }

    /// The computed style property has this value.
    pub fn to_have_css(self, property: impl Into<String>, value: impl Into<Text>) -> Result {
        self.run(&Expectation::HasCss((property.into(), value.into().0)))
    }

    /// The accessible name.
    pub fn to_have_name(self, name: impl Into<Text>) -> Result {
        self.run(&Expectation::HasName(name.into().0))
    }

    /// Exactly this many elements match.
    pub fn to_have_count(self, count: u32) -> Result {
        self.run(&Expectation::HasCount(count))
    }

    /// Neither checked nor unchecked.
    pub fn to_be_indeterminate(self) -> Result {
        self.to_have_checked(Tristate::Mixed)
    }
}

impl Expect<Page> {
    /// The title contains this; see [`Text`].
    pub fn to_have_title(self, title: impl Into<Text>) -> Result {
        Ok(self
            .target
            .0
            .expect(&PageExpectation::HasTitle(title.into().0), &self.options)?)
    }

    /// The address. A text that begins with `/` is relative to the run's base URL.
    pub fn to_have_url(self, url: impl Into<Text>) -> Result {
        Ok(self
            .target
            .0
            .expect(&PageExpectation::HasUrl(url.into().0), &self.options)?)
    }
}

impl Expect<PageView<'_>> {
    /// The title contains this; see [`Text`].
    pub fn to_have_title(self, title: impl Into<Text>) -> Result {
        Ok(self
            .target
            .0
            .expect(&PageExpectation::HasTitle(title.into().0), &self.options)?)
    }

    /// The address contains this; see [`Text`].
    pub fn to_have_url(self, url: impl Into<Text>) -> Result {
        Ok(self
            .target
            .0
            .expect(&PageExpectation::HasUrl(url.into().0), &self.options)?)
    }
}
