//! What sessions live in: contexts, the project, and what it has used.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::{Method, StatusCode};
use axum::response::IntoResponse;
use serde_json::{Value, json};

use super::super::{Emulator, id, json as said};
use super::{Answer, Refusal, Shared, absent, problem};

/// Characters of a context's name.
const MAX_NAME: usize = 128;

pub(super) async fn create_context(State(emulator): Shared, body: Bytes) -> Answer {
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let name = asked["name"].as_str().map(|name| name.trim().to_owned());
    let is_name = |name: &String| (1..=MAX_NAME).contains(&name.chars().count());
    if !emulator.answers_anything() && name.as_ref().is_some_and(|name| !is_name(name)) {
        return Err(problem(StatusCode::BAD_REQUEST, "a name has 1 to 128 characters"));
    }
    let id = id();
    if !emulator.contexts.create(&id, name) && !emulator.answers_anything() {
        return Err(problem(StatusCode::CONFLICT, "another context has this name"));
    }
    Ok((StatusCode::CREATED, Json(said::created_context(&id))).into_response())
}

pub(super) async fn context(State(emulator): Shared, Path(id): Path<String>, request: Request) -> Answer {
    let name = match emulator.contexts.name(&id) {
        Some(name) => name,
        None if emulator.answers_anything() => None,
        None => return Err(absent("context")),
    };
    if request.method() == Method::PUT {
        return Ok(Json(said::created_context(&id)).into_response());
    }
    let shown = said::context(&id, name.as_deref(), emulator.clock.wall());
    Ok(Json(shown).into_response())
}

pub(super) async fn delete_context(State(emulator): Shared, Path(id): Path<String>) -> Answer {
    match emulator.contexts.delete(&id) || emulator.answers_anything() {
        true => Ok(StatusCode::NO_CONTENT.into_response()),
        false => Err(absent("context")),
    }
}

fn the_project(emulator: &Emulator) -> Value {
    let limits = emulator.sessions().limits();
    said::project(limits.concurrency, limits.timeout)
}

pub(super) async fn projects(State(emulator): Shared) -> Json<Value> {
    Json(json!([the_project(&emulator)]))
}

/// Whether there is such a project.
fn check(emulator: &Emulator, id: &str) -> Result<(), Refusal> {
    match id == said::PROJECT || emulator.answers_anything() {
        true => Ok(()),
        false => Err(absent("project")),
    }
}

pub(super) async fn project(State(emulator): Shared, Path(id): Path<String>) -> Answer {
    check(&emulator, &id)?;
    Ok(Json(the_project(&emulator)).into_response())
}

/// Minutes begun, as they are charged.
pub(super) async fn usage(State(emulator): Shared, Path(id): Path<String>) -> Answer {
    check(&emulator, &id)?;
    let now = emulator.clock.wall();
    let minutes: u64 = emulator
        .sessions()
        .list()
        .map(|session| {
            let lasted = session.ended.unwrap_or(now).saturating_sub(session.created);
            lasted.as_secs().div_ceil(60).max(1)
        })
        .sum();
    Ok(Json(json!({"browserMinutes": minutes, "proxyBytes": 0})).into_response())
}
