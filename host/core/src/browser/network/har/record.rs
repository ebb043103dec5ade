//! Writes the HAR of an attempt: HAR 1.2, with the fields of Chromium's and Playwright's own that readers know
//! (they begin with an underscore). Everything passes [`super::redact`] on its way.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Value, json};

use super::redact;
use crate::browser::network::exchange::{Ended, Exchange, Kept, Socket, State};
use crate::browser::network::traffic::{Document, Record};
use crate::browser::network::words::{Header, RequestInfo, ResponseInfo, Timing, header};
use crate::browser::port::BrowserInfo;
use crate::failure::cut;

/// What the file is called.
pub const NAME: &str = "network.har";
/// Its media type.
pub const MEDIA_TYPE: &str = "application/har+json";

const FALLBACK_VERSION: &str = "HTTP/1.1";
const MAX_TITLE: usize = 1_024;

#[derive(Serialize)]
struct File<'a> {
    log: Log<'a>,
}

#[derive(Serialize)]
struct Log<'a> {
    version: &'a str,
    creator: Creator<'a>,
    browser: Creator<'a>,
    pages: Vec<Page>,
    entries: Vec<Value>,
    #[serde(skip_serializing_if = "String::is_empty")]
    comment: String,
}

#[derive(Serialize)]
struct Creator<'a> {
    name: &'a str,
    version: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    started_date_time: String,
    id: String,
    title: String,
    page_timings: PageTimings,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PageTimings {
    on_content_load: f64,
    on_load: f64,
}

/// The HAR of what was recorded.
///
/// # Errors
/// What the serializer says.
pub fn write(record: &Record, browser: &BrowserInfo) -> Result<Vec<u8>, serde_json::Error> {
    let (name, version) = browser.product.split_once('/').unwrap_or((&browser.product, ""));
    let mut entries: Vec<(f64, Value)> = (record
        .exchanges
        .iter()
        .map(|exchange| (exchange.wall_ms, entry(exchange))))
    .chain(record.sockets.iter().map(|socket| socket_entry(socket)))
    .collect();
    entries.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    let comment = match record.dropped {
        0 => String::new(),
        dropped => format!("{dropped} requests are left out: the run made too many"),
    };
    serde_json::to_vec(&File {
        log: Log {
            version: "1.2",
            creator: Creator {
                name: "FlowGuard",
                version: env!("CARGO_PKG_VERSION"),
            },
            browser: Creator { name, version },
            pages: record.documents.iter().enumerate().map(page).collect(),
            entries: entries.into_iter().map(|(_, entry)| entry).collect(),
            comment,
        },
    })
}

fn page((place, document): (usize, &Document)) -> Page {
    let since = |at: Option<f64>| at.map_or(-1.0, |at| milliseconds(at - document.began));
    Page {
        started_date_time: date_time(document.wall_ms),
        id: page_id(place),
        title: cut(redact::url(&document.url), MAX_TITLE),
        page_timings: PageTimings {
            on_content_load: since(document.content_loaded),
            on_load: since(document.loaded),
        },
    }
}

fn page_id(place: usize) -> String {
    format!("page_{}", place + 1)
}

fn entry(exchange: &Exchange) -> Value {
    let state = exchange.state();
    let timings = timings(exchange, &state);
    let time: f64 = ["blocked", "dns", "connect", "send", "wait", "receive"]
        .iter()
        .filter_map(|part| timings[part].as_f64().filter(|ms| *ms > 0.0))
        .sum();
    let mut entry = json!({
        "startedDateTime": date_time(exchange.wall_ms),
        "time": (time * 1e3).round() / 1e3,
        "request": request(exchange, &state),
        "response": response(exchange, &state),
        "cache": {},
        "timings": timings,
        "_resourceType": exchange.request.resource_type.name(),
    });
    if let Some(document) = exchange.document {
        put(&mut entry, "pageref", page_id(document));
    }
    if let Some(response) = &state.response {
        if let Some(server) = &response.server {
            put(&mut entry, "serverIPAddress", server.ip.trim_matches(['[', ']']));
            put(&mut entry, "_serverPort", server.port);
        }
        if let Some(security) = &response.security {
            let details = json!({
                "protocol": security.protocol, "subjectName": security.subject, "issuer": security.issuer,
                "validFrom": security.valid_from, "validTo": security.valid_to,
            });
            put(&mut entry, "_securityDetails", details);
        }
        if response.from_cache {
            put(&mut entry, "_fromCache", "disk");
        }
        if response.from_service_worker {
            put(&mut entry, "_fetchedViaServiceWorker", true);
        }
    }
    entry
}

/// Puts a field into a JSON object.
fn put(object: &mut Value, key: &str, value: impl Into<Value>) {
    if let Value::Object(fields) = object {
        fields.insert(key.to_owned(), value.into());
    }
}

