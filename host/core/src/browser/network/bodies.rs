//! Room for the bodies of responses that a HAR keeps: asked for when they are complete, bounded each and
//! together, never waited for by a page.

use bytes::Bytes;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

use super::exchange::{Exchange, Kept};
use crate::browser::port::TabError;
use crate::browser::port::network::Bodies;
use crate::limits::{MAX_HAR_BODIES_BYTES, MAX_HAR_BODY_BYTES};

/// Room for bodies.
pub(super) struct BodyRoom {
    /// Whether bodies are wanted at all.
    wanted: bool,
    taken: Mutex<usize>,
    coming: watch::Sender<usize>,
}

impl BodyRoom {
    pub(super) fn new(wanted: bool) -> Self {
        Self {
            wanted,
            taken: Mutex::default(),
            coming: watch::Sender::default(),
        }
    }

    /// Waits until no body is on its way.
    pub(super) async fn settled(&self) {
        let mut coming = self.coming.subscribe();
        let _ = coming.wait_for(|coming| *coming == 0).await;
    }

    /// Asks for the body of a response that is complete, where there is room for it.
    pub(super) fn keep(self: &Arc<Self>, exchange: &Arc<Exchange>, bodies: &dyn Bodies) {
        let (size, has_body) = exchange.look(|now| {
            let status = now.response.as_ref().map_or(0, |response| response.status);
            let is_empty = matches!(status, 0 | 204 | 304) || (300..400).contains(&status);
            (now.decoded_bytes, !is_empty && exchange.request.method != "HEAD")
        });
        if !self.wanted || !has_body {
            return;
        }
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        if size > MAX_HAR_BODY_BYTES {
            return exchange
                .change(|now| now.body = Kept::LeftOut("the body is larger than what is kept of one"));
        }
        if !self.take(size) {
            return exchange.change(|now| {
                now.body = Kept::LeftOut("the bodies of the run are larger than what is kept");
            });
        }
        exchange.change(|now| now.body = Kept::Coming);
        self.coming.send_modify(|coming| *coming += 1);
        let (room, exchange_then) = (self.clone(), exchange.clone());
        let then = move |body: Result<Bytes, TabError>| room.came(&exchange_then, size, body);
        bodies.read(&exchange.key, Box::new(then));
    }

    fn came(&self, exchange: &Exchange, reserved: usize, body: Result<Bytes, TabError>) {
        let kept = match body {
            // A body from a cache may be larger than was told of it.
            Ok(bytes) if bytes.len() > MAX_HAR_BODY_BYTES => {
                Kept::LeftOut("the body is larger than what is kept of one")
            }
            Ok(bytes) if !self.take(bytes.len().saturating_sub(reserved)) => {
                Kept::LeftOut("the bodies of the run are larger than what is kept")
            }
            Ok(bytes) => Kept::Whole(bytes),
            Err(_) => Kept::LeftOut("the browser no longer had the body"),
        };
        exchange.change(|now| now.body = kept);
        self.coming
            .send_modify(|coming| *coming = coming.saturating_sub(1));
    }

    fn take(&self, bytes: usize) -> bool {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = *taken + bytes <= MAX_HAR_BODIES_BYTES;
        if fits {
            *taken += bytes;
        }
        fits
    }
}
