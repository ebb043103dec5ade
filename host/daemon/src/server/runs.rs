//! Runs: begun, looked at, cancelled, listened to.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

use super::events;
use super::problem::Problem;
use super::state::Server;
use crate::live_runs::{LOST, LiveRun};
use crate::report::{self, Report};
use flowguard_core::artifact::{Artifacts, Digest};
use flowguard_core::limits::{MAX_LISTED_RUNS, MAX_RETRIES};
use flowguard_core::run::{RunId, RunOptions, RunRecord, test_id_attribute};

type Shared = State<Arc<Server>>;

/// What is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRun {
    /// The flow's name, or `component/flow` where several have the name.
    flow: String,
    base_url: Option<Url>,
    #[serde(default)]
    params: BTreeMap<String, String>,
    timeout_ms: Option<u32>,
    retries: Option<u32>,
    #[serde(default)]
    screencast: bool,
    test_id_attributes: Option<Vec<String>>,
    /// Whether the network is recorded.
    har: Option<bool>,
}

/// A flow that can be run.
#[derive(Debug, Serialize)]
struct Listed<'a> {
    key: String,
    name: &'a str,
    component: &'a str,
    intent: &'a str,
    url: &'a str,
    critical: bool,
    tags: &'a [String],
}

pub(super) async fn flows(State(server): Shared) -> Json<Value> {
    let now = server.registry.now();
    let listed = now.flows().map(|(component, _, flow)| Listed {
        key: format!("{component}/{}", flow.name),
        name: &flow.name,
        component,
        intent: &flow.intent,
        url: &flow.url,
        critical: flow.critical,
        tags: &flow.tags,
    });
    Json(json!({ "flows": listed.collect::<Vec<_>>() }))
}

pub(super) async fn begin(
    State(server): Shared,
    asked: Result<Json<NewRun>, axum::extract::rejection::JsonRejection>,
) -> Result<Response, Problem> {
    let Json(asked) = asked.map_err(|error| Problem::bad(error.body_text()))?;
    if let Some(retries) = asked.retries.filter(|retries| *retries > MAX_RETRIES) {
        return Err(Problem::bad(format!(
            "retries are at most {MAX_RETRIES}: {retries}"
        )));
    }
    for name in asked.test_id_attributes.iter().flatten() {
        test_id_attribute(name).map_err(Problem::bad)?;
    }
    let now = server.registry.now();
    let is_it =
        |component: &str, name: &str| asked.flow == name || asked.flow == format!("{component}/{name}");
    let found: Vec<_> = now
        .flows()
        .filter(|(component, _, flow)| is_it(component, &flow.name))
        .collect();
    let (component, flows, flow) = match found.as_slice() {
        [one] => *one,
        [] => {
            return Err(Problem::missing(format!(
                "there is no flow {:?}: GET /v1/flows lists them",
                asked.flow
            )));
        }
        several => {
            let keys: Vec<String> = several
                .iter()
                .map(|(component, _, flow)| format!("{component}/{}", flow.name))
                .collect();
            return Err(Problem::bad(format!(
                "{:?} is several flows: name one of {}",
                asked.flow,
                keys.join(", ")
            )));
        }
    };
    let usual = RunOptions::default();
    let options = RunOptions {
        base_url: asked.base_url,
        params: asked.params.into_iter().collect(),
        timeout: asked.timeout_ms.map(|ms| Duration::from_millis(ms.into())),
        screencast: asked.screencast,
        test_id_attributes: asked.test_id_attributes.unwrap_or(usual.test_id_attributes),
        records_har: asked.har.unwrap_or(usual.records_har),
        ..usual
    };
    let run = server
        .begin(component, flows, flow, options, asked.retries, now.runner.clone())
        .map_err(|error| Problem::own(&error))?
        .ok_or_else(Problem::busy)?;
    let place = format!("/v1/runs/{}", run.id);
    Ok((
        StatusCode::ACCEPTED,
        [(header::LOCATION, place)],
        Json(state_of(&run)),
    )
        .into_response())
}

