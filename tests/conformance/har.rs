//! The HAR of a run on a real browser: complete, without secrets, valid for a reader of others; and replayed,
//! by us and by Playwright.

use base64::Engine as _;
use flowguard_core::browser::calls::{NotFound, OpenPage, ReplayHar, RouteScope};
use flowguard_core::browser::network::har::replay::HarReplay;
use flowguard_core::browser::network::{Body, UrlMatch};
use flowguard_core::failure::Code;
use serde_json::Value;

use crate::site::Answer;
use crate::socket_server::SocketServer;
use crate::stage::Stage;

/// A login whose body holds a secret, which is nowhere in the page's own text.
const LOGIN: &str = "{user: 'ann', password: ['s3', 'cret'].join('')}";

/// A request that fails.
const FAILING: &str = "await fetch('http://127.0.0.1:1/').catch(() => 0);";

/// What each test records: a page with a style sheet, a form, a login by JSON, a redirect, a failure, a
/// WebSocket. While a document is answered from a HAR, the browser lets it open no socket on this machine.
async fn record(stage: &Stage, server: &SocketServer, login: &str, failing: &str) -> Vec<u8> {
    let json = vec![
        ("content-type", "application/json".to_owned()),
        ("set-cookie", "session=s3cret; Path=/; HttpOnly".to_owned()),
    ];
    stage.site.put(
        "/login",
        Answer::Raw(json, br#"{"name":"Ann","access_token":"s3cret"}"#.to_vec()),
    );
    stage
        .site
        .put("/old", Answer::Redirect("/new?token=s3cret&page=2".to_owned()));
    stage
        .site
        .put("/new", Answer::Status(200, "moved here".to_owned()));
    let picture = vec![("content-type", "image/png".to_owned())];
    stage.site.put("/dot.png", Answer::Raw(picture, dot_bytes()));
    stage.site.page(
        "/shop",
        &format!(
            "<img src=/dot.png><p id=out></p><script>(async () => {{
               const login = await (await fetch('/login', {{method: 'POST', headers: {{authorization: 'Bearer ' + ['s3', 'cret'].join('')}},
                 body: JSON.stringify({login})}})).json();
               const moved = await (await fetch('/old')).text();
               {failing}
               await fetch('/login');
               const socket = new WebSocket('{}/chat');
               await new Promise(done => {{ socket.onopen = () => socket.send('hello'); socket.onmessage = socket.onerror = done; }});
               socket.close();
               document.getElementById('out').textContent = login.name + ' ' + moved;
             }})();</script>",
            server.url()
        ),
    );
    stage.goto("/shop").await.expect("it loads");
    stage
        .expect_text("#out", "Ann moved here")
        .await
        .expect("all done");
    let kept = stage
        .browser
        .keep_har()
        .await
        .expect("kept")
        .expect("something was recorded");
    assert_eq!(kept.media_type, "application/har+json");
    let bytes = stage.browser.body_bytes(&kept.digest).await.expect("there");
    bytes.to_vec()
}

/// A picture of one pixel: a browser keeps no bytes of one that it cannot read.
fn dot_bytes() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 1, 1);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&[0]).expect("a pixel");
    writer.finish().expect("an end");
    bytes
}

fn entries(har: &[u8]) -> Vec<Value> {
    let har: Value = serde_json::from_slice(har).expect("JSON");
    har["log"]["entries"].as_array().expect("entries").clone()
}

