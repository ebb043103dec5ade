//! The calls of the API. Making a session, which could be made twice, is looked up by a note of its own before it is
//! repeated, so that none is made that nobody knows of.

use bytes::Bytes;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use url::Url;

use super::error::{Error, Kind};
use super::transport::{Call, Transport};
use super::types::{
    Context, CreateSession, CreatedSession, LiveUrls, Log, Project, RecordingDownload, RecordingState,
    Replay, RetrievedSession, SavedContext, Session, Status, Usage,
};
use crate::random;
use flowguard_core::limits::{CLOUD_CALL_TIMEOUT, CLOUD_RECORDING_TIMEOUT, MAX_CLOUD_DOWNLOAD_BYTES};
use flowguard_core::secrets::Secret;

/// Between the first two looks whether recordings are made; each later one waits twice as long, up to [`LAST_LOOK`].
const FIRST_LOOK: Duration = Duration::from_millis(250);
const LAST_LOOK: Duration = Duration::from_secs(4);

/// The note by which a session that was made and not heard of is found again. Who has none gets one that is nobody else's.
pub const TAG: &str = "flowguard";

/// Where the service is, and who asks.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// Its address; a path in it is kept.
    pub endpoint: Url,
    /// The key.
    pub key: Secret,
    /// The time of one try.
    pub timeout: Duration,
}

impl ClientOptions {
    /// The service itself, with this key.
    #[must_use]
    pub const fn new(endpoint: Url, key: Secret) -> Self {
        Self {
            endpoint,
            key,
            timeout: CLOUD_CALL_TIMEOUT,
        }
    }
}

/// A client of the API.
#[derive(Clone, Debug)]
pub struct Client(Transport);

impl Client {
    /// A client. Nothing is asked yet.
    ///
    /// # Errors
    /// [`Kind::Unauthorized`] where the key cannot be one.
    pub fn new(options: ClientOptions) -> Result<Self, Error> {
        Ok(Self(Transport::new(options)?))
    }

    /// Makes a session. One that was made although no good answer came is found by its tag and used.
    ///
    /// # Errors
    /// As the service says; [`Kind::Lost`] where nobody knows whether one was made: its tag, which is in the message, finds
    /// it later.
    pub async fn create_session(&self, asked: &CreateSession) -> Result<CreatedSession, Error> {
        let mut asked = asked.clone();
        let noted = asked.user_metadata.get(TAG).and_then(Value::as_str);
        let tag = noted.map_or_else(tag, str::to_owned);
        asked.user_metadata.insert(TAG.to_owned(), json!(tag));
        let call = || Call {
            body: Some(json!(asked)),
            ..Call::new(Method::POST, &["sessions"])
        };
        let mut tries = 1;
        loop {
            let failed = match self.0.once::<CreatedSession>(&call()).await {
                Ok(created) => return Ok(created),
                Err(failed) => failed,
            };
            let kind = failed.error.kind;
            if kind.is_ambiguous()
                && let Some(made) = self.made(&tag, &failed.error).await?
            {
                return Ok(made);
            }
            let again = failed.again(tries).filter(|_| kind != Kind::Conflict);
            let Some(pause) = again else {
                return Err(failed.error);
            };
            tokio::time::sleep(pause).await;
            tries += 1;
        }
    }

    /// The session with this tag that is live, where there is one. One that cannot be used is released.
    async fn made(&self, tag: &str, why: &Error) -> Result<Option<CreatedSession>, Error> {
        let unknown = |error: Error| {
            let message = format!(
                "{}, and whether a session was made is not known ({error}); its tag is {tag}",
                why.message
            );
            Error::new(Kind::Lost, &why.call, &message)
        };
        let query = format!("user_metadata['{TAG}']:'{tag}'");
        let found = self.sessions(None, Some(&query)).await.map_err(unknown)?;
        let Some(session) = found.into_iter().find(|session| session.status.is_live()) else {
            return Ok(None);
        };
        let whole: RetrievedSession = self
            .0
            .call(Call::get(&["sessions", &session.id]))
            .await
            .map_err(unknown)?;
        match whole.connect_url {
            Some(connect_url) => Ok(Some(CreatedSession {
                session: whole.session,
                connect_url,
            })),
            None => {
                self.release(&session.id).await.map_err(unknown)?;
                Ok(None)
            }
        }
    }

