//! The messages of a connection: queued and read, answers given to those who wait for them, events to those
//! who listen. What is not understood is left out: a newer browser says more than is known here.

use async_tungstenite::tungstenite::Utf8Bytes;
use chromiumoxide::types::MethodId;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, mpsc, oneshot};

use super::cdp::{Event, Listener};
use super::sieve::GAP;
use super::socket::{Inbox, Outbox};
use flowguard_core::browser::TabError;

/// Why a connection ended that was given up.
pub(super) const SILENT: &str = "it does not answer";

/// A whole message that answers a command.
pub(super) type Reply = Result<Utf8Bytes, TabError>;

/// What the parts of a connection share.
#[derive(Default)]
pub(super) struct Shared {
    state: Mutex<State>,
    given_up: Notify,
}

#[derive(Default)]
struct State {
    last_id: u64,
    waiting: HashMap<u64, Waiting>,
    /// Who listens, by session. The browser itself has an empty name.
    sessions: HashMap<String, Vec<Listening>>,
    has_ended: bool,
}

/// A domain of the protocol, and who hears its events.
type Listening = (&'static str, Arc<dyn Listener>);

struct Waiting {
    method: MethodId,
    session: Arc<str>,
    reply: oneshot::Sender<Reply>,
}

#[derive(Deserialize)]
struct Head<'a> {
    id: Option<u64>,
    #[serde(borrow)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "sessionId")]
    session: Option<Cow<'a, str>>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct Detached {
    #[serde(rename = "sessionId")]
    session: String,
}

/// Serves until the connection ends or nobody is left to use it; tells why.
pub(super) async fn serve(
    outbox: Outbox,
    inbox: Inbox,
    queue: mpsc::UnboundedReceiver<String>,
    shared: &Shared,
) -> String {
    // Side by side: a browser that does not read must not keep us from reading, and the other way round.
    tokio::select! {
        why = write(outbox, queue) => why,
        why = read(inbox, shared) => why,
        () = shared.given_up.notified() => SILENT.to_owned(),
    }
}

/// Writes all that is queued before it flushes.
async fn write(mut outbox: Outbox, mut queue: mpsc::UnboundedReceiver<String>) -> String {
    while let Some(first) = queue.recv().await {
        let mut next = Some(first);
        while let Some(text) = next {
            if let Err(why) = outbox.feed(text).await {
                return why;
            }
            next = queue.try_recv().ok();
        }
        if let Err(why) = outbox.flush().await {
            return why;
        }
    }
    "it was closed".to_owned()
}

async fn read(mut inbox: Inbox, shared: &Shared) -> String {
    loop {
        match inbox.next().await {
            Some(Ok(text)) => shared.heard(&text),
            Some(Err(why)) => return why,
            None => return "its connection ended".to_owned(),
        }
    }
}

impl Shared {
    /// A number for a command, and where its answer will be. Nothing comes once the connection has ended.
    pub(super) fn expect(&self, method: &MethodId, session: &Arc<str>) -> (u64, oneshot::Receiver<Reply>) {
        let (reply, receiver) = oneshot::channel();
        let mut state = self.lock();
        state.last_id += 1;
        let id = state.last_id;
        if !state.has_ended {
            let waiting = Waiting {
                method: method.clone(),
                session: session.clone(),
                reply,
            };
            state.waiting.insert(id, waiting);
        }
        (id, receiver)
    }

    /// The browser does not answer: the connection ends.
    pub(super) fn give_up(&self) {
        self.given_up.notify_one();
    }

    /// The command cannot be sent.
    pub(super) fn refuse(&self, id: u64, message: String) {
        let waiting = self.lock().waiting.remove(&id);
        if let Some(Waiting { method, reply, .. }) = waiting {
            let command = method.to_string();
            let _ = reply.send(Err(TabError::Refused { command, message }));
        }
    }

