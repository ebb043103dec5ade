//! An emulated Browserbase on this machine: its HTTP API over sessions that are local browsers, for development and tests
//! without an account. What it says is what the official SDKs' types and documentation say; nothing here is taken from the
//! service itself.

mod api;
mod contexts;
mod door;
mod fault;
mod json;
mod pages;
mod sessions;
mod tunnel;

pub(crate) use door::Tls;
pub(crate) use fault::Fault;
pub(crate) use sessions::Limits;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};

use contexts::{Begun, Contexts};
use door::Door;
use flowguard_backends::browser::{LocalBrowsers, LocalOptions};
use flowguard_core::clock::Clock;
use flowguard_core::secrets::Secret;
use pages::Pages;
use sessions::{Asked, Session, Sessions, Status, TooMany};

/// How it is set up.
pub(crate) struct EmulatorOptions {
    /// The key that is asked for; any where none is named.
    pub(crate) key: Option<Secret>,
    pub(crate) limits: Limits,
    pub(crate) browsers: LocalOptions,
    /// How long it takes at least to make a session.
    pub(crate) creation_time: Duration,
    /// How far away it is: the time that each message takes, each way.
    pub(crate) delay: Duration,
    /// What goes wrong on purpose.
    pub(crate) faults: Vec<Fault>,
    /// How it is spoken to in secret; in clear where there is none.
    pub(crate) tls: Option<Tls>,
    /// Whether any id is known and any value fine, and no browser is started.
    pub(crate) answers_anything: bool,
}

/// The emulator.
pub(crate) struct Emulator {
    options: EmulatorOptions,
    clock: Arc<dyn Clock>,
    sessions: Mutex<Sessions>,
    running: Mutex<HashMap<String, Running>>,
    /// What is known of the pages of sessions, also of those that have ended.
    pages: Mutex<HashMap<String, Arc<Pages>>>,
    recordings_requested: Mutex<HashSet<String>>,
    contexts: Contexts,
    extensions: Mutex<HashMap<String, Extension>>,
    /// Where it is.
    api: String,
    /// Where sessions are connected to.
    tunnel: String,
    changed: Notify,
}

/// A session that runs.
struct Running {
    browsers: Arc<LocalBrowsers>,
    address: String,
    /// Its downloads and uploads.
    folder: tempfile::TempDir,
    /// Where it began with a context.
    profile: Option<Begun>,
    /// True as soon as it is over.
    over: watch::Sender<bool>,
}

/// An extension, which no browser gets.
struct Extension {
    name: String,
    made: Duration,
}

/// Why there is no session.
enum NotMade {
    TooMany(TooMany),
    NoBrowser(String),
}

impl Emulator {
    /// Serves on these listeners until it is dropped: the API, and the sessions' browsers.
    pub(crate) async fn serve(
        options: EmulatorOptions,
        clock: Arc<dyn Clock>,
        api: TcpListener,
        tunnel: TcpListener,
    ) -> anyhow::Result<Arc<Self>> {
        let is_secret = options.tls.is_some();
        let scheme = |clear: &'static str, secret| if is_secret { secret } else { clear };
        let emulator = Arc::new(Self {
            sessions: Mutex::new(Sessions::new(options.limits)),
            options,
            clock,
            running: Mutex::default(),
            pages: Mutex::default(),
            recordings_requested: Mutex::default(),
            contexts: Contexts::default(),
            extensions: Mutex::default(),
            api: format!("{}://{}", scheme("http", "https"), api.local_addr()?),
            tunnel: format!("{}://{}", scheme("ws", "wss"), tunnel.local_addr()?),
            changed: Notify::new(),
        });
        let door = |listener| Door::new(listener, emulator.options.tls.clone());
        tokio::spawn(tunnel::serve(door(tunnel), emulator.clone()));
        let (api, router) = (door(api), api::router(emulator.clone()));
        tokio::spawn(async move { axum::serve(api, router).await });
        tokio::spawn(emulator.clone().keep_time());
        Ok(emulator)
    }

