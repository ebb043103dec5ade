//! Routes on real pages: every kind of decision, held requests, frames and pages that open later.

use flowguard_core::browser::calls::{
    AddRoute, CreateContext, DecideHeld, FallBackHeld, NextHeld, OpenPageIn, RemoveRoute, RouteAction,
    RouteHits, RouteScope,
};
use flowguard_core::browser::context::ContextOptions;
use flowguard_core::browser::network::routes::RouteId;
use flowguard_core::browser::network::traffic::Moment;
use flowguard_core::browser::network::{
    AbortReason, Body, Changes, Decision, Fulfilment, Header, RequestMatch, UrlMatch,
};
use flowguard_core::failure::{Code, Failure};

use crate::site::Answer;
use crate::stage::Stage;

pub(crate) const SOON: Option<u32> = Some(5_000);

pub(crate) fn glob(glob: &str) -> RequestMatch {
    RequestMatch {
        url: UrlMatch::Glob {
            glob: glob.to_owned(),
        },
        ..RequestMatch::default()
    }
}

pub(crate) fn fulfil(status: u16, kind: &str, body: &str) -> RouteAction {
    RouteAction::Decide(answer(status, kind, body))
}

pub(crate) fn answer(status: u16, kind: &str, body: &str) -> Decision {
    Decision::Fulfil(Fulfilment {
        status,
        headers: vec![Header::new("content-type", kind)],
        body: Body(body.to_owned().into()),
    })
}

pub(crate) fn go_on(changes: Changes) -> RouteAction {
    RouteAction::Decide(Decision::Continue(changes))
}

impl Stage {
    async fn route(&self, what: RequestMatch, action: RouteAction) -> Result<RouteId, Failure> {
        self.route_for(RouteScope::Page, what, action, None).await
    }

    async fn route_for(
        &self,
        scope: RouteScope,
        what: RequestMatch,
        action: RouteAction,
        times: Option<u32>,
    ) -> Result<RouteId, Failure> {
        let page = self.page;
        let call = AddRoute {
            page,
            scope,
            what,
            action,
            times,
        };
        self.browser.add_route(&call).await
    }

    /// Shows a page that asks for `/data` when its button is clicked, and writes down what came.
    pub(crate) async fn asking(script: &str) -> Self {
        Self::showing(&format!(
            "<button>ask</button><p id=out></p><script>
             const out = text => document.getElementById('out').textContent = text;
             document.querySelector('button').onclick = async () => {{
               try {{ {script} }} catch (error) {{ out('error: ' + error.message); }}
             }};</script>"
        ))
        .await
    }
}

