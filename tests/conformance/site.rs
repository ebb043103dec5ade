//! The pages that the tests visit: the gallery's files, and pages that a test writes down itself.

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use futures::StreamExt;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use flowguard_tests::root;

/// What an address of the site answers.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// A document.
    Page(String),
    /// This address instead.
    Redirect(String),
    /// A file to keep.
    Download,
    /// Nothing, ever.
    Never,
    /// This beginning of a document, and no end.
    Endless(String),
    /// A document, after a while.
    Late(Duration, String),
    /// A document with this status.
    Status(u16, String),
    /// A document that sets this cookie and shows those that were sent.
    Cookies(String),
    /// What was asked for, as JSON: method, path, headers, body.
    Echo,
    /// A document for who says this user and password by HTTP.
    Private(&'static str, &'static str),
    /// These headers and this body.
    Raw(Vec<(&'static str, String)>, Vec<u8>),
}

type Answers = Arc<Mutex<HashMap<String, Answer>>>;

/// A site on a port of its own.
pub(crate) struct Site {
    origin: String,
    answers: Answers,
    server: JoinHandle<()>,
}

impl Site {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let answers = Answers::default();
        let router = Router::new().fallback(answer).with_state(answers.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self {
            origin: format!("http://{address}"),
            answers,
            server,
        }
    }

    /// The same site under another name, which makes it another origin of another site.
    pub(crate) fn elsewhere(&self, path: &str) -> String {
        format!("{}{path}", self.origin.replace("127.0.0.1", "localhost"))
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    pub(crate) fn put(&self, path: &str, answer: Answer) {
        self.answers.lock().unwrap().insert(path.to_owned(), answer);
    }

    /// Puts a document there; its body is given.
    pub(crate) fn page(&self, path: &str, body: &str) {
        let title = path.trim_start_matches('/');
        let document =
            format!("<!doctype html><meta charset=utf-8><title>{title}</title><body>{body}</body>");
        self.put(path, Answer::Page(document));
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(State(answers): State<Answers>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let known = answers.lock().unwrap().get(&path).cloned();
    let cookies = request.headers().get(header::COOKIE).cloned();
    let cookies = cookies.map_or_else(String::new, |value| value.to_str().unwrap().to_owned());
    match known {
        Some(Answer::Page(document)) => Html(document).into_response(),
        Some(Answer::Redirect(to)) => (StatusCode::FOUND, [(header::LOCATION, to)]).into_response(),
        Some(Answer::Download) => download(),
        Some(Answer::Never) => std::future::pending().await,
        Some(Answer::Endless(beginning)) => {
            let parts = futures::stream::iter([Ok::<_, std::convert::Infallible>(beginning)]);
            let all = Body::from_stream(parts.chain(futures::stream::pending()));
            ([(header::CONTENT_TYPE, "text/html")], all).into_response()
        }
        Some(Answer::Late(after, document)) => {
            tokio::time::sleep(after).await;
            Html(document).into_response()
        }
        Some(Answer::Status(status, document)) => {
            (StatusCode::from_u16(status).unwrap(), Html(document)).into_response()
        }
        Some(Answer::Cookies(set)) => {
            ([(header::SET_COOKIE, set)], Html(format!("<p>{cookies}</p>"))).into_response()
        }
        Some(Answer::Private(user, password)) => private(&request, user, password),
        Some(Answer::Echo) => echo(request).await,
        Some(Answer::Raw(headers, body)) => {
            let mut response = Body::from(body).into_response();
            for (name, value) in headers {
                response.headers_mut().append(name, value.parse().unwrap());
            }
            response
        }
        None if path == "/slow.svg" => slow_image(request.uri().query()).await,
        None => file(&path),
    }
}

fn private(request: &Request, user: &str, password: &str) -> Response {
    use base64::Engine as _;
    let expected = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    let said = request.headers().get(header::AUTHORIZATION);
    if said.is_some_and(|said| said.as_bytes() == format!("Basic {expected}").as_bytes()) {
        return Html("<p>welcome</p>").into_response();
    }
    let challenge = (header::WWW_AUTHENTICATE, "Basic realm=\"private\"");
    (StatusCode::UNAUTHORIZED, [challenge], Html("<p>who are you?</p>")).into_response()
}

async fn echo(request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let headers: HashMap<String, String> = (head.headers.iter())
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
        .collect();
    let said = serde_json::json!({
        "method": head.method.as_str(), "path": head.uri.to_string(), "headers": headers,
        "body": String::from_utf8_lossy(&body),
    });
    ([(header::CONTENT_TYPE, "application/json")], said.to_string()).into_response()
}

fn download() -> Response {
    let kept = (header::CONTENT_DISPOSITION, "attachment; filename=\"order.bin\"");
    (
        [kept, (header::CONTENT_TYPE, "application/octet-stream")],
        Body::from("bytes"),
    )
        .into_response()
}

/// An image of 200 × 150 pixels that comes after so many milliseconds.
async fn slow_image(query: Option<&str>) -> Response {
    let ms = query.and_then(|query| query.strip_prefix("ms=")).expect("ms=…");
    tokio::time::sleep(Duration::from_millis(ms.parse().expect("a number"))).await;
    let image = "<svg xmlns='http://www.w3.org/2000/svg' width='200' height='150'/>";
    ([(header::CONTENT_TYPE, "image/svg+xml")], image).into_response()
}

/// A file of the gallery.
fn file(path: &str) -> Response {
    let name = path.trim_start_matches('/');
    let is_plain = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
    let read = std::fs::read_to_string(gallery().join(name)).ok();
    match read.filter(|_| is_plain) {
        Some(document) => Html(document).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Where the gallery is.
pub(crate) fn gallery() -> PathBuf {
    root().join("tests/gallery")
}
