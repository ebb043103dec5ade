//! Sessions: made, found, retrieved, released.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::time::Duration;

use super::super::fault::{Wrong, is_due};
use super::super::sessions::{Asked, REGIONS, Session, Status, TooMany, matches};
use super::super::{Emulator, NotMade, id, json as said};
use super::{Answer, Refusal, Shared, absent, problem};

/// Seconds that a session may be asked for.
const TIMEOUTS: std::ops::RangeInclusive<u64> = 60..=21_600;
/// Characters of a session's notes as JSON.
const MAX_NOTES: usize = 512;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Create {
    timeout: Option<u64>,
    keep_alive: bool,
    region: Option<String>,
    user_metadata: Map<String, Value>,
    browser_settings: Settings,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Settings {
    context: Option<ContextSettings>,
    record_session: Option<bool>,
    log_session: Option<bool>,
}

#[derive(Deserialize)]
struct ContextSettings {
    id: String,
    #[serde(default)]
    persist: bool,
}

pub(super) async fn create(State(emulator): Shared, body: Bytes) -> Answer {
    if emulator.answers_anything() {
        let made = imagined(&emulator, &id());
        return Ok(created(&emulator, &made));
    }
    let asked = checked(&emulator, &body)?;
    let faults = &emulator.options.faults;
    if is_due(faults, Wrong::CreateLimited) {
        let limit = emulator.sessions().limits().creations;
        return Err(refused(
            &emulator,
            TooMany::InAMinute(limit, Duration::from_secs(1)),
        ));
    }
    match emulator.create(asked).await {
        Ok(_) if is_due(faults, Wrong::CreateFails) => Err(problem(
            StatusCode::INTERNAL_SERVER_ERROR,
            "emulated: a session was made and this was not said",
        )),
        Ok(_) if is_due(faults, Wrong::CreateLost) => Ok(cut_off()),
        Ok(session) => Ok(created(&emulator, &session)),
        Err(NotMade::TooMany(too_many)) => Err(refused(&emulator, too_many)),
        Err(NotMade::NoBrowser(why)) => Err(problem(StatusCode::INTERNAL_SERVER_ERROR, &why)),
    }
}

fn created(emulator: &Emulator, session: &Session) -> Response {
    let shown = said::usable(session, &emulator.tunnel);
    (StatusCode::CREATED, Json(shown)).into_response()
}

/// An answer whose connection ends before it is whole.
fn cut_off() -> Response {
    let broken = futures::stream::once(async {
        Err::<Bytes, _>(std::io::Error::other("emulated: the connection ends"))
    });
    (StatusCode::CREATED, Body::from_stream(broken)).into_response()
}

fn checked(emulator: &Emulator, body: &[u8]) -> Result<Asked, Refusal> {
    let bad = |message: &str| problem(StatusCode::BAD_REQUEST, message);
    let asked: Create = match body.is_empty() {
        true => Create::default(),
        false => serde_json::from_slice(body).map_err(|error| bad(&error.to_string()))?,
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
    let settings = asked.browser_settings;
    let context = settings.context.map(|context| (context.id, context.persist));
    if let Some((id, _)) = &context
        && emulator.contexts.name(id).is_none()
    {
        return Err(bad("there is no such context"));
    }
    Ok(Asked {
        timeout: asked.timeout.map(Duration::from_secs),
        keep_alive: asked.keep_alive,
        region,
        notes: asked.user_metadata,
        context,
        is_recorded: settings.record_session.unwrap_or(true),
        is_logged: settings.log_session.unwrap_or(true),
    })
}

fn refused(emulator: &Emulator, too_many: TooMany) -> Refusal {
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
    let answer = (headers, problem(StatusCode::TOO_MANY_REQUESTS, &message));
    Refusal(Box::new(answer.into_response()))
}

#[derive(Deserialize)]
pub(super) struct Which {
    status: Option<String>,
    q: Option<String>,
}

pub(super) async fn list(State(emulator): Shared, Query(which): Query<Which>) -> Answer {
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
            Some(query) => matches(query, &session.asked.notes)
                .ok_or_else(|| problem(StatusCode::BAD_REQUEST, "q is user_metadata['key']:'value'"))?,
        };
        if is_asked_for {
            found.push(said::session(session));
        }
    }
    Ok(Json(found).into_response())
}

/// A session that runs, though nobody has made it: what contract tests ask for.
fn imagined(emulator: &Emulator, id: &str) -> Session {
    let limits = emulator.sessions().limits();
    let mut session = Session::new(
        id.to_owned(),
        id.to_owned(),
        Asked::nothing(),
        limits.timeout,
        emulator.clock.wall(),
    );
    session.status = Status::Running;
    session
}

/// The session of this id.
pub(super) fn find(emulator: &Emulator, id: &str) -> Result<Session, Refusal> {
    let found = emulator.sessions().get(id).cloned();
    match found {
        Some(session) => Ok(session),
        None if emulator.answers_anything() => Ok(imagined(emulator, id)),
        None => Err(absent("session")),
    }
}

pub(super) async fn retrieve(State(emulator): Shared, Path(id): Path<String>) -> Answer {
    let session = find(&emulator, &id)?;
    let shown = match session.status {
        Status::Running => said::usable(&session, &emulator.tunnel),
        _ => said::session(&session),
    };
    Ok(Json(shown).into_response())
}

pub(super) async fn update(State(emulator): Shared, Path(id): Path<String>, body: Bytes) -> Answer {
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    if asked["status"] != "REQUEST_RELEASE" {
        return Err(problem(StatusCode::BAD_REQUEST, "status is REQUEST_RELEASE"));
    }
    find(&emulator, &id)?;
    emulator.finish(&id, Status::Completed).await;
    Ok(Json(said::session(&find(&emulator, &id)?)).into_response())
}
