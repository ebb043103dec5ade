//! The clock of a context's pages, over CDP: a script in the pages' own world, for documents that come, and an
//! order to it in those that are there.

use chromiumoxide::cdp::browser_protocol::page::{
    AddScriptToEvaluateOnNewDocumentParams, RemoveScriptToEvaluateOnNewDocumentParams, ScriptIdentifier,
};
use chromiumoxide::cdp::js_protocol::runtime::EvaluateParams;
use futures::FutureExt;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::browser::connection::cdp::Session;
use crate::browser::page::setup::Done;
use flowguard_core::browser::TabError;
use flowguard_core::browser::context::{ClockOrder, ClockState};
use flowguard_core::failure::cut;

const SOURCE: &str = include_str!("clock.js");
/// Carries an order out in a window and in those below it that are of the same origin; frames of others have
/// sessions of their own.
const IN_ALL_FRAMES: &str = "
const state = {time: Date.now(), since: Date.now(), running: true, fixed: null};
const orders = [];
const visit = (window) => {
  try {
    if (!Object.hasOwn(window, '__flowguardClock')) window.eval(`(${install})`)(state);
    orders.push(window.__flowguardClock.order(order));
    for (let place = 0; place < window.length; place += 1) visit(window[place]);
  } catch {
    // Another origin's, or one whose policy forbids it: it gets the clock with its next document.
  }
};
install(state);
visit(globalThis);
return Promise.all(orders).then(() => true);
";

/// The clock, once there is one.
#[derive(Default)]
pub(super) struct Clock(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    clock: Option<ClockState>,
    /// The script for documents that come, by session.
    scripts: HashMap<String, ScriptIdentifier>,
}

impl Clock {
    /// What documents that come begin with.
    pub(super) fn set(&self, clock: ClockState) {
        lock(&self.0).clock = Some(clock);
    }

    /// Tells a session that begins.
    pub(super) fn begin(&self, session: &Session) -> Option<Done> {
        let clock = lock(&self.0).clock?;
        Some(self.prepare(session, clock))
    }

    /// Gives an order to the documents of a session, and tells those that come.
    pub(super) fn order(&self, session: &Session, order: ClockOrder) -> Done {
        let Some(clock) = lock(&self.0).clock else {
            return async { Ok(()) }.boxed();
        };
        let prepared = self.prepare(session, clock);
        let order = serde_json::to_string(&order).unwrap_or_default();
        let source = body();
        let mut command = EvaluateParams::new(format!(
            "(() => {{ const order = {order}; const install = {source}; {IN_ALL_FRAMES} }})()"
        ));
        command.await_promise = Some(true);
        command.return_by_value = Some(true);
        let carried_out = session.send(&command).answer();
        async move {
            prepared.await?;
            match carried_out.await?.exception_details {
                None => Ok(()),
                Some(thrown) => Err(TabError::Refused {
                    command: "the page's clock".to_owned(),
                    message: cut(
                        thrown
                            .exception
                            .and_then(|it| it.description)
                            .unwrap_or(thrown.text),
                        500,
                    ),
                }),
            }
        }
        .boxed()
    }

    /// The script for documents that come, instead of the one before.
    fn prepare(&self, session: &Session, clock: ClockState) -> Done {
        let script = format!("({})({})", body(), in_words(clock));
        let added = session.send(&AddScriptToEvaluateOnNewDocumentParams::new(script));
        let before = lock(&self.0).scripts.remove(session.id());
        if let Some(before) = before {
            drop(session.send(&RemoveScriptToEvaluateOnNewDocumentParams::new(before)));
        }
        let state = self.0.clone();
        let id = session.id().to_owned();
        async move {
            let added = added.answer().await?;
            lock(&state).scripts.insert(id, added.identifier);
            Ok(())
        }
        .boxed()
    }
}

/// The function itself, without the comment above it.
fn body() -> &'static str {
    SOURCE
        .find("(state) =>")
        .map_or(SOURCE, |start| &SOURCE[start..])
        .trim_end()
}

fn in_words(clock: ClockState) -> String {
    serde_json::to_string(&clock).unwrap_or_default()
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