fn request(exchange: &Exchange, state: &State) -> Value {
    let RequestInfo {
        url,
        method,
        headers,
        body,
        ..
    } = &exchange.request;
    let headers = state.sent_headers.as_deref().unwrap_or(headers);
    let mut request = json!({
        "method": method,
        "url": redact::url(url),
        "httpVersion": version(state.response.as_ref()),
        "cookies": request_cookies(headers),
        "headers": written_headers(headers),
        "queryString": query(url),
        "headersSize": -1,
        "bodySize": body.as_ref().map_or(0, bytes::Bytes::len),
    });
    if let Some(body) = body {
        let mime_type = header(headers, "content-type").unwrap_or("application/octet-stream");
        let text = String::from_utf8_lossy(body);
        let post_data = json!({"mimeType": mime_type, "text": redact::body(&text, mime_type), "params": []});
        put(&mut request, "postData", post_data);
    }
    request
}

fn response(exchange: &Exchange, state: &State) -> Value {
    let redirect = state
        .redirected_to
        .as_deref()
        .map(redact::url)
        .unwrap_or_default();
    let failure = match &state.ended {
        Some(Ended::Failed(why)) => Some(why.as_str()),
        Some(Ended::Finished) => None,
        // A page that never reads a body never lets it end; it was answered all the same.
        None if state.response.is_some() => None,
        None => Some("the run ended before it did"),
    };
    let mut written = match &state.response {
        None => no_response(),
        Some(head) => json!({
            "status": head.status,
            "statusText": head.status_text,
            "httpVersion": version(Some(head)),
            "cookies": response_cookies(&head.headers),
            "headers": written_headers(&head.headers),
            "content": content(head, state),
            "redirectURL": redirect,
            "headersSize": -1,
            "bodySize": match exchange.request.method.as_str() {
                "HEAD" => 0,
                _ => i64::try_from(state.encoded_bytes).unwrap_or(-1),
            },
            "_transferSize": state.encoded_bytes,
        }),
    };
    if let Some(why) = failure {
        put(&mut written, "_failureText", why);
    }
    written
}

/// As Playwright writes what had no response.
fn no_response() -> Value {
    json!({
        "status": -1, "statusText": "", "httpVersion": FALLBACK_VERSION, "cookies": [], "headers": [],
        "content": {"size": -1, "mimeType": "x-unknown"}, "redirectURL": "", "headersSize": -1, "bodySize": -1,
    })
}

fn content(head: &ResponseInfo, state: &State) -> Value {
    let mime_type = header(&head.headers, "content-type").unwrap_or(&head.mime_type);
    let mut content = json!({"size": state.decoded_bytes, "mimeType": mime_type});
    match &state.body {
        Kept::Whole(bytes) => {
            put(&mut content, "size", bytes.len());
            match std::str::from_utf8(bytes) {
                Ok(text) if is_text(mime_type) => {
                    put(&mut content, "text", redact::body(text, mime_type));
                }
                _ => {
                    put(&mut content, "text", STANDARD.encode(bytes));
                    put(&mut content, "encoding", "base64");
                }
            }
        }
        Kept::LeftOut(why) => put(&mut content, "comment", *why),
        Kept::Coming => put(&mut content, "comment", "the body did not come in time"),
        Kept::Nothing => {}
    }
    content
}

fn is_text(mime_type: &str) -> bool {
    let kind = mime_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    const TEXT: [&str; 6] = [
        "json",
        "xml",
        "javascript",
        "ecmascript",
        "graphql",
        "x-www-form-urlencoded",
    ];
    kind.starts_with("text/") || TEXT.iter().any(|part| kind.contains(part))
}

fn socket_entry(socket: &Socket) -> (f64, Value) {
    socket.look(|state| {
        let last = state.frames.last().map_or(state.wall_ms, |frame| frame.at_ms);
        let (status, words, headers) = state.response.clone().unwrap_or((0, String::new(), Vec::new()));
        let messages: Vec<Value> = (state.frames.iter())
            .map(|frame| {
                json!({
                    "type": if frame.sent { "send" } else { "receive" },
                    "time": frame.at_ms / 1e3,
                    "opcode": frame.opcode,
                    "data": redact::body(&frame.data, ""),
                })
            })
            .collect();
        let mut entry = json!({
            "startedDateTime": date_time(state.wall_ms),
            "time": (last - state.wall_ms).max(0.0),
            "request": {
                "method": "GET", "url": redact::url(&socket.url), "httpVersion": FALLBACK_VERSION,
                "cookies": request_cookies(&state.sent_headers), "headers": written_headers(&state.sent_headers),
                "queryString": query(&socket.url), "headersSize": -1, "bodySize": 0,
            },
            "response": {
                "status": status, "statusText": words, "httpVersion": FALLBACK_VERSION,
                "cookies": response_cookies(&headers), "headers": written_headers(&headers),
                "content": {"size": 0, "mimeType": "x-unknown"}, "redirectURL": "", "headersSize": -1, "bodySize": -1,
            },
            "cache": {},
            "timings": {"send": 0, "wait": 0, "receive": 0},
            "_resourceType": "websocket",
            "_webSocketMessages": messages,
        });
        if let Some(document) = socket.document {
            put(&mut entry, "pageref", page_id(document));
        }
        if state.dropped > 0 {
            let comment = format!("{} messages are left out: there were too many", state.dropped);
            put(&mut entry, "comment", comment);
        }
        if let Some(error) = &state.error {
            put(&mut entry, "_error", error.as_str());
        }
        (state.wall_ms, entry)
    })
}

