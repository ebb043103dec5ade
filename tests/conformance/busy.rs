//! A page that never gives its main thread back: every call ends in its time with a typed failure, or does its
//! work because it needs no page. Nothing waits for the end of the run.

use flowguard_core::browser::calls::{
    AddRoute, AriaSnapshotOfPage, BringToFront, ClearCookies, ClearPermissions, ClosePage, Count,
    DefaultContext, EmulateMedia, GoThrough, GrantPermissions, OpenPage, PageTitle, PageUrl, Probe,
    ReadContent, ReadCookies, ReadOutline, Reload, RemoveRoute, RouteAction, RouteScope, SaveStorageState,
    SetContent, SetExtraHeaders, SetGeolocation, SetOffline, SetViewport, Size, WaitForLoadState,
};
use flowguard_core::browser::context::{CookieFilter, Media, Permission};
use flowguard_core::browser::expectation::Expectation;
use flowguard_core::browser::network::RequestMatch;
use flowguard_core::browser::{Browser, LoadState};
use flowguard_core::failure::{Code, Failure};
use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use std::time::{Duration, Instant};

use crate::stage::{Stage, run_on};

/// The action's time of a stage, and what a loaded machine needs besides.
const IN_TIME: Duration = Duration::from_secs(9);

type Named<'a> = (&'static str, BoxFuture<'a, Result<(), Failure>>);

