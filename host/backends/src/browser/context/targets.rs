//! Whose a new target is: the browser attaches us to each before it runs a line, and here it is given to the
//! browser context that it belongs to. What belongs to nobody runs on without us.

use chromiumoxide::cdp::browser_protocol::browser::{EventDownloadProgress, EventDownloadWillBegin};
use chromiumoxide::cdp::browser_protocol::target::{
    DetachFromTargetParams, EventAttachedToTarget, SessionId, SetAutoAttachParams, TargetInfo,
};
use chromiumoxide::cdp::js_protocol::runtime::RunIfWaitingForDebuggerParams;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::CdpContext;
use crate::browser::connection::cdp::{Cdp, Event, Listener, Session};
use flowguard_core::browser::TabError;

/// The browser contexts of one browser, by id.
pub(in crate::browser) struct Targets {
    cdp: Cdp,
    contexts: Mutex<HashMap<String, Weak<CdpContext>>>,
}

impl Targets {
    /// Begins to hear of new targets.
    pub(in crate::browser) async fn watch(cdp: &Cdp) -> Result<Arc<Self>, TabError> {
        let targets = Arc::new(Self {
            cdp: cdp.clone(),
            contexts: Mutex::default(),
        });
        let browser = cdp.browser();
        browser.listen("Target", targets.clone());
        browser.listen("Browser", targets.clone());
        browser.call(&auto_attach()).await?;
        Ok(targets)
    }

    /// From now on this context hears of its targets.
    pub(in crate::browser) fn add(&self, id: &str, context: &Arc<CdpContext>) {
        self.lock().insert(id.to_owned(), Arc::downgrade(context));
    }

    /// The context is gone. Another one of its id stays: a browser's own has the same in every run.
    pub(in crate::browser) fn remove(&self, id: &str, context: *const CdpContext) {
        let mut contexts = self.lock();
        if contexts.get(id).is_some_and(|known| known.as_ptr() == context) {
            contexts.remove(id);
        }
    }

    fn owner(&self, target: &TargetInfo) -> Option<Arc<CdpContext>> {
        let id = target.browser_context_id.as_ref()?;
        self.lock().get(id.inner())?.upgrade()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Weak<CdpContext>>> {
        self.contexts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener for Targets {
    fn event(&self, event: &Event<'_>) {
        match event.method {
            EventAttachedToTarget::IDENTIFIER => self.attached(event.read()),
            EventDownloadWillBegin::IDENTIFIER => self.download_began(event.read()),
            EventDownloadProgress::IDENTIFIER => self.download_came_along(event.read()),
            _ => {}
        }
    }
}

impl Targets {
    fn attached(&self, attached: Option<EventAttachedToTarget>) {
        let Some(attached) = attached else { return };
        let session = self.cdp.session(attached.session_id.inner());
        match self.owner(&attached.target_info) {
            Some(context) if attached.target_info.r#type == "page" => {
                context.attached(session, &attached.target_info);
            }
            // Workers run on; whoever wants to hear them has the session's id.
            Some(_) => run(&session),
            None => let_go(&self.cdp, &session),
        }
    }

    /// The browser tells only the frame that a download is of.
    fn download_began(&self, began: Option<EventDownloadWillBegin>) {
        if let Some(began) = began {
            let _ = self.all().iter().any(|context| context.download_began(&began));
        }
    }

    fn download_came_along(&self, progress: Option<EventDownloadProgress>) {
        if let Some(progress) = progress {
            for context in self.all() {
                context.downloads().came_along(&progress);
            }
        }
    }

    fn all(&self) -> Vec<Arc<CdpContext>> {
        self.lock().values().filter_map(Weak::upgrade).collect()
    }
}

/// The command by which a target's new children wait for us.
pub(in crate::browser) fn auto_attach() -> SetAutoAttachParams {
    let mut command = SetAutoAttachParams::new(true, true);
    command.flatten = Some(true);
    command
}

/// Lets a target run that waits for us.
pub(in crate::browser) fn run(session: &Session) {
    drop(session.send(&RunIfWaitingForDebuggerParams::default()));
}

/// Lets a target run without us.
fn let_go(cdp: &Cdp, session: &Session) {
    run(session);
    let command = DetachFromTargetParams {
        session_id: Some(SessionId::new(session.id())),
    };
    drop(cdp.send(&command));
}
