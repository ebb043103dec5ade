//! The network of a page, over CDP: what its sessions tell of requests ([`requests`]) and WebSockets
//! ([`sockets`]) is read ([`words`]) and told to the run; paused requests wait for its decision
//! ([`interception`]). Nothing is decided or kept here beyond what the protocol needs.

mod interception;
mod requests;
mod sockets;
mod words;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chromiumoxide::cdp::browser_protocol::network::{
    GetResponseBodyParams, GetResponseBodyReturns, RequestId,
};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

#[cfg(test)]
pub(in crate::browser) use requests::Requests;

use crate::browser::connection::cdp::Session;
use crate::browser::context::owner::Owner;
use crate::browser::page::document::Document;
use crate::browser::tunnel::Tunnel;
use flowguard_core::browser::TabError;
use flowguard_core::browser::context::HttpCredentials;
use flowguard_core::browser::port::network::{Bodies, NetworkEvent, RequestKey, TabNetwork, Then};

/// Requests of other sessions than the page's own whose session is remembered, to ask it for their bodies.
const MAX_ELSEWHERE: usize = 5_000;

/// The network of one page, in whichever of its sessions it happens.
pub(in crate::browser) struct Network {
    owner: Arc<Owner>,
    document: Arc<Document>,
    main_frame: String,
    /// The sessions that the page has; the first is its own.
    sessions: Mutex<Vec<Session>>,
    /// The sessions of the requests that ended in a frame of another process.
    elsewhere: Mutex<HashMap<String, Session>>,
    interception: interception::Interception,
}

impl Network {
    pub(in crate::browser) fn new(
        owner: Arc<Owner>,
        document: Arc<Document>,
        main_frame: String,
        tunnel: Option<Arc<Tunnel>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            owner,
            document,
            main_frame,
            sessions: Mutex::default(),
            elsewhere: Mutex::default(),
            interception: interception::Interception::through(tunnel),
        })
    }

    /// Hears a session of the page, from now on.
    pub(in crate::browser) fn follow(self: &Arc<Self>, session: &Session) {
        session.listen("Network", Arc::new(requests::Requests::new(self, session)));
        session.listen("Network", Arc::new(sockets::Sockets::new(self)));
        session.listen("Page", Arc::new(requests::Milestones(self.clone())));
        session.listen("Fetch", Arc::new(interception::Paused::new(self, session)));
        self.sessions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(session.clone());
        if self.interception.is_on() {
            drop(interception::switch(session, true));
        }
    }

    /// A session is over: a frame of another process has gone, or the page.
    fn forget(&self, session: &Session) {
        let is_other = |known: &Session| known.id() != session.id();
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(is_other);
        drop(sessions);
        let mut elsewhere = self.elsewhere.lock().unwrap_or_else(PoisonError::into_inner);
        elsewhere.retain(|_, known| is_other(known));
    }

    /// What is answered to servers that ask for a user and a password.
    pub(in crate::browser) fn set_credentials(&self, credentials: Option<HttpCredentials>) {
        self.interception.set_credentials(credentials);
        self.keep_up();
    }

    /// From now on every request of the page gets an empty document, and no site is asked. Waits until it holds.
    pub(in crate::browser) async fn be_blank(&self) -> Result<(), TabError> {
        let switched = self.interception.be_blank(&self.sessions());
        futures::future::try_join_all(switched).await.map(|_| ())
    }

    /// Pauses requests where the page's run wants it, or somebody may be asked for a password.
    pub(in crate::browser) fn keep_up(&self) {
        let wanted = self.owner.run().is_some_and(|(page, run)| run.intercepts(page));
        for done in self.interception.turn(wanted, &self.sessions()) {
            drop(done);
        }
    }

    fn sessions(&self) -> Vec<Session> {
        self.sessions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Tells the run.
    fn tell(&self, session: &Session, what: impl FnOnce(&dyn Fn(&str) -> RequestKey) -> NetworkEvent) {
        if let Some((page, run)) = self.owner.run() {
            let key = |request: &str| RequestKey::new(page, request);
            run.network_event(page, what(&key), &BodiesOf(session));
        }
    }

    /// The request ended in this session, which is the one that has its body.
    fn ended_in(&self, session: &Session, request: &str) {
        let is_own = self
            .sessions()
            .first()
            .is_some_and(|own| own.id() == session.id());
        let mut elsewhere = self.elsewhere.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_own && elsewhere.len() < MAX_ELSEWHERE {
            elsewhere.insert(request.to_owned(), session.clone());
        }
    }

    fn session_of(&self, request: &str) -> Option<Session> {
        let elsewhere = self.elsewhere.lock().unwrap_or_else(PoisonError::into_inner);
        let found = elsewhere.get(request).cloned();
        found.or_else(|| self.sessions().into_iter().next())
    }
}

#[async_trait]
impl TabNetwork for Network {
    async fn intercept(&self, on: bool) -> Result<(), TabError> {
        for done in self.interception.turn(on, &self.sessions()) {
            match done.await {
                // A frame of another process may go at any time.
                Ok(()) | Err(TabError::Closed) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn response_body(&self, key: &RequestKey) -> Result<Bytes, TabError> {
        let session = self.session_of(&key.request).ok_or(TabError::Closed)?;
        read_body(&session, &key.request).await
    }
}

/// Asks a session for bodies.
struct BodiesOf<'a>(&'a Session);

impl Bodies for BodiesOf<'_> {
    fn read(&self, key: &RequestKey, then: Then) {
        // Sent before this returns: after the next document it would be too late.
        let body = read_body(self.0, &key.request);
        tokio::spawn(async move { then(body.await) });
    }
}

fn read_body(
    session: &Session,
    request: &str,
) -> impl Future<Output = Result<Bytes, TabError>> + Send + use<> {
    let pending = session.send(&GetResponseBodyParams::new(RequestId::new(request)));
    async move {
        let GetResponseBodyReturns { body, base64_encoded } = pending.answer().await?;
        if !base64_encoded {
            return Ok(Bytes::from(body));
        }
        let bytes = STANDARD.decode(body).map_err(|error| TabError::Refused {
            command: "Network.getResponseBody".to_owned(),
            message: format!("its body cannot be read: {error}"),
        })?;
        Ok(Bytes::from(bytes))
    }
}
