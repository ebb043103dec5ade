//! How elements are asked for: the short forms that become queries and conditions of the contract.
//! Never calls the host but to make a locator.

use crate::bindings::flow::flowguard::plugin::browser as host;
pub use host::Tristate;

use crate::locator::Locator;
use crate::role::Role;
use crate::text::{Text, exact};

/// What elements can be found in: a [`Page`](crate::Page), a [`Locator`], the
/// [`PageView`](crate::PageView) of a custom assertion.
pub trait Locate {
    /// Finds by a query of the contract; the methods below are how it is written.
    #[doc(hidden)]
    fn locate(&self, query: &host::Query) -> Locator;

    /// By ARIA role and accessible name. The second argument is the name, `()` for any, or [`RoleOptions`].
    ///
    /// ```no_run
    /// # use flowguard_sdk::prelude::*;
    /// # fn example(page: &Page) -> Result {
    /// page.get_by_role(Role::Link, "Mugs").click()?;
    /// expect(page.get_by_role(Role::Heading, RoleOptions::new().level(1))).to_have_text("Mugs")?;
    /// # Ok(())
    /// # }
    /// ```
    fn get_by_role(&self, role: Role, options: impl Into<RoleOptions>) -> Locator {
        self.locate(&host::Query::Role(options.into().query(role)))
    }

    /// The smallest elements whose own text matches.
    fn get_by_text(&self, text: impl Into<Text>) -> Locator {
        self.locate(&host::Query::Text(text.into().0))
    }

    /// Controls by the text of their label, `aria-label` or `aria-labelledby`.
    fn get_by_label(&self, text: impl Into<Text>) -> Locator {
        self.locate(&host::Query::Label(text.into().0))
    }

    /// By the `placeholder` attribute.
    fn get_by_placeholder(&self, text: impl Into<Text>) -> Locator {
        self.locate(&host::Query::Placeholder(text.into().0))
    }

    /// By the `alt` attribute.
    fn get_by_alt_text(&self, text: impl Into<Text>) -> Locator {
        self.locate(&host::Query::AltText(text.into().0))
    }

    /// By the `title` attribute.
    fn get_by_title(&self, text: impl Into<Text>) -> Locator {
        self.locate(&host::Query::Title(text.into().0))
    }

    /// By the test id, `data-testid` unless the run says otherwise: the whole id, or a pattern.
    fn get_by_test_id(&self, id: impl Into<TestId>) -> Locator {
        self.locate(&host::Query::TestId(id.into().0.0))
    }

    /// By CSS selector. Shadow roots are pierced, and Playwright's additions work: `:visible`,
    /// `:has-text("Pay")`, `:text-is("Pay")`, `:nth-match(li, 2)`, `:right-of(label)`.
    fn locator(&self, css: &str) -> Locator {
        self.locate(&host::Query::Css(css.into()))
    }

    /// By XPath expression, which does not see into shadow roots.
    fn get_by_xpath(&self, expression: &str) -> Locator {
        self.locate(&host::Query::Xpath(expression.into()))
    }

    /// The document inside the frame element that this CSS selector finds.
    fn frame_locator(&self, css: &str) -> Locator {
        self.locator(css).content_frame()
    }
}

/// A test id: unlike other texts, a plain string is the whole id.
#[derive(Clone, Debug, PartialEq)]
pub struct TestId(Text);

impl From<&str> for TestId {
    fn from(id: &str) -> Self {
        Self(exact(id))
    }
}

impl From<String> for TestId {
    fn from(id: String) -> Self {
        Self(exact(id))
    }
}

impl From<Text> for TestId {
    fn from(id: Text) -> Self {
        Self(id)
    }
}

impl From<crate::Pattern> for TestId {
    fn from(id: crate::Pattern) -> Self {
        Self(id.into())
    }
}

/// Name and states that an element found by role must have. What is not said does not restrict.
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct RoleOptions {
    name: Option<Text>,
    description: Option<Text>,
    checked: Option<Tristate>,
    disabled: Option<bool>,
    expanded: Option<bool>,
    level: Option<u32>,
    pressed: Option<Tristate>,
    selected: Option<bool>,
    include_hidden: bool,
}

impl RoleOptions {
    /// Any element of the role.
    pub fn new() -> Self {
        Self::default()
    }

