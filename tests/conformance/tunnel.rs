//! Applications that only this machine reaches, tested from a cloud: the emulated sessions find no server of this machine
//! by themselves.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use flowguard_backends::browserbase::Status;
use flowguard_core::browser::calls::Goto;
use flowguard_core::browser::{Browser, LoadState, PageId, Wanted};
use flowguard_core::failure::{Code, Failure};
use futures::StreamExt;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::cloud::{Cloud, LIMITS, evaluate, used};
use crate::site::Answer;
use crate::socket_server::SocketServer;

async fn goto(browser: &Browser, page: PageId, url: &str) -> Result<u16, Failure> {
    let call = Goto {
        page,
        url: url.to_owned(),
        wait_until: LoadState::Load,
        timeout_ms: Some(10_000),
    };
    browser.goto(&call).await.map(|response| response.status)
}

fn through(origins: &[&str]) -> Wanted {
    Wanted {
        tunnel: origins.iter().map(|origin| (*origin).to_owned()).collect(),
        ..Wanted::default()
    }
}

/// A cloud whose sessions find no server of this machine, and a site that has a start.
async fn cloud_with_a_start() -> Cloud {
    let cloud = Cloud::open(LIMITS, &["--apart"]).await;
    let start = Answer::Page("<p>private</p>".to_owned());
    cloud.site.put("/start", start);
    cloud
}

