//! `Fetch`: requests that wait for a decision, and servers that ask for a password. The domain is on only
//! while somebody needs it; then the browser's cache is off, as it would answer before anybody is asked.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chromiumoxide::cdp::browser_protocol::fetch::{
    AuthChallengeResponse, AuthChallengeResponseResponse, ContinueRequestParams, ContinueWithAuthParams,
    DisableParams, EnableParams, FailRequestParams, FulfillRequestParams, HeaderEntry, RequestId,
};
use chromiumoxide::cdp::browser_protocol::network::{ErrorReason, SetCacheDisabledParams};
use futures::FutureExt;
use serde::Deserialize;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use url::Url;

use super::Network;
use super::words::Request;
use crate::browser::connection::cdp::{Event, Listener, Session};
use crate::browser::page::setup::Done;
use crate::browser::tunnel::Tunnel;
use flowguard_core::browser::context::HttpCredentials;
use flowguard_core::browser::network::{
    AbortReason, Body, Changes, Decision, Fulfilment, Header, RequestInfo,
};
use flowguard_core::browser::port::network::{Paused as PausedPort, PausedRequest};

/// Requests whose server has asked for a password once already.
const MAX_ASKED: usize = 1_000;

/// Whether requests wait, and for whom.
pub(super) struct Interception {
    /// The way that some go through.
    tunnel: Option<Arc<Tunnel>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The run wants to decide.
    wanted: bool,
    credentials: Option<HttpCredentials>,
    /// Every request is answered with an empty document, and no site is asked.
    is_blank: bool,
    on: bool,
    asked: HashSet<String>,
}

impl Interception {
    /// Where there is a tunnel, every request waits until it is known whether it goes through.
    pub(super) fn through(tunnel: Option<Arc<Tunnel>>) -> Self {
        let state = State {
            on: tunnel.is_some(),
            ..State::default()
        };
        Self {
            tunnel,
            state: Mutex::new(state),
        }
    }

    pub(super) fn is_on(&self) -> bool {
        self.lock().on
    }

    pub(super) fn set_credentials(&self, credentials: Option<HttpCredentials>) {
        self.lock().credentials = credentials;
    }

    /// From now on no site is asked.
    pub(super) fn be_blank(&self, sessions: &[Session]) -> Vec<Done> {
        let mut state = self.lock();
        state.is_blank = true;
        if std::mem::replace(&mut state.on, true) {
            return Vec::new();
        }
        sessions.iter().map(|session| switch(session, true)).collect()
    }

    /// From now on the run decides, or no longer does; what is left to wait for in these sessions.
    pub(super) fn turn(&self, wanted: bool, sessions: &[Session]) -> Vec<Done> {
        let mut state = self.lock();
        state.wanted = wanted;
        let on = wanted || state.is_blank || state.credentials.is_some() || self.tunnel.is_some();
        if std::mem::replace(&mut state.on, on) == on {
            return Vec::new();
        }
        sessions.iter().map(|session| switch(session, on)).collect()
    }

