//! Keys as the browser wants them: the US layout that chromiumoxide carries.

use chromiumoxide::cdp::browser_protocol::input::{DispatchKeyEventParams, DispatchKeyEventType};
use chromiumoxide::keys::{KeyDefinition, get_key_definition};

use flowguard_core::browser::TabError;
use flowguard_core::browser::port::{Chord, Modifiers};

/// The browser's bit mask of held keys.
pub(super) fn mask(held: Modifiers) -> i64 {
    i64::from(held.alt)
        | i64::from(held.control) << 1
        | i64::from(held.meta) << 2
        | i64::from(held.shift) << 3
}

/// The events of pressing and releasing a chord, in order.
pub(super) fn strokes(chord: &Chord) -> Result<Vec<DispatchKeyEventParams>, TabError> {
    let definition = get_key_definition(&chord.key).ok_or_else(|| TabError::UnknownKey(chord.key.clone()))?;
    let held = held_keys(chord.modifiers);
    let mut events = Vec::new();
    let mut down = Modifiers::default();
    for (name, set) in &held {
        set(&mut down);
        if let Some(key) = get_key_definition(name) {
            events.push(event(key, DispatchKeyEventType::RawKeyDown, down, None));
        }
    }
    // With a command key held, a letter is a short cut and types nothing.
    let types = !(down.alt || down.control || down.meta);
    let text = typed_text(definition).filter(|_| types);
    let kind = if text.is_some() {
        DispatchKeyEventType::KeyDown
    } else {
        DispatchKeyEventType::RawKeyDown
    };
    events.push(event(definition, kind, down, text));
    events.push(event(definition, DispatchKeyEventType::KeyUp, down, None));
    for (name, _) in held.iter().rev() {
        if let Some(key) = get_key_definition(name) {
            events.push(event(
                key,
                DispatchKeyEventType::KeyUp,
                Modifiers::default(),
                None,
            ));
        }
    }
    Ok(events)
}

type Hold = (&'static str, fn(&mut Modifiers));

fn held_keys(modifiers: Modifiers) -> Vec<Hold> {
    let all: [(bool, Hold); 4] = [
        (modifiers.control, ("Control", |m| m.control = true)),
        (modifiers.alt, ("Alt", |m| m.alt = true)),
        (modifiers.shift, ("Shift", |m| m.shift = true)),
        (modifiers.meta, ("Meta", |m| m.meta = true)),
    ];
    all.into_iter()
        .filter(|(held, _)| *held)
        .map(|(_, key)| key)
        .collect()
}

/// What the key types: its own text, or itself where it is one character.
fn typed_text(key: &KeyDefinition) -> Option<&'static str> {
    key.text
        .or_else(|| (key.key.chars().count() == 1).then_some(key.key))
}

fn event(
    key: &KeyDefinition,
    kind: DispatchKeyEventType,
    held: Modifiers,
    text: Option<&str>,
) -> DispatchKeyEventParams {
    let mut event = DispatchKeyEventParams::new(kind);
    event.modifiers = Some(mask(held));
    event.key = Some(key.key.to_owned());
    event.code = Some(key.code.to_owned());
    event.windows_virtual_key_code = Some(key.key_code);
    event.native_virtual_key_code = Some(key.key_code);
    event.text = text.map(str::to_owned);
    event.unmodified_text = text.map(str::to_owned);
    if key.key == "a" && held.control {
        // Headless Chromium has no menu that would carry the short cut out.
        event.commands = Some(vec!["selectAll".to_owned()]);
    }
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(chord: &Chord) -> Vec<String> {
        let strokes = strokes(chord).expect("known key");
        strokes
            .iter()
            .map(|e| format!("{:?} {}", e.r#type, e.key.clone().unwrap_or_default()))
            .collect()
    }

    #[test]
    fn a_chord_holds_its_keys_around_the_key() {
        let chord = Chord {
            modifiers: Modifiers {
                control: true,
                ..Modifiers::default()
            },
            key: "a".into(),
        };
        assert_eq!(
            named(&chord),
            ["RawKeyDown Control", "RawKeyDown a", "KeyUp a", "KeyUp Control"]
        );
    }

    #[test]
    fn enter_types_a_line_end_and_unknown_keys_are_refused() {
        let enter = Chord {
            modifiers: Modifiers::default(),
            key: "Enter".into(),
        };
        let strokes_of_enter = strokes(&enter).expect("known key");
        assert_eq!(strokes_of_enter[0].text.as_deref(), Some("\r"));
        let unknown = Chord {
            modifiers: Modifiers::default(),
            key: "Entr".into(),
        };
        assert!(matches!(strokes(&unknown), Err(TabError::UnknownKey(_))));
    }
}
