//! Acting on elements and reading them. Never waits or retries: the host does.

use std::rc::Rc;
use std::time::Duration;

use crate::bindings::flow::flowguard::plugin::browser as host;

use crate::failure::Result;
use crate::options::{ActionOptions, PointerOptions};
use crate::query::{Choice, Condition, Filter, Locate};
use crate::screenshot::ScreenshotOptions;
use crate::types::Rect;
use crate::vision::Image;

/// How to find elements: a description that is resolved anew at each use, so it never goes stale and costs
/// nothing to make or clone. A call that acts on one element fails where several match.
///
/// ```no_run
/// # use flowguard_sdk::prelude::*;
/// # fn example(page: &Page) -> Result {
/// let card = page.get_by_test_id("product").filter(has_text("Blue mug"));
/// card.get_by_role(Role::Button, "Add to cart").click()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Locator(pub(crate) Rc<host::Locator>);

impl Locate for Locator {
    fn locate(&self, query: &host::Query) -> Locator {
        Self::from(self.0.locate(query))
    }
}

impl From<host::Locator> for Locator {
    fn from(handle: host::Locator) -> Self {
        Self(Rc::new(handle))
    }
}

impl Locator {
    /// Only the elements that meet the condition.
    #[must_use]
    pub fn filter(&self, condition: Filter) -> Self {
        match condition.0 {
            Condition::Own(own) => self.0.filter(&own).into(),
            Condition::Has(inner) => self.0.has(&inner.0).into(),
            Condition::HasNot(inner) => self.0.has_not(&inner.0).into(),
        }
    }

    /// Only the n-th element, from 0; negative counts from the end.
    #[must_use]
    pub fn nth(&self, index: i32) -> Self {
        self.0.nth(index).into()
    }

    /// Only the first element.
    #[must_use]
    pub fn first(&self) -> Self {
        self.nth(0)
    }

    /// Only the last element.
    #[must_use]
    pub fn last(&self) -> Self {
        self.nth(-1)
    }

