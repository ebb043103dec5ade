//! The protocol's requests and responses, read into the core's words. Only what is wanted is read, and what
//! is missing is left empty: a newer browser may say it differently.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use std::collections::BTreeMap;

use flowguard_core::browser::network::{
    Header, RequestInfo, ResourceType, ResponseInfo, Security, ServerAddress, Timing,
};
use flowguard_core::failure::cut;
use flowguard_core::limits::{MAX_HEADERS, MAX_ROUTE_BODY_BYTES};

/// Bytes of an address that is kept.
const MAX_URL: usize = 64 << 10;

/// Headers, as an object; several of one name are lines of one value.
#[derive(Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Headers(BTreeMap<String, serde_json::Value>);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    url: String,
    method: String,
    #[serde(default)]
    headers: Headers,
    post_data: Option<String>,
    #[serde(default)]
    post_data_entries: Vec<PostData>,
}

#[derive(Deserialize)]
struct PostData {
    bytes: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    #[serde(default)]
    url: String,
    #[serde(default)]
    status: i64,
    #[serde(default)]
    status_text: String,
    #[serde(default)]
    headers: Headers,
    #[serde(default)]
    mime_type: String,
    #[serde(rename = "remoteIPAddress")]
    remote_ip: Option<String>,
    remote_port: Option<i64>,
    #[serde(default)]
    from_disk_cache: bool,
    #[serde(default)]
    from_prefetch_cache: bool,
    #[serde(default)]
    from_service_worker: bool,
    protocol: Option<String>,
    timing: Option<ResourceTiming>,
    security_details: Option<SecurityDetails>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceTiming {
    dns_start: f64,
    dns_end: f64,
    connect_start: f64,
    connect_end: f64,
    ssl_start: f64,
    ssl_end: f64,
    send_start: f64,
    send_end: f64,
    receive_headers_end: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SecurityDetails {
    protocol: String,
    subject_name: String,
    issuer: String,
    valid_from: f64,
    valid_to: f64,
}

impl Headers {
    /// One header for each line of each value.
    pub(super) fn list(self) -> Vec<Header> {
        let lines = self.0.into_iter().flat_map(|(name, value)| {
            let value = match value {
                serde_json::Value::String(text) => text,
                other => other.to_string(),
            };
            let lines: Vec<Header> = value
                .split('\n')
                .map(|line| Header::new(name.clone(), line))
                .collect();
            lines
        });
        lines.take(MAX_HEADERS).collect()
    }
}

impl Request {
    /// The request, for this kind of resource.
    pub(super) fn info(self, kind: &str, is_navigation: bool) -> RequestInfo {
        RequestInfo {
            body: self.body(),
            url: cut(self.url, MAX_URL),
            method: self.method,
            headers: self.headers.list(),
            resource_type: resource_type(kind),
            is_navigation,
            redirects: Vec::new(),
        }
    }

    pub(super) fn is_local(&self) -> bool {
        self.url.starts_with("data:") || self.url.starts_with("blob:")
    }

    fn body(&self) -> Option<Bytes> {
        let entries = self
            .post_data_entries
            .iter()
            .filter_map(|entry| entry.bytes.as_deref());
        let bytes: Vec<u8> = entries
            .filter_map(|bytes| STANDARD.decode(bytes).ok())
            .flatten()
            .collect();
        let body = match (bytes.is_empty(), &self.post_data) {
            (false, _) => Bytes::from(bytes),
            (true, Some(text)) => Bytes::from(text.clone()),
            (true, None) => return None,
        };
        (body.len() <= MAX_ROUTE_BODY_BYTES).then_some(body)
    }
}

impl Response {
    /// The head of the response.
    pub(super) fn info(self) -> ResponseInfo {
        let port = self.remote_port.and_then(|port| u16::try_from(port).ok());
        ResponseInfo {
            url: cut(self.url, MAX_URL),
            status: u16::try_from(self.status).unwrap_or_default(),
            status_text: self.status_text,
            headers: self.headers.list(),
            mime_type: self.mime_type,
            protocol: self.protocol.unwrap_or_default(),
            from_service_worker: self.from_service_worker,
            from_cache: self.from_disk_cache || self.from_prefetch_cache,
            server: (self.remote_ip.filter(|ip| !ip.is_empty()).zip(port))
                .map(|(ip, port)| ServerAddress { ip, port }),
            security: self.security_details.map(|details| Security {
                protocol: details.protocol,
                subject: details.subject_name,
                issuer: details.issuer,
                valid_from: details.valid_from,
                valid_to: details.valid_to,
            }),
            timing: self.timing.map(|timing| Timing {
                dns_start: timing.dns_start,
                dns_end: timing.dns_end,
                connect_start: timing.connect_start,
                connect_end: timing.connect_end,
                ssl_start: timing.ssl_start,
                ssl_end: timing.ssl_end,
                send_start: timing.send_start,
                send_end: timing.send_end,
                headers_end: timing.receive_headers_end,
            }),
        }
    }

    pub(super) fn status(&self) -> u16 {
        u16::try_from(self.status).unwrap_or_default()
    }
}

/// The protocol's word for what a resource is for.
fn resource_type(kind: &str) -> ResourceType {
    match kind {
        "Document" => ResourceType::Document,
        "Stylesheet" => ResourceType::Stylesheet,
        "Image" => ResourceType::Image,
        "Media" => ResourceType::Media,
        "Font" => ResourceType::Font,
        "Script" => ResourceType::Script,
        "TextTrack" => ResourceType::TextTrack,
        "XHR" => ResourceType::Xhr,
        "Fetch" => ResourceType::Fetch,
        "EventSource" => ResourceType::EventSource,
        "WebSocket" => ResourceType::WebSocket,
        "Manifest" => ResourceType::Manifest,
        "Ping" => ResourceType::Ping,
        _ => ResourceType::Other,
    }
}
