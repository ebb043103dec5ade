//! The host calls of the browser capability: their arguments as plain data, and what the gate must know of
//! each. No behaviour; that is in [`super::session`].

use serde::{Deserialize, Serialize};

use super::expectation::Expectation;
use super::locator::{Locator, TextMatch};
use super::port::{LoadState, Modifiers, MouseButton};
use crate::artifact::Digest;
use crate::budget::Charge;
use crate::failure::Failure;
use crate::gate::{Call, Soft};
use crate::grant::Ask;

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

/// Declares host calls: name, fields, operation, answer, title, and where they differ from the default,
/// what they ask for and what they cost.
macro_rules! calls {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty),* $(,)? }
        $op:literal -> $answer:ty; title $this:ident => $title:expr;
        $(@ask $ask:expr;)? $(@charge $charge:expr;)? $(@soft $soft:expr;)?)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type),* }

        impl Call for $name {
            const OP: &'static str = $op;
            type Answer = $answer;
            fn title(&self) -> String { let $this = self; $title }
            $(fn ask(&self) -> Ask<'_> { let $this = self; let _ = $this; $ask })?
            $(fn charge(&self) -> Charge { $charge })?
            $(fn soft_failure(answer: &Self::Answer) -> Option<&Failure> { $soft(answer) })?
        }
    )*};
}

fn soft<T>(answer: &Soft<T>) -> Option<&Failure> {
    answer.failure.as_ref()
}

fn expectation_title(subject: &dyn std::fmt::Display, what: &Expectation, options: &ExpectOptions) -> String {
    let not = if options.negated { "not " } else { "" };
    format!("expect {subject} {not}to {what}")
}

