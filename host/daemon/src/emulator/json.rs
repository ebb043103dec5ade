//! What the API says of things, in its own names.

use serde_json::{Value, json};
use std::time::Duration;

use super::Extension;
use super::pages::Log;
use super::sessions::Session;

/// The one project that there is.
pub(super) const PROJECT: &str = "00000000-0000-4000-8000-000000000001";

/// A moment, as the API writes it.
pub(super) fn moment(since_1970: Duration) -> String {
    let seconds = i64::try_from(since_1970.as_secs()).unwrap_or_default();
    let moment = chrono::DateTime::from_timestamp(seconds, since_1970.subsec_nanos()).unwrap_or_default();
    moment.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// A session.
pub(super) fn session(session: &Session) -> Value {
    let mut said = json!({
        "id": session.id,
        "createdAt": moment(session.created),
        "updatedAt": moment(session.updated),
        "startedAt": moment(session.created),
        "expiresAt": moment(session.expires()),
        "projectId": PROJECT,
        "status": session.status.as_str(),
        "proxyBytes": 0,
        "keepAlive": session.asked.keep_alive,
        "region": session.asked.region,
        "userMetadata": session.asked.notes,
    });
    if let Some((context, _)) = &session.asked.context {
        said["contextId"] = json!(context);
    }
    if let Some(ended) = session.ended {
        said["endedAt"] = json!(moment(ended));
    }
    said
}

/// A session with what it takes to use it.
pub(super) fn usable(of: &Session, tunnel: &str) -> Value {
    let mut said = session(of);
    said["connectUrl"] = json!(format!("{tunnel}/?signingKey={}", of.key));
    said["seleniumRemoteUrl"] = json!("http://127.0.0.1:9/webdriver");
    said["signingKey"] = json!(of.key);
    said
}

/// The project.
pub(super) fn project(concurrency: u32, timeout: Duration) -> Value {
    json!({
        "id": PROJECT,
        "createdAt": moment(Duration::ZERO),
        "updatedAt": moment(Duration::ZERO),
        "name": "emulator",
        "ownerId": "emulator",
        "defaultTimeout": timeout.as_secs(),
        "concurrency": concurrency,
    })
}

/// An error.
pub(super) fn error(status: u16, name: &str, message: &str) -> Value {
    json!({"statusCode": status, "error": name, "message": message})
}

/// A context that was just made.
pub(super) fn created_context(id: &str) -> Value {
    json!({
        "id": id, "uploadUrl": "http://127.0.0.1:9/", "publicKey": "", "cipherAlgorithm": "AES-256-CBC",
        "initializationVectorSize": 16,
    })
}

/// A context.
pub(super) fn context(id: &str, name: Option<&str>, at: Duration) -> Value {
    let at = moment(at);
    let mut said = json!({"id": id, "createdAt": at, "updatedAt": at, "projectId": PROJECT});
    if let Some(name) = name {
        said["name"] = json!(name);
    }
    said
}

/// An extension.
pub(super) fn extension(id: &str, extension: &Extension) -> Value {
    let at = moment(extension.made);
    json!({
        "id": id, "createdAt": at, "updatedAt": at, "fileName": extension.name, "projectId": PROJECT,
    })
}

/// An event of a session's page.
pub(super) fn log(session: &str, log: &Log) -> Value {
    let mut said = json!({
        "method": log.method, "pageId": log.page, "sessionId": session, "timestamp": log.at_ms,
        "request": {"params": log.params, "rawBody": log.params.to_string(), "timestamp": log.at_ms},
    });
    for name in ["frameId", "loaderId"] {
        if let Some(id) = log.params[name].as_str() {
            said[name] = json!(id);
        }
    }
    said
}
