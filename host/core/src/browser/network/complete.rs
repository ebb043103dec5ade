//! A decision, completed for the request that it is taken on: what the browser needs beside what was asked for,
//! and what it would refuse, as Playwright does it.

use super::decision::{AbortReason, Changes, Decision, Fulfilment};
use super::words::{Body, Header, RequestInfo, header, invalid};
use crate::failure::Failure;

/// The decision that what cannot be answered fails.
pub(super) const fn abort() -> Decision {
    Decision::Abort {
        reason: AbortReason::Failed,
    }
}

/// The scheme cannot be changed on the way.
pub(super) fn check_scheme(url: &str, old: &str) -> Result<(), Failure> {
    let scheme = |url: &str| url.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    if scheme(url) == scheme(old) {
        return Ok(());
    }
    Err(invalid(format!(
        "a request may go on to another address of the same scheme only: {old} to {url}"
    )))
}

/// A decision as the browser needs it for this request.
pub(super) fn completed(decision: &Decision, request: &RequestInfo) -> Decision {
    match decision {
        Decision::Fulfil(response) => Decision::Fulfil(Fulfilment {
            headers: response_headers(response, request),
            ..response.clone()
        }),
        Decision::Continue(changes) => {
            if changes
                .url
                .as_ref()
                .is_some_and(|url| check_scheme(url, &request.url).is_err())
            {
                return abort();
            }
            Decision::Continue(Changes {
                headers: changes
                    .headers
                    .as_ref()
                    .map(|wanted| request_headers(wanted, &request.headers)),
                ..changes.clone()
            })
        }
        Decision::Abort { .. } => decision.clone(),
    }
}

/// A page of another origin may read what a route answers, unless the route says otherwise.
fn response_headers(response: &Fulfilment, request: &RequestInfo) -> Vec<Header> {
    let mut headers = response.headers.clone();
    if !response.body.0.is_empty() && header(&headers, "content-length").is_none() {
        headers.push(Header::new("content-length", response.body.0.len().to_string()));
    }
    let Some(origin) = header(&request.headers, "origin") else {
        return headers;
    };
    let own = url::Url::parse(&request.url).map(|url| url.origin().ascii_serialization());
    let is_web = request.url.starts_with("http");
    if is_web
        && own.as_deref() != Ok(origin.trim())
        && header(&headers, "access-control-allow-origin").is_none()
    {
        headers.push(Header::new("access-control-allow-origin", origin));
        headers.push(Header::new("access-control-allow-credentials", "true"));
        headers.push(Header::new("vary", "Origin"));
    }
    headers
}

/// The headers of a request that goes on: those wanted, but for those that are the browser's own affair.
fn request_headers(wanted: &[Header], original: &[Header]) -> Vec<Header> {
    let wanted = wanted.iter().filter(|header| !is_browsers_own(&header.name));
    let kept = original
        .iter()
        .filter(|header| is_browsers_own(&header.name) && !header.name.eq_ignore_ascii_case("cookie"));
    wanted.chain(kept).cloned().collect()
}

/// The forbidden request headers of the fetch standard.
fn is_browsers_own(name: &str) -> bool {
    const OWN: [&str; 20] = [
        "accept-charset",
        "accept-encoding",
        "access-control-request-headers",
        "access-control-request-method",
        "connection",
        "content-length",
        "cookie",
        "date",
        "dnt",
        "expect",
        "host",
        "keep-alive",
        "origin",
        "set-cookie",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
        "access-control-request-private-network",
    ];
    let name = name.to_ascii_lowercase();
    OWN.contains(&name.as_str()) || name.starts_with("proxy-") || name.starts_with("sec-")
}

/// The answer to a preflight while routes are set: the request itself is what they decide on.
pub(super) fn consent(asked: &[Header]) -> Fulfilment {
    let asked_for = |name: &str, otherwise: &str| header(asked, name).unwrap_or(otherwise).to_owned();
    let mut headers = vec![
        Header::new("Access-Control-Allow-Origin", asked_for("origin", "*")),
        Header::new(
            "Access-Control-Allow-Methods",
            asked_for("access-control-request-method", "GET, POST, OPTIONS, DELETE"),
        ),
        Header::new("Access-Control-Allow-Credentials", "true"),
    ];
    if let Some(names) = header(asked, "access-control-request-headers") {
        headers.push(Header::new("Access-Control-Allow-Headers", names));
    }
    Fulfilment {
        status: 204,
        headers,
        body: Body::default(),
    }
}
