//! A connection to a browser: chromiumoxide's typed commands, in an order that can be relied on. A command is
//! queued when it is sent, so several can be under way before the first is awaited.

use chromiumoxide::types::{Command, MethodId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashMap;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot, watch};

use super::socket::{self, Inbox, Outbox};
use flowguard_core::browser::TabError;

type Answer = Result<Box<RawValue>, TabError>;

/// A command as the browser reads it.
#[derive(Serialize)]
struct Outgoing<'a, C> {
    id: u64,
    method: &'a str,
    #[serde(rename = "sessionId", skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    params: &'a C,
}

/// A message of the browser, read no further than to know whom it concerns: an event that is not known here
/// must not end the connection.
#[derive(Deserialize)]
struct Incoming<'a> {
    id: Option<u64>,
    #[serde(borrow, default)]
    method: Cow<'a, str>,
    #[serde(rename = "sessionId")]
    session: Option<String>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    message: String,
}

/// Hears the events of one session. Called from the connection's task: it must not block.
pub(super) trait SessionEvents: Send + Sync {
    /// Something happened.
    fn event(&self, method: &str, params: &Value);
    /// The session is over; why.
    fn over(&self, why: TabError);
}

/// A connection to a browser.
#[derive(Clone)]
pub(super) struct Cdp {
    commands: mpsc::UnboundedSender<Queued>,
    next_id: Arc<AtomicU64>,
    sessions: Arc<Mutex<HashMap<String, Arc<dyn SessionEvents>>>>,
    lost: watch::Receiver<Option<String>>,
}

/// A command that waits to be sent.
struct Queued {
    id: u64,
    text: String,
    waiting: Waiting,
}

/// Who waits for an answer.
struct Waiting {
    method: MethodId,
    reply: oneshot::Sender<Answer>,
}

/// An answer that is on its way.
#[must_use = "a command's failure is in its answer"]
pub(super) struct Pending<C: Command> {
    reply: oneshot::Receiver<Answer>,
    method: MethodId,
    lost: watch::Receiver<Option<String>>,
    _command: PhantomData<fn() -> C>,
}

impl Cdp {
    /// Connects to a browser's websocket. A task of its own serves the connection until it ends.
    pub(super) async fn connect(address: &str) -> Result<Self, String> {
        let (outbox, inbox) = socket::connect(address).await?;
        let (commands, queue) = mpsc::unbounded_channel();
        let (lost_sender, lost) = watch::channel(None);
        let sessions = Arc::new(Mutex::new(HashMap::new()));
        let server = Server {
            sessions: sessions.clone(),
            pending: Mutex::default(),
        };
        tokio::spawn(async move {
            let why = tokio::select! {
                why = server.send_all(outbox, queue) => why,
                why = server.hear_all(inbox) => why,
            };
            // Told before any wait ends: who hears of the end must not find the connection alive.
            lost_sender.send_replace(Some(why.clone()));
            for handler in server.take_sessions() {
                handler.over(TabError::BrowserLost(why.clone()));
            }
        });
        Ok(Self {
            commands,
            next_id: Arc::default(),
            sessions,
            lost,
        })
    }

    /// Sends a command to the browser itself.
    pub(super) fn send<C: Command>(&self, command: &C) -> Pending<C> {
        self.send_to(None, command)
    }

    /// Why the connection ended, once it has.
    pub(super) fn lost(&self) -> watch::Receiver<Option<String>> {
        self.lost.clone()
    }

    /// A session whose events go to `events`.
    pub(super) fn session(&self, id: &str, events: Arc<dyn SessionEvents>) -> Session {
        self.lock().insert(id.to_owned(), events);
        Session {
            cdp: self.clone(),
            id: id.to_owned(),
        }
    }

