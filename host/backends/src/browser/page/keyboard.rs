//! The keyboard of a page: which keys are down, and the browser's events of pressing and releasing them.

use chromiumoxide::cdp::browser_protocol::input::{
    DispatchKeyEventParams, DispatchKeyEventType, InsertTextParams,
};
use std::collections::BTreeSet;
use std::time::Duration;

use super::input::Stroke;
use flowguard_core::browser::keys::{self, Key};
use flowguard_core::browser::port::{KeyAction, Modifiers};

/// DOM's `location` of the number pad.
const KEYPAD: u8 = 3;

/// The keys that are down.
#[derive(Debug, Default)]
pub(super) struct Keyboard {
    down: BTreeSet<&'static str>,
    modifiers: Modifiers,
}

impl Keyboard {
    /// The browser's bit mask of the modifiers that are held.
    pub(super) fn mask(&self) -> i64 {
        let held = self.modifiers;
        i64::from(held.alt)
            | i64::from(held.control) << 1
            | i64::from(held.meta) << 2
            | i64::from(held.shift) << 3
    }

    /// The events of an action, in order.
    pub(super) fn strokes(&mut self, action: &KeyAction) -> Vec<Stroke> {
        match action {
            KeyAction::Down(key) => vec![self.press(*key)],
            KeyAction::Up(key) => vec![self.release(*key)],
            KeyAction::Press { chord, delay } => self.chord(chord, *delay),
            KeyAction::Type { text, delay } => self.type_text(text, *delay),
            KeyAction::Insert(text) if text.is_empty() => {
                let delete: Vec<Key> = keys::find("Delete").into_iter().collect();
                self.chord(&delete, Duration::ZERO)
            }
            KeyAction::Insert(text) => vec![Stroke::Insert(InsertTextParams::new(text))],
        }
    }

    /// Presses the modifiers that are missing for an action; answers them with the events.
    pub(super) fn hold(&mut self, wanted: Modifiers) -> (Vec<Key>, Vec<Stroke>) {
        let held = self.modifiers;
        let missing = [
            (wanted.alt && !held.alt, "Alt"),
            (wanted.control && !held.control, "Control"),
            (wanted.meta && !held.meta, "Meta"),
            (wanted.shift && !held.shift, "Shift"),
        ];
        let missing = missing.into_iter().filter(|(is_missing, _)| *is_missing);
        let keys: Vec<Key> = missing.filter_map(|(_, name)| keys::find(name)).collect();
        let strokes = keys.iter().map(|key| self.press(*key)).collect();
        (keys, strokes)
    }

    /// Releases what `hold` has pressed.
    pub(super) fn let_go(&mut self, keys: &[Key]) -> Vec<Stroke> {
        keys.iter().map(|key| self.release(*key)).collect()
    }

    fn chord(&mut self, chord: &[Key], delay: Duration) -> Vec<Stroke> {
        let mut strokes: Vec<Stroke> = chord.iter().map(|key| self.press(*key)).collect();
        if !delay.is_zero() {
            strokes.push(Stroke::Pause(delay));
        }
        strokes.extend(chord.iter().rev().map(|key| self.release(*key)));
        strokes
    }

    fn type_text(&mut self, text: &str, delay: Duration) -> Vec<Stroke> {
        let mut strokes = Vec::new();
        for character in text.chars() {
            let mut buffer = [0; 4];
            match keys::find(character.encode_utf8(&mut buffer)) {
                Some(key) => strokes.extend(self.chord(&[key], delay)),
                None => {
                    if !delay.is_zero() {
                        strokes.push(Stroke::Pause(delay));
                    }
                    strokes.push(Stroke::Insert(InsertTextParams::new(character)));
                }
            }
        }
        strokes
    }

    fn press(&mut self, key: Key) -> Stroke {
        let repeats = !self.down.insert(key.code);
        self.set(key, true);
        let key = self.as_held(key);
        // With a command key held, a letter is a short cut and types nothing.
        let held = self.modifiers;
        let types = !(held.alt || held.control || held.meta || key.text.is_empty());
        let kind = if types {
            DispatchKeyEventType::KeyDown
        } else {
            DispatchKeyEventType::RawKeyDown
        };
        let mut event = self.event(kind, key);
        event.auto_repeat = Some(repeats);
        if types {
            event.text = Some(key.text.to_owned());
            event.unmodified_text = Some(key.text.to_owned());
        }
        if key.code == "KeyA" && held.control {
            // Headless Chromium has no menu that would carry the short cut out.
            event.commands = Some(vec!["selectAll".to_owned()]);
        }
        Stroke::Key(event)
    }

