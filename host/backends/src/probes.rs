//! Whether services are there and know us: each is really asked, by a request that costs nothing and changes nothing. An
//! answer is hostile: little of it is read, and no key stands in what is told.

use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;
use tokio::net::{UdpSocket, UnixDatagram};
use url::Url;

use crate::browserbase::{self, ClientOptions, Kind};
use crate::causes::causes;
use flowguard_core::limits::MAX_PROBE_BYTES;
use flowguard_core::secrets::Secret;

/// How long the network may take to say that nobody listens where a datagram was sent.
const REFUSAL: Duration = Duration::from_millis(300);
/// The version of Anthropic's API that is spoken.
const ANTHROPIC_VERSION: &str = "2023-06-01";
/// A counter that says that somebody has looked.
const METRIC: &[u8] = b"flowguard.env.validate:1|c";

/// What a service has answered, in a few words.
pub type Answered = Result<String, Fault>;

/// Why a service cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {advice}")]
pub struct Fault {
    /// What happened, and where.
    pub reason: String,
    /// What to do.
    pub advice: String,
}

impl Fault {
    /// A fault.
    pub fn new(reason: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            advice: advice.into(),
        }
    }
}

/// Where the Datadog Agent takes traces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Agent {
    /// Over HTTP.
    Http(Url),
    /// Over HTTP through a Unix socket.
    Socket(PathBuf),
}

/// Where DogStatsD takes datagrams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stats {
    /// Over UDP: host and port.
    Udp(String, u16),
    /// Through a Unix socket.
    Socket(PathBuf),
}

/// Asks Anthropic for a model, or for one of all where none is named.
///
/// # Errors
/// Where nobody answers there, the key is refused, or there is no such model.
pub async fn anthropic(endpoint: &Url, key: &Secret, model: Option<&str>) -> Answered {
    let path = match model {
        Some(model) => below(endpoint, &["v1", "models", model]),
        None => below(endpoint, &["v1", "models"]),
    };
    let request = client()?
        .get(path)
        .query(&[("limit", "1")])
        .header("x-api-key", secret(key)?)
        .header("anthropic-version", ANTHROPIC_VERSION);
    let service = Service {
        name: "Anthropic",
        key: "ANTHROPIC_API_KEY",
    };
    let missing = "check `vision.model`: there is no such model for this key";
    let answer = service.json(request, missing).await?;
    match (model, answer["data"].is_array()) {
        (Some(_), _) if answer["id"].is_string() => Ok(format!("model {}", short(&answer["id"]))),
        (None, true) => Ok("the key is good".to_owned()),
        _ => Err(service.other_than("a model")),
    }
}

/// Asks Browserbase for the project, or for all of them where none is named.
///
/// # Errors
/// Where nobody answers there, the key is refused, or there is no such project.
pub async fn browserbase(endpoint: &Url, key: &Secret, project: Option<&str>) -> Answered {
    let options = ClientOptions::new(endpoint.clone(), key.clone());
    let fault = |error: browserbase::Error| {
        let advice = match (error.kind, project) {
            (Kind::NotFound, Some(_)) => {
                "check BROWSERBASE_PROJECT_ID: there is no such project for this key"
            }
            (kind, _) => kind.advice(),
        };
        Fault::new(format!("Browserbase: {}", error.message), advice)
    };
    let client = browserbase::Client::new(options).map_err(fault)?;
    match project {
        Some(project) => {
            let project = client.project(project).await.map_err(fault)?;
            Ok(format!("project {}", short(&Value::from(project.name))))
        }
        None => Ok(format!(
            "{} projects",
            client.projects().await.map_err(fault)?.len()
        )),
    }
}

/// Asks Phoenix whether it is well, and which version it is.
///
/// # Errors
/// Where nobody answers there, the key is refused, or it is no Phoenix.
pub async fn phoenix(endpoint: &Url, key: Option<&Secret>) -> Answered {
    let service = Service {
        name: "Phoenix",
        key: "PHOENIX_API_KEY",
    };
    let client = client()?;
    let ask = |path: &str| {
        let request = client.get(below(endpoint, &[path]));
        match key {
            Some(key) => request.bearer_auth(key.reveal()),
            None => request,
        }
    };
    let missing = "check PHOENIX_ENDPOINT: it is the address of Phoenix itself, without a path for traces";
    service.text(ask("healthz"), missing).await?;
    let version = service.text(ask("arize_phoenix_version"), missing).await?;
    match version.trim() {
        version if is_version(version) => Ok(format!("Phoenix {version}")),
        _ => Err(service.other_than("its version")),
    }
}

/// Asks the Datadog Agent what it is.
///
/// # Errors
/// Where nobody answers there, or it is no Agent.
pub async fn datadog_agent(agent: &Agent) -> Answered {
    let service = Service {
        name: "the Datadog Agent",
        key: "DD_API_KEY",
    };
    let (client, url) = match agent {
        Agent::Http(url) => (client()?, below(url, &["info"])),
        Agent::Socket(path) => {
            let client = builder()
                .unix_socket(path.as_path())
                .build()
                .map_err(|error| Fault::new(error.to_string(), "check DD_TRACE_AGENT_URL"))?;
            let url = Url::parse("http://localhost/info")
                .map_err(|error| Fault::new(error.to_string(), "please report it"))?;
            (client, url)
        }
    };
    let missing = "check DD_TRACE_AGENT_URL or DD_AGENT_HOST: an Agent answers at /info";
    let answer = service.json(client.get(url), missing).await?;
    match &answer["version"] {
        Value::String(_) => Ok(format!("Agent {}", short(&answer["version"]))),
        _ => Err(service.other_than("what it is")),
    }
}