    /// Adds a listener. One that comes after the end is told so.
    pub(super) fn listen(&self, session: &str, domain: &'static str, listener: Arc<dyn Listener>) {
        let mut state = self.lock();
        if state.has_ended {
            drop(state);
            listener.over(&TabError::BrowserLost("its connection ended".to_owned()));
            return;
        }
        let listeners = state.sessions.entry(session.to_owned()).or_default();
        listeners.push((domain, listener));
    }

    /// Ends a session: nobody waits for it or listens to it any more.
    pub(super) fn close(&self, session: &str, why: &TabError) {
        let (listeners, waiting) = {
            let mut state = self.lock();
            let listeners = state.sessions.remove(session).unwrap_or_default();
            (listeners, state.take_waiting(session))
        };
        give_up(waiting, why);
        for (_, listener) in listeners {
            listener.over(why);
        }
    }

    /// The connection has ended.
    pub(super) fn end(&self, why: &TabError) {
        let (sessions, waiting) = {
            let mut state = self.lock();
            state.has_ended = true;
            let sessions = std::mem::take(&mut state.sessions);
            (sessions, std::mem::take(&mut state.waiting))
        };
        give_up(waiting.into_values(), why);
        for (_, listener) in sessions.into_values().flatten() {
            listener.over(why);
        }
    }

    fn heard(&self, text: &Utf8Bytes) {
        let head: Head<'_> = match serde_json::from_str(text.as_str()) {
            Ok(head) => head,
            Err(_) if text.contains(GAP) => return self.heard_partly(text),
            Err(error) => {
                tracing::debug!(%error, "a message of the browser was not understood and is left out");
                return;
            }
        };
        match (head.id, head.method) {
            (Some(id), _) => self.answered(id, head.error, text),
            (None, Some(method)) => {
                let event = Event {
                    method: &method,
                    params: head.params,
                };
                self.happened(head.session.as_deref().unwrap_or_default(), &event);
            }
            (None, None) => {}
        }
    }

    /// A message that was too large: whose it was is known, and not what it said.
    fn heard_partly(&self, text: &str) {
        let (beginning, end) = text.split_once(GAP).unwrap_or_default();
        let number = beginning.strip_prefix("{\"id\":").map(|rest| {
            let digits = rest.find(|c: char| !c.is_ascii_digit());
            rest.get(..digits.unwrap_or_default()).unwrap_or_default().parse()
        });
        let method = beginning
            .strip_prefix("{\"method\":\"")
            .and_then(|rest| rest.split_once('"'));
        match (number, method) {
            (Some(Ok(id)), _) => {
                if let Some(Waiting { method, reply, .. }) = self.lock().waiting.remove(&id) {
                    let _ = reply.send(Err(TabError::TooLarge(method.to_string())));
                }
            }
            (_, Some((method, _))) => {
                // The session is named last.
                let session = end.rsplit_once("\"sessionId\":\"");
                let session = session.and_then(|(_, name)| name.strip_suffix("\"}"));
                tracing::warn!(
                    event = method,
                    "an event of the browser was too large and is told without its content"
                );
                let params = None;
                self.happened(session.unwrap_or_default(), &Event { method, params });
            }
            _ => tracing::debug!("a message of the browser was too large and is left out"),
        }
    }

    fn answered(&self, id: u64, error: Option<Refusal>, text: &Utf8Bytes) {
        let waiting = self.lock().waiting.remove(&id);
        let Some(Waiting { method, reply, .. }) = waiting else {
            return;
        };
        let answer = match error {
            Some(Refusal { message }) => Err(refusal(&method, message)),
            None => Ok(text.clone()),
        };
        // Nobody waits any more where the call was cancelled.
        let _ = reply.send(answer);
    }

    fn happened(&self, session: &str, event: &Event<'_>) {
        if event.method == "Inspector.targetCrashed" {
            // What is under way to a renderer that crashed is never answered.
            let waiting = self.lock().take_waiting(session);
            give_up(waiting, &TabError::Crashed);
        }
        for listener in self.listeners(session, event.method) {
            listener.event(event);
        }
        if event.method == "Target.detachedFromTarget"
            && let Some(Detached { session }) = event.read()
        {
            // Forgotten at once: what listens to a page must not outlive its run.
            self.close(&session, &TabError::Closed);
        }
    }

    fn listeners(&self, session: &str, method: &str) -> Vec<Arc<dyn Listener>> {
        let domain = method.split('.').next().unwrap_or_default();
        let state = self.lock();
        let all = state.sessions.get(session).into_iter().flatten();
        all.filter(|(listens_to, _)| *listens_to == domain)
            .map(|(_, listener)| listener.clone())
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take_waiting(&mut self, session: &str) -> Vec<Waiting> {
        let of_session = |_: &u64, waiting: &mut Waiting| &*waiting.session == session;
        self.waiting
            .extract_if(of_session)
            .map(|(_, waiting)| waiting)
            .collect()
    }
}

