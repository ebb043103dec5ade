//! Requests and their answers for the viewer's network tab: the entries of the HAR, with bodies as files beside them;
//! where there is no HAR, what the timeline has seen.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use flowguard_core::artifact::Digest;
use flowguard_core::timeline::{History, PageEvent};
use serde_json::{Value, json};
use std::collections::BTreeMap;

use super::{BEGIN_MS, moment};

/// The entries of a HAR. One that is damaged has none.
pub(super) fn recorded(har: &[u8], wall_ms: f64, files: &mut BTreeMap<String, Bytes>) -> Vec<Value> {
    let Ok(mut har) = serde_json::from_slice::<Value>(har) else {
        tracing::warn!("the HAR is damaged: the trace has no network");
        return Vec::new();
    };
    let entries = har["log"]["entries"].as_array_mut().map(std::mem::take);
    let entries = entries.unwrap_or_default().into_iter();
    entries.map(|entry| snapshot(entry, wall_ms, files)).collect()
}

fn snapshot(mut entry: Value, wall_ms: f64, files: &mut BTreeMap<String, Bytes>) -> Value {
    let began = entry["startedDateTime"]
        .as_str()
        .and_then(|text| chrono::DateTime::parse_from_rfc3339(text).ok())
        .map_or(wall_ms, |at| at.timestamp_micros() as f64 / 1e3);
    entry["_monotonicTime"] = (BEGIN_MS + (began - wall_ms).max(0.0)).into();
    if let Some(fields) = entry.as_object_mut() {
        // It names documents, where the viewer means tabs.
        fields.remove("pageref");
    }
    if let Some(body) = take_body(&mut entry["response"]["content"]) {
        let digest = Digest::of(&body);
        entry["response"]["content"]["_sha1"] = digest.as_str().into();
        files.insert(format!("resources/{digest}"), body);
    }
    json!({"type": "resource-snapshot", "snapshot": entry})
}

/// The body that a HAR's content holds in itself.
fn take_body(content: &mut Value) -> Option<Bytes> {
    let fields = content.as_object_mut()?;
    let Value::String(text) = fields.remove("text")? else {
        return None;
    };
    match fields.remove("encoding") {
        Some(_) => STANDARD.decode(text).ok().map(Bytes::from),
        None => Some(text.into()),
    }
}

/// The requests that the timeline has seen.
pub(super) fn seen(history: &History, wall_ms: f64) -> Vec<Value> {
    let requests = history.events.iter().filter_map(|event| {
        let PageEvent::Request {
            method,
            url,
            kind,
            status,
            error,
            took_us,
        } = &event.what
        else {
            return None;
        };
        let began_us = event.at_us.saturating_sub(*took_us);
        let took_ms = *took_us as f64 / 1e3;
        let status_text = error.as_deref().unwrap_or_default();
        Some(json!({"type": "resource-snapshot", "snapshot": {
            "startedDateTime": started(wall_ms, began_us),
            "time": took_ms,
            "request": {
                "method": method, "url": url, "httpVersion": "", "cookies": [], "headers": [], "queryString": [],
                "headersSize": -1, "bodySize": -1,
            },
            "response": {
                "status": status.map_or(-1, i32::from), "statusText": status_text, "httpVersion": "",
                "cookies": [], "headers": [], "content": {"size": -1, "mimeType": "x-unknown"},
                "redirectURL": "", "headersSize": -1, "bodySize": -1, "_failureText": error,
            },
            "cache": {},
            "timings": {"send": 0, "wait": took_ms, "receive": 0},
            "_resourceType": kind,
            "_monotonicTime": moment(began_us),
        }}))
    });
    requests.collect()
}

fn started(wall_ms: f64, us: u64) -> String {
    crate::report::words::timestamp(wall_ms as u64 + us / 1_000)
}
