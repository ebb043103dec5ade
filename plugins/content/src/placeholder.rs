//! Text that was left in by mistake: fill-in copy, template syntax, values that a program could not show.

/// A piece of such text.
#[derive(Debug, PartialEq)]
pub(crate) struct Placeholder {
    /// What is wrong, for a person.
    pub(crate) kind: &'static str,
    /// What stands there.
    pub(crate) found: String,
    /// The line that it stands in.
    pub(crate) line: String,
}

/// Phrases that no finished page has; compared without case.
const FILL_IN: &[&str] = &[
    "lorem ipsum",
    "dolor sit amet",
    "your text here",
    "insert text here",
    "placeholder text",
    "sample text here",
];
/// What a program shows where it has no value.
const NO_VALUE: &[&str] = &["[object Object]", "Invalid Date"];
/// A longer line is cut in the evidence.
const WIDEST: usize = 200;
/// In a line of so many words, `undefined` is no part of a sentence.
const FEW_WORDS: usize = 3;

/// All placeholders of a text, in its order; the same line is told once.
pub(crate) fn find(text: &str) -> Vec<Placeholder> {
    let mut all: Vec<Placeholder> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some((kind, found)) = in_line(line) {
            let line: String = line.chars().take(WIDEST).collect();
            let placeholder = Placeholder { kind, found, line };
            if !all.contains(&placeholder) {
                all.push(placeholder);
            }
        }
    }
    all
}

/// The first placeholder of a line.
fn in_line(line: &str) -> Option<(&'static str, String)> {
    let lower = line.to_lowercase();
    if let Some(phrase) = FILL_IN.iter().find(|phrase| lower.contains(**phrase)) {
        return Some(("fill-in text is left in", (*phrase).to_owned()));
    }
    if let Some(shown) = NO_VALUE.iter().find(|shown| line.contains(**shown)) {
        return Some(("a value could not be shown", (*shown).to_owned()));
    }
    if let Some(template) = template(line) {
        return Some(("a template was not filled", template.to_owned()));
    }
    if let Some(word) = ["TODO", "FIXME"].into_iter().find(|word| has_word(line, word)) {
        return Some(("a note of the makers is left in", word.to_owned()));
    }
    let word = ["NaN", "undefined", "null"]
        .into_iter()
        .find(|word| is_value(line, word))?;
    Some(("a value is missing", word.to_owned()))
}

/// `{{ name }}`, `${name}` or `<%= name %>`.
fn template(line: &str) -> Option<&str> {
    [("{{", "}}"), ("${", "}"), ("<%", "%>")]
        .into_iter()
        .find_map(|(open, close)| {
            let start = line.find(open)?;
            let inside = &line[start + open.len()..];
            let end = inside.find(close)?;
            // A price like `${12}` or an empty pair is no template.
            let name = inside[..end].trim_start_matches('=').trim();
            let is_name = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
            is_name.then(|| &line[start..start + open.len() + end + close.len()])
        })
}

/// Whether a word stands where a value should: alone in few words, after `:`, `=`, `,` or a currency sign,
/// or before `%`. `NaN` is a word of no language.
fn is_value(line: &str, word: &str) -> bool {
    let few = line.split_whitespace().count() <= FEW_WORDS;
    words(line, word).any(|(before, after)| {
        let before = before.trim_end();
        few || word == "NaN"
            || before.ends_with([':', '=', ',', '$', '€', '£', '¥'])
            || after.starts_with('%')
    })
}

fn has_word(line: &str, word: &str) -> bool {
    words(line, word).next().is_some()
}

/// What stands before and after each place of a whole word.
fn words<'l>(line: &'l str, word: &'l str) -> impl Iterator<Item = (&'l str, &'l str)> {
    line.match_indices(word).filter_map(move |(at, _)| {
        let (before, after) = (&line[..at], &line[at + word.len()..]);
        let is_letter = |c: char| c.is_alphanumeric() || c == '_';
        (!before.ends_with(is_letter) && !after.starts_with(is_letter)).then_some((before, after))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> Option<String> {
        find(line).into_iter().next().map(|placeholder| placeholder.found)
    }

    #[test]
    fn what_was_left_in_is_found() {
        for (line, expected) in [
            ("Lorem Ipsum dolor sit amet, consectetur", "lorem ipsum"),
            ("Your text here", "your text here"),
            ("Hello {{ user.name }}, welcome", "{{ user.name }}"),
            ("Hello ${name}", "${name}"),
            ("<%= title %>", "<%= title %>"),
            ("TODO: write this", "TODO"),
            ("About us (FIXME)", "FIXME"),
            ("[object Object]", "[object Object]"),
            ("Posted on Invalid Date", "Invalid Date"),
            ("Total: $NaN", "NaN"),
            ("NaN%", "NaN"),
            ("undefined", "undefined"),
            ("Hello undefined!", "undefined"),
            ("Your address as we have it in the file: null", "null"),
            ("The price of all of these is € undefined today", "undefined"),
        ] {
            assert_eq!(found(line).as_deref(), Some(expected), "{line}");
        }
    }

    #[test]
    fn ordinary_text_is_left_alone() {
        for line in [
            "The behaviour of such a call is undefined in the standard",
            "A null and void contract is no contract at all",
            "My todo list has a nullable column",
            "METODO and TODOS are words",
            "It costs ${12} or {{}}",
            "Use { braces } and $5",
            "Naan bread",
            "Undefined",
        ] {
            assert_eq!(found(line), None, "{line}");
        }
    }

    #[test]
    fn the_same_line_is_told_once_and_a_long_one_is_cut() {
        let long = format!("lorem ipsum {}", "ä".repeat(500));
        let all = find(&format!("TODO\nTODO\n\n{long}"));
        assert_eq!(all.len(), 2);
        assert_eq!(all[1].line.chars().count(), 200);
    }
}