    fn release(&mut self, key: Key) -> Stroke {
        let shown = self.as_held(key);
        self.down.remove(key.code);
        self.set(key, false);
        Stroke::Key(self.event(DispatchKeyEventType::KeyUp, shown))
    }

    fn as_held(&self, key: Key) -> Key {
        if self.modifiers.shift {
            key.with_shift()
        } else {
            key
        }
    }

    const fn set(&mut self, key: Key, down: bool) {
        match key.key.as_bytes() {
            b"Alt" => self.modifiers.alt = down,
            b"Control" => self.modifiers.control = down,
            b"Meta" => self.modifiers.meta = down,
            b"Shift" => self.modifiers.shift = down,
            _ => {}
        }
    }

    fn event(&self, kind: DispatchKeyEventType, key: Key) -> DispatchKeyEventParams {
        let mut event = DispatchKeyEventParams::new(kind);
        event.modifiers = Some(self.mask());
        event.key = Some(key.key.to_owned());
        event.code = Some(key.code.to_owned());
        event.windows_virtual_key_code = Some(key.number.into());
        event.native_virtual_key_code = Some(key.number.into());
        event.location = Some(key.location.into());
        event.is_keypad = Some(key.location == KEYPAD);
        event
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chord(names: &[&str]) -> KeyAction {
        KeyAction::Press {
            chord: names
                .iter()
                .map(|name| keys::find(name).expect("a key"))
                .collect(),
            delay: Duration::ZERO,
        }
    }

    fn shown(strokes: &[Stroke]) -> Vec<String> {
        let one = |stroke: &Stroke| match stroke {
            Stroke::Key(event) => format!(
                "{:?} {}{}",
                event.r#type,
                event.key.as_deref().unwrap_or_default(),
                if event.auto_repeat == Some(true) {
                    " again"
                } else {
                    ""
                }
            ),
            Stroke::Insert(text) => format!("insert {}", text.text),
            other => format!("{other:?}"),
        };
        strokes.iter().map(one).collect()
    }

    #[test]
    fn a_chord_holds_its_keys_around_the_last() {
        let strokes = Keyboard::default().strokes(&chord(&["Control", "a"]));
        assert_eq!(
            shown(&strokes),
            ["RawKeyDown Control", "RawKeyDown a", "KeyUp a", "KeyUp Control"]
        );
    }

    #[test]
    fn shift_changes_what_a_key_is() {
        let strokes = Keyboard::default().strokes(&chord(&["Shift", "5"]));
        assert_eq!(
            shown(&strokes),
            ["RawKeyDown Shift", "KeyDown %", "KeyUp %", "KeyUp Shift"]
        );
    }

    #[test]
    fn a_key_that_is_down_repeats_and_a_modifier_stays() {
        let mut keyboard = Keyboard::default();
        let key = |name| keys::find(name).expect("a key");
        keyboard.strokes(&KeyAction::Down(key("Shift")));
        keyboard.strokes(&KeyAction::Down(key("a")));
        let again = keyboard.strokes(&KeyAction::Down(key("a")));
        assert_eq!(shown(&again), ["KeyDown A again"]);
        assert_eq!(keyboard.mask(), 8);
        keyboard.strokes(&KeyAction::Up(key("Shift")));
        assert_eq!(keyboard.mask(), 0);
    }

    #[test]
    fn what_no_key_types_is_inserted() {
        let typed = KeyAction::Type {
            text: "aж\n".to_owned(),
            delay: Duration::ZERO,
        };
        let strokes = Keyboard::default().strokes(&typed);
        assert_eq!(
            shown(&strokes),
            ["KeyDown a", "KeyUp a", "insert ж", "KeyDown Enter", "KeyUp Enter"]
        );
    }
}
