//! The report for CI servers: JUnit XML as Surefire writes and Jenkins, GitLab and others read it.
//!
//! One test suite for each component, one test case for each flow. A wrong product is a `failure`; whatever
//! could not be decided is an `error`, because it pages somebody else. The type is blame and code, for example
//! `product/assertion-failed`. Earlier attempts are `flaky…` elements where the flow passed at last, and
//! `rerun…` elements where it did not. Every suite is valid by Jenkins' `junit-10.xsd`, which knows no
//! properties and no times below a suite: they are the first lines of `system-out`. Characters that XML cannot
//! hold are dropped.

use chrono::{DateTime, Utc};
use flowguard_core::run::{Attempt, RunRecord};
use flowguard_core::timeline::{Event, PageEvent};
use flowguard_core::verdict::Verdict;
use quick_junit::{NonSuccessKind, Property, TestCase, TestCaseStatus, TestRerun, TestSuite, XmlString};
use std::fmt::Write as _;
use std::time::Duration;

use super::attempt::{Node, Tree, backtrace, event_line, failures, is_problem, outcome_name, place};
use super::model::{LoadFailure, Suite};
use super::{Report, words};

/// Steps and console lines that a test case lists at most; the other reports have them all.
const MAX_LINES: usize = 400;
/// Bytes of one text at most. Some readers load the whole file at once.
const MAX_TEXT_BYTES: usize = 16 << 10;

/// The report as JUnit XML.
///
/// # Errors
/// None that a report can cause: what XML cannot hold is dropped before.
pub(crate) fn render(report: &Report) -> Result<String, quick_junit::SerializeError> {
    let mut junit = quick_junit::Report::new("flowguard");
    junit
        .set_time(Duration::from_micros(report.took_us))
        .add_test_suites(report.suites().iter().map(suite))
        .add_test_suites(
            report
                .load_failures
                .iter()
                .map(|failure| not_loaded(report, failure)),
        );
    junit.to_string()
}

fn suite(suite: &Suite<'_>) -> TestSuite {
    let origin = suite.origin;
    let mut suite_xml = TestSuite::new(xml(&origin.component));
    suite_xml.set_time(Duration::from_micros(
        suite.runs.iter().map(|run| run.took_us).sum(),
    ));
    if let Some(first) = suite.runs.iter().map(|run| run.started_ms).min() {
        suite_xml.set_timestamp(moment(first));
    }
    suite_xml
        .add_property(property("file", &origin.file))
        .add_property(property("version", &origin.version))
        .add_property(property("digest", origin.digest.as_str()))
        .add_test_cases(suite.runs.iter().map(|run| case(run)));
    suite_xml
}

fn not_loaded(report: &Report, failure: &LoadFailure) -> TestSuite {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status
        .set_type("flow/not-loaded")
        .set_message(xml(first_line(&failure.message)))
        .set_description(xml(&format!("{}\n{}", failure.file, failure.message)));
    let mut case = TestCase::new("load", status);
    case.set_classname(xml(&failure.file)).set_time(Duration::ZERO);
    let mut suite = TestSuite::new(xml(&failure.file));
    suite
        .set_timestamp(moment(report.started_ms))
        .set_time(Duration::ZERO)
        .add_test_case(case);
    suite
}

fn case(run: &RunRecord) -> TestCase {
    let (last, earlier) = match run.attempts.split_last() {
        Some((last, earlier)) => (Some(last), earlier),
        None => (None, &[][..]),
    };
    let mut status = match kind(&run.verdict) {
        None => TestCaseStatus::success(),
        Some(kind) => TestCaseStatus::non_success(kind),
    };
    status
        .set_type(type_name(&run.verdict))
        .set_message(xml(&message(&run.verdict)));
    if let Some(last) = last {
        status.set_description(xml(&description(last, &run.verdict)));
    }
    status.add_reruns(earlier.iter().filter_map(rerun));
    let mut case = TestCase::new(xml(&run.flow.name), status);
    case.set_classname(xml(&run.origin.component))
        .set_time(Duration::from_micros(run.took_us));
    if let Some(last) = last {
        case.set_system_out(xml(&format!("{}\n\n{}", facts(run), short_story(last))));
        if !last.output.is_empty() {
            case.set_system_err(xml(&cut(&last.output)));
        }
    }
    case
}

/// What tells this run from others, in a line.
fn facts(run: &RunRecord) -> String {
    let mut facts = format!("run {}", run.id);
    if !run.base_url.is_empty() {
        let _ = write!(facts, " against {}", run.base_url);
    }
    if run.flow.critical {
        facts.push_str(", critical");
    }
    if !run.flow.tags.is_empty() {
        let _ = write!(facts, ", tags {}", run.flow.tags.join(" "));
    }
    facts
}

fn rerun(attempt: &Attempt) -> Option<TestRerun> {
    let mut rerun = TestRerun::new(kind(&attempt.verdict)?);
    rerun
        .set_type(type_name(&attempt.verdict))
        .set_message(xml(&message(&attempt.verdict)))
        .set_stack_trace(xml(&description(attempt, &attempt.verdict)))
        .set_system_out(xml(&short_story(attempt)));
    Some(rerun)
}

const fn kind(verdict: &Verdict) -> Option<NonSuccessKind> {
    match verdict {
        Verdict::Passed => None,
        Verdict::Failed { .. } => Some(NonSuccessKind::Failure),
        Verdict::Errored { .. } => Some(NonSuccessKind::Error),
    }
}

