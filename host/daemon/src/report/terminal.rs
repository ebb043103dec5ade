//! The report for people who wait at a terminal: a line for each run, and below a run that did not pass all
//! that a newcomer needs to find the bug. Pure text; nothing that a page wrote can reach the terminal as a
//! control sequence.

use flowguard_core::artifact::Digest;
use flowguard_core::browser::CloudUse;
use flowguard_core::run::{Attempt, RunRecord};
use flowguard_core::verdict::Verdict;
use flowguard_core::{Blame, Failure};
use std::collections::BTreeSet;

use super::attempt::{backtrace, event_line, evidence, failures, is_problem, picture_of, place};
use super::{Overall, Report, words};

/// Lines of the call log, the last ones.
const LOG_LINES: usize = 10;
/// Lines of any other text.
const TEXT_LINES: usize = 12;
/// Failures that are told in full; the others are one line each.
const FAILURES: usize = 3;
/// Events of the page.
const EVENTS: usize = 5;
/// Before everything below a run.
const INDENT: &str = "    ";

/// How the text is to look.
#[derive(Clone, Copy)]
pub(crate) struct Style<'a> {
    /// Whether the terminal shows colours.
    pub(crate) colour: bool,
    /// Where the file of an artifact is, if it can be named.
    pub(crate) locate: &'a dyn Fn(&Digest) -> Option<String>,
}

impl Style<'_> {
    /// No colours, and artifacts by their digest.
    #[cfg(test)]
    #[must_use]
    pub(crate) fn plain() -> Self {
        Self {
            colour: false,
            locate: &|_| None,
        }
    }
}

#[derive(Clone, Copy)]
enum Paint {
    Good,
    Bad,
    Odd,
    Faint,
    Strong,
}

impl Paint {
    const fn code(self) -> &'static str {
        match self {
            Self::Good => "32",
            Self::Bad => "31",
            Self::Odd => "33",
            Self::Faint => "2",
            Self::Strong => "1",
        }
    }
}

/// A text that grows by lines.
struct Page<'a> {
    style: Style<'a>,
    text: String,
}

/// A finished run: its line, and what went wrong if something did.
#[must_use]
pub(crate) fn render(run: &RunRecord, style: Style<'_>) -> String {
    let mut page = Page {
        style,
        text: String::new(),
    };
    page.title(run);
    if let Some(last) = run.attempts.last() {
        for warning in &last.warnings {
            page.labelled("warning", Paint::Odd, warning);
        }
    }
    match (&run.verdict, run.attempts.last()) {
        (Verdict::Passed, _) => page.flaky(run),
        (_, Some(last)) => page.wrong(run, last),
        (_, None) => {}
    }
    page.text
}

/// What all of it came to.
#[must_use]
pub(crate) fn summary(report: &Report, style: Style<'_>) -> String {
    let mut page = Page {
        style,
        text: String::new(),
    };
    for failure in &report.load_failures {
        let line = format!(
            "{} {} could not be loaded",
            page.paint(Paint::Bad, "✗"),
            safe(&failure.file)
        );
        page.line(&line);
        page.block(&failure.message, TEXT_LINES);
        page.line("");
    }
    let counts = report.counts();
    let parts = [
        (counts.failed, "failed", Paint::Bad),
        (counts.errored, "errored", Paint::Odd),
        (counts.not_loaded, "not loaded", Paint::Bad),
        (counts.flaky, "flaky", Paint::Odd),
        (counts.passed, "passed", Paint::Good),
    ];
    let mut said: Vec<String> = parts
        .into_iter()
        .filter(|(number, ..)| *number > 0)
        .map(|(number, word, paint)| page.paint(paint, &format!("{number} {word}")))
        .collect();
    if said.is_empty() {
        said.push(page.paint(Paint::Odd, "nothing ran"));
    }
    let took = page.paint(Paint::Faint, &format!("({})", words::duration(report.took_us)));
    let mark = match report.overall() {
        Overall::Passed => page.paint(Paint::Good, "✓"),
        Overall::Failed => page.paint(Paint::Bad, "✗"),
        Overall::Errored => page.paint(Paint::Odd, "!"),
    };
    page.line(&format!("{mark} {} {took}", said.join(", ")));
    page.text
}

/// What was used of the cloud, where something was; `paid` in millionths of a dollar, for all sessions.
#[must_use]
pub(crate) fn cloud(report: &Report, paid: u64) -> String {
    let attempts = report.runs.iter().flat_map(|run| &run.attempts);
    let uses: Vec<&CloudUse> = attempts
        .filter_map(|attempt| attempt.browser.as_ref()?.cloud.as_ref())
        .collect();
    if uses.is_empty() {
        return String::new();
    }
    let sessions: BTreeSet<&str> = uses.iter().map(|cloud| cloud.session.as_str()).collect();
    let alone: u64 = uses.iter().map(|cloud| cloud.alone_microdollars).sum();
    let running: u64 = uses.iter().map(|cloud| cloud.cost_microdollars).sum();
    format!(
        "  in the cloud: {} in {}, {}, of which {} while they ran; each by itself {}\n",
        words::count(uses.len(), "attempt"),
        words::count(sessions.len(), "session"),
        words::dollars(paid),
        words::dollars(running.min(paid)),
        words::dollars(alone)
    )
}

