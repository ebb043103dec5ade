//! A lease is a browser of one's own: nothing of others is in it, and nothing of it is left.

use flowguard_core::browser::calls::{Goto, OpenPage, Read, Reading, Target};
use flowguard_core::browser::context::ContextOptions;
use flowguard_core::browser::{Browser, Browsers, LoadState, PageId, Wanted};
use std::sync::Arc;

use crate::inspector::Inspector;
use crate::site::{Answer, Site};
use crate::stage::{Stage, Unwatched, browsers_with, css, run_on};
use flowguard_backends::browser::{LocalBrowsers, LocalOptions};

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
    let lease = stage
        .browsers
        .lease(&Wanted::default(), watcher)
        .await
        .expect("a lease");
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

/// Browsers in which the next run's context waits, and a look at them.
async fn with_one_ready() -> (Arc<LocalBrowsers>, Inspector) {
    let browsers = Arc::new(browsers_with(LocalOptions {
        keeps_ready: true,
        ..LocalOptions::default()
    }));
    browsers.warm_up().await.expect("it starts");
    let address = browsers.address().await.expect("it runs");
    let mut inspector = Inspector::connect(&address).await;
    assert_eq!((inspector.pages().await, inspector.contexts().await), (1, 1));
    (browsers, inspector)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_waited_is_the_runs_own_and_no_others() {
    let (browsers, mut inspector) = with_one_ready().await;
    let site = Site::start().await;
    site.put("/cookies", Answer::Cookies("visitor=first; Path=/".to_owned()));
    site.page("/start", "<p></p><script>console.error('heard')</script>");
    let waiting = inspector.targets_at("about:blank").await;

    let (first, ledger) = run_on(&browsers, &site);
    let page = first.open_page(&OpenPage {}).await.expect("a page");
    assert_eq!(text_at(&first, page, "/start").await, "");
    assert_eq!(inspector.targets_at(&site.url("/start")).await, waiting);
    assert_eq!(text_at(&first, page, "/cookies").await, "");
    assert_eq!(text_at(&first, page, "/cookies").await, "visitor=first");
    first.release().await;
    let history = format!("{:?}", ledger.timeline.history());
    assert!(history.contains("heard"), "{history}");

    browsers.warm_up().await.expect("it runs");
    let (second, _ledger) = run_on(&browsers, &site);
    let page = second.open_page(&OpenPage {}).await.expect("a page");
    assert_eq!(text_at(&second, page, "/cookies").await, "");
    second.release().await;
    browsers.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_died_while_it_waited_is_nobodys() {
    let (browsers, mut inspector) = with_one_ready().await;
    let site = Site::start().await;
    site.page("/start", "<p>alive</p>");
    inspector.close("about:blank").await;
    while inspector.pages().await > 0 {}
    // An answer to the host comes after what it was told before.
    let lease = browsers
        .lease(&Wanted::default(), Arc::new(Unwatched))
        .await
        .expect("a lease");
    let other = ContextOptions {
        offline: true,
        ..ContextOptions::default()
    };
    let context = lease.new_context(&other).await.expect("a context");
    drop((context, lease));

    let (run, _ledger) = run_on(&browsers, &site);
    let page = run.open_page(&OpenPage {}).await.expect("a page");
    assert_eq!(text_at(&run, page, "/start").await, "alive");
    run.release().await;
    browsers.shut_down().await;
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
