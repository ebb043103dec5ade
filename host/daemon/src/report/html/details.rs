//! What is seen when a flow is opened: its attempts, the last one first, each with its failures, its timeline,
//! what its page did and what the guest wrote.

use flowguard_core::run::{Attempt, RunRecord};
use maud::{Markup, html};

use super::super::attempt::failures;
use super::super::files::Files;
use super::super::words;
use super::{Place, Text, events, failure, overview, pictures, timeline};

/// A run's details.
pub(super) fn run(run: &RunRecord, place: usize, files: &Files) -> Markup {
    let several = run.attempts.len() > 1;
    html! {
        div.details {
            @for (back, attempt) in run.attempts.iter().rev().enumerate() {
                @let here = Place { run: place, attempt: attempt.number };
                @if several {
                    details.attempt id=(here.id()) open[back == 0] {
                        summary {
                            (overview::sign(attempt.verdict.name()))
                            h4 { "Attempt " (attempt.number) " of " (run.attempts.len()) }
                            span.took { (attempt.verdict.name()) " in " (words::duration(attempt.took_us)) }
                        }
                        (content(run, attempt, here, files))
                    }
                } @else {
                    div.attempt id=(here.id()) { (content(run, attempt, here, files)) }
                }
            }
            (origin(run))
        }
    }
}

fn content(run: &RunRecord, attempt: &Attempt, here: Place, files: &Files) -> Markup {
    html! {
        @if !attempt.warnings.is_empty() {
            ul.warnings {
                @for warning in &attempt.warnings { li { b { "Warning: " } (Text(warning)) } }
            }
        }
        (failure::all(attempt, here, files))
        (timeline::section(attempt, here, files))
        (events::console(attempt, here))
        (events::network(attempt, here))
        @if let Some(har) = &attempt.network { (pictures::shown(har, files)) }
        (output(attempt))
        (numbers(run, attempt))
    }
}

/// What the guest wrote; open where there is a failure that it may explain.
fn output(attempt: &Attempt) -> Markup {
    let explains = failures(&attempt.verdict)
        .iter()
        .any(|failure| failure.call.is_none());
    html! {
        @if !attempt.output.is_empty() {
            details.part open[explains] {
                summary { h4 { "Output of the flow" } span.number { (words::bytes(attempt.output.len() as u64)) } }
                pre.output { (Text(&attempt.output)) }
            }
        }
    }
}

fn numbers(run: &RunRecord, attempt: &Attempt) -> Markup {
    html! {
        dl.facts.small {
            @if let Some(browser) = &attempt.browser {
                div { dt { "Browser" } dd { (Text(&browser.product)) ", " (Text(&browser.place)) } }
                @if let Some(cloud) = &browser.cloud {
                    div {
                        dt { "Session in the cloud" }
                        dd {
                            code { (Text(&cloud.session)) }
                            @if let Some(region) = &cloud.region { ", " (Text(region)) }
                            @if let Some(recording) = &cloud.recording {
                                ", " a href=(recording) rel="noreferrer" { "recording" }
                            }
                        }
                    }
                    div { dt { "Its time costs" } dd { (words::dollars(cloud.cost_microdollars)) } }
                }
            }
            div { dt { "Host calls" } dd { (attempt.calls) } }
            div { dt { "Flow's own computing" } dd { (words::duration(attempt.guest_cpu_us)) } }
            @if !run.base_url.is_empty() { div { dt { "Application" } dd { (Text(&run.base_url)) } } }
            @if !run.flow.url.is_empty() { div { dt { "Begins at" } dd { (Text(&run.flow.url)) } } }
        }
    }
}

fn origin(run: &RunRecord) -> Markup {
    html! {
        dl.facts.small.origin {
            div { dt { "Run" } dd { code { (run.id) } } }
            div { dt { "File" } dd { (Text(&run.origin.file)) } }
            div { dt { "Component" } dd { (Text(&run.origin.component)) " " (Text(&run.origin.version)) } }
            div { dt { "Content" } dd { code { (run.origin.digest.short()) } } }
            div { dt { "Began" } dd { (words::moment(run.started_ms).format("%-d %b %Y, %H:%M:%S UTC")) } }
        }
    }
}
