//! What never ends, through a tunnel: WebSockets, event sources and `fetch` of pages are stand-ins that tell us what they
//! want, and the connections are here. The page is hostile: it may tell us anything, and gets only what the tunnel leads to.

use async_tungstenite::tokio::client_async_with_config;
use async_tungstenite::tungstenite::Message;
use async_tungstenite::tungstenite::client::IntoClientRequest;
use async_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use async_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chromiumoxide::cdp::browser_protocol::page::AddScriptToEvaluateOnNewDocumentParams;
use chromiumoxide::cdp::js_protocol::runtime::{
    AddBindingParams, EvaluateParams, EventBindingCalled, ExecutionContextId,
};
use futures::StreamExt;
use reqwest::header::HeaderValue;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;
use url::Url;

use super::held::Held;
use super::{Tunnel, cookies};
use crate::browser::connection::cdp::{Event, Listener, Session};
use crate::browser::connection::socket::{Way, dial};
use crate::browser::page::setup::Done;
use flowguard_core::browser::TabError;
use flowguard_core::limits::{MAX_TUNNELLED_MESSAGE_BYTES, MAX_TUNNELLED_STREAMS};

const SOURCE: &str = include_str!("streams.js");
/// What the stand-ins call. They take it away before the page's own scripts run.
const BINDING: &str = "flowguardTunnel";
/// What is called for them.
const DELIVER: &str = "__flowguardTunnelled";
/// Bytes of an answer that are given at once.
const PIECE: usize = 1 << 20;
/// Messages that wait to be sent.
const QUEUE: usize = 256;

/// Hears the stand-ins of a session, and gives it some; what is given back waits until they are there.
pub(in crate::browser) fn follow(tunnel: &Arc<Tunnel>, session: &Session) -> Vec<Done> {
    let streams = Streams {
        tunnel: tunnel.clone(),
        session: session.clone(),
        open: Arc::default(),
    };
    session.listen("Runtime", Arc::new(streams));
    let start = SOURCE.find("(bindingName").unwrap_or_default();
    let origins = json!(tunnel.origins);
    let script = format!(
        "({})({}, {}, {origins})",
        SOURCE[start..].trim_end(),
        json!(BINDING),
        json!(DELIVER)
    );
    let script = AddScriptToEvaluateOnNewDocumentParams {
        run_immediately: Some(true),
        ..AddScriptToEvaluateOnNewDocumentParams::new(script)
    };
    vec![
        session.send(&AddBindingParams::new(BINDING)).done(),
        session.send(&script).done(),
    ]
}

/// A stream of a document, by the document's world and the stand-in's number.
type Name = (ExecutionContextId, u64);

struct Streams {
    tunnel: Arc<Tunnel>,
    session: Session,
    open: Arc<Mutex<HashMap<Name, mpsc::Sender<Order>>>>,
}

/// What a stand-in wants.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "lowercase")]
enum Wish {
    /// A WebSocket.
    Open {
        id: u64,
        url: String,
        protocols: Vec<String>,
    },
    /// An event source.
    Listen {
        id: u64,
        url: String,
        last: String,
    },
    /// An answer that has begun.
    Take {
        id: u64,
        token: String,
    },
    Text {
        id: u64,
        data: String,
    },
    Bytes {
        id: u64,
        data: String,
    },
    Close {
        id: u64,
        code: u16,
        reason: String,
    },
}

/// What a connection is to send.
enum Order {
    Text(String),
    Bytes(Bytes),
    Close(u16, String),
}

impl Listener for Streams {
    fn event(&self, event: &Event<'_>) {
        match event.method {
            EventBindingCalled::IDENTIFIER => event.then(|called| self.called(&called)),
            "Runtime.executionContextDestroyed" => event.then(|gone: Destroyed| {
                // Dropping its queue ends a connection.
                self.lock()
                    .retain(|(context, _), _| *context != gone.execution_context_id);
            }),
            "Runtime.executionContextsCleared" => self.lock().clear(),
            _ => {}
        }
    }

    fn over(&self, _why: &TabError) {
        self.lock().clear();
    }
}

/// A document's world is gone.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Destroyed {
    execution_context_id: ExecutionContextId,
}

impl Streams {
    fn called(&self, called: &EventBindingCalled) {
        if called.name != BINDING {
            return;
        }
        let Ok(wish) = serde_json::from_str::<Wish>(&called.payload) else {
            return;
        };
        let context = called.execution_context_id;
        match wish {
            Wish::Open { id, url, protocols } => self.begin((context, id), &url, Kind::Socket(protocols)),
            Wish::Listen { id, url, last } => self.begin((context, id), &url, Kind::Events(last)),
            Wish::Take { id, token } => self.take((context, id), &token),
            Wish::Text { id, data } => self.order((context, id), Order::Text(data)),
            Wish::Bytes { id, data } => match STANDARD.decode(data) {
                Ok(bytes) => self.order((context, id), Order::Bytes(bytes.into())),
                Err(_) => self.forget((context, id)),
            },
            Wish::Close { id, code, reason } => self.order((context, id), Order::Close(code, reason)),
        }
    }

