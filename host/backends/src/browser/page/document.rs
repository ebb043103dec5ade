//! How the main document of a page comes along: which load made it, how far it has come, whether the next one
//! is on its way, and why the page is gone.

use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

use super::read::text;
use crate::browser::connection::cdp::{Event, Listener};
use crate::browser::context::owner::Owner;
use flowguard_core::browser::TabError;
use flowguard_core::browser::port::{LoadState, TabState};
use flowguard_core::timeline::PageEvent;

/// How long a click that navigates may wait for the next document before it counts as done.
const SOON: Duration = Duration::from_millis(500);
/// Answers to loads that have not come to a document yet; a page can begin as many as it likes.
const MAX_ANSWERS: usize = 64;

/// Hears `Page` and `Inspector` of a page's own session.
pub(in crate::browser) struct Document {
    owner: Arc<Owner>,
    main_frame: String,
    state: watch::Sender<TabState>,
    loads: Mutex<Loads>,
}

#[derive(Default)]
struct Loads {
    /// Status of the main document's response, by its load.
    answered: HashMap<String, u16>,
    /// The load of the document that is on its way.
    coming: Option<String>,
}

impl Document {
    pub(in crate::browser) fn new(owner: Arc<Owner>, main_frame: String) -> Self {
        let state = TabState {
            url: "about:blank".to_owned(),
            ..TabState::default()
        };
        Self {
            owner,
            main_frame,
            state: watch::channel(state).0,
            loads: Mutex::default(),
        }
    }

    pub(in crate::browser) fn state(&self) -> watch::Receiver<TabState> {
        self.state.subscribe()
    }

    /// Why the page is gone, if it is.
    pub(in crate::browser) fn gone(&self) -> Option<TabError> {
        self.state.borrow().gone.clone()
    }

    /// The server has answered a load of this frame.
    pub(in crate::browser) fn answered(&self, frame: &str, loader: &str, status: u16) {
        if frame != self.main_frame {
            return;
        }
        {
            let mut loads = self.lock();
            if loads.answered.len() >= MAX_ANSWERS {
                loads.answered.clear();
            }
            loads.answered.insert(loader.to_owned(), status);
        }
        self.state.send_if_modified(|state| {
            let is_present = state.loader == loader;
            if is_present {
                state.status = status;
            }
            is_present
        });
    }

    /// A request has failed. That of a document is named as its load: one that became a download, or had no
    /// content, ends so, also while the present document is loading still.
    pub(in crate::browser) fn given_up(&self, request: &str) {
        let is_next = {
            let mut loads = self.lock();
            let is_next = loads.coming.as_deref() == Some(request);
            if is_next {
                loads.coming = None;
            }
            is_next
        };
        if is_next {
            self.navigating(false);
        }
    }

    /// Ends when another document is on its way and does not come soon. Until it does, the browser holds
    /// back what is asked of the present one.
    pub(in crate::browser) async fn left_behind(&self) {
        let mut state = self.state();
        while state.wait_for(|state| state.navigating).await.is_ok() {
            let here = state.wait_for(|state| !state.navigating);
            if tokio::time::timeout(SOON, here).await.is_err() {
                return;
            }
        }
        std::future::pending::<()>().await;
    }

    fn is_main(&self, frame: Option<&Value>) -> bool {
        frame.and_then(Value::as_str) == Some(&self.main_frame)
    }

    fn frame_navigated(&self, params: &Value) {
        let frame = params.get("frame").unwrap_or(&Value::Null);
        if !self.is_main(frame.get("id")) {
            return;
        }
        let loader = text(frame, "loaderId");
        let status = {
            let mut loads = self.lock();
            loads.coming = None;
            loads.answered.remove(&loader).unwrap_or(0)
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

    fn lock(&self) -> MutexGuard<'_, Loads> {
        self.loads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener for Document {
    fn event(&self, event: &Event<'_>) {
        let note = match event.method {
            "Page.frameNavigated" => Self::frame_navigated,
            "Page.lifecycleEvent" => Self::lifecycle,
            "Page.navigatedWithinDocument" => Self::within_document,
            "Page.frameRequestedNavigation" => Self::navigation_requested,
            "Page.frameStartedNavigating" => Self::navigation_started,
            "Page.frameClearedScheduledNavigation" => Self::navigation_handed_on,
            "Page.frameStoppedLoading" => Self::loading_stopped,
            "Inspector.targetCrashed" => {
                self.owner.tell(PageEvent::Crashed);
                return self.over(&TabError::Crashed);
            }
            // A newer browser says more than is known here; none of it is needed.
            _ => return,
        };
        if let Some(params) = event.read() {
            note(self, &params);
        }
    }

    fn over(&self, why: &TabError) {
        self.state.send_modify(|state| {
            state.gone.get_or_insert_with(|| why.clone());
        });
    }
}
