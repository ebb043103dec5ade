//! A step as a moment of the run: the line of the flow that asked for it, the page before and after it, what the
//! page said and requested meanwhile.

use flowguard_core::run::Attempt;
use flowguard_core::timeline::{Event, Step};
use maud::{Markup, html};

use super::super::attempt::{event_line, is_problem};
use super::super::files::Files;
use super::super::seen::{Seen, seen};
use super::super::words;
use super::{Place, Text, pictures};

/// Events of one step; the tables have them all.
const EVENTS: usize = 20;

/// What there is of a step's moment; none where there is nothing.
pub(super) fn shown(attempt: &Attempt, step: &Step, here: Place, files: &Files) -> Option<Markup> {
    let seen = seen(&attempt.history, step);
    let events = attempt.history.events.iter().enumerate();
    let events: Vec<(usize, &Event)> = events.filter(|(_, event)| event.step == Some(step.id)).collect();
    if step.places.is_empty() && seen.after.is_none() && events.is_empty() {
        return None;
    }
    Some(html! {
        div.moment {
            (code(step))
            (page(seen, files))
            (said(&events, here))
        }
    })
}

/// The line of the flow that asked for a step, and the lines that called it.
fn code(step: &Step) -> Markup {
    html! {
        @if !step.places.is_empty() {
            ol.code-places {
                @for place in &step.places {
                    li {
                        @if !place.text.is_empty() { code.line { (Text(&place.text)) } }
                        code.place { (Text(&words::place(place))) }
                    }
                }
            }
        }
    }
}

fn page(Seen { before, after }: Seen<'_>, files: &Files) -> Markup {
    html! {
        @if let Some(after) = after {
            @if before.is_some_and(|before| before.picture.digest == after.picture.digest) {
                div.pages { div { (pictures::captioned(&after.picture, "before and after: the page did not change", files)) } }
            } @else {
                div.pages {
                    @if let Some(before) = before { div { (pictures::captioned(&before.picture, "before", files)) } }
                    div { (pictures::captioned(&after.picture, "after", files)) }
                }
            }
        }
    }
}

fn said(events: &[(usize, &Event)], here: Place) -> Markup {
    html! {
        @if !events.is_empty() {
            ol.said {
                @for (number, event) in events.iter().take(EVENTS) {
                    li class=[is_problem(&event.what).then_some("bad")] {
                        a href={ "#" (here.event(*number)) } { (Text(&event_line(&event.what))) }
                    }
                }
                @if events.len() > EVENTS { li { "and " (events.len() - EVENTS) " more" } }
            }
        }
    }
}
