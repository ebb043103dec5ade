//! A page of the run's own browser context.

use std::rc::Rc;
use std::time::Duration;

use crate::bindings::flow::flowguard::plugin::browser as host;
pub use host::{Outline, OutlineItem, Response};

use crate::devices::{Keyboard, Mouse};
use crate::failure::Result;
use crate::locator::Locator;
use crate::options::{GotoOptions, LoadState};
use crate::query::Locate;
use crate::screenshot::ScreenshotOptions;
use crate::text::ExpectedText;
use crate::time;
use crate::types::Size;
use crate::vision::Image;

/// A page. Clones are the same page. See [`Locate`] for how elements are found in it.
///
/// ```no_run
/// # use flowguard_sdk::prelude::*;
/// # fn example() -> Result {
/// let page = Page::open()?;
/// page.goto("/cart")?;
/// expect(&page).to_have_title("Cart")?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Page(pub(crate) Rc<host::Page>);

impl Locate for Page {
    fn locate(&self, query: &host::Query) -> Locator {
        self.0.locate(query).into()
    }
}

impl Page {
    /// Opens one more page. A flow that takes a `page` argument has its first one already.
    pub fn open() -> Result<Self> {
        Ok(Self(Rc::new(host::Page::open()?)))
    }

    /// Goes to an address, relative to the run's base URL, and waits for `load`.
    pub fn goto(&self, url: &str) -> Result<Response> {
        self.goto_with(url, GotoOptions::new())
    }

    /// [`goto`](Self::goto) with options.
    pub fn goto_with(&self, url: &str, options: GotoOptions) -> Result<Response> {
        Ok(self.0.goto(url, options.0)?)
    }

    /// Loads the page again and waits.
    pub fn reload(&self) -> Result<Response> {
        self.reload_with(GotoOptions::new())
    }

    /// [`reload`](Self::reload) with options.
    pub fn reload_with(&self, options: GotoOptions) -> Result<Response> {
        Ok(self.0.reload(options.0)?)
    }

    /// Goes one entry back in the history and waits.
    pub fn go_back(&self) -> Result<Response> {
        self.go_back_with(GotoOptions::new())
    }

    /// [`go_back`](Self::go_back) with options.
    pub fn go_back_with(&self, options: GotoOptions) -> Result<Response> {
        Ok(self.0.go_back(options.0)?)
    }

    /// Goes one entry forward in the history and waits.
    pub fn go_forward(&self) -> Result<Response> {
        self.go_forward_with(GotoOptions::new())
    }

    /// [`go_forward`](Self::go_forward) with options.
    pub fn go_forward_with(&self, options: GotoOptions) -> Result<Response> {
        Ok(self.0.go_forward(options.0)?)
    }

    /// Shows this markup in place of a document that is loaded, and waits for `load`.
    pub fn set_content(&self, html: &str) -> Result {
        self.set_content_with(html, GotoOptions::new())
    }

    /// [`set_content`](Self::set_content) with options.
    pub fn set_content_with(&self, html: &str, options: GotoOptions) -> Result {
        Ok(self.0.set_content(html, options.0)?)
    }

    /// The document's markup with its doctype.
    pub fn content(&self) -> Result<String> {
        Ok(self.0.content()?)
    }

    /// Brings the page to the front of its window.
    pub fn bring_to_front(&self) -> Result {
        Ok(self.0.bring_to_front()?)
    }

    /// Waits until the document has reached the state, for the rest of the run's time.
    pub fn wait_for_load_state(&self, state: LoadState) -> Result {
        Ok(self.0.wait_for_load_state(state, None)?)
    }

    /// Waits at most this long until the document has reached the state.
    pub fn wait_for_load_state_within(&self, state: LoadState, limit: Duration) -> Result {
        Ok(self
            .0
            .wait_for_load_state(state, Some(time::milliseconds(limit)))?)
    }

    /// Waits until this is the address; a text that is not absolute is relative to the run's base URL.
    pub fn wait_for_url(&self, url: impl Into<ExpectedText>) -> Result {
        Ok(self.0.wait_for_url(&url.into().0, None)?)
    }

    /// Waits at most this long until this is the address.
    pub fn wait_for_url_within(&self, url: impl Into<ExpectedText>, limit: Duration) -> Result {
        Ok(self
            .0
            .wait_for_url(&url.into().0, Some(time::milliseconds(limit)))?)
    }

    /// The address of the main frame.
    pub fn url(&self) -> Result<String> {
        Ok(self.0.url()?)
    }

    /// The document's title.
    pub fn title(&self) -> Result<String> {
        Ok(self.0.title()?)
    }

    /// Sets the size of the viewport. A page opens at 1280 × 720.
    pub fn set_viewport_size(&self, width: u32, height: u32) -> Result {
        Ok(self.0.set_viewport_size(Size { width, height })?)
    }

    /// Presses a key or a chord on whatever has the focus: `Enter`, `Control+a`.
    pub fn press(&self, key: &str) -> Result {
        self.keyboard().press(key)
    }

    /// The page's mouse.
    pub const fn mouse(&self) -> Mouse<'_> {
        Mouse(self)
    }

    /// The page's keyboard.
    pub const fn keyboard(&self) -> Keyboard<'_> {
        Keyboard(self)
    }

    /// Touches the screen at a place of the viewport. The page must have a touch screen.
    pub fn tap(&self, x: f64, y: f64) -> Result {
        Ok(self.0.tap(host::Position { x, y })?)
    }

    /// The accessibility tree of the document's body in YAML, to be read or pasted into
    /// [`to_match_aria_snapshot`](crate::Expect::to_match_aria_snapshot).
    pub fn aria_snapshot(&self) -> Result<String> {
        Ok(self.0.aria_snapshot()?)
    }

    /// Takes a screenshot of the viewport under this name; it appears in the report.
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

    /// The document's links, images and visible text, in one call.
    pub fn outline(&self) -> Result<Outline> {
        Ok(self.0.outline()?)
    }

    /// Fetches an address with the page's cookies and tells the HTTP status.
    pub fn probe(&self, url: &str) -> Result<u32> {
        Ok(self.0.probe(url, None)?)
    }

    /// Closes the page; later calls on it, or on a clone of it, fail.
    pub fn close(&self) -> Result {
        Ok(self.0.close()?)
    }
}
