//! How a call goes over the wire: with the key, tried three times at most, its answer bounded and checked. Never which call
//! may be repeated without harm: that is the caller's to know.

use bytes::Bytes;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder, Response};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;
use url::Url;

use super::client::ClientOptions;
use super::error::{Error, Kind};
use super::retry::{TRIES, asked_to, pause};
use crate::causes::causes;
use crate::random;
use flowguard_core::limits::MAX_CLOUD_ANSWER_BYTES;
use flowguard_core::secrets::Secret;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What makes the calls.
#[derive(Clone, Debug)]
pub(super) struct Transport {
    http: reqwest::Client,
    /// Goes with each call, and with no link that leads elsewhere.
    key: HeaderValue,
    endpoint: Url,
}

/// A call, before it is made.
pub(super) struct Call<'a> {
    pub(super) method: Method,
    /// The parts of the path after `/v1`.
    pub(super) path: &'a [&'a str],
    pub(super) query: &'a [(&'a str, &'a str)],
    pub(super) body: Option<Value>,
    /// A file in a form, instead of a body: its name, and what it holds.
    pub(super) file: Option<(&'a str, Bytes)>,
    pub(super) accept: &'static str,
    pub(super) limit: usize,
}

impl<'a> Call<'a> {
    pub(super) const fn new(method: Method, path: &'a [&'a str]) -> Self {
        Self {
            method,
            path,
            query: &[],
            body: None,
            file: None,
            accept: "application/json",
            limit: MAX_CLOUD_ANSWER_BYTES,
        }
    }

    pub(super) const fn get(path: &'a [&'a str]) -> Self {
        Self::new(Method::GET, path)
    }

    fn name(&self) -> String {
        format!("{} /v1/{}", self.method, self.path.join("/"))
    }
}

/// A try that failed, and what the answer's head said.
pub(super) struct Failed {
    pub(super) error: Error,
    headers: Option<HeaderMap>,
}

impl Transport {
    /// Nothing is asked yet.
    pub(super) fn new(options: ClientOptions) -> Result<Self, Error> {
        let wrong = |kind, why: &str| Error::new(kind, "a client", why);
        let mut key = HeaderValue::from_str(options.key.reveal()).map_err(|_| {
            wrong(
                Kind::Unauthorized,
                "the key has characters that no header can have",
            )
        })?;
        key.set_sensitive(true);
        let http = reqwest::Client::builder()
            .user_agent(concat!("flowguard/", env!("CARGO_PKG_VERSION")))
            .timeout(options.timeout)
            // A redirect would carry the key elsewhere, and a link leads to where it says.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| wrong(Kind::Unreachable, &error.to_string()))?;
        Ok(Self {
            http,
            key,
            endpoint: options.endpoint,
        })
    }

    pub(super) async fn call<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T, Error> {
        let bytes = self.bytes_of(&call).await?;
        parsed(&call, &bytes)
    }

    pub(super) async fn bytes(&self, call: Call<'_>) -> Result<Bytes, Error> {
        self.bytes_of(&call).await
    }

    /// Makes a call that may be repeated.
    async fn bytes_of(&self, call: &Call<'_>) -> Result<Bytes, Error> {
        let mut tries = 1;
        loop {
            let failed = match self.answer(call).await {
                Ok(bytes) => return Ok(bytes),
                Err(failed) => failed,
            };
            let Some(pause) = failed.again(tries) else {
                return Err(failed.error);
            };
            tokio::time::sleep(pause).await;
            tries += 1;
        }
    }

    pub(super) async fn once<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<T, Failed> {
        let bytes = self.answer(call).await?;
        parsed(call, &bytes).map_err(|error| Failed { error, headers: None })
    }

