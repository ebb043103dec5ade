//! A key of an ARIA template: role, name and states, `checkbox "Gift" [checked]`.

use super::{AriaName, AriaRole};
use crate::browser::locator::Tristate;

/// The roles of a tree, as the injected script names them.
const ROLES: &str = "alert alertdialog application article banner blockquote button caption cell checkbox code \
    columnheader combobox complementary contentinfo definition deletion dialog directory document emphasis feed \
    figure form generic grid gridcell group heading iframe img insertion link list listbox listitem log main mark \
    marquee math menu menubar menuitem menuitemcheckbox menuitemradio meter navigation note option paragraph \
    progressbar radio radiogroup region row rowgroup rowheader scrollbar search searchbox separator slider \
    spinbutton status strong subscript superscript switch tab table tablist tabpanel term textbox time timer \
    toolbar tooltip tree treegrid treeitem";

/// Why a key cannot be read, and how many characters into it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct KeyProblem {
    pub(super) at: usize,
    pub(super) why: String,
}

/// Reads a key.
pub(super) fn read(text: &str) -> Result<AriaRole, KeyProblem> {
    let mut key = Key {
        characters: text.chars().collect(),
        at: 0,
    };
    let mut node = AriaRole {
        role: key.role()?,
        name: key.name()?,
        ..AriaRole::default()
    };
    while key.taken('[') {
        key.state(&mut node)?;
    }
    match key.at == key.characters.len() {
        true => Ok(node),
        false => Err(key.problem("a role, a name and states were expected, and this is none of them")),
    }
}

struct Key {
    characters: Vec<char>,
    at: usize,
}

impl Key {
    fn role(&mut self) -> Result<String, KeyProblem> {
        self.skip_blanks();
        let start = self.at;
        let role = self.word();
        if ROLES.split_whitespace().any(|known| known == role) {
            return Ok(role);
        }
        let why = format!("not an ARIA role: {role:?}; a text is written `text: …`");
        Err(KeyProblem { at: start, why })
    }

    /// A name in double quotes, or a pattern between slashes; none where there is neither.
    fn name(&mut self) -> Result<Option<AriaName>, KeyProblem> {
        if self.taken('"') {
            let value = self.quoted()?;
            // An empty name compares nothing.
            return Ok((!value.is_empty()).then_some(AriaName::Exact { value }));
        }
        if self.taken('/') {
            let source = self.pattern()?;
            let flags = String::new();
            return Ok(Some(AriaName::Pattern { source, flags }));
        }
        Ok(None)
    }

    fn quoted(&mut self) -> Result<String, KeyProblem> {
        let mut text = String::new();
        while let Some(character) = self.next() {
            match character {
                '"' => return Ok(folded(&text)),
                '\\' => text.extend(self.next()),
                other => text.push(other),
            }
        }
        Err(self.problem("the name has no closing quote"))
    }

    fn pattern(&mut self) -> Result<String, KeyProblem> {
        let (mut source, mut in_class) = (String::new(), false);
        while let Some(character) = self.next() {
            match character {
                '/' if !in_class => return Ok(source),
                '\\' => {
                    source.push('\\');
                    source.extend(self.next());
                    continue;
                }
                '[' => in_class = true,
                ']' => in_class = false,
                _ => {}
            }
            source.push(character);
        }
        Err(self.problem("the pattern has no closing slash"))
    }

    /// A state whose bracket is open: `checked]`, `level=2]`.
    fn state(&mut self, node: &mut AriaRole) -> Result<(), KeyProblem> {
        self.skip_blanks();
        let start = self.at;
        let name = self.word();
        let value = match self.taken('=') {
            true => self.value(),
            false => "true".to_owned(),
        };
        let states = &mut node.states;
        let known = match name.as_str() {
            "checked" => keep(&mut states.checked, tristate(&value)),
            "disabled" => keep(&mut states.disabled, boolean(&value)),
            "expanded" => keep(&mut states.expanded, boolean(&value)),
            "invalid" => keep(&mut states.invalid, invalid(&value)),
            "level" => keep(&mut states.level, value.parse().ok()),
            "pressed" => keep(&mut states.pressed, tristate(&value)),
            "selected" => keep(&mut states.selected, boolean(&value)),
            _ => {
                let why = format!(
                    "not a state: {name:?}; there are checked, disabled, expanded, invalid, level, pressed, selected"
                );
                return Err(KeyProblem { at: start, why });
            }
        };
        if !known {
            let why = format!("{name} cannot be {value:?}");
            return Err(KeyProblem { at: start, why });
        }
        match self.taken(']') {
            true => Ok(()),
            false => Err(self.problem("a closing bracket was expected")),
        }
    }

