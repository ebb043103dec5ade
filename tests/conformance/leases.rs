//! A lease is a browser of one's own: nothing of others is in it, and nothing of it is left.

use flowguard_core::browser::calls::{Goto, OpenPage, Read, Reading, Target};
use flowguard_core::browser::context::ContextOptions;
use flowguard_core::browser::{Browser, Browsers, LoadState, PageId};
use std::sync::Arc;

use crate::site::Answer;
use crate::stage::{Stage, Unwatched, css, run_on};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_do_not_share_cookies_or_storage() {
    let stage = Stage::showing("<p></p><script>const before = localStorage.kept; localStorage.kept = 'yes'; document.querySelector('p').textContent = String(before)</script>").await;
    stage
        .site
        .put("/cookies", Answer::Cookies("visitor=first; Path=/".to_owned()));
    stage.goto("/cookies").await.expect("it loads");
    stage.goto("/cookies").await.expect("it loads");
    assert_eq!(stage.text("p").await.as_deref(), Ok("visitor=first"));
    stage.goto("/start").await.expect("it loads");
    assert_eq!(stage.text("p").await.as_deref(), Ok("yes"));

    let (other, _ledger) = run_on(&stage.browsers, &stage.site);
    let page = other.open_page(&OpenPage {}).await.expect("a page");
    assert_eq!(text_at(&other, page, "/cookies").await, "");
    assert_eq!(text_at(&other, page, "/start").await, "undefined");
    other.release().await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_one_run_share_them() {
    let stage = Stage::open().await;
    stage
        .site
        .put("/cookies", Answer::Cookies("visitor=first; Path=/".to_owned()));
    stage.goto("/cookies").await.expect("it loads");
    let second = stage.browser.open_page(&OpenPage {}).await.expect("a page");
    assert_eq!(text_at(&stage.browser, second, "/cookies").await, "visitor=first");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_after_a_release() {
    let stage = Stage::showing("<a href=/start target=_blank>new</a>").await;
    let mut inspector = stage.inspector().await;
    let before = inspector.pages().await;
    stage.browser.open_page(&OpenPage {}).await.expect("a page");
    stage.click("a").await.expect("it opens another page");
    stage.click("a").await.expect("the page is still in use");
    assert!(inspector.pages().await > before, "the pages are there");
    assert_eq!(inspector.contexts().await, 1);
    stage.browser.release().await;
    assert_eq!((inspector.pages().await, inspector.contexts().await), (0, 0));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_that_is_shut_down_has_ended() {
    let stage = Stage::open().await;
    let address = stage.browsers.address().await.expect("it runs");
    let process = stage.inspector().await.process().await;
    stage.browsers.shut_down().await;
    assert_eq!(stage.browsers.address().await, None);
    let process = rustix::process::Pid::from_raw(process).expect("a process");
    assert!(
        rustix::process::test_kill_process(process).is_err(),
        "{address} has ended"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_side_by_side_all_have_the_focus() {
    let stage = Stage::showing("<input onblur=\"document.body.append('blurred')\">").await;
    stage.click("input").await.expect("it takes the focus");
    let second = stage.browser.open_page(&OpenPage {}).await.expect("a page");
    assert_eq!(text_at(&stage.browser, second, "/start").await, "");
    let mut inspector = stage.inspector().await;
    let address = stage.site.url("/start");
    let focus = "document.hasFocus() + document.activeElement.localName + document.body.innerText.trim()";
    for target in inspector.targets_at(&address).await {
        let seen = inspector.evaluate_in(&target, focus).await;
        let seen = seen.as_str().expect("a text");
        assert!(seen.starts_with("true") && !seen.contains("blurred"), "{seen}");
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_a_run_is_kept_in_memory_after_its_release() {
    let stage = Stage::open().await;
    let watcher = Arc::new(Unwatched);
    let heard = Arc::downgrade(&watcher);
    let lease = stage.browsers.lease(watcher).await.expect("a lease");
    let context = lease
        .new_context(&ContextOptions::default())
        .await
        .expect("a context");
    let tab = context.open_tab(1).await.expect("a page");
    let mut state = tab.state();
    lease.release().await;
    state
        .wait_for(|state| state.gone.is_some())
        .await
        .expect("the page is closed");
    drop((tab, context, lease, state));
    // A later answer of the browser comes after everything that the release has caused.
    let (later, _ledger) = run_on(&stage.browsers, &stage.site);
    later.open_page(&OpenPage {}).await.expect("a page");
    later.release().await;
    assert_eq!(heard.strong_count(), 0);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_that_is_dropped_is_released() {
    let stage = Stage::open().await;
    let mut inspector = stage.inspector().await;
    let before = inspector.contexts().await;
    let (dropped, _ledger) = run_on(&stage.browsers, &stage.site);
    dropped.open_page(&OpenPage {}).await.expect("a page");
    assert_eq!(inspector.contexts().await, before + 1);
    drop(dropped);
    let (later, _ledger) = run_on(&stage.browsers, &stage.site);
    later.open_page(&OpenPage {}).await.expect("a page");
    later.release().await;
    assert_eq!(inspector.contexts().await, before);
    stage.close().await;
}

async fn text_at(browser: &Browser, page: PageId, url: &str) -> String {
    let goto = Goto {
        page,
        url: url.to_owned(),
        wait_until: LoadState::Load,
        timeout_ms: Some(5_000),
    };
    browser.goto(&goto).await.expect("it loads");
    let selector = if url == "/start" { "p, body > input" } else { "p" };
    let target = Target {
        page,
        locator: css(selector),
    };
    let read = Read {
        target,
        reading: Reading::TextContent,
        timeout_ms: Some(5_000),
    };
    browser.read(&read).await.expect("a text").unwrap_or_default()
}