    fn begin(&self, name: Name, url: &str, kind: Kind) {
        let page = Page {
            session: self.session.clone(),
            name,
        };
        let url = Url::parse(url).ok().filter(|url| self.tunnel.leads_to(url));
        let Some((url, queue)) = url.zip(self.room(name)) else {
            return page.failed();
        };
        let tunnel = self.tunnel.clone();
        self.go_on(name, async move {
            match kind {
                Kind::Socket(protocols) => socket(&page, &url, &protocols, queue).await,
                Kind::Events(last) => events(&page, &tunnel, &url, &last, queue).await,
            }
        });
    }

    fn take(&self, name: Name, token: &str) {
        let page = Page {
            session: self.session.clone(),
            name,
        };
        let held = self.tunnel.held.take(token);
        let Some((held, queue)) = held.zip(self.room(name)) else {
            return page.closed(1006, "", false);
        };
        self.go_on(name, async move { pieces(&page, held, queue).await });
    }

    /// Where orders for a stream come, if there is room for one of this name.
    fn room(&self, name: Name) -> Option<mpsc::Receiver<Order>> {
        let mut open = self.lock();
        if open.len() >= MAX_TUNNELLED_STREAMS || open.contains_key(&name) {
            return None;
        }
        let (orders, queue) = mpsc::channel(QUEUE);
        open.insert(name, orders);
        Some(queue)
    }

    fn go_on(&self, name: Name, work: impl Future<Output = ()> + Send + 'static) {
        let open = self.open.clone();
        tokio::spawn(async move {
            work.await;
            open.lock().unwrap_or_else(PoisonError::into_inner).remove(&name);
        });
    }

    /// A queue that is full ends its connection: the page sends more than the other end takes.
    fn order(&self, name: Name, order: Order) {
        let sent = self.lock().get(&name).map(|orders| orders.try_send(order));
        if matches!(sent, Some(Err(_))) {
            self.forget(name);
        }
    }

