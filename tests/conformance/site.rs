//! The pages that the tests visit: the gallery's files, and pages that a test writes down itself.

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

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
    /// A document, after a while.
    Late(Duration, String),
    /// A document with this status.
    Status(u16, String),
    /// A document that sets this cookie and shows those that were sent.
    Cookies(String),
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
        None if path == "/slow.svg" => slow_image(request.uri().query()).await,
        None => file(&path),
    }
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
pub(crate) fn gallery() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/gallery"))
}