fn named<'a, T>(name: &'static str, work: impl Future<Output = Result<T, Failure>> + Send + 'a) -> Named<'a> {
    (name, work.map(|done| done.map(|_| ())).boxed())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_to_a_busy_page_outlasts_its_time() {
    let stage = busy().await;
    in_time(reading(&stage)).await;
    let context = stage.browser.default_context(&DefaultContext {}).await;
    let context = context.expect("it is open");
    in_time(settings(&stage, context)).await;
    // Each of these may change what the others find.
    for call in leaving(&stage, context) {
        in_time(vec![call]).await;
    }
    let began = Instant::now();
    stage.browser.release().await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    let (next, _ledger) = run_on(&stage.browsers, &stage.site);
    next.open_page(&OpenPage {})
        .await
        .expect("the next run is unharmed");
    next.release().await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_with_eight_busy_pages_ends_soon() {
    let stage = busy().await;
    stage
        .browser
        .open_page(&OpenPage {})
        .await
        .expect("another page of the run works");
    let mut page = stage.page;
    for _ in 2..8 {
        page = stage.browser.open_page(&OpenPage {}).await.expect("a page");
    }
    let pages = (2..=page).map(|page| make_busy(&stage.browser, page));
    join_all(pages).await;
    let began = Instant::now();
    stage.browser.picture_of_failure("at the end").await;
    stage.browser.release().await;
    assert!(began.elapsed() < Duration::from_secs(9), "{:?}", began.elapsed());
    assert_eq!(stage.inspector().await.contexts().await, 0);
    stage.close().await;
}

async fn busy() -> Stage {
    let stage = Stage::showing("<button onclick='for (;;) {}'>Go</button><p>here</p>").await;
    stage.site.page("/next", "<p>next</p>");
    let click = stage.click_within("button", 300).await;
    assert_eq!(click.map_err(|failure| failure.code), Err(Code::Timeout));
    stage
}

async fn make_busy(browser: &Browser, page: u32) {
    let call = SetContent {
        page,
        html: "<script>for (;;) {}</script>".to_owned(),
        wait_until: LoadState::Load,
        timeout_ms: Some(300),
    };
    let failure = browser.set_content(&call).await.expect_err("it never ends");
    assert_eq!(failure.code, Code::Timeout, "{failure}");
}

async fn in_time(calls: Vec<Named<'_>>) {
    let ended = calls.into_iter().map(|(name, work)| async move {
        let began = Instant::now();
        let done = tokio::time::timeout(2 * IN_TIME, work).await;
        (name, done, began.elapsed())
    });
    let wrong: Vec<String> = join_all(ended)
        .await
        .into_iter()
        .filter(|(_, done, took)| {
            let is_typed = matches!(done, Ok(Ok(())))
                || matches!(done, Ok(Err(failure)) if matches!(failure.code, Code::Timeout | Code::NavigationFailed));
            !is_typed || *took > IN_TIME
        })
        .map(|(name, done, took)| format!("{name}: {done:?} after {took:?}"))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn reading(stage: &Stage) -> Vec<Named<'_>> {
    let Stage { browser, page, .. } = stage;
    let page = *page;
    vec![
        named("click", stage.click_within("p", 500)),
        named("fill", stage.fill("p", "text")),
        named("text", stage.text("p")),
        named("expect", stage.expect("p", Expectation::Visible, 500)),
        named("count", async move {
            let target = stage.target("p");
            browser.count(&Count { target }).await
        }),
        named(
            "title",
            async move { browser.page_title(&PageTitle { page }).await },
        ),
        named("url", async move { browser.page_url(&PageUrl { page }).await }),
        named(
            "content",
            async move { browser.content(&ReadContent { page }).await },
        ),
        named(
            "outline",
            async move { browser.outline(&ReadOutline { page }).await },
        ),
        named("aria", async move {
            browser.aria_snapshot_of_page(&AriaSnapshotOfPage { page }).await
        }),
        named("load state", async move {
            let call = WaitForLoadState {
                page,
                state: LoadState::NetworkIdle,
                timeout_ms: Some(500),
            };
            browser.wait_for_load_state(&call).await
        }),
        named("probe", async move {
            let call = Probe {
                page,
                url: "/next".to_owned(),
                timeout_ms: Some(500),
            };
            browser.probe(&call).await
        }),
    ]
}

fn settings(stage: &Stage, context: u32) -> Vec<Named<'_>> {
    let Stage { browser, page, .. } = stage;
    let page = *page;
    vec![
        named("viewport", async move {
            let size = Size {
                width: 640,
                height: 480,
            };
            browser.set_viewport(&SetViewport { page, size }).await
        }),
        named("front", async move {
            browser.bring_to_front(&BringToFront { page }).await
        }),
        named("media", async move {
            let media = Media::default();
            browser.emulate_media(&EmulateMedia { page, media }).await
        }),
        named("route", async move {
            let call = AddRoute {
                page,
                scope: RouteScope::Page,
                what: RequestMatch::default(),
                action: RouteAction::Hold,
                times: None,
            };
            let route = browser.add_route(&call).await?;
            browser.remove_route(&RemoveRoute { route }).await
        }),
        named("geolocation", async move {
            browser
                .set_geolocation(&SetGeolocation { context, place: None })
                .await
        }),
        named("permissions", async move {
            let call = GrantPermissions {
                context,
                permissions: vec![Permission::Geolocation],
                origin: None,
            };
            browser.grant_permissions(&call).await?;
            browser.clear_permissions(&ClearPermissions { context }).await
        }),
        named("headers", async move {
            let headers = Vec::new();
            browser
                .set_extra_headers(&SetExtraHeaders { context, headers })
                .await
        }),
        named("cookies", async move {
            let urls = Vec::new();
            browser.cookies(&ReadCookies { context, urls }).await?;
            let which = CookieFilter::default();
            browser.clear_cookies(&ClearCookies { context, which }).await
        }),
        named("storage", async move {
            let indexed_db = true;
            browser
                .save_storage_state(&SaveStorageState { context, indexed_db })
                .await
        }),
    ]
}

fn leaving(stage: &Stage, context: u32) -> Vec<Named<'_>> {
    let Stage { browser, page, .. } = stage;
    let page = *page;
    vec![
        named("offline", async move {
            let offline = true;
            browser.set_offline(&SetOffline { context, offline }).await
        }),
        named("online", async move {
            let offline = false;
            browser.set_offline(&SetOffline { context, offline }).await
        }),
        named("reload", async move {
            let call = Reload {
                page,
                wait_until: LoadState::Load,
                timeout_ms: Some(500),
            };
            browser.reload(&call).await
        }),
        named("back", async move {
            let call = GoThrough {
                page,
                forward: false,
                wait_until: LoadState::Load,
                timeout_ms: Some(500),
            };
            browser.go_through(&call).await
        }),
        named("goto", stage.goto_until("/next", LoadState::Load, 500)),
        named(
            "close",
            async move { browser.close_page(&ClosePage { page }).await },
        ),
    ]
}
