//! The record of a run's network: the browser's events, in whatever order they come, made into requests and
//! WebSockets. Bounded by bytes; what is beyond is counted and left out.

use bytes::Bytes;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::exchange::{Ended, Exchange, Kept, Socket, SocketState};
use super::pattern::Matcher;
use super::traffic::{Moment, TrafficId};
use super::words::{Header, RequestInfo, ResponseInfo, SocketFrame};
use crate::browser::calls::PageId;
use crate::browser::port::network::{RequestBegan, RequestKey, ResponseCame, Timestamp};
use crate::limits::{MAX_TRAFFIC_BYTES, MAX_WATCHED};
use crate::timeline::PageEvent;

/// What keeping a request costs beside its texts.
const EXCHANGE_BYTES: usize = 512;
/// What keeping a WebSocket's message costs beside its text.
const FRAME_BYTES: usize = 64;

/// A document that the main frame of a page loaded: a page of the HAR.
#[derive(Clone, Debug)]
pub struct Document {
    key: RequestKey,
    /// Its address.
    pub url: String,
    /// When its request began, in milliseconds since 1970.
    pub wall_ms: f64,
    /// When, by the browser's clock.
    pub began: Timestamp,
    /// When `DOMContentLoaded` fired, by the browser's clock.
    pub content_loaded: Option<Timestamp>,
    /// When `load` fired, by the browser's clock.
    pub loaded: Option<Timestamp>,
}

/// What was recorded, for the HAR.
#[derive(Debug, Default)]
pub struct Record {
    /// The requests, in order.
    pub exchanges: Vec<Arc<Exchange>>,
    /// The WebSockets, in order.
    pub sockets: Vec<Arc<Socket>>,
    /// The main documents, in order.
    pub documents: Vec<Document>,
    /// Requests and WebSockets that were too many to keep.
    pub dropped: u32,
}

impl Record {
    /// Leaves the bodies out of what is written: with them it is too large.
    pub fn leave_out_bodies(&self) {
        for exchange in &self.exchanges {
            exchange.change(|now| now.body = Kept::LeftOut("the HAR is too large with its bodies"));
        }
    }
}

#[derive(Default)]
pub(super) struct State {
    pub(super) record: Record,
    by_key: HashMap<RequestKey, Hops>,
    pub(super) sockets: HashMap<RequestKey, Arc<Socket>>,
    pub(super) watches: HashMap<TrafficId, Watch>,
    /// The present document of each page, by its place in the record.
    current: HashMap<PageId, usize>,
    bytes: usize,
    last_id: u32,
}

/// The requests of one name: one, or several where redirects led on.
#[derive(Default)]
struct Hops {
    all: Vec<Arc<Exchange>>,
    /// How many of them the events with all headers have reached.
    sent: usize,
    received: usize,
    /// Headers that came before their request: whether of the response, and which.
    early: Vec<(bool, Vec<Header>)>,
}

pub(super) struct Watch {
    pub(super) page: PageId,
    pub(super) matcher: Matcher,
    pub(super) moments: [VecDeque<Arc<Exchange>>; 4],
    pub(super) sockets: VecDeque<Arc<Socket>>,
    pub(super) missed: u32,
}

impl State {
    pub(super) const fn next_id(&mut self) -> u32 {
        self.last_id += 1;
        self.last_id
    }

    /// Takes room for so many bytes, where there is any.
    const fn take(&mut self, bytes: usize) -> bool {
        let fits = self.bytes + bytes <= MAX_TRAFFIC_BYTES;
        if fits {
            self.bytes += bytes;
        }
        fits
    }

    /// The last request of a name.
    pub(super) fn present(&self, key: &RequestKey) -> Option<Arc<Exchange>> {
        self.by_key.get(key).and_then(|hops| hops.all.last()).cloned()
    }