    /// A session.
    ///
    /// # Errors
    /// [`Kind::NotFound`] where there is none; else as the service says.
    pub async fn session(&self, id: &str) -> Result<Session, Error> {
        self.0.call(Call::get(&["sessions", id])).await
    }

    /// The project's sessions, of one status and with certain notes where that is said: `user_metadata['key']:'value'`.
    ///
    /// # Errors
    /// As the service says.
    pub async fn sessions(
        &self,
        status: Option<&Status>,
        notes: Option<&str>,
    ) -> Result<Vec<Session>, Error> {
        let status = status.map(|status| ("status", status.as_str()));
        let query: Vec<(&str, &str)> = status
            .into_iter()
            .chain(notes.map(|notes| ("q", notes)))
            .collect();
        self.0
            .call(Call {
                query: &query,
                ..Call::get(&["sessions"])
            })
            .await
    }

    /// Ends a session. Doing it again does no harm.
    ///
    /// # Errors
    /// As the service says.
    pub async fn release(&self, id: &str) -> Result<Session, Error> {
        self.0
            .call(Call {
                body: Some(json!({"status": "REQUEST_RELEASE"})),
                ..Call::new(Method::POST, &["sessions", id])
            })
            .await
    }

    /// Where a session can be watched.
    ///
    /// # Errors
    /// [`Kind::Gone`] where it has ended; else as the service says.
    pub async fn live_urls(&self, id: &str) -> Result<LiveUrls, Error> {
        self.0.call(Call::get(&["sessions", id, "debug"])).await
    }

    /// What was said to a session's browser and by it, each as the service tells it.
    ///
    /// # Errors
    /// As the service says.
    pub async fn logs(&self, id: &str) -> Result<Vec<Log>, Error> {
        self.0.call(Call::get(&["sessions", id, "logs"])).await
    }

    /// Asks for the films of a session that has ended.
    ///
    /// # Errors
    /// [`Kind::Conflict`] where it still runs, [`Kind::Gone`] past their time; else as the service says.
    pub async fn request_recordings(&self, id: &str) -> Result<Vec<RecordingDownload>, Error> {
        self.recordings(Method::POST, id).await
    }

    /// The films of a session, and how far they are.
    ///
    /// # Errors
    /// As [`Client::request_recordings`].
    pub async fn recording_downloads(&self, id: &str) -> Result<Vec<RecordingDownload>, Error> {
        self.recordings(Method::GET, id).await
    }