    /// Makes a session with a browser of its own.
    async fn create(&self, asked: Asked) -> Result<Session, NotMade> {
        let session = {
            let (id, key) = (id(), id().replace('-', ""));
            let mut sessions = self.sessions();
            let made = sessions.create(id, key, asked, self.clock.wall());
            made.map_err(NotMade::TooMany)?.clone()
        };
        let (_, started) = tokio::join!(
            tokio::time::sleep(self.options.creation_time),
            self.start(&session)
        );
        match started {
            Ok(running) => {
                lock(&self.running).insert(session.id.clone(), running);
                self.sessions().begin(&session.id, self.clock.wall());
            }
            Err(why) => {
                self.sessions()
                    .finish(&session.id, Status::Error, self.clock.wall());
                return Err(NotMade::NoBrowser(why));
            }
        }
        // It may have been released, or have run out of its time, while its browser was started.
        let whole = self.sessions().get(&session.id).cloned().unwrap_or(session);
        if !whole.status.is_live() {
            self.finish(&whole.id, whole.status).await;
        }
        self.changed.notify_one();
        Ok(whole)
    }

    /// Starts a session's browser, with a blank page in its default context, as the service does.
    async fn start(&self, session: &Session) -> Result<Running, String> {
        let folder = tempfile::Builder::new().prefix("flowguard-session-").tempdir();
        let folder = folder.map_err(|error| error.to_string())?;
        let profile = match &session.asked.context {
            Some((context, persists)) => {
                let kept = self.contexts.profile(context).ok_or("the context was deleted")?;
                Some(Begun::with(kept, *persists).await?)
            }
            None => None,
        };
        let browsers = Arc::new(LocalBrowsers::new(LocalOptions {
            folder: Some(folder.path().to_owned()),
            profile: profile.as_ref().map(|profile| profile.path().to_owned()),
            ..self.options.browsers.clone()
        }));
        browsers.warm_up().await.map_err(|error| error.to_string())?;
        let address = browsers.address().await.ok_or("it ended")?;
        let pages = Pages::of(
            &address,
            self.clock.clone(),
            session.asked.is_logged,
            session.asked.is_recorded,
        );
        let pages = pages.await?;
        pages.open_blank().await.ok_or("it opens no page")?;
        lock(&self.pages).insert(session.id.clone(), pages);
        Ok(Running {
            browsers,
            address,
            folder,
            profile,
            over: watch::Sender::new(false),
        })
    }

    /// Where its API is.
    pub(crate) fn address(&self) -> &str {
        &self.api
    }

    fn answers_anything(&self) -> bool {
        self.options.answers_anything
    }

    fn pages_of(&self, session: &str) -> Option<Arc<Pages>> {
        lock(&self.pages).get(session).cloned()
    }

    /// Where the files of a session that runs are.
    fn folder_of(&self, session: &str) -> Option<PathBuf> {
        let running = lock(&self.running);
        Some(running.get(session)?.folder.path().to_owned())
    }

    /// Whether they were not requested before.
    fn request_recordings(&self, session: &str) -> bool {
        lock(&self.recordings_requested).insert(session.to_owned())
    }

    fn has_requested_recordings(&self, session: &str) -> bool {
        lock(&self.recordings_requested).contains(session)
    }

    /// Ends a session and its browser.
    async fn finish(&self, id: &str, status: Status) {
        let mut running = lock(&self.running).remove(id);
        let kept = match running.as_mut().and_then(|running| running.profile.take()) {
            Some(profile) => profile.ends().await,
            None => None,
        };
        self.sessions().finish(id, status, self.clock.wall());
        if let Some(running) = running {
            running.over.send_replace(true);
            running.browsers.shut_down().await;
        }
        if let Some(kept) = kept {
            kept.keep();
        }
        self.changed.notify_one();
    }

    /// Ends sessions as their time runs out.
    async fn keep_time(self: Arc<Self>) {
        loop {
            let over = self.sessions().expire(self.clock.wall());
            for id in over {
                self.finish(&id, Status::Completed).await;
            }
            let next = self.sessions().next_end();
            let left = next.map(|end| end.saturating_sub(self.clock.wall()));
            tokio::select! {
                () = tokio::time::sleep(left.unwrap_or(Duration::MAX)) => {}
                () = self.changed.notified() => {}
            }
        }
    }

    /// Ends all sessions.
    pub(crate) async fn end(&self) {
        let all: Vec<String> = lock(&self.running).keys().cloned().collect();
        for id in all {
            self.finish(&id, Status::Completed).await;
        }
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        lock(&self.sessions)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An id as the service has them: a UUID of version 4.
fn id() -> String {
    let mut bytes = [0; 16];
    if let Err(error) = getrandom::fill(&mut bytes) {
        tracing::error!(%error, "there are no random numbers");
    }
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
    parts.join("-")
}
