//! Reading a mapping: each key that a reader asks for becomes known, and what is left over at the end is
//! told with the nearest known key. Read all keys first and combine them last, or keys seem unknown.

use std::str::FromStr;
use std::time::Duration;

use crate::node::{Node, Value};
use crate::problem::{Place, Problems, nearest};
use crate::template::Template;

/// A mapping that is being read.
pub(crate) struct Fields<'n> {
    place: Place,
    entries: &'n [(Node, Node)],
    known: Vec<&'static str>,
    /// Known too, and only named where one of them is near.
    unlisted: Vec<&'static str>,
    missing: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    /// Begins to read a node that must be a mapping.
    pub(crate) fn of(node: &'n Node, what: &str, problems: &mut Problems) -> Option<Self> {
        match &*node.value {
            Value::Map(entries) => Some(Self {
                place: node.place,
                entries,
                known: Vec::new(),
                unlisted: Vec::new(),
                missing: Vec::new(),
            }),
            _ => problems.none(
                node.place,
                format!("{what} is a mapping, and this is {}", node.kind()),
            ),
        }
    }

    /// Where the mapping begins.
    pub(crate) fn place(&self) -> Place {
        self.place
    }

    /// The keys as written.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (&'n str, &'n Node)> + use<'n> {
        self.entries
            .iter()
            .filter_map(|(key, value)| Some((key.text()?, value)))
    }

    /// Where a key stands.
    pub(crate) fn place_of(&self, name: &str) -> Place {
        let found = self.entries.iter().find(|(key, _)| key.text() == Some(name));
        found.map_or(self.place, |(key, _)| key.place)
    }

    /// The value of a key that need not be there.
    pub(crate) fn get(&mut self, key: &'static str) -> Option<&'n Node> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.find(key)
    }

    fn find(&self, key: &str) -> Option<&'n Node> {
        self.entries
            .iter()
            .find(|(found, _)| found.text() == Some(key))
            .map(|(_, value)| value)
    }

    fn knows(&self, key: &str) -> bool {
        self.known.contains(&key) || self.unlisted.contains(&key)
    }

    /// The value of one of many keys, which no message lists.
    pub(crate) fn get_unlisted(&mut self, key: &'static str) -> Option<&'n Node> {
        self.unlisted.push(key);
        self.find(key)
    }

    /// The value of a key that must be there.
    pub(crate) fn need(&mut self, key: &'static str) -> Option<&'n Node> {
        let found = self.get(key);
        if found.is_none() {
            self.missing.push(key);
        }
        found
    }

    /// A text that need not be there.
    pub(crate) fn text(&mut self, key: &'static str, problems: &mut Problems) -> Option<Template> {
        self.get(key).and_then(|node| template(node, key, problems))
    }

    /// A text that must be there.
    pub(crate) fn need_text(&mut self, key: &'static str, problems: &mut Problems) -> Option<Template> {
        self.need(key).and_then(|node| template(node, key, problems))
    }

    /// A text without parameters.
    pub(crate) fn literal(&mut self, key: &'static str, problems: &mut Problems) -> Option<&'n str> {
        self.get(key).and_then(|node| scalar(node, key, problems))
    }

    /// A switch; false where it is not there.
    pub(crate) fn switch(&mut self, key: &'static str, problems: &mut Problems) -> bool {
        self.bool(key, problems).unwrap_or(false)
    }

    /// True or false, or nothing.
    pub(crate) fn bool(&mut self, key: &'static str, problems: &mut Problems) -> Option<bool> {
        self.word(key, &[("true", true), ("false", false)], problems)
    }

    /// A duration.
    pub(crate) fn duration(&mut self, key: &'static str, problems: &mut Problems) -> Option<Duration> {
        let node = self.get(key)?;
        let text = scalar(node, key, problems)?;
        match flowguard_sdk::parse_duration(text) {
            Some(duration) => Some(duration),
            None => problems.none(
                node.place,
                format!("`{key}` is a duration like 300ms, 45s or 2m, and this is none: {text}"),
            ),
        }
    }

    /// A number.
    pub(crate) fn number<T: FromStr>(&mut self, key: &'static str, problems: &mut Problems) -> Option<T> {
        self.get(key).and_then(|node| number(node, key, problems))
    }

    /// One word of several, each with what it means.
    pub(crate) fn word<T: Copy>(
        &mut self,
        key: &'static str,
        words: &[(&'static str, T)],
        problems: &mut Problems,
    ) -> Option<T> {
        self.get(key).and_then(|node| word(node, key, words, problems))
    }

    /// A list of texts without parameters; empty where it is not there.
    pub(crate) fn literals(&mut self, key: &'static str, problems: &mut Problems) -> Vec<String> {
        let items = self
            .get(key)
            .and_then(|node| list(node, key, problems))
            .unwrap_or(&[]);
        items
            .iter()
            .filter_map(|item| scalar(item, key, problems).map(str::to_owned))
            .collect()
    }

    /// Whether a key is there that no reader asked for.
    pub(crate) fn has_unknown(&self) -> bool {
        self.keys().any(|(key, _)| !self.knows(key))
    }

    fn split_at_known<'k>(&self, key: &'k str) -> Option<(&'static str, &'k str)> {
        self.known
            .iter()
            .find_map(|known| Some((*known, key.strip_prefix(known)?.strip_prefix('-')?)))
    }

    /// Tells the keys that are unknown, and those that are missing. A missing key that an unknown one was
    /// probably meant to be is told once.
    pub(crate) fn finish(mut self, what: &str, problems: &mut Problems) {
        for (key, _) in self.keys() {
            if self.knows(key) {
                continue;
            }
            let place = self.place_of(key);
            // `to-be-visible` where the format has `to-be: visible`.
            if let Some((known, rest)) = self.split_at_known(key) {
                problems.note(
                    place,
                    format!("unknown key; did you mean `{known}: {rest}`: {key}"),
                );
                continue;
            }
            match nearest(key, self.known.iter().chain(&self.unlisted).copied()) {
                Some(meant) => {
                    self.missing.retain(|missing| *missing != meant);
                    problems.note(place, format!("unknown key; did you mean `{meant}`: {key}"));
                }
                None => {
                    let known = self.known.join(", ");
                    problems.note(place, format!("unknown key; {what} takes {known}: {key}"));
                }
            }
        }
        for key in self.missing {
            problems.note(self.place, format!("{what} needs `{key}`"));
        }
    }
}

/// A scalar's text. Nothing is no text.
pub(crate) fn scalar<'n>(node: &'n Node, key: &str, problems: &mut Problems) -> Option<&'n str> {
    match node.text() {
        Some(text) if !node.is_nothing() => Some(text),
        _ => problems.none(
            node.place,
            format!("`{key}` is a text, and this is {}", node.kind()),
        ),
    }
}

/// A scalar's text with its parameters.
pub(crate) fn template(node: &Node, key: &str, problems: &mut Problems) -> Option<Template> {
    let text = scalar(node, key, problems)?;
    Template::read(text, node.place, problems)
}

/// The items of a list.
pub(crate) fn list<'n>(node: &'n Node, key: &str, problems: &mut Problems) -> Option<&'n [Node]> {
    match &*node.value {
        Value::List(items) => Some(items),
        _ => problems.none(
            node.place,
            format!("`{key}` is a list, and this is {}", node.kind()),
        ),
    }
}

/// A number.
pub(crate) fn number<T: FromStr>(node: &Node, key: &str, problems: &mut Problems) -> Option<T> {
    let text = scalar(node, key, problems)?;
    match text.parse() {
        Ok(number) => Some(number),
        Err(_) => problems.none(
            node.place,
            format!("`{key}` is a number, and this does not fit: {text}"),
        ),
    }
}

/// One word of several.
pub(crate) fn word<T: Copy>(
    node: &Node,
    key: &str,
    words: &[(&'static str, T)],
    problems: &mut Problems,
) -> Option<T> {
    let text = scalar(node, key, problems)?;
    if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
        return Some(*meaning);
    }
    let all = || words.iter().map(|(word, _)| *word);
    let hint = match nearest(text, all()) {
        Some(meant) => format!("did you mean `{meant}`"),
        None => format!("there are {}", all().collect::<Vec<_>>().join(", ")),
    };
    problems.none(node.place, format!("unknown word for `{key}`; {hint}: {text}"))
}
