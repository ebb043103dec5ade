//! Keys as people write them: `Enter`, `Control+a`.

use super::port::{Chord, Modifiers};
use crate::failure::{Code, Failure};

/// Reads `Control+Shift+a`. The last part is the key; `+` itself is written `Control++`.
pub(super) fn parse_chord(text: &str) -> Result<Chord, Failure> {
    let invalid = |why: &str| Failure::new(Code::InvalidArgument, format!("not a key: {text:?}: {why}"));
    if text.is_empty() || text.len() > 64 {
        return Err(invalid(
            "a key has 1 to 64 bytes, for example Enter, a, Control+a",
        ));
    }
    let (held, key) = match text.strip_suffix('+') {
        Some("") => ("", "+"),
        Some(rest) => (
            rest.strip_suffix('+')
                .ok_or_else(|| invalid("no key follows the last +"))?,
            "+",
        ),
        None => text.rsplit_once('+').unwrap_or(("", text)),
    };
    let mut modifiers = Modifiers::default();
    for name in held.split('+').filter(|name| !name.is_empty()) {
        match name {
            "Alt" => modifiers.alt = true,
            "Control" => modifiers.control = true,
            "Meta" => modifiers.meta = true,
            "Shift" => modifiers.shift = true,
            // Control everywhere but on macOS, and the browser runs where the host does.
            "ControlOrMeta" => modifiers.control = true,
            other => return Err(invalid(&format!("{other} is none of Alt, Control, Meta, Shift"))),
        }
    }
    Ok(Chord {
        modifiers,
        key: key.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chords() {
        let held = |text: &str| {
            parse_chord(text).map(|chord| {
                let m = chord.modifiers;
                let names = [(m.alt, 'A'), (m.control, 'C'), (m.meta, 'M'), (m.shift, 'S')];
                let held: String = names
                    .iter()
                    .filter(|(on, _)| *on)
                    .map(|(_, name)| *name)
                    .collect();
                format!("{held}:{}", chord.key)
            })
        };
        let cases = [
            ("Enter", ":Enter"),
            ("Control+a", "C:a"),
            ("Control+Shift+T", "CS:T"),
            ("+", ":+"),
            ("Alt++", "A:+"),
        ];
        for (text, expected) in cases {
            assert_eq!(held(text).as_deref(), Ok(expected), "{text}");
        }
        for text in ["", "Hyper+a", "a+b+", "Control+"] {
            assert_eq!(
                held(text).map_err(|f| f.code),
                Err(Code::InvalidArgument),
                "{text}"
            );
        }
    }
}