/// Where this is served as long as the test lasts.
async fn served(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

fn origin(url: &str) -> String {
    url.trim_end_matches('/').to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_listed_is_reached_and_nothing_else() {
    let cloud = Cloud::open(LIMITS, &["--apart"]).await;
    let site = &cloud.site;
    site.put(
        "/start",
        Answer::Page("<title>private</title><p>private</p>".to_owned()),
    );
    site.put("/moved", Answer::Redirect("/start".to_owned()));
    site.put("/cookies", Answer::Cookies("visitor=first; Path=/".to_owned()));
    site.put("/echo", Answer::Echo);
    site.put("/missing", Answer::Status(404, "<p>not here</p>".to_owned()));
    let other = crate::site::Site::start().await;
    other.put("/start", Answer::Page("<p>other</p>".to_owned()));

    let (browser, _ledger, page) = cloud.run(Wanted::default()).await;
    let failed = goto(&browser, page, "/start")
        .await
        .expect_err("without a tunnel it is not found");
    assert_eq!(failed.code, Code::NavigationFailed, "{failed:?}");
    browser.release().await;

    let (browser, ledger, page) = cloud.run(through(&[&origin(&site.url("/"))])).await;
    assert!(used(&browser).is_reused);
    assert_eq!(
        goto(&browser, page, "/moved").await,
        Ok(200),
        "a redirect is followed"
    );
    assert_eq!(
        evaluate(&browser, page, "() => [document.title, location.pathname]").await,
        json!(["private", "/start"])
    );
    assert_eq!(goto(&browser, page, "/missing").await, Ok(404));
    goto(&browser, page, "/cookies").await.expect("it loads");
    goto(&browser, page, "/cookies").await.expect("it loads");
    assert_eq!(
        evaluate(&browser, page, crate::cloud::TEXT).await,
        json!("visitor=first")
    );
    let post = "() => fetch('/echo?a=b', { method: 'POST', body: 'hällo', headers: { 'x-own': '1' } }).then((r) => r.json())";
    let echoed: Value = evaluate(&browser, page, post).await;
    assert_eq!(
        (&echoed["method"], &echoed["path"], &echoed["body"]),
        (&json!("POST"), &json!("/echo?a=b"), &json!("hällo"))
    );
    assert_eq!(
        (&echoed["headers"]["x-own"], &echoed["headers"]["cookie"]),
        (&json!("1"), &json!("visitor=first"))
    );
    let agent = echoed["headers"]["user-agent"].as_str().unwrap_or_default();
    assert!(agent.contains("Chrome"), "it is the browser that asks: {agent}");

    let elsewhere = other.url("/start");
    let fetched = evaluate(
        &browser,
        page,
        &format!("() => fetch('{elsewhere}').then(() => 'reached', () => 'refused')"),
    )
    .await;
    assert_eq!(fetched, json!("refused"));
    let failed = goto(&browser, page, &elsewhere)
        .await
        .expect_err("it is not listed");
    assert_eq!(failed.code, Code::NavigationFailed, "{failed:?}");
    site.put("/away", Answer::Redirect(elsewhere));
    assert!(
        goto(&browser, page, "/away").await.is_err(),
        "nor is it reached by a redirect"
    );
    let _ = ledger;
    browser.release().await;
    cloud.close().await;
}

/// Talks to WebSockets: texts, bytes, and the end.
const TALK: &str = "async (url) => {
  const socket = new WebSocket(url);
  socket.binaryType = 'arraybuffer';
  const heard = [];
  await new Promise((done, fail) => { socket.onopen = done; socket.onerror = () => fail(new Error('refused')); });
  const next = () => new Promise((done) => socket.addEventListener('message', (e) => done(e.data), { once: true }));
  for (const text of ['hello', 'grüße']) { const answer = next(); socket.send(text); heard.push(await answer); }
  const answer = next();
  socket.send(new Uint8Array([1, 2, 255]));
  heard.push([...new Uint8Array(await answer)]);
  const closed = new Promise((done) => { socket.onclose = (e) => done([e.code, e.wasClean]); });
  socket.close(1000, 'done');
  heard.push(await closed, socket.readyState, socket instanceof EventTarget);
  return heard;
}";

async fn talk(browser: &Browser, page: PageId, url: &str) -> Result<String, Failure> {
    let call = flowguard_core::browser::calls::Evaluate {
        page,
        script: TALK.to_owned(),
        argument: Some(json!(url).to_string()),
        timeout_ms: Some(10_000),
    };
    browser.evaluate(&call).await
}

/// An application's interface at an origin of its own: it answers what a browser asks before it asks.
async fn interface() -> String {
    let answer = |request: Request| async move {
        let allowed = [
            (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
            (header::ACCESS_CONTROL_ALLOW_METHODS, "PUT"),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, "content-type, x-own"),
        ];
        let method = request.method().to_string();
        (allowed, method).into_response()
    };
    served(Router::new().fallback(answer)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_browser_asks_before_it_asks_another_origin_goes_through() {
    let cloud = cloud_with_a_start().await;
    let interface = interface().await;
    let wanted = through(&[&origin(&cloud.site.url("/")), &interface]);
    let (browser, _ledger, page) = cloud.run(wanted).await;
    goto(&browser, page, "/start").await.expect("it loads");
    let put = |headers: &str| {
        format!(
            "() => fetch('{interface}/orders', {{ method: 'PUT', body: '{{}}', headers: {headers} }}).then((r) => r.text(), String)"
        )
    };
    assert_eq!(
        evaluate(
            &browser,
            page,
            &put("{ 'content-type': 'application/json', 'x-own': '1' }")
        )
        .await,
        json!("PUT")
    );
    assert_eq!(
        evaluate(&browser, page, &put("{ 'x-other': '1' }")).await,
        json!("TypeError: Failed to fetch"),
        "what it does not allow is refused by the browser"
    );
    browser.release().await;
    cloud.close().await;
}

/// A server whose events never end.
async fn events() -> String {
    let answer = |request: Request| async move {
        match request.uri().path() {
            "/events" => stream(),
            "/slow" => slow(),
            "/accepted" => match request.headers().get(header::ACCEPT) {
                Some(accepted) => accepted.as_bytes().to_vec().into_response(),
                None => "nothing".into_response(),
            },
            _ => ([(header::CONTENT_TYPE, "text/html")], "<p>events</p>").into_response(),
        }
    };
    served(Router::new().fallback(answer)).await
}

fn stream() -> Response {
    let parts = [
        "data: one\n\n",
        "event: tick\nid: 7\ndata: t",
        "wo\ndata: lines\n\n",
        ": a comment\n\n",
    ];
    let parts = futures::stream::iter(parts.map(Ok::<_, std::convert::Infallible>));
    let body = Body::from_stream(parts.chain(futures::stream::pending()));
    ([(header::CONTENT_TYPE, "text/event-stream")], body).into_response()
}

/// Begins at once, goes on after a second, and ends.
fn slow() -> Response {
    let later = futures::stream::once(async {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        Ok::<_, std::convert::Infallible>("later")
    });
    let first = futures::stream::iter([Ok("first ")]);
    ([("x-own", "1")], Body::from_stream(first.chain(later))).into_response()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_takes_long_comes_to_fetch_piece_by_piece() {
    let cloud = Cloud::open(LIMITS, &["--apart"]).await;
    let events = events().await;
    let (browser, _ledger, page) = cloud.run(through(&[&events])).await;
    goto(&browser, page, &events).await.expect("it loads");
    let endless = "async () => {
      const abort = new AbortController();
      const response = await fetch('/events', { signal: abort.signal });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = '';
      while (!text.includes('lines')) text += (await reader.read()).value;
      abort.abort();
      const ended = await reader.read().then(() => 'goes on', (error) => error.name);
      return [response.status, response.headers.get('content-type'), new URL(response.url).pathname,
        text.includes('data: one'), ended];
    }";
    assert_eq!(
        evaluate(&browser, page, endless).await,
        json!([200, "text/event-stream", "/events", true, "AbortError"])
    );
    let slow = "async () => {
      const response = await fetch(new Request('/slow'));
      return [[...response.headers.keys()].filter((name) => name.startsWith('x-')), await response.text()];
    }";
    assert_eq!(
        evaluate(&browser, page, slow).await,
        json!([["x-own"], "first later"])
    );
    let accepted = "async () => {
      const accepted = (init) => fetch('/accepted', init).then((response) => response.text());
      return [await accepted(), await accepted({ headers: { accept: 'text/html' } })];
    }";
    assert_eq!(
        evaluate(&browser, page, accepted).await,
        json!(["*/*", "text/html"]),
        "the server sees what the page has said"
    );
    browser.release().await;
    cloud.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn websockets_and_event_sources_go_through_and_others_do_not() {
    let cloud = cloud_with_a_start().await;
    let (listed, unlisted) = (SocketServer::start().await, SocketServer::start().await);
    let events = events().await;
    let wanted = through(&[
        &origin(&cloud.site.url("/")),
        &listed.url().replacen("ws", "http", 1),
        &events,
    ]);
    let (browser, _ledger, page) = cloud.run(wanted).await;
    goto(&browser, page, "/start").await.expect("it loads");
    let heard = talk(&browser, page, listed.url()).await.expect("it talks");
    let heard: Value = serde_json::from_str(&heard).expect("JSON");
    assert_eq!(
        heard,
        json!(["hello", "grüße", [1, 2, 255], [1000, true], 3, true])
    );
    let refused = talk(&browser, page, unlisted.url())
        .await
        .expect_err("it is not listed");
    assert!(refused.message.contains("refused"), "{refused:?}");

    goto(&browser, page, &events).await.expect("it loads");
    let listen = "() => new Promise((done) => {
      const source = new EventSource('/events');
      const heard = [];
      source.onmessage = (e) => heard.push(['message', e.data, e.lastEventId]);
      source.addEventListener('tick', (e) => { heard.push(['tick', e.data, e.lastEventId]); source.close(); done(heard); });
    })";
    let heard = evaluate(&browser, page, listen).await;
    assert_eq!(
        heard,
        json!([["message", "one", ""], ["tick", "two\nlines", "7"]])
    );
    browser.release().await;
    cloud.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_page_says_to_the_host_by_itself_leads_nowhere_else() {
    let cloud = cloud_with_a_start().await;
    let unlisted = SocketServer::start().await;
    let (browser, _ledger, page) = cloud.run(through(&[&origin(&cloud.site.url("/"))])).await;
    goto(&browser, page, "/start").await.expect("it loads");
    // The page makes up its own stand-in's question.
    let ask = format!(
        "() => new Promise((done) => {{
           const frame = document.body.appendChild(document.createElement('iframe'));
           const tell = globalThis.flowguardTunnel ?? frame.contentWindow.flowguardTunnel;
           if (!tell) return done('it is taken away');
           globalThis.__flowguardTunnelled ??= (id, what) => done(what);
           tell(JSON.stringify({{ do: 'open', id: 99, url: '{}', protocols: [] }}));
           setTimeout(() => done('nothing'), 1000);
         }})",
        unlisted.url()
    );
    let said = evaluate(&browser, page, &ask).await;
    assert!(
        said == json!("it is taken away") || said == json!("nothing") || said == json!("failed"),
        "{said}"
    );
    browser.release().await;
    assert_eq!(
        cloud
            .client
            .sessions(Some(&Status::Running), None)
            .await
            .expect("it answers")
            .len(),
        1
    );
    cloud.close().await;
}
