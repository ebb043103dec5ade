//! The host calls of the browser capability: their arguments as plain data, and what the gate must know of
//! each. No behaviour; that is in [`super::session`]. Here are the types that several calls share; the calls
//! are one file a subject.

mod batch;
mod clock;
mod context;
mod declare;
mod events;
mod locator;
mod overlays;
mod page;
mod picture;

use serde::{Deserialize, Serialize};

use super::locator::Locator;
use super::port::{Modifiers, MouseButton};
use crate::artifact::Digest;

pub use batch::*;
pub use clock::*;
pub use context::*;
pub use events::*;
pub use locator::*;
pub use overlays::*;
pub use page::*;
pub use picture::*;

/// Names a page within its run.
pub type PageId = u32;

/// Width and height in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

/// A rectangle in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rect {
    /// Left edge.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

/// A point in an element's padding box.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// To the right.
    pub x: f64,
    /// Down.
    pub y: f64,
}

/// How an image is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImageFormat {
    /// Lossless.
    Png,
    /// Lossy.
    Jpeg,
    /// Lossy.
    Webp,
}

impl ImageFormat {
    /// Its media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
        }
    }
}

/// What is known of an image without its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageInfo {
    /// Its content.
    pub digest: Digest,
    /// Its media type.
    pub media_type: String,
    /// In device pixels.
    pub size: Size,
    /// Length of the encoded bytes.
    pub bytes: u32,
}

/// The main document's response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
    /// The address after redirects.
    pub url: String,
    /// HTTP status, 0 where there is none.
    pub status: u16,
}

/// A link or an image of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutlineItem {
    /// The absolute address.
    pub url: String,
    /// The accessible name or the text.
    pub name: String,
    /// Whether an image has loaded.
    pub loaded: bool,
    /// A selector that finds it again.
    pub selector: String,
    /// Whether a person can see it.
    pub visible: bool,
}

/// A document's links, images and text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// Links.
    pub links: Vec<OutlineItem>,
    /// Images.
    pub images: Vec<OutlineItem>,
    /// The visible text.
    pub text: String,
}

/// A page and how to find elements in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The page.
    pub page: PageId,
    /// The elements.
    pub locator: Locator,
}

/// How a pointer action is done.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PointerOptions {
    /// At most this long.
    pub timeout_ms: Option<u32>,
    /// Skip the checks of state and of the hit target.
    pub force: bool,
    /// Do everything but the action.
    pub trial: bool,
    /// Where in the element.
    pub position: Option<Position>,
    /// Which button.
    pub button: MouseButton,
    /// Clicks, 1 to 3.
    pub click_count: u32,
    /// Keys held.
    pub modifiers: Modifiers,
}

/// How an action without a pointer is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionOptions {
    /// At most this long.
    pub timeout_ms: Option<u32>,
    /// Skip the checks of state.
    pub force: bool,
}

/// How an assertion is made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectOptions {
    /// Expect the opposite.
    pub negated: bool,
    /// Retry for at most this long.
    pub timeout_ms: Option<u32>,
    /// Record a failure and go on.
    pub soft: bool,
    /// Compare texts as they are rendered.
    pub use_inner_text: bool,
    /// What a person should read first; may be empty.
    pub message: String,
}

/// How an option is chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
pub enum Choice {
    /// By value.
    Value {
        /// The value.
        text: String,
    },
    /// By label.
    Label {
        /// The label.
        text: String,
    },
    /// By place.
    Index {
        /// From 0.
        index: u32,
    },
}

/// What is read of an element.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "what")]
pub enum Reading {
    /// Its text.
    TextContent,
    /// Its value.
    InputValue,
    /// An attribute.
    Attribute {
        /// Its name.
        name: String,
    },
}

impl Reading {
    fn title(&self) -> String {
        match self {
            Self::TextContent => "text".to_owned(),
            Self::InputValue => "value".to_owned(),
            Self::Attribute { name } => format!("attribute {name}"),
        }
    }
}
