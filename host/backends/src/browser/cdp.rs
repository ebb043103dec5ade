//! A connection to a browser: chromiumoxide's transport and typed commands, with an order that can be relied
//! on. A command is queued when it is sent, so several can be under way before the first is awaited.

use chromiumoxide::Connection;
use chromiumoxide::cdp::browser_protocol::target::SessionId;
use chromiumoxide::types::{Command, EventMessage, Message, Method, MethodId};
use futures::StreamExt;
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot, watch};

use flowguard_core::browser::TabError;

/// An event of the browser, not yet typed: one that is not known here must not end the connection.
#[derive(Debug, Deserialize)]
pub(super) struct RawEvent {
    method: String,
    #[serde(rename = "sessionId")]
    session: Option<String>,
    #[serde(default)]
    params: Value,
}

impl Method for RawEvent {
    fn identifier(&self) -> MethodId {
        self.method.clone().into()
    }
}

impl EventMessage for RawEvent {
    fn session_id(&self) -> Option<&str> {
        self.session.as_deref()
    }
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
    commands: mpsc::UnboundedSender<Outgoing>,
    sessions: Arc<Mutex<HashMap<String, Arc<dyn SessionEvents>>>>,
    lost: watch::Receiver<Option<String>>,
}

struct Outgoing {
    method: MethodId,
    session: Option<String>,
    params: Value,
    reply: oneshot::Sender<Result<Value, TabError>>,
}

/// An answer that is on its way.
#[must_use = "a command's failure is in its answer"]
pub(super) struct Pending<C: Command> {
    reply: oneshot::Receiver<Result<Value, TabError>>,
    method: MethodId,
    lost: watch::Receiver<Option<String>>,
    _command: PhantomData<fn() -> C>,
}

impl Cdp {
    /// Connects to a browser's websocket. A task of its own serves the connection until it ends.
    pub(super) async fn connect(address: &str) -> Result<Self, String> {
        let connection: Connection<RawEvent> = Connection::connect(address)
            .await
            .map_err(|error| error.to_string())?;
        let (commands, queue) = mpsc::unbounded_channel();
        let (lost_sender, lost) = watch::channel(None);
        let sessions = Arc::new(Mutex::new(HashMap::new()));
        let mut server = Server {
            connection,
            queue,
            sessions: sessions.clone(),
            pending: HashMap::new(),
        };
        tokio::spawn(async move {
            let why = server.serve().await;
            // Told before any wait ends: who hears of the end must not find the connection alive.
            lost_sender.send_replace(Some(why.clone()));
            for handler in server.take_sessions() {
                handler.over(TabError::BrowserLost(why.clone()));
            }
        });
        Ok(Self {
            commands,
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
        match serde_json::to_value(command) {
            Ok(params) => {
                let session = session.map(str::to_owned);
                // Where the server has ended, the reply is dropped with the command, and the wait tells.
                let _ = self.commands.send(Outgoing {
                    method: method.clone(),
                    session,
                    params,
                    reply,
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
        let value = match self.reply.await {
            Ok(answer) => answer?,
            Err(_) => {
                let why = self.lost.borrow().clone();
                return Err(TabError::BrowserLost(
                    why.unwrap_or_else(|| "its connection ended".to_owned()),
                ));
            }
        };
        C::response_from_value(value).map_err(|error| TabError::Refused {
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
    connection: Connection<RawEvent>,
    queue: mpsc::UnboundedReceiver<Outgoing>,
    sessions: Arc<Mutex<HashMap<String, Arc<dyn SessionEvents>>>>,
    pending: HashMap<chromiumoxide::types::CallId, (MethodId, oneshot::Sender<Result<Value, TabError>>)>,
}

impl Server {
    /// Serves until the connection ends or nobody is left to use it; tells why.
    async fn serve(&mut self) -> String {
        loop {
            tokio::select! {
                command = self.queue.recv() => match command {
                    Some(command) => self.submit(command),
                    None => break "it was closed".to_owned(),
                },
                message = self.connection.next() => match message {
                    Some(Ok(Message::Response(response))) => self.answered(response),
                    Some(Ok(Message::Event(event))) => self.happened(&event),
                    Some(Err(chromiumoxide::error::CdpError::InvalidMessage(..))) => {
                        tracing::debug!("a message of the browser was not understood and is left out");
                    }
                    Some(Err(error)) => break error.to_string(),
                    None => break "its connection ended".to_owned(),
                },
            }
        }
    }

    fn take_sessions(&self) -> Vec<Arc<dyn SessionEvents>> {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.drain().map(|(_, handler)| handler).collect()
    }

    fn submit(&mut self, command: Outgoing) {
        let Outgoing {
            method,
            session,
            params,
            reply,
        } = command;
        match self
            .connection
            .submit_command(method.clone(), session.map(SessionId::new), params)
        {
            Ok(id) => {
                self.pending.insert(id, (method, reply));
            }
            Err(error) => {
                let refused = TabError::Refused {
                    command: method.to_string(),
                    message: error.to_string(),
                };
                let _ = reply.send(Err(refused));
            }
        }
    }

    fn answered(&mut self, response: chromiumoxide::types::Response) {
        let Some((method, reply)) = self.pending.remove(&response.id) else {
            return;
        };
        let answer = match response.error {
            Some(error) => Err(refusal(&method, error.message)),
            None => Ok(response.result.unwrap_or(Value::Null)),
        };
        // Nobody waits any more where the call was cancelled.
        let _ = reply.send(answer);
    }

    fn happened(&mut self, event: &RawEvent) {
        let sessions = || self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        match (&event.session, event.method.as_str()) {
            (None, "Target.detachedFromTarget") => {
                let id = event.params.get("sessionId").and_then(Value::as_str);
                // Forgotten at once: what listens to a page must not outlive its run.
                let handler = sessions().remove(id.unwrap_or_default());
                if let Some(handler) = handler {
                    handler.over(TabError::Closed);
                }
            }
            (Some(session), method) => {
                let handler = sessions().get(session).cloned();
                if let Some(handler) = handler {
                    handler.event(method, &event.params);
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
