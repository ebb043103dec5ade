//! What is seen first: what it all came to, the filters, and a line for each flow.

use flowguard_core::run::RunRecord;
use flowguard_core::verdict::Verdict;
use maud::{Markup, html};
use std::collections::BTreeSet;

use super::super::files::Files;
use super::super::{Overall, Report, words};
use super::{Text, details, timeline};

/// What all of it came to, in a few words.
pub(super) fn headline(report: &Report) -> String {
    let counts = report.counts();
    let of = words::count(counts.flows, "flow");
    match (report.overall(), counts.failed, counts.errored) {
        (Overall::Passed, ..) if counts.flows == 1 => "The flow passed".to_owned(),
        (Overall::Passed, ..) => format!("All {of} passed"),
        (Overall::Failed, failed, 0) => format!("{failed} of {of} failed"),
        (Overall::Failed, failed, errored) => format!("{failed} of {of} failed, {errored} errored"),
        (Overall::Errored, _, 0) if counts.not_loaded > 0 => {
            format!("{} could not be loaded", words::count(counts.not_loaded, "file"))
        }
        (Overall::Errored, _, 0) => "Nothing ran".to_owned(),
        (Overall::Errored, _, errored) => format!("{errored} of {of} could not be decided"),
    }
}

/// The page's head: the verdict, the facts, how the flows are divided.
pub(super) fn header(report: &Report) -> Markup {
    let flows: BTreeSet<&str> = report.runs.iter().map(|run| run.base_url.as_str()).collect();
    let browsers: BTreeSet<&str> = report
        .runs
        .iter()
        .flat_map(|run| &run.attempts)
        .filter_map(|attempt| attempt.browser.as_ref())
        .map(|browser| browser.product.as_str())
        .collect();
    let places: Vec<&str> = flows.into_iter().filter(|url| !url.is_empty()).collect();
    html! {
        header class={ "top " (report.overall().name()) } {
            div.wide {
                p.brand { (logo()) "FlowGuard" }
                h1 { (headline(report)) }
                dl.facts {
                    div { dt { "Began" } dd { (words::moment(report.started_ms).format("%-d %b %Y, %H:%M:%S UTC")) } }
                    div { dt { "Took" } dd { (words::duration(report.took_us)) } }
                    (fact("Application", &places))
                    (fact("Browser", &browsers.into_iter().collect::<Vec<_>>()))
                    @if !report.load_failures.is_empty() {
                        div { dt { "Not loaded" } dd { a href="#unloaded-title" { (words::count(report.load_failures.len(), "file")) } } }
                    }
                }
                (division(report))
            }
        }
    }
}

fn logo() -> Markup {
    html! {
        svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" {
            path d="M12 2l8 3v6c0 5.2-3.4 9-8 11-4.6-2-8-5.8-8-11V5z" fill="currentColor" opacity=".18" {}
            path d="M12 2l8 3v6c0 5.2-3.4 9-8 11-4.6-2-8-5.8-8-11V5zM7.5 12h3l1.5-3.5 2 6 1.2-2.5h1.8" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linejoin="round" stroke-linecap="round" {}
        }
    }
}

/// A fact with the first of its values; how many more there are is said.
fn fact(name: &str, values: &[&str]) -> Markup {
    html! {
        @if let [first, more @ ..] = values {
            div {
                dt { (name) }
                dd { (Text(first)) @if !more.is_empty() { " and " (more.len()) " more" } }
            }
        }
    }
}

/// One bar for all flows, divided by how they ended.
fn division(report: &Report) -> Markup {
    let counts = report.counts();
    let parts = [
        ("failed", counts.failed),
        ("errored", counts.errored),
        ("flaky", counts.flaky),
        ("passed", counts.passed - counts.flaky),
    ];
    let all = counts.flows.max(1) as f64;
    let mut at = 0.0;
    html! {
        svg.division aria-hidden="true" {
            @for (name, number) in parts {
                @let width = number as f64 * 100.0 / all;
                @let x = at;
                @let () = at += width;
                @if number > 0 {
                    rect class=(name) x=(format!("{x:.2}%")) width=(format!("{width:.2}%")) height="100%" {}
                }
            }
        }
    }
}

/// The filters and the flows, those that need somebody first.
pub(super) fn flows(report: &Report, files: &Files) -> Markup {
    let mut order: Vec<usize> = (0..report.runs.len()).collect();
    order.sort_by_key(|place| urgency(&report.runs[*place]));
    html! {
        section #flows aria-labelledby="flows-title" tabindex="-1" {
            h2 #flows-title.hidden { "Flows" }
            (filters(report))
            @if report.runs.is_empty() {
                p.nothing { "No flow ran." }
            }
            ol.flows {
                @for (rank, place) in order.iter().enumerate() {
                    @let run = &report.runs[*place];
                    (flow(run, *place, rank == 0 && !run.verdict.passed(), files))
                }
            }
            p.nothing #nothing hidden { "No flow matches the filters." }
        }
    }
}

