//! The API: what is asked, checked and turned into calls of the emulator. Answers are made in [`super::json`].

use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;

use super::sessions::{Asked, Status, TooMany, matches};
use super::{Emulator, NotMade, id, json as said, lock};

type Shared = State<Arc<Emulator>>;
type Answer = Result<Response, Response>;

/// Seconds that a session may be asked for.
const TIMEOUTS: std::ops::RangeInclusive<u64> = 60..=21_600;
const REGIONS: [&str; 4] = ["us-west-2", "us-east-1", "eu-central-1", "ap-southeast-1"];
/// Characters of a session's notes as JSON.
const MAX_NOTES: usize = 512;

pub(super) fn router(emulator: Arc<Emulator>) -> Router {
    Router::new()
        .route("/v1/sessions", post(create).get(list))
        .route("/v1/sessions/{id}", get(retrieve).post(update))
        .route("/v1/sessions/{id}/debug", get(debug))
        .route("/v1/sessions/{id}/logs", get(nothing))
        .route("/v1/sessions/{id}/recording", get(nothing))
        .route(
            "/v1/sessions/{id}/recording/downloads",
            get(recordings).post(recordings),
        )
        .route("/v1/sessions/{id}/replays", get(replays))
        .route("/v1/contexts", post(create_context))
        .route(
            "/v1/contexts/{id}",
            get(context).put(context).delete(delete_context),
        )
        .route("/v1/projects", get(projects))
        .route("/v1/projects/{id}", get(project))
        .route("/v1/projects/{id}/usage", get(usage))
        .fallback(|| async { problem(StatusCode::NOT_FOUND, "there is no such endpoint") })
        .layer(from_fn_with_state(emulator.clone(), known))
        .with_state(emulator)
}

fn problem(status: StatusCode, message: &str) -> Response {
    let name = status.canonical_reason().unwrap_or("Error");
    (status, Json(said::error(status.as_u16(), name, message))).into_response()
}

