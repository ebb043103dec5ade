//! Who may ask: whoever has the token, from this machine, and no page of another origin. A page that somebody opens in
//! their browser can send requests to the loopback too; it must not be able to start anything here.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use super::problem::Problem;

/// The file in the data folder that holds the token.
const TOKEN_FILE: &str = "server.token";
const COOKIE: &str = "flowguard";
/// The parameter of the link by which a person's browser gets its cookie.
const KEY: &str = "key=";

/// What is asked of every request.
#[derive(Clone)]
pub(crate) struct Access {
    token: Arc<str>,
    address: SocketAddr,
}

/// The token of a server on this data folder, if one was ever started there.
pub(crate) fn token_in(data: &Path) -> Option<String> {
    let text = std::fs::read_to_string(data.join(TOKEN_FILE)).ok()?;
    Some(text.trim().to_owned())
}

impl Access {
    /// Access with the token of this data folder, which is made where there is none. Only its owner may read it.
    pub(crate) fn on(data: &Path, address: SocketAddr) -> std::io::Result<Self> {
        let token = match token_in(data) {
            Some(token) if token.len() >= 32 => token,
            _ => make(data)?,
        };
        Ok(Self {
            token: token.into(),
            address,
        })
    }

    /// The link by which a person gets in.
    pub(crate) fn link(&self) -> String {
        format!("http://{}/?{KEY}{}", self.address, self.token)
    }

    fn allows(&self, headers: &HeaderMap) -> bool {
        let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let bearer = text(header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
        let mut cookies = text(header::COOKIE).unwrap_or_default().split(';');
        let cookie = cookies.find_map(|cookie| cookie.trim().strip_prefix(COOKIE)?.strip_prefix('='));
        let given = bearer.or(cookie).unwrap_or_default();
        same(given, &self.token)
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
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes).map_err(|error| std::io::Error::other(error.to_string()))?;
    let token = bytes.iter().fold(String::new(), |mut token, byte| {
        let _ = write!(token, "{byte:02x}");
        token
    });
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    std::io::Write::write_all(&mut options.open(data.join(TOKEN_FILE))?, token.as_bytes())?;
    Ok(token)
}

/// Lets a request pass, or says why not.
pub(super) async fn check(State(access): State<Access>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    if !access.is_ours(host) {
        let detail = format!(
            "the host {host:?} is not this server's: ask it as {}",
            access.address
        );
        return Problem::forbidden(detail).into_response();
    }
    if let Some(origin) = headers.get(header::ORIGIN) {
        let origin = origin.to_str().unwrap_or_default();
        if !origin
            .strip_prefix("http://")
            .is_some_and(|origin| access.is_ours(origin))
        {
            return Problem::forbidden(format!("a page of {origin:?} may not ask this server"))
                .into_response();
        }
    }
    let is_open = matches!(request.uri().path(), "/health" | "/ready");
    if is_open || access.allows(headers) {
        return next.run(request).await;
    }
    match key(request.method(), request.uri()) {
        Some(key) if same(key, &access.token) => let_in(&access),
        _ => Problem::unauthorised().into_response(),
    }
}

fn key<'u>(method: &Method, uri: &'u Uri) -> Option<&'u str> {
    let is_link = method == Method::GET && uri.path() == "/";
    uri.query().filter(|_| is_link)?.strip_prefix(KEY)
}

/// Gives a person's browser the cookie, and an address without the token.
fn let_in(access: &Access) -> Response {
    let cookie = format!("{COOKIE}={}; Path=/; HttpOnly; SameSite=Strict", access.token);
    let mut headers = HeaderMap::new();
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        headers.insert(header::SET_COOKIE, cookie);
    }
    // A redirect would not carry the cookie to a page that was opened from elsewhere; a reload of our own does.
    let page = "<!doctype html><meta charset=utf-8><meta http-equiv=refresh content='0;url=/'><title>FlowGuard</title>";
    (headers, axum::response::Html(page)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(data: &Path) -> Access {
        Access::on(data, "127.0.0.1:4400".parse().expect("an address")).expect("writable")
    }

    #[test]
    fn the_token_stays_and_is_its_owner_s() {
        let folder = tempfile::tempdir().expect("folder");
        let first = access(folder.path());
        assert_eq!(access(folder.path()).token, first.token);
        assert_eq!(token_in(folder.path()).as_deref(), Some(&*first.token));
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
    fn the_token_is_taken_from_the_header_or_the_cookie() {
        let folder = tempfile::tempdir().expect("folder");
        let access = access(folder.path());
        let with = |name: header::HeaderName, value: String| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().expect("a value"));
            access.allows(&headers)
        };
        let token = &access.token;
        assert!(with(header::AUTHORIZATION, format!("Bearer {token}")));
        assert!(with(header::COOKIE, format!("a=b; flowguard={token}")));
        assert!(!with(header::AUTHORIZATION, format!("Bearer {token}x")));
        assert!(!with(header::AUTHORIZATION, format!("Bearer {}", &token[1..])));
        assert!(!with(header::COOKIE, "flowguard=".to_owned()));
        assert!(!access.allows(&HeaderMap::new()));
    }
}