fn entry<'a>(entries: &'a [Value], method: &str, path: &str) -> &'a Value {
    let is_it = |entry: &&Value| {
        entry["request"]["method"] == method
            && entry["request"]["url"]
                .as_str()
                .is_some_and(|url| url.contains(path))
    };
    entries
        .iter()
        .find(is_it)
        .unwrap_or_else(|| panic!("no {method} {path}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_har_of_a_run_is_complete_and_holds_no_secret() {
    let (server, stage) = (SocketServer::start().await, Stage::recording().await);
    let har = record(&stage, &server, LOGIN, FAILING).await;
    let text = String::from_utf8(har.clone()).expect("text");
    assert!(!text.contains("s3cret"), "a secret was written: {text}");
    let all = entries(&har);
    let shop = entry(&all, "GET", "/shop");
    assert_eq!(shop["response"]["status"], 200);
    assert!(
        shop["response"]["content"]["text"]
            .as_str()
            .is_some_and(|text| text.contains("<img src=/dot.png>"))
    );
    assert_eq!(shop["pageref"], "page_1");
    assert!(shop["time"].as_f64().is_some_and(|ms| ms > 0.0));
    assert_eq!(shop["serverIPAddress"], "127.0.0.1");
    let login = entry(&all, "POST", "/login");
    assert_eq!(
        login["request"]["postData"]["text"],
        r#"{"user":"ann","password":"[redacted]"}"#
    );
    assert_eq!(
        login["response"]["content"]["text"],
        r#"{"name":"Ann","access_token":"[redacted]"}"#
    );
    assert_eq!(login["response"]["cookies"][0]["name"], "session");
    let cookie = &entry(&all, "GET", "/login")["request"]["cookies"][0];
    assert_eq!(
        (&cookie["name"], &cookie["value"]),
        (&"session".into(), &"[redacted]".into())
    );
    let old = entry(&all, "GET", "/old");
    assert_eq!(old["response"]["status"], 302);
    assert!(
        old["response"]["redirectURL"]
            .as_str()
            .is_some_and(|url| url.ends_with("token=[redacted]&page=2"))
    );
    assert_eq!(
        entry(&all, "GET", "/new")["response"]["content"]["text"],
        "moved here"
    );
    let dot = &entry(&all, "GET", "/dot.png")["response"]["content"];
    let picture = base64::engine::general_purpose::STANDARD.encode(dot_bytes());
    assert_eq!(
        (&dot["encoding"], &dot["text"]),
        (&"base64".into(), &picture.into())
    );
    let failed = &entry(&all, "GET", ":1/")["response"];
    assert_eq!(failed["status"], -1);
    assert!(
        failed["_failureText"]
            .as_str()
            .is_some_and(|why| why.starts_with("net::ERR_")),
        "{failed}"
    );
    let messages = &entry(&all, "GET", "/chat")["_webSocketMessages"];
    let seen: Vec<_> = (messages.as_array().expect("messages").iter())
        .map(|message| {
            (
                message["type"].as_str().unwrap(),
                message["data"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(seen, [("send", "hello"), ("receive", "hello")]);
    let har: Value = serde_json::from_slice(&har).expect("JSON");
    let page = &har["log"]["pages"][0];
    let (content, load) = (
        &page["pageTimings"]["onContentLoad"],
        &page["pageTimings"]["onLoad"],
    );
    assert!(
        content.as_f64() > Some(0.0) && load.as_f64() >= content.as_f64(),
        "{page}"
    );
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recorded_run_is_answered_from_its_har_without_the_site() {
    let (server, stage) = (SocketServer::start().await, Stage::recording().await);
    let har = record(&stage, &server, LOGIN, FAILING).await;
    stage.close().await;
    // Another run, of a site that has none of it; it is said before the run's first page.
    let mut stage = Stage::open().await;
    let recorded_at = entries(&har)[0]["request"]["url"]
        .as_str()
        .expect("an address")
        .to_owned();
    stage.browser.answer_from(&HarReplay::read(&har).expect("a HAR"));
    stage.page = stage.browser.open_page(&OpenPage {}).await.expect("a page");
    stage.goto(&recorded_at).await.expect("it loads");
    stage
        .expect_text("#out", "Ann moved here")
        .await
        .expect("all answered");
    let missing = stage
        .goto("/not-recorded")
        .await
        .expect_err("it was not recorded");
    assert_eq!(missing.code, Code::NavigationFailed);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_har_answers_in_a_flow_and_leaves_to_the_network_what_it_does_not_have() {
    let stage = Stage::open().await;
    let entry = |path: &str, status: i64, location: &str, text: &str| {
        serde_json::json!({
            "request": {"method": "GET", "url": stage.site.url(path), "headers": []},
            "response": {
                "status": status, "content": {"text": text},
                "headers": [{"name": "location", "value": location}, {"name": "content-type", "value": "text/html"}],
            },
        })
    };
    let entries = [
        entry("/from", 302, "/to", ""),
        entry("/to", 200, "", "<p>recorded</p>"),
        entry("/job", 200, "", "<p>waiting</p>"),
        entry("/job", 200, "", "<p>done</p>"),
    ];
    let har = serde_json::json!({"log": {"version": "1.2", "entries": entries}}).to_string();
    let call = |har: &str, not_found| ReplayHar {
        page: stage.page,
        scope: RouteScope::Context,
        har: Body(har.to_owned().into()),
        url: UrlMatch::Any,
        not_found,
    };
    let refused = stage.browser.replay_har(&call("{}", NotFound::Abort)).await;
    assert_eq!(refused.expect_err("no HAR").code, Code::InvalidArgument);
    stage
        .browser
        .replay_har(&call(&har, NotFound::FallBack))
        .await
        .expect("set");
    let response = stage.goto("/from").await.expect("it loads");
    assert_eq!((response.url, response.status), (stage.site.url("/to"), 200));
    stage.expect_text("p", "recorded").await.expect("recorded");
    for text in ["waiting", "done", "done"] {
        stage.goto("/job").await.expect("it loads");
        stage
            .expect_text("p", text)
            .await
            .expect("one entry after another");
    }
    stage.site.page("/live", "<p>live</p>");
    stage.goto("/live").await.expect("it loads");
    stage.expect_text("p", "live").await.expect("from the site");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_readers_accept_the_har_and_playwright_replays_it() {
    let (server, stage) = (SocketServer::start().await, Stage::recording().await);
    // Playwright compares bodies as they are, and those with secrets are not written as they were; and it never
    // answers what failed when it was recorded.
    let har = record(&stage, &server, "{user: 'ann'}", "").await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("network.har");
    std::fs::write(&file, &har).expect("written");
    let page = entries(&har)[0]["request"]["url"]
        .as_str()
        .expect("an address")
        .to_owned();
    stage.close().await;
    let browser = crate::stage::local_browsers().executable().expect("installed");
    let (browser, file) = (browser.display().to_string(), file.display().to_string());
    let said = crate::oracle::run("har.mjs", &[&browser, &file, &page]).await;
    let said: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(
        said["errors"],
        Value::Array(Vec::new()),
        "har-validator refuses it"
    );
    assert_eq!(said["text"], "Ann moved here", "Playwright answers from it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_beyond_the_cap_are_left_out_with_a_note() {
    let stage = Stage::recording().await;
    let big = vec![("content-type", "text/plain".to_owned())];
    stage.site.put(
        "/big",
        Answer::Raw(big, vec![b'x'; flowguard_core::limits::MAX_HAR_BODY_BYTES + 1]),
    );
    stage.goto("/big").await.expect("it loads");
    let kept = stage
        .browser
        .keep_har()
        .await
        .expect("kept")
        .expect("something was recorded");
    let har = stage.browser.body_bytes(&kept.digest).await.expect("there");
    let content = entry(&entries(&har), "GET", "/big")["response"]["content"].clone();
    assert_eq!(content["text"], Value::Null);
    assert_eq!(content["comment"], "the body is larger than what is kept of one");
    stage.close().await;
}
