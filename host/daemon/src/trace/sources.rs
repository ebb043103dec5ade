//! The flow's code in a trace. The text that was interpreted is the recorded one. A file that still has the lines which
//! the run recorded goes in whole; of any other, only those lines, at their places: what was not run is not shown as if
//! it had been.

use bytes::Bytes;
use flowguard_core::flow::Source;
use flowguard_core::run::Attempt;
use sha1::{Digest as _, Sha1};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::path::Path;

use crate::source_lines;

/// Lines of a file of which only some are known; a place beyond is a compiler's mistake.
const MAX_LINES: u32 = 100_000;

/// The lines of a file that are known, by their numbers.
type Known<'a> = BTreeMap<u32, &'a str>;

/// Where the text of sources comes from.
#[derive(Debug)]
pub(crate) struct Sources<'a> {
    /// Files are read below this folder, which is a canonical path.
    pub(crate) root: &'a Path,
    /// The text that the component interpreted, as it was recorded.
    pub(crate) interpreted: Option<Source>,
}

impl Sources<'_> {
    /// The files of all places, as the zip names them.
    pub(super) fn of(&self, attempt: &Attempt) -> Vec<(String, Bytes)> {
        let mut files: HashMap<&str, Known<'_>> = HashMap::new();
        let steps = attempt.history.steps.iter();
        for place in steps.flat_map(|step| &step.places) {
            let known = files.entry(&place.file).or_default();
            if !place.text.is_empty() && (1..=MAX_LINES).contains(&place.line) {
                known.insert(place.line, &place.text);
            }
        }
        files
            .into_iter()
            .filter_map(|(file, known)| Some((entry_name(file), self.text(file, &known)?.into())))
            .collect()
    }

    fn text(&self, file: &str, known: &Known<'_>) -> Option<String> {
        if let Some(source) = self.interpreted.as_ref().filter(|source| source.name == file) {
            return Some(source.text.clone());
        }
        if known.is_empty() {
            return None;
        }
        let whole = source_lines::text(self.root, file).filter(|text| holds(text, known));
        Some(whole.unwrap_or_else(|| only(known)))
    }
}

/// Whether a text has these lines at their places.
fn holds(text: &str, known: &Known<'_>) -> bool {
    let lines = source_lines::lines(text);
    known
        .iter()
        .all(|(number, line)| lines.get(*number as usize - 1).is_some_and(|text| text == line))
}

/// A file of which nothing else is known.
fn only(known: &Known<'_>) -> String {
    let mut text = String::new();
    let mut at = 1;
    for (number, line) in known {
        for _ in at..*number {
            text.push('\n');
        }
        let _ = writeln!(text, "{line}");
        at = number + 1;
    }
    text
}

/// The viewer looks for a source under the hash of its name.
fn entry_name(file: &str) -> String {
    let hash = Sha1::digest(file.as_bytes());
    let mut name = "resources/src@".to_owned();
    for byte in hash {
        let _ = write!(name, "{byte:02x}");
    }
    name + ".txt"
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn known_lines_stand_at_their_places_and_a_changed_file_is_not_taken() {
        let known = Known::from([(2, "second"), (4, "fourth")]);
        assert_eq!(only(&known), "\nsecond\n\nfourth\n");
        assert!(holds("1\n  second\n3\nfourth", &known));
        assert!(!holds("1\nsecond\n3\nother", &known));
        assert!(!holds("1\nsecond", &known));
    }

    #[test]
    fn a_source_is_named_as_the_viewer_looks_for_it() {
        assert_eq!(
            entry_name("abc"),
            "resources/src@a9993e364706816aba3e25717850c26c9cd0d89d.txt"
        );
    }
}
