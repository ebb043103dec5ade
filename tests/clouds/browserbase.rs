//! The client of Browserbase: what it sends, what it makes of answers, when it tries again, and that no session is made
//! that nobody knows of.

use flowguard_backends::browserbase::{
    BrowserSettings, Client, ClientOptions, CreateSession, Error, Kind, Status, Viewport,
};
use flowguard_core::secrets::Secret;
use serde_json::{Value, json};
use std::time::Duration;

use crate::script::{Answer, Asked, Scripted, error, json as answer};
use crate::sdk::sdk;

const KEY: &str = "bb_live_hunter2";

fn client(address: &str) -> Client {
    let endpoint = address.parse().unwrap();
    let options = ClientOptions {
        timeout: Duration::from_secs(2),
        ..ClientOptions::new(endpoint, Secret::new(KEY.to_owned()))
    };
    Client::new(options).unwrap()
}

fn session(id: &str, status: &str) -> Value {
    json!({
        "id": id, "status": status, "projectId": "p", "region": "us-west-2", "keepAlive": true, "proxyBytes": 7,
        "createdAt": "2026-11-29T12:00:00.123Z", "updatedAt": "2026-11-29T12:00:00Z",
        "startedAt": "2026-11-29T12:00:00Z", "expiresAt": "2026-11-29T12:30:00Z", "avgCpuUsage": 3,
    })
}

fn usable(id: &str, status: &str) -> Value {
    let mut session = session(id, status);
    session["connectUrl"] = json!("wss://connect.usw2.browserbase.com/?signingKey=hunter2");
    session["seleniumRemoteUrl"] = json!("http://connect.usw2.browserbase.com/webdriver");
    session["signingKey"] = json!("hunter2");
    session
}

/// An answer to each call, in the order in which they are made.
fn answers() -> Vec<Answer> {
    let downloads =
        json!({"downloads": [{"pageId": "0", "status": "COMPLETED", "downloadUrl": "https://x/?hunter2"}]});
    let live = json!({
        "debuggerUrl": "https://x/?hunter2", "debuggerFullscreenUrl": "https://x/?hunter2", "wsUrl": "wss://x/?hunter2",
        "pages": [{"id": "1", "url": "about:blank", "title": "", "faviconUrl": "", "debuggerUrl": "https://x/?hunter2",
                   "debuggerFullscreenUrl": "https://x/?hunter2"}],
    });
    [
        answer(201, &usable("s", "RUNNING")),
        answer(200, &session("s", "RUNNING")),
        answer(200, &json!([session("s", "RUNNING"), session("t", "NEW_WORD")])),
        answer(200, &session("s", "COMPLETED")),
        answer(200, &live),
        answer(
            200,
            &json!([{"method": "Page.navigate", "pageId": 1, "sessionId": "s", "request": {"params": {}}}]),
        ),
        answer(202, &downloads),
        answer(200, &downloads),
        answer(
            200,
            &json!({"pageCount": 1, "pages": [{"pageId": "0", "url": "", "startTimeMs": 1, "endTimeMs": 2}]}),
        ),
        Answer::Say(200, Vec::new(), b"#EXTM3U\n".to_vec()),
        Answer::Say(200, Vec::new(), b"PK\x05\x06".to_vec()),
        answer(200, &json!({"message": "it is there"})),
        answer(201, &json!({"id": "c", "uploadUrl": "x", "publicKey": "x"})),
        answer(
            200,
            &json!({"id": "c", "name": "ann", "projectId": "p", "createdAt": "2026-11-29T12:00:00Z"}),
        ),
        Answer::Say(204, Vec::new(), Vec::new()),
        answer(
            200,
            &json!([{"id": "p", "name": "Shop", "concurrency": 3, "defaultTimeout": 900}]),
        ),
        answer(
            200,
            &json!({"id": "p", "name": "Shop", "concurrency": 3, "defaultTimeout": 900}),
        ),
        answer(200, &json!({"browserMinutes": 12, "proxyBytes": 34})),
    ]
    .into()
}

