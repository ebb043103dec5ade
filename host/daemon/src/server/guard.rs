//! Who may ask: whoever has the key, from this machine, and no page of another origin. A page that somebody opens in
//! their browser can send requests to the loopback too; it must not be able to start anything here.
//!
//! No cookie: cookies know no ports, so a browser would hand one to every other server of this machine, the application
//! under test first.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use super::problem::Problem;

/// The file in the data folder that holds the token.
const TOKEN_FILE: &str = "server.token";

/// What is asked of every request.
#[derive(Clone)]
pub(crate) struct Access {
    address: SocketAddr,
    key: Key,
}

/// What only those have who may ask.
#[derive(Clone)]
enum Key {
    /// Sent as a bearer (RFC 6750).
    Token(Arc<str>),
    /// The first part of every path.
    Path(Arc<str>),
}

/// The token of a server on this data folder, if one was ever started there.
pub(crate) fn token_in(data: &Path) -> Option<String> {
    let text = std::fs::read_to_string(data.join(TOKEN_FILE)).ok()?;
    Some(text.trim().to_owned())
}

impl Access {
    /// For programs: with the token of this data folder, which is made where there is none. Only its owner may read it.
    pub(crate) fn by_token(data: &Path, address: SocketAddr) -> std::io::Result<Self> {
        let token = match token_in(data) {
            Some(token) if token.len() >= 32 => token,
            _ => make(data)?,
        };
        let key = Key::Token(token.into());
        Ok(Self { address, key })
    }

    /// For a person: with a link that is another one at each start.
    pub(crate) fn by_link(address: SocketAddr) -> std::io::Result<Self> {
        let key = Key::Path(random()?.into());
        Ok(Self { address, key })
    }

    /// What every path begins with, without a slash at its end.
    pub(super) fn prefix(&self) -> String {
        match &self.key {
            Key::Token(_) => String::new(),
            Key::Path(key) => format!("/{key}"),
        }
    }

    /// The link by which a person gets in.
    pub(crate) fn link(&self) -> String {
        format!("http://{}{}/", self.address, self.prefix())
    }

    fn allows(&self, path: &str, headers: &HeaderMap) -> Result<(), Problem> {
        let (given, key, detail) = match &self.key {
            Key::Token(_) if matches!(path, "/health" | "/ready") => return Ok(()),
            Key::Token(token) => (
                bearer(headers),
                token,
                "give the token of the server's data folder as `authorization: Bearer …`",
            ),
            Key::Path(key) => (
                path.split('/').nth(1).unwrap_or_default(),
                key,
                "open the link that `flowguard dev` printed when it was started",
            ),
        };
        match same(given, key) {
            true => Ok(()),
            false => Err(Problem::unauthorised(detail)),
        }
    }

    /// A name of this machine that nobody else can point somewhere, with our port: else another site's name may have
    /// been made to mean the loopback.
    fn is_ours(&self, authority: &str) -> bool {
        let port = self.address.port();
        ["127.0.0.1", "localhost", "[::1]"]
            .iter()
            .any(|host| authority == format!("{host}:{port}"))
            || authority == self.address.to_string()
    }
}

/// Compares without telling by its time how much was right.
fn same(one: &str, other: &str) -> bool {
    one.len() == other.len()
        && one
            .bytes()
            .zip(other.bytes())
            .fold(0, |differ, (a, b)| differ | (a ^ b))
            == 0
}

fn make(data: &Path) -> std::io::Result<String> {
    let token = random()?;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    std::io::Write::write_all(&mut options.open(data.join(TOKEN_FILE))?, token.as_bytes())?;
    Ok(token)
}

/// 24 random bytes, as text.
fn random() -> std::io::Result<String> {
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

fn bearer(headers: &HeaderMap) -> &str {
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    given
        .and_then(|value| value.strip_prefix("Bearer "))
        .unwrap_or_default()
}

/// Lets a request pass, or says why not.
pub(super) async fn check(State(access): State<Access>, request: Request, next: Next) -> Response {
    let mut answer = match allowed(&access, &request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    // What a link leads to is not told where it leads from.
    let hidden = HeaderValue::from_static("no-referrer");
    answer.headers_mut().insert(header::REFERRER_POLICY, hidden);
    answer
}

fn allowed(access: &Access, request: &Request) -> Result<(), Problem> {
    let headers = request.headers();
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    if !access.is_ours(host) {
        return Err(Problem::forbidden(format!(
            "the host {host:?} is not this server's: ask it as {}",
            access.address
        )));
    }
    if let Some(origin) = headers.get(header::ORIGIN) {
        let origin = origin.to_str().unwrap_or_default();
        let of_host = origin.strip_prefix("http://");
        if !of_host.is_some_and(|origin| access.is_ours(origin)) {
            return Err(Problem::forbidden(format!(
                "a page of {origin:?} may not ask this server"
            )));
        }
    }
    access.allows(request.uri().path(), headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(data: &Path) -> Access {
        Access::by_token(data, "127.0.0.1:4400".parse().expect("an address")).expect("writable")
    }

    #[test]
    fn the_token_stays_and_is_its_owner_s() {
        let folder = tempfile::tempdir().expect("folder");
        access(folder.path());
        let first = token_in(folder.path()).expect("it was made");
        access(folder.path());
        assert_eq!(token_in(folder.path()), Some(first));
        #[cfg(unix)]
        {
            let about = std::fs::metadata(folder.path().join(TOKEN_FILE)).expect("there");
            assert_eq!(
                std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o077,
                0
            );
        }
    }

    #[test]
    fn a_name_that_others_can_point_here_is_not_ours() {
        let folder = tempfile::tempdir().expect("folder");
        let access = access(folder.path());
        for ours in ["127.0.0.1:4400", "localhost:4400", "[::1]:4400"] {
            assert!(access.is_ours(ours), "{ours}");
        }
        for not in [
            "evil.test:4400",
            "localhost:80",
            "localhost",
            "",
            "127.0.0.1.evil.test:4400",
        ] {
            assert!(!access.is_ours(not), "{not}");
        }
    }

    #[test]
    fn a_token_is_a_bearer_s() {
        let folder = tempfile::tempdir().expect("folder");
        let access = access(folder.path());
        let token = token_in(folder.path()).expect("it was made");
        let with = |path: &str, name: header::HeaderName, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().expect("a value"));
            access.allows(path, &headers).is_ok()
        };
        let bearer = |token: &str| with("/v1/flows", header::AUTHORIZATION, &format!("Bearer {token}"));
        assert!(bearer(&token));
        for not in [&format!("{token}x"), &token[1..], ""] {
            assert!(!bearer(not), "{not:?}");
        }
        let path = format!("/{token}/v1/flows");
        assert!(!with(&path, header::COOKIE, &format!("flowguard={token}")));
        assert!(access.allows("/v1/flows", &HeaderMap::new()).is_err());
        assert!(access.allows("/health", &HeaderMap::new()).is_ok());
    }

    #[test]
    fn a_link_is_another_one_at_each_start() {
        let at = || Access::by_link("127.0.0.1:4401".parse().expect("an address")).expect("random bytes");
        let (one, other) = (at(), at());
        let allows = |path: String| one.allows(&path, &HeaderMap::new()).is_ok();
        assert!(allows(format!("{}/", one.prefix())));
        assert!(allows(format!("{}/v1/runs/x/events", one.prefix())));
        assert!(!allows(format!("{}/", other.prefix())));
        assert!(!allows("/".to_owned()) && !allows("//".to_owned()) && !allows("/health".to_owned()));
    }
}
