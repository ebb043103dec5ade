//! The host calls on the network, carried out for one run.

use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

use super::decision::Decision;
use super::exchange::{Ended, Exchange, ExchangeId, Kept, State};
use super::har::record;
use super::har::replay::HarReplay;
use super::pattern::Matcher;
use super::routes::{Action, HeldId, NewRoute, Reach, RouteId};
use super::traffic::TrafficId;
use super::words::{Header, RequestMatch, ResponseInfo, SocketFrame, UrlMatch, invalid};
use crate::artifact::{Attachment, Digest};
use crate::browser::calls::{
    AddRoute, DecideHeld, FallBackHeld, HeldRequest, NextExchange, NextFrame, NextHeld, NextSocket, NotFound,
    PageId, ReadBody, ReadRequestHeaders, ReadResponse, RemoveRoute, ReplayHar, RouteAction, RouteHits,
    RouteScope, WatchTraffic, WatchedRequest, WatchedSocket,
};
use crate::browser::port::TabError;
use crate::browser::session::{Browser, timeout};
use crate::failure::{Code, Failure};
use crate::limits::{MAX_ATTACHMENT_BYTES, MAX_BODY_READ_BYTES};

/// How long the end of a run waits for bodies that are on their way.
const BODIES_IN_TIME: Duration = Duration::from_secs(1);

impl Browser {
    /// Sets a route.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where it is malformed, [`Code::OverBudget`] where there are too many.
    pub async fn add_route(&self, call: &AddRoute) -> Result<RouteId, Failure> {
        if call.times == Some(0) {
            return Err(invalid("a route is for at least one request: `times` is 0"));
        }
        let action = match &call.action {
            RouteAction::Hold => Action::Hold,
            RouteAction::Decide(decision) => Action::Decide(self.resolved(decision)?),
        };
        self.set_route(call.page, call.scope, &call.what, action, call.times)
            .await
    }

    /// Answers requests from a HAR.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where it is no HAR.
    pub async fn replay_har(&self, call: &ReplayHar) -> Result<RouteId, Failure> {
        let har = HarReplay::read(&call.har.0)?;
        let action = Action::Replay(har, call.not_found == NotFound::Abort);
        let what = RequestMatch {
            url: call.url.clone(),
            ..RequestMatch::default()
        };
        self.set_route(call.page, call.scope, &what, action, None).await
    }

    /// Has all requests of the run answered from this HAR, and what it does not have fail.
    pub fn answer_from(&self, har: &HarReplay) {
        self.routes.set_foundation(Action::Replay(har.clone(), true));
    }

    /// Removes a route.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where it was removed already.
    pub async fn remove_route(&self, call: &RemoveRoute) -> Result<(), Failure> {
        self.routes.remove(call.route).ok_or_else(removed)?;
        self.intercept().await
    }

    /// How many requests a route has met.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where it was removed.
    pub async fn route_hits(&self, call: &RouteHits) -> Result<u32, Failure> {
        self.routes.hits(call.route).ok_or_else(removed)
    }

    /// Waits for the next request that a route holds.
    ///
    /// # Errors
    /// [`Code::Timeout`] where none comes.
    pub async fn next_held(&self, call: &NextHeld) -> Result<HeldRequest, Failure> {
        let next = self.within(
            call.timeout_ms,
            "no request came to this route",
            self.routes.next(call.route),
        );
        let (held, request) = next.await?;
        Ok(HeldRequest { held, request })
    }

    /// Decides on a held request.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where the decision is malformed, or was made already.
    pub async fn decide_held(&self, call: &DecideHeld) -> Result<(), Failure> {
        self.routes.settle(call.held, &self.resolved(&call.decision)?)
    }

    /// Leaves a held request to the next route.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where it was decided on already.
    pub async fn fall_back_held(&self, call: &FallBackHeld) -> Result<(), Failure> {
        self.routes.fall_back(call.held)
    }

    /// The guest has let go of a held request.
    pub fn forget_held(&self, held: HeldId) {
        self.routes.forget(held);
    }

    /// The guest has let go of a route: one that hands requests to it ends, others go on.
    pub fn forget_route(&self, route: RouteId) {
        if self.routes.holds(route) {
            self.routes.remove(route);
        }
    }

    /// Begins to watch for requests.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where the pattern is malformed.
    pub async fn watch_traffic(&self, call: &WatchTraffic) -> Result<TrafficId, Failure> {
        self.tab(call.page)?;
        let matcher = Matcher::new(&call.what, self.options.base_url.as_ref())?;
        self.traffic.watch(call.page, matcher)
    }

    /// Waits for the next request that has come so far.
    ///
    /// # Errors
    /// [`Code::Timeout`] where none comes.
    pub async fn next_exchange(&self, call: &NextExchange) -> Result<WatchedRequest, Failure> {
        let next = self.traffic.next(call.watch, call.moment);
        let missing = format!("no {} came", call.moment);
        let exchange = self.within(call.timeout_ms, &missing, next).await?;
        Ok(WatchedRequest {
            exchange: exchange.id,
            request: exchange.request.clone(),
        })
    }