    fn value(&mut self) -> String {
        self.skip_blanks();
        self.take_while(|character| character != ']' && !character.is_whitespace())
    }

    fn word(&mut self) -> String {
        self.take_while(|character| character.is_ascii_alphabetic())
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let rest = &self.characters[self.at..];
        let taken: String = rest.iter().copied().take_while(|each| belongs(*each)).collect();
        self.at += taken.chars().count();
        taken
    }

    fn next(&mut self) -> Option<char> {
        let character = self.characters.get(self.at).copied()?;
        self.at += 1;
        Some(character)
    }

    /// Takes the character where it is the next one, blanks aside.
    fn taken(&mut self, wanted: char) -> bool {
        self.skip_blanks();
        let is_there = self.characters.get(self.at) == Some(&wanted);
        self.at += usize::from(is_there);
        is_there
    }

    fn skip_blanks(&mut self) {
        self.take_while(char::is_whitespace);
    }

    fn problem(&self, why: &str) -> KeyProblem {
        KeyProblem {
            at: self.at,
            why: why.to_owned(),
        }
    }
}

/// Keeps the value of a state; false where it has none of this kind.
fn keep<T>(state: &mut Option<T>, value: Option<T>) -> bool {
    *state = value;
    state.is_some()
}

fn boolean(value: &str) -> Option<bool> {
    value.parse().ok()
}

fn tristate(value: &str) -> Option<Tristate> {
    match value {
        "true" => Some(Tristate::On),
        "false" => Some(Tristate::Off),
        "mixed" => Some(Tristate::Mixed),
        _ => None,
    }
}

fn invalid(value: &str) -> Option<&'static str> {
    ["true", "false", "grammar", "spelling"]
        .into_iter()
        .find(|known| *known == value)
}

/// White space folded to single blanks, as names are computed.
fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_role_name_and_states() {
        let node = read(r#"checkbox "Gift  \"wrap\"" [checked=mixed] [disabled]"#).expect("a key");
        assert_eq!(node.role, "checkbox");
        assert_eq!(
            node.name,
            Some(AriaName::Exact {
                value: "Gift \"wrap\"".into()
            })
        );
        assert_eq!(node.states.checked, Some(Tristate::Mixed));
        assert_eq!(node.states.disabled, Some(true));
    }

    #[test]
    fn a_pattern_ends_at_a_slash_that_is_its_own() {
        let node = read(r"heading /a[/]b\/c/ [level=2]").expect("a key");
        assert_eq!(
            node.name,
            Some(AriaName::Pattern {
                source: r"a[/]b\/c".into(),
                flags: String::new()
            })
        );
        assert_eq!(node.states.level, Some(2));
    }

    #[test]
    fn a_malformed_key_says_where() {
        let cases = [
            ("buton \"Pay\"", 0, "not an ARIA role: \"buton\""),
            ("button \"Pay", 11, "no closing quote"),
            ("button /Pay", 11, "no closing slash"),
            ("button [chekced]", 8, "not a state: \"chekced\""),
            ("checkbox [checked=yes]", 10, "checked cannot be \"yes\""),
            ("button [disabled", 16, "closing bracket"),
            ("button Pay", 7, "none of them"),
            ("", 0, "not an ARIA role"),
        ];
        for (text, at, why) in cases {
            let problem = read(text).expect_err(text);
            assert_eq!(problem.at, at, "{text}: {}", problem.why);
            assert!(problem.why.contains(why), "{text}: {}", problem.why);
        }
    }
}
