//! What the pages said and did beside the steps, and what the guest printed, for the viewer's console.

use flowguard_core::run::Attempt;
use flowguard_core::timeline::{Event, PageEvent};
use serde_json::{Value, json};

use super::{moment, page_name};
use crate::report::attempt::{event_line, is_problem, is_request};
use crate::report::words::visible;

/// Everything but requests.
pub(super) fn all(attempt: &Attempt) -> Vec<Value> {
    let events = attempt.history.events.iter();
    let mut lines: Vec<Value> = events.filter(|event| !is_request(event)).map(line).collect();
    if !attempt.output.is_empty() {
        let at = moment(attempt.took_us);
        lines.push(json!({"type": "stdout", "timestamp": at, "text": visible(&attempt.output)}));
    }
    lines
}

fn line(event: &Event) -> Value {
    match &event.what {
        PageEvent::Console { level, text, place } => said(event, level, text, place),
        PageEvent::Uncaught { text } => json!({
            "type": "event", "class": "BrowserContext", "method": "pageError",
            "time": moment(event.at_us), "pageId": page_name(event.page),
            // The viewer shows the message and then the stack, which begins with the message.
            "params": {"error": {"error": {"name": "Error", "message": "", "stack": visible(text)}}},
        }),
        other => {
            let level = if is_problem(other) { "error" } else { "info" };
            said(event, level, &event_line(other), "")
        }
    }
}

/// A line on the console.
fn said(event: &Event, level: &str, text: &str, place: &str) -> Value {
    let (url, line, column) = location(place);
    json!({
        "type": "console", "time": moment(event.at_us), "pageId": page_name(event.page),
        "messageType": level, "text": visible(text), "args": [],
        "location": {"url": url, "lineNumber": line, "columnNumber": column},
    })
}

/// `http://host/shop.js:12:4` in its parts.
fn location(place: &str) -> (&str, u32, u32) {
    let split = |text: &'_ str| -> Option<(usize, u32)> {
        let (rest, number) = text.rsplit_once(':')?;
        Some((rest.len(), number.parse().ok()?))
    };
    let Some((end, last)) = split(place) else {
        return (place, 0, 0);
    };
    match split(&place[..end]) {
        Some((end, line)) => (&place[..end], line, last),
        None => (&place[..end], last, 0),
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn a_place_in_a_page_s_code_has_three_parts() {
        let url = "http://127.0.0.1:4000/shop.js";
        assert_eq!(location(&format!("{url}:12:4")), (url, 12, 4));
        assert_eq!(location(""), ("", 0, 0));
        assert_eq!(location("about:blank"), ("about:blank", 0, 0));
        assert_eq!(location("shop.js:7"), ("shop.js", 7, 0));
    }
}
