//! What a page's session tells by itself: how its document comes along, where the injected script lives, its
//! console, its network. Everything is bounded; nothing here blocks or calls back into the page.

use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, watch};

use super::cdp::SessionEvents;
use flowguard_core::browser::port::{LoadState, TabState, Watcher};
use flowguard_core::browser::{PageId, TabError};
use flowguard_core::failure::cut;
use flowguard_core::timeline::PageEvent;

/// The isolated world that the injected script lives in.
pub(super) const WORLD: &str = "flowguard";

const MAX_TEXT: usize = 4_096;
const MAX_URL: usize = 2_048;
const MAX_REQUESTS: usize = 2_000;

/// What is known of one page, kept up to date by its events.
pub(super) struct PageEvents {
    page: PageId,
    main_frame: String,
    watcher: Arc<dyn Watcher>,
    state: watch::Sender<TabState>,
    /// The main frame's context of the injected script, once there is one.
    context: watch::Sender<Option<i64>>,
    /// Dialogs that wait for an answer; a task of the tab gives it.
    dialogs: mpsc::UnboundedSender<String>,
    requests: Mutex<Requests>,
}

#[derive(Default)]
struct Requests {
    open: HashMap<String, Request>,
    /// Status of the main document's response, by its load.
    documents: HashMap<String, u16>,
    /// The load of the document that is on its way.
    coming: Option<String>,
}

struct Request {
    method: String,
    url: String,
    kind: String,
    status: Option<u16>,
    began: f64,
}

impl PageEvents {
    pub(super) fn new(
        page: PageId,
        main_frame: String,
        watcher: Arc<dyn Watcher>,
        dialogs: mpsc::UnboundedSender<String>,
    ) -> Self {
        Self {
            page,
            main_frame,
            watcher,
            state: watch::channel(TabState {
                url: "about:blank".to_owned(),
                ..TabState::default()
            })
            .0,
            context: watch::channel(None).0,
            dialogs,
            requests: Mutex::default(),
        }
    }

    pub(super) fn state(&self) -> watch::Receiver<TabState> {
        self.state.subscribe()
    }

    pub(super) fn context(&self) -> watch::Receiver<Option<i64>> {
        self.context.subscribe()
    }

    fn tell(&self, what: PageEvent) {
        self.watcher.page_event(self.page, what);
    }

    fn is_main(&self, frame: Option<&Value>) -> bool {
        frame.and_then(Value::as_str) == Some(&self.main_frame)
    }

    fn frame_navigated(&self, frame: &Value) {
        if !self.is_main(frame.get("id")) {
            return;
        }
        let loader = text(frame, "loaderId");
        let status = {
            let mut requests = self.lock();
            requests.coming = None;
            requests.documents.remove(&loader).unwrap_or(0)
        };
        let url = text(frame, "url") + &text(frame, "urlFragment");
        self.state.send_modify(|state| {
            state.documents += 1;
            state.loader = loader;
            state.url = url;
            state.status = status;
            state.reached = LoadState::Commit;
            state.navigating = false;
        });
    }

    fn lifecycle(&self, params: &Value) {
        let reached = match params.get("name").and_then(Value::as_str) {
            Some("DOMContentLoaded") => LoadState::DomContentLoaded,
            Some("load") => LoadState::Load,
            Some("networkIdle") => LoadState::NetworkIdle,
            _ => return,
        };
        let loader = text(params, "loaderId");
        self.state.send_if_modified(|state| {
            let is_news =
                self.is_main(params.get("frameId")) && state.loader == loader && state.reached < reached;
            if is_news {
                state.reached = reached;
            }
            is_news
        });
    }

    /// A script or a click asked for another document.
    fn navigation_requested(&self, params: &Value) {
        let is_here = params.get("disposition").and_then(Value::as_str) == Some("currentTab");
        if is_here && self.is_main(params.get("frameId")) {
            self.navigating(true);
        }
    }

    /// The browser itself has begun to load it.
    fn navigation_started(&self, params: &Value) {
        let is_within = text(params, "navigationType").ends_with("ameDocument");
        if !is_within && self.is_main(params.get("frameId")) {
            self.lock().coming = Some(text(params, "loaderId"));
            self.navigating(true);
        }
    }

    /// The page no longer waits to ask for it: it was given up, or handed to the browser.
    fn navigation_handed_on(&self, params: &Value) {
        if self.is_main(params.get("frameId")) && self.lock().coming.is_none() {
            self.navigating(false);
        }
    }

    fn loading_stopped(&self, params: &Value) {
        if self.is_main(params.get("frameId")) {
            self.lock().coming = None;
            self.navigating(false);
        }
    }

    fn navigating(&self, navigating: bool) {
        self.state
            .send_if_modified(|state| std::mem::replace(&mut state.navigating, navigating) != navigating);
    }

    fn within_document(&self, params: &Value) {
        if self.is_main(params.get("frameId")) {
            self.state.send_modify(|state| {
                state.moves += 1;
                state.url = text(params, "url");
                state.navigating = false;
            });
        }
    }

    fn context_created(&self, params: &Value) {
        let context = params.get("context").unwrap_or(&Value::Null);
        let main = self.is_main(context.pointer("/auxData/frameId"));
        if main && context.get("name").and_then(Value::as_str) == Some(WORLD) {
            self.context
                .send_replace(context.get("id").and_then(Value::as_i64));
        }
    }

