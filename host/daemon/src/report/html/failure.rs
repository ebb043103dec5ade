//! A failure, so told that a newcomer finds the bug: what happened and where, what was expected, what the page
//! looked like, what the host tried, who must act.

use flowguard_core::Failure;
use flowguard_core::run::Attempt;
use maud::{Markup, html};

use super::super::attempt::{backtrace, event_line, evidence, failures, is_problem, picture_of, place};
use super::super::files::Files;
use super::super::words;
use super::{Place, Text, pictures};

/// Evidence that is shown without being asked for has at most so many lines.
const SHORT: usize = 14;
/// Errors of the page that are told with the failure; the tables have them all.
const PROBLEMS: usize = 4;

/// The failures that decided an attempt.
pub(super) fn all(attempt: &Attempt, here: Place, files: &Files) -> Markup {
    let failures = failures(&attempt.verdict);
    html! {
        @for (number, failure) in failures.iter().enumerate() {
            section class={ "failure " (attempt.verdict.name()) } id=(here.failure(number)) {
                (head(attempt, failure, (number, failures.len())))
                p.message { (Text(&failure.message)) }
                (path(attempt, failure, here))
                div.sides {
                    div.told {
                        (compared(failure))
                        @if number == 0 { (trace(backtrace(&attempt.verdict))) }
                        @if number == 0 { (meanwhile(attempt, here)) }
                        (call_log(&failure.call_log))
                        (other_evidence(failure))
                    }
                    @if number == 0 && let Some(picture) = picture_of(attempt, failure) {
                        div.seen { (pictures::shown(picture, files)) }
                    }
                }
                @if number + 1 == failures.len() { (advice(attempt, failure)) }
            }
        }
    }
}

fn head(attempt: &Attempt, failure: &Failure, (number, of): (usize, usize)) -> Markup {
    let blame = attempt.verdict.blame().map_or("", words::headline);
    html! {
        header {
            h4 { (capital(blame)) @if of > 1 { span.number { (number + 1) " of " (of) } } }
            code.code { (failure.code.name()) }
            @if failure.retryable { span.badge { "may pass when run again" } }
        }
    }
}

fn path(attempt: &Attempt, failure: &Failure, here: Place) -> Markup {
    html! {
        @if let Some(place) = place(attempt, failure) {
            p.path {
                span.label { @if place.exact { "Where" } @else { "Last step" } }
                @for (depth, step) in place.path.iter().enumerate() {
                    @if depth > 0 { " › " }
                    a href={ "#" (here.step(step.id)) } { (Text(&step.title)) }
                }
            }
        }
    }
}

/// Expected and received, one above the other, so that the eye finds where they part.
fn compared(failure: &Failure) -> Markup {
    let (expected, received) = (evidence(failure, "expected"), evidence(failure, "received"));
    let (before, after) = match (expected, received) {
        (Some(expected), Some(received)) => shared(expected, received),
        _ => (0, 0),
    };
    html! {
        @if expected.is_some() || received.is_some() {
            dl.compared {
                @for (name, text) in [("expected", expected), ("received", received)] {
                    @if let Some(text) = text {
                        dt class=(name) { (capital(name)) }
                        dd class=(name) { pre { (marked(text, before, after)) } }
                    }
                }
            }
        }
    }
}

/// A text whose middle, between `before` and `after` bytes, is marked; nothing is marked where both are 0.
fn marked(text: &str, before: usize, after: usize) -> Markup {
    let end = text.len().saturating_sub(after);
    let parts = text.get(..before).zip(text.get(before..end)).zip(text.get(end..));
    html! {
        @match parts {
            Some(((head, middle), tail)) if before + after > 0 && !middle.is_empty() => {
                (Text(head)) mark { (Text(middle)) } (Text(tail))
            }
            _ => {
                @if text.is_empty() { i { "(empty)" } } @else { (Text(text)) }
            }
        }
    }
}