    fn send_to<C: Command>(&self, session: Option<&str>, command: &C) -> Pending<C> {
        let method = command.identifier();
        let (reply, receiver) = oneshot::channel();
        let outgoing = Outgoing {
            id: self.next_id.fetch_add(1, Ordering::Relaxed),
            method: &method,
            session,
            params: command,
        };
        match serde_json::to_string(&outgoing) {
            Ok(text) => {
                let method = method.clone();
                // Where the server has ended, the reply is dropped with the command, and the wait tells.
                let _ = self.commands.send(Queued {
                    id: outgoing.id,
                    text,
                    waiting: Waiting { method, reply },
                });
            }
            Err(error) => {
                let refused = TabError::Refused {
                    command: method.to_string(),
                    message: error.to_string(),
                };
                let _ = reply.send(Err(refused));
            }
        }
        Pending {
            reply: receiver,
            method,
            lost: self.lost.clone(),
            _command: PhantomData,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<dyn SessionEvents>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: Command> Pending<C> {
    /// Waits for the answer.
    pub(super) async fn answer(self) -> Result<C::Response, TabError> {
        let answer = match self.reply.await {
            Ok(answer) => answer?,
            Err(_) => {
                let why = self.lost.borrow().clone();
                return Err(TabError::BrowserLost(
                    why.unwrap_or_else(|| "its connection ended".to_owned()),
                ));
            }
        };
        serde_json::from_str(answer.get()).map_err(|error| TabError::Refused {
            command: self.method.to_string(),
            message: format!("its answer cannot be read: {error}"),
        })
    }
}

/// One target of the browser.
#[derive(Clone)]
pub(super) struct Session {
    cdp: Cdp,
    id: String,
}

impl Session {
    /// Sends a command to the target.
    pub(super) fn send<C: Command>(&self, command: &C) -> Pending<C> {
        self.cdp.send_to(Some(&self.id), command)
    }

    /// Sends a command and waits for its answer.
    pub(super) fn call<C: Command>(
        &self,
        command: &C,
    ) -> impl Future<Output = Result<C::Response, TabError>> + Send + use<C> {
        self.send(command).answer()
    }

    /// Forgets the session's events.
    pub(super) fn close(&self) {
        self.cdp.lock().remove(&self.id);
    }
}

/// The task that serves a connection.
struct Server {
    sessions: Arc<Mutex<HashMap<String, Arc<dyn SessionEvents>>>>,
    pending: Mutex<HashMap<u64, Waiting>>,
}

impl Server {
    /// Sends until the connection ends or nobody is left to use it; tells why.
    async fn send_all(&self, mut outbox: Outbox, mut queue: mpsc::UnboundedReceiver<Queued>) -> String {
        while let Some(first) = queue.recv().await {
            let mut next = Some(first);
            while let Some(Queued { id, text, waiting }) = next {
                self.pending().insert(id, waiting);
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

    /// Hears answers and events until the connection ends; tells why.
    async fn hear_all(&self, mut inbox: Inbox) -> String {
        loop {
            let text = match inbox.next().await {
                Some(Ok(text)) => text,
                Some(Err(why)) => return why,
                None => return "its connection ended".to_owned(),
            };
            match serde_json::from_str(&text) {
                Ok(message @ Incoming { id: None, .. }) => self.happened(&message),
                Ok(Incoming {
                    id: Some(id),
                    result,
                    error,
                    ..
                }) => self.answered(id, result, error),
                Err(error) => {
                    tracing::debug!(%error, "a message of the browser was not understood and is left out");
                }
            }
        }
    }

    fn take_sessions(&self) -> Vec<Arc<dyn SessionEvents>> {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.drain().map(|(_, handler)| handler).collect()
    }

    fn pending(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Waiting>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answered(&self, id: u64, result: Option<&RawValue>, error: Option<Refusal>) {
        let waiting = self.pending().remove(&id);
        let Some(Waiting { method, reply }) = waiting else {
            return;
        };
        let answer = match error {
            Some(error) => Err(refusal(&method, error.message)),
            None => Ok(result.unwrap_or(RawValue::NULL).to_owned()),
        };
        // Nobody waits any more where the call was cancelled.
        let _ = reply.send(answer);
    }

    fn happened(&self, event: &Incoming<'_>) {
        let params = || {
            let read = event.params.map(|params| serde_json::from_str(params.get()));
            read.and_then(Result::ok).unwrap_or(Value::Null)
        };
        let sessions = || self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        match (&event.session, &*event.method) {
            (None, "Target.detachedFromTarget") => {
                let params = params();
                let id = params.get("sessionId").and_then(Value::as_str);
                // Forgotten at once: what listens to a page must not outlive its run.
                let handler = sessions().remove(id.unwrap_or_default());
                if let Some(handler) = handler {
                    handler.over(TabError::Closed);
                }
            }
            (Some(session), method) => {
                let handler = sessions().get(session).cloned();
                if let Some(handler) = handler {
                    handler.event(method, &params());
                }
            }
            (None, _) => {}
        }
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
