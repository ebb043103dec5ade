//! Components: put, checked, swapped; and how the server is.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::sync::Arc;

use super::audit::{Entry, Via};
use super::problem::Problem;
use super::registry::What;
use super::state::Server;
use flowguard_core::artifact::Digest;
use flowguard_core::limits::MAX_COMPONENT_NAME_BYTES;

type Shared = State<Arc<Server>>;

pub(super) async fn list(State(server): Shared) -> Json<Value> {
    let now = server.registry.now();
    let each = now.entries().map(|(name, entry)| {
        let kind = match &entry.what {
            What::Flows(_) => "flows",
            What::Assertion(_) => "assertion",
        };
        json!({ "name": name, "kind": kind, "digest": entry.content.to_string() })
    });
    Json(json!({ "components": each.collect::<Vec<_>>() }))
}

/// Puts a component: `.wasm`, or YAML by its name.
pub(super) async fn put(
    State(server): Shared,
    Path(name): Path<String>,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.len() > MAX_COMPONENT_NAME_BYTES || name.starts_with('.') || !name.chars().all(is_plain) {
        return Err(Problem::bad(format!(
            "a component's name has at most {MAX_COMPONENT_NAME_BYTES} letters, digits, dots, hyphens and underscores: {name:?}"
        )));
    }
    put_bytes(&server, &name, bytes.to_vec(), Via::Http)
        .await
        .map(|flows| (StatusCode::OK, Json(json!({ "name": name, "flows": flows }))).into_response())
}

/// Loads, checks, writes down and swaps; the flows that it holds.
pub(super) async fn put_bytes(
    server: &Server,
    name: &str,
    bytes: Vec<u8>,
    via: Via,
) -> Result<Vec<String>, Problem> {
    let at_ms = u64::try_from(server.app.clock.wall().as_millis()).unwrap_or(u64::MAX);
    let entry = |before: Option<&Digest>, after: &Digest| Entry {
        at_ms,
        action: "put",
        via,
        component: name,
        before: before.map(ToString::to_string),
        after: after.to_string(),
        refused: None,
    };
    let content = Digest::of(&bytes);
    let put = server.registry.put(name, bytes, |swapped| {
        let written = server
            .audit
            .write(&entry(swapped.before.as_ref(), &swapped.after));
        written.map_err(|error| format!("the change cannot be written down: {error}"))
    });
    match put.await {
        Ok(swapped) => Ok(swapped.flows),
        Err(why) => {
            let refused = Entry {
                refused: Some(&why),
                ..entry(None, &content)
            };
            if let Err(error) = server.audit.write(&refused) {
                tracing::error!(%error, "a refused component was not written down");
            }
            Err(Problem::refused(format!(
                "{name}: {why}; what was there before stays"
            )))
        }
    }
}

pub(super) async fn audit(State(server): Shared) -> Json<Value> {
    Json(json!({ "entries": server.audit.last() }))
}

pub(super) async fn status(State(server): Shared) -> Json<Value> {
    let (swapped, refused) = server.audit.counts();
    Json(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "runs": server.live.unended(),
        "components": server.registry.now().entries().count(),
        "components_swapped": swapped,
        "components_refused": refused,
        "configuration": server.options.configuration.status(),
    }))
}

/// The process answers.
pub(super) async fn health() -> &'static str {
    "alive\n"
}

/// Runs can be taken: there are flows, the store answers, a browser can be found.
pub(super) async fn ready(State(server): Shared) -> Response {
    let mut missing = Vec::new();
    if server.registry.now().flows().next().is_none() {
        missing.push(
            "no flow is loaded: name some when the server is started, or PUT /v1/components/NAME".to_owned(),
        );
    }
    if let Err(error) = server.app.storage.runs.recent(&server.app.tenant, None, 1).await {
        missing.push(format!("the store does not answer: {error}"));
    }
    if let Err(error) = server.app.browsers.executable() {
        missing.push(error.to_string());
    }
    let status = match missing.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    (
        status,
        Json(json!({ "ready": missing.is_empty(), "missing": missing })),
    )
        .into_response()
}

/// What can be asked.
pub(super) async fn openapi() -> Response {
    let kind = [(axum::http::header::CONTENT_TYPE, "application/json")];
    (kind, super::router::OPENAPI).into_response()
}
