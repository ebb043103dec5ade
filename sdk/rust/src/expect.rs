//! Assertions that retry until they hold or their time is over. The retrying is the host's.

use std::time::Duration;

use crate::assertion::PageView;
use crate::bindings::flow::flowguard::plugin::browser as host;
use crate::failure::Result;
use crate::locator::Locator;
use crate::page::Page;
use crate::query::{Checked, Tristate};
use crate::role::Role;
use crate::text::ExpectedText;
use crate::time;
pub use host::PseudoElement;
use host::{Expectation, PageExpectation, StyleExpectation};

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
        use_inner_text: false,
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

    /// Compares texts as they are rendered (`innerText`) instead of as they are written; only for the matchers
    /// of an element's text.
    pub fn use_inner_text(mut self) -> Self {
        self.options.use_inner_text = true;
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

    /// Not in the document.
    pub fn to_be_detached(self) -> Result {
        self.run(&Expectation::Detached)
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

    /// Disabled or read-only.
    pub fn to_be_read_only(self) -> Result {
        self.run(&Expectation::ReadOnly)
    }

    /// Checked.
    pub fn to_be_checked(self) -> Result {
        self.to_have_checked(true)
    }

    /// Not checked.
    pub fn to_be_unchecked(self) -> Result {
        self.to_have_checked(false)
    }

    /// Neither checked nor unchecked.
    pub fn to_be_indeterminate(self) -> Result {
        self.to_have_checked(Tristate::Mixed)
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
        self.run(&Expectation::InViewport(0.0))
    }

    /// At least this share of its area is within the viewport, 0 to 1.
    pub fn to_be_in_viewport_by(self, ratio: f64) -> Result {
        self.run(&Expectation::InViewport(ratio))
    }

    /// This is its whole text, white space folded.
    pub fn to_have_text(self, text: impl Into<ExpectedText>) -> Result {
        self.run(&Expectation::HasText(text.into().0))
    }

    /// This is a part of its text, white space folded.
    pub fn to_contain_text(self, text: impl Into<ExpectedText>) -> Result {
        self.run(&Expectation::ContainsText(text.into().0))
    }

    /// These are the whole texts of the elements, one each, in this order.
    ///
    /// ```no_run
    /// # use flowguard_sdk::prelude::*;
    /// # fn example(page: &Page) -> Result {
    /// expect(page.get_by_role(Role::Listitem, ())).to_have_texts(["Mugs", "Plates"])?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn to_have_texts<T: Into<ExpectedText>>(self, texts: impl IntoIterator<Item = T>) -> Result {
        self.run(&Expectation::HasTexts(each(texts)))
    }

    /// These are parts of the texts of some of the elements, in this order.
    pub fn to_contain_texts<T: Into<ExpectedText>>(self, texts: impl IntoIterator<Item = T>) -> Result {
        self.run(&Expectation::ContainsTexts(each(texts)))
    }

    /// The value of an input, text area or select, as it is.
    pub fn to_have_value(self, value: impl Into<ExpectedText>) -> Result {
        self.run(&Expectation::HasValue(value.into().0))
    }

    /// The values of the options selected in a `select` of several, in this order.
    pub fn to_have_values<T: Into<ExpectedText>>(self, values: impl IntoIterator<Item = T>) -> Result {
        self.run(&Expectation::HasValues(each(values)))
    }

    /// The attribute has this value, as it is.
    pub fn to_have_attribute(self, name: impl Into<String>, value: impl Into<ExpectedText>) -> Result {
        self.run(&Expectation::HasAttributeValue((name.into(), value.into().0)))
    }

    /// The attribute is there, with whatever value.
    pub fn to_have_attribute_present(self, name: impl Into<String>) -> Result {
        self.run(&Expectation::HasAttribute(name.into()))
    }

    /// This is the whole `class` attribute; for some of the classes see
    /// [`to_contain_class`](Self::to_contain_class).
    pub fn to_have_class(self, class: impl Into<ExpectedText>) -> Result {
        self.run(&Expectation::HasClass(class.into().0))
    }

    /// These are the whole `class` attributes of the elements, one each, in this order.
    pub fn to_have_classes<T: Into<ExpectedText>>(self, classes: impl IntoIterator<Item = T>) -> Result {
        self.run(&Expectation::HasClasses(each(classes)))
    }

    /// Has each of these blank-separated classes.
    pub fn to_contain_class(self, classes: impl Into<String>) -> Result {
        self.run(&Expectation::ContainsClass(classes.into()))
    }

    /// Each element has these blank-separated classes, in this order.
    pub fn to_contain_classes<T: Into<String>>(self, classes: impl IntoIterator<Item = T>) -> Result {
        let classes = classes.into_iter().map(Into::into).collect();
        self.run(&Expectation::ContainsClasses(classes))
    }

    /// The computed style property has this value, as the browser writes it: `rgb(0, 0, 0)`.
    pub fn to_have_css(self, property: impl Into<String>, value: impl Into<ExpectedText>) -> Result {
        self.style(property.into(), value.into(), None)
    }

    /// The same of the box that `::before` or `::after` adds.
    pub fn to_have_css_of(
        self,
        pseudo: PseudoElement,
        property: impl Into<String>,
        value: impl Into<ExpectedText>,
    ) -> Result {
        self.style(property.into(), value.into(), Some(pseudo))
    }

    fn style(self, property: String, value: ExpectedText, pseudo: Option<PseudoElement>) -> Result {
        let value = value.0;
        self.run(&Expectation::HasCss(StyleExpectation {
            property,
            value,
            pseudo,
        }))
    }

    /// The `id`.
    pub fn to_have_id(self, id: impl Into<ExpectedText>) -> Result {
        self.run(&Expectation::HasId(id.into().0))
    }

    /// The ARIA role, explicit or implied.
    pub fn to_have_role(self, role: Role) -> Result {
        self.run(&Expectation::HasRole(role))
    }

    /// The whole accessible name, white space folded.
    pub fn to_have_accessible_name(self, name: impl Into<ExpectedText>) -> Result {
        self.run(&Expectation::HasAccessibleName(name.into().0))
    }

    /// The whole accessible description, white space folded.
    pub fn to_have_accessible_description(self, description: impl Into<ExpectedText>) -> Result {
        self.run(&Expectation::HasAccessibleDescription(description.into().0))
    }

    /// The whole accessible error message of an invalid element, white space folded.
    pub fn to_have_accessible_error_message(self, message: impl Into<ExpectedText>) -> Result {
        self.run(&Expectation::HasAccessibleErrorMessage(message.into().0))
    }

    /// Exactly this many elements match.
    pub fn to_have_count(self, count: u32) -> Result {
        self.run(&Expectation::HasCount(count))
    }

    /// Its accessibility tree, or a part of it, fits the template; see
    /// [`aria_snapshot`](Locator::aria_snapshot).
    ///
    /// ```no_run
    /// # use flowguard_sdk::prelude::*;
    /// # fn example(page: &Page) -> Result {
    /// expect(page.get_by_role(Role::Navigation, ())).to_match_aria_snapshot(
    ///     r#"
    ///     - list:
    ///       - /children: equal
    ///       - listitem: Mugs
    ///       - listitem: /Plates \(\d+\)/
    ///     "#,
    /// )?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn to_match_aria_snapshot(self, template: impl Into<String>) -> Result {
        self.run(&Expectation::MatchesAriaSnapshot(template.into()))
    }
}

