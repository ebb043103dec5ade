//! The host calls on locators: actions, assertions, readings. Data only.

use serde::Serialize;

use super::declare::{calls, expectation_title, shortened, soft};
use super::{ActionOptions, Choice, ExpectOptions, PointerOptions, Reading, Rect, Target};
use crate::browser::expectation::Expectation;
use crate::browser::port::MouseButton;
use crate::failure::Failure;
use crate::gate::{Call, Soft};
use crate::grant::Ask;

calls! {
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

    /// Reads the accessibility tree.
    AriaSnapshot {
        /// What.
        target: Target,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "locator.aria-snapshot" -> String; title call => format!("read the ARIA snapshot of {}", call.target.locator);

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