calls! {
    /// Opens a page.
    OpenPage {} "page.open" -> PageId; title _call => "open a page".to_owned();
        @ask Ask::Act;

    /// Goes to an address.
    Goto {
        /// The page.
        page: PageId,
        /// The address, as the guest gave it.
        url: String,
        /// What to wait for.
        wait_until: LoadState,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "page.goto" -> Response; title call => format!("go to {}", call.url);
        @ask Ask::Visit(&call.url);

    /// Loads the page again.
    Reload {
        /// The page.
        page: PageId,
        /// What to wait for.
        wait_until: LoadState,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "page.reload" -> Response; title _call => "reload the page".to_owned();
        @ask Ask::Act;

    /// Goes one entry back.
    GoBack {
        /// The page.
        page: PageId,
        /// What to wait for.
        wait_until: LoadState,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "page.go-back" -> Response; title _call => "go back".to_owned();
        @ask Ask::Act;

    /// Waits for a load state.
    WaitForLoadState {
        /// The page.
        page: PageId,
        /// The state.
        state: LoadState,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "page.wait-for-load-state" -> (); title call => format!("wait for {}", call.state.name());

    /// Waits for an address.
    WaitForUrl {
        /// The page.
        page: PageId,
        /// The address.
        url: TextMatch,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "page.wait-for-url" -> (); title call => format!("wait for address {}", call.url);

    /// Reads the address.
    PageUrl {
        /// The page.
        page: PageId,
    } "page.url" -> String; title _call => "read the address".to_owned();

    /// Reads the title.
    PageTitle {
        /// The page.
        page: PageId,
    } "page.title" -> String; title _call => "read the title".to_owned();

    /// Sets the viewport.
    SetViewport {
        /// The page.
        page: PageId,
        /// The size.
        size: Size,
    } "page.set-viewport-size" -> (); title call => format!("set the viewport to {} × {}", call.size.width, call.size.height);
        @ask Ask::Act;

    /// Presses a key on whatever has the focus.
    PressOnPage {
        /// The page.
        page: PageId,
        /// The key or chord.
        key: String,
    } "page.press" -> (); title call => format!("press {}", call.key);
        @ask Ask::Act;

    /// Asserts on the page.
    ExpectPage {
        /// The page.
        page: PageId,
        /// What is expected.
        what: Expectation,
        /// How.
        options: ExpectOptions,
    } "page.expect" -> Soft<()>; title call => expectation_title(&"the page", &call.what, &call.options);
        @soft soft;

    /// Takes a screenshot of a page or an element.
    TakeScreenshot {
        /// The page.
        page: PageId,
        /// The element; none for the page.
        locator: Option<Locator>,
        /// A name for the report.
        name: String,
        /// The whole page.
        full_page: bool,
        /// The format.
        format: ImageFormat,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "screenshot" -> ImageInfo; title call => screenshot_title(call);
        @charge Charge::Screenshot;

    /// Reads links, images and text.
    ReadOutline {
        /// The page.
        page: PageId,
    } "page.outline" -> Outline; title _call => "read links, images and text".to_owned();

    /// Fetches an address for its status.
    Probe {
        /// The page.
        page: PageId,
        /// The address, as the guest gave it.
        url: String,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "page.probe" -> u16; title call => format!("probe {}", call.url);
        @ask Ask::Probe(&call.url); @charge Charge::Probe;

    /// Closes the page.
    ClosePage {
        /// The page.
        page: PageId,
    } "page.close" -> (); title _call => "close the page".to_owned();
        @ask Ask::Act;

    /// Clicks.
    Click {
        /// What.
        target: Target,
        /// How.
        options: PointerOptions,
    } "locator.click" -> (); title call => click_title(call);
        @ask Ask::Act;

    /// Moves the mouse there.
    Hover {
        /// What.
        target: Target,
        /// How.
        options: PointerOptions,
    } "locator.hover" -> (); title call => format!("hover {}", call.target.locator);
        @ask Ask::Act;

    /// Checks or unchecks.
    SetChecked {
        /// What.
        target: Target,
        /// Which.
        checked: bool,
        /// How.
        options: PointerOptions,
    } "locator.set-checked" -> ();
        title call => format!("{} {}", if call.checked { "check" } else { "uncheck" }, call.target.locator);
        @ask Ask::Act;

    /// Sets a text.
    Fill {
        /// What.
        target: Target,
        /// The text.
        value: String,
        /// How.
        options: ActionOptions,
    } "locator.fill" -> (); title call => format!("fill {} with {:?}", call.target.locator, shortened(&call.value));
        @ask Ask::Act;

    /// Presses a key on an element.
    Press {
        /// What.
        target: Target,
        /// The key or chord.
        key: String,
        /// How.
        options: ActionOptions,
    } "locator.press" -> (); title call => format!("press {} on {}", call.key, call.target.locator);
        @ask Ask::Act;

    /// Focuses.
    Focus {
        /// What.
        target: Target,
        /// How.
        options: ActionOptions,
    } "locator.focus" -> (); title call => format!("focus {}", call.target.locator);
        @ask Ask::Act;

    /// Selects options.
    SelectOption {
        /// What.
        target: Target,
        /// Which.
        choices: Vec<Choice>,
        /// How.
        options: ActionOptions,
    } "locator.select-option" -> Vec<String>; title call => select_title(call);
        @ask Ask::Act;

    /// Asserts on elements.
    Expect {
        /// What.
        target: Target,
        /// What is expected.
        what: Expectation,
        /// How.
        options: ExpectOptions,
    } "locator.expect" -> Soft<()>; title call => expectation_title(&call.target.locator, &call.what, &call.options);
        @soft soft;

    /// Counts.
    Count {
        /// What.
        target: Target,
    } "locator.count" -> u32; title call => format!("count {}", call.target.locator);

    /// Tells whether it is visible.
    IsVisible {
        /// What.
        target: Target,
    } "locator.is-visible" -> bool; title call => format!("is {} visible", call.target.locator);

    /// Reads a text, a value or an attribute.
    Read {
        /// What.
        target: Target,
        /// Which.
        reading: Reading,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "locator.read" -> Option<String>; title call => format!("read {} of {}", call.reading.title(), call.target.locator);

    /// Reads the rendered texts of all elements.
    AllInnerTexts {
        /// What.
        target: Target,
    } "locator.all-inner-texts" -> Vec<String>; title call => format!("read the texts of {}", call.target.locator);

    /// Reads the box.
    BoundingBox {
        /// What.
        target: Target,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "locator.bounding-box" -> Option<Rect>; title call => format!("read the box of {}", call.target.locator);

    /// Copies an image's bytes into the guest. In the cassette the answer is the digest.
    ReadImage {
        /// The image.
        digest: Digest,
        /// Its length.
        bytes: u32,
    } "image.bytes" -> Digest; title call => format!("read image {}", call.digest.short());
}

fn shortened(text: &str) -> String {
    const SHOWN: usize = 80;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn click_title(call: &Click) -> String {
    let verb = match (call.options.click_count, call.options.button) {
        (2, MouseButton::Left) => "double-click",
        (_, MouseButton::Right) => "right-click",
        (_, MouseButton::Middle) => "middle-click",
        _ => "click",
    };
    format!("{verb} {}", call.target.locator)
}

fn select_title(call: &SelectOption) -> String {
    let choices: Vec<String> = call
        .choices
        .iter()
        .map(|choice| match choice {
            Choice::Value { text } | Choice::Label { text } => format!("{text:?}"),
            Choice::Index { index } => format!("number {index}"),
        })
        .collect();
    format!("select {} in {}", choices.join(", "), call.target.locator)
}

fn screenshot_title(call: &TakeScreenshot) -> String {
    let of = match &call.locator {
        Some(locator) => format!(" of {locator}"),
        None if call.full_page => " of the whole page".to_owned(),
        None => String::new(),
    };
    if call.name.is_empty() {
        format!("screenshot{of}")
    } else {
        format!("screenshot{of}: {}", call.name)
    }
}