fn type_name(verdict: &Verdict) -> String {
    let blame = verdict.blame().map_or("", flowguard_core::Blame::name);
    let code = verdict.failure().map_or("", |failure| failure.code.name());
    format!("{blame}/{code}")
}

fn message(verdict: &Verdict) -> String {
    let failures = failures(verdict);
    let first = failures
        .first()
        .map_or("", |failure| first_line(&failure.message));
    match failures.len() {
        0 | 1 => first.to_owned(),
        several => format!("{first} (and {} more)", several - 1),
    }
}

/// What a person who only sees the CI server's page needs: message, place, evidence, call log, blame.
fn description(attempt: &Attempt, verdict: &Verdict) -> String {
    let mut text = String::new();
    for failure in failures(verdict) {
        let _ = writeln!(text, "{}", cut(&failure.message));
        if let Some(place) = place(attempt, failure) {
            let titles: Vec<&str> = place.path.iter().map(|step| step.title.as_str()).collect();
            let at = if place.exact { "at" } else { "after" };
            let _ = writeln!(text, "{at} {}", titles.join(" › "));
        }
        for evidence in &failure.evidence {
            let _ = writeln!(text, "\n{}:\n{}", evidence.title, cut(&evidence.text));
        }
        list(&mut text, "call log", &failure.call_log);
        text.push('\n');
    }
    list(&mut text, "backtrace", backtrace(verdict));
    if let Some((blame, failure)) = verdict.blame().zip(verdict.failure()) {
        let _ = writeln!(text, "{}\n{}", words::meaning(blame), words::hint(failure));
    }
    text
}

fn list(text: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{title}:");
    for line in lines.iter().take(MAX_LINES) {
        let _ = writeln!(text, "  {}", cut(line));
    }
}

/// The steps with their times, then what stood out on the page.
fn short_story(attempt: &Attempt) -> String {
    let mut lines = Vec::new();
    let tree = Tree::of(&attempt.history.steps);
    tree.roots().for_each(|node| step_lines(node, 0, &mut lines));
    let steps = lines.len();
    lines.truncate(MAX_LINES);
    if steps > MAX_LINES {
        lines.push(format!("… and {}", words::count(steps - MAX_LINES, "more step")));
    }
    let worth = |event: &&Event| is_problem(&event.what) || !matches!(event.what, PageEvent::Request { .. });
    lines.extend(
        attempt
            .history
            .events
            .iter()
            .filter(worth)
            .take(MAX_LINES)
            .map(|event| cut(&event_line(&event.what))),
    );
    lines.join("\n")
}

fn step_lines(node: Node<'_>, depth: usize, lines: &mut Vec<String>) {
    let step = node.step;
    let mark = match outcome_name(&step.outcome) {
        "passed" => String::new(),
        other => format!(" [{other}]"),
    };
    let title = first_line(&step.title);
    lines.push(format!(
        "{}{title} ({}){mark}",
        "  ".repeat(depth),
        words::duration(step.took_us)
    ));
    node.children()
        .for_each(|child| step_lines(child, depth + 1, lines));
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

fn cut(text: &str) -> String {
    flowguard_core::failure::cut(text.to_owned(), MAX_TEXT_BYTES)
}

fn moment(ms: u64) -> DateTime<Utc> {
    words::moment(ms)
}

fn property(name: &str, value: &str) -> Property {
    Property::new(name, xml(value))
}

/// A text that XML can hold. Colours and illegal characters are dropped here and not left to the writer, which
/// takes an escape sequence that never ends for one that reaches to the end of the text.
fn xml(text: &str) -> XmlString {
    let mut legal = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' if rest.next_if_eq(&'[').is_some() => {
                while rest.next_if(|c| matches!(c, '0'..='9' | ';' | '?')).is_some() {}
                rest.next_if(char::is_ascii_alphabetic);
            }
            '\t' => legal.push_str("    "),
            '\n' => legal.push(c),
            '\u{fffe}' | '\u{ffff}' => {}
            _ if c.is_control() => {}
            _ => legal.push(c),
        }
    }
    XmlString::new(legal)
}

#[cfg(test)]
mod tests {
    use super::super::fixtures;
    use super::*;
    use quick_junit::Report as Junit;

    #[test]
    fn a_report_of_each_kind() {
        let (report, _) = fixtures::report();
        insta::assert_snapshot!(render(&report).unwrap());
    }

    #[test]
    fn what_a_page_wrote_cannot_break_the_file_and_hides_nothing() {
        let text = render(&fixtures::hostile()).unwrap();
        let legal = |c: char| matches!(c, '\n' | ' '..='\u{7e}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..);
        assert_eq!(text.chars().find(|c| !legal(*c)), None);
        let read = Junit::deserialize_from_str(&text).unwrap();
        let case = &read.test_suites[0].test_cases[0];
        let ends = |text: &str| text.ends_with("after");
        assert!(
            ends(case.name.as_str()),
            "an escape sequence swallowed the rest: {:?}",
            case.name
        );
        assert!(ends(case.system_err.as_ref().unwrap().as_str()));
        assert_eq!((read.tests, read.errors, read.failures), (2, 2, 0));
    }

    #[test]
    fn colours_go_and_tabs_stay_visible() {
        assert_eq!(
            xml("\u{1b}[1;31mred\u{1b}[0m\tend\u{1b}]0;never closed").as_str(),
            "red    end]0;never closed"
        );
    }
}