pub(super) async fn list(State(server): Shared) -> Result<Json<Value>, Problem> {
    let live: Vec<Value> = server.live.going_on().iter().map(|run| state_of(run)).collect();
    let recent = server
        .app
        .storage
        .runs
        .recent(&server.app.tenant, None, MAX_LISTED_RUNS)
        .await;
    let recent = recent.map_err(|error| Problem::own(&error))?;
    let ended: Vec<Value> = recent.iter().map(ended).collect();
    Ok(Json(json!({ "live": live, "ended": ended })))
}

pub(super) async fn one(State(server): Shared, Path(id): Path<String>) -> Result<Json<Value>, Problem> {
    if let Some(run) = server.live.get(&id).filter(|run| run.record().is_none()) {
        return Ok(Json(state_of(&run)));
    }
    let record = record_of(&server, &id).await?;
    let mut state = ended(&record);
    let report = report::json::render(&Report::of_one(record)).map_err(|error| Problem::own(&error))?;
    state["report"] = serde_json::from_str(&report).map_err(|error| Problem::own(&error))?;
    Ok(Json(state))
}

pub(super) async fn record(
    State(server): Shared,
    Path(id): Path<String>,
) -> Result<Json<RunRecord>, Problem> {
    record_of(&server, &id).await.map(Json)
}

pub(super) async fn cancel(State(server): Shared, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    let run = server.live.get(&id).ok_or_else(|| unknown(&id))?;
    run.cancel.cancel();
    Ok(StatusCode::ACCEPTED)
}

pub(super) async fn events(
    State(server): Shared,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let run = server.live.get(&id).ok_or_else(|| unknown(&id))?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    Ok(events::of_run(run, last.unwrap_or_default()))
}

pub(super) async fn picture(State(server): Shared, Path(id): Path<String>) -> Result<Response, Problem> {
    let run = server.live.get(&id).ok_or_else(|| unknown(&id))?;
    Ok(events::pictures(run))
}

pub(super) async fn html(State(server): Shared, Path(id): Path<String>) -> Result<Response, Problem> {
    let report = Report::of_one(record_of(&server, &id).await?);
    let files = report::files::Files::read(&report, &*server.app.artifacts).await;
    Ok(axum::response::Html(report::html::render(&report, &files)).into_response())
}

/// Bytes that a page made: nothing in them may run here.
pub(super) async fn artifact(State(server): Shared, Path(digest): Path<String>) -> Result<Response, Problem> {
    let missing = || Problem::missing(format!("there is no artifact {digest:?}"));
    let known: Digest = serde_json::from_value(Value::String(digest.clone())).map_err(|_| missing())?;
    let bytes = server.app.artifacts.get(&known).await.map_err(|_| missing())?;
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"),
        (header::CONTENT_DISPOSITION, "attachment"),
    ];
    Ok((headers, bytes).into_response())
}

async fn record_of(server: &Server, id: &str) -> Result<RunRecord, Problem> {
    if let Some(record) = server.live.get(id).and_then(|run| run.record()) {
        return Ok((*record).clone());
    }
    let known = RunId::parse(id).ok_or_else(|| unknown(id))?;
    let found = server.app.storage.runs.load(&server.app.tenant, &known).await;
    found
        .map_err(|error| Problem::own(&error))?
        .ok_or_else(|| unknown(id))
}

fn unknown(id: &str) -> Problem {
    Problem::missing(format!("there is no run {id:?}: GET /v1/runs lists them"))
}

fn state_of(run: &LiveRun) -> Value {
    let state = match (run.record(), run.has_begun()) {
        (Some(record), _) => return ended(&record),
        (None, _) if run.is_over() => {
            return json!({
                "id": run.id.as_str(), "flow": run.flow, "state": "ended",
                "verdict": "errored", "blame": "platform", "message": LOST,
            });
        }
        (None, true) => "running",
        (None, false) => "queued",
    };
    json!({ "id": run.id.as_str(), "flow": run.flow, "state": state })
}

fn ended(record: &RunRecord) -> Value {
    json!({
        "id": record.id.as_str(),
        "flow": record.flow.name,
        "state": "ended",
        "verdict": record.verdict.name(),
        "blame": record.verdict.blame().map_or("", |blame| blame.name()),
        "message": record.verdict.failure().map_or("", |failure| &failure.message),
        "started_ms": record.started_ms,
        "took_us": record.took_us,
    })
}
