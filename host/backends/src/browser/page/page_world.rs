//! The world around one page, over CDP: what its context emulates and what the flow has changed for this page
//! alone, said to each of its sessions (its own, and one for each frame of another process).

use async_trait::async_trait;
use chromiumoxide::cdp::browser_protocol::page::{
    AddScriptToEvaluateOnNewDocumentParams, SetInterceptFileChooserDialogParams,
};
use futures::FutureExt;
use futures::future::try_join_all;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::setup::Done;
use crate::browser::connection::cdp::{Event, Listener, Session};
use crate::browser::context::emulation::{CdpEmulation, media_command};
use flowguard_core::browser::TabError;
use flowguard_core::browser::context::Media;
use flowguard_core::browser::port::PageWorld;

/// The world around one page.
pub(in crate::browser) struct CdpPageWorld {
    pub(in crate::browser) emulation: Arc<CdpEmulation>,
    state: Arc<Mutex<State>>,
}

struct State {
    media: Media,
    intercepts_choosers: bool,
    init_scripts: Vec<String>,
    sessions: HashMap<String, Session>,
}

/// Forgets a session that is over.
struct Forget(Arc<Mutex<State>>, String);

impl Listener for Forget {
    fn event(&self, _event: &Event<'_>) {}

    fn over(&self, _why: &TabError) {
        lock(&self.0).sessions.remove(&self.1);
    }
}

impl CdpPageWorld {
    pub(in crate::browser) fn new(emulation: &Arc<CdpEmulation>) -> Self {
        Self {
            emulation: emulation.clone(),
            state: Arc::new(Mutex::new(State {
                media: emulation.media(),
                intercepts_choosers: false,
                init_scripts: Vec::new(),
                sessions: HashMap::new(),
            })),
        }
    }

    /// Tells a session that begins.
    pub(in crate::browser) fn begin(&self, session: &Session) -> Vec<Done> {
        let mut sent = self.emulation.frame(session);
        let mut state = lock(&self.state);
        state.sessions.insert(session.id().to_owned(), session.clone());
        if state.media != self.emulation.media() {
            sent.push(session.send(&media_command(state.media)).done());
        }
        if state.intercepts_choosers {
            sent.push(
                session
                    .send(&SetInterceptFileChooserDialogParams::new(true))
                    .done(),
            );
        }
        sent.extend(
            state
                .init_scripts
                .iter()
                .map(|script| session.send(&init_script(script, true)).done()),
        );
        drop(state);
        let forget = Forget(self.state.clone(), session.id().to_owned());
        session.listen("Emulation", Arc::new(forget));
        sent
    }

    /// Adds a script for each document to come.
    pub(in crate::browser) async fn add_init_script(&self, script: &str) -> Result<(), TabError> {
        lock(&self.state).init_scripts.push(script.to_owned());
        let command = init_script(script, false);
        self.everywhere(|session| session.send(&command).done()).await
    }

    async fn everywhere(&self, send: impl Fn(&Session) -> Done + Send) -> Result<(), TabError> {
        let sent: Vec<Done> = lock(&self.state).sessions.values().map(send).collect();
        tell_all(sent).await
    }
}

/// The command that adds a script for each document to come; at once also for the present one, where a session
/// has only begun.
pub(in crate::browser) fn init_script(
    script: &str,
    is_beginning: bool,
) -> AddScriptToEvaluateOnNewDocumentParams {
    let mut command = AddScriptToEvaluateOnNewDocumentParams::new(script);
    command.run_immediately = Some(is_beginning);
    command
}

/// Waits until the sessions that are still there have done it.
pub(in crate::browser) async fn tell_all(sent: Vec<Done>) -> Result<(), TabError> {
    let judged = |done| match done {
        Err(TabError::Closed | TabError::Crashed) => Ok(()),
        done => done,
    };
    let sent = sent.into_iter().map(|done| done.map(judged));
    try_join_all(sent).await.map(|_| ())
}

#[async_trait]
impl PageWorld for CdpPageWorld {
    async fn emulate_media(&self, media: Media) -> Result<(), TabError> {
        let media = {
            let mut state = lock(&self.state);
            state.media = media.over(state.media);
            state.media
        };
        let command = media_command(media);
        self.everywhere(|session| session.send(&command).done()).await
    }

    async fn intercept_file_choosers(&self, on: bool) -> Result<(), TabError> {
        lock(&self.state).intercepts_choosers = on;
        let command = SetInterceptFileChooserDialogParams::new(on);
        self.everywhere(|session| session.send(&command).done()).await
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