    /// The elements that both match.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        self.0.and(&other.0).into()
    }

    /// The elements that either matches, in the order of the document.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        self.0.or(&other.0).into()
    }

    /// The document inside the frame element that this locates.
    #[must_use]
    pub fn content_frame(&self) -> Self {
        self.0.content_frame().into()
    }

    /// The locator as people write it: `button "Pay"`.
    pub fn describe(&self) -> String {
        self.0.describe()
    }

    /// Waits until the element is visible, stable, enabled and hit by the pointer; clicks.
    pub fn click(&self) -> Result {
        self.click_with(PointerOptions::new())
    }

    /// [`click`](Self::click) with options.
    pub fn click_with(&self, options: PointerOptions) -> Result {
        Ok(self.0.click(options.0)?)
    }

    /// Clicks twice in a row.
    pub fn double_click(&self) -> Result {
        self.click_with(PointerOptions::new().click_count(2))
    }

    /// Waits until the element is visible, stable and hit by the pointer; moves the mouse there.
    pub fn hover(&self) -> Result {
        self.hover_with(PointerOptions::new())
    }

    /// [`hover`](Self::hover) with options.
    pub fn hover_with(&self, options: PointerOptions) -> Result {
        Ok(self.0.hover(options.0)?)
    }

    /// Waits until the element is visible, enabled and editable; replaces its text.
    pub fn fill(&self, value: impl AsRef<str>) -> Result {
        self.fill_with(value, ActionOptions::new())
    }

    /// [`fill`](Self::fill) with options.
    pub fn fill_with(&self, value: impl AsRef<str>, options: ActionOptions) -> Result {
        Ok(self.0.fill(value.as_ref(), options.0)?)
    }

    /// Empties the field.
    pub fn clear(&self) -> Result {
        self.fill("")
    }

    /// Focuses the element and presses a key or a chord: `Enter`, `Control+a`.
    pub fn press(&self, key: &str) -> Result {
        self.press_with(key, ActionOptions::new())
    }

    /// [`press`](Self::press) with options.
    pub fn press_with(&self, key: &str, options: ActionOptions) -> Result {
        Ok(self.0.press(key, options.0)?)
    }

    /// Focuses the element.
    pub fn focus(&self) -> Result {
        self.focus_with(ActionOptions::new())
    }

    /// [`focus`](Self::focus) with options.
    pub fn focus_with(&self, options: ActionOptions) -> Result {
        Ok(self.0.focus(options.0)?)
    }

    /// Checks a check box, radio button or switch, unless it is checked, and makes sure.
    pub fn check(&self) -> Result {
        self.check_with(PointerOptions::new())
    }

    /// [`check`](Self::check) with options.
    pub fn check_with(&self, options: PointerOptions) -> Result {
        Ok(self.0.check(options.0)?)
    }

    /// Unchecks a check box or switch, unless it is unchecked, and makes sure.
    pub fn uncheck(&self) -> Result {
        self.uncheck_with(PointerOptions::new())
    }

    /// [`uncheck`](Self::uncheck) with options.
    pub fn uncheck_with(&self, options: PointerOptions) -> Result {
        Ok(self.0.uncheck(options.0)?)
    }

    /// Selects one option of a `select`, by label, [`by_value`] or [`by_index`]; answers the values selected.
    pub fn select_option(&self, choice: impl Into<Choice>) -> Result<Vec<String>> {
        self.select_options([choice.into()])
    }

    /// Selects exactly these options of a `select` that takes several.
    pub fn select_options<C: Into<Choice>>(
        &self,
        choices: impl IntoIterator<Item = C>,
    ) -> Result<Vec<String>> {
        self.select_options_with(choices, ActionOptions::new())
    }

    /// [`select_options`](Self::select_options) with options.
    pub fn select_options_with<C: Into<Choice>>(
        &self,
        choices: impl IntoIterator<Item = C>,
        options: ActionOptions,
    ) -> Result<Vec<String>> {
        let choices: Vec<_> = choices.into_iter().map(|choice| choice.into().0).collect();
        Ok(self.0.select_option(&choices, options.0)?)
    }

    /// Waits for the element; its accessibility tree in YAML: role, name and states of each node, a line each.
    ///
    /// ```no_run
    /// # use flowguard_sdk::prelude::*;
    /// # fn example(page: &Page) -> Result {
    /// let tree = page.get_by_role(Role::Navigation, ()).aria_snapshot()?;
    /// attach("navigation.yaml", "application/yaml", tree)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn aria_snapshot(&self) -> Result<String> {
        Ok(self.0.aria_snapshot(None)?)
    }

    /// How many match now; does not wait. To wait for a number, `expect(…).to_have_count(…)`.
    pub fn count(&self) -> Result<u32> {
        Ok(self.0.count()?)
    }

    /// Whether the one element is visible now; does not wait. To wait, `expect(…).to_be_visible()`.
    pub fn is_visible(&self) -> Result<bool> {
        Ok(self.0.is_visible()?)
    }

    /// Waits for the element; its `textContent`.
    pub fn text_content(&self) -> Result<String> {
        Ok(self.0.text_content(None)?)
    }

    /// The rendered texts of all that match now; does not wait.
    pub fn all_inner_texts(&self) -> Result<Vec<String>> {
        Ok(self.0.all_inner_texts()?)
    }

    /// Waits for the element; the value of an input, text area or select.
    pub fn input_value(&self) -> Result<String> {
        Ok(self.0.input_value(None)?)
    }

    /// Waits for the element; an attribute, none where it has not.
    pub fn attribute(&self, name: &str) -> Result<Option<String>> {
        Ok(self.0.attribute(name, None)?)
    }

    /// Waits for the element; its box, none where it has no box.
    pub fn bounding_box(&self) -> Result<Option<Rect>> {
        Ok(self.0.bounding_box(None)?)
    }

    /// Waits at most this long until the element is in the document.
    pub fn wait_for(&self, limit: Duration) -> Result {
        crate::expect(self).within(limit).to_be_attached()
    }

    /// Waits until the element is visible and stable; takes a screenshot of it under this name.
    pub fn screenshot(&self, name: &str) -> Result<Image> {
        self.screenshot_with(ScreenshotOptions::new().name(name))
    }

    /// [`screenshot`](Self::screenshot) with options.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "options are written where they are used"
    )]
    pub fn screenshot_with(&self, options: ScreenshotOptions) -> Result<Image> {
        let (shot, mask) = options.host();
        Ok(Image::from(self.0.screenshot(shot, &mask)?))
    }
}