fn each<T: Into<ExpectedText>>(
    texts: impl IntoIterator<Item = T>,
) -> Vec<crate::bindings::flow::flowguard::plugin::types::ExpectedText> {
    texts.into_iter().map(|text| text.into().0).collect()
}

/// The matchers of a page, for whatever shows one.
macro_rules! page_matchers {
    ($($target:ty),+) => {$(
        impl Expect<$target> {
            fn run(self, what: &PageExpectation) -> Result {
                Ok(self.target.0.expect(what, &self.options)?)
            }

            /// This is the whole title, white space folded.
            pub fn to_have_title(self, title: impl Into<ExpectedText>) -> Result {
                self.run(&PageExpectation::HasTitle(title.into().0))
            }

            /// This is the whole address. A text that is not absolute is relative to the run's base URL.
            pub fn to_have_url(self, url: impl Into<ExpectedText>) -> Result {
                self.run(&PageExpectation::HasUrl(url.into().0))
            }

            /// The accessibility tree of the document, or a part of it, fits the template; see
            /// [`aria_snapshot`](Page::aria_snapshot).
            pub fn to_match_aria_snapshot(self, template: impl Into<String>) -> Result {
                self.run(&PageExpectation::MatchesAriaSnapshot(template.into()))
            }
        }
    )+};
}

page_matchers!(Page, PageView<'_>);
