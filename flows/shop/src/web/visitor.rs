//! Who asks: the session behind the cookie, and the bug that the address may switch on.

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::App;
use crate::session::{Bug, Session, Store};

const COOKIE: &str = "session";

/// Whoever asks, with access to their session.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    store: Arc<Store>,
    id: String,
}

impl Visitor {
    /// Reads or changes the session. Nothing may be awaited inside.
    pub(crate) fn session<T>(&self, work: impl FnOnce(&mut Session) -> T) -> T {
        self.store.with(&self.id, work)
    }

    /// Turns the cart into an order and answers its number.
    pub(crate) fn place_order(&self) -> u64 {
        self.store.place_order(&self.id).number
    }
}

#[derive(Deserialize)]
struct BugQuery {
    bug: Option<String>,
}

/// Finds the visitor's session or begins one, and switches on the bug that the address asks for.
pub(crate) async fn recognise(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let known = cookie(request.headers()).filter(|id| app.store.contains(id));
    let is_new = known.is_none();
    let Some(id) = known.or_else(new_id) else {
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            "no randomness for a session; try again",
        )
            .into_response();
    };
    let visitor = Visitor {
        store: Arc::clone(&app.store),
        id: id.clone(),
    };
    if let Err(message) = switch_bug(&request, &visitor) {
        return (StatusCode::BAD_REQUEST, message).into_response();
    }
    request.extensions_mut().insert(visitor);
    let mut response = next.run(request).await;
    if is_new {
        remember(&mut response, &id);
    }
    response
}

fn switch_bug(request: &Request, visitor: &Visitor) -> Result<(), String> {
    let Ok(Query(BugQuery { bug: Some(name) })) = Query::try_from_uri(request.uri()) else {
        return Ok(());
    };
    let bug = Bug::parse(&name)?;
    visitor.session(|session| session.bug = bug);
    Ok(())
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let all = headers.get(header::COOKIE)?.to_str().ok()?;
    let pairs = all.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs
        .filter(|(name, _)| *name == COOKIE)
        .map(|(_, id)| id.to_owned())
        .next()
}

/// 128 random bits in hexadecimal digits.
fn new_id() -> Option<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(bytes.iter().fold(String::with_capacity(32), |mut id, byte| {
        // Writing to a string cannot fail.
        let _ = write!(id, "{byte:02x}");
        id
    }))
}

fn remember(response: &mut Response, id: &str) {
    let cookie = format!("{COOKIE}={id}; Path=/; HttpOnly; SameSite=Lax");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}