    /// The films of a session that has ended, once none is being made any more.
    ///
    /// # Errors
    /// [`Kind::Unavailable`] where they are not made within [`CLOUD_RECORDING_TIMEOUT`]; else as
    /// [`Client::request_recordings`].
    pub async fn finished_recordings(&self, id: &str) -> Result<Vec<RecordingDownload>, Error> {
        let is_under_way = |film: &RecordingDownload| film.status == RecordingState::Pending;
        let finished = async {
            let mut films = self.request_recordings(id).await?;
            let mut pause = FIRST_LOOK;
            while films.iter().any(is_under_way) {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LAST_LOOK);
                films = self.recording_downloads(id).await?;
            }
            Ok(films)
        };
        let finished = tokio::time::timeout(CLOUD_RECORDING_TIMEOUT, finished).await;
        finished.unwrap_or_else(|_| {
            let seconds = CLOUD_RECORDING_TIMEOUT.as_secs();
            Err(Error::new(
                Kind::Unavailable,
                "GET /v1/sessions/{id}/recording/downloads",
                &format!("the recordings are not made within {seconds} s"),
            ))
        })
    }

    async fn recordings(&self, method: Method, id: &str) -> Result<Vec<RecordingDownload>, Error> {
        #[derive(serde::Deserialize)]
        struct Answer {
            downloads: Vec<RecordingDownload>,
        }
        let path = ["sessions", id, "recording", "downloads"];
        let answer: Answer = self.0.call(Call::new(method, &path)).await?;
        Ok(answer.downloads)
    }

    /// What is behind a link of the service's: a recording. No key goes there.
    ///
    /// # Errors
    /// As whoever keeps it says.
    pub async fn fetch(&self, link: &Secret) -> Result<Bytes, Error> {
        self.0.fetch(link, MAX_CLOUD_DOWNLOAD_BYTES).await
    }

    /// What a session's pages looked like.
    ///
    /// # Errors
    /// As the service says.
    pub async fn replay(&self, id: &str) -> Result<Replay, Error> {
        self.0.call(Call::get(&["sessions", id, "replays"])).await
    }

    /// The list of pieces that a page is played from (HLS).
    ///
    /// # Errors
    /// As the service says.
    pub async fn replay_page(&self, id: &str, page: &str) -> Result<String, Error> {
        let path = ["sessions", id, "replays", page];
        let bytes = self.0.bytes(Call {
            accept: "application/vnd.apple.mpegurl",
            ..Call::get(&path)
        });
        Ok(String::from_utf8_lossy(&bytes.await?).into_owned())
    }

    /// All that a session has downloaded, as a ZIP; empty until it is there.
    ///
    /// # Errors
    /// As the service says.
    pub async fn downloads(&self, id: &str) -> Result<Bytes, Error> {
        let path = ["sessions", id, "downloads"];
        self.0
            .bytes(Call {
                accept: "application/zip",
                limit: MAX_CLOUD_DOWNLOAD_BYTES,
                ..Call::get(&path)
            })
            .await
    }

    /// Gives a session a file.
    ///
    /// # Errors
    /// As the service says.
    pub async fn upload(&self, id: &str, name: &str, bytes: Bytes) -> Result<(), Error> {
        let path = ["sessions", id, "uploads"];
        let uploaded = self.0.bytes(Call {
            file: Some((name, bytes)),
            ..Call::new(Method::POST, &path)
        });
        uploaded.await.map(|_| ())
    }

    /// A context.
    ///
    /// # Errors
    /// [`Kind::NotFound`] where there is none; else as the service says.
    pub async fn context(&self, id: &str) -> Result<SavedContext, Error> {
        self.0.call(Call::get(&["contexts", id])).await
    }

    /// Makes a context. One that is made twice is no session and costs nothing.
    ///
    /// # Errors
    /// As the service says.
    pub async fn create_context(&self, name: Option<&str>) -> Result<Context, Error> {
        let body = name.map_or_else(|| json!({}), |name| json!({"name": name}));
        self.0
            .call(Call {
                body: Some(body),
                ..Call::new(Method::POST, &["contexts"])
            })
            .await
    }

    /// Deletes a context.
    ///
    /// # Errors
    /// As the service says.
    pub async fn delete_context(&self, id: &str) -> Result<(), Error> {
        let path = ["contexts", id];
        let deleted = self.0.bytes(Call {
            accept: "*/*",
            ..Call::new(Method::DELETE, &path)
        });
        deleted.await.map(|_| ())
    }

    /// The projects of the key.
    ///
    /// # Errors
    /// As the service says.
    pub async fn projects(&self) -> Result<Vec<Project>, Error> {
        self.0.call(Call::get(&["projects"])).await
    }

    /// A project.
    ///
    /// # Errors
    /// As the service says.
    pub async fn project(&self, id: &str) -> Result<Project, Error> {
        self.0.call(Call::get(&["projects", id])).await
    }

    /// What a project has used.
    ///
    /// # Errors
    /// As the service says.
    pub async fn usage(&self, id: &str) -> Result<Usage, Error> {
        self.0.call(Call::get(&["projects", id, "usage"])).await
    }
}

/// A text that nobody else has as a tag.
pub(crate) fn tag() -> String {
    format!("{:016x}{:016x}", random::number(), random::number())
}
