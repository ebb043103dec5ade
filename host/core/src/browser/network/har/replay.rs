//! A recorded network that answers again. Which entry answers is Playwright's rule: same method, same address,
//! for POST the same body, and of those the one with the most equal headers. Where several are equally good,
//! each answers once, in the order of the recording, and the last one goes on answering.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use std::collections::HashSet;
use url::Url;

use super::redact;
use crate::browser::network::Fulfilment;
use crate::browser::network::words::{Body, Header, RequestInfo, header, invalid};
use crate::failure::Failure;
use crate::limits::MAX_HAR_BYTES;

/// What a HAR says of a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// This was the response.
    Response(Fulfilment),
    /// It failed then.
    Failed,
    /// It was not made then.
    Nothing,
}

/// A HAR that answers.
#[derive(Clone, Debug)]
pub struct HarReplay {
    entries: Vec<Entry>,
    bytes: usize,
}

#[derive(Clone, Debug)]
struct Entry {
    method: String,
    url: String,
    headers: Vec<Header>,
    body: Option<Bytes>,
    status: i64,
    response_headers: Vec<Header>,
    content: Bytes,
    used: bool,
}

/// The part of a HAR that is read.
#[derive(Deserialize)]
struct File {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    entries: Vec<WrittenEntry>,
}

#[derive(Deserialize)]
struct WrittenEntry {
    request: WrittenRequest,
    response: WrittenResponse,
    #[serde(rename = "_resourceType")]
    resource_type: Option<String>,
}

#[derive(Deserialize)]
struct WrittenRequest {
    method: String,
    url: String,
    #[serde(default)]
    headers: Vec<Header>,
    #[serde(rename = "postData")]
    post_data: Option<WrittenContent>,
}

#[derive(Deserialize)]
struct WrittenResponse {
    status: i64,
    #[serde(default)]
    headers: Vec<Header>,
    #[serde(default)]
    content: WrittenContent,
}

#[derive(Default, Deserialize)]
struct WrittenContent {
    text: Option<String>,
    encoding: Option<String>,
    #[serde(rename = "_file")]
    file: Option<String>,
}

impl HarReplay {
    /// Reads a HAR.
    ///
    /// # Errors
    /// [`crate::Code::InvalidArgument`] where it is too large, is none, or keeps its bodies in other files.
    pub fn read(bytes: &[u8]) -> Result<Self, Failure> {
        if bytes.len() > MAX_HAR_BYTES {
            let message = format!(
                "a HAR that is replayed has at most {MAX_HAR_BYTES} bytes: {}",
                bytes.len()
            );
            return Err(invalid(message));
        }
        // Some writers begin with a byte order mark.
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let file: File =
            serde_json::from_slice(bytes).map_err(|error| invalid(format!("not a HAR: {error}")))?;
        let entries = file.log.entries.into_iter().enumerate();
        let is_http =
            |(_, entry): &(usize, WrittenEntry)| entry.resource_type.as_deref() != Some("websocket");
        let entries = entries
            .filter(is_http)
            .map(|(place, entry)| {
                Entry::new(entry)
                    .map_err(|why| invalid(format!("not a HAR: entry {place} of its log: {why}")))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            entries,
            bytes: bytes.len(),
        })
    }

    /// The bytes that it holds, roughly.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// What was answered to such a request. The browser follows the redirects of a navigation itself, so that
    /// the address is right; those of other requests are followed here.
    pub fn find(&mut self, request: &RequestInfo) -> Found {
        let mut url = request.url.clone();
        let mut method = request.method.clone();
        let mut visited = HashSet::new();
        loop {
            let Some(place) = self.best(&url, &method, request) else {
                return Found::Nothing;
            };
            let entry = &self.entries[place];
            let Some(location) = entry.redirects_to(&url).filter(|_| !request.is_navigation) else {
                return entry.answer();
            };
            if !visited.insert(place) {
                return Found::Nothing;
            }
            if becomes_get(entry.status, &method) {
                "GET".clone_into(&mut method);
            }
            url = location;
        }
    }

    fn best(&mut self, url: &str, method: &str, request: &RequestInfo) -> Option<usize> {
        let redacted = redact::url(url);
        let sent: HashSet<(String, &str)> = request
            .headers
            .iter()
            .map(|header| (header.name.to_ascii_lowercase(), header.value.as_str()))
            .collect();
        let fits = |entry: &Entry| {
            entry.method == method
                && (entry.url == url || entry.url == redacted)
                && entry.has_body_of(method, request)
        };
        let scored: Vec<(usize, usize)> = (self.entries.iter().enumerate())
            .filter(|(_, entry)| fits(entry))
            .map(|(place, entry)| (place, entry.equal_headers(&sent)))
            .collect();
        let most = scored.iter().map(|(_, equal)| *equal).max()?;
        let equals: Vec<usize> = scored
            .into_iter()
            .filter(|(_, equal)| *equal == most)
            .map(|(place, _)| place)
            .collect();
        let unused = equals.iter().copied().find(|place| !self.entries[*place].used);
        let place = unused.or_else(|| equals.last().copied())?;
        self.entries[place].used = true;
        Some(place)
    }
}

