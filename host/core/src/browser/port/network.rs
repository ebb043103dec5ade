//! What a browser tells of its network, and what it can be asked to do there. Low and typed: how events
//! become requests with a beginning and an end is decided above.

use async_trait::async_trait;
use bytes::Bytes;

use super::TabError;
use crate::browser::PageId;
use crate::browser::network::{Decision, Header, RequestInfo, ResourceType, ResponseInfo, SocketFrame};

/// Names a request within a run. A redirect keeps its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestKey {
    /// The page.
    pub page: PageId,
    /// The browser's own name.
    pub request: String,
}

/// When something happened, by the browser's clock, in seconds from a moment of its own.
pub type Timestamp = f64;

/// A request that began.
#[derive(Clone, Debug)]
pub struct RequestBegan {
    /// Which.
    pub key: RequestKey,
    /// What is asked for.
    pub request: RequestInfo,
    /// Whether it loads the page's main document.
    pub is_main_document: bool,
    /// When, in milliseconds since 1970.
    pub wall_ms: f64,
    /// When.
    pub at: Timestamp,
    /// The response that redirected here, with which the earlier request of this name ended.
    pub redirect: Option<ResponseCame>,
}

/// The head of a response that came.
#[derive(Clone, Debug)]
pub struct ResponseCame {
    /// The head.
    pub response: ResponseInfo,
    /// Whether all its headers, and those of the request, come in events of their own.
    pub has_extra: bool,
}

/// What happens in the network of a page.
#[derive(Clone, Debug)]
pub enum NetworkEvent {
    /// A request began.
    RequestBegan(Box<RequestBegan>),
    /// All headers that were really sent.
    RequestHeaders(RequestKey, Vec<Header>),
    /// The head of the response came.
    ResponseCame(RequestKey, Box<ResponseCame>),
    /// All headers that were really received.
    ResponseHeaders(RequestKey, Vec<Header>),
    /// So many bytes of the body came, decoded.
    Data(RequestKey, u64),
    /// The body is complete: when, and the bytes that went over the wire.
    Finished(RequestKey, Timestamp, u64),
    /// No response, or not all of it: when, and the browser's network error.
    Failed(RequestKey, Timestamp, String),
    /// The main document has come so far: the load's name, whether `load` fired (else `DOMContentLoaded`).
    Milestone {
        /// The name of the request of the document.
        key: RequestKey,
        /// `load`, else `DOMContentLoaded`.
        is_load: bool,
        /// When.
        at: Timestamp,
    },
    /// A WebSocket is opened.
    SocketOpened(RequestKey, String),
    /// Its handshake is sent: headers, and when, in milliseconds since 1970.
    SocketRequest(RequestKey, Vec<Header>, f64),
    /// The handshake was answered: status, words, headers.
    SocketResponse(RequestKey, u16, String, Vec<Header>),
    /// A message.
    SocketFrame(RequestKey, SocketFrame),
    /// It failed.
    SocketError(RequestKey, String),
    /// It was closed.
    SocketClosed(RequestKey),
}

/// What is done with a body when it is there.
pub type Then = Box<dyn FnOnce(Result<Bytes, TabError>) + Send>;

/// Where the bodies of responses are asked for while the events are told: a moment later the browser may
/// have forgotten them.
pub trait Bodies {
    /// Asks for a body at once, and hands it on when it comes. Does not block.
    fn read(&self, key: &RequestKey, then: Then);
}

/// A request that waits for a decision.
#[derive(Clone, Debug)]
pub struct PausedRequest {
    /// What is asked for.
    pub request: RequestInfo,
    /// Whether a redirect led here, of a request that was decided on already.
    pub is_redirect: bool,
}

/// Takes the decision on a paused request. Dropped without one, the request goes on unchanged.
pub trait Paused: Send {
    /// Decides. Does not block; a page that is gone meanwhile is no failure.
    fn decide(self: Box<Self>, decision: Decision);
}

/// The network of one page.
#[async_trait]
pub trait TabNetwork: Send + Sync {
    /// From now on every request of the page waits for a decision, or none does any more.
    async fn intercept(&self, on: bool) -> Result<(), TabError>;
    /// The body of a response.
    async fn response_body(&self, key: &RequestKey) -> Result<Bytes, TabError>;
}

impl RequestKey {
    /// A request of a page.
    pub fn new(page: PageId, request: impl Into<String>) -> Self {
        Self {
            page,
            request: request.into(),
        }
    }
}

impl PausedRequest {
    /// Whether the browser asks, before another site's resource, whether it may: no page made this request.
    #[must_use]
    pub fn is_preflight(&self) -> bool {
        let asks = |header: &Header| header.name.eq_ignore_ascii_case("access-control-request-method");
        self.request.method == "OPTIONS" && self.request.headers.iter().any(asks)
    }

    /// What it is for.
    #[must_use]
    pub const fn resource_type(&self) -> ResourceType {
        self.request.resource_type
    }
}
