//! `Network`: requests from their beginning to their end, and what becomes of those that documents come by.

use serde::Deserialize;
use std::sync::Arc;

use super::Network;
use super::words::{Headers, Request, Response};
use crate::browser::connection::cdp::{Event, Listener, Session};
use flowguard_core::browser::TabError;
use flowguard_core::browser::port::network::{NetworkEvent, RequestBegan, ResponseCame};

/// Hears `Network` of one of a page's sessions.
pub(in crate::browser) struct Requests {
    network: Arc<Network>,
    session: Session,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WillBeSent {
    request_id: String,
    #[serde(default)]
    loader_id: String,
    request: Request,
    timestamp: f64,
    #[serde(default)]
    wall_time: f64,
    redirect_response: Option<Response>,
    #[serde(default)]
    redirect_has_extra_info: bool,
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    frame_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExtraInfo {
    request_id: String,
    #[serde(default)]
    headers: Headers,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Received {
    request_id: String,
    #[serde(default)]
    loader_id: String,
    response: Response,
    #[serde(default)]
    has_extra_info: bool,
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    frame_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    request_id: String,
    #[serde(default)]
    data_length: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Finished {
    request_id: String,
    timestamp: f64,
    #[serde(default)]
    encoded_data_length: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Failed {
    request_id: String,
    timestamp: f64,
    #[serde(default)]
    error_text: String,
    blocked_reason: Option<String>,
}

impl Requests {
    pub(in crate::browser) fn new(network: &Arc<Network>, session: &Session) -> Self {
        Self {
            network: network.clone(),
            session: session.clone(),
        }
    }

    fn began(&self, sent: WillBeSent) {
        // A preflight is no request of the page.
        if sent.request.is_local() || sent.kind == "Preflight" {
            return;
        }
        let is_navigation = sent.kind == "Document" && sent.request_id == sent.loader_id;
        let is_main_document = is_navigation && sent.frame_id == self.network.main_frame;
        self.network.tell(&self.session, |key| {
            NetworkEvent::RequestBegan(Box::new(RequestBegan {
                key: key(&sent.request_id),
                request: sent.request.info(&sent.kind, is_navigation),
                is_main_document,
                wall_ms: sent.wall_time * 1e3,
                at: sent.timestamp,
                redirect: sent.redirect_response.map(|response| ResponseCame {
                    response: response.info(),
                    has_extra: sent.redirect_has_extra_info,
                }),
            }))
        });
    }

    fn received(&self, received: Received) {
        if received.kind == "Document" {
            let status = received.response.status();
            self.network
                .document
                .answered(&received.frame_id, &received.loader_id, status);
        }
        self.network.tell(&self.session, |key| {
            let came = ResponseCame {
                response: received.response.info(),
                has_extra: received.has_extra_info,
            };
            NetworkEvent::ResponseCame(key(&received.request_id), Box::new(came))
        });
    }

    fn finished(
        &self,
        Finished {
            request_id,
            timestamp,
            encoded_data_length,
        }: &Finished,
    ) {
        self.network.ended_in(&self.session, request_id);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "bytes, not below zero"
        )]
        let encoded = encoded_data_length.max(0.0) as u64;
        self.network.tell(&self.session, |key| {
            NetworkEvent::Finished(key(request_id), *timestamp, encoded)
        });
    }

    fn failed(&self, failed: Failed) {
        self.network.document.given_up(&failed.request_id);
        let why = match (failed.error_text.is_empty(), failed.blocked_reason) {
            (true, Some(reason)) => reason,
            _ => failed.error_text,
        };
        self.network.tell(&self.session, |key| {
            NetworkEvent::Failed(key(&failed.request_id), failed.timestamp, why)
        });
    }
}

impl Listener for Requests {
    fn event(&self, event: &Event<'_>) {
        match event.method {
            "Network.requestWillBeSent" => event.then(|sent| self.began(sent)),
            "Network.requestWillBeSentExtraInfo" => {
                if let Some(ExtraInfo { request_id, headers }) = event.read() {
                    self.network.tell(&self.session, |key| {
                        NetworkEvent::RequestHeaders(key(&request_id), headers.list())
                    });
                }
            }
            "Network.responseReceived" => event.then(|received| self.received(received)),
            "Network.responseReceivedExtraInfo" => {
                if let Some(ExtraInfo { request_id, headers }) = event.read() {
                    self.network.tell(&self.session, |key| {
                        NetworkEvent::ResponseHeaders(key(&request_id), headers.list())
                    });
                }
            }
            "Network.dataReceived" => {
                if let Some(Data {
                    request_id,
                    data_length,
                }) = event.read()
                {
                    self.network.tell(&self.session, |key| {
                        NetworkEvent::Data(key(&request_id), data_length)
                    });
                }
            }
            "Network.loadingFinished" => event.then(|finished| self.finished(&finished)),
            "Network.loadingFailed" => event.then(|failed| self.failed(failed)),
            _ => {}
        }
    }

    fn over(&self, _why: &TabError) {
        self.network.forget(&self.session);
    }
}

/// Hears how far the main document has come.
pub(super) struct Milestones(pub(super) Arc<Network>);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lifecycle {
    frame_id: String,
    loader_id: String,
    name: String,
    timestamp: f64,
}

impl Listener for Milestones {
    fn event(&self, event: &Event<'_>) {
        if event.method != "Page.lifecycleEvent" {
            return;
        }
        let Some(Lifecycle {
            frame_id,
            loader_id,
            name,
            timestamp,
        }) = event.read()
        else {
            return;
        };
        let is_load = match name.as_str() {
            "load" => true,
            "DOMContentLoaded" => false,
            _ => return,
        };
        let network = &self.0;
        if frame_id == network.main_frame
            && let Some(session) = network.sessions().first()
        {
            network.tell(session, |key| NetworkEvent::Milestone {
                // The request of a document is named as its load.
                key: key(&loader_id),
                is_load,
                at: timestamp,
            });
        }
    }
}