/// Sends DogStatsD a counter. Over UDP nobody says that it has come; that nobody listens can be heard.
///
/// # Errors
/// Where it cannot be sent, or nobody listens.
pub async fn dogstatsd(stats: &Stats) -> Answered {
    let advice = "check DD_DOGSTATSD_URL or DD_AGENT_HOST, and that the Agent runs with DogStatsD";
    match stats {
        Stats::Udp(host, port) => {
            let place = format!("udp://{host}:{port}");
            let told = |error: std::io::Error| Fault::new(format!("{place}: {error}"), advice);
            let host = host.trim_matches(['[', ']']);
            let mut addresses = tokio::net::lookup_host((host, *port)).await.map_err(told)?;
            let address = addresses
                .next()
                .ok_or_else(|| Fault::new(format!("{place} has no address"), advice))?;
            let own = if address.is_ipv6() { "[::]:0" } else { "0.0.0.0:0" };
            let socket = UdpSocket::bind(own).await.map_err(told)?;
            socket.connect(address).await.map_err(told)?;
            socket.send(METRIC).await.map_err(told)?;
            match tokio::time::timeout(REFUSAL, socket.recv(&mut [0; 1])).await {
                Ok(Err(error)) if error.kind() == ErrorKind::ConnectionRefused => {
                    Err(Fault::new(format!("{place}: nobody listens"), advice))
                }
                _ => Ok("sent; UDP does not tell whether it came".to_owned()),
            }
        }
        Stats::Socket(path) => {
            let told = |error: std::io::Error| Fault::new(format!("{}: {error}", path.display()), advice);
            let socket = UnixDatagram::unbound().map_err(told)?;
            socket.connect(path).map_err(told)?;
            socket.send(METRIC).await.map_err(told)?;
            Ok("sent and taken".to_owned())
        }
    }
}

/// Who is asked over HTTP.
struct Service {
    name: &'static str,
    /// The variable of its key.
    key: &'static str,
}

impl Service {
    async fn json(&self, request: RequestBuilder, missing: &str) -> Result<Value, Fault> {
        let text = self.text(request, missing).await?;
        serde_json::from_str(&text).map_err(|_| self.other_than("JSON"))
    }

    /// The beginning of what is answered well.
    async fn text(&self, request: RequestBuilder, missing: &str) -> Result<String, Fault> {
        let name = self.name;
        let answer = request.send().await.map_err(|error| {
            Fault::new(
                format!("{name} was not reached: {}", causes(&error.without_url())),
                "check its address and the network",
            )
        })?;
        let status = answer.status();
        let advice = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => format!("check {}", self.key),
            StatusCode::NOT_FOUND => missing.to_owned(),
            StatusCode::TOO_MANY_REQUESTS => "wait, and try again".to_owned(),
            status if status.is_server_error() => format!("try again later: it is a fault of {name}"),
            _ => "check its address".to_owned(),
        };
        if !status.is_success() {
            return Err(Fault::new(format!("{name} answered {status}"), advice));
        }
        beginning(answer).await.map_err(|error| {
            Fault::new(
                format!("{name} broke off: {}", causes(&error.without_url())),
                "try again later",
            )
        })
    }

    fn other_than(&self, expected: &str) -> Fault {
        let reason = format!("{} answered something other than {expected}", self.name);
        Fault::new(reason, "check its address: another server may be there")
    }
}

/// An answer's first bytes.
async fn beginning(mut answer: Response) -> Result<String, reqwest::Error> {
    let mut bytes = Vec::new();
    while bytes.len() < MAX_PROBE_BYTES
        && let Some(chunk) = answer.chunk().await?
    {
        bytes.extend_from_slice(&chunk);
    }
    bytes.truncate(MAX_PROBE_BYTES);
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn builder() -> reqwest::ClientBuilder {
    // A redirect would carry the key elsewhere; the caller's deadline ends what takes too long.
    Client::builder().redirect(reqwest::redirect::Policy::none())
}

fn client() -> Result<Client, Fault> {
    builder()
        .build()
        .map_err(|error| Fault::new(error.to_string(), "please report it"))
}

/// A key as a header, which no log shows.
fn secret(key: &Secret) -> Result<reqwest::header::HeaderValue, Fault> {
    let mut value = reqwest::header::HeaderValue::from_str(key.reveal())
        .map_err(|_| Fault::new("the key has characters that no header can have", "check the key"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// An address below another, whatever is in its parts.
fn below(endpoint: &Url, parts: &[&str]) -> Url {
    let mut url = endpoint.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(parts);
    }
    url
}

/// A text of an answer, in few characters.
fn short(value: &Value) -> String {
    let text = value.as_str().unwrap_or("without a name");
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}

fn is_version(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
        && text.len() <= 40
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || ".-+".contains(c))
}
