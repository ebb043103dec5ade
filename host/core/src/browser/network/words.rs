//! The words of the network: what a request, a response and a route's answer are, as plain data. Whatever is
//! malformed is found here, before anything is done with it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::artifact::Digest;
use crate::browser::locator::TextMatch;
use crate::content::Content;
use crate::failure::{Code, Failure};

/// A header line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Its name, as it was sent.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl Header {
    /// A header line.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
        }
    }
}

/// The value of the first header of this name, in any case.
#[must_use]
pub(super) fn header<'a>(headers: &'a [Header], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case(name))
        .map(|header| header.value.as_str())
}

/// What a resource is for, as the browser says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResourceType {
    /// A page, or what a frame shows.
    Document,
    /// A style sheet.
    Stylesheet,
    /// A picture.
    Image,
    /// Sound or film.
    Media,
    /// A font.
    Font,
    /// A script.
    Script,
    /// Subtitles.
    TextTrack,
    /// Asked for with `XMLHttpRequest`.
    Xhr,
    /// Asked for with `fetch`.
    Fetch,
    /// A stream of server-sent events.
    EventSource,
    /// A WebSocket's handshake.
    WebSocket,
    /// A web application's manifest.
    Manifest,
    /// A beacon, or the ping of a link.
    Ping,
    /// Anything else.
    Other,
}

impl ResourceType {
    /// As HAR files and people write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Stylesheet => "stylesheet",
            Self::Image => "image",
            Self::Media => "media",
            Self::Font => "font",
            Self::Script => "script",
            Self::TextTrack => "texttrack",
            Self::Xhr => "xhr",
            Self::Fetch => "fetch",
            Self::EventSource => "eventsource",
            Self::WebSocket => "websocket",
            Self::Manifest => "manifest",
            Self::Ping => "ping",
            Self::Other => "other",
        }
    }
}

/// How a request's address is chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "by")]
pub enum UrlMatch {
    /// Every address.
    #[default]
    Any,
    /// A glob, resolved against the run's base URL; see [`super::pattern`].
    Glob {
        /// The glob.
        glob: String,
    },
    /// A regular expression, found anywhere in the address.
    Pattern {
        /// The source, without slashes.
        source: String,
        /// Flags out of `i`, `m`, `s`, `u`.
        flags: String,
    },
}

/// A header that a request must have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderMatch {
    /// Its name, in any case.
    pub name: String,
    /// Its value.
    pub value: TextMatch,
}

/// Which requests are meant; empty lists do not restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestMatch {
    /// By address.
    pub url: UrlMatch,
    /// By method, any of these.
    pub methods: Vec<String>,
    /// By what it is for, any of these.
    pub resource_types: Vec<ResourceType>,
    /// By headers, all of these.
    pub headers: Vec<HeaderMatch>,
}

/// Bytes of a request or a response. In a cassette and in logs only their digest and length appear.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body(pub Bytes);

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (Digest::of(&self.0), self.0.len()).serialize(serializer)
    }
}

/// A request as it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestInfo {
    /// The address.
    pub url: String,
    /// The method.
    pub method: String,
    /// The headers that the page's side set; the browser's own come later.
    pub headers: Vec<Header>,
    /// What is sent; none where there is nothing, or where it is too large.
    #[serde(serialize_with = "written", deserialize_with = "read")]
    pub body: Option<Bytes>,
    /// What it is for.
    pub resource_type: ResourceType,
    /// Whether it loads a document into a frame.
    pub is_navigation: bool,
    /// The addresses that redirected here, oldest first.
    pub redirects: Vec<String>,
}

fn written<S: Serializer>(body: &Option<Bytes>, serializer: S) -> Result<S::Ok, S::Error> {
    body.clone().map(Content).serialize(serializer)
}

fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Bytes>, D::Error> {
    Ok(Option::<Content>::deserialize(deserializer)?.map(|content| content.0))
}

/// Where the time of a request went, in milliseconds from its beginning; negative where it does not apply.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    /// The name's resolution began.
    pub dns_start: f64,
    /// It ended.
    pub dns_end: f64,
    /// The connection began to be made.
    pub connect_start: f64,
    /// It was there.
    pub connect_end: f64,
    /// The TLS handshake began.
    pub ssl_start: f64,
    /// It ended.
    pub ssl_end: f64,
    /// The request began to be sent.
    pub send_start: f64,
    /// It was sent.
    pub send_end: f64,
    /// The response's head was there.
    pub headers_end: f64,
}

/// Where a response came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerAddress {
    /// The IP address.
    pub ip: String,
    /// The port.
    pub port: u16,
}

/// The certificate that a response came under.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Security {
    /// For example `TLS 1.3`.
    pub protocol: String,
    /// Whom it names.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// From when, in seconds since 1970.
    pub valid_from: f64,
    /// Until when, in seconds since 1970.
    pub valid_to: f64,
}

/// The head of a response.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResponseInfo {
    /// The address.
    pub url: String,
    /// HTTP status.
    pub status: u16,
    /// The words after it; may be empty.
    pub status_text: String,
    /// All headers, those of cookies included where the browser told them.
    pub headers: Vec<Header>,
    /// The media type that the browser goes by.
    pub mime_type: String,
    /// For example `http/1.1`, `h2`.
    pub protocol: String,
    /// Whether a service worker gave it.
    pub from_service_worker: bool,
    /// Whether it came from the browser's cache.
    pub from_cache: bool,
    /// Where it came from, if from a server.
    pub server: Option<ServerAddress>,
    /// The certificate, with TLS.
    pub security: Option<Security>,
    /// Where the time went, if the network was asked.
    pub timing: Option<Timing>,
}

/// A message over a WebSocket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SocketFrame {
    /// Whether the page sent it.
    pub sent: bool,
    /// 1 is text, 2 is binary; others are the protocol's own.
    pub opcode: u8,
    /// The text, or the bytes in base64 where it is not text.
    pub data: String,
    /// When, in milliseconds since 1970.
    pub at_ms: f64,
}

impl SocketFrame {
    /// The bytes of a message that is not text.
    #[must_use]
    pub fn bytes(&self) -> Option<Vec<u8>> {
        let is_binary = self.opcode == 2;
        is_binary.then(|| STANDARD.decode(&self.data).unwrap_or_default())
    }
}

pub(super) fn invalid(message: impl Into<String>) -> Failure {
    Failure::new(Code::InvalidArgument, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_written_down_by_its_digest_and_comes_back_where_it_is_the_answer() {
        let body = Body(Bytes::from_static(b"secret"));
        let written = serde_json::to_string(&body).expect("plain");
        assert!(
            !written.contains("secret") && written.ends_with(",6]"),
            "{written}"
        );
        for bytes in [&b"a=1"[..], &[0xff, 0x00]] {
            let request = RequestInfo {
                url: "http://a.test/".to_owned(),
                method: "POST".to_owned(),
                headers: Vec::new(),
                body: Some(Bytes::copy_from_slice(bytes)),
                resource_type: ResourceType::Fetch,
                is_navigation: false,
                redirects: Vec::new(),
            };
            let written = serde_json::to_string(&request).expect("plain");
            assert_eq!(
                serde_json::from_str::<RequestInfo>(&written).expect("read"),
                request
            );
        }
    }
}
