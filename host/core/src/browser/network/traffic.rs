//! The network of a run's pages, kept as it is told, and who watches for it: a watch is begun before what
//! causes a request, and asked for what came since.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

use super::bodies::BodyRoom;
use super::exchange::{Ended, Exchange, ExchangeId, Socket};
use super::pattern::Matcher;
pub use super::record::{Document, Record};
use super::record::{State, Watch};
use super::words::invalid;
use crate::browser::calls::PageId;
use crate::browser::port::network::{Bodies, NetworkEvent};
use crate::failure::{Code, Failure};
use crate::limits::MAX_WATCHES;
use crate::timeline::PageEvent;

/// Names a watch within its run.
pub type TrafficId = u32;

/// Which moment of a request a watch asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Moment {
    /// It begins.
    Request,
    /// The head of its response is there.
    Response,
    /// The response is complete.
    Finished,
    /// It failed.
    Failed,
}

/// The network of a run.
pub struct Traffic {
    state: Mutex<State>,
    /// Changes whenever a watch may have something new.
    news: watch::Sender<u64>,
    bodies: Arc<BodyRoom>,
}

impl Traffic {
    /// Nothing has happened yet. `keeps_bodies`: whether the bodies of responses are kept for the HAR.
    #[must_use]
    pub fn new(keeps_bodies: bool) -> Self {
        Self {
            state: Mutex::default(),
            news: watch::Sender::default(),
            bodies: Arc::new(BodyRoom::new(keeps_bodies)),
        }
    }

    /// Something happened; what the timeline should show of it.
    pub fn happened(&self, page: PageId, event: NetworkEvent, bodies: &dyn Bodies) -> Option<PageEvent> {
        let mut state = self.lock();
        let shown = match event {
            NetworkEvent::RequestBegan(began) => state.began(page, *began),
            NetworkEvent::RequestHeaders(key, headers) => state.headers(&key, false, headers),
            NetworkEvent::ResponseCame(key, came) => state.response(&key, *came),
            NetworkEvent::ResponseHeaders(key, headers) => state.headers(&key, true, headers),
            NetworkEvent::Data(key, bytes) => state.data(&key, bytes),
            NetworkEvent::Finished(key, at, bytes) => {
                let exchange = state.present(&key);
                if let Some(exchange) = exchange {
                    exchange.change(|now| now.encoded_bytes = bytes);
                    self.bodies.keep(&exchange, bodies);
                }
                state.ended(&key, at, Ended::Finished)
            }
            NetworkEvent::Failed(key, at, why) => state.ended(&key, at, Ended::Failed(why)),
            NetworkEvent::Milestone { key, is_load, at } => state.milestone(&key, is_load, at),
            NetworkEvent::SocketOpened(key, url) => state.socket_opened(page, key, url),
            NetworkEvent::SocketRequest(key, headers, wall_ms) => state.socket(&key, |now| {
                now.sent_headers = headers;
                now.wall_ms = wall_ms;
            }),
            NetworkEvent::SocketResponse(key, status, words, headers) => {
                state.socket(&key, |now| now.response = Some((status, words, headers)))
            }
            NetworkEvent::SocketFrame(key, frame) => state.frame(&key, frame),
            NetworkEvent::SocketError(key, why) => state.socket(&key, |now| now.error = Some(why)),
            NetworkEvent::SocketClosed(key) => state.socket(&key, |now| now.closed = true),
        };
        drop(state);
        self.news.send_modify(|news| *news += 1);
        shown
    }

    /// Begins to watch for requests and WebSockets of a page.
    ///
    /// # Errors
    /// [`Code::OverBudget`] where too much is watched.
    pub fn watch(&self, page: PageId, matcher: Matcher) -> Result<TrafficId, Failure> {
        let mut state = self.lock();
        if state.watches.len() >= MAX_WATCHES {
            let message = format!("{MAX_WATCHES} watches are open already: drop one");
            return Err(Failure::new(Code::OverBudget, message));
        }
        let id = state.next_id();
        state.watches.insert(id, Watch::new(page, matcher));
        Ok(id)
    }

    /// Ends a watch.
    pub fn forget(&self, watch: TrafficId) {
        self.lock().watches.remove(&watch);
    }

    /// Waits for the next request of a watch that has come so far.
    ///
    /// # Errors
    /// [`Code::OverBudget`] where some were too many to keep.
    pub async fn next(&self, watch: TrafficId, moment: Moment) -> Result<Arc<Exchange>, Failure> {
        self.next_of(watch, |watch| watch.moments[moment as usize].pop_front())
            .await
    }

    /// Waits for the next WebSocket of a watch.
    ///
    /// # Errors
    /// As [`Traffic::next`].
    pub async fn next_socket(&self, watch: TrafficId) -> Result<Arc<Socket>, Failure> {
        self.next_of(watch, |watch| watch.sockets.pop_front()).await
    }

    async fn next_of<T>(&self, id: TrafficId, take: impl Fn(&mut Watch) -> Option<T>) -> Result<T, Failure> {
        let mut news = self.news.subscribe();
        loop {
            {
                let mut state = self.lock();
                let watch = state
                    .watches
                    .get_mut(&id)
                    .ok_or_else(|| invalid("this watch has ended"))?;
                if let Some(next) = take(watch) {
                    return Ok(next);
                }
                if watch.missed > 0 {
                    let message = format!("{} requests were too many to keep: watch for fewer", watch.missed);
                    return Err(Failure::new(Code::OverBudget, message));
                }
            }
            if news.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// A request of the run.
    #[must_use]
    pub fn exchange(&self, id: ExchangeId) -> Option<Arc<Exchange>> {
        let state = self.lock();
        let place = state
            .record
            .exchanges
            .binary_search_by_key(&id, |exchange| exchange.id)
            .ok()?;
        state.record.exchanges.get(place).cloned()
    }

    /// A WebSocket of the run.
    #[must_use]
    pub fn socket(&self, id: ExchangeId) -> Option<Arc<Socket>> {
        let state = self.lock();
        let place = state
            .record
            .sockets
            .binary_search_by_key(&id, |socket| socket.id)
            .ok()?;
        state.record.sockets.get(place).cloned()
    }

    /// Waits until no body is on its way.
    pub async fn bodies_settled(&self) {
        self.bodies.settled().await;
    }

    /// What was recorded; nothing is left here.
    #[must_use]
    pub fn take_record(&self) -> Record {
        let mut state = self.lock();
        std::mem::take(&mut *state).record
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[path = "traffic_tests.rs"]
mod tests;