/// Each call, and what goes over the wire for it; the official SDK sends the same for the same calls.
#[tokio::test]
async fn each_call_is_what_the_sdks_send() {
    let server = Scripted::with(answers()).await;
    let client = client(&format!("{}/behind/a/proxy/", server.address));
    let asked = CreateSession {
        timeout_s: Some(600),
        keep_alive: Some(true),
        region: Some("eu-central-1".to_owned()),
        browser_settings: Some(BrowserSettings {
            viewport: Some(Viewport {
                width: 1280,
                height: 720,
            }),
            record_session: Some(false),
            ..BrowserSettings::default()
        }),
        ..CreateSession::default()
    };
    let created = client.create_session(&asked).await.unwrap();
    assert!(created.connect_url.reveal().ends_with("signingKey=hunter2"));
    assert_eq!(client.session("s").await.unwrap().status, Status::Running);
    let found = client
        .sessions(Some(&Status::Running), Some("user_metadata['a']:'b c'"))
        .await
        .unwrap();
    assert_eq!(found[1].status, Status::Other("NEW_WORD".to_owned()));
    assert_eq!(client.release("s").await.unwrap().status, Status::Completed);
    let live = client.live_urls("s").await.unwrap();
    let logs = client.logs("s").await.unwrap();
    let requested = client.request_recordings("s").await.unwrap();
    let recorded = client.recording_downloads("s").await.unwrap();
    let told = format!("{created:?} {live:?} {logs:?} {requested:?} {recorded:?} {client:?}");
    assert!(!told.contains("hunter2"), "{told}");
    assert_eq!(client.replay("s").await.unwrap().pages.len(), 1);
    assert_eq!(client.replay_page("s", "0").await.unwrap(), "#EXTM3U\n");
    assert_eq!(client.downloads("s").await.unwrap(), &b"PK\x05\x06"[..]);
    let file = bytes::Bytes::from_static(b"one,two");
    client.upload("s", "numbers.csv", file).await.unwrap();
    assert_eq!(client.create_context(Some("ann")).await.unwrap().id, "c");
    assert_eq!(client.context("c").await.unwrap().name.as_deref(), Some("ann"));
    client.delete_context("c d").await.unwrap();
    assert_eq!(client.projects().await.unwrap()[0].name, "Shop");
    assert_eq!(client.project("p").await.unwrap().concurrency, Some(3));
    assert_eq!(client.usage("p").await.unwrap().browser_minutes, 12);

    let sent = requests(&server);
    insta::assert_snapshot!("requests", sent);

    let theirs = Scripted::with(answers()).await;
    sdk("requests", &format!("{}/behind/a/proxy", theirs.address), KEY).await;
    assert_eq!(requests(&theirs), sent, "the SDK's requests beside ours");
}

/// What was asked: method, path and query, what is accepted, what is sent.
fn requests(server: &Scripted) -> String {
    let line = |asked: &Asked| {
        assert_eq!(asked.headers["x-bb-api-key"], KEY);
        let header = |name| {
            let value = asked.headers.get(name);
            value.map_or("-", |value| value.to_str().unwrap()).to_owned()
        };
        let (kind, boundary) = match header("content-type").split_once("; boundary=") {
            Some((kind, boundary)) => (kind.to_owned(), Some(boundary.to_owned())),
            None => (header("content-type"), None),
        };
        let body = match (serde_json::from_str::<Value>(&asked.body), boundary) {
            (Ok(body), _) => {
                let tag = body["userMetadata"]["flowguard"].as_str();
                let text = body.to_string();
                tag.map_or(text.clone(), |tag| text.replace(tag, "TAG"))
            }
            (_, Some(boundary)) => asked
                .body
                .replace(&boundary, "BOUNDARY")
                .trim_end()
                .replace("\r\n", "↵"),
            (Err(_), None) => asked.body.clone(),
        };
        let mut line = asked.line.splitn(2, '?');
        let mut shown = line.next().unwrap().to_owned();
        for (name, value) in url::form_urlencoded::parse(line.next().unwrap_or_default().as_bytes()) {
            shown.push_str(&format!(" {name}={value}"));
        }
        format!("{shown} | {} | {kind} | {body}\n", header("accept"))
    };
    server.asked().iter().map(line).collect()
}

#[tokio::test]
async fn an_id_leads_nowhere_else() {
    let server = Scripted::with([Answer::Say(204, Vec::new(), Vec::new())]).await;
    client(&server.address).delete_context("c/../d").await.unwrap();
    assert_eq!(server.lines(), ["DELETE /v1/contexts/c%2F..%2Fd"]);
}