    /// What a server gets that asks for a password.
    fn answer(&self, challenge: &AuthRequired) -> AuthChallengeResponse {
        let mut state = self.lock();
        let credentials = state.credentials.clone().filter(|credentials| {
            let origin = challenge.auth_challenge.origin.as_str();
            credentials
                .origin
                .as_deref()
                .is_none_or(|own| is_same_origin(own, origin))
        });
        let is_proxy = challenge.auth_challenge.source.as_deref() == Some("Proxy");
        let Some(credentials) = credentials.filter(|_| !is_proxy) else {
            return AuthChallengeResponse::new(AuthChallengeResponseResponse::Default);
        };
        // Who asks again has refused them.
        if state.asked.len() >= MAX_ASKED {
            state.asked.clear();
        }
        if !state.asked.insert(challenge.request_id.clone()) {
            return AuthChallengeResponse::new(AuthChallengeResponseResponse::CancelAuth);
        }
        AuthChallengeResponse {
            response: AuthChallengeResponseResponse::ProvideCredentials,
            username: Some(credentials.user),
            password: Some(credentials.password.reveal().to_owned()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_same_origin(one: &str, other: &str) -> bool {
    let origin = |text: &str| url::Url::parse(text).map(|url| url.origin().ascii_serialization());
    matches!((origin(one), origin(other)), (Ok(one), Ok(other)) if one == other)
}

/// Has the requests of a session wait, or no longer.
pub(super) fn switch(session: &Session, on: bool) -> Done {
    let cache = session.send(&SetCacheDisabledParams::new(on)).done();
    let fetch = match on {
        true => {
            let all = EnableParams {
                patterns: None,
                handle_auth_requests: Some(true),
            };
            session.send(&all).done()
        }
        false => session.send(&DisableParams::default()).done(),
    };
    async move {
        cache.await?;
        fetch.await
    }
    .boxed()
}

/// Hears `Fetch` of one of a page's sessions.
pub(super) struct Paused {
    network: Arc<Network>,
    session: Session,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestPaused {
    request_id: String,
    request: Request,
    #[serde(default)]
    resource_type: String,
    network_id: Option<String>,
    redirected_request_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AuthRequired {
    request_id: String,
    auth_challenge: Challenge,
}

#[derive(Deserialize)]
struct Challenge {
    source: Option<String>,
    #[serde(default)]
    origin: String,
}

impl Paused {
    pub(super) fn new(network: &Arc<Network>, session: &Session) -> Self {
        Self {
            network: network.clone(),
            session: session.clone(),
        }
    }

    fn paused(&self, event: RequestPaused) {
        let mut paused = Undecided::new(&self.session, &event.request_id);
        if self.network.interception.lock().is_blank {
            Box::new(paused).decide(Decision::Fulfil(Fulfilment {
                status: 200,
                headers: vec![Header::new("content-type", "text/html")],
                body: Body(Bytes::new()),
            }));
            return;
        }
        let interception = &self.network.interception;
        // On what the page did not ask for itself there is nobody to decide.
        let is_decided = event.network_id.is_some() && interception.lock().wanted;
        if event.request.is_local() || !is_decided && interception.tunnel.is_none() {
            return;
        }
        let is_navigation = event.resource_type == "Document";
        let request = event.request.info(&event.resource_type, is_navigation);
        if let Some(tunnel) = &interception.tunnel {
            paused.tunnelled = Some((tunnel.clone(), request.clone()));
        }
        if !is_decided {
            return;
        }
        let request = PausedRequest {
            request,
            is_redirect: event.redirected_request_id.is_some(),
        };
        if let Some((page, run)) = self.network.owner.run() {
            run.request_paused(page, request, Box::new(paused));
        }
    }

    fn asked(&self, event: &AuthRequired) {
        let answer = self.network.interception.answer(event);
        let command = ContinueWithAuthParams::new(RequestId::new(event.request_id.clone()), answer);
        drop(self.session.send(&command));
    }
}

impl Listener for Paused {
    fn event(&self, event: &Event<'_>) {
        match event.method {
            "Fetch.requestPaused" => event.then(|paused| self.paused(paused)),
            "Fetch.authRequired" => event.then(|asked| self.asked(&asked)),
            _ => {}
        }
    }
}

/// A request that waits. Dropped undecided, it goes on.
struct Undecided {
    session: Session,
    id: RequestId,
    decided: bool,
    /// The way that it may go through, and how it was made.
    tunnelled: Option<(Arc<Tunnel>, RequestInfo)>,
}

impl Undecided {
    fn new(session: &Session, id: &str) -> Self {
        Self {
            session: session.clone(),
            id: RequestId::new(id),
            decided: false,
            tunnelled: None,
        }
    }

    fn send(&self, decision: Decision) -> Done {
        match (decision, &self.tunnelled) {
            (Decision::Continue(changes), Some((tunnel, request))) => {
                let request = changed(request, &changes);
                match Url::parse(&request.url).is_ok_and(|url| tunnel.leads_to(&url)) {
                    true => self.send_through(tunnel.clone(), request),
                    false => self.answer(Decision::Continue(changes)),
                }
            }
            (decision, _) => self.answer(decision),
        }
    }

    /// Makes the request from here.
    fn send_through(&self, tunnel: Arc<Tunnel>, request: RequestInfo) -> Done {
        let mut plain = Self::new(&self.session, self.id.inner());
        plain.decided = true;
        async move {
            let decision = tunnel.serve(&plain.session, &request).await;
            plain.answer(decision).await
        }
        .boxed()
    }

    /// Tells the browser.
    fn answer(&self, decision: Decision) -> Done {
        match decision {
            Decision::Abort { reason } => {
                let command = FailRequestParams::new(self.id.clone(), error_reason(reason));
                self.session.send(&command).done()
            }
            Decision::Continue(Changes {
                url,
                method,
                headers,
                body,
            }) => {
                let command = ContinueRequestParams {
                    request_id: self.id.clone(),
                    url,
                    method,
                    post_data: body.map(|body| encoded(&body).into()),
                    headers: headers.map(|headers| entries(&headers)),
                    intercept_response: None,
                };
                self.session.send(&command).done()
            }
            Decision::Fulfil(Fulfilment {
                status,
                headers,
                body,
            }) => {
                let mut command = FulfillRequestParams::new(self.id.clone(), i64::from(status));
                command.response_headers = Some(entries(&headers));
                command.body = Some(encoded(&body).into());
                self.session.send(&command).done()
            }
        }
    }
}

impl PausedPort for Undecided {
    fn decide(mut self: Box<Self>, decision: Decision) {
        self.decided = true;
        let done = self.send(decision);
        let refused = Self::new(&self.session, self.id.inner());
        tokio::spawn(async move {
            let mut refused = refused;
            refused.decided = true;
            if let Err(error) = done.await {
                // The page may be gone, and nothing is to be done. If it is not, it must not wait for ever.
                tracing::debug!(%error, "a decision on a request was refused");
                drop(refused.send(Decision::Abort {
                    reason: AbortReason::Failed,
                }));
            }
        });
    }
}

impl Drop for Undecided {
    fn drop(&mut self) {
        if !self.decided {
            let done = self.send(Decision::Continue(Changes::default()));
            // What goes through a tunnel takes a while, and nobody waits.
            if self.tunnelled.is_some() {
                tokio::spawn(done);
            }
        }
    }
}

/// A request as a run has changed it.
fn changed(request: &RequestInfo, changes: &Changes) -> RequestInfo {
    let mut request = request.clone();
    if let Some(url) = &changes.url {
        request.url.clone_from(url);
    }
    if let Some(method) = &changes.method {
        request.method.clone_from(method);
    }
    if let Some(headers) = &changes.headers {
        request.headers.clone_from(headers);
    }
    if let Some(Body(body)) = &changes.body {
        request.body = Some(body.clone());
    }
    request
}

fn encoded(Body(bytes): &Body) -> String {
    STANDARD.encode(bytes)
}

fn entries(headers: &[Header]) -> Vec<HeaderEntry> {
    headers
        .iter()
        .map(|header| HeaderEntry::new(header.name.clone(), header.value.clone()))
        .collect()
}

const fn error_reason(reason: AbortReason) -> ErrorReason {
    match reason {
        AbortReason::Aborted => ErrorReason::Aborted,
        AbortReason::AccessDenied => ErrorReason::AccessDenied,
        AbortReason::AddressUnreachable => ErrorReason::AddressUnreachable,
        AbortReason::BlockedByClient => ErrorReason::BlockedByClient,
        AbortReason::BlockedByResponse => ErrorReason::BlockedByResponse,
        AbortReason::ConnectionAborted => ErrorReason::ConnectionAborted,
        AbortReason::ConnectionClosed => ErrorReason::ConnectionClosed,
        AbortReason::ConnectionFailed => ErrorReason::ConnectionFailed,
        AbortReason::ConnectionRefused => ErrorReason::ConnectionRefused,
        AbortReason::ConnectionReset => ErrorReason::ConnectionReset,
        AbortReason::InternetDisconnected => ErrorReason::InternetDisconnected,
        AbortReason::NameNotResolved => ErrorReason::NameNotResolved,
        AbortReason::TimedOut => ErrorReason::TimedOut,
        AbortReason::Failed => ErrorReason::Failed,
    }
}
