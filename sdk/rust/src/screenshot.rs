//! How a screenshot is taken, and how far it may be from its baseline. Taking it is the page's or the locator's.

use std::time::Duration;

use crate::bindings::flow::flowguard::plugin::browser as host;
pub use host::ImageFormat;

use crate::expect::Expect;
use crate::failure::Result;
use crate::locator::Locator;
use crate::page::Page;
use crate::time;
use crate::types::Rect;

/// Options of a screenshot.
///
/// ```no_run
/// # use flowguard_sdk::prelude::*;
/// # fn example(page: &Page) -> Result {
/// let options = ScreenshotOptions::new().full_page().mask(page.get_by_test_id("clock"));
/// page.screenshot_with(options.name("whole page"))?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct ScreenshotOptions {
    host: host::ScreenshotOptions,
    mask: Vec<Locator>,
}

impl ScreenshotOptions {
    /// The viewport, or the element, as PNG, without a name; the caret is hidden.
    pub fn new() -> Self {
        let host = host::ScreenshotOptions {
            name: String::new(),
            area: host::ShotArea::Viewport,
            format: ImageFormat::Png,
            quality: None,
            freeze_animations: false,
            hide_caret: true,
            omit_background: false,
            css_scale: false,
            mask_color: String::new(),
            style: String::new(),
            timeout: None,
        };
        Self {
            host,
            mask: Vec::new(),
        }
    }

    /// A name for the report.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.host.name = name.into();
        self
    }

    /// The whole page instead of the viewport. Means nothing for an element.
    pub fn full_page(mut self) -> Self {
        self.host.area = host::ShotArea::FullPage;
        self
    }

    /// A part of the viewport, in CSS pixels. Means nothing for an element.
    pub fn clip(mut self, x: f64, y: f64, width: f64, height: f64) -> Self {
        self.host.area = host::ShotArea::Clip(Rect { x, y, width, height });
        self
    }

    /// The format.
    pub fn format(mut self, format: ImageFormat) -> Self {
        self.host.format = format;
        self
    }

    /// The quality of JPEG or WebP, 0 to 100; 80 if nothing is said.
    pub fn quality(mut self, quality: u32) -> Self {
        self.host.quality = Some(quality);
        self
    }

    /// Brings animations to their end, and endless ones to their beginning, while it is taken.
    pub fn freeze_animations(mut self) -> Self {
        self.host.freeze_animations = true;
        self
    }

    /// Shows the caret where it blinks.
    pub fn show_caret(mut self) -> Self {
        self.host.hide_caret = false;
        self
    }

    /// Leaves a page without a background transparent.
    pub fn omit_background(mut self) -> Self {
        self.host.omit_background = true;
        self
    }

    /// One pixel for each CSS pixel, whatever the device has.
    pub fn css_scale(mut self) -> Self {
        self.host.css_scale = true;
        self
    }

    /// Paints over the boxes of all elements that match; may be repeated.
    pub fn mask(mut self, locator: Locator) -> Self {
        self.mask.push(locator);
        self
    }

    /// The colour of the paint, as CSS writes it.
    pub fn mask_color(mut self, color: impl Into<String>) -> Self {
        self.host.mask_color = color.into();
        self
    }

    /// CSS that holds while it is taken.
    pub fn style(mut self, css: impl Into<String>) -> Self {
        self.host.style = css.into();
        self
    }

    /// At most this long, instead of the run's action timeout.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.host.timeout = Some(time::milliseconds(limit));
        self
    }

    /// What the contract takes: the options and the masks.
    pub(crate) fn host(&self) -> (&host::ScreenshotOptions, Vec<&host::Locator>) {
        (&self.host, self.mask.iter().map(|locator| &*locator.0).collect())
    }
}

impl Default for ScreenshotOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// How far a picture may be from its baseline: not at all, unless more is said.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct Likeness(host::Likeness);

impl Likeness {
    /// No pixel may differ visibly; the blur of edges is forgiven.
    pub fn new() -> Self {
        Self(host::Likeness {
            threshold: None,
            max_diff_pixels: None,
            max_diff_ratio: None,
        })
    }

    /// How different two colours of one pixel may be, 0 (equal) to 1; 0.2 if nothing is said.
    pub fn threshold(mut self, threshold: f64) -> Self {
        self.0.threshold = Some(threshold);
        self
    }

    /// So many pixels may differ.
    pub fn max_diff_pixels(mut self, pixels: u32) -> Self {
        self.0.max_diff_pixels = Some(pixels);
        self
    }

    /// This share of all pixels may differ, 0 to 1.
    pub fn max_diff_ratio(mut self, ratio: f64) -> Self {
        self.0.max_diff_ratio = Some(ratio);
        self
    }
}

impl Default for Likeness {
    fn default() -> Self {
        Self::new()
    }
}

impl Expect<Page> {
    /// The viewport looks like the baseline of this name, with animations frozen. `flowguard run
    /// --update-baselines` makes the baselines.
    pub fn to_have_screenshot(self, name: &str) -> Result {
        let options = ScreenshotOptions::new().freeze_animations();
        self.to_have_screenshot_with(options.name(name), Likeness::new())
    }

    /// [`to_have_screenshot`](Self::to_have_screenshot) with options; their name is the baseline's.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "options are written where they are used"
    )]
    pub fn to_have_screenshot_with(self, options: ScreenshotOptions, likeness: Likeness) -> Result {
        let (shot, mask) = options.host();
        let page = &self.target.0;
        Ok(page.expect_screenshot(shot, &mask, likeness.0, &self.options)?)
    }
}

impl Expect<Locator> {
    /// The element looks like the baseline of this name, with animations frozen. `flowguard run
    /// --update-baselines` makes the baselines.
    pub fn to_have_screenshot(self, name: &str) -> Result {
        let options = ScreenshotOptions::new().freeze_animations();
        self.to_have_screenshot_with(options.name(name), Likeness::new())
    }

    /// [`to_have_screenshot`](Self::to_have_screenshot) with options; their name is the baseline's.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "options are written where they are used"
    )]
    pub fn to_have_screenshot_with(self, options: ScreenshotOptions, likeness: Likeness) -> Result {
        let (shot, mask) = options.host();
        let locator = &self.target.0;
        Ok(locator.expect_screenshot(shot, &mask, likeness.0, &self.options)?)
    }
}
