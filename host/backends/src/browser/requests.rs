//! What a page requests, for the timeline; and what becomes of the requests that its documents come by.

use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::cdp::{Event, Listener};
use super::document::Document;
use super::owner::{MAX_URL, Owner};
use super::read::{number, text};
use flowguard_core::failure::cut;
use flowguard_core::timeline::PageEvent;

/// Requests under way that are remembered; more are not reported.
const MAX_REQUESTS: usize = 2_000;

/// Hears `Network` of a page's sessions.
pub(super) struct Requests {
    owner: Arc<Owner>,
    document: Arc<Document>,
    open: Mutex<HashMap<String, Request>>,
}

struct Request {
    method: String,
    url: String,
    kind: String,
    status: Option<u16>,
    began: f64,
}

impl Requests {
    pub(super) fn new(owner: Arc<Owner>, document: Arc<Document>) -> Self {
        Self {
            owner,
            document,
            open: Mutex::default(),
        }
    }

    fn request_began(&self, params: &Value) {
        let url = text(params.get("request").unwrap_or(&Value::Null), "url");
        if url.starts_with("data:") || url.starts_with("blob:") {
            return;
        }
        let request = Request {
            method: params
                .pointer("/request/method")
                .and_then(Value::as_str)
                .unwrap_or("GET")
                .to_owned(),
            url: without_credentials(&url),
            kind: text(params, "type").to_ascii_lowercase(),
            status: None,
            began: number(params, "timestamp"),
        };
        let mut open = self.lock();
        let id = text(params, "requestId");
        // A redirect keeps its id: the answer to the earlier request comes with the next one.
        let earlier = open.remove(&id);
        if open.len() < MAX_REQUESTS {
            open.insert(id, request);
        }
        drop(open);
        if let Some(mut earlier) = earlier {
            earlier.status = params.pointer("/redirectResponse/status").and_then(as_status);
            self.finished(earlier, number(params, "timestamp"), None);
        }
    }

    fn response_came(&self, params: &Value) {
        let status = params.pointer("/response/status").and_then(as_status);
        if let Some(request) = self.lock().get_mut(&text(params, "requestId")) {
            request.status = status;
        }
        if let (Some(status), "Document") = (status, text(params, "type").as_str()) {
            let frame = text(params, "frameId");
            self.document.answered(&frame, &text(params, "loaderId"), status);
        }
    }

    fn request_ended(&self, params: &Value) {
        let id = text(params, "requestId");
        let request = self.lock().remove(&id);
        let error = params.get("errorText").and_then(Value::as_str).map(str::to_owned);
        if error.is_some() {
            self.document.given_up(&id);
        }
        if let Some(request) = request {
            self.finished(request, number(params, "timestamp"), error);
        }
    }

    fn finished(&self, request: Request, at: f64, error: Option<String>) {
        let Request {
            method,
            url,
            kind,
            status,
            began,
        } = request;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a duration of this run, not below zero"
        )]
        let took_us = ((at - began).max(0.0) * 1e6) as u64;
        self.owner.tell(PageEvent::Request {
            method,
            url,
            kind,
            status,
            error,
            took_us,
        });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Request>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener for Requests {
    fn event(&self, event: &Event<'_>) {
        let note = match event.method {
            "Network.requestWillBeSent" => Self::request_began,
            "Network.responseReceived" => Self::response_came,
            "Network.loadingFinished" | "Network.loadingFailed" => Self::request_ended,
            _ => return,
        };
        if let Some(params) = event.read() {
            note(self, &params);
        }
    }
}

fn as_status(value: &Value) -> Option<u16> {
    value.as_u64().and_then(|status| u16::try_from(status).ok())
}

/// An address without user and password, and not longer than a report needs.
fn without_credentials(address: &str) -> String {
    let cleaned = url::Url::parse(address).map_or_else(
        |_| address.to_owned(),
        |mut url| {
            let _ = url.set_username("");
            let _ = url.set_password(None);
            url.into()
        },
    );
    cut(cleaned, MAX_URL)
}