    /// One try.
    async fn answer(&self, call: &Call<'_>) -> Result<Bytes, Failed> {
        let name = call.name();
        let failed = |kind, message: &str| Failed {
            error: Error::new(kind, &name, message),
            headers: None,
        };
        let sent = self.request(call).send().await.map_err(|error| {
            let kind = if error.is_connect() || error.is_builder() {
                Kind::Unreachable
            } else {
                Kind::Lost
            };
            failed(kind, &causes(&error.without_url()))
        })?;
        let (status, headers) = (sent.status(), sent.headers().clone());
        let body = beginning(sent, call.limit).await;
        if status.is_success() {
            return match body {
                Ok(Some(bytes)) => Ok(bytes),
                Ok(None) => Err(failed(
                    Kind::Malformed,
                    &format!("more than {} bytes came", call.limit),
                )),
                Err(error) => Err(failed(Kind::Lost, &causes(&error.without_url()))),
            };
        }
        let said = body.ok().flatten().unwrap_or_default();
        let said = serde_json::from_slice::<Value>(&said).unwrap_or_default();
        let said = said["message"]
            .as_str()
            .map_or_else(|| "without a word".to_owned(), str::to_owned);
        Err(Failed {
            headers: Some(headers),
            ..failed(Kind::of(status), &format!("{status}: {said}"))
        })
    }

    /// What is behind a link, which may lead to another host: without the key, and without telling the link.
    pub(super) async fn fetch(&self, link: &Secret, limit: usize) -> Result<Bytes, Error> {
        let failed = |kind, message: &str| Error::new(kind, "a download", message);
        let leads_there = Url::parse(link.reveal())
            .is_ok_and(|link| link.scheme() == "https" || link.origin() == self.endpoint.origin());
        if !leads_there {
            return Err(failed(
                Kind::Malformed,
                "its link leads neither to the service nor anywhere by https",
            ));
        }
        let asked = self.http.get(link.reveal()).send();
        let lost = |error: reqwest::Error| failed(Kind::Lost, &causes(&error.without_url()));
        let answer = asked.await.map_err(lost)?;
        let status = answer.status();
        if !status.is_success() {
            return Err(failed(Kind::of(status), &status.to_string()));
        }
        let bytes = beginning(answer, limit).await.map_err(lost)?;
        bytes.ok_or_else(|| failed(Kind::Malformed, &format!("more than {limit} bytes came")))
    }

    fn request(&self, call: &Call<'_>) -> RequestBuilder {
        let mut url = self.endpoint.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push("v1").extend(call.path);
        }
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(call.query);
        }
        let request = self
            .http
            .request(call.method.clone(), url)
            .header("x-bb-api-key", self.key.clone())
            .header(ACCEPT, call.accept);
        if let Some((name, bytes)) = &call.file {
            let part =
                Part::stream_with_length(bytes.clone(), bytes.len() as u64).file_name((*name).to_owned());
            let typed = part.mime_str("application/octet-stream");
            // A type that is none would leave the part without one.
            let form = typed.map_or_else(|_| Form::new(), |part| Form::new().part("file", part));
            return request.multipart(form);
        }
        match &call.body {
            Some(body) => request.header(CONTENT_TYPE, JSON).body(body.to_string()),
            None if call.method == Method::POST => request.header(CONTENT_TYPE, JSON).body(""),
            None => request,
        }
    }
}

impl Failed {
    /// The pause before it is tried again, where it is.
    pub(super) fn again(&self, tries: u32) -> Option<Duration> {
        let is_asked = self.headers.as_ref().and_then(asked_to);
        let is_worth_it = is_asked.unwrap_or_else(|| self.error.kind.is_retryable());
        (is_worth_it && tries < TRIES).then(|| pause(self.headers.as_ref(), tries, drawn()))
    }
}

fn parsed<T: DeserializeOwned>(call: &Call<'_>, bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|error| {
        // The reader's own message may quote what it has read.
        let why = format!(
            "the answer is not what is expected, at line {}, column {}",
            error.line(),
            error.column()
        );
        Error::new(Kind::Malformed, &call.name(), &why)
    })
}

/// An answer's bytes; none where there are more than these.
async fn beginning(mut answer: Response, limit: usize) -> Result<Option<Bytes>, reqwest::Error> {
    let mut bytes = bytes::BytesMut::new();
    while let Some(chunk) = answer.chunk().await? {
        if bytes.len() + chunk.len() > limit {
            return Ok(None);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Some(bytes.freeze()))
}

/// A number from 0 to 1 that nobody else has at the same time.
fn drawn() -> f64 {
    f64::from(u32::try_from(random::number() >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}