/// Each status: its kind, and how often the call is made.
#[tokio::test]
async fn errors_are_told_apart_and_only_those_that_may_pass_are_tried_again() {
    let quick = [("retry-after-ms", "1")];
    let cases = [
        (400, Kind::Refused, 1),
        (401, Kind::Unauthorized, 1),
        (402, Kind::PaymentRequired, 1),
        (403, Kind::Forbidden, 1),
        (404, Kind::NotFound, 1),
        (408, Kind::Unavailable, 3),
        (409, Kind::Conflict, 3),
        (410, Kind::Gone, 1),
        (418, Kind::Refused, 1),
        (422, Kind::Refused, 1),
        (429, Kind::RateLimited, 3),
        (500, Kind::Unavailable, 3),
        (503, Kind::Unavailable, 3),
    ];
    for (status, kind, tries) in cases {
        let server = Scripted::with(vec![error(status, &quick); 3]).await;
        let failed = client(&server.address).session("s").await.unwrap_err();
        assert_eq!((failed.kind, server.asked().len()), (kind, tries), "{status}");
        let told = failed.to_string();
        assert!(
            told.contains("GET /v1/sessions/s") && told.contains("because hunter"),
            "{told}"
        );
        assert!(!told.contains(KEY), "{told}");
    }
    // The service's own word counts more than the status.
    for (status, word, tries) in [(400, "true", 3), (500, "false", 1)] {
        let headers = [("retry-after-ms", "1"), ("x-should-retry", word)];
        let server = Scripted::with(vec![error(status, &headers); 3]).await;
        client(&server.address).session("s").await.unwrap_err();
        assert_eq!(server.asked().len(), tries, "{status} {word}");
    }
}

#[tokio::test]
async fn what_is_asked_for_is_waited_for() {
    let server = Scripted::with([
        error(429, &[("retry-after", "0.3")]),
        error(429, &[("retry-after-ms", "150")]),
        answer(200, &session("s", "RUNNING")),
    ])
    .await;
    client(&server.address).session("s").await.unwrap();
    let at: Vec<_> = server.asked().iter().map(|asked| asked.at).collect();
    assert!(at[1] - at[0] >= Duration::from_millis(300) && at[2] - at[1] >= Duration::from_millis(150));
}

#[tokio::test]
async fn answers_that_are_none_are_told() {
    let huge = vec![b' '; 20 << 20];
    let cases = [
        (
            Answer::Say(200, Vec::new(), b"<html>hunter2".to_vec()),
            Kind::Malformed,
        ),
        (answer(200, &json!({"status": "RUNNING"})), Kind::Malformed),
        (Answer::Say(200, Vec::new(), huge), Kind::Malformed),
    ];
    for (said, kind) in cases {
        let server = Scripted::with([said]).await;
        let failed = client(&server.address).session("s").await.unwrap_err();
        assert_eq!(failed.kind, kind, "{failed}");
        assert!(!failed.to_string().contains("hunter2"), "{failed}");
    }
    let server = Scripted::with(vec![Answer::Break; 3]).await;
    let failed = client(&server.address).session("s").await.unwrap_err();
    assert_eq!((failed.kind, server.asked().len()), (Kind::Lost, 3), "{failed}");
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    assert_eq!(
        client(&address).session("s").await.unwrap_err().kind,
        Kind::Unreachable
    );
}

async fn create(answers: Vec<Answer>) -> (Result<String, Error>, Scripted) {
    let server = Scripted::with(answers).await;
    let created = client(&server.address)
        .create_session(&CreateSession::default())
        .await;
    (created.map(|created| created.session.id), server)
}

