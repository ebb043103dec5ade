//! The way from a browser in a cloud to applications that only this machine reaches: requests to listed origins are held up
//! in the browser, made from here, and their answers given to the page. Nothing that is not listed is reachable: the page's
//! word for where it wants to go is compared by scheme, host and port, and redirects are the browser's to follow.
//!
//! An answer is given whole, when it is there. What takes long or never ends comes to a page's `fetch` piece by piece
//! ([`held`]), and by WebSockets and event sources, for which pages get stand-ins ([`streams`]). Not seen here, and so not
//! led through: what service workers fetch.

mod held;
mod streams;

use chromiumoxide::cdp::browser_protocol::network::{CookieSameSite, GetCookiesParams};
use futures::StreamExt;
use held::{Held, HeldAnswers};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, redirect};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

use crate::browser::connection::cdp::Session;
use crate::causes::causes;
use flowguard_core::browser::network::{AbortReason, Body, Decision, Fulfilment, Header, RequestInfo};
use flowguard_core::limits::{MAX_TUNNELLED_BYTES, TUNNEL_STREAMS_AFTER, TUNNEL_TIMEOUT};

pub(super) use streams::follow;

/// Redirects that a question for a status follows.
const MAX_REDIRECTS: u32 = 20;
/// Headers of an answer that hold of the way to us only.
const OF_THE_WAY: [&str; 5] = [
    "connection",
    "content-length",
    "keep-alive",
    "proxy-authenticate",
    "transfer-encoding",
];

/// Origins that are reached from here.
#[derive(Debug)]
pub(super) struct Tunnel {
    /// As `http://host:port`, without the port where it is the scheme's.
    origins: BTreeSet<String>,
    http: Client,
    /// Those that have begun and not ended, until their pages take them.
    held: Arc<HeldAnswers>,
}

impl Tunnel {
    /// The way to these origins.
    ///
    /// # Errors
    /// What is no origin.
    pub(super) fn to(origins: &[String], http: &Client) -> Result<Arc<Self>, String> {
        let read = |text: &String| {
            let url = Url::parse(text).map_err(|error| format!("{text}: {error}"))?;
            origin_of(&url).ok_or_else(|| format!("{text} is no address of http or https"))
        };
        let origins: Result<BTreeSet<String>, String> = origins.iter().map(read).collect();
        Ok(Arc::new(Self {
            origins: origins?,
            http: http.clone(),
            held: Arc::default(),
        }))
    }

    /// Who makes the requests, of all tunnels: to make one takes a while.
    ///
    /// # Errors
    /// What TLS lacks on this machine.
    pub(super) fn client() -> Result<Client, String> {
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            // What is private is reached directly.
            .no_proxy()
            .connect_timeout(TUNNEL_TIMEOUT)
            .build();
        client.map_err(|error| error.to_string())
    }

    /// Whether an address is reached this way.
    pub(super) fn leads_to(&self, url: &Url) -> bool {
        origin_of(url).is_some_and(|origin| self.origins.contains(&origin))
    }

    /// Makes a request from here; what the page gets.
    pub(super) async fn serve(&self, session: &Session, request: &RequestInfo) -> Decision {
        let refused = |reason| Decision::Abort { reason };
        let Ok(url) = Url::parse(&request.url) else {
            return refused(AbortReason::Failed);
        };
        // Whatever changed the address since must not lead elsewhere.
        if !self.leads_to(&url) {
            return refused(AbortReason::BlockedByClient);
        }
        match self.answer(session, &url, request).await {
            Ok(answer) => Decision::Fulfil(answer),
            Err(Failed::Connect(why)) => {
                tracing::info!(origin = origin_of(&url), %why, "an application was not reached through the tunnel");
                refused(AbortReason::ConnectionRefused)
            }
            Err(Failed::Other(why)) => {
                tracing::info!(origin = origin_of(&url), %why, "no answer came through the tunnel");
                refused(AbortReason::Failed)
            }
        }
    }

    /// What an address answers, where it is reached this way: its status, or why none came.
    pub(super) async fn probe(&self, session: &Session, address: &str) -> Option<Result<u16, String>> {
        let mut url = Url::parse(address).ok().filter(|url| self.leads_to(url))?;
        for _ in 0..MAX_REDIRECTS {
            let cookies = cookies(session, &url, true).await;
            let mut asked = self.http.get(url.clone()).timeout(TUNNEL_TIMEOUT);
            if let Some(cookies) = cookies {
                asked = asked.header("cookie", cookies);
            }
            let answer = match asked.send().await {
                Ok(answer) => answer,
                Err(error) => return Some(Err(causes(&error.without_url()))),
            };
            let to = answer.headers().get("location").and_then(|to| to.to_str().ok());
            let to = to.and_then(|to| url.join(to).ok());
            match to.filter(|_| answer.status().is_redirection()) {
                None => return Some(Ok(answer.status().as_u16())),
                // It leads out of the tunnel: what is there is the browser's to say.
                Some(to) if !self.leads_to(&to) => return None,
                Some(to) => url = to,
            }
        }
        Some(Err("it redirects again and again".to_owned()))
    }