impl Entry {
    fn new(written: WrittenEntry) -> Result<Self, String> {
        let WrittenEntry {
            request, response, ..
        } = written;
        Url::parse(&request.url).map_err(|error| format!("{:?} is no address: {error}", request.url))?;
        if response.status > 599 {
            return Err(format!("{} is no status", response.status));
        }
        Ok(Self {
            method: request.method,
            url: request.url,
            headers: request.headers,
            body: request.post_data.map(bytes_of).transpose()?,
            status: response.status,
            response_headers: response
                .headers
                .into_iter()
                .flat_map(lines)
                .filter(stays)
                .collect(),
            content: bytes_of(response.content)?,
            used: false,
        })
    }

    fn has_body_of(&self, method: &str, request: &RequestInfo) -> bool {
        let (Some(recorded), Some(sent)) = (&self.body, &request.body) else {
            return true;
        };
        if method != "POST" || recorded == sent {
            return true;
        }
        let (recorded, sent) = (String::from_utf8_lossy(recorded), String::from_utf8_lossy(sent));
        let type_of = |headers| header(headers, "content-type").unwrap_or_default();
        // What FlowGuard recorded has lost its secrets.
        if redact::body(&sent, type_of(&request.headers)) == recorded {
            return true;
        }
        // The parts of a form are separated by what is made up anew each time.
        match (
            boundary(type_of(&request.headers)),
            boundary(type_of(&self.headers)),
        ) {
            (Some(sent_by), Some(recorded_by)) => {
                let sent = redact::body(&sent, "multipart/form-data").replace(sent_by, "");
                let recorded = redact::body(&recorded, "multipart/form-data").replace(recorded_by, "");
                sent == recorded
            }
            _ => false,
        }
    }

    fn equal_headers(&self, sent: &HashSet<(String, &str)>) -> usize {
        let is_sent =
            |header: &&Header| sent.contains(&(header.name.to_ascii_lowercase(), header.value.as_str()));
        self.headers.iter().filter(is_sent).count()
    }

    fn redirects_to(&self, from: &str) -> Option<String> {
        let is_redirect = matches!(self.status, 301 | 302 | 303 | 307 | 308);
        let location = header(&self.response_headers, "location").filter(|_| is_redirect)?;
        Some(Url::parse(from).ok()?.join(location).ok()?.into())
    }

    fn answer(&self) -> Found {
        match u16::try_from(self.status) {
            Ok(status) if status >= 100 => Found::Response(Fulfilment {
                status,
                headers: self.response_headers.clone(),
                body: Body(self.content.clone()),
            }),
            // There was no response.
            _ => Found::Failed,
        }
    }
}

/// Some writers put several cookies into one header, each on its line.
fn lines(header: Header) -> Vec<Header> {
    let Header { name, value } = header;
    value
        .lines()
        .map(|line| Header::new(name.clone(), line))
        .collect()
}

/// The body is there decoded and whole; what says otherwise is left out, and so is what is not of HTTP 1.1.
fn stays(header: &Header) -> bool {
    const GONE: [&str; 4] = [
        "content-encoding",
        "content-length",
        "transfer-encoding",
        "connection",
    ];
    let name = header.name.to_ascii_lowercase();
    !name.starts_with(':') && !GONE.contains(&name.as_str())
}

fn bytes_of(content: WrittenContent) -> Result<Bytes, String> {
    if let Some(file) = content.file {
        return Err(format!(
            "its body is in another file, {file:?}: record it with its bodies embedded"
        ));
    }
    let text = content.text.unwrap_or_default();
    match content.encoding.as_deref() {
        Some("base64") => STANDARD
            .decode(text)
            .map(Bytes::from)
            .map_err(|error| format!("its body is not base64: {error}")),
        _ => Ok(Bytes::from(text)),
    }
}

fn boundary(content_type: &str) -> Option<&str> {
    let is_form = content_type.contains("multipart/form-data");
    content_type
        .split_once("boundary=")
        .map(|(_, boundary)| boundary.trim())
        .filter(|b| is_form && !b.is_empty())
}

fn becomes_get(status: i64, method: &str) -> bool {
    matches!((status, method), (301 | 302, "POST")) || status == 303 && !matches!(method, "GET" | "HEAD")
}

#[cfg(test)]
#[path = "replay_tests.rs"]
mod tests;