fn give_up(waiting: impl IntoIterator<Item = Waiting>, why: &TabError) {
    for Waiting { reply, .. } in waiting {
        let _ = reply.send(Err(why.clone()));
    }
}

/// What a refusal of the browser means: some say that the document, or the page, is gone.
fn refusal(method: &str, message: String) -> TabError {
    const REPLACED: [&str; 5] = [
        "Cannot find context with specified id",
        "Execution context was destroyed",
        "Inspected target navigated or closed",
        "uniqueContextId not found",
        "Promise was collected",
    ];
    if REPLACED.iter().any(|sign| message.contains(sign)) {
        return TabError::DocumentReplaced;
    }
    if message.contains("Session with given id not found") || message.contains("No session with given id") {
        return TabError::Closed;
    }
    if message.contains("Target crashed") {
        return TabError::Crashed;
    }
    TabError::Refused {
        command: method.to_owned(),
        message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Told(Mutex<Vec<(String, bool)>>);

    impl Listener for Told {
        fn event(&self, event: &Event<'_>) {
            let told = (event.method.to_owned(), event.params.is_some());
            self.0.lock().unwrap().push(told);
        }
    }

    fn hear(shared: &Shared, text: String) {
        shared.heard(&Utf8Bytes::from(text));
    }

    #[tokio::test]
    async fn an_answer_that_is_too_large_fails_the_call_that_it_is_for() {
        let shared = Shared::default();
        let method = MethodId::from("Runtime.callFunctionOn");
        let (large, large_reply) = shared.expect(&method, &Arc::from("page"));
        let (next, next_reply) = shared.expect(&method, &Arc::from("page"));
        hear(
            &shared,
            format!("{{\"id\":{large},\"result\":{{\"value\":\"xx{GAP}xx\"}},\"sessionId\":\"page\"}}"),
        );
        hear(
            &shared,
            format!("{{\"id\":{next},\"result\":{{}},\"sessionId\":\"page\"}}"),
        );
        let failed = large_reply.await.unwrap().expect_err("it was cut");
        assert_eq!(failed, TabError::TooLarge("Runtime.callFunctionOn".to_owned()));
        next_reply.await.unwrap().expect("it was not");
    }

    #[test]
    fn an_event_that_is_too_large_is_told_to_its_session_without_its_content() {
        let shared = Shared::default();
        let told = Arc::new(Told(Mutex::default()));
        let other = Arc::new(Told(Mutex::default()));
        shared.listen("page", "Page", told.clone());
        shared.listen("other", "Page", other.clone());
        let whole = "\"sessionId\":\"page\"}";
        hear(
            &shared,
            format!(
                "{{\"method\":\"Page.javascriptDialogOpening\",\"params\":{{\"message\":\"{GAP}\\\"sessionId\\\":\\\"other\\\"}}\"}},{whole}"
            ),
        );
        // Of what cannot be told whose it is, nothing is told.
        hear(&shared, format!("{{\"method\":\"Page.x\",{GAP}"));
        hear(&shared, format!("{{\"params\":{{}}{GAP},{whole}"));
        hear(&shared, GAP.to_string());
        assert_eq!(
            *told.0.lock().unwrap(),
            [("Page.javascriptDialogOpening".to_owned(), false)]
        );
        assert_eq!(*other.0.lock().unwrap(), []);
    }
}
