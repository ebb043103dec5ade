//! What the API takes and answers. Answers are read leniently: unknown fields and words are no mistake, absent ones that
//! are optional are none either. Only documented fields are sent.

use chrono::{DateTime, Utc};
use flowguard_core::secrets::Secret;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// How a session is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is being made.
    Pending,
    /// It can be used, or is.
    Running,
    /// It broke.
    Error,
    /// Its time ran out.
    TimedOut,
    /// It was released, or nobody was connected any more.
    Completed,
    /// A word that this release does not know.
    Other(String),
}

impl Status {
    /// As the API writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Pending => "PENDING",
            Self::Running => "RUNNING",
            Self::Error => "ERROR",
            Self::TimedOut => "TIMED_OUT",
            Self::Completed => "COMPLETED",
            Self::Other(word) => word,
        }
    }

    /// Whether the session may still cost something. What is not known may.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        matches!(self, Self::Pending | Self::Running | Self::Other(_))
    }
}

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        Ok(match word.as_str() {
            "PENDING" => Self::Pending,
            "RUNNING" => Self::Running,
            "ERROR" => Self::Error,
            "TIMED_OUT" => Self::TimedOut,
            "COMPLETED" => Self::Completed,
            _ => Self::Other(word),
        })
    }
}

/// A session.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Its id.
    pub id: String,
    /// How it is.
    pub status: Status,
    /// The project that pays for it.
    #[serde(default)]
    pub project_id: String,
    /// Where its browser is.
    #[serde(default)]
    pub region: Option<String>,
    /// When it was asked for.
    #[serde(default)]
    pub created_at: Option<DateTime<Utc>>,
    /// When its browser began.
    #[serde(default)]
    pub started_at: Option<DateTime<Utc>>,
    /// When it was over.
    #[serde(default)]
    pub ended_at: Option<DateTime<Utc>>,
    /// When its time runs out.
    #[serde(default)]
    pub expires_at: Option<DateTime<Utc>>,
    /// Whether it outlives its connections.
    #[serde(default)]
    pub keep_alive: bool,
    /// Bytes that went through proxies.
    #[serde(default)]
    pub proxy_bytes: u64,
    /// The context that it began with.
    #[serde(default)]
    pub context_id: Option<String>,
    /// What whoever made it noted.
    #[serde(default)]
    pub user_metadata: Map<String, Value>,
}

/// A session with what it takes to use it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreatedSession {
    /// The session.
    #[serde(flatten)]
    pub session: Session,
    /// Where its browser is spoken to. Whoever has this has the browser.
    #[serde(deserialize_with = "secret")]
    pub connect_url: Secret,
}

/// A session as it is asked for, perhaps with what it takes to use it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RetrievedSession {
    #[serde(flatten)]
    pub(super) session: Session,
    #[serde(default, deserialize_with = "optional_secret")]
    pub(super) connect_url: Option<Secret>,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    String::deserialize(deserializer).map(Secret::new)
}

fn optional_secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(Secret::new))
}

/// What a session is to be. What is not said is the project's or Browserbase's own choice.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateSession {
    /// The project; else that of the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// Seconds until it ends by itself: 60 to 21,600.
    #[serde(rename = "timeout", skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<u32>,
    /// Whether it outlives its connections.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_alive: Option<bool>,
    /// Where its browser is to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// How its browser is to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub browser_settings: Option<BrowserSettings>,
    /// Whether its traffic goes through Browserbase's proxies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxies: Option<ProxySettings>,
    /// Notes: texts, or objects of them; less than 512 characters as JSON. The client adds one of its own.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub user_metadata: Map<String, Value>,
}

/// Which traffic goes through proxies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ProxySettings {
    /// All, or none.
    All(bool),
}

/// How a session's browser is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BrowserSettings {
    /// The size of its pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub viewport: Option<Viewport>,
    /// What it begins with, and whether what it comes to is kept there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<Context>,
    /// Whether it is recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_session: Option<bool>,
    /// Whether what is said to it is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_session: Option<bool>,
    /// Whether sites are to take it for a person's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<bool>,
    /// Whether captchas are solved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub solve_captchas: Option<bool>,
}

/// The size of pages, in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Viewport {
    /// From left to right.
    pub width: u32,
    /// From top to bottom.
    pub height: u32,
}

/// A context of Browserbase: cookies and storage that outlive sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// Its id.
    pub id: String,
    /// Whether what a session comes to is kept.
    #[serde(default)]
    pub persist: bool,
}

/// A context, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SavedContext {
    /// Its id.
    pub id: String,
    /// What people call it.
    #[serde(default)]
    pub name: Option<String>,
    /// When a session left something in it last.
    #[serde(default)]
    pub updated_at: Option<DateTime<Utc>>,
}

