//! What a page says by itself: its console, the browser's log of it, exceptions that nobody caught.

use serde_json::Value;
use std::sync::Arc;

use super::read::text;
use crate::browser::connection::cdp::{Event, Listener};
use crate::browser::context::owner::{MAX_URL, Owner};
use flowguard_core::failure::cut;
use flowguard_core::timeline::PageEvent;

const MAX_TEXT: usize = 4_096;
const MAX_WORDS: usize = 20;

/// Hears `Runtime` and `Log` of a page's sessions.
pub(super) struct Console(pub(super) Arc<Owner>);

impl Console {
    fn console(&self, params: &Value) {
        let arguments = params.get("args").and_then(Value::as_array);
        let words: Vec<String> = arguments
            .into_iter()
            .flatten()
            .take(MAX_WORDS)
            .map(console_word)
            .collect();
        let level = match text(params, "type").as_str() {
            "warning" => "warning".to_owned(),
            "error" | "assert" => "error".to_owned(),
            other => other.to_owned(),
        };
        let place = params
            .pointer("/stackTrace/callFrames/0")
            .map(place_of)
            .unwrap_or_default();
        self.0.tell(PageEvent::Console {
            level,
            text: cut(words.join(" "), MAX_TEXT),
            place,
        });
    }

    fn log_entry(&self, params: &Value) {
        let entry = params.get("entry").unwrap_or(&Value::Null);
        let place = cut(text(entry, "url"), MAX_URL);
        self.0.tell(PageEvent::Console {
            level: text(entry, "level"),
            text: cut(text(entry, "text"), MAX_TEXT),
            place,
        });
    }

    fn exception(&self, params: &Value) {
        let details = params.get("exceptionDetails").unwrap_or(&Value::Null);
        let description = details.pointer("/exception/description").and_then(Value::as_str);
        let said = description.map_or_else(|| text(details, "text"), str::to_owned);
        self.0.tell(PageEvent::Uncaught {
            text: cut(said, MAX_TEXT),
        });
    }
}

impl Listener for Console {
    fn event(&self, event: &Event<'_>) {
        let say = match event.method {
            "Runtime.consoleAPICalled" => Self::console,
            "Runtime.exceptionThrown" => Self::exception,
            "Log.entryAdded" => Self::log_entry,
            _ => return,
        };
        match (event.params, event.read()) {
            (None, _) => self.0.tell(PageEvent::Console {
                level: "warning".to_owned(),
                text: "(what was said here is too large to be read)".to_owned(),
                place: String::new(),
            }),
            (_, Some(params)) => say(self, &params),
            (_, None) => {}
        }
    }
}

fn console_word(argument: &Value) -> String {
    match argument.get("value") {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => argument.get("description").map_or_else(
            || text(argument, "type"),
            |description| description.as_str().unwrap_or_default().to_owned(),
        ),
    }
}

fn place_of(frame: &Value) -> String {
    let line = frame
        .get("lineNumber")
        .and_then(Value::as_u64)
        .unwrap_or_default()
        + 1;
    cut(format!("{}:{line}", text(frame, "url")), MAX_URL)
}
