//! The host calls that act on elements. Data only.

use serde::Serialize;

use super::declare::{calls, shortened};
use super::{ActionOptions, Choice, DragOptions, KeyOptions, PointerOptions, Target};
use crate::browser::network::har::redact::is_secret;
use crate::browser::port::MouseButton;
use crate::gate::Call;
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
    } "locator.fill" -> (); title call => match typed_secret(&call.target, &call.value) {
            None => format!("fill {} with {:?}", call.target.locator, shortened(&call.value)),
            Some(_) => format!("fill {} with a secret", call.target.locator),
        };
        @ask Ask::Act;
        @secrets typed_secret(&call.target, &call.value).into_iter().collect();

    /// Presses a key on an element.
    Press {
        /// What.
        target: Target,
        /// The key or chord.
        key: String,
        /// How.
        options: KeyOptions,
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

    /// Touches with a finger.
    Tap {
        /// What.
        target: Target,
        /// How.
        options: PointerOptions,
    } "locator.tap" -> (); title call => format!("tap {}", call.target.locator);
        @ask Ask::Act;

    /// Drags onto another element.
    DragTo {
        /// What.
        target: Target,
        /// Onto what, in the same page.
        onto: Target,
        /// How.
        options: DragOptions,
    } "locator.drag-to" -> (); title call => format!("drag {} onto {}", call.target.locator, call.onto.locator);
        @ask Ask::Act;

    /// Types a text by keys.
    PressSequentially {
        /// What.
        target: Target,
        /// The text.
        text: String,
        /// How.
        options: KeyOptions,
    } "locator.press-sequentially" -> ();
        title call => match typed_secret(&call.target, &call.text) {
            None => format!("type {:?} into {}", shortened(&call.text), call.target.locator),
            Some(_) => format!("type a secret into {}", call.target.locator),
        };
        @ask Ask::Act;
        @secrets typed_secret(&call.target, &call.text).into_iter().collect();

    /// Selects the text.
    SelectText {
        /// What.
        target: Target,
        /// How.
        options: ActionOptions,
    } "locator.select-text" -> (); title call => format!("select the text of {}", call.target.locator);
        @ask Ask::Act;

    /// Takes the focus away.
    Blur {
        /// What.
        target: Target,
        /// How.
        options: ActionOptions,
    } "locator.blur" -> (); title call => format!("blur {}", call.target.locator);
        @ask Ask::Act;

    /// Scrolls it into view.
    ScrollIntoView {
        /// What.
        target: Target,
        /// How.
        options: ActionOptions,
    } "locator.scroll-into-view" -> (); title call => format!("scroll to {}", call.target.locator);
        @ask Ask::Act;

    /// Sends an event.
    DispatchEvent {
        /// What.
        target: Target,
        /// The event's type.
        event: String,
        /// Its properties, a JSON object.
        init: Option<String>,
        /// How.
        options: ActionOptions,
    } "locator.dispatch-event" -> ();
        title call => format!("dispatch {} on {}", shortened(&call.event), call.target.locator);
        @ask Ask::Act;
}

/// A text that is typed where the flow names a secret: the label of a password, for example.
pub(super) fn typed_secret<'a>(target: &Target, text: &'a str) -> Option<&'a str> {
    (!text.is_empty() && is_secret(&target.locator.to_string())).then_some(text)
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