/// Lets those in who have the key.
async fn known(State(emulator): Shared, headers: HeaderMap, request: Request, next: Next) -> Response {
    let given = headers
        .get("x-bb-api-key")
        .and_then(|key| key.to_str().ok())
        .unwrap_or_default();
    let is_known = match &emulator.options.key {
        Some(key) => *key == flowguard_core::secrets::Secret::new(given.to_owned()),
        None => !given.is_empty(),
    };
    match is_known {
        true => next.run(request).await,
        false => problem(
            StatusCode::UNAUTHORIZED,
            "the key in x-bb-api-key is missing or wrong",
        ),
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Create {
    timeout: Option<u64>,
    keep_alive: bool,
    region: Option<String>,
    user_metadata: Map<String, Value>,
}

async fn create(State(emulator): Shared, body: Bytes) -> Answer {
    let bad = |message: &str| problem(StatusCode::BAD_REQUEST, message);
    let asked: Create = match body.is_empty() {
        true => Create::default(),
        false => serde_json::from_slice(&body).map_err(|error| bad(&error.to_string()))?,
    };
    if asked.timeout.is_some_and(|timeout| !TIMEOUTS.contains(&timeout)) {
        return Err(bad("timeout is 60 to 21600 seconds"));
    }
    let region = asked.region.unwrap_or_else(|| REGIONS[0].to_owned());
    if !REGIONS.contains(&region.as_str()) {
        return Err(bad("there is no such region"));
    }
    if Value::Object(asked.user_metadata.clone()).to_string().len() > MAX_NOTES {
        return Err(bad("userMetadata has at most 512 characters"));
    }
    let asked = Asked {
        timeout: asked.timeout.map(Duration::from_secs),
        keep_alive: asked.keep_alive,
        region,
        notes: asked.user_metadata,
    };
    match emulator.create(asked).await {
        Ok(session) => Ok((
            StatusCode::CREATED,
            Json(said::usable(&session, &emulator.tunnel)),
        )
            .into_response()),
        Err(NotMade::TooMany(too_many)) => Err(refused(&emulator, too_many)),
        Err(NotMade::NoBrowser(why)) => Err(problem(StatusCode::INTERNAL_SERVER_ERROR, &why)),
    }
}

fn refused(emulator: &Emulator, too_many: TooMany) -> Response {
    let running = emulator.sessions().running();
    let (limit, wait, message) = match too_many {
        TooMany::AtOnce(limit) => {
            let message = format!(
                "the maximum of concurrent sessions is exceeded (limit: {limit}, current: {running})"
            );
            (limit, Duration::from_secs(1), message)
        }
        TooMany::InAMinute(limit, wait) => (
            limit,
            wait,
            format!("too many sessions were created in a minute (limit: {limit})"),
        ),
    };
    let seconds = wait.as_secs_f64().ceil().to_string();
    let headers = [
        ("x-ratelimit-limit", limit.to_string()),
        ("x-ratelimit-remaining", "0".to_owned()),
        ("x-ratelimit-reset", seconds.clone()),
        (header::RETRY_AFTER.as_str(), seconds),
    ];
    (headers, problem(StatusCode::TOO_MANY_REQUESTS, &message)).into_response()
}

#[derive(Deserialize)]
struct Which {
    status: Option<String>,
    q: Option<String>,
}

async fn list(State(emulator): Shared, Query(which): Query<Which>) -> Answer {
    let mut found = Vec::new();
    for session in emulator.sessions().list() {
        if which
            .status
            .as_ref()
            .is_some_and(|status| status != session.status.as_str())
        {
            continue;
        }
        let is_asked_for = match &which.q {
            None => true,
            Some(query) => matches(query, &session.notes)
                .ok_or_else(|| problem(StatusCode::BAD_REQUEST, "q is user_metadata['key']:'value'"))?,
        };
        if is_asked_for {
            found.push(said::session(session));
        }
    }
    Ok(Json(found).into_response())
}

fn no_session() -> Response {
    problem(StatusCode::NOT_FOUND, "there is no such session")
}

async fn retrieve(State(emulator): Shared, Path(id): Path<String>) -> Answer {
    let sessions = emulator.sessions();
    let session = sessions.get(&id).ok_or_else(no_session)?;
    let shown = match session.status {
        Status::Running => said::usable(session, &emulator.tunnel),
        _ => said::session(session),
    };
    Ok(Json(shown).into_response())
}

async fn update(State(emulator): Shared, Path(id): Path<String>, body: Bytes) -> Answer {
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    if asked["status"] != "REQUEST_RELEASE" {
        return Err(problem(StatusCode::BAD_REQUEST, "status is REQUEST_RELEASE"));
    }
    if emulator.sessions().get(&id).is_none() {
        return Err(no_session());
    }
    emulator.finish(&id, Status::Completed).await;
    let sessions = emulator.sessions();
    let session = sessions.get(&id).ok_or_else(no_session)?;
    Ok(Json(said::session(session)).into_response())
}

async fn debug(State(emulator): Shared, Path(id): Path<String>) -> Answer {
    let sessions = emulator.sessions();
    let session = sessions.get(&id).ok_or_else(no_session)?;
    if session.status != Status::Running {
        return Err(problem(StatusCode::GONE, "the session has ended"));
    }
    let address = format!("{}/?signingKey={}", emulator.tunnel, session.key);
    let shown = address.replacen("ws://", "http://", 1);
    Ok(
        Json(json!({"debuggerUrl": shown, "debuggerFullscreenUrl": shown, "wsUrl": address, "pages": []}))
            .into_response(),
    )
}

/// What is kept of no session here.
async fn nothing(State(emulator): Shared, Path(id): Path<String>) -> Answer {
    emulator.sessions().get(&id).ok_or_else(no_session)?;
    Ok(Json(json!([])).into_response())
}

async fn recordings(State(emulator): Shared, Path(id): Path<String>) -> Answer {
    let sessions = emulator.sessions();
    match sessions.get(&id).ok_or_else(no_session)?.status {
        Status::Running => Err(problem(StatusCode::CONFLICT, "the session still runs")),
        _ => Err(problem(
            StatusCode::NOT_FOUND,
            "an emulated session is not recorded",
        )),
    }
}

async fn replays(State(emulator): Shared, Path(id): Path<String>) -> Answer {
    emulator.sessions().get(&id).ok_or_else(no_session)?;
    Ok(Json(json!({"pageCount": 0, "pages": []})).into_response())
}

async fn create_context(State(emulator): Shared, body: Bytes) -> Response {
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let (id, name) = (id(), asked["name"].as_str().map(str::to_owned));
    lock(&emulator.contexts).insert(id.clone(), name);
    (StatusCode::CREATED, Json(created(&id))).into_response()
}

fn created(id: &str) -> Value {
    json!({
        "id": id, "uploadUrl": "http://127.0.0.1:9/", "publicKey": "", "cipherAlgorithm": "AES-256-CBC",
        "initializationVectorSize": 16,
    })
}

async fn context(State(emulator): Shared, Path(id): Path<String>, request: Request) -> Answer {
    let contexts = lock(&emulator.contexts);
    let none = || problem(StatusCode::NOT_FOUND, "there is no such context");
    let name = contexts.get(&id).ok_or_else(none)?;
    if request.method() == axum::http::Method::PUT {
        return Ok(Json(created(&id)).into_response());
    }
    let at = said::moment(emulator.clock.wall());
    let mut shown = json!({"id": id, "createdAt": at, "updatedAt": at, "projectId": said::PROJECT});
    if let Some(name) = name {
        shown["name"] = json!(name);
    }
    Ok(Json(shown).into_response())
}

async fn delete_context(State(emulator): Shared, Path(id): Path<String>) -> Answer {
    match lock(&emulator.contexts).remove(&id) {
        Some(_) => Ok(StatusCode::NO_CONTENT.into_response()),
        None => Err(problem(StatusCode::NOT_FOUND, "there is no such context")),
    }
}

fn the_project(emulator: &Emulator) -> Value {
    let limits = emulator.sessions().limits();
    said::project(limits.concurrency, limits.timeout)
}

async fn projects(State(emulator): Shared) -> Json<Value> {
    Json(json!([the_project(&emulator)]))
}

async fn project(State(emulator): Shared, Path(id): Path<String>) -> Answer {
    if id != said::PROJECT {
        return Err(problem(StatusCode::NOT_FOUND, "there is no such project"));
    }
    Ok(Json(the_project(&emulator)).into_response())
}

/// Minutes begun, as they are charged.
async fn usage(State(emulator): Shared, Path(id): Path<String>) -> Answer {
    if id != said::PROJECT {
        return Err(problem(StatusCode::NOT_FOUND, "there is no such project"));
    }
    let now = emulator.clock.wall();
    let minutes: u64 = emulator
        .sessions()
        .list()
        .map(|session| {
            session
                .ended
                .unwrap_or(now)
                .saturating_sub(session.created)
                .as_secs()
                / 60
                + 1
        })
        .sum();
    Ok(Json(json!({"browserMinutes": minutes, "proxyBytes": 0})).into_response())
}
