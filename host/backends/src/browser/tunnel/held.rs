//! Answers that have begun and not ended: their heads are given to the page as answers without a body, and the page's
//! stand-in for `fetch` takes the bodies piece by piece. Which is whose is told by a name that the stand-in has drawn and
//! that nobody else knows: it comes with the request, as a kind of answer that is accepted.

use bytes::Bytes;
use futures::stream::BoxStream;
use reqwest::Response;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flowguard_core::browser::network::Header;
use flowguard_core::limits::{MAX_TUNNELLED_STREAMS, TUNNEL_TIMEOUT};

/// What is accepted besides, with a name of 32 hexadecimal digits behind it.
const MARK: &str = ", x-flowguard/";
/// Characters of a name.
const TOKEN: usize = 32;
/// Says to the stand-in that the body is to be taken.
const STREAMED: &str = "x-flowguard-streamed";

/// An answer's body: what has come of it, and what comes.
pub(super) struct Held {
    pub(super) begun: Bytes,
    pub(super) rest: BoxStream<'static, reqwest::Result<Bytes>>,
}

impl Held {
    pub(super) fn new(begun: Vec<u8>, rest: BoxStream<'static, reqwest::Result<Bytes>>) -> Self {
        Self {
            begun: begun.into(),
            rest,
        }
    }
}

/// Those of a tunnel.
#[derive(Default)]
pub(super) struct HeldAnswers(Mutex<HashMap<String, Held>>);

impl std::fmt::Debug for HeldAnswers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} answers", self.lock().len())
    }
}

impl HeldAnswers {
    /// Holds an answer until it is taken, or nobody has for a while; what its head says besides.
    pub(super) fn hold(self: &Arc<Self>, token: String, held: Held) -> Vec<Header> {
        {
            let mut all = self.lock();
            // A page that takes none gets no more.
            if all.len() < MAX_TUNNELLED_STREAMS {
                all.insert(token.clone(), held);
            }
        }
        let this = Arc::downgrade(self);
        tokio::spawn(async move {
            tokio::time::sleep(TUNNEL_TIMEOUT).await;
            if let Some(this) = this.upgrade() {
                this.take(&token);
            }
        });
        vec![
            Header::new(STREAMED, "1"),
            // Where it comes from another origin, the stand-in sees it all the same.
            Header::new("access-control-expose-headers", STREAMED),
        ]
    }

    pub(super) fn take(&self, token: &str) -> Option<Held> {
        self.lock().remove(token)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name that a request has, which the server does not get to see.
pub(super) fn taken_from(headers: &mut HeaderMap) -> Option<String> {
    let accepted = headers.get(ACCEPT)?.to_str().ok()?;
    let (before, token) = accepted.rsplit_once(MARK)?;
    let is_token = token.len() == TOKEN && token.bytes().all(|b| b.is_ascii_hexdigit());
    let (before, token) = (HeaderValue::from_str(before).ok()?, token.to_owned());
    headers.insert(ACCEPT, before);
    is_token.then_some(token)
}

/// Whether it is made to come piece by piece.
pub(super) fn is_stream(answer: &Response) -> bool {
    let kind = answer.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    ["text/event-stream", "application/x-ndjson", "application/jsonl"]
        .iter()
        .any(|stream| kind.starts_with(stream))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_from_what_is_accepted() {
        let token = "0123456789abcdef0123456789abcdef";
        let taken = |accepted: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_str(accepted).expect("a value"));
            let token = taken_from(&mut headers);
            let left = headers[ACCEPT].to_str().expect("text").to_owned();
            (token, left)
        };
        let marked = taken(&format!("text/html, */*, x-flowguard/{token}"));
        assert_eq!(marked, (Some(token.to_owned()), "text/html, */*".to_owned()));
        assert_eq!(taken("*/*"), (None, "*/*".to_owned()));
        assert_eq!(taken("*/*, x-flowguard/short"), (None, "*/*".to_owned()));
    }
}
