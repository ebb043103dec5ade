//! Steps as actions of a trace: title, arguments, log, failure, attachments, place in the code, the page before and
//! after.

use bytes::Bytes;
use flowguard_core::Failure;
use flowguard_core::artifact::{Attachment, Digest};
use flowguard_core::run::Attempt;
use flowguard_core::timeline::{History, Place, Step, StepOutcome};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

use super::pictures::Film;
use super::{moment, page_name};
use crate::report::attempt::{backtrace, failure_of, failures};
use crate::report::seen::Seen;
use crate::report::words::visible;

/// The steps as actions, and what decided the verdict where no step tells it.
pub(super) fn all(
    attempt: &Attempt,
    history: &History,
    mut film: Film<'_>,
    kept: &HashMap<Digest, Bytes>,
) -> Vec<Value> {
    let mut lines = Vec::new();
    for step in &history.steps {
        action(step, attempt.took_us, &mut film, kept, &mut lines);
    }
    for (number, failure) in failures(&attempt.verdict).iter().enumerate() {
        if !is_told(history, failure) {
            ending(attempt, number, failure, &mut lines);
        }
    }
    lines
}

fn action(
    step: &Step,
    attempt_us: u64,
    film: &mut Film<'_>,
    kept: &HashMap<Digest, Bytes>,
    lines: &mut Vec<Value>,
) {
    let call = call_name(step.id);
    let Seen { before, after } = film.around(step);
    let page = after.or(before).map(|frame| frame.page);
    let [begun, ended] = ["before", "after"].map(|phase| format!("{phase}@{call}"));
    let (begun_at, ended_at) = (moment(step.at_us), moment(end_us(step, attempt_us)));
    let mut line = before_line(step, &call);
    if let Some(page) = page {
        line["pageId"] = page_name(page).into();
    }
    if before.is_some() {
        line["beforeSnapshot"] = begun.as_str().into();
    }
    lines.push(line);
    lines.extend(log(step).map(
        |message| json!({"type": "log", "callId": call, "time": ended_at, "message": visible(message)}),
    ));
    let mut line = after_line(step, &call, ended_at, kept);
    if after.is_some() {
        line["afterSnapshot"] = ended.as_str().into();
    }
    lines.push(line);
    for (frame, name, at) in [(before, begun, begun_at), (after, ended, ended_at)] {
        if let (Some(frame), Some(page)) = (frame, page) {
            lines.extend(film.snapshot(&call, &name, at, page, frame));
        }
    }
}

fn before_line(step: &Step, call: &str) -> Value {
    let (class, method) = step.op.split_once('.').unwrap_or(("flow", &step.op));
    let mut line = json!({
        "type": "before",
        "callId": call,
        "startTime": moment(step.at_us),
        "title": visible(&step.title),
        "class": class,
        "method": method,
        "params": params(step),
        "stack": step.places.iter().map(stack_frame).collect::<Vec<_>>(),
    });
    if let Some(parent) = step.parent {
        line["parentId"] = call_name(parent).into();
    }
    line
}

fn after_line(step: &Step, call: &str, ended_at: f64, kept: &HashMap<Digest, Bytes>) -> Value {
    let attached = step.attachments.iter();
    let attached = attached.filter(|attachment| kept.contains_key(&attachment.digest));
    let mut line = json!({
        "type": "after",
        "callId": call,
        "endTime": ended_at,
        "attachments": attached.map(attachment).collect::<Vec<_>>(),
    });
    if let StepOutcome::Failed(failure) | StepOutcome::FailedSoftly(failure) = &step.outcome {
        line["error"] = error(failure, &[]);
    }
    line
}

/// What decided the verdict and belongs to no step, as a last action: a trap, or time that was over.
fn ending(attempt: &Attempt, number: usize, failure: &Failure, lines: &mut Vec<Value>) {
    let call = format!("call@end-{number}");
    let at = moment(attempt.took_us);
    let trace = if number == 0 {
        backtrace(&attempt.verdict)
    } else {
        &[]
    };
    lines.push(json!({
        "type": "before", "callId": call, "startTime": at, "class": "flow", "method": "end", "params": {},
        "title": format!("the run ended: {}", attempt.verdict.name()),
    }));
    lines.push(json!({"type": "after", "callId": call, "endTime": at, "error": error(failure, trace)}));
}

/// Whether a step shows this failure.
fn is_told(history: &History, failure: &Failure) -> bool {
    let is_it = |told: &Failure| told.call.is_some() && told.call == failure.call;
    history
        .steps
        .iter()
        .any(|step| failure_of(step).is_some_and(is_it))
}

/// When a step ended; one that did not has lasted as long as the attempt.
fn end_us(step: &Step, attempt_us: u64) -> u64 {
    match step.outcome {
        StepOutcome::Running => attempt_us.max(step.at_us),
        _ => step.at_us.saturating_add(step.took_us),
    }
}

/// What the viewer shows as the arguments of a call.
fn params(step: &Step) -> Map<String, Value> {
    let attributes = step.attributes.iter();
    let mut params: Map<String, Value> = attributes
        .map(|(key, value)| (key.clone(), visible(value).into()))
        .collect();
    if step.source != "flow" {
        params.insert("by".to_owned(), step.source.as_ref().into());
    }
    params
}

/// The call log of a step that did not succeed; one that was tried again says so.
fn log(step: &Step) -> impl Iterator<Item = &str> {
    let failure = failure_of(step);
    let again = failure.filter(|_| matches!(step.outcome, StepOutcome::Retried(_)));
    let lines = failure.into_iter().flat_map(|failure| &failure.call_log);
    lines
        .map(String::as_str)
        .chain(again.map(|failure| failure.message.as_str()))
        .chain(again.map(|_| "tried again"))
}

fn error(failure: &Failure, backtrace: &[String]) -> Value {
    let mut message = failure.message.clone();
    for evidence in &failure.evidence {
        message.push_str(&format!("\n{}: {}", evidence.title, evidence.text));
    }
    for line in backtrace {
        message.push_str(&format!("\n    at {line}"));
    }
    json!({"name": failure.code.name(), "message": visible(&message), "stack": ""})
}

fn attachment(attachment: &Attachment) -> Value {
    json!({
        "name": visible(&attachment.name),
        "contentType": attachment.media_type,
        "sha1": attachment.digest.as_str(),
    })
}

fn stack_frame(place: &Place) -> Value {
    json!({
        "file": place.file, "line": place.line, "column": place.column, "function": visible(&place.function),
    })
}

fn call_name(id: u32) -> String {
    format!("call@{id}")
}
