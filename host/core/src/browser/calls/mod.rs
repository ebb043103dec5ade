//! The host calls of the browser capability: their arguments as plain data, and what the gate must know of
//! each. No behaviour; that is in [`super::session`]. Here are the types that several calls share; the calls
//! are one file a subject.

mod act;
mod batch;
mod clock;
mod context;
mod declare;
mod devices;
mod events;
mod files;
mod locator;
mod network;
mod overlays;
mod page;
mod picture;
mod script;

use serde::{Deserialize, Serialize};

use super::locator::Locator;
use super::port::{Modifiers, MouseButton};
use crate::artifact::Digest;

pub use act::*;
pub use batch::*;
pub use clock::*;
pub use context::*;
pub use devices::*;
pub use events::*;
pub use files::*;
pub use locator::*;
pub use network::*;
pub use overlays::*;
pub use page::*;
pub use picture::*;
pub use script::*;

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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// How long the button is held.
    pub delay_ms: Option<u32>,
    /// Moves of the mouse on the way there.
    pub steps: u32,
    /// Do not wait for a navigation that the action begins.
    pub no_wait_after: bool,
}

impl Default for PointerOptions {
    fn default() -> Self {
        Self {
            timeout_ms: None,
            force: false,
            trial: false,
            position: None,
            button: MouseButton::Left,
            click_count: 1,
            modifiers: Modifiers::default(),
            delay_ms: None,
            steps: 1,
            no_wait_after: false,
        }
    }
}

/// How an element is dragged onto another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DragOptions {
    /// At most this long.
    pub timeout_ms: Option<u32>,
    /// Skip the checks of state and of the hit targets.
    pub force: bool,
    /// Do everything but the drag.
    pub trial: bool,
    /// Where it is picked up.
    pub source_position: Option<Position>,
    /// Where it is dropped.
    pub target_position: Option<Position>,
    /// Moves of the mouse on the way.
    pub steps: u32,
}

/// How keys are pressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyOptions {
    /// At most this long.
    pub timeout_ms: Option<u32>,
    /// How long each key is held.
    pub delay_ms: Option<u32>,
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
    /// Its rendered text.
    InnerText,
    /// Its markup, without its own tags.
    InnerHtml,
    /// Its value.
    InputValue,
    /// An attribute.
    Attribute {
        /// Its name.
        name: String,
    },
}

impl Reading {
    /// What the injected script calls it.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::TextContent => "textContent",
            Self::InnerText => "innerText",
            Self::InnerHtml => "innerHtml",
            Self::InputValue => "inputValue",
            Self::Attribute { .. } => "attribute",
        }
    }

    fn title(&self) -> String {
        match self {
            Self::TextContent => "text".to_owned(),
            Self::InnerText => "rendered text".to_owned(),
            Self::InnerHtml => "markup".to_owned(),
            Self::InputValue => "value".to_owned(),
            Self::Attribute { name } => format!("attribute {name}"),
        }
    }
}

/// A state that an element is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ElementState {
    /// It can be seen.
    Visible,
    /// It cannot be seen, or is not there.
    Hidden,
    /// It is not disabled.
    Enabled,
    /// It is disabled.
    Disabled,
    /// It can be edited.
    Editable,
    /// It is checked.
    Checked,
}

impl ElementState {
    /// Whether an element that is not there is waited for.
    pub(super) const fn needs_an_element(self) -> bool {
        !matches!(self, Self::Visible | Self::Hidden)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Visible => "visible",
            Self::Hidden => "hidden",
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Editable => "editable",
            Self::Checked => "checked",
        }
    }
}

/// What is waited for of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Presence {
    /// It is in the document.
    Attached,
    /// It is not in the document.
    Detached,
    /// It can be seen.
    Visible,
    /// It cannot be seen, or is not there.
    Hidden,
}

impl Presence {
    const fn name(self) -> &'static str {
        match self {
            Self::Attached => "attached",
            Self::Detached => "detached",
            Self::Visible => "visible",
            Self::Hidden => "hidden",
        }
    }
}