    fn forget(&self, name: Name) {
        self.lock().remove(&name);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Name, mpsc::Sender<Order>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Kind {
    Socket(Vec<String>),
    Events(String),
}

/// Where the stand-in is.
struct Page {
    session: Session,
    name: Name,
}

impl Page {
    /// Tells the stand-in, in order.
    fn tell(&self, what: &str, data: &Value) {
        drop(self.session.send(&self.telling(what, data)));
    }

    /// Tells the stand-in, and waits until it was told; false where it is not there any more.
    async fn told(&self, what: &str, data: &Value) -> bool {
        self.session.send(&self.telling(what, data)).done().await.is_ok()
    }

    fn telling(&self, what: &str, data: &Value) -> EvaluateParams {
        let (context, id) = self.name;
        let mut call = EvaluateParams::new(format!("{DELIVER}({id}, {}, {data})", json!(what)));
        call.context_id = Some(context);
        call
    }

    fn failed(&self) {
        self.tell("failed", &Value::Null);
        self.closed(1006, "", false);
    }

    fn closed(&self, code: u16, reason: &str, is_clean: bool) {
        let how = json!({"code": code, "reason": reason, "wasClean": is_clean});
        self.tell("closed", &how);
    }
}

async fn socket(page: &Page, url: &Url, protocols: &[String], mut queue: mpsc::Receiver<Order>) {
    let mut request = match url.as_str().into_client_request() {
        Ok(request) => request,
        Err(_) => return page.failed(),
    };
    if !protocols.is_empty()
        && let Ok(value) = HeaderValue::from_str(&protocols.join(", "))
    {
        request.headers_mut().insert("sec-websocket-protocol", value);
    }
    if let Some(cookies) = cookies(&page.session, &as_http(url), true).await {
        request.headers_mut().insert("cookie", cookies);
    }
    let limits = WebSocketConfig::default()
        .max_message_size(Some(MAX_TUNNELLED_MESSAGE_BYTES))
        .max_frame_size(Some(MAX_TUNNELLED_MESSAGE_BYTES));
    let Ok(stream) = dial(url, Way::Direct).await else {
        return page.failed();
    };
    let Ok((socket, answer)) = client_async_with_config(request, stream, Some(limits)).await else {
        return page.failed();
    };
    let protocol = answer.headers().get("sec-websocket-protocol");
    let protocol = protocol.and_then(|value| value.to_str().ok()).unwrap_or_default();
    page.tell("opened", &json!(protocol));
    let (mut outbox, mut inbox) = socket.split();
    let mut is_closing = false;
    loop {
        tokio::select! {
            order = queue.recv(), if !is_closing => {
                let message = match order {
                    Some(Order::Text(text)) => Message::text(text),
                    Some(Order::Bytes(bytes)) => Message::Binary(bytes),
                    Some(Order::Close(code, reason)) => {
                        is_closing = true;
                        let code = CloseCode::from(code);
                        Message::Close(Some(CloseFrame { code, reason: reason.into() }))
                    }
                    // The document is gone.
                    None => return,
                };
                if outbox.send(message).await.is_err() {
                    return page.failed();
                }
            }
            message = inbox.next() => match message {
                Some(Ok(Message::Text(text))) => page.tell("text", &json!(text.as_str())),
                Some(Ok(Message::Binary(bytes))) => page.tell("bytes", &json!(STANDARD.encode(bytes))),
                Some(Ok(Message::Close(frame))) => {
                    let (code, reason) = frame.map_or((1005, String::new()), |frame| {
                        (frame.code.into(), frame.reason.to_string())
                    });
                    return page.closed(code, &reason, true);
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return page.closed(1006, "", false),
            },
        }
    }
}

/// The address whose cookies a WebSocket has.
fn as_http(url: &Url) -> Url {
    let scheme = if url.scheme() == "wss" { "https" } else { "http" };
    let text = url.as_str().replacen(url.scheme(), scheme, 1);
    Url::parse(&text).unwrap_or_else(|_| url.clone())
}

async fn events(page: &Page, tunnel: &Tunnel, url: &Url, last: &str, mut queue: mpsc::Receiver<Order>) {
    let mut asked = tunnel
        .http
        .get(url.clone())
        .header("accept", "text/event-stream")
        .header("cache-control", "no-store")
        .header("accept-encoding", "identity");
    if let Some(cookies) = cookies(&page.session, url, true).await {
        asked = asked.header("cookie", cookies);
    }
    if !last.is_empty() {
        asked = asked.header("last-event-id", last);
    }
    let answer = tokio::select! {
        answer = asked.send() => answer,
        _ = queue.recv() => return,
    };
    let is_stream = |answer: &reqwest::Response| {
        let kind = answer.headers().get("content-type");
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        answer.status() == 200 && kind.starts_with("text/event-stream")
    };
    let Some(answer) = answer.ok().filter(is_stream) else {
        page.tell("failed", &Value::Null);
        return;
    };
    page.tell("opened", &Value::Null);
    let mut chunks = answer.bytes_stream();
    // A letter may be cut in two.
    let mut rest = Vec::new();
    loop {
        tokio::select! {
            chunk = chunks.next() => match chunk {
                Some(Ok(chunk)) => {
                    rest.extend_from_slice(&chunk);
                    let text = whole_letters(&mut rest);
                    page.tell("text", &json!(text));
                }
                Some(Err(_)) | None => return page.closed(1006, "", false),
            },
            // It was closed, or its document is gone.
            _ = queue.recv() => return,
        }
    }
}

/// The body of an answer, as fast as the page takes it.
async fn pieces(page: &Page, held: Held, mut queue: mpsc::Receiver<Order>) {
    let Held { begun, mut rest } = held;
    for piece in begun.chunks(PIECE) {
        if !page.told("bytes", &json!(STANDARD.encode(piece))).await {
            return;
        }
    }
    loop {
        tokio::select! {
            piece = rest.next() => match piece {
                Some(Ok(piece)) => {
                    if !page.told("bytes", &json!(STANDARD.encode(piece))).await {
                        return;
                    }
                }
                Some(Err(_)) => return page.closed(1006, "", false),
                None => return page.closed(1000, "", true),
            },
            // It is not wanted any more, or its document is gone.
            _ = queue.recv() => return,
        }
    }
}

/// The text at the beginning of these bytes; what may be the beginning of a letter stays.
fn whole_letters(bytes: &mut Vec<u8>) -> String {
    let whole = match std::str::from_utf8(bytes) {
        Ok(text) => text.len(),
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        Err(_) => bytes.len(),
    };
    let rest = bytes.split_off(whole);
    let text = String::from_utf8_lossy(bytes).into_owned();
    *bytes = rest;
    text
}

#[cfg(test)]
mod tests {
    use super::whole_letters;

    #[test]
    fn a_letter_that_comes_in_two_pieces_is_one() {
        let mut bytes = b"data: gr\xc3".to_vec();
        assert_eq!(whole_letters(&mut bytes), "data: gr");
        bytes.extend_from_slice(b"\xbc\xc3\x9f");
        assert_eq!(whole_letters(&mut bytes), "üß");
        let mut wrong = b"a\xff\xffb".to_vec();
        assert_eq!(whole_letters(&mut wrong), "a\u{fffd}\u{fffd}b");
        assert!(wrong.is_empty());
    }
}