impl Page<'_> {
    fn title(&mut self, run: &RunRecord) {
        let mark = match run.verdict {
            Verdict::Passed => self.paint(Paint::Good, "✓"),
            Verdict::Failed { .. } => self.paint(Paint::Bad, "✗"),
            Verdict::Errored { .. } => self.paint(Paint::Odd, "!"),
        };
        let component = self.paint(Paint::Faint, &format!("{} ›", one_line(&run.origin.component)));
        let name = one_line(&run.flow.name);
        let name = match run.verdict.passed() {
            true => name,
            false => self.paint(Paint::Strong, &name),
        };
        let took = self.paint(Paint::Faint, &format!("({})", words::duration(run.took_us)));
        let mut line = format!("{mark} {component} {name} {took}");
        if run.flow.critical && !run.verdict.passed() {
            line = format!("{line} {}", self.paint(Paint::Bad, "critical"));
        }
        if run.flaky() {
            line = format!("{line} {}", self.paint(Paint::Odd, "flaky"));
        }
        self.line(&line);
    }

    fn flaky(&mut self, run: &RunRecord) {
        for attempt in run.attempts.iter().filter(|attempt| !attempt.verdict.passed()) {
            let message = attempt.verdict.failure().map_or("", |failure| &failure.message);
            self.labelled(&format!("attempt {}", attempt.number), Paint::Odd, message);
        }
    }

    fn wrong(&mut self, run: &RunRecord, last: &Attempt) {
        let all = failures(&run.verdict);
        for failure in all.iter().take(FAILURES) {
            self.line("");
            self.failure(last, failure);
        }
        for failure in all.iter().skip(FAILURES) {
            self.labelled("also", Paint::Bad, &failure.message);
        }
        self.list("backtrace", backtrace(&run.verdict), TEXT_LINES, false);
        self.page_problems(last);
        if let Some((blame, failure)) = run.verdict.blame().zip(run.verdict.failure()) {
            self.advice(blame, failure);
        }
        self.line("");
        if run.attempts.len() > 1 {
            let same = run.attempts.iter().all(|attempt| {
                attempt.verdict.failure().map(|failure| &failure.message)
                    == run.verdict.failure().map(|failure| &failure.message)
            });
            let how = if same {
                "all with this failure"
            } else {
                "not all with this failure"
            };
            let text = format!("{}, {how}", words::count(run.attempts.len(), "attempt"));
            self.labelled("tried", Paint::Faint, &text);
        }
        if let Some(har) = &last.network {
            let at = self.located(&har.digest);
            self.labelled("network", Paint::Faint, &at);
        }
        self.labelled("run", Paint::Faint, run.id.as_str());
        self.line("");
    }

    fn failure(&mut self, attempt: &Attempt, failure: &Failure) {
        for (number, line) in failure.message.lines().take(TEXT_LINES).enumerate() {
            let line = safe(line);
            let line = if number == 0 {
                self.paint(Paint::Strong, &line)
            } else {
                line
            };
            self.line(&format!("{INDENT}{line}"));
        }
        if let Some(expected) = evidence(failure, "expected") {
            self.labelled("expected", Paint::Good, expected);
        }
        if let Some(received) = evidence(failure, "received") {
            self.labelled("received", Paint::Bad, received);
        }
        if let Some(place) = place(attempt, failure) {
            let titles: Vec<String> = place.path.iter().map(|step| one_line(&step.title)).collect();
            let label = if place.exact { "where" } else { "last step" };
            self.labelled(label, Paint::Faint, &titles.join(" › "));
            if let Some(code) = place.path.iter().rev().find_map(|step| step.places.first()) {
                self.labelled("at", Paint::Faint, &words::place(code));
                if !code.text.is_empty() {
                    self.labelled("", Paint::Faint, &code.text);
                }
            }
        }
        if let Some(picture) = picture_of(attempt, failure) {
            let at = self.located(&picture.digest);
            self.labelled("picture", Paint::Faint, &at);
        }
        self.list("call log", &failure.call_log, LOG_LINES, true);
        for other in &failure.evidence {
            if !matches!(other.title.as_str(), "expected" | "received") {
                let lines: Vec<String> = other.text.lines().map(str::to_owned).collect();
                self.list(&other.title, &lines, TEXT_LINES, false);
            }
        }
    }

    /// Where a person finds an artifact.
    fn located(&self, digest: &Digest) -> String {
        (self.style.locate)(digest).unwrap_or_else(|| format!("artifact {}", digest.short()))
    }

    /// Errors of the page itself often are the cause of what an assertion sees.
    fn page_problems(&mut self, attempt: &Attempt) {
        let problems: Vec<String> = attempt
            .history
            .events
            .iter()
            .filter(|event| is_problem(&event.what))
            .map(|event| one_line(&event_line(&event.what)))
            .collect();
        self.list("the page's own errors", &problems, EVENTS, true);
    }

    fn advice(&mut self, blame: Blame, failure: &Failure) {
        self.line("");
        let who = format!(
            "{} ({}/{})",
            words::headline(blame),
            blame.name(),
            failure.code.name()
        );
        let who = self.paint(Paint::Strong, &who);
        self.line(&format!("{INDENT}{who}"));
        self.line(&format!("{INDENT}{}", words::meaning(blame)));
        self.line(&format!("{INDENT}{}", words::hint(failure)));
    }

    /// A titled list, of which the first or the last lines are shown.
    fn list(&mut self, title: &str, lines: &[String], limit: usize, last: bool) {
        if lines.is_empty() {
            return;
        }
        let left_out = lines.len().saturating_sub(limit);
        let title = match (left_out, last) {
            (0, _) => one_line(title),
            (_, true) => format!("{} (the last {limit} of {})", one_line(title), lines.len()),
            (_, false) => format!("{} (the first {limit} of {})", one_line(title), lines.len()),
        };
        self.line("");
        let title = self.paint(Paint::Faint, &title);
        self.line(&format!("{INDENT}{title}"));
        let skip = if last { left_out } else { 0 };
        for line in lines.iter().skip(skip).take(limit) {
            let line = safe(line);
            self.line(&format!("{INDENT}  {line}"));
        }
    }

    /// A label and a text beside it; further lines of the text stand below its first.
    fn labelled(&mut self, label: &str, paint: Paint, text: &str) {
        const WIDTH: usize = 9;
        let mut lines = text.lines();
        let first = safe(lines.next().unwrap_or("(empty)"));
        let shown = self.paint(paint, &format!("{label:<WIDTH$}"));
        self.line(&format!("{INDENT}{shown} {first}"));
        for line in lines.take(TEXT_LINES) {
            let line = safe(line);
            self.line(&format!("{INDENT}{:<WIDTH$} {line}", ""));
        }
    }

    fn block(&mut self, text: &str, limit: usize) {
        for line in text.lines().take(limit) {
            let line = safe(line);
            self.line(&format!("{INDENT}{line}"));
        }
    }

    fn paint(&self, paint: Paint, text: &str) -> String {
        match self.style.colour {
            true => format!("\x1b[{}m{text}\x1b[0m", paint.code()),
            false => text.to_owned(),
        }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }
}

