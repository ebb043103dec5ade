//! An application that wants a secret: it shows and sends what was typed in every way that a page has, and tells the test
//! what it got.

use axum::Router;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse};
use axum::routing::{any, get, post};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const FORM: &str = include_str!("vault/form.html");
/// At first its field cannot be filled; then the document goes where it can.
const LEAVING: &str = "<!doctype html><label>Key <input id=key disabled></label>
    <script>setTimeout(() => { location = AWAY + '/form' }, 300)</script>";

/// It is drawn 30 times, so that pictures of it have come when it says so.
const DRAWING: &str = "<!doctype html><h1>Drawing</h1><output>0</output><script>
    const count = document.querySelector('output');
    const tick = () => { count.textContent = +count.textContent + 1; if (count.textContent < 30) requestAnimationFrame(tick) };
    requestAnimationFrame(tick);</script>";

/// It never rests, so that pictures of it come all the time.
const BUSY: &str = "<!doctype html><label>Key <input id=key></label><button>Count</button><output>0</output>
    <p id=clock></p><script>
    const count = document.querySelector('output');
    document.querySelector('button').onclick = () => { count.textContent = +count.textContent + 1 };
    const tick = () => { document.querySelector('#clock').textContent = performance.now(); requestAnimationFrame(tick) };
    tick();</script>";

/// What was sent.
type Seen = Arc<Mutex<Vec<String>>>;

/// The application, under two names: `127.0.0.1` and `localhost`.
pub(crate) struct Vault {
    port: u16,
    seen: Seen,
    server: JoinHandle<()>,
}

impl Vault {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let seen = Seen::default();
        let router = Router::new()
            .route("/form", get(|| async { Html(FORM) }))
            .route(
                "/elsewhere",
                get(|| async { Html("<!doctype html><h1>Elsewhere</h1>") }),
            )
            .route(
                "/leaving",
                get(move || async move { Html(LEAVING.replace("AWAY", &format!("'{}'", away(port)))) }),
            )
            .route("/drawing", get(|| async { Html(DRAWING) }))
            .route("/busy", get(|| async { Html(BUSY) }))
            .route("/around", get(move |query| around(port, query)))
            .route("/typed", post(typed))
            .route("/login", post(login))
            .route("/echo", any(echo))
            .route("/echo/{*rest}", any(echo))
            .with_state(seen.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { port, seen, server }
    }

    /// The name that is on the list.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// All that was sent, oldest first.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().expect("nobody panicked").clone()
    }
}

impl Drop for Vault {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn away(port: u16) -> String {
    format!("http://localhost:{port}")
}

async fn around(port: u16, Query(query): Query<HashMap<String, String>>) -> Html<String> {
    let home = format!("http://127.0.0.1:{port}");
    let frame = match query.get("frame").map(String::as_str) {
        Some("home") => format!("src='{home}/form'"),
        Some("away") => format!("src='{}/form'", away(port)),
        Some("sandbox") => format!("sandbox='allow-scripts' src='{home}/form'"),
        _ => format!("src='{home}/leaving'"),
    };
    Html(format!(
        "<!doctype html><h1>Around</h1><iframe id=frame width=700 height=500 {frame}></iframe>"
    ))
}

async fn typed(State(seen): State<Seen>, body: String) -> &'static str {
    seen.lock().expect("nobody panicked").push(body);
    "thanks"
}

async fn login(State(seen): State<Seen>, body: String) -> impl IntoResponse {
    let cookie = (header::SET_COOKIE, format!("session={body}; HttpOnly"));
    let page = format!("<!doctype html><h1>Welcome</h1><p>You sent {body}</p>");
    seen.lock().expect("nobody panicked").push(body);
    ([cookie], Html(page))
}

/// Says back all that it was asked with.
async fn echo(headers: HeaderMap, request: Request) -> String {
    let asked = format!("{} {}", request.method(), request.uri());
    let body = axum::body::to_bytes(request.into_body(), 1 << 16).await;
    let body = body.map(|body| String::from_utf8_lossy(&body).into_owned());
    format!("{asked}\n{headers:?}\n{}", body.unwrap_or_default())
}
