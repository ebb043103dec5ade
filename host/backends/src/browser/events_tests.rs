//! What a page's events come to, without a browser: navigations that begin, are handed on, given up or
//! committed, and events that nobody here knows.

use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;

use super::cdp::SessionEvents;
use super::events::PageEvents;
use flowguard_core::browser::port::Watcher;
use flowguard_core::browser::{LoadState, TabError};
use flowguard_core::timeline::PageEvent;

#[derive(Default)]
struct Heard(Mutex<Vec<PageEvent>>);

impl Watcher for Heard {
    fn page_event(&self, _page: u32, what: PageEvent) {
        self.0.lock().unwrap().push(what);
    }
}

struct Page {
    events: PageEvents,
    heard: Arc<Heard>,
}

impl Page {
    fn new() -> Self {
        let heard = Arc::new(Heard::default());
        let (dialogs, _) = mpsc::unbounded_channel();
        let events = PageEvents::new(1, "main".to_owned(), heard.clone(), dialogs);
        Self { events, heard }
    }

    fn happens(&self, method: &str, params: &Value) {
        self.events.event(method, params);
    }

    fn navigating(&self) -> bool {
        self.events.state().borrow().navigating
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
    let state = page.events.state().borrow().clone();
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
    let other = json!({"requestId": "7.1", "errorText": "net::ERR_FAILED"});
    page.happens("Network.loadingFailed", &other);
    assert!(page.navigating(), "another request failed");
    let own = json!({"requestId": "file", "errorText": "net::ERR_ABORTED"});
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
        let state = page.events.state().borrow().clone();
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
    let before = page.events.state().borrow().clone();
    for method in known {
        for params in &odd {
            page.happens(method, params);
        }
    }
    assert_eq!(*page.events.state().borrow(), before);
}

#[test]
fn a_crash_is_told_and_ends_the_page() {
    let page = Page::new();
    page.happens("Inspector.targetCrashed", &json!({}));
    assert_eq!(page.events.state().borrow().gone, Some(TabError::Crashed));
    page.events.over(TabError::Closed);
    assert_eq!(
        page.events.state().borrow().gone,
        Some(TabError::Crashed),
        "the first cause stays"
    );
    assert_eq!(*page.heard.0.lock().unwrap(), [PageEvent::Crashed]);
}