/// A line that cannot steer the terminal.
fn safe(line: &str) -> String {
    words::visible(line).replace(['\n', '\t'], "  ")
}

fn one_line(text: &str) -> String {
    safe(text.lines().next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::super::fixtures;
    use super::*;

    fn whole(report: &Report, style: Style<'_>) -> String {
        let runs = report.runs.iter().map(|run| render(run, style));
        runs.chain([summary(report, style)]).collect()
    }

    #[test]
    fn a_report_of_each_kind() {
        let (report, _) = fixtures::report();
        let locate = |digest: &Digest| Some(format!(".flowguard/artifacts/{}.png", digest.short()));
        let style = Style {
            colour: false,
            locate: &locate,
        };
        insta::assert_snapshot!(whole(&report, style));
    }

    #[test]
    fn in_colour() {
        let style = Style {
            colour: true,
            ..Style::plain()
        };
        let text = render(&fixtures::failed(), style);
        insta::assert_snapshot!(text.replace('\u{1b}', "ESC"));
        assert_eq!(
            text.matches("\u{1b}[").count(),
            2 * text.matches("\u{1b}[0m").count()
        );
    }

    #[test]
    fn nothing_ran_is_said() {
        let report = Report::new(vec![], vec![], 0, std::time::Duration::ZERO, "0.1.0");
        assert_eq!(summary(&report, Style::plain()), "! nothing ran (<1 ms)\n");
    }

    #[test]
    fn a_page_cannot_steer_the_terminal() {
        let text = whole(&fixtures::hostile(), Style::plain());
        assert_eq!(text.chars().find(|c| c.is_control() && *c != '\n'), None);
        assert!(!text.contains('\u{202e}'));
        let lines = |report: &Report| whole(report, Style::plain()).lines().count();
        assert_eq!(lines(&fixtures::hostile()), lines(&fixtures::benign()));
    }
}