    /// The accessible name.
    pub fn name(mut self, name: impl Into<Text>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The accessible description.
    pub fn description(mut self, description: impl Into<Text>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Checked (true), unchecked (false) or [`Tristate::Mixed`].
    pub fn checked(mut self, state: impl Into<Checked>) -> Self {
        self.checked = Some(state.into().0);
        self
    }

    /// Disabled or not.
    pub fn disabled(mut self, disabled: bool) -> Self {
        self.disabled = Some(disabled);
        self
    }

    /// Expanded or collapsed.
    pub fn expanded(mut self, expanded: bool) -> Self {
        self.expanded = Some(expanded);
        self
    }

    /// The level of a heading, tree item or row, from 1.
    pub fn level(mut self, level: u32) -> Self {
        self.level = Some(level);
        self
    }

    /// Pressed (true), not pressed (false) or [`Tristate::Mixed`].
    pub fn pressed(mut self, state: impl Into<Checked>) -> Self {
        self.pressed = Some(state.into().0);
        self
    }

    /// Selected or not.
    pub fn selected(mut self, selected: bool) -> Self {
        self.selected = Some(selected);
        self
    }

    /// Also elements that are hidden from assistive technology.
    pub fn include_hidden(mut self) -> Self {
        self.include_hidden = true;
        self
    }

    fn query(self, role: Role) -> host::RoleQuery {
        host::RoleQuery {
            role,
            name: self.name.map(|name| name.0),
            description: self.description.map(|description| description.0),
            checked: self.checked,
            disabled: self.disabled,
            expanded: self.expanded,
            level: self.level,
            pressed: self.pressed,
            selected: self.selected,
            include_hidden: self.include_hidden,
        }
    }
}

impl From<()> for RoleOptions {
    fn from((): ()) -> Self {
        Self::new()
    }
}

impl<T: Into<Text>> From<T> for RoleOptions {
    fn from(name: T) -> Self {
        Self::new().name(name)
    }
}

/// A state of checking or pressing: a `bool` or a [`Tristate`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Checked(pub(crate) Tristate);

impl From<bool> for Checked {
    fn from(on: bool) -> Self {
        Self(if on { Tristate::On } else { Tristate::Off })
    }
}

impl From<Tristate> for Checked {
    fn from(state: Tristate) -> Self {
        Self(state)
    }
}

/// A condition for [`Locator::filter`]; made by [`has`], [`has_not`], [`has_text`], [`has_not_text`], [`visible`]
/// and [`hidden`].
#[derive(Clone)]
pub struct Filter(pub(crate) Condition);

#[derive(Clone)]
pub(crate) enum Condition {
    Own(host::Filter),
    Has(Locator),
    HasNot(Locator),
}

/// The other locator finds something inside the element.
pub fn has(inner: &Locator) -> Filter {
    Filter(Condition::Has(inner.clone()))
}

/// The other locator finds nothing inside the element.
pub fn has_not(inner: &Locator) -> Filter {
    Filter(Condition::HasNot(inner.clone()))
}

/// Its text contains or matches this.
pub fn has_text(text: impl Into<Text>) -> Filter {
    Filter(Condition::Own(host::Filter::HasText(text.into().0)))
}

/// Its text does not contain or match this.
pub fn has_not_text(text: impl Into<Text>) -> Filter {
    Filter(Condition::Own(host::Filter::HasNotText(text.into().0)))
}

/// It is visible.
pub fn visible() -> Filter {
    Filter(Condition::Own(host::Filter::Visible(true)))
}

/// It is not visible.
pub fn hidden() -> Filter {
    Filter(Condition::Own(host::Filter::Visible(false)))
}

/// Which option of a `select`: a plain string is its label.
#[derive(Clone, PartialEq)]
pub struct Choice(pub(crate) host::Choice);

/// The option with this `value`.
pub fn by_value(value: impl Into<String>) -> Choice {
    Choice(host::Choice::Value(value.into()))
}

/// The option at this place, from 0.
pub fn by_index(index: u32) -> Choice {
    Choice(host::Choice::Index(index))
}

impl<T: Into<String>> From<T> for Choice {
    fn from(label: T) -> Self {
        Self(host::Choice::Label(label.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(role: Role, options: impl Into<RoleOptions>) -> host::RoleQuery {
        options.into().query(role)
    }

    #[test]
    fn a_name_nothing_or_options_select_by_role() {
        assert_eq!(query(Role::Link, ()).name, None);
        assert_eq!(query(Role::Link, "Mugs").name, Some(Text::from("Mugs").0));
        assert_eq!(query(Role::Link, exact("Mugs")).name, Some(exact("Mugs").0));
        let found = query(
            Role::Checkbox,
            RoleOptions::new().name("Terms").checked(true).disabled(false),
        );
        assert_eq!((found.checked, found.disabled), (Some(Tristate::On), Some(false)));
        assert_eq!((found.level, found.include_hidden), (None, false));
    }

    #[test]
    fn a_test_id_is_the_whole_id() {
        assert_eq!(TestId::from("cart").0, exact("cart"));
        assert_eq!(
            TestId::from(crate::pattern("^cart")).0,
            Text::from(crate::pattern("^cart"))
        );
    }

    #[test]
    fn a_plain_choice_is_a_label() {
        assert!(matches!(Choice::from("Red").0, host::Choice::Label(label) if label == "Red"));
        assert!(matches!(by_value("red").0, host::Choice::Value(value) if value == "red"));
        assert!(matches!(by_index(2).0, host::Choice::Index(2)));
    }
}
