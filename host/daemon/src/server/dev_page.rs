//! The page of a development session: what the session does, live, and what a person asks of it.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures::stream;
use serde_json::Value;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, watch};

use super::events;
use super::guard::{self, Access};
use super::problem::Problem;
use crate::dev::{Command, DevEvent};
use crate::live_runs::{LiveRun, LiveRuns};
use crate::report::{self, Report};
use flowguard_backends::storage::ArtifactStore;
use flowguard_core::run::RunId;

const PAGE: &str = include_str!("../dev/page/index.html");
const STYLE: &str = include_str!("../dev/page/dev.css");
const SCRIPT: &str = include_str!("../dev/page/dev.js");
/// The page runs its own script and style, and shows its own pictures; nothing of what it tells can be more than text.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// What the page shows: the last event of each kind, so that whoever opens it later sees the same.
pub(crate) struct DevPage {
    pub(crate) live: LiveRuns,
    artifacts: Arc<ArtifactStore>,
    commands: mpsc::Sender<Command>,
    shown: Mutex<Shown>,
    changes: watch::Sender<u64>,
}

/// By what it is about: the present state. Each with the number of the change that made it.
#[derive(Default)]
struct Shown {
    changes: u64,
    about: BTreeMap<String, (u64, Value)>,
}

impl DevPage {
    pub(crate) fn new(artifacts: Arc<ArtifactStore>, commands: mpsc::Sender<Command>) -> Self {
        Self {
            live: LiveRuns::default(),
            artifacts,
            commands,
            shown: Mutex::default(),
            changes: watch::Sender::default(),
        }
    }

    /// Something happened in the session.
    pub(crate) fn hears(&self, event: &DevEvent) {
        let about = match event {
            DevEvent::Building { .. } | DevEvent::BuildFailed { .. } | DevEvent::Built { .. } => {
                "build".to_owned()
            }
            DevEvent::Refused { file, .. } => format!("refused {}", file.display()),
            DevEvent::Flows { .. } => "flows".to_owned(),
            DevEvent::RunBegan { flow, .. } => format!("run {flow}"),
            DevEvent::RunEnded { flow, record, .. } => {
                if let Some(run) = self.live.get(record.id.as_str()) {
                    run.ended((**record).clone());
                }
                format!("run {flow}")
            }
            DevEvent::Note { .. } => "note".to_owned(),
        };
        let Ok(told) = serde_json::to_value(event) else {
            return;
        };
        let mut shown = self.lock();
        if matches!(event, DevEvent::Flows { .. }) {
            // What could not be loaded was looked at again.
            shown.about.retain(|about, _| !about.starts_with("refused "));
        }
        shown.changes += 1;
        let change = shown.changes;
        shown.about.insert(about, (change, told));
        drop(shown);
        self.changes.send_replace(change);
    }

    /// A run of the session that can be listened to.
    pub(crate) fn begins(&self, id: RunId, flow: String) -> Arc<LiveRun> {
        self.live.add(id, flow)
    }

    fn since(&self, heard: u64) -> (u64, Vec<Value>) {
        let shown = self.lock();
        let mut news: Vec<&(u64, Value)> = shown
            .about
            .values()
            .filter(|(change, _)| *change > heard)
            .collect();
        news.sort_by_key(|(change, _)| *change);
        (
            shown.changes,
            news.into_iter().map(|(_, told)| told.clone()).collect(),
        )
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Shared = State<Arc<DevPage>>;

/// The routes of `flowguard dev`.
pub(crate) fn dev_router(page: Arc<DevPage>, access: Access) -> Router {
    let prefix = access.prefix();
    let routes = Router::new()
        .route("/dev.css", get(|| file(STYLE, "text/css")))
        .route("/dev.js", get(|| file(SCRIPT, "text/javascript")))
        .route("/v1/dev/events", get(session))
        .route("/v1/dev/commands", post(command))
        .route("/v1/runs/{id}/events", get(run))
        .route("/v1/runs/{id}/picture", get(picture))
        .route("/v1/runs/{id}/report", get(html));
    Router::new()
        .route(
            &format!("{prefix}/"),
            get(|| file(PAGE, "text/html; charset=utf-8")),
        )
        .nest(&prefix, routes)
        .layer(from_fn_with_state(access, guard::check))
        .with_state(page)
}

async fn file(text: &'static str, kind: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, text).into_response()
}

async fn session(State(page): Shared) -> Response {
    let begin = (page.changes.subscribe(), page, 0);
    let events = stream::unfold(begin, |(mut changes, page, heard)| async move {
        loop {
            changes.borrow_and_update();
            let (now, news) = page.since(heard);
            if !news.is_empty() {
                let event = Event::default().data(Value::Array(news).to_string());
                return Some((Ok::<_, Infallible>(event), (changes, page, now)));
            }
            changes.changed().await.ok()?;
        }
    });
    Sse::new(events).keep_alive(KeepAlive::default()).into_response()
}

async fn command(
    State(page): Shared,
    asked: Result<Json<Command>, axum::extract::rejection::JsonRejection>,
) -> Result<StatusCode, Problem> {
    let Json(command) = asked.map_err(|error| Problem::bad(error.body_text()))?;
    page.commands.try_send(command).map_err(|_| Problem::busy())?;
    Ok(StatusCode::ACCEPTED)
}

fn known(page: &DevPage, id: &str) -> Result<Arc<LiveRun>, Problem> {
    page.live
        .get(id)
        .ok_or_else(|| Problem::missing(format!("there is no run {id:?} in this session")))
}

async fn run(State(page): Shared, Path(id): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    Ok(events::of_run(known(&page, &id)?, last.unwrap_or_default()))
}

async fn picture(State(page): Shared, Path(id): Path<String>) -> Result<Response, Problem> {
    Ok(events::pictures(known(&page, &id)?))
}

async fn html(State(page): Shared, Path(id): Path<String>) -> Result<Response, Problem> {
    let record = known(&page, &id)?.record();
    let record = record.ok_or_else(|| Problem::missing(format!("the run {id} has not ended")))?;
    let report = Report::of_one((*record).clone());
    let files = report::files::Files::read(&report, &*page.artifacts).await;
    Ok(axum::response::Html(report::html::render(&report, &files)).into_response())
}
