//! An attempt as a trace that Playwright's viewer opens: version 10 of its format, as the pinned version of Playwright
//! writes it. The pages are shown by the pictures of the screencast; each is a document with that picture in it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use flowguard_core::artifact::Digest;
use flowguard_core::run::{Attempt, RunRecord};
use flowguard_core::timeline::{Event, PageEvent, ScreencastFrame, Step};

use super::attempt::{backtrace, failure_of};
use super::files::{File, Files};
use super::seen::{Seen, seen};

const VERSION: u32 = 10;
/// The class that each step is shown under; what is done stands in its title.
const CLASS: &str = "Flow";
/// Steps that show the pages around them; the film strip has all pictures.
const MAX_SHOWN: usize = 400;

/// The files of a trace, by their path in the archive.
pub(crate) type Entries = BTreeMap<String, Vec<u8>>;

/// An attempt's trace. `har` is the network as it was recorded; `sources` the text of the flow's files, by their name.
pub(crate) fn render(
    record: &RunRecord,
    attempt: &Attempt,
    files: &Files,
    har: Option<&[u8]>,
    sources: &BTreeMap<String, String>,
) -> Entries {
    let mut entries = Entries::new();
    let mut lines = vec![options(record, attempt)];
    lines.extend(attempt.history.screencast.iter().filter_map(|frame| {
        let file = frame_file(frame);
        entries.insert(file.clone(), bytes_of(&frame.picture.digest, files)?.to_vec());
        Some(json!({
            "type": "screencast-frame",
            "pageId": page(frame.page),
            "file": file,
            "width": frame.width,
            "height": frame.height,
            "timestamp": ms(frame.at_us),
        }))
    }));
    for (place, step) in attempt.history.steps.iter().enumerate() {
        lines.extend(of_step(attempt, step, files, place < MAX_SHOWN));
    }
    lines.extend(attempt.history.events.iter().filter_map(of_event));
    lines.extend(end(attempt));
    entries.insert("trace.trace".to_owned(), text(&lines));
    entries.insert("trace.network".to_owned(), text(&network(attempt, har)));
    entries.insert(
        "trace.stacks".to_owned(),
        stacks(attempt).to_string().into_bytes(),
    );
    for (name, source) in sources {
        entries.insert(source_file(name), source.clone().into_bytes());
    }
    entries
}

/// The files of the flow's code that the trace's stacks name.
pub(crate) fn source_names(attempt: &Attempt) -> BTreeSet<String> {
    let places = attempt.history.steps.iter().flat_map(|step| &step.places);
    places.map(|place| place.file.clone()).collect()
}

fn options(record: &RunRecord, attempt: &Attempt) -> Value {
    let size = attempt
        .history
        .screencast
        .first()
        .map(|frame| json!({"width": frame.width, "height": frame.height}));
    json!({
        "version": VERSION,
        "type": "context-options",
        "origin": "library",
        "browserName": "chromium",
        "options": { "viewport": size, "baseURL": record.base_url },
        "platform": std::env::consts::OS,
        "wallTime": record.started_ms,
        "monotonicTime": 0,
        "sdkLanguage": "javascript",
        "title": format!("{} › {}, attempt {}", record.origin.component, record.flow.name, attempt.number),
    })
}

fn of_step(attempt: &Attempt, step: &Step, files: &Files, shows: bool) -> Vec<Value> {
    let call = call(step.id);
    let began = ms(step.at_us);
    let ended = ms(step.at_us.saturating_add(step.took_us));
    let (class, method) = step.op.split_once('.').unwrap_or((CLASS, &step.op));
    let mut lines = vec![json!({
        "type": "before",
        "callId": call,
        "parentId": step.parent.map(self::call),
        "startTime": began,
        "class": class,
        "method": method,
        "title": step.title,
        "params": step.attributes.iter().cloned().collect::<BTreeMap<_, _>>(),
    })];
    let failure = failure_of(step);
    for line in failure.iter().flat_map(|failure| &failure.call_log) {
        lines.push(json!({"type": "log", "callId": call, "time": ended, "message": line}));
    }
    let Seen { before, after } = seen(&attempt.history, step);
    for (phase, frame, at) in [("before", before, began), ("after", after, ended)] {
        let frame = frame.filter(|_| shows);
        lines.extend(frame.and_then(|frame| snapshot(&call, phase, frame, at, files)));
    }
    lines.push(json!({
        "type": "after",
        "callId": call,
        "endTime": ended,
        "error": failure.map(|failure| json!({"message": failure.message, "name": failure.code.name()})),
    }));
    lines
}

/// A document that is the picture.
fn snapshot(call: &str, phase: &str, frame: &ScreencastFrame, at: f64, files: &Files) -> Option<Value> {
    let bytes = bytes_of(&frame.picture.digest, files)?;
    let source = format!("data:image/jpeg;base64,{}", STANDARD.encode(bytes));
    // The viewer takes attributes that are text only.
    let (width, height) = (frame.width.to_string(), frame.height.to_string());
    let picture = json!(["IMG", { "src": source, "width": width, "height": height, "alt": "the page" }]);
    Some(json!({
        "type": "frame-snapshot",
        "snapshot": {
            "callId": call,
            "phase": phase,
            "pageId": page(frame.page),
            "frameId": format!("frame@{}", frame.page),
            "frameUrl": "about:blank",
            "html": ["HTML", {}, ["HEAD", {}], ["BODY", { "style": "margin: 0" }, picture]],
            "viewport": { "width": frame.width, "height": frame.height },
            "timestamp": at,
            "wallTime": 0,
            "collectionTime": 0,
            "resourceOverrides": [],
            "isMainFrame": true,
        },
    }))
}

