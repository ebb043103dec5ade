//! What the page did beside the flow: console and network, errors standing out, each with its step.

use flowguard_core::run::Attempt;
use flowguard_core::timeline::{Event, PageEvent};
use maud::{Markup, html};

use super::super::attempt::{POPUP_CLOSED, answer, is_problem, is_request};
use super::super::words;
use super::{Place, Text};

/// Console, uncaught exceptions, dialogs, crashes.
pub(super) fn console(attempt: &Attempt, here: Place) -> Markup {
    let events = numbered(attempt, false);
    html! {
        @if !events.is_empty() {
            (part("Console", &events, &html! {
                table {
                    thead { tr { th scope="col" { "At" } th scope="col" { "Kind" } th scope="col" { "Text" } th scope="col" { "Step" } } }
                    tbody { @for (number, event) in &events { (console_row(attempt, here, *number, event)) } }
                }
            }))
        }
    }
}

/// Requests.
pub(super) fn network(attempt: &Attempt, here: Place) -> Markup {
    let events = numbered(attempt, true);
    html! {
        @if !events.is_empty() {
            (part("Network", &events, &html! {
                table {
                    thead { tr { th scope="col" { "At" } th scope="col" { "Answer" } th scope="col" { "Request" } th scope="col" { "Took" } th scope="col" { "Step" } } }
                    tbody { @for (number, event) in &events { (request_row(attempt, here, *number, event)) } }
                }
            }))
        }
        @if attempt.history.events_dropped > 0 {
            p.dropped { (words::count(attempt.history.events_dropped as usize, "further event")) " of the page not kept: a timeline has a limit" }
        }
    }
}

fn numbered(attempt: &Attempt, requests: bool) -> Vec<(usize, &Event)> {
    let events = attempt.history.events.iter().enumerate();
    events
        .filter(|(_, event)| is_request(event) == requests)
        .collect()
}

/// A table that is open where something in it stands out.
fn part(title: &str, events: &[(usize, &Event)], table: &Markup) -> Markup {
    let problems = events.iter().filter(|(_, event)| is_problem(&event.what)).count();
    html! {
        details.part open[problems > 0] {
            summary {
                h4 { (title) }
                span.number { (events.len()) }
                @if problems > 0 { span.problem { (words::count(problems, "error")) } }
            }
            div.scroll tabindex="0" role="group" aria-label=(title) { (table) }
        }
    }
}

fn console_row(attempt: &Attempt, here: Place, number: usize, event: &Event) -> Markup {
    let (kind, text, place) = match &event.what {
        PageEvent::Console { level, text, place } => (level.as_str(), text.as_str(), place.as_str()),
        PageEvent::Uncaught { text } => ("uncaught", text.as_str(), ""),
        PageEvent::Dialog { kind, text } => (kind.as_str(), text.as_str(), "dismissed by FlowGuard"),
        PageEvent::Crashed => ("crashed", "the page crashed", ""),
        PageEvent::PopupClosed => ("popup", POPUP_CLOSED, ""),
        PageEvent::Request { .. } => ("", "", ""),
    };
    html! {
        tr id=(here.event(number)) class=[is_problem(&event.what).then_some("bad")] {
            td.time { (words::duration(event.at_us)) }
            td.kind { (Text(kind)) }
            td { pre { (Text(text)) } @if !place.is_empty() { span.place { (Text(place)) } } }
            (step_cell(attempt, here, event))
        }
    }
}

fn request_row(attempt: &Attempt, here: Place, number: usize, event: &Event) -> Markup {
    let PageEvent::Request {
        method,
        url,
        kind,
        took_us,
        ..
    } = &event.what
    else {
        return Markup::default();
    };
    html! {
        tr id=(here.event(number)) class=[is_problem(&event.what).then_some("bad")] {
            td.time { (words::duration(event.at_us)) }
            td.kind { (Text(&answer(&event.what))) }
            td { b { (Text(method)) } " " span.url { (Text(url)) } " " span.place { (Text(kind)) } }
            td.time { (words::duration(*took_us)) }
            (step_cell(attempt, here, event))
        }
    }
}

fn step_cell(attempt: &Attempt, here: Place, event: &Event) -> Markup {
    let step = event
        .step
        .and_then(|id| attempt.history.steps.iter().find(|step| step.id == id));
    html! {
        td.step {
            @if let Some(step) = step { a href={ "#" (here.step(step.id)) } { (Text(&step.title)) } }
            @if event.page > 1 { span.place { "page " (event.page) } }
        }
    }
}