    pub(super) fn began(&mut self, page: PageId, began: RequestBegan) -> Option<PageEvent> {
        let RequestBegan {
            key,
            mut request,
            is_main_document,
            wall_ms,
            at,
            redirect,
        } = began;
        let mut shown = None;
        if let (Some(redirect), Some(earlier)) = (redirect, self.present(&key)) {
            earlier.change(|now| now.redirected_to = Some(request.url.clone()));
            self.response(&key, redirect);
            shown = self.ended(&key, at, Ended::Finished);
            request.redirects = earlier
                .request
                .redirects
                .iter()
                .chain([&earlier.request.url])
                .cloned()
                .collect();
        }
        let body = request.body.as_ref().map_or(0, Bytes::len);
        let redirects: usize = request.redirects.iter().map(String::len).sum();
        if !self.take(EXCHANGE_BYTES + request.url.len() + redirects + size_of(&request.headers) + body) {
            self.record.dropped += 1;
            self.missed(page, &request);
            return shown;
        }
        if is_main_document {
            self.document(page, &key, &request, wall_ms, at);
        }
        let id = self.next_id();
        let document = self.current.get(&page).copied();
        let exchange = Exchange::new(id, key.clone(), page, document, request, wall_ms, at);
        self.record.exchanges.push(exchange.clone());
        self.by_key
            .entry(key.clone())
            .or_default()
            .all
            .push(exchange.clone());
        self.apply_early(&key);
        self.tell(&exchange, Moment::Request);
        shown
    }

    fn document(&mut self, page: PageId, key: &RequestKey, request: &RequestInfo, wall_ms: f64, began: f64) {
        let goes_on = self
            .current
            .get(&page)
            .and_then(|place| self.record.documents.get_mut(*place));
        if let Some(document) = goes_on.filter(|document| document.key == *key) {
            // A redirect led on; the page began with the first request.
            document.url.clone_from(&request.url);
            return;
        }
        self.current.insert(page, self.record.documents.len());
        self.record.documents.push(Document {
            key: key.clone(),
            url: request.url.clone(),
            wall_ms,
            began,
            content_loaded: None,
            loaded: None,
        });
    }

    pub(super) fn milestone(&mut self, key: &RequestKey, is_load: bool, at: Timestamp) -> Option<PageEvent> {
        let document = self
            .record
            .documents
            .iter_mut()
            .rev()
            .find(|document| document.key == *key)?;
        match is_load {
            true => document.loaded = Some(at),
            false => document.content_loaded = Some(at),
        }
        None
    }

    /// All headers of a request or a response. They may come before or after the event that they belong to.
    pub(super) fn headers(
        &mut self,
        key: &RequestKey,
        is_response: bool,
        headers: Vec<Header>,
    ) -> Option<PageEvent> {
        if self.take(size_of(&headers)) {
            self.by_key
                .entry(key.clone())
                .or_default()
                .early
                .push((is_response, headers));
            self.apply_early(key);
        }
        None
    }

    fn apply_early(&mut self, key: &RequestKey) {
        let Some(hops) = self.by_key.get_mut(key) else {
            return;
        };
        let early = std::mem::take(&mut hops.early);
        for (is_response, headers) in early {
            let reached = if is_response {
                &mut hops.received
            } else {
                &mut hops.sent
            };
            let Some(exchange) = hops.all.get(*reached) else {
                hops.early.push((is_response, headers));
                continue;
            };
            *reached += 1;
            exchange.change(|now| match (is_response, &mut now.response) {
                (false, _) => now.sent_headers = Some(headers),
                (true, Some(response)) => {
                    response.headers = headers;
                    now.awaits_received = false;
                }
                (true, None) => now.early_headers = Some(headers),
            });
        }
    }

    pub(super) fn response(&mut self, key: &RequestKey, came: ResponseCame) -> Option<PageEvent> {
        let ResponseCame {
            mut response,
            has_extra,
        } = came;
        let exchange = self.present(key)?;
        if !self.take(size_of(&response.headers) + response.url.len()) {
            response.headers.clear();
        }
        exchange.change(|now| {
            let early = now.early_headers.take();
            now.awaits_sent = has_extra;
            now.awaits_received = has_extra && early.is_none();
            now.response = Some(ResponseInfo {
                headers: early.unwrap_or_else(|| std::mem::take(&mut response.headers)),
                ..response
            });
        });
        if let Some(hops) = self.by_key.get_mut(key).filter(|_| !has_extra) {
            // No more is to come for this one: what comes is the next one's.
            hops.sent = hops.sent.max(hops.all.len());
            hops.received = hops.received.max(hops.all.len());
        }
        self.tell(&exchange, Moment::Response);
        None
    }

