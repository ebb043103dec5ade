//! What differs between a template and a tree, line by line, for whoever reads the failure.

/// Lines that are compared; a longer text is shown as it is.
const MOST_LINES: usize = 500;

/// The lines of both, those of the template only marked `-` and those of the page only `+`; none where there
/// are too many.
pub(in crate::browser) fn difference(expected: &str, received: &str) -> Option<String> {
    let (expected, received) = (lines(expected), lines(received));
    if expected.len().max(received.len()) > MOST_LINES {
        return None;
    }
    let common = common_ends(&expected, &received);
    let (mut e, mut r) = (0, 0);
    let mut shown = Vec::new();
    while e < expected.len() || r < received.len() {
        if e < expected.len() && r < received.len() && expected[e] == received[r] {
            shown.push(format!("  {}", expected[e]));
            (e, r) = (e + 1, r + 1);
        } else if r == received.len() || (e < expected.len() && common[e + 1][r] >= common[e][r + 1]) {
            shown.push(format!("- {}", expected[e]));
            e += 1;
        } else {
            shown.push(format!("+ {}", received[r]));
            r += 1;
        }
    }
    Some(shown.join("\n"))
}

/// The lines that are not blank, without the indentation that they share.
fn lines(text: &str) -> Vec<&str> {
    let filled = text.lines().filter(|line| !line.trim().is_empty());
    let indent = |line: &str| line.bytes().take_while(|byte| *byte == b' ').count();
    let shared = filled.clone().map(indent).min().unwrap_or(0);
    filled.map(|line| &line[shared..]).collect()
}

/// How many lines the rests from each place have in common, in order.
fn common_ends(expected: &[&str], received: &[&str]) -> Vec<Vec<u16>> {
    let mut common = vec![vec![0; received.len() + 1]; expected.len() + 1];
    for e in (0..expected.len()).rev() {
        for r in (0..received.len()).rev() {
            common[e][r] = match expected[e] == received[r] {
                true => common[e + 1][r + 1] + 1,
                false => common[e + 1][r].max(common[e][r + 1]),
            };
        }
    }
    common
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_one_side_only_are_marked() {
        let expected = "\n    - list:\n      - listitem: One\n      - listitem: Two\n  ";
        let received = "- list:\n  - listitem: One\n  - listitem: 2\n- button";
        assert_eq!(
            difference(expected, received).as_deref(),
            Some("  - list:\n    - listitem: One\n-   - listitem: Two\n+   - listitem: 2\n+ - button")
        );
    }

    #[test]
    fn a_text_of_thousands_of_lines_is_not_compared() {
        let long = "- link\n".repeat(MOST_LINES + 1);
        assert_eq!(difference("- link", &long), None);
    }
}