pub(crate) const ASK: &str = "const r = await fetch('/data', {method: 'POST', body: 'sent', headers: {'x-page': '1'}}); out(r.status + ' ' + await r.text());";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_route_answers_in_the_networks_place_until_it_is_removed() {
    let stage = Stage::asking(ASK).await;
    stage.site.put("/data", Answer::Status(200, "real".to_owned()));
    let route = stage
        .route(glob("**/data"), fulfil(201, "text/plain", "made up"))
        .await
        .expect("set");
    stage.click("button").await.expect("clicked");
    stage
        .expect_text("#out", "201 made up")
        .await
        .expect("answered by the route");
    let hits = stage.browser.route_hits(&RouteHits { route }).await;
    assert_eq!(hits, Ok(1));
    stage
        .browser
        .remove_route(&RemoveRoute { route })
        .await
        .expect("removed");
    stage.click("button").await.expect("clicked");
    stage
        .expect_text("#out", "200 real")
        .await
        .expect("answered by the site");
    let again = stage.browser.remove_route(&RemoveRoute { route }).await;
    assert_eq!(again.expect_err("gone").code, Code::InvalidArgument);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_route_can_answer_the_document_itself() {
    let stage = Stage::open().await;
    stage
        .route(glob("/made-up"), fulfil(404, "text/html", "<p>made up</p>"))
        .await
        .expect("set");
    let response = stage.goto("/made-up").await.expect("it loads");
    assert_eq!(response.status, 404);
    stage.expect_text("p", "made up").await.expect("shown");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_goes_on_changed_and_the_page_does_not_see_it() {
    let stage = Stage::asking(
        "const r = await fetch('/data', {method: 'POST', body: 'sent', headers: {'x-page': '1'}}); \
         const e = await r.json(); out([new URL(r.url).pathname, e.method, e.path, e.headers['x-route'], e.headers['x-page'], e.body].join(' '));",
    )
    .await;
    stage.site.put("/other", Answer::Echo);
    let changes = Changes {
        url: Some("/other".to_owned()),
        method: Some("PUT".to_owned()),
        headers: Some(vec![Header::new("x-route", "2")]),
        body: Some(Body("changed".into())),
    };
    stage.route(glob("**/data"), go_on(changes)).await.expect("set");
    stage.click("button").await.expect("clicked");
    stage
        .expect_text("#out", "/data PUT /other 2 changed")
        .await
        .expect("changed on its way");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_aborted_request_fails_with_the_error_of_its_reason() {
    let stage = Stage::asking(ASK).await;
    let watch = stage.watch(glob("**/data")).await;
    for (reason, error) in [
        (AbortReason::Failed, "net::ERR_FAILED"),
        (AbortReason::ConnectionRefused, "net::ERR_CONNECTION_REFUSED"),
        (
            AbortReason::InternetDisconnected,
            "net::ERR_INTERNET_DISCONNECTED",
        ),
        (
            AbortReason::BlockedByClient,
            "net::ERR_BLOCKED_BY_CLIENT.Inspector",
        ),
    ] {
        let abort = RouteAction::Decide(Decision::Abort { reason });
        stage.route(glob("**/data"), abort).await.expect("set");
        stage.click("button").await.expect("clicked");
        stage
            .expect_text("#out", "error: Failed to fetch")
            .await
            .expect("it failed");
        let failed = stage.next(watch, Moment::Failed).await.expect("it failed");
        assert_eq!(stage.response(failed.exchange).await, Err(error.to_owned()));
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_held_request_waits_for_the_flow() {
    let stage = Stage::asking(ASK).await;
    stage.site.put("/data", Answer::Status(200, "real".to_owned()));
    let route = stage
        .route(glob("**/data"), RouteAction::Hold)
        .await
        .expect("set");
    let next = || async {
        let call = NextHeld {
            route,
            timeout_ms: SOON,
        };
        stage.browser.next_held(&call).await
    };
    stage.click("button").await.expect("clicked");
    let held = next().await.expect("it waits");
    assert_eq!(
        (held.request.method.as_str(), held.request.body.as_deref()),
        ("POST", Some(&b"sent"[..]))
    );
    assert_eq!(stage.text("#out").await.as_deref(), Ok(""));
    let decision = answer(202, "text/plain", "decided");
    let call = DecideHeld {
        held: held.held,
        decision,
    };
    stage.browser.decide_held(&call).await.expect("decided");
    stage
        .expect_text("#out", "202 decided")
        .await
        .expect("the decision");
    let twice = stage.browser.decide_held(&call).await.expect_err("once only");
    assert_eq!(twice.code, Code::InvalidArgument);

    stage.click("button").await.expect("clicked");
    let held = next().await.expect("it waits");
    stage
        .browser
        .fall_back_held(&FallBackHeld { held: held.held })
        .await
        .expect("left");
    stage
        .expect_text("#out", "200 real")
        .await
        .expect("from the site");

    stage.click("button").await.expect("clicked");
    let held = next().await.expect("it waits");
    stage
        .route(glob("**/unused"), RouteAction::Hold)
        .await
        .expect("set");
    stage.browser.forget_held(held.held);
    stage
        .expect_text("#out", "200 real")
        .await
        .expect("a forgotten request goes on");
    let none = NextHeld {
        route,
        timeout_ms: Some(50),
    };
    assert_eq!(
        stage.browser.next_held(&none).await.expect_err("none").code,
        Code::Timeout
    );
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_run_ends_while_requests_are_held() {
    let stage = Stage::asking(ASK).await;
    stage.route(glob("**/*"), RouteAction::Hold).await.expect("set");
    stage.click("button").await.expect("clicked");
    let held = stage
        .goto_until("/start", flowguard_core::browser::LoadState::Load, 300)
        .await;
    assert_eq!(held.expect_err("nobody decides").code, Code::Timeout);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_is_asked_about_once_and_another_origin_may_read_what_a_route_answers() {
    let stage = Stage::open().await;
    let elsewhere = stage.site.elsewhere("/far");
    stage.site.put("/moved", Answer::Redirect("/data".to_owned()));
    stage.site.put("/data", Answer::Status(200, "real".to_owned()));
    stage.site.page(
        "/start",
        &format!(
            "<p id=out></p><script>(async () => {{
               const near = await (await fetch('/moved')).text();
               const far = await (await fetch('{elsewhere}', {{method: 'PUT', headers: {{'x-page': '1'}}}})).text();
               document.getElementById('out').textContent = near + ' ' + far;
             }})();</script>"
        ),
    );
    stage
        .route(glob("**/data"), fulfil(200, "text/plain", "made up"))
        .await
        .expect("set");
    stage
        .route(glob("**/far"), fulfil(200, "text/plain", "far"))
        .await
        .expect("set");
    stage.goto("/start").await.expect("it loads");
    // The route for /data does not see what a redirect leads to: as in Playwright.
    stage.expect_text("#out", "real far").await.expect("answers");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_route_of_one_context_is_not_for_the_pages_of_another() {
    let mut stage = Stage::open().await;
    stage.site.page("/far", "<p>real</p>");
    let far = fulfil(200, "text/html", "<p>made up</p>");
    let set = stage.route_for(RouteScope::Context, glob("**/far"), far, None);
    set.await.expect("set");
    let options = ContextOptions::default();
    let create = CreateContext { options };
    let other = stage.browser.create_context(&create).await.expect("a context");
    for (context, text) in [(0, "made up"), (other, "real"), (0, "made up")] {
        let open = OpenPageIn { context };
        stage.page = stage.browser.open_page_in(&open).await.expect("a page");
        stage.goto("/far").await.expect("it loads");
        assert_eq!(stage.text("p").await.as_deref(), Ok(text), "context {context}");
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_route_of_the_context_is_for_frames_and_pages_that_open_later() {
    let stage = Stage::open().await;
    stage
        .route_for(
            RouteScope::Context,
            glob("**/far"),
            fulfil(200, "text/html", "<p>far</p>"),
            None,
        )
        .await
        .expect("set");
    let elsewhere = stage.site.elsewhere("/far");
    stage.site.page(
        "/start",
        &format!("<iframe src='{elsewhere}'></iframe><a target=_blank href='/far'>open</a>"),
    );
    let watch = stage.watch(glob("**/far")).await;
    stage.goto("/start").await.expect("it loads");
    let seen = stage
        .next(watch, Moment::Finished)
        .await
        .expect("the frame's document");
    assert_eq!(
        stage
            .response(seen.exchange)
            .await
            .map(|response| response.status),
        Ok(200)
    );
    assert_eq!(stage.body(seen.exchange).await.as_deref(), Ok("<p>far</p>"));
    stage.click("a").await.expect("clicked");
    let second = flowguard_core::browser::calls::OpenPage {};
    let page = stage.browser.open_page(&second).await.expect("a page");
    let goto = flowguard_core::browser::calls::Goto {
        page,
        url: "/far".to_owned(),
        wait_until: flowguard_core::browser::LoadState::Load,
        timeout_ms: SOON,
    };
    assert_eq!(
        stage.browser.goto(&goto).await.map(|response| response.status),
        Ok(200)
    );
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_malformed_fails_at_once() {
    let stage = Stage::open().await;
    let pattern = |source: &str| RequestMatch {
        url: UrlMatch::Pattern {
            source: source.to_owned(),
            flags: String::new(),
        },
        ..RequestMatch::default()
    };
    let malformed = [
        (glob("{"), fulfil(200, "a", "")),
        (pattern("("), fulfil(200, "a", "")),
        (glob("**"), fulfil(1_000, "a", "")),
        (glob("**"), fulfil(200, "a\nb", "")),
        (
            glob("**"),
            go_on(Changes {
                url: Some("http://[".to_owned()),
                ..Changes::default()
            }),
        ),
        (
            glob("**"),
            go_on(Changes {
                method: Some("a b".to_owned()),
                ..Changes::default()
            }),
        ),
    ];
    for (what, action) in malformed {
        let failure = stage.route(what, action).await.expect_err("malformed");
        assert_eq!(failure.code, Code::InvalidArgument, "{}", failure.message);
    }
    stage.close().await;
}
