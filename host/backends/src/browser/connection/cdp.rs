//! A connection to a browser, as the rest of this room sees it: typed commands that are under way as soon as
//! they are sent, so that several go out before the first is awaited, and events for whoever listens to
//! their session and domain. The messages themselves are read and written in [`super::wire`].

use chromiumoxide::cdp::browser_protocol::browser::GetVersionParams;
use chromiumoxide::types::{Command, MethodId};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::marker::PhantomData;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

use super::socket;
use super::wire::{self, Reply, SILENT, Shared};
use flowguard_core::browser::TabError;

/// How long the browser itself may take for an answer that costs it nothing.
const ALIVE: Duration = Duration::from_secs(5);

/// How long it may take to open a page, or to make or dispose of a context.
const PATIENCE: Duration = Duration::from_secs(15);

/// An event of the browser. Its content is read by those whom it concerns only.
pub(in crate::browser) struct Event<'a> {
    /// Its name, for example `Page.frameNavigated`.
    pub(in crate::browser) method: &'a str,
    pub(in crate::browser) params: Option<&'a RawValue>,
}

impl Event<'_> {
    /// Its content; none where it is not as expected, which a newer browser's may be.
    pub(in crate::browser) fn read<T: DeserializeOwned>(&self) -> Option<T> {
        let text = self.params.map_or("{}", RawValue::get);
        let read = serde_json::from_str(text);
        if let Err(error) = &read {
            tracing::debug!(event = self.method, %error, "an event is not as expected and is left out");
        }
        read.ok()
    }

    /// Hands its content on, where it is as expected.
    pub(in crate::browser) fn then<T: DeserializeOwned>(&self, hear: impl FnOnce(T)) {
        if let Some(content) = self.read() {
            hear(content);
        }
    }
}

/// Hears events of one session. Called from the connection's task: it must not block.
pub(in crate::browser) trait Listener: Send + Sync {
    /// Something happened.
    fn event(&self, event: &Event<'_>);
    /// The session is over; why.
    fn over(&self, _why: &TabError) {}
}

/// A connection to a browser.
#[derive(Clone)]
pub(in crate::browser) struct Cdp {
    out: mpsc::UnboundedSender<String>,
    shared: Arc<Shared>,
    lost: watch::Receiver<Option<String>>,
}

/// An answer that is on its way.
#[must_use = "a command's failure is in its answer"]
pub(in crate::browser) struct Pending<C: Command> {
    reply: oneshot::Receiver<Reply>,
    method: MethodId,
    lost: watch::Receiver<Option<String>>,
    _command: PhantomData<fn() -> C>,
}

#[derive(Serialize)]
struct Call<'a, C> {
    id: u64,
    method: &'a str,
    #[serde(rename = "sessionId", skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    params: &'a C,
}

#[derive(Deserialize)]
struct Answer<R> {
    result: R,
}

impl Cdp {
    /// Connects to a browser's websocket. Tasks of its own serve the connection until it ends.
    pub(in crate::browser) async fn connect(address: &str) -> Result<Self, String> {
        let (outbox, inbox) = socket::connect(address).await?;
        let (out, queue) = mpsc::unbounded_channel();
        let (lost_sender, lost) = watch::channel(None);
        let shared = Arc::new(Shared::default());
        let serving = shared.clone();
        tokio::spawn(async move {
            // Who waits must be told also where a listener has a fault of its own.
            let served = AssertUnwindSafe(wire::serve(outbox, inbox, queue, &serving)).catch_unwind();
            let why = served.await;
            let why = why.unwrap_or_else(|_| "what it said could not be dealt with".to_owned());
            // Told before any wait ends: who hears of the end must not find the connection alive.
            lost_sender.send_replace(Some(why.clone()));
            serving.end(&TabError::BrowserLost(why));
        });
        Ok(Self { out, shared, lost })
    }

    /// A connection to nobody, on which nothing is answered.
    #[cfg(test)]
    pub(in crate::browser) fn unconnected() -> Self {
        Self {
            out: mpsc::unbounded_channel().0,
            shared: Arc::default(),
            lost: watch::channel(None).1,
        }
    }

    /// The browser itself, as a target.
    pub(in crate::browser) fn browser(&self) -> Session {
        Session {
            cdp: self.clone(),
            id: Arc::from(""),
        }
    }

    /// A target that is attached to.
    pub(in crate::browser) fn session(&self, id: &str) -> Session {
        Session {
            cdp: self.clone(),
            id: Arc::from(id),
        }
    }