fn of_event(event: &Event) -> Option<Value> {
    let console = |level: &str, text: &str, place: &str| {
        let (url, line) = place.rsplit_once(':').unwrap_or((place, "0"));
        json!({
            "type": "console",
            "messageType": level,
            "text": text,
            "args": [],
            "location": { "url": url, "lineNumber": line.parse().unwrap_or(0_u32), "columnNumber": 0 },
            "time": ms(event.at_us),
            "pageId": page(event.page),
        })
    };
    match &event.what {
        PageEvent::Console { level, text, place } => Some(console(level, text, place)),
        PageEvent::Uncaught { text } => Some(json!({
            "type": "event",
            "time": ms(event.at_us),
            "class": "BrowserContext",
            "method": "pageError",
            "params": { "error": { "error": { "message": text, "name": "Error", "stack": text } } },
            "pageId": page(event.page),
        })),
        PageEvent::Dialog { kind, text } => Some(console("info", &format!("{kind} dialog: {text}"), "")),
        PageEvent::Crashed => Some(console("error", "the page crashed", "")),
        PageEvent::PopupClosed => Some(console("warning", super::attempt::POPUP_CLOSED, "")),
        PageEvent::Request { .. } => None,
    }
}

/// How the attempt ended, where no step says so: a trap, a broken limit, its time.
fn end(attempt: &Attempt) -> Option<Value> {
    let failure = attempt.verdict.failure()?;
    let told = attempt
        .history
        .steps
        .iter()
        .any(|step| failure_of(step).is_some_and(|of| of.message == failure.message));
    let stack = backtrace(&attempt.verdict)
        .iter()
        .fold(failure.message.clone(), |mut stack, frame| {
            let _ = write!(stack, "\n    at {frame}");
            stack
        });
    (!told).then(|| json!({"type": "error", "message": stack}))
}

/// The HAR's entries, on the attempt's clock.
fn network(attempt: &Attempt, har: Option<&[u8]>) -> Vec<Value> {
    let har: Value = har
        .and_then(|har| serde_json::from_slice(har).ok())
        .unwrap_or_default();
    let entries = har["log"]["entries"].as_array().cloned().unwrap_or_default();
    let requests = attempt
        .history
        .events
        .iter()
        .filter_map(|event| match &event.what {
            PageEvent::Request { url, took_us, .. } => Some((url, event.at_us.saturating_sub(*took_us))),
            _ => None,
        });
    let mut began: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for (url, at_us) in requests {
        began.entry(url).or_default().push(at_us);
    }
    entries
        .into_iter()
        .map(|mut entry| {
            let url = entry["request"]["url"].as_str().unwrap_or_default();
            let at_us = began
                .get_mut(url)
                .filter(|times| !times.is_empty())
                .map(|times| times.remove(0));
            entry["_monotonicTime"] = json!(ms(at_us.unwrap_or_default()));
            json!({"type": "resource-snapshot", "snapshot": entry})
        })
        .collect()
}

fn stacks(attempt: &Attempt) -> Value {
    let files: Vec<String> = source_names(attempt).into_iter().collect();
    let frames = |step: &Step| -> Vec<Value> {
        let frame = |place: &flowguard_core::timeline::Place| {
            let file = files.binary_search(&place.file).ok()?;
            Some(json!([file, place.line, place.column, place.function]))
        };
        step.places.iter().filter_map(frame).collect()
    };
    let steps = attempt
        .history
        .steps
        .iter()
        .filter(|step| !step.places.is_empty());
    let stacks: Vec<Value> = steps.map(|step| json!([call(step.id), frames(step)])).collect();
    json!({"files": files, "stacks": stacks})
}

fn source_file(name: &str) -> String {
    let digest = Sha1::digest(name.as_bytes());
    let hex = digest.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    let extension = name.rsplit_once('.').map_or("txt", |(_, extension)| extension);
    format!("src/{hex}.{extension}")
}

fn frame_file(frame: &ScreencastFrame) -> String {
    format!("screencast/{}-{}.jpeg", page(frame.page), frame.at_us)
}

fn bytes_of<'f>(digest: &Digest, files: &'f Files) -> Option<&'f [u8]> {
    match files.get(digest)? {
        File::Read(bytes) => Some(bytes),
        File::Missing(_) => None,
    }
}

fn page(number: u32) -> String {
    format!("page@{number}")
}

fn call(step: u32) -> String {
    format!("call@{step}")
}

fn ms(us: u64) -> f64 {
    us as f64 / 1e3
}

fn text(lines: &[Value]) -> Vec<u8> {
    let mut text = String::new();
    for line in lines {
        let _ = writeln!(text, "{line}");
    }
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::super::fixtures;
    use super::*;

    #[test]
    fn every_step_begins_and_ends_and_what_failed_says_why() {
        let record = fixtures::failed();
        let attempt = record.attempts.last().expect("one");
        let entries = render(&record, attempt, &Files::default(), None, &BTreeMap::new());
        let text = String::from_utf8(entries["trace.trace"].clone()).expect("text");
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        let of = |kind: &str| lines.iter().filter(|line| line["type"] == kind).count();
        assert_eq!(lines[0]["version"], VERSION);
        assert_eq!(
            (of("before"), of("after")),
            (attempt.history.steps.len(), attempt.history.steps.len())
        );
        let errors: Vec<&str> = lines
            .iter()
            .filter_map(|line| line["error"]["message"].as_str())
            .collect();
        assert!(!errors.is_empty());
        assert!(of("console") > 0);
    }

    #[test]
    fn a_source_is_named_by_its_path() {
        assert_eq!(
            source_file("/tmp/tr.mjs"),
            "src/d3c81c5add0c2bdd812aab517703f9c7702a38cc.mjs"
        );
    }
}