    pub(super) fn data(&mut self, key: &RequestKey, bytes: u64) -> Option<PageEvent> {
        let more = |sum: u64| sum.saturating_add(bytes);
        self.present(key)?
            .change(|now| now.decoded_bytes = more(now.decoded_bytes));
        None
    }

    pub(super) fn ended(&mut self, key: &RequestKey, at: Timestamp, how: Ended) -> Option<PageEvent> {
        let exchange = self
            .present(key)
            .filter(|exchange| exchange.look(|now| now.ended.is_none()))?;
        let error = match &how {
            Ended::Finished => None,
            Ended::Failed(why) => Some(why.clone()),
        };
        exchange.change(|now| {
            now.ended = Some(how);
            now.ended_at = at;
        });
        self.tell(
            &exchange,
            if error.is_some() {
                Moment::Failed
            } else {
                Moment::Finished
            },
        );
        let request = &exchange.request;
        Some(PageEvent::Request {
            method: request.method.clone(),
            url: crate::failure::cut(super::har::redact::url(&request.url), MAX_SHOWN_URL),
            kind: request.resource_type.name().to_owned(),
            status: exchange.look(|now| now.response.as_ref().map(|response| response.status)),
            error,
            took_us: crate::timeline::micros(std::time::Duration::from_secs_f64(
                (at - exchange.began).clamp(0.0, 1e9),
            )),
        })
    }

    fn tell(&mut self, exchange: &Arc<Exchange>, moment: Moment) {
        for watch in self
            .watches
            .values_mut()
            .filter(|watch| watch.wants(exchange.page, &exchange.request))
        {
            let queue = &mut watch.moments[moment as usize];
            if queue.len() < MAX_WATCHED {
                queue.push_back(exchange.clone());
            } else {
                watch.missed += 1;
            }
        }
    }

    fn missed(&mut self, page: PageId, request: &RequestInfo) {
        for watch in self
            .watches
            .values_mut()
            .filter(|watch| watch.wants(page, request))
        {
            watch.missed += 1;
        }
    }

    pub(super) fn socket_opened(&mut self, page: PageId, key: RequestKey, url: String) -> Option<PageEvent> {
        if !self.take(EXCHANGE_BYTES + url.len()) {
            self.record.dropped += 1;
            return None;
        }
        let document = self.current.get(&page).copied();
        let socket = Socket::new(self.next_id(), page, document, url);
        self.record.sockets.push(socket.clone());
        self.sockets.insert(key, socket.clone());
        let watches = self.watches.values_mut();
        for watch in watches.filter(|watch| watch.page == page && watch.matcher.matches_url(&socket.url)) {
            if watch.sockets.len() < MAX_WATCHED {
                watch.sockets.push_back(socket.clone());
            } else {
                watch.missed += 1;
            }
        }
        None
    }

    pub(super) fn socket(
        &mut self,
        key: &RequestKey,
        change: impl FnOnce(&mut SocketState),
    ) -> Option<PageEvent> {
        self.sockets.get(key)?.change(change);
        None
    }

    pub(super) fn frame(&mut self, key: &RequestKey, frame: SocketFrame) -> Option<PageEvent> {
        // Others are the protocol's own.
        if !matches!(frame.opcode, 1 | 2) {
            return None;
        }
        let fits = self.take(FRAME_BYTES + frame.data.len());
        self.socket(key, |now| match fits {
            true => now.frames.push(frame),
            false => now.dropped += 1,
        })
    }
}

/// Bytes of an address in the timeline.
const MAX_SHOWN_URL: usize = 2_048;

impl Watch {
    pub(super) fn new(page: PageId, matcher: Matcher) -> Self {
        Self {
            page,
            matcher,
            moments: Default::default(),
            sockets: VecDeque::new(),
            missed: 0,
        }
    }

    fn wants(&self, page: PageId, request: &RequestInfo) -> bool {
        let RequestInfo {
            url,
            method,
            resource_type,
            headers,
            ..
        } = request;
        self.page == page && self.matcher.matches(url, method, *resource_type, headers)
    }
}

fn size_of(headers: &[Header]) -> usize {
    headers
        .iter()
        .map(|header| header.name.len() + header.value.len() + 48)
        .sum()
}