fn written_headers(headers: &[Header]) -> Vec<Header> {
    headers.iter().map(redact::header).collect()
}

fn request_cookies(headers: &[Header]) -> Vec<Value> {
    let pairs = header(headers, "cookie")
        .into_iter()
        .flat_map(|value| value.split(';'));
    pairs
        .map(|pair| json!({"name": pair.split('=').next().unwrap_or_default().trim(), "value": redact::REDACTED}))
        .collect()
}

fn response_cookies(headers: &[Header]) -> Vec<Value> {
    let set = headers
        .iter()
        .filter(|header| header.name.eq_ignore_ascii_case("set-cookie"));
    set.flat_map(|header| header.value.lines())
        .map(set_cookie)
        .collect()
}

fn set_cookie(line: &str) -> Value {
    let mut parts = line.split(';');
    let name = parts
        .next()
        .and_then(|pair| pair.split('=').next())
        .unwrap_or_default();
    let mut cookie = json!({"name": name.trim(), "value": redact::REDACTED});
    for part in parts {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        match key.trim().to_ascii_lowercase().as_str() {
            "path" => put(&mut cookie, "path", value.trim()),
            "domain" => put(&mut cookie, "domain", value.trim()),
            "httponly" => put(&mut cookie, "httpOnly", true),
            "secure" => put(&mut cookie, "secure", true),
            "samesite" => put(&mut cookie, "sameSite", value.trim()),
            _ => {}
        }
    }
    cookie
}

fn query(address: &str) -> Vec<Value> {
    let Ok(url) = url::Url::parse(&redact::url(address)) else {
        return Vec::new();
    };
    url.query_pairs()
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect()
}

fn version(response: Option<&ResponseInfo>) -> String {
    match response
        .map(|response| response.protocol.to_ascii_lowercase())
        .as_deref()
    {
        None | Some("") => FALLBACK_VERSION.to_owned(),
        Some("h2") => "HTTP/2.0".to_owned(),
        Some("h3") => "HTTP/3.0".to_owned(),
        Some(other) => other.to_ascii_uppercase(),
    }
}

fn timings(exchange: &Exchange, state: &State) -> Value {
    let total = match state.ended {
        Some(_) => milliseconds(state.ended_at - exchange.began),
        None => 0.0,
    };
    let Some(timing) = state.response.as_ref().and_then(|response| response.timing) else {
        return json!({"send": 0, "wait": total, "receive": 0});
    };
    let Timing {
        dns_start,
        dns_end,
        connect_start,
        connect_end,
        ssl_start,
        ssl_end,
        send_start,
        send_end,
        headers_end,
    } = timing;
    let part = |from: f64, to: f64| {
        if from < 0.0 || to < from {
            -1.0
        } else {
            rounded(to - from)
        }
    };
    let first = [dns_start, connect_start, send_start]
        .into_iter()
        .find(|at| *at >= 0.0)
        .unwrap_or(0.0);
    json!({
        "blocked": rounded(first.max(0.0)),
        "dns": part(dns_start, dns_end),
        "connect": part(connect_start, connect_end),
        "ssl": part(ssl_start, ssl_end),
        "send": part(send_start, send_end).max(0.0),
        "wait": part(send_end, headers_end).max(0.0),
        "receive": rounded((total - headers_end).max(0.0)),
    })
}

/// Seconds in milliseconds, to a microsecond, not below zero.
fn milliseconds(seconds: f64) -> f64 {
    rounded((seconds * 1e3).max(0.0))
}

fn rounded(ms: f64) -> f64 {
    (ms * 1e3).round() / 1e3
}

/// A moment as ISO 8601 writes it, in UTC.
fn date_time(ms: f64) -> String {
    // Beyond the year 9999 there is nothing to be told apart.
    let ms = ms.clamp(0.0, 253_402_300_799_999.0);
    #[expect(clippy::cast_possible_truncation, reason = "clamped above")]
    let ms = ms as i64;
    let (days, of_day) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000));
    let (year, month, day) = civil(days);
    let (seconds, ms) = (of_day / 1_000, of_day % 1_000);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

/// Days since 1970 as year, month and day of the Gregorian calendar, counted in eras of 400 years that begin
/// in March.
const fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_iso_8601() {
        for (ms, expected) in [
            (0.0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_001.0, "2000-02-29T00:00:00.001Z"),
            (1_795_222_800_999.0, "2026-11-21T01:00:00.999Z"),
            (-5.0, "1970-01-01T00:00:00.000Z"),
            (f64::NAN, "1970-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(date_time(ms), expected);
        }
    }
}
