//! The keys of a US keyboard, and how people name them: `Enter`, `a`, `KeyA`, `Control+a`. Names only; which
//! keys are down is known where the events are sent.

use serde::Serialize;

use crate::failure::{Code, Failure};

/// A key of the keyboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Key {
    /// Its place on the keyboard, as DOM's `code`: `KeyA`, `ShiftLeft`.
    pub code: &'static str,
    /// What it means, as DOM's `key`: `a`, `Shift`.
    pub key: &'static str,
    /// What it types; empty where it types nothing.
    pub text: &'static str,
    /// Its Windows virtual key code, without regard to left and right.
    pub number: u16,
    /// DOM's `location`: 0, 1 left, 2 right, 3 number pad.
    pub location: u8,
    /// What it is while Shift is held: its key and its number.
    pub shifted: Option<(&'static str, u16)>,
}

/// A row of the layout: code, number, key, key with Shift, location.
type Row = (&'static str, u16, &'static str, &'static str, u8);

#[rustfmt::skip]
const TYPING: [Row; 48] = [
    ("KeyA", 65, "a", "A", 0), ("KeyB", 66, "b", "B", 0), ("KeyC", 67, "c", "C", 0), ("KeyD", 68, "d", "D", 0),
    ("KeyE", 69, "e", "E", 0), ("KeyF", 70, "f", "F", 0), ("KeyG", 71, "g", "G", 0), ("KeyH", 72, "h", "H", 0),
    ("KeyI", 73, "i", "I", 0), ("KeyJ", 74, "j", "J", 0), ("KeyK", 75, "k", "K", 0), ("KeyL", 76, "l", "L", 0),
    ("KeyM", 77, "m", "M", 0), ("KeyN", 78, "n", "N", 0), ("KeyO", 79, "o", "O", 0), ("KeyP", 80, "p", "P", 0),
    ("KeyQ", 81, "q", "Q", 0), ("KeyR", 82, "r", "R", 0), ("KeyS", 83, "s", "S", 0), ("KeyT", 84, "t", "T", 0),
    ("KeyU", 85, "u", "U", 0), ("KeyV", 86, "v", "V", 0), ("KeyW", 87, "w", "W", 0), ("KeyX", 88, "x", "X", 0),
    ("KeyY", 89, "y", "Y", 0), ("KeyZ", 90, "z", "Z", 0),
    ("Digit0", 48, "0", ")", 0), ("Digit1", 49, "1", "!", 0), ("Digit2", 50, "2", "@", 0), ("Digit3", 51, "3", "#", 0),
    ("Digit4", 52, "4", "$", 0), ("Digit5", 53, "5", "%", 0), ("Digit6", 54, "6", "^", 0), ("Digit7", 55, "7", "&", 0),
    ("Digit8", 56, "8", "*", 0), ("Digit9", 57, "9", "(", 0),
    ("Backquote", 192, "`", "~", 0), ("Minus", 189, "-", "_", 0), ("Equal", 187, "=", "+", 0),
    ("Backslash", 220, "\\", "|", 0), ("BracketLeft", 219, "[", "{", 0), ("BracketRight", 221, "]", "}", 0),
    ("Semicolon", 186, ";", ":", 0), ("Quote", 222, "'", "\"", 0), ("Comma", 188, ",", "<", 0),
    ("Period", 190, ".", ">", 0), ("Slash", 191, "/", "?", 0), ("Space", 32, " ", "", 0),
];

#[rustfmt::skip]
const NAMED: [Row; 63] = [
    ("Escape", 27, "Escape", "", 0), ("Tab", 9, "Tab", "", 0), ("CapsLock", 20, "CapsLock", "", 0),
    ("Backspace", 8, "Backspace", "", 0), ("Enter", 13, "Enter", "", 0), ("ContextMenu", 93, "ContextMenu", "", 0),
    ("ShiftLeft", 16, "Shift", "", 1), ("ShiftRight", 16, "Shift", "", 2),
    ("ControlLeft", 17, "Control", "", 1), ("ControlRight", 17, "Control", "", 2),
    ("AltLeft", 18, "Alt", "", 1), ("AltRight", 18, "Alt", "", 2),
    ("MetaLeft", 91, "Meta", "", 1), ("MetaRight", 92, "Meta", "", 2),
    ("PageUp", 33, "PageUp", "", 0), ("PageDown", 34, "PageDown", "", 0), ("End", 35, "End", "", 0),
    ("Home", 36, "Home", "", 0), ("ArrowLeft", 37, "ArrowLeft", "", 0), ("ArrowUp", 38, "ArrowUp", "", 0),
    ("ArrowRight", 39, "ArrowRight", "", 0), ("ArrowDown", 40, "ArrowDown", "", 0), ("Insert", 45, "Insert", "", 0),
    ("Delete", 46, "Delete", "", 0), ("PrintScreen", 44, "PrintScreen", "", 0), ("Pause", 19, "Pause", "", 0),
    ("ScrollLock", 145, "ScrollLock", "", 0), ("NumLock", 144, "NumLock", "", 0),
    ("F1", 112, "F1", "", 0), ("F2", 113, "F2", "", 0), ("F3", 114, "F3", "", 0), ("F4", 115, "F4", "", 0),
    ("F5", 116, "F5", "", 0), ("F6", 117, "F6", "", 0), ("F7", 118, "F7", "", 0), ("F8", 119, "F8", "", 0),
    ("F9", 120, "F9", "", 0), ("F10", 121, "F10", "", 0), ("F11", 122, "F11", "", 0), ("F12", 123, "F12", "", 0),
    ("AltGraph", 225, "AltGraph", "", 0), ("AudioVolumeMute", 173, "AudioVolumeMute", "", 0),
    ("AudioVolumeDown", 174, "AudioVolumeDown", "", 0), ("AudioVolumeUp", 175, "AudioVolumeUp", "", 0),
    ("MediaTrackNext", 176, "MediaTrackNext", "", 0), ("MediaTrackPrevious", 177, "MediaTrackPrevious", "", 0),
    ("MediaPlayPause", 179, "MediaPlayPause", "", 0),
    ("NumpadDivide", 111, "/", "", 3), ("NumpadMultiply", 106, "*", "", 3), ("NumpadSubtract", 109, "-", "", 3),
    ("NumpadAdd", 107, "+", "", 3), ("NumpadEnter", 13, "Enter", "", 3),
    ("NumpadDecimal", 46, "Delete", ".", 3), ("Numpad0", 45, "Insert", "0", 3), ("Numpad1", 35, "End", "1", 3),
    ("Numpad2", 40, "ArrowDown", "2", 3), ("Numpad3", 34, "PageDown", "3", 3), ("Numpad4", 37, "ArrowLeft", "4", 3),
    ("Numpad5", 12, "Clear", "5", 3), ("Numpad6", 39, "ArrowRight", "6", 3), ("Numpad7", 36, "Home", "7", 3),
    ("Numpad8", 38, "ArrowUp", "8", 3), ("Numpad9", 33, "PageUp", "9", 3),
];

/// Names that are neither a code nor a key of the layout.
const ALIASES: [(&str, &str); 7] = [
    ("Shift", "ShiftLeft"),
    ("Control", "ControlLeft"),
    ("Alt", "AltLeft"),
    ("Meta", "MetaLeft"),
    // Control everywhere but on macOS, and the browser runs where the host does.
    ("ControlOrMeta", "ControlLeft"),
    ("\n", "Enter"),
    ("\r", "Enter"),
];

/// The key of this name: DOM's `code`, or the character that it types.
#[must_use]
pub fn find(name: &str) -> Option<Key> {
    let alias = ALIASES.iter().find(|(alias, _)| *alias == name);
    let name = alias.map_or(name, |(_, code)| code);
    let mut rows = TYPING.iter().chain(&NAMED);
    rows.find_map(|row| named(row, name))
}

fn named(&(code, number, key, shifted, location): &Row, name: &str) -> Option<Key> {
    let shifted_number = shifted_number(code, number);
    let is_typing = location == 0 && key.len() == 1;
    if code == name || (is_typing && key == name) {
        return Some(Key {
            code,
            key,
            text: text_of(key),
            number,
            location,
            shifted: (!shifted.is_empty()).then_some((shifted, shifted_number)),
        });
    }
    // Typed as if Shift were held, though it is not.
    (is_typing && !shifted.is_empty() && shifted == name).then_some(Key {
        code,
        key: shifted,
        text: shifted,
        number,
        location,
        shifted: None,
    })
}

/// The number pad types digits with Shift, and those have numbers of their own.
fn shifted_number(code: &str, number: u16) -> u16 {
    match code.strip_prefix("Numpad") {
        Some("Decimal") => 110,
        Some(digit) => digit.parse::<u16>().map_or(number, |digit| 96 + digit),
        None => number,
    }
}

/// What a key types: itself where it is one character.
fn text_of(key: &'static str) -> &'static str {
    match key {
        "Enter" => "\r",
        key if key.len() == 1 => key,
        _ => "",
    }
}

impl Key {
    /// The key as it is while Shift is held.
    #[must_use]
    pub fn with_shift(self) -> Self {
        match self.shifted {
            Some((key, number)) => Self {
                key,
                text: text_of(key),
                number,
                ..self
            },
            None => self,
        }
    }
}

/// Reads `Control+Shift+a`: keys that are pressed one after another and released in the opposite order. The
/// key `+` itself is written as the last part: `Control++`.
///
/// # Errors
/// [`Code::InvalidArgument`] where there is no such key.
pub fn parse_chord(text: &str) -> Result<Vec<Key>, Failure> {
    let invalid = |why: &str| Failure::new(Code::InvalidArgument, format!("not a key: {text:?}: {why}"));
    if text.is_empty() || text.len() > 64 {
        return Err(invalid(
            "a key has 1 to 64 bytes, for example Enter, a, Control+a",
        ));
    }
    split(text)
        .into_iter()
        .map(|name| {
            let why = || {
                invalid(&format!(
                    "there is no key {name:?}: name it as DOM does, for example Enter, ArrowDown, a"
                ))
            };
            find(&name).ok_or_else(why)
        })
        .collect()
}

/// The parts between the plus signs; a plus sign where a part would begin is that part.
fn split(text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut part = String::new();
    for character in text.chars() {
        if character == '+' && !part.is_empty() {
            parts.push(std::mem::take(&mut part));
        } else {
            part.push(character);
        }
    }
    parts.push(part);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chords() {
        let keys = |text: &str| {
            parse_chord(text).map(|keys| {
                let shown = keys.iter().map(|key| format!("{}/{}", key.key, key.code));
                shown.collect::<Vec<_>>().join(" ")
            })
        };
        let cases = [
            ("Enter", "Enter/Enter"),
            ("a", "a/KeyA"),
            ("A", "A/KeyA"),
            ("KeyA", "a/KeyA"),
            ("%", "%/Digit5"),
            ("+", "+/Equal"),
            ("Control+a", "Control/ControlLeft a/KeyA"),
            ("ControlOrMeta+a", "Control/ControlLeft a/KeyA"),
            ("Control++", "Control/ControlLeft +/Equal"),
            (
                "Alt+Shift+ArrowDown",
                "Alt/AltLeft Shift/ShiftLeft ArrowDown/ArrowDown",
            ),
            ("a+b", "a/KeyA b/KeyB"),
            ("Numpad4", "ArrowLeft/Numpad4"),
            (" ", " /Space"),
        ];
        for (text, expected) in cases {
            assert_eq!(keys(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in ["", "Entr", "Control+", "Ctrl+a", "ä", "ab", &"a".repeat(65)] {
            let refused = parse_chord(text).map_err(|failure| failure.code);
            assert_eq!(refused, Err(Code::InvalidArgument), "{text}");
        }
    }

    #[test]
    fn shift_makes_of_a_key_what_a_keyboard_does() {
        let shifted = |name: &str| {
            let key = find(name).expect("a key").with_shift();
            (key.key, key.text, key.number)
        };
        assert_eq!(shifted("a"), ("A", "A", 65));
        assert_eq!(shifted("5"), ("%", "%", 53));
        assert_eq!(shifted("Numpad4"), ("4", "4", 100));
        assert_eq!(shifted("Enter"), ("Enter", "\r", 13));
    }
}
