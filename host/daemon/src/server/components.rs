//! Components: put, checked, swapped; and how the server is.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::sync::Arc;

use super::audit::{Change, Via};
use super::problem::Problem;
use super::registry::What;
use super::state::Server;
use flowguard_backends::browser::CloudBrowsers;
use flowguard_core::artifact::{Artifacts, Digest};
use flowguard_core::limits::MAX_COMPONENT_NAME_BYTES;
use flowguard_core::storage::{RegisteredComponent, StorageError};

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

/// Puts a component: `.wasm`, or YAML by its name. A server has it again after it was started anew.
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
    let change = Change {
        at_ms: now_ms(server),
        action: "put",
        via,
        component: name,
        before: None,
        after: Some(Digest::of(&bytes)),
        refused: None,
    };
    match try_to_put(server, bytes, change.clone()).await {
        Ok(flows) => Ok(flows),
        Err(why) => {
            refuse(server, change, &why).await;
            Err(Problem::refused(format!(
                "{name}: {why}; what was there before stays"
            )))
        }
    }
}

async fn try_to_put(server: &Server, bytes: Vec<u8>, change: Change<'_>) -> Result<Vec<String>, String> {
    let (name, at_ms, via) = (change.component, change.at_ms, change.via);
    let ready = server.registry.ready(name, bytes.clone()).await?;
    let change = Change {
        before: ready.before.clone(),
        ..change
    };
    let written = server.audit.write(change).await;
    written.map_err(|error| format!("the change cannot be written down: {error}"))?;
    if via == Via::Http {
        remember(server, name, bytes, at_ms).await?;
    }
    Ok(ready.takes_its_place())
}

/// Keeps a component for the next start.
async fn remember(server: &Server, name: &str, bytes: Vec<u8>, put_ms: u64) -> Result<(), String> {
    let kept = server.app.artifacts.put(bytes.into()).await;
    let content = kept.map_err(|error| format!("it cannot be kept: {error}"))?;
    let component = RegisteredComponent {
        name: name.to_owned(),
        content,
        put_ms,
    };
    let components = &server.app.storage.components;
    let put = components.put(&server.app.tenant, &component).await;
    put.map_err(|error| format!("it cannot be kept: {error}"))
}

async fn refuse(server: &Server, change: Change<'_>, why: &str) {
    let refused = Change {
        refused: Some(why.to_owned()),
        ..change
    };
    if let Err(error) = server.audit.write(refused).await {
        tracing::error!(%error, "a refused change was not written down");
    }
}

/// Takes a component out. Runs that have begun go on with it.
pub(super) async fn delete(State(server): Shared, Path(name): Path<String>) -> Result<StatusCode, Problem> {
    let change = Change {
        at_ms: now_ms(&server),
        action: "delete",
        via: Via::Http,
        component: &name,
        before: None,
        after: None,
        refused: None,
    };
    match try_to_delete(&server, change.clone()).await {
        Ok(true) => Ok(StatusCode::NO_CONTENT),
        Ok(false) => Err(Problem::missing(format!("there is no component {name:?}"))),
        Err(why) => {
            refuse(&server, change, &why).await;
            Err(Problem::refused(format!("{name}: {why}; it stays")))
        }
    }
}

/// Whether there was one.
async fn try_to_delete(server: &Server, change: Change<'_>) -> Result<bool, String> {
    let name = change.component;
    let Some(ready) = server.registry.ready_without(name).await? else {
        return Ok(false);
    };
    let change = Change {
        before: ready.before.clone(),
        ..change
    };
    let written = server.audit.write(change).await;
    written.map_err(|error| format!("the change cannot be written down: {error}"))?;
    let forgotten = server
        .app
        .storage
        .components
        .remove(&server.app.tenant, name)
        .await;
    forgotten.map_err(|error| format!("it would be back after the next start: {error}"))?;
    ready.takes_its_place();
    Ok(true)
}

/// Loads what was put over HTTP before the server was started anew, but for these names; what cannot be loaded is told.
pub(super) async fn restore(server: &Server, but: &[String]) -> Result<Vec<String>, StorageError> {
    let mut lost = Vec::new();
    for component in server.app.storage.components.all(&server.app.tenant).await? {
        let RegisteredComponent { name, content, .. } = component;
        if but.contains(&name) {
            continue;
        }
        let restored = async {
            let bytes = server
                .app
                .artifacts
                .get(&content)
                .await
                .map_err(|error| error.to_string())?;
            let ready = server.registry.ready(&name, bytes.to_vec()).await?;
            Ok::<_, String>(ready.takes_its_place())
        };
        if let Err(why) = restored.await {
            lost.push(format!("{name}: {why}; it was put here before: put it again"));
        }
    }
    Ok(lost)
}

fn now_ms(server: &Server) -> u64 {
    server.app.clock.wall_ms()
}

pub(super) async fn audit(State(server): Shared) -> Result<Json<Value>, Problem> {
    match server.audit.last().await {
        Ok(entries) => Ok(Json(json!({ "entries": entries }))),
        Err(error) => Err(Problem::own(&error)),
    }
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
        "secrets": server.options.secrets.status(),
        "cloud": server.app.places.opened_cloud().map(CloudBrowsers::statistics),
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
