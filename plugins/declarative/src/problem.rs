//! What is wrong in a file, and how it is told: the place, the nearest right word, the line itself.

use std::fmt::Write;

/// More than this many problems help nobody.
const MOST: usize = 20;
/// A longer line is cut around the place.
const WIDEST: usize = 110;

/// A place in the file: line and column from 1, and how many characters it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) length: usize,
}

#[derive(Debug)]
struct Problem {
    place: Place,
    message: String,
}

/// What was found wrong so far. Readers note a problem here and go on, so that one look finds several.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    /// Notes a problem.
    pub(crate) fn note(&mut self, place: Place, message: impl Into<String>) {
        self.0.push(Problem {
            place,
            message: message.into(),
        });
    }

    /// Notes a problem and answers that there is no value.
    pub(crate) fn none<T>(&mut self, place: Place, message: impl Into<String>) -> Option<T> {
        self.note(place, message);
        None
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All problems in the order of the file, each with its line.
    pub(crate) fn render(mut self, file: &str, text: &str) -> String {
        self.0
            .sort_by_key(|problem| (problem.place.line, problem.place.column));
        let lines: Vec<&str> = text.lines().collect();
        let mut out = String::new();
        for problem in self.0.iter().take(MOST) {
            render_one(&mut out, file, &lines, problem);
        }
        if let Some(more @ 1..) = self.0.len().checked_sub(MOST) {
            let _ = writeln!(out, "and {more} more");
        }
        out.truncate(out.trim_end().len());
        out
    }
}

fn render_one(out: &mut String, file: &str, lines: &[&str], problem: &Problem) {
    let Place { line, column, length } = problem.place;
    // Writing into a String cannot fail.
    let _ = writeln!(out, "{file}:{line}:{column}: {}", problem.message);
    let Some(text) = lines.get(line - 1) else { return };
    let is_long = text.chars().nth(WIDEST).is_some();
    let skipped = if is_long {
        (column - 1).saturating_sub(WIDEST / 2)
    } else {
        0
    };
    // Tabs would make the mark miss its place, other control characters the terminal.
    let shown: String = text
        .chars()
        .skip(skipped)
        .take(WIDEST)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let indent = column - 1 - skipped;
    let room = shown.chars().count().saturating_sub(indent).max(1);
    let mark = "^".repeat(length.clamp(1, room));
    let number = line.to_string();
    let _ = writeln!(out, "  {number} | {}", shown.trim_end());
    let _ = writeln!(
        out,
        "  {} | {}{mark}",
        " ".repeat(number.len()),
        " ".repeat(indent)
    );
}

/// The word that was probably meant: the nearest by edits, where few are needed.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Edits between two words; swapped neighbours count as one (optimal string alignment).
fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    // Words of a format are short; whatever is longer is nothing misspelt.
    if left.len().max(right.len()) > 64 {
        return usize::MAX;
    }
    let mut rows = vec![(0..=right.len()).collect::<Vec<usize>>()];
    for i in 1..=left.len() {
        let mut row = vec![i];
        for j in 1..=right.len() {
            let substituted = rows[i - 1][j - 1] + usize::from(left[i - 1] != right[j - 1]);
            let mut best = substituted.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_near() {
        let known = ["click", "check", "fill", "to-have-text", "to-have-texts"];
        assert_eq!(nearest("clik", known), Some("click"));
        assert_eq!(nearest("lcick", known), Some("click"));
        assert_eq!(nearest("to-have-txt", known), Some("to-have-text"));
        assert_eq!(nearest("navigate", known), None);
        assert_eq!(nearest(&"x".repeat(100_000), known), None);
    }

    #[test]
    fn many_problems_are_cut_and_a_long_line_is_shown_around_its_place() {
        let mut problems = Problems::default();
        for _ in 0..25 {
            problems.note(
                Place {
                    line: 1,
                    column: 300,
                    length: 5,
                },
                "too far right",
            );
        }
        let text = format!("{}WRONG{}", "a".repeat(299), "b".repeat(300));
        let shown = problems.render("x.yaml", &text);
        assert!(shown.ends_with("and 5 more"), "{shown}");
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[1].find("WRONG"), lines[2].find("^^^^^"));
    }
}
