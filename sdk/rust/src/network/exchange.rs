//! Requests that were watched for, what came of them, and WebSockets.

use std::rc::Rc;
use std::time::Duration;

use crate::bindings::flow::flowguard::plugin::network as host;
use host::{Frame, Header, ResourceType, SecurityDetails, ServerAddress, Timing};

use crate::expect::expect;
use crate::failure::{Result, fail};
use crate::time;

/// A request.
#[derive(Clone, Debug, PartialEq)]
pub struct Request(pub(super) host::Request);

impl Request {
    /// The address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.0.method
    }

    /// A header that the page set.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        value(&self.0.headers, name)
    }

    /// What is sent.
    #[must_use]
    pub fn body(&self) -> Option<&[u8]> {
        self.0.body.as_deref()
    }

    /// What is sent, where it is text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.body().and_then(|body| std::str::from_utf8(body).ok())
    }

    /// What it is for.
    #[must_use]
    pub const fn resource_type(&self) -> ResourceType {
        self.0.resource_type
    }

    /// Whether it loads a document into a frame.
    #[must_use]
    pub const fn is_navigation(&self) -> bool {
        self.0.is_navigation
    }

    /// The addresses that redirected here, oldest first.
    #[must_use]
    pub fn redirects(&self) -> &[String] {
        &self.0.redirects
    }
}

/// The head of a response.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkResponse(pub(super) host::Response);

impl NetworkResponse {
    /// The address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// HTTP status.
    #[must_use]
    pub const fn status(&self) -> u32 {
        self.0.status
    }

    /// Whether the status says that all went well: 200 to 299.
    #[must_use]
    pub const fn ok(&self) -> bool {
        self.0.status >= 200 && self.0.status <= 299
    }

    /// A header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        value(&self.0.headers, name)
    }

    /// All headers.
    #[must_use]
    pub fn headers(&self) -> &[Header] {
        &self.0.headers
    }

    /// Whether a service worker gave it.
    #[must_use]
    pub const fn from_service_worker(&self) -> bool {
        self.0.from_service_worker
    }

    /// Where it came from, if from a server.
    #[must_use]
    pub const fn server(&self) -> Option<&ServerAddress> {
        self.0.server.as_ref()
    }

    /// The certificate, with TLS.
    #[must_use]
    pub const fn security(&self) -> Option<&SecurityDetails> {
        self.0.security.as_ref()
    }

    /// Where the time went.
    #[must_use]
    pub const fn timing(&self) -> Option<Timing> {
        self.0.timing
    }
}

fn value<'a>(headers: &'a [Header], name: &str) -> Option<&'a str> {
    let found = headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case(name));
    found.map(|header| header.value.as_str())
}

/// One request and what came of it. Clones are the same request.
#[derive(Clone)]
pub struct Exchange(Rc<host::Exchange>);

impl Exchange {
    /// What was asked for.
    #[must_use]
    pub fn request(&self) -> Request {
        Request(self.0.request())
    }

    /// Waits for all headers that were really sent.
    pub fn request_headers(&self) -> Result<Vec<Header>> {
        Ok(self.0.request_headers(None)?)
    }

    /// Waits for the head of the response; fails where the request did.
    pub fn response(&self) -> Result<NetworkResponse> {
        match self.0.response(None)? {
            Ok(response) => Ok(NetworkResponse(response)),
            Err(why) => Err(fail(format!("{} failed: {why}", self.request().url()))),
        }
    }

    /// Waits for the end of the request; the browser's network error, where it failed.
    pub fn failure(&self) -> Result<Option<String>> {
        Ok(self.0.response(None)?.err())
    }

    /// Waits for the whole body.
    pub fn body(&self) -> Result<Vec<u8>> {
        Ok(self.0.body(None)?)
    }

    /// Waits for the whole body, as text.
    pub fn text(&self) -> Result<String> {
        Ok(String::from_utf8_lossy(&self.body()?).into_owned())
    }

    /// Asserts that the response's status is 200 to 299; [`Expect::to_be_ok`](crate::Expect) says more.
    pub fn expect_ok(&self) -> Result {
        expect(self).to_be_ok()
    }

    pub(super) fn host(&self) -> &host::Exchange {
        &self.0
    }
}

/// A watch for requests of a page, begun before what causes them.
pub struct Traffic {
    host: host::Traffic,
    /// For each wait; none: the run's action timeout.
    timeout: Option<u32>,
}

impl Traffic {
    pub(super) const fn new(host: host::Traffic) -> Self {
        Self { host, timeout: None }
    }

    /// Waits at most this long each time, instead of the run's action timeout.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.timeout = Some(time::milliseconds(limit));
        self
    }

    /// Waits for the next request.
    pub fn next_request(&self) -> Result<Exchange> {
        self.next(host::Moment::Request)
    }

    /// Waits for the next request that is answered.
    pub fn next_response(&self) -> Result<Exchange> {
        self.next(host::Moment::Response)
    }

    /// Waits for the next request whose response is complete.
    pub fn next_finished(&self) -> Result<Exchange> {
        self.next(host::Moment::Finished)
    }

    /// Waits for the next request that fails.
    pub fn next_failed(&self) -> Result<Exchange> {
        self.next(host::Moment::Failed)
    }

    /// Waits for the next WebSocket.
    pub fn next_web_socket(&self) -> Result<WebSocket> {
        Ok(WebSocket(self.host.next_web_socket(self.timeout)?))
    }

    fn next(&self, moment: host::Moment) -> Result<Exchange> {
        Ok(Exchange(Rc::new(self.host.next(moment, self.timeout)?)))
    }
}

/// A WebSocket, observed from its beginning.
pub struct WebSocket(host::WebSocket);

impl WebSocket {
    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        self.0.url()
    }

    /// Waits for the next message, sent or received; none where it is closed and all were read.
    pub fn next_frame(&self) -> Result<Option<Frame>> {
        Ok(self.0.next_frame(None)?)
    }
}