fn urgency(run: &RunRecord) -> u8 {
    match (&run.verdict, run.flow.critical) {
        (Verdict::Failed { .. }, true) => 0,
        (Verdict::Failed { .. }, false) => 1,
        (Verdict::Errored { .. }, true) => 2,
        (Verdict::Errored { .. }, false) => 3,
        (Verdict::Passed, _) if run.flaky() => 4,
        (Verdict::Passed, _) => 5,
    }
}

fn filters(report: &Report) -> Markup {
    let counts = report.counts();
    let verdicts = [
        ("all", "All", counts.flows),
        ("failed", "Failed", counts.failed),
        ("errored", "Errored", counts.errored),
        ("flaky", "Flaky", counts.flaky),
        ("passed", "Passed", counts.passed),
    ];
    let tags: BTreeSet<&str> = report
        .runs
        .iter()
        .flat_map(|run| &run.flow.tags)
        .map(String::as_str)
        .collect();
    html! {
        form.filters role="search" aria-label="Filter the flows" {
            fieldset.verdicts {
                legend.hidden { "Verdict" }
                @for (value, label, number) in verdicts {
                    label class=(value) {
                        input type="radio" name="verdict" value=(value) id={ "v-" (value) } checked[value == "all"] disabled[number == 0 && value != "all"];
                        span { (label) " " b { (number) } }
                    }
                }
            }
            label.search.scripted {
                span.hidden { "Text" }
                input #text type="search" placeholder="Filter by name, tag, message …" autocomplete="off" spellcheck="false";
                kbd aria-hidden="true" { "/" }
            }
            @if !tags.is_empty() {
                label.scripted {
                    span.hidden { "Tag" }
                    select #tag autocomplete="off" {
                        option value="" { "All tags" }
                        @for tag in tags { option value=(Text(tag)) { (Text(tag)) } }
                    }
                }
            }
            label.scripted {
                span.hidden { "Order" }
                select #order autocomplete="off" {
                    option value="urgency" { "Urgent first" }
                    option value="took" { "Slowest first" }
                    option value="name" { "By name" }
                    option value="run" { "As they ran" }
                }
            }
            output #shown.hidden aria-live="polite" {}
        }
    }
}

fn flow(run: &RunRecord, place: usize, open: bool, files: &Files) -> Markup {
    let class = if run.flaky() { "flaky" } else { run.verdict.name() };
    html! {
        li class={ "flow " (class) } data-took=(run.took_us) data-run=(place) {
            details id={ "r" (place) } open[open] {
                summary {
                    (sign(class))
                    div.what {
                        h3 {
                            span.name { (Text(&run.flow.name)) }
                            @if run.flow.critical { span.badge.critical { "critical" } }
                            @if run.flaky() { span.badge.flaky { "flaky" } }
                            @if run.attempts.len() > 1 { span.badge { (run.attempts.len()) " attempts" } }
                            @for tag in &run.flow.tags { span.tag { (Text(tag)) } }
                        }
                        p.where { (Text(&run.origin.component)) @if !run.flow.intent.is_empty() { " · " (Text(&run.flow.intent)) } }
                        @if let Some((blame, failure)) = run.verdict.blame().zip(run.verdict.failure()) {
                            p.why { span.blame { (blame.name()) } (Text(&failure.message)) }
                        }
                    }
                    @if let Some(last) = run.attempts.last() { (timeline::spark(last)) }
                    span.took { (words::duration(run.took_us)) }
                }
                noscript { (details::run(run, place, files)) }
            }
        }
    }
}

/// The verdict as a sign, and as a word for those who do not see it.
pub(super) fn sign(verdict: &str) -> Markup {
    let path = match verdict {
        "passed" => "M5 10.5l3.5 3.5L15 7",
        "flaky" => "M5 12c1.7-5 3.3-5 5-2s3.3 3 5-2",
        "failed" => "M6 6l8 8M14 6l-8 8",
        _ => "M10 5v6M10 14.5v.2",
    };
    html! {
        span class={ "sign " (verdict) } role="img" aria-label=(verdict) {
            svg viewBox="0 0 20 20" aria-hidden="true" { path d=(path) {} }
        }
    }
}

/// The files of which no flow ran.
pub(super) fn not_loaded(report: &Report) -> Markup {
    html! {
        @if !report.load_failures.is_empty() {
            section.unloaded aria-labelledby="unloaded-title" {
                h2 #unloaded-title { "Not loaded" }
                p { "No flow of these files ran, so they say nothing about the product." }
                ul {
                    @for failure in &report.load_failures {
                        li {
                            (sign("errored"))
                            div { p.file { (Text(&failure.file)) } pre { (Text(&failure.message)) } }
                        }
                    }
                }
            }
        }
    }
}
