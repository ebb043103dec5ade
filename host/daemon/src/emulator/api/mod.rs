//! The API: what is asked, checked and turned into calls of the emulator. Answers are made in [`super::json`].

mod files;
mod live;
mod recordings;
mod sessions;
mod surroundings;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use std::sync::Arc;

use super::{Emulator, json as said};
use flowguard_core::limits::MAX_EMULATED_FILE_BYTES;

type Shared = State<Arc<Emulator>>;
type Answer = Result<Response, Refusal>;

/// An answer that is no.
struct Refusal(Box<Response>);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        *self.0
    }
}

pub(super) fn router(emulator: Arc<Emulator>) -> Router {
    let asked_with_key = Router::new()
        .route("/v1/sessions", post(sessions::create).get(sessions::list))
        .route(
            "/v1/sessions/{id}",
            get(sessions::retrieve).post(sessions::update),
        )
        .route("/v1/sessions/{id}/debug", get(live::urls))
        .route("/v1/sessions/{id}/logs", get(recordings::logs))
        .route("/v1/sessions/{id}/recording", get(recordings::events))
        .route(
            "/v1/sessions/{id}/recording/downloads",
            get(recordings::downloads).post(recordings::request),
        )
        .route("/v1/sessions/{id}/replays", get(recordings::replays))
        .route("/v1/sessions/{id}/replays/{page}", get(recordings::playlist))
        .route("/v1/sessions/{id}/downloads", get(files::downloads))
        .route("/v1/sessions/{id}/uploads", post(files::upload))
        .route("/v1/contexts", post(surroundings::create_context))
        .route(
            "/v1/contexts/{id}",
            get(surroundings::context)
                .put(surroundings::context)
                .delete(surroundings::delete_context),
        )
        .route("/v1/extensions", post(files::create_extension))
        .route(
            "/v1/extensions/{id}",
            get(files::extension).delete(files::delete_extension),
        )
        .route("/v1/projects", get(surroundings::projects))
        .route("/v1/projects/{id}", get(surroundings::project))
        .route("/v1/projects/{id}/usage", get(surroundings::usage))
        .layer(from_fn_with_state(emulator.clone(), known));
    // What is fetched by links: who has the session's own key has the session.
    let linked = Router::new()
        .route("/live/{id}", get(live::page))
        .route("/live/{id}/{page}", get(live::picture))
        .route("/recordings/{id}/{page}", get(recordings::film))
        .route("/recordings/{id}/{page}/{picture}", get(recordings::picture));
    asked_with_key
        .merge(linked)
        .fallback(|| async { problem(StatusCode::NOT_FOUND, "there is no such endpoint") })
        .layer(DefaultBodyLimit::max(MAX_EMULATED_FILE_BYTES))
        .layer(from_fn_with_state(emulator.clone(), far_away))
        .with_state(emulator)
}

fn problem(status: StatusCode, message: &str) -> Refusal {
    let name = status.canonical_reason().unwrap_or("Error");
    let said = Json(said::error(status.as_u16(), name, message));
    Refusal(Box::new((status, said).into_response()))
}

fn absent(what: &str) -> Refusal {
    problem(StatusCode::NOT_FOUND, &format!("there is no such {what}"))
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
        )
        .into_response(),
    }
}

/// As far away as it is said to be.
async fn far_away(State(emulator): Shared, request: Request, next: Next) -> Response {
    let each_way = emulator.options.delay;
    tokio::time::sleep(each_way).await;
    let answer = next.run(request).await;
    tokio::time::sleep(each_way).await;
    answer
}
