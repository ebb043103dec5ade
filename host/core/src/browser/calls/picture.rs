//! The host calls that take, compare and read pictures. Data only.

use serde::{Deserialize, Serialize};

use super::declare::{calls, soft};
use super::{ExpectOptions, ImageFormat, ImageInfo, PageId, Rect};
use crate::artifact::Digest;
use crate::browser::locator::Locator;
use crate::budget::Charge;
use crate::failure::Failure;
use crate::gate::{Call, Soft};

/// What of a page a picture shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Area {
    /// What the viewport shows.
    #[default]
    Viewport,
    /// The whole page.
    FullPage,
    /// A part of the viewport, in CSS pixels.
    Clip(Rect),
}

/// How a picture is taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "four independent choices")]
pub struct ShotOptions {
    /// A name for the report, or of the baseline.
    pub name: String,
    /// What of the page; an element has its own area.
    pub area: Area,
    /// The format.
    pub format: ImageFormat,
    /// 0 to 100, of JPEG and WebP.
    pub quality: Option<u32>,
    /// Whether animations are brought to their end, and endless ones to their beginning, while it is taken.
    pub freeze_animations: bool,
    /// Whether the caret is hidden.
    pub hide_caret: bool,
    /// Whether a page without a background stays transparent.
    pub omit_background: bool,
    /// One pixel for each CSS pixel, whatever the device has.
    pub css_scale: bool,
    /// Elements that are painted over.
    pub mask: Vec<Locator>,
    /// The colour of the paint, as CSS writes it.
    pub mask_color: String,
    /// CSS that holds while it is taken.
    pub style: String,
    /// At most this long.
    pub timeout_ms: Option<u32>,
}

impl Default for ShotOptions {
    fn default() -> Self {
        Self {
            name: String::new(),
            area: Area::Viewport,
            format: ImageFormat::Png,
            quality: None,
            freeze_animations: false,
            hide_caret: true,
            omit_background: false,
            css_scale: false,
            mask: Vec::new(),
            mask_color: String::new(),
            style: String::new(),
            timeout_ms: None,
        }
    }
}

/// How far a picture may be from its baseline, as the guest says; what is not said is the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Likeness {
    /// How different two colours of one pixel may be, 0 to 1.
    pub threshold: Option<f64>,
    /// So many pixels may differ.
    pub max_diff_pixels: Option<u32>,
    /// This share of all pixels may differ, 0 to 1.
    pub max_diff_ratio: Option<f64>,
}

calls! {
    /// Takes a picture of a page or an element.
    TakeScreenshot {
        /// The page.
        page: PageId,
        /// The element; none for the page.
        locator: Option<Locator>,
        /// How.
        shot: ShotOptions,
    } "screenshot" -> ImageInfo; title call => screenshot_title(call);
        @charge Charge::Screenshot;
        @touches false;

    /// Compares a page or an element with its baseline.
    ExpectScreenshot {
        /// The page.
        page: PageId,
        /// The element; none for the page.
        locator: Option<Locator>,
        /// How the picture is taken.
        shot: ShotOptions,
        /// How far it may be from the baseline.
        likeness: Likeness,
        /// How the assertion is made.
        options: ExpectOptions,
    } "screenshot.expect" -> Soft<()>; title call => expectation_title(call);
        @charge Charge::Screenshot; @soft soft;
        @touches false;

    /// Copies an image's bytes into the guest. In the cassette the answer is the digest.
    ReadImage {
        /// The image.
        digest: Digest,
        /// Its length.
        bytes: u32,
    } "image.bytes" -> Digest; title call => format!("read image {}", call.digest.short());
        @touches false;
}

fn screenshot_title(call: &TakeScreenshot) -> String {
    let of = match (&call.locator, &call.shot.area) {
        (Some(locator), _) => format!(" of {locator}"),
        (None, Area::FullPage) => " of the whole page".to_owned(),
        (None, Area::Clip(_)) => " of a part of the page".to_owned(),
        (None, Area::Viewport) => String::new(),
    };
    if call.shot.name.is_empty() {
        format!("screenshot{of}")
    } else {
        format!("screenshot{of}: {}", call.shot.name)
    }
}

fn expectation_title(call: &ExpectScreenshot) -> String {
    let subject = call
        .locator
        .as_ref()
        .map_or_else(|| "the page".to_owned(), ToString::to_string);
    let not = if call.options.negated { "not " } else { "" };
    format!("expect {subject} {not}to look like {}", call.shot.name)
}
