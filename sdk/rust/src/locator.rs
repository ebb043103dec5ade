//! Acting on elements and reading them. Never waits or retries: the host does.

use std::rc::Rc;
use std::time::Duration;

use crate::bindings::flow::flowguard::plugin::browser as host;

use crate::failure::Result;
use crate::options::{ActionOptions, DragOptions, ElementState, KeyOptions, PointerOptions, Presence};
use crate::query::{Choice, Condition, Filter, Locate};
use crate::screenshot::ScreenshotOptions;
use crate::time;
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

    /// As a click, with a finger. The page must have a touch screen.
    pub fn tap(&self) -> Result {
        self.tap_with(PointerOptions::new())
    }

    /// [`tap`](Self::tap) with options.
    pub fn tap_with(&self, options: PointerOptions) -> Result {
        Ok(self.0.tap(options.0)?)
    }

    /// Picks the element up with the mouse and drops it on another. Where the page begins a drag, that is
    /// dropped.
    pub fn drag_to(&self, target: &Self) -> Result {
        self.drag_to_with(target, DragOptions::new())
    }

    /// [`drag_to`](Self::drag_to) with options.
    pub fn drag_to_with(&self, target: &Self, options: DragOptions) -> Result {
        Ok(self.0.drag_to(&target.0, options.0)?)
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
        self.press_with(key, KeyOptions::new())
    }

    /// [`press`](Self::press) with options.
    pub fn press_with(&self, key: &str, options: KeyOptions) -> Result {
        Ok(self.0.press(key, options.0)?)
    }

    /// Focuses the element and types a text by its keys, for what listens to each; [`fill`](Self::fill) is for
    /// everything else.
    pub fn press_sequentially(&self, text: impl AsRef<str>) -> Result {
        self.press_sequentially_with(text, KeyOptions::new())
    }

    /// [`press_sequentially`](Self::press_sequentially) with options.
    pub fn press_sequentially_with(&self, text: impl AsRef<str>, options: KeyOptions) -> Result {
        Ok(self.0.press_sequentially(text.as_ref(), options.0)?)
    }

    /// Waits until the element is visible; selects all of its text.
    pub fn select_text(&self) -> Result {
        self.select_text_with(ActionOptions::new())
    }

    /// [`select_text`](Self::select_text) with options.
    pub fn select_text_with(&self, options: ActionOptions) -> Result {
        Ok(self.0.select_text(options.0)?)
    }

    /// Focuses the element.
    pub fn focus(&self) -> Result {
        self.focus_with(ActionOptions::new())
    }

    /// [`focus`](Self::focus) with options.
    pub fn focus_with(&self, options: ActionOptions) -> Result {
        Ok(self.0.focus(options.0)?)
    }

    /// Takes the focus away from the element.
    pub fn blur(&self) -> Result {
        self.blur_with(ActionOptions::new())
    }

    /// [`blur`](Self::blur) with options.
    pub fn blur_with(&self, options: ActionOptions) -> Result {
        Ok(self.0.blur(options.0)?)
    }

    /// Checks a check box, radio button or switch, unless it is checked, and makes sure.
    pub fn check(&self) -> Result {
        self.set_checked(true)
    }

    /// [`check`](Self::check) with options.
    pub fn check_with(&self, options: PointerOptions) -> Result {
        self.set_checked_with(true, options)
    }

    /// Unchecks a check box or switch, unless it is unchecked, and makes sure.
    pub fn uncheck(&self) -> Result {
        self.set_checked(false)
    }

    /// [`uncheck`](Self::uncheck) with options.
    pub fn uncheck_with(&self, options: PointerOptions) -> Result {
        self.set_checked_with(false, options)
    }

    /// [Checks](Self::check) or [unchecks](Self::uncheck).
    pub fn set_checked(&self, checked: bool) -> Result {
        self.set_checked_with(checked, PointerOptions::new())
    }

    /// [`set_checked`](Self::set_checked) with options.
    pub fn set_checked_with(&self, checked: bool, options: PointerOptions) -> Result {
        Ok(self.0.set_checked(checked, options.0)?)
    }

    /// Waits until the element stands still; scrolls until it can be seen.
    pub fn scroll_into_view(&self) -> Result {
        self.scroll_into_view_with(ActionOptions::new())
    }

    /// [`scroll_into_view`](Self::scroll_into_view) with options.
    pub fn scroll_into_view_with(&self, options: ActionOptions) -> Result {
        Ok(self.0.scroll_into_view(options.0)?)
    }

    /// Sends an event that is not a person's, for example `click` to an element that no pointer reaches. `init`
    /// is a JSON object of its properties.
    pub fn dispatch_event(&self, event: &str, init: Option<&str>) -> Result {
        self.dispatch_event_with(event, init, ActionOptions::new())
    }

    /// [`dispatch_event`](Self::dispatch_event) with options.
    pub fn dispatch_event_with(&self, event: &str, init: Option<&str>, options: ActionOptions) -> Result {
        Ok(self.0.dispatch_event(event, init, options.0)?)
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
        Ok(self.0.is_in_state(ElementState::Visible, None)?)
    }

    /// Whether the one element is hidden now, or not there; does not wait.
    pub fn is_hidden(&self) -> Result<bool> {
        Ok(self.0.is_in_state(ElementState::Hidden, None)?)
    }

    /// Waits for the element; whether it is enabled.
    pub fn is_enabled(&self) -> Result<bool> {
        Ok(self.0.is_in_state(ElementState::Enabled, None)?)
    }

    /// Waits for the element; whether it is disabled.
    pub fn is_disabled(&self) -> Result<bool> {
        Ok(self.0.is_in_state(ElementState::Disabled, None)?)
    }

    /// Waits for the element; whether it is enabled and not read-only.
    pub fn is_editable(&self) -> Result<bool> {
        Ok(self.0.is_in_state(ElementState::Editable, None)?)
    }

    /// Waits for the element; whether it is checked.
    pub fn is_checked(&self) -> Result<bool> {
        Ok(self.0.is_in_state(ElementState::Checked, None)?)
    }

    /// Waits for the element; its `textContent`.
    pub fn text_content(&self) -> Result<String> {
        Ok(self.0.text_content(None)?)
    }

    /// Waits for the element; its text as it is rendered.
    pub fn inner_text(&self) -> Result<String> {
        Ok(self.0.inner_text(None)?)
    }

    /// Waits for the element; the markup in it.
    pub fn inner_html(&self) -> Result<String> {
        Ok(self.0.inner_html(None)?)
    }

    /// The `textContent` of all that match now; does not wait.
    pub fn all_text_contents(&self) -> Result<Vec<String>> {
        Ok(self.0.all_text_contents()?)
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

    /// Waits until the element is there, gone, visible or hidden.
    pub fn wait_for(&self, state: Presence) -> Result {
        Ok(self.0.wait_for(state, None)?)
    }

    /// [`wait_for`](Self::wait_for), at most this long.
    pub fn wait_for_within(&self, state: Presence, limit: Duration) -> Result {
        Ok(self.0.wait_for(state, Some(time::milliseconds(limit)))?)
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