    /// Waits for the next WebSocket.
    ///
    /// # Errors
    /// [`Code::Timeout`] where none comes.
    pub async fn next_socket(&self, call: &NextSocket) -> Result<WatchedSocket, Failure> {
        let next = self.traffic.next_socket(call.watch);
        let socket = self
            .within(call.timeout_ms, "no WebSocket was opened", next)
            .await?;
        Ok(WatchedSocket {
            socket: socket.id,
            url: socket.url.clone(),
        })
    }

    /// The guest has let go of a watch.
    pub fn forget_watch(&self, watch: TrafficId) {
        self.traffic.forget(watch);
    }

    /// Waits for the response to a request: its head, or why there is none.
    ///
    /// # Errors
    /// [`Code::Timeout`] where nothing comes.
    pub async fn read_response(&self, call: &ReadResponse) -> Result<Result<ResponseInfo, String>, Failure> {
        let exchange = self.exchange(call.exchange)?;
        let state = self
            .reach(&exchange, call.timeout_ms, State::has_response)
            .await?;
        Ok(state.response.ok_or_else(|| failure_of(state.ended)))
    }

    /// Waits for all headers of a request.
    ///
    /// # Errors
    /// [`Code::Timeout`] where they do not come.
    pub async fn read_request_headers(&self, call: &ReadRequestHeaders) -> Result<Vec<Header>, Failure> {
        let exchange = self.exchange(call.exchange)?;
        let state = self
            .reach(&exchange, call.timeout_ms, State::has_sent_headers)
            .await?;
        Ok(state
            .sent_headers
            .unwrap_or_else(|| exchange.request.headers.clone()))
    }

    /// Waits for the whole body of a response and keeps it.
    ///
    /// # Errors
    /// [`Code::Timeout`] where it does not come, [`Code::NavigationFailed`] where the request failed,
    /// [`Code::OverBudget`] where it is too large, [`Code::PageLost`] where the browser no longer has it.
    pub async fn read_body(&self, call: &ReadBody) -> Result<Attachment, Failure> {
        let exchange = self.exchange(call.exchange)?;
        let is_whole = |state: &State| state.ended.is_some() && state.body != Kept::Coming;
        let state = self.reach(&exchange, call.timeout_ms, is_whole).await?;
        if state.response.is_none() {
            let why = failure_of(state.ended);
            let message = format!("{} has no body: {why}", exchange.request.url);
            return Err(Failure::new(Code::NavigationFailed, message));
        }
        check_read(state.decoded_bytes)?;
        let body = match state.body {
            Kept::Whole(body) => body,
            _ => self.body_from_browser(&exchange).await?,
        };
        check_read(body.len() as u64)?;
        self.ledger
            .keep("response body", "application/octet-stream", body)
            .await
    }

    async fn body_from_browser(&self, exchange: &Exchange) -> Result<Bytes, Failure> {
        let is_empty = exchange.look(|now| {
            now.response
                .as_ref()
                .is_some_and(|response| matches!(response.status, 204 | 304 | 300..=399))
        });
        if is_empty {
            return Ok(Bytes::new());
        }
        let tab = self.tab(exchange.page)?;
        let gone = |message| {
            let url = &exchange.request.url;
            let message = format!(
                "the browser no longer has the body of {url}: read it before the page goes on ({message})"
            );
            Failure::new(Code::InvalidArgument, message)
        };
        let body = async {
            match tab.network().response_body(&exchange.key).await {
                Err(TabError::Refused { message, .. }) => Ok(Err(gone(message))),
                body => body.map(Ok),
            }
        };
        self.answered(body).await?
    }

    /// The bytes of a body that was kept; the gate records only the digest.
    ///
    /// # Errors
    /// [`Code::Unavailable`] where it is gone.
    pub async fn body_bytes(&self, digest: &Digest) -> Result<Bytes, Failure> {
        let read = self.ledger.artifacts.get(digest).await;
        read.map_err(|error| Failure::new(Code::Unavailable, error.to_string()))
    }

    /// Waits for a WebSocket's message; none where it is closed and all were read.
    ///
    /// # Errors
    /// [`Code::Timeout`] where none comes, [`Code::OverBudget`] where there were too many to keep.
    pub async fn next_frame(&self, call: &NextFrame) -> Result<Option<SocketFrame>, Failure> {
        let socket = self
            .traffic
            .socket(call.socket)
            .ok_or_else(|| invalid("there is no such WebSocket"))?;
        let place = call.place as usize;
        let mut state = socket.watch();
        let next = async {
            let there = state
                .wait_for(|now| now.frames.len() > place || now.closed || now.dropped > 0)
                .await;
            let there = there.map_err(|_| invalid("the WebSocket's page is gone"))?;
            match there.frames.get(place) {
                Some(frame) => Ok(Some(frame.clone())),
                None if there.dropped > 0 => Err(Failure::new(
                    Code::OverBudget,
                    "the messages of this WebSocket are too many to keep",
                )),
                None => Ok(None),
            }
        };
        self.within(call.timeout_ms, "no message came", next).await
    }