/// How many bytes two texts share at their beginning and at their end, without counting any twice. Nothing
/// where they are equal or share too little to help.
fn shared(one: &str, other: &str) -> (usize, usize) {
    if one == other {
        return (0, 0);
    }
    let same = |(a, b): &(char, char)| a == b;
    let before: usize = one
        .chars()
        .zip(other.chars())
        .take_while(same)
        .map(|(a, _)| a.len_utf8())
        .sum();
    let rest = one.len().min(other.len()) - before;
    let mut after = 0;
    for (a, _) in one.chars().rev().zip(other.chars().rev()).take_while(same) {
        if after + a.len_utf8() > rest {
            break;
        }
        after += a.len_utf8();
    }
    if (before + after) * 3 < one.len().min(other.len()) {
        return (0, 0);
    }
    (before, after)
}

fn trace(frames: &[String]) -> Markup {
    html! {
        @if !frames.is_empty() {
            h5 { "Backtrace of the flow, innermost first" }
            ol.trace tabindex=[scrolls(frames.len())] { @for frame in frames { li { code { (Text(frame)) } } } }
        }
    }
}

/// Errors of the page itself: often the cause of what an assertion sees.
fn meanwhile(attempt: &Attempt, here: Place) -> Markup {
    let events = attempt.history.events.iter().enumerate();
    let problems: Vec<_> = events.filter(|(_, event)| is_problem(&event.what)).collect();
    html! {
        @if !problems.is_empty() {
            h5 { "Meanwhile, the page had " (words::count(problems.len(), "error")) }
            ul.meanwhile {
                @for (number, event) in problems.iter().take(PROBLEMS) {
                    @let line = event_line(&event.what);
                    li { (Text(line.lines().next().unwrap_or_default())) a href={ "#" (here.event(*number)) } { "at " (words::duration(event.at_us)) } }
                }
            }
        }
    }
}

fn call_log(lines: &[String]) -> Markup {
    html! {
        @if !lines.is_empty() {
            h5 { "What the host tried and saw" }
            ol.log tabindex=[scrolls(lines.len())] { @for line in lines { li { (Text(line)) } } }
        }
    }
}

fn other_evidence(failure: &Failure) -> Markup {
    let others = failure
        .evidence
        .iter()
        .filter(|evidence| !matches!(evidence.title.as_str(), "expected" | "received"));
    html! {
        @for evidence in others {
            details.evidence open[evidence.text.lines().nth(SHORT).is_none()] {
                summary { h5 { (Text(titled(&evidence.title))) } }
                pre tabindex=[scrolls(evidence.text.lines().count())] { (Text(&evidence.text)) }
            }
        }
    }
}

/// Whether a text of so many lines may have to be scrolled, which needs the focus.
fn scrolls(lines: usize) -> Option<u8> {
    (lines > SHORT / 2).then_some(0)
}

/// The titles that the host gives, in words.
fn titled(title: &str) -> &str {
    match title {
        "aria" => "What the page says to assistive technology",
        "candidates" => "What the locator matches",
        "finding" => "Finding",
        "url" => "Address",
        other => other,
    }
}

fn advice(attempt: &Attempt, failure: &Failure) -> Markup {
    html! {
        @if let Some(blame) = attempt.verdict.blame() {
            div.advice {
                p { b { "Blame: " (blame.name()) ". " } (words::meaning(blame)) }
                p { b { "Next: " } (words::hint(failure)) }
            }
        }
    }
}

/// With a capital letter at its beginning.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn the_mark_lies_where_two_texts_part() {
        let cases = [
            (
                "€ 52.90",
                "€ 48.00",
                "€ <mark>52.9</mark>0",
                "€ <mark>48.0</mark>0",
            ),
            ("12 items", "1 items", "1<mark>2</mark> items", "1 items"),
            ("aa", "aaa", "aa", "aa<mark>a</mark>"),
            ("same", "same", "same", "same"),
            ("left", "other", "left", "other"),
            ("", "x", "<i>(empty)</i>", "x"),
        ];
        for (one, other, first, second) in cases {
            let (before, after) = shared(one, other);
            let shown = [one, other].map(|text| marked(text, before, after).into_string());
            assert_eq!(shown, [first, second]);
        }
    }
}