    async fn answer(
        &self,
        session: &Session,
        url: &Url,
        request: &RequestInfo,
    ) -> Result<Fulfilment, Failed> {
        let other = |why: &str| Failed::Other(why.to_owned());
        let method = Method::from_bytes(request.method.as_bytes()).map_err(|_| other("the method"))?;
        let mut headers = headers(session, url, request).await;
        let token = held::taken_from(&mut headers);
        let deadline = Instant::now() + TUNNEL_TIMEOUT;
        let mut asked = self.http.request(method, url.clone()).headers(headers);
        if let Some(body) = &request.body {
            asked = asked.body(body.clone());
        }
        let late = |_| Failed::Other("it took too long".to_owned());
        let answer = tokio::time::timeout_at(deadline, asked.send());
        let answer = answer.await.map_err(late)?.map_err(|error| {
            let why = causes(&error.without_url());
            Failed::Connect(why)
        })?;
        let waits = if held::is_stream(&answer) {
            Duration::ZERO
        } else {
            TUNNEL_STREAMS_AFTER
        };
        let streams_at = Instant::now() + waits;
        let status = answer.status().as_u16();
        let headers = answer.headers().iter().filter_map(|(name, value)| {
            let is_ours = OF_THE_WAY.contains(&name.as_str());
            let value = value.to_str().ok().filter(|_| !is_ours)?;
            Some(Header::new(name.as_str(), value))
        });
        let mut headers: Vec<Header> = headers.collect();
        let mut body = Vec::new();
        let mut chunks = answer.bytes_stream().boxed();
        loop {
            let until = if token.is_some() { streams_at } else { deadline };
            let chunk = match tokio::time::timeout_at(until, chunks.next()).await {
                Ok(None) => break,
                Ok(Some(chunk)) => chunk.map_err(|error| Failed::Other(causes(&error.without_url())))?,
                Err(late_now) => match token {
                    Some(token) => {
                        let begun = std::mem::take(&mut body);
                        headers.extend(self.held.hold(token, Held::new(begun, chunks)));
                        break;
                    }
                    None => return Err(late(late_now)),
                },
            };
            if body.len() + chunk.len() > MAX_TUNNELLED_BYTES {
                return Err(other("the answer is too large"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Fulfilment {
            status,
            headers,
            body: Body(body.into()),
        })
    }
}

enum Failed {
    Connect(String),
    Other(String),
}

/// An address's origin, as of HTTP where it is a WebSocket's.
fn origin_of(url: &Url) -> Option<String> {
    let scheme = match url.scheme() {
        "http" | "ws" => "http",
        "https" | "wss" => "https",
        _ => return None,
    };
    let port = url.port_or_known_default()?;
    Some(format!("{scheme}://{}:{port}", url.host_str()?))
}

/// What the page's side has set, and the browser's cookies, which it adds only to what it sends itself.
async fn headers(session: &Session, url: &Url, request: &RequestInfo) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for Header { name, value } in &request.headers {
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            headers.append(name, value);
        }
    }
    // What comes is handed on as it is.
    headers.insert("accept-encoding", HeaderValue::from_static("identity"));
    let from = headers.get("origin").or_else(|| headers.get("referer"));
    let from = from.and_then(|from| Url::parse(from.to_str().ok()?).ok());
    let is_same_site = from.is_none_or(|from| from.host_str() == url.host_str());
    if let Some(cookies) = cookies(session, url, is_same_site || request.is_navigation).await {
        headers.insert("cookie", cookies);
    }
    headers
}

/// The cookies for an address. Those of the same site only go where the request comes from there.
async fn cookies(session: &Session, url: &Url, is_same_site: bool) -> Option<HeaderValue> {
    let asked = session.call(&GetCookiesParams {
        urls: Some(vec![url.to_string()]),
    });
    let cookies = asked.await.ok()?.cookies;
    let goes = |same_site: &Option<CookieSameSite>| is_same_site || *same_site == Some(CookieSameSite::None);
    let pairs: Vec<String> = cookies
        .iter()
        .filter(|cookie| goes(&cookie.same_site))
        .map(|cookie| format!("{}={}", cookie.name, cookie.value))
        .collect();
    (!pairs.is_empty()).then(|| HeaderValue::from_str(&pairs.join("; ")).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leads(to: &str) -> bool {
        let origins = [
            "http://localhost:3000".to_owned(),
            "https://intranet.example".to_owned(),
        ];
        let tunnel = Tunnel::to(&origins, &Tunnel::client().expect("a client")).expect("origins");
        tunnel.leads_to(&to.parse().expect("an address"))
    }

    #[test]
    fn a_tunnel_leads_to_what_is_listed_and_nowhere_else() {
        for there in [
            "http://localhost:3000/a?b",
            "ws://localhost:3000/socket",
            "https://intranet.example:443/",
            "wss://intranet.example/",
        ] {
            assert!(leads(there), "{there}");
        }
        for elsewhere in [
            "http://localhost:3001/",
            "https://localhost:3000/",
            "http://127.0.0.1:3000/",
            "http://localhost.evil.example:3000/",
            "http://intranet.example/",
            "https://localhost:3000@evil.example/",
            "file:///etc/passwd",
            "http://169.254.169.254/",
        ] {
            assert!(!leads(elsewhere), "{elsewhere}");
        }
        let client = Tunnel::client().expect("a client");
        assert!(Tunnel::to(&["localhost:3000".to_owned()], &client).is_err());
    }
}
