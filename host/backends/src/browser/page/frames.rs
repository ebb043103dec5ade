//! The frames of a page: where the injected script of each lives, in the page's own process or in another.
//! A frame of another process is a target of its own, with a session below the page's.

use chromiumoxide::cdp::browser_protocol::target::EventAttachedToTarget;
use chromiumoxide::cdp::js_protocol::runtime::{EventExecutionContextCreated, ExecutionContextId};
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

use super::setup::{self, Page};
use crate::browser::connection::cdp::{Event, Listener, Session};
use crate::browser::context::targets;
use flowguard_core::browser::TabError;

/// The isolated world that the injected script lives in.
pub(super) const WORLD: &str = "flowguard";
/// Frames that are known at once; a script in a later one is not reached.
const MAX_FRAMES: usize = 1_000;

/// Where the injected script of one frame's present document lives.
#[derive(Clone)]
pub(super) struct Home {
    pub(super) session: Session,
    pub(super) context: i64,
    /// The page's own world, once the browser has told of it.
    pub(super) main_world: Option<i64>,
    /// The browser's names of the frames in it that were entered, by what its script calls them.
    pub(super) entered: Arc<Mutex<HashMap<u64, String>>>,
}

/// The frames of one page, by id.
pub(super) struct Frames {
    homes: watch::Sender<HashMap<String, Home>>,
}

/// Hears `Runtime` and `Target` of one of a page's sessions.
pub(super) struct FrameSession {
    page: Arc<Page>,
    session: Session,
    /// The pages' own worlds, by frame.
    main_worlds: Mutex<HashMap<String, i64>>,
    /// Sessions of frames below: they end with this one.
    below: Mutex<Vec<Session>>,
}

#[derive(Deserialize)]
struct Detached {
    #[serde(rename = "sessionId")]
    id: String,
}

#[derive(Deserialize)]
struct Destroyed {
    #[serde(rename = "executionContextId")]
    id: i64,
}

impl Frames {
    pub(super) fn new() -> Self {
        Self {
            homes: watch::channel(HashMap::new()).0,
        }
    }

    /// The homes, as they change.
    pub(super) fn homes(&self) -> watch::Receiver<HashMap<String, Home>> {
        self.homes.subscribe()
    }

    /// Ends when the document that lived there has gone.
    pub(super) async fn left_by(&self, home: &Home) {
        let is_left = |homes: &HashMap<String, Home>| !homes.values().any(|other| other.is(home));
        let _ = self.homes().wait_for(is_left).await;
    }

    fn settled(&self, frame: &str, home: Home) {
        self.homes.send_if_modified(|homes| {
            let has_room = homes.len() < MAX_FRAMES || homes.contains_key(frame);
            if has_room {
                homes.insert(frame.to_owned(), home);
            }
            has_room
        });
    }

    /// Notes the page's own world of a frame whose home is known already.
    fn main_world(&self, frame: &str, session: &Session, world: i64) {
        self.homes.send_if_modified(|homes| {
            let home = homes
                .get_mut(frame)
                .filter(|home| home.session.id() == session.id());
            home.map(|home| home.main_world = Some(world)).is_some()
        });
    }

    /// Forgets the homes that are `gone`.
    fn left(&self, gone: impl Fn(&Home) -> bool) {
        self.homes.send_if_modified(|homes| {
            let before = homes.len();
            homes.retain(|_, home| !gone(home));
            homes.len() != before
        });
    }
}

impl Home {
    /// The browser's name of a frame in this document that was entered before.
    pub(super) fn entered(&self, frame: u64) -> Option<String> {
        self.names().get(&frame).cloned()
    }

    /// A frame in this document is entered.
    pub(super) fn enter(&self, frame: u64, name: &str) {
        let mut names = self.names();
        if names.len() < MAX_FRAMES {
            names.insert(frame, name.to_owned());
        }
    }

    fn names(&self) -> MutexGuard<'_, HashMap<u64, String>> {
        self.entered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is(&self, other: &Self) -> bool {
        self.context == other.context && self.session.id() == other.session.id()
    }
}

impl FrameSession {
    pub(super) fn new(page: Arc<Page>, session: Session) -> Self {
        Self {
            page,
            session,
            main_worlds: Mutex::default(),
            below: Mutex::default(),
        }
    }

    fn is_here(&self, home: &Home) -> bool {
        home.session.id() == self.session.id()
    }

    fn context_created(&self, created: &EventExecutionContextCreated) {
        let context = &created.context;
        let data = context.aux_data.as_ref();
        let frame = data.and_then(|data| data.get("frameId")?.as_str());
        let is_main = data.and_then(|data| data.get("isDefault")?.as_bool()) == Some(true);
        let id = *ExecutionContextId::inner(&context.id);
        match (frame, context.name.as_str()) {
            (Some(frame), _) if is_main => {
                let mut worlds = self.main_worlds();
                if worlds.len() < MAX_FRAMES || worlds.contains_key(frame) {
                    worlds.insert(frame.to_owned(), id);
                }
                drop(worlds);
                self.page.frames.main_world(frame, &self.session, id);
            }
            (Some(frame), WORLD) => {
                let home = Home {
                    session: self.session.clone(),
                    context: id,
                    main_world: self.main_worlds().get(frame).copied(),
                    entered: Arc::default(),
                };
                self.page.frames.settled(frame, home);
            }
            _ => {}
        }
    }

    fn main_worlds(&self) -> MutexGuard<'_, HashMap<String, i64>> {
        self.main_worlds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A frame of another process, or a worker. Both run on; a frame gets the script before.
    fn attached(&self, attached: &EventAttachedToTarget) {
        let session = self.session.sibling(attached.session_id.inner());
        if attached.target_info.r#type == "iframe" {
            setup::frame(&self.page, &session);
            self.below().push(session);
        } else {
            targets::run(&session);
        }
    }
}

impl FrameSession {
    fn below(&self) -> MutexGuard<'_, Vec<Session>> {
        self.below.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener for FrameSession {
    fn event(&self, event: &Event<'_>) {
        match event.method {
            "Runtime.executionContextCreated" => {
                if let Some(created) = event.read() {
                    self.context_created(&created);
                }
            }
            "Runtime.executionContextDestroyed" => {
                if let Some(Destroyed { id }) = event.read() {
                    let gone = |home: &Home| self.is_here(home) && home.context == id;
                    self.main_worlds().retain(|_, world| *world != id);
                    self.page.frames.left(gone);
                }
            }
            "Runtime.executionContextsCleared" => {
                self.main_worlds().clear();
                self.page.frames.left(|home| self.is_here(home));
            }
            "Target.attachedToTarget" => {
                if let Some(attached) = event.read() {
                    self.attached(&attached);
                }
            }
            "Target.detachedFromTarget" => {
                if let Some(Detached { id }) = event.read() {
                    self.below().retain(|session| session.id() != id);
                }
            }
            _ => {}
        }
    }

    fn over(&self, _why: &TabError) {
        self.page.frames.left(|home| self.is_here(home));
        let below = std::mem::take(&mut *self.below());
        for session in below {
            session.close();
        }
    }
}