    /// Sends a command to the browser itself.
    pub(in crate::browser) fn send<C: Command>(&self, command: &C) -> Pending<C> {
        self.browser().send(command)
    }

    /// Asks the browser itself for a word. One that does not answer is given up: all that waits for it ends, and
    /// who needs a browser next gets another.
    pub(in crate::browser) async fn answers(&self) -> Result<(), TabError> {
        let asked = self.send(&GetVersionParams::default()).answer();
        match tokio::time::timeout(ALIVE, asked).await {
            Ok(answer) => answer.map(|_| ()),
            Err(_) => {
                self.shared.give_up();
                let mut lost = self.lost();
                let _ = lost.wait_for(Option::is_some).await;
                Err(TabError::BrowserLost(SILENT.to_owned()))
            }
        }
    }

    /// Waits for what the browser does without any page, in the time that it may take for that.
    pub(in crate::browser) async fn in_time<T>(
        &self,
        what: &str,
        work: impl Future<Output = Result<T, TabError>>,
    ) -> Result<T, TabError> {
        match tokio::time::timeout(PATIENCE, work).await {
            Ok(done) => done,
            Err(_) => {
                self.answers().await?;
                let most = PATIENCE.as_secs();
                Err(TabError::BrowserLost(format!(
                    "{what} took it more than {most} s"
                )))
            }
        }
    }

    /// Why the connection ended, once it has.
    pub(in crate::browser) fn lost(&self) -> watch::Receiver<Option<String>> {
        self.lost.clone()
    }
}

impl<C: Command> Pending<C> {
    /// Waits for the answer.
    pub(in crate::browser) async fn answer(self) -> Result<C::Response, TabError> {
        let text = match self.reply.await {
            Ok(reply) => reply?,
            Err(_) => {
                let why = self.lost.borrow().clone();
                return Err(TabError::BrowserLost(
                    why.unwrap_or_else(|| "its connection ended".to_owned()),
                ));
            }
        };
        let answer = serde_json::from_str(text.as_str());
        let answer: Answer<C::Response> = answer.map_err(|error| TabError::Refused {
            command: self.method.to_string(),
            message: format!("its answer cannot be read: {error}"),
        })?;
        Ok(answer.result)
    }
}

impl<C: Command + 'static> Pending<C> {
    /// Waits until the command is carried out, whatever it answers.
    pub(in crate::browser) fn done(self) -> BoxFuture<'static, Result<(), TabError>> {
        self.answer().map(|answer| answer.map(|_| ())).boxed()
    }
}

/// One target of the browser.
#[derive(Clone)]
pub(in crate::browser) struct Session {
    cdp: Cdp,
    id: Arc<str>,
}

impl Session {
    /// Its id; empty for the browser itself.
    pub(in crate::browser) fn id(&self) -> &str {
        &self.id
    }

    /// The browser that it is a target of.
    pub(in crate::browser) fn browser(&self) -> Self {
        self.cdp.browser()
    }

    /// The connection to it.
    pub(in crate::browser) const fn connection(&self) -> &Cdp {
        &self.cdp
    }

    /// Another target of the same browser.
    pub(in crate::browser) fn sibling(&self, id: &str) -> Self {
        self.cdp.session(id)
    }

    /// Sends a command to the target.
    pub(in crate::browser) fn send<C: Command>(&self, command: &C) -> Pending<C> {
        let method = command.identifier();
        let (id, reply) = self.cdp.shared.expect(&method, &self.id);
        let call = Call {
            id,
            method: &method,
            session: Some(&*self.id).filter(|id| !id.is_empty()),
            params: command,
        };
        match serde_json::to_string(&call) {
            // Where the connection has ended, the wait for the answer tells so.
            Ok(text) => drop(self.cdp.out.send(text)),
            Err(error) => self.cdp.shared.refuse(id, error.to_string()),
        }
        Pending {
            reply,
            method,
            lost: self.cdp.lost.clone(),
            _command: PhantomData,
        }
    }

    /// Sends a command and waits for its answer.
    pub(in crate::browser) fn call<C: Command>(
        &self,
        command: &C,
    ) -> impl Future<Output = Result<C::Response, TabError>> + Send + use<C> {
        self.send(command).answer()
    }

    /// From now on `listener` hears the events of this domain, for example `Network`.
    pub(in crate::browser) fn listen(&self, domain: &'static str, listener: Arc<dyn Listener>) {
        self.cdp.shared.listen(&self.id, domain, listener);
    }

    /// Forgets who listens, and tells them that it is over.
    pub(in crate::browser) fn close(&self) {
        self.cdp.shared.close(&self.id, &TabError::Closed);
    }
}