    fn context_destroyed(&self, params: &Value) {
        let id = params.get("executionContextId").and_then(Value::as_i64);
        self.context.send_if_modified(|context| {
            let is_ours = id.is_some() && *context == id;
            if is_ours {
                *context = None;
            }
            is_ours
        });
    }

    fn console(&self, params: &Value) {
        let arguments = params.get("args").and_then(Value::as_array);
        let words: Vec<String> = arguments
            .into_iter()
            .flatten()
            .take(20)
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
        self.tell(PageEvent::Console {
            level,
            text: cut(words.join(" "), MAX_TEXT),
            place,
        });
    }

    fn log_entry(&self, params: &Value) {
        let entry = params.get("entry").unwrap_or(&Value::Null);
        let place = cut(text(entry, "url"), MAX_URL);
        self.tell(PageEvent::Console {
            level: text(entry, "level"),
            text: cut(text(entry, "text"), MAX_TEXT),
            place,
        });
    }

    fn exception(&self, params: &Value) {
        let details = params.get("exceptionDetails").unwrap_or(&Value::Null);
        let description = details.pointer("/exception/description").and_then(Value::as_str);
        let said = description.map_or_else(|| text(details, "text"), str::to_owned);
        self.tell(PageEvent::Uncaught {
            text: cut(said, MAX_TEXT),
        });
    }

    fn dialog(&self, params: &Value) {
        let kind = text(params, "type");
        self.tell(PageEvent::Dialog {
            kind: kind.clone(),
            text: cut(text(params, "message"), MAX_TEXT),
        });
        let _ = self.dialogs.send(kind);
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
        let mut requests = self.lock();
        let id = text(params, "requestId");
        // A redirect keeps its id: the answer to the earlier request comes with the next one.
        let earlier = requests.open.remove(&id);
        if requests.open.len() < MAX_REQUESTS {
            requests.open.insert(id, request);
        }
        drop(requests);
        if let Some(mut earlier) = earlier {
            earlier.status = params.pointer("/redirectResponse/status").and_then(as_status);
            self.finished(earlier, number(params, "timestamp"), None);
        }
    }

    fn response_came(&self, params: &Value) {
        let status = params.pointer("/response/status").and_then(as_status);
        let id = text(params, "requestId");
        let mut requests = self.lock();
        if let Some(request) = requests.open.get_mut(&id) {
            request.status = status;
        }
        let is_document = self.is_main(params.get("frameId")) && text(params, "type") == "Document";
        if let (true, Some(status)) = (is_document, status) {
            let loader = text(params, "loaderId");
            if requests.documents.len() > 64 {
                requests.documents.clear();
            }
            requests.documents.insert(loader.clone(), status);
            drop(requests);
            self.state.send_if_modified(|state| {
                let is_present = state.loader == loader;
                if is_present {
                    state.status = status;
                }
                is_present
            });
        }
    }

    fn request_ended(&self, params: &Value) {
        let id = text(params, "requestId");
        let (request, is_given_up) = {
            let mut requests = self.lock();
            // The request of a document is named as its load. One that became a download, or had no content,
            // ends here, also while the present document is loading still.
            let is_given_up = requests.coming.as_ref() == Some(&id) && params.get("errorText").is_some();
            if is_given_up {
                requests.coming = None;
            }
            (requests.open.remove(&id), is_given_up)
        };
        if is_given_up {
            self.navigating(false);
        }
        if let Some(request) = request {
            let error = params.get("errorText").and_then(Value::as_str).map(str::to_owned);
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
        self.tell(PageEvent::Request {
            method,
            url,
            kind,
            status,
            error,
            took_us,
        });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Requests> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SessionEvents for PageEvents {
    fn event(&self, method: &str, params: &Value) {
        match method {
            "Page.frameNavigated" => self.frame_navigated(params.get("frame").unwrap_or(&Value::Null)),
            "Page.lifecycleEvent" => self.lifecycle(params),
            "Page.navigatedWithinDocument" => self.within_document(params),
            "Page.frameRequestedNavigation" => self.navigation_requested(params),
            "Page.frameStartedNavigating" => self.navigation_started(params),
            "Page.frameClearedScheduledNavigation" => self.navigation_handed_on(params),
            "Page.frameStoppedLoading" => self.loading_stopped(params),
            "Runtime.executionContextCreated" => self.context_created(params),
            "Runtime.executionContextDestroyed" => self.context_destroyed(params),
            "Runtime.executionContextsCleared" => {
                self.context.send_replace(None);
            }
            "Runtime.consoleAPICalled" => self.console(params),
            "Runtime.exceptionThrown" => self.exception(params),
            "Log.entryAdded" => self.log_entry(params),
            "Page.javascriptDialogOpening" => self.dialog(params),
            "Network.requestWillBeSent" => self.request_began(params),
            "Network.responseReceived" => self.response_came(params),
            "Network.loadingFinished" | "Network.loadingFailed" => self.request_ended(params),
            "Inspector.targetCrashed" => {
                self.tell(PageEvent::Crashed);
                self.over(TabError::Crashed);
            }
            // A newer browser says more than is known here; none of it is needed.
            _ => {}
        }
    }

    fn over(&self, why: TabError) {
        self.state.send_modify(|state| {
            state.gone.get_or_insert(why);
        });
        self.context.send_replace(None);
    }
}

fn text(value: &Value, key: &str) -> String {
    value
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn number(value: &Value, key: &str) -> f64 {
    value.get(key).and_then(Value::as_f64).unwrap_or_default()
}

fn as_status(value: &Value) -> Option<u16> {
    value.as_u64().and_then(|status| u16::try_from(status).ok())
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