/// Where a session can be watched.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LiveUrls {
    /// All of it, with tools. Whoever has this sees and may act.
    #[serde(deserialize_with = "secret")]
    pub debugger_url: Secret,
    /// The page alone.
    #[serde(deserialize_with = "secret")]
    pub debugger_fullscreen_url: Secret,
    /// Its pages.
    #[serde(default)]
    pub pages: Vec<LivePage>,
}

/// A page that can be watched.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LivePage {
    /// Its id.
    pub id: String,
    /// What it shows.
    #[serde(default)]
    pub url: String,
    /// Its title.
    #[serde(default)]
    pub title: String,
    /// Where it can be watched.
    #[serde(deserialize_with = "secret")]
    pub debugger_fullscreen_url: Secret,
}

/// What was said to a session's browser or by it: a method of the browser's protocol, the page's number, and more.
pub type Log = Value;

/// How far a recording is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RecordingState {
    /// Nobody asked for it.
    NotRequested,
    /// It is being made.
    Pending,
    /// It can be fetched.
    Completed,
    /// It could not be made.
    Failed,
    /// A word that this release does not know.
    #[serde(other)]
    Other,
}

/// A recording of a page, as a film.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordingDownload {
    /// The page.
    #[serde(default)]
    pub page_id: String,
    /// How far it is.
    pub status: RecordingState,
    /// Where it can be fetched, for a short time.
    #[serde(default, deserialize_with = "optional_secret")]
    pub download_url: Option<Secret>,
}

/// The media type of a film, by its first bytes: the service does not name it.
#[must_use]
pub fn film_type(film: &[u8]) -> &'static str {
    match film {
        [b'P', b'K', ..] => "application/zip",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "video/mp4",
        [0x1a, 0x45, 0xdf, 0xa3, ..] => "video/webm",
        _ => "application/octet-stream",
    }
}

/// What a session's pages looked like, to be played.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Replay {
    /// Its pages.
    #[serde(default)]
    pub pages: Vec<ReplayPage>,
}

/// A page that can be played.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplayPage {
    /// Its number, as text.
    pub page_id: String,
    /// What it showed.
    #[serde(default)]
    pub url: String,
    /// When it began, in milliseconds since 1970.
    #[serde(default)]
    pub start_time_ms: i64,
    /// When it ended.
    #[serde(default)]
    pub end_time_ms: i64,
}

/// A project.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Project {
    /// Its id.
    pub id: String,
    /// What people call it.
    #[serde(default)]
    pub name: String,
    /// Seconds until a session ends by itself.
    #[serde(default)]
    pub default_timeout: Option<u32>,
    /// Sessions at once.
    #[serde(default)]
    pub concurrency: Option<u32>,
}

/// What a project has used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Minutes of browsers.
    #[serde(default)]
    pub browser_minutes: u64,
    /// Bytes that went through proxies.
    #[serde(default)]
    pub proxy_bytes: u64,
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test ends where it cannot go on")]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_new_or_missing_is_no_mistake() {
        let session: Session = serde_json::from_value(json!({
            "id": "a", "status": "HIBERNATING", "avgCpuUsage": 3, "userMetadata": {"flowguard": "x"},
        }))
        .expect("it is read");
        assert_eq!(session.status, Status::Other("HIBERNATING".to_owned()));
        assert!(session.status.is_live() && session.started_at.is_none() && !session.keep_alive);
        let download: RecordingDownload =
            serde_json::from_value(json!({"status": "PAUSED"})).expect("it is read");
        assert_eq!(download.status, RecordingState::Other);
    }

    #[test]
    fn a_connect_url_is_in_no_text() {
        let created: CreatedSession = serde_json::from_value(json!({
            "id": "a", "status": "RUNNING", "createdAt": "2026-11-29T12:00:00.123Z", "keepAlive": true,
            "connectUrl": "wss://connect.usw2.browserbase.com/?signingKey=hunter2",
        }))
        .expect("it is read");
        assert!(!format!("{created:?}").contains("hunter2"));
        assert!(created.connect_url.reveal().ends_with("hunter2"));
        assert!(created.session.keep_alive);
    }

    #[test]
    fn what_is_not_said_is_not_sent() {
        let asked = serde_json::to_value(CreateSession::default()).expect("JSON");
        assert_eq!(asked, json!({}));
        let asked = CreateSession {
            timeout_s: Some(600),
            keep_alive: Some(true),
            proxies: Some(ProxySettings::All(true)),
            browser_settings: Some(BrowserSettings {
                viewport: Some(Viewport {
                    width: 1280,
                    height: 720,
                }),
                ..BrowserSettings::default()
            }),
            ..CreateSession::default()
        };
        assert_eq!(
            serde_json::to_value(asked).expect("JSON"),
            json!({
                "timeout": 600, "keepAlive": true, "proxies": true,
                "browserSettings": {"viewport": {"width": 1280, "height": 720}},
            })
        );
    }
}
