//! What a page's events come to, without a browser: navigations that begin, are handed on, given up or
//! committed, and events that nobody here knows.

use chromiumoxide::cdp::browser_protocol::browser::BrowserContextId;
use serde_json::value::to_raw_value;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

use super::setup::Page as PageParts;
use crate::browser::connection::cdp::{Cdp, Event, Listener};
use crate::browser::context::emulation::CdpEmulation;
use crate::browser::network::Requests;
use flowguard_core::browser::context::ContextOptions;
use flowguard_core::browser::{LoadState, PageId, Tab, TabError, Watcher};
use flowguard_core::timeline::PageEvent;

#[derive(Default)]
struct Heard(Mutex<Vec<PageEvent>>);

impl Watcher for Heard {
    fn page_event(&self, _page: PageId, what: PageEvent) {
        self.0.lock().unwrap().push(what);
    }

    fn popup(&self, _opener: Option<PageId>, _tab: Arc<dyn Tab>) -> Option<PageId> {
        None
    }
}

struct Page {
    parts: PageParts,
    heard: Arc<Heard>,
}

impl Page {
    fn new() -> Self {
        let heard = Arc::new(Heard::default());
        let parts = PageParts::new(
            "main".to_owned(),
            &CdpEmulation::new(
                &Cdp::unconnected(),
                &BrowserContextId::new("context"),
                &ContextOptions::default(),
                None,
            ),
            &Arc::default(),
        );
        parts.owner.take(1, heard.clone());
        Self { parts, heard }
    }

    fn happens(&self, method: &str, params: &Value) {
        let params = to_raw_value(params).unwrap();
        let event = Event {
            method,
            params: Some(&params),
        };
        let requests = Requests::new(&self.parts.network, &Cdp::unconnected().session("page"));
        let listeners: [&dyn Listener; 3] = [&*self.parts.document, &requests, &*self.parts.console];
        for listener in listeners {
            listener.event(&event);
        }
    }

    fn navigating(&self) -> bool {
        self.parts.document.state().borrow().navigating
    }

    /// A click on a link, as Chromium tells it: asked for, begun, handed from the page to the browser.
    fn link_clicked(&self, loader: &str) {
        let here = json!({"frameId": "main", "disposition": "currentTab"});
        self.happens("Page.frameRequestedNavigation", &here);
        let started = json!({"frameId": "main", "loaderId": loader, "navigationType": "differentDocument"});
        self.happens("Page.frameStartedNavigating", &started);
        self.happens(
            "Page.frameClearedScheduledNavigation",
            &json!({"frameId": "main"}),
        );
    }
}

#[test]
fn a_navigation_goes_on_until_its_document_is_there() {
    let page = Page::new();
    page.link_clicked("next");
    assert!(page.navigating(), "handed to the browser is not ended");
    let frame = json!({"id": "main", "loaderId": "next", "url": "http://shop.test/next"});
    page.happens("Page.frameNavigated", &json!({"frame": frame}));
    let state = page.parts.document.state().borrow().clone();
    assert!(!state.navigating);
    assert_eq!(
        (state.documents, state.loader.as_str(), state.reached),
        (1, "next", LoadState::Commit)
    );
}

#[test]
fn a_navigation_that_becomes_none_is_ended() {
    let given_up = json!({"frameId": "main"});
    let page = Page::new();
    let here = json!({"frameId": "main", "disposition": "currentTab"});
    page.happens("Page.frameRequestedNavigation", &here);
    page.happens("Page.frameClearedScheduledNavigation", &given_up);
    assert!(!page.navigating(), "given up before it began");
    page.link_clicked("file");
    page.happens("Page.frameStoppedLoading", &given_up);
    assert!(!page.navigating(), "stopped");
    page.link_clicked("file");
    let other = json!({"requestId": "7.1", "timestamp": 1.0, "errorText": "net::ERR_FAILED"});
    page.happens("Network.loadingFailed", &other);
    assert!(page.navigating(), "another request failed");
    let own = json!({"requestId": "file", "timestamp": 2.0, "errorText": "net::ERR_ABORTED"});
    page.happens("Network.loadingFailed", &own);
    assert!(
        !page.navigating(),
        "it became a download while the page was loading"
    );
}

#[test]
fn frames_and_new_tabs_do_not_make_the_page_navigate() {
    let page = Page::new();
    let cases = [
        (
            "Page.frameRequestedNavigation",
            json!({"frameId": "main", "disposition": "newTab"}),
        ),
        (
            "Page.frameRequestedNavigation",
            json!({"frameId": "inner", "disposition": "currentTab"}),
        ),
        (
            "Page.frameStartedNavigating",
            json!({"frameId": "inner", "loaderId": "x", "navigationType": "reload"}),
        ),
        (
            "Page.frameStartedNavigating",
            json!({"frameId": "main", "loaderId": "x", "navigationType": "sameDocument"}),
        ),
        (
            "Page.frameStartedNavigating",
            json!({"frameId": "main", "loaderId": "x", "navigationType": "historySameDocument"}),
        ),
    ];
    for (method, params) in cases {
        page.happens(method, &params);
        assert!(!page.navigating(), "{method} {params}");
    }
}

#[test]
fn moves_within_a_document_are_counted_also_to_the_same_address() {
    let page = Page::new();
    let moved = json!({"frameId": "main", "url": "http://shop.test/#part"});
    for moves in 1..=2 {
        page.happens("Page.navigatedWithinDocument", &moved);
        let state = page.parts.document.state().borrow().clone();
        assert_eq!((state.moves, state.documents), (moves, 0));
        assert_eq!(state.url, "http://shop.test/#part");
    }
}

#[test]
fn what_a_newer_browser_says_and_what_is_malformed_does_no_harm() {
    let page = Page::new();
    let known = [
        "Page.frameNavigated",
        "Page.lifecycleEvent",
        "Page.navigatedWithinDocument",
        "Page.frameRequestedNavigation",
        "Page.frameStartedNavigating",
        "Page.frameClearedScheduledNavigation",
        "Page.frameStoppedLoading",
        "Runtime.executionContextCreated",
        "Runtime.executionContextDestroyed",
        "Runtime.consoleAPICalled",
        "Runtime.exceptionThrown",
        "Log.entryAdded",
        "Page.javascriptDialogOpening",
        "Network.requestWillBeSent",
        "Network.responseReceived",
        "Network.loadingFinished",
        "Network.loadingFailed",
        "Future.thingHappened",
    ];
    let odd = [
        json!(null),
        json!([]),
        json!({}),
        json!({"frameId": 7, "frame": [], "context": "x", "entry": 1, "args": {}}),
    ];
    let before = page.parts.document.state().borrow().clone();
    for method in known {
        for params in &odd {
            page.happens(method, params);
        }
    }
    assert_eq!(*page.parts.document.state().borrow(), before);
}

#[test]
fn a_crash_is_told_and_ends_the_page() {
    let page = Page::new();
    page.happens("Inspector.targetCrashed", &json!({}));
    assert_eq!(page.parts.document.state().borrow().gone, Some(TabError::Crashed));
    page.parts.document.over(&TabError::Closed);
    assert_eq!(
        page.parts.document.state().borrow().gone,
        Some(TabError::Crashed),
        "the first cause stays"
    );
    assert_eq!(*page.heard.0.lock().unwrap(), [PageEvent::Crashed]);
}
