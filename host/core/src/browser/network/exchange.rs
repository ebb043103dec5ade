//! One request and what came of it, one WebSocket and its messages: kept up to date by the browser's events,
//! read by watchers and by the HAR. Never asks a browser for anything.

use bytes::Bytes;
use std::sync::Arc;
use tokio::sync::watch;

use super::words::{Header, RequestInfo, ResponseInfo, SocketFrame};
use crate::browser::calls::PageId;
use crate::browser::port::network::RequestKey;

/// Names an exchange or a WebSocket within its run.
pub type ExchangeId = u32;

/// How a request ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ended {
    /// The body is complete.
    Finished,
    /// It is not: the browser's network error.
    Failed(String),
}

/// What is known of a response's body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Kept {
    /// Nothing yet.
    #[default]
    Nothing,
    /// It was asked for and has not come.
    Coming,
    /// All of it.
    Whole(Bytes),
    /// It is not kept, and why.
    LeftOut(&'static str),
}

/// What is known of a request so far.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// All headers that were sent.
    pub sent_headers: Option<Vec<Header>>,
    /// The head of the response.
    pub response: Option<ResponseInfo>,
    /// Whether headers are still to come in events of their own.
    pub(super) awaits_sent: bool,
    pub(super) awaits_received: bool,
    /// Headers of the response that came before it.
    pub(super) early_headers: Option<Vec<Header>>,
    /// How it ended, and when by the browser's clock.
    pub ended: Option<Ended>,
    /// When it ended.
    pub ended_at: f64,
    /// Bytes of the body so far, decoded.
    pub decoded_bytes: u64,
    /// Bytes that went over the wire.
    pub encoded_bytes: u64,
    /// The address that the response redirected to.
    pub redirected_to: Option<String>,
    /// The body.
    pub body: Kept,
}

impl State {
    /// Whether the whole head of the response is there, or none will come.
    #[must_use]
    pub fn has_response(&self) -> bool {
        self.ended.is_some() && self.response.is_none() || self.response.is_some() && !self.awaits_received
    }

    /// Whether all headers that were sent are known, or no more will come.
    #[must_use]
    pub fn has_sent_headers(&self) -> bool {
        self.sent_headers.is_some()
            || self.response.is_some() && !self.awaits_sent
            || self.response.is_none() && self.ended.is_some()
    }
}

/// One request and what came of it.
#[derive(Debug)]
pub struct Exchange {
    /// Its name.
    pub id: ExchangeId,
    /// The browser's name.
    pub key: RequestKey,
    /// The page.
    pub page: PageId,
    /// The document that it belongs to, by its place among the run's.
    pub document: Option<usize>,
    /// The request.
    pub request: RequestInfo,
    /// When it began, in milliseconds since 1970.
    pub wall_ms: f64,
    /// When it began, by the browser's clock.
    pub began: f64,
    state: watch::Sender<State>,
}

impl Exchange {
    pub(super) fn new(
        id: ExchangeId,
        key: RequestKey,
        page: PageId,
        document: Option<usize>,
        request: RequestInfo,
        wall_ms: f64,
        began: f64,
    ) -> Arc<Self> {
        Arc::new(Self {
            id,
            key,
            page,
            document,
            request,
            wall_ms,
            began,
            state: watch::channel(State::default()).0,
        })
    }

    /// What is known of it now.
    #[must_use]
    pub fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// What is known of it, as it changes.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// Looks at what is known of it now.
    pub fn look<T>(&self, at: impl FnOnce(&State) -> T) -> T {
        at(&self.state.borrow())
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut State)) {
        self.state.send_modify(change);
    }
}

/// What is known of a WebSocket so far.
#[derive(Clone, Debug, Default)]
pub struct SocketState {
    /// The headers of the handshake.
    pub sent_headers: Vec<Header>,
    /// The answer to the handshake: status, words, headers.
    pub response: Option<(u16, String, Vec<Header>)>,
    /// When the handshake was sent, in milliseconds since 1970; 0 before.
    pub wall_ms: f64,
    /// The messages, in order.
    pub frames: Vec<SocketFrame>,
    /// Messages that were too many to keep.
    pub dropped: u32,
    /// What went wrong.
    pub error: Option<String>,
    /// Whether it is closed.
    pub closed: bool,
}

/// One WebSocket.
#[derive(Debug)]
pub struct Socket {
    /// Its name.
    pub id: ExchangeId,
    /// The page.
    pub page: PageId,
    /// The document that it belongs to, by its place among the run's.
    pub document: Option<usize>,
    /// The address.
    pub url: String,
    state: watch::Sender<SocketState>,
}

impl Socket {
    pub(super) fn new(id: ExchangeId, page: PageId, document: Option<usize>, url: String) -> Arc<Self> {
        Arc::new(Self {
            id,
            page,
            document,
            url,
            state: watch::channel(SocketState::default()).0,
        })
    }

    /// Looks at what is known of it now.
    pub fn look<T>(&self, at: impl FnOnce(&SocketState) -> T) -> T {
        at(&self.state.borrow())
    }

    /// What is known of it, as it changes.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<SocketState> {
        self.state.subscribe()
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut SocketState)) {
        self.state.send_modify(change);
    }
}
