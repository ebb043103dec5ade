//! A server that gives its answers one after another, and keeps what it was asked.

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::net::TcpListener;

/// An answer that is given once.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// With a status, headers and a body.
    Say(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// The connection breaks in the middle of one.
    Break,
}

/// An answer with a body of JSON.
pub(crate) fn json(status: u16, body: &Value) -> Answer {
    let kind = ("content-type", "application/json".to_owned());
    Answer::Say(status, vec![kind], body.to_string().into_bytes())
}

/// An error as Browserbase says it.
pub(crate) fn error(status: u16, headers: &[(&'static str, &str)]) -> Answer {
    let body = serde_json::json!({"statusCode": status, "error": "Because", "message": "because hunter"});
    let headers = headers
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()))
        .collect();
    Answer::Say(status, headers, body.to_string().into_bytes())
}

/// What was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) at: Instant,
    /// Method, path and query.
    pub(crate) line: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

#[derive(Default)]
struct Script {
    answers: Mutex<VecDeque<Answer>>,
    asked: Mutex<Vec<Asked>>,
}

/// The server.
pub(crate) struct Scripted {
    script: Arc<Script>,
    pub(crate) address: String,
}

impl Scripted {
    pub(crate) async fn with(answers: impl IntoIterator<Item = Answer>) -> Self {
        let script = Arc::<Script>::default();
        script.answers.lock().unwrap().extend(answers);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(script.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { script, address }
    }

    /// All that was asked so far, oldest first.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.script.asked.lock().unwrap().clone()
    }

    /// The lines of it.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.line).collect()
    }
}

async fn answer(State(script): State<Arc<Script>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    script.asked.lock().unwrap().push(Asked {
        at: Instant::now(),
        line: format!("{} {}", head.method, head.uri),
        headers: head.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    });
    let next = script.answers.lock().unwrap().pop_front();
    match next.expect("an answer is left") {
        Answer::Say(status, headers, body) => {
            let mut answer = Response::builder().status(StatusCode::from_u16(status).unwrap());
            for (name, value) in headers {
                answer = answer.header(name, value);
            }
            answer.body(Body::from(body)).unwrap()
        }
        Answer::Break => {
            let torn = futures::stream::iter([
                Ok(bytes::Bytes::from_static(b"{\"id\":")),
                Err(std::io::Error::other("torn")),
            ]);
            Response::builder()
                .header("content-length", "1000")
                .body(Body::from_stream(torn))
                .unwrap()
        }
    }
}