/// The tag that a session was asked for with.
fn tag(server: &Scripted) -> String {
    let body: Value = serde_json::from_str(&server.asked()[0].body).unwrap();
    body["userMetadata"]["flowguard"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_session_that_was_made_without_an_answer_is_found_and_used() {
    for lost in [
        error(500, &[]),
        Answer::Break,
        Answer::Say(200, Vec::new(), b"<html>".to_vec()),
    ] {
        let (created, server) = create(vec![
            lost,
            answer(
                200,
                &json!([session("old", "COMPLETED"), session("made", "RUNNING")]),
            ),
            answer(200, &usable("made", "RUNNING")),
        ])
        .await;
        assert_eq!(created.unwrap(), "made");
        let query = format!(
            "GET /v1/sessions?q=user_metadata%5B%27flowguard%27%5D%3A%27{}%27",
            tag(&server)
        );
        assert_eq!(
            server.lines(),
            ["POST /v1/sessions", query.as_str(), "GET /v1/sessions/made"]
        );
    }
}

#[tokio::test]
async fn a_session_that_was_not_made_is_asked_for_again_under_the_same_tag() {
    let (created, server) = create(vec![
        error(503, &[("retry-after-ms", "1")]),
        answer(200, &json!([])),
        answer(201, &usable("second", "PENDING")),
    ])
    .await;
    assert_eq!(created.unwrap(), "second");
    let asked = server.asked();
    assert_eq!(asked[0].body, asked[2].body);
    assert_eq!(server.lines()[2], "POST /v1/sessions");
}

#[tokio::test]
async fn a_session_that_cannot_be_used_is_released_before_another_is_made() {
    let (created, server) = create(vec![
        error(500, &[("retry-after-ms", "1")]),
        answer(200, &json!([session("deaf", "RUNNING")])),
        answer(200, &session("deaf", "RUNNING")),
        answer(200, &session("deaf", "COMPLETED")),
        answer(201, &usable("good", "RUNNING")),
    ])
    .await;
    assert_eq!(created.unwrap(), "good");
    assert_eq!(server.lines()[3], "POST /v1/sessions/deaf");
}

#[tokio::test]
async fn too_many_is_safe_to_repeat_and_what_is_refused_is_not_looked_for() {
    let (created, server) = create(vec![
        error(429, &[("retry-after-ms", "1")]),
        answer(201, &usable("s", "RUNNING")),
    ])
    .await;
    assert_eq!(created.unwrap(), "s");
    assert_eq!(server.lines(), ["POST /v1/sessions"; 2]);
    let (created, server) = create(vec![error(402, &[])]).await;
    assert_eq!(created.unwrap_err().kind, Kind::PaymentRequired);
    assert_eq!(server.lines(), ["POST /v1/sessions"]);
}

#[tokio::test]
async fn where_nobody_knows_the_tag_is_told() {
    let (created, server) = create(vec![error(500, &[]), error(401, &[])]).await;
    let failed = created.unwrap_err();
    assert_eq!(failed.kind, Kind::Lost);
    assert!(failed.message.contains(&tag(&server)), "{failed}");
}

#[tokio::test]
async fn recordings_are_waited_for_until_none_is_being_made() {
    let films = |states: [&str; 2]| {
        let films: Vec<Value> = states
            .iter()
            .map(|state| json!({"pageId": "0", "status": state}))
            .collect();
        json!({"downloads": films})
    };
    let server = Scripted::with([
        answer(202, &films(["PENDING", "PENDING"])),
        answer(200, &films(["COMPLETED", "PENDING"])),
        answer(200, &films(["COMPLETED", "FAILED"])),
    ])
    .await;
    let films = client(&server.address).finished_recordings("s").await.unwrap();
    assert_eq!(films.len(), 2);
    let path = "/v1/sessions/s/recording/downloads";
    let (post, get) = (format!("POST {path}"), format!("GET {path}"));
    assert_eq!(server.lines(), [post, get.clone(), get]);
}

/// What a cloud says leads to the cloud, and nowhere into the network that the host is in.
#[tokio::test]
async fn a_link_to_a_film_leads_nowhere_else() {
    let elsewhere = Scripted::with([answer(200, &json!("metadata"))]).await;
    let redirect = ("location", format!("{}/latest", elsewhere.address));
    let server = Scripted::with([Answer::Say(302, vec![redirect], Vec::new())]).await;
    let client = client(&server.address);
    let fetch = async |link: String| client.fetch(&Secret::new(link)).await.unwrap_err().kind;
    assert_eq!(
        fetch(format!("{}/film", elsewhere.address)).await,
        Kind::Malformed
    );
    assert_eq!(fetch("file:///etc/passwd".to_owned()).await, Kind::Malformed);
    assert_eq!(fetch(format!("{}/film", server.address)).await, Kind::Refused);
    assert!(elsewhere.asked().is_empty());
    assert_eq!(server.lines(), ["GET /film"]);
}