    /// The HAR of the run so far, kept for the report; `None` where nothing was recorded. Nothing is recorded
    /// afterwards.
    ///
    /// # Errors
    /// What kept it from being kept.
    pub async fn keep_har(&self) -> Result<Option<Attachment>, Failure> {
        let Some(browser) = self.info().filter(|_| self.options.records_har) else {
            return Ok(None);
        };
        // What does not come in time is left out, with a note.
        let _ = tokio::time::timeout(BODIES_IN_TIME, self.traffic.bodies_settled()).await;
        let record = self.traffic.take_record();
        if record.exchanges.is_empty() && record.sockets.is_empty() {
            return Ok(None);
        }
        let unwritable = |error| Failure::new(Code::Internal, format!("the HAR cannot be written: {error}"));
        let mut har = record::write(&record, &browser).map_err(unwritable)?;
        if har.len() > MAX_ATTACHMENT_BYTES {
            record.leave_out_bodies();
            har = record::write(&record, &browser).map_err(unwritable)?;
        }
        self.ledger
            .keep(record::NAME, record::MEDIA_TYPE, har.into())
            .await
            .map(Some)
    }

    async fn set_route(
        &self,
        page: PageId,
        scope: RouteScope,
        what: &RequestMatch,
        action: Action,
        times: Option<u32>,
    ) -> Result<RouteId, Failure> {
        self.tab(page)?;
        let route = self.routes.add(NewRoute {
            reach: match scope {
                RouteScope::Page => Reach::Page(page),
                RouteScope::Context => Reach::Context(self.pages.asker(page).context),
            },
            matcher: Matcher::new(what, self.options.base_url.as_ref())?,
            action,
            times,
        })?;
        self.intercept().await?;
        Ok(route)
    }

    /// Has the requests of those pages paused that routes concern, and of no others.
    async fn intercept(&self) -> Result<(), Failure> {
        for (page, tab) in self.pages.all() {
            self.answered(
                tab.network()
                    .intercept(self.routes.concern(self.pages.asker(page))),
            )
            .await?;
        }
        Ok(())
    }

    /// A decision with its address resolved, checked.
    fn resolved(&self, decision: &Decision) -> Result<Decision, Failure> {
        decision.check()?;
        let mut decision = decision.clone();
        if let Decision::Continue(changes) = &mut decision
            && let Some(url) = &changes.url
        {
            changes.url = Some(crate::grant::resolve(self.options.base_url.as_ref(), url)?.into());
        }
        Ok(decision)
    }

    fn exchange(&self, id: ExchangeId) -> Result<Arc<Exchange>, Failure> {
        self.traffic
            .exchange(id)
            .ok_or_else(|| invalid("there is no such request"))
    }

    async fn reach(
        &self,
        exchange: &Exchange,
        timeout_ms: Option<u32>,
        arrived: impl Fn(&State) -> bool,
    ) -> Result<State, Failure> {
        let mut state: watch::Receiver<State> = exchange.watch();
        let there = async {
            let there = state.wait_for(|now| arrived(now)).await;
            there
                .map(|now| now.clone())
                .map_err(|_| invalid("the request's page is gone"))
        };
        let what = format!(
            "{} {} was not answered",
            exchange.request.method, exchange.request.url
        );
        self.within(timeout_ms, &what, there).await
    }

    /// Waits at most so long; says what did not come.
    async fn within<T>(
        &self,
        timeout_ms: Option<u32>,
        missing: &str,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let progress = &self.ledger.progress;
        let wait = progress.allowance(timeout(timeout_ms, self.options.action_timeout)?);
        match tokio::time::timeout(wait, work).await {
            Ok(done) => done,
            Err(_) => Err(Failure::new(
                Code::Timeout,
                format!("{missing} within {} ms", wait.as_millis()),
            )),
        }
    }
}

fn check_read(bytes: u64) -> Result<(), Failure> {
    if bytes > MAX_BODY_READ_BYTES as u64 {
        let message =
            format!("a body of {bytes} bytes is not copied into a component: at most {MAX_BODY_READ_BYTES}");
        return Err(Failure::new(Code::OverBudget, message));
    }
    Ok(())
}

fn failure_of(ended: Option<Ended>) -> String {
    match ended {
        Some(Ended::Failed(why)) => why,
        _ => "there was no response".to_owned(),
    }
}

fn removed() -> Failure {
    invalid("this route was removed")
}

impl std::fmt::Display for UrlMatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Any => f.write_str("every address"),
            Self::Glob { glob } => f.write_str(glob),
            Self::Pattern { source, flags } => write!(f, "/{source}/{flags}"),
        }
    }
}

impl std::fmt::Display for RequestMatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.methods.is_empty() {
            write!(f, "{} ", self.methods.join("|"))?;
        }
        self.url.fmt(f)
    }
}

impl std::fmt::Display for Decision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Fulfil(_) => "fulfil",
            Self::Continue(_) => "continue",
            Self::Abort { .. } => "abort",
        })
    }
}

impl std::fmt::Display for super::traffic::Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Request => "request",
            Self::Response => "response",
            Self::Finished => "finished response",
            Self::Failed => "failed request",
        })
    }
}
