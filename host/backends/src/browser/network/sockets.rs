//! `Network`: WebSockets, with their messages and when they came.

use serde::Deserialize;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Network;
use super::words::Headers;
use crate::browser::connection::cdp::{Event, Listener};
use flowguard_core::browser::network::SocketFrame;
use flowguard_core::browser::port::network::{NetworkEvent, RequestKey};

/// WebSockets at once whose messages are placed in time.
const MAX_SOCKETS: usize = 1_000;

/// Hears `Network` of one of a page's sessions.
pub(super) struct Sockets {
    network: Arc<Network>,
    /// For each WebSocket, what its browser's clock lags behind 1970, in milliseconds.
    clocks: Mutex<HashMap<String, f64>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    request_id: String,
    url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Handshake {
    request_id: String,
    timestamp: f64,
    wall_time: f64,
    request: WithHeaders,
}

#[derive(Deserialize)]
struct WithHeaders {
    #[serde(default)]
    headers: Headers,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answered {
    request_id: String,
    response: HandshakeResponse,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HandshakeResponse {
    status: i64,
    #[serde(default)]
    status_text: String,
    #[serde(default)]
    headers: Headers,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    request_id: String,
    timestamp: f64,
    response: Frame,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Frame {
    opcode: f64,
    #[serde(default)]
    payload_data: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ended {
    request_id: String,
    #[serde(default)]
    error_message: String,
}

impl Sockets {
    pub(super) fn new(network: &Arc<Network>) -> Self {
        Self {
            network: network.clone(),
            clocks: Mutex::default(),
        }
    }

    fn tell(&self, what: impl FnOnce(&dyn Fn(&str) -> RequestKey) -> NetworkEvent) {
        if let Some(session) = self.network.sessions().first() {
            self.network.tell(session, what);
        }
    }

    fn handshake(&self, handshake: Handshake) {
        let Handshake {
            request_id,
            timestamp,
            wall_time,
            request,
        } = handshake;
        let mut clocks = self.lock();
        if clocks.len() < MAX_SOCKETS {
            clocks.insert(request_id.clone(), (wall_time - timestamp) * 1e3);
        }
        drop(clocks);
        let headers = request.headers.list();
        self.tell(|key| NetworkEvent::SocketRequest(key(&request_id), headers, wall_time * 1e3));
    }

    fn message(&self, message: Message, sent: bool) {
        let Message {
            request_id,
            timestamp,
            response,
        } = message;
        let clock = self.lock().get(&request_id).copied().unwrap_or_default();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "4 bits")]
        let frame = SocketFrame {
            sent,
            opcode: response.opcode as u8,
            data: response.payload_data,
            at_ms: clock + timestamp * 1e3,
        };
        self.tell(|key| NetworkEvent::SocketFrame(key(&request_id), frame));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, f64>> {
        self.clocks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener for Sockets {
    fn event(&self, event: &Event<'_>) {
        match event.method {
            "Network.webSocketCreated" => {
                if let Some(Created { request_id, url }) = event.read() {
                    self.tell(|key| NetworkEvent::SocketOpened(key(&request_id), url));
                }
            }
            "Network.webSocketWillSendHandshakeRequest" => event.then(|handshake| self.handshake(handshake)),
            "Network.webSocketHandshakeResponseReceived" => {
                if let Some(Answered { request_id, response }) = event.read() {
                    let status = u16::try_from(response.status).unwrap_or_default();
                    let headers = response.headers.list();
                    self.tell(|key| {
                        NetworkEvent::SocketResponse(key(&request_id), status, response.status_text, headers)
                    });
                }
            }
            "Network.webSocketFrameSent" => event.then(|message| self.message(message, true)),
            "Network.webSocketFrameReceived" => event.then(|message| self.message(message, false)),
            "Network.webSocketFrameError" => {
                if let Some(Ended {
                    request_id,
                    error_message,
                }) = event.read()
                {
                    self.tell(|key| NetworkEvent::SocketError(key(&request_id), error_message));
                }
            }
            "Network.webSocketClosed" => {
                if let Some(Ended { request_id, .. }) = event.read() {
                    self.lock().remove(&request_id);
                    self.tell(|key| NetworkEvent::SocketClosed(key(&request_id)));
                }
            }
            _ => {}
        }
    }
}
