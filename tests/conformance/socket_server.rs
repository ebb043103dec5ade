//! A WebSocket server that sends every message back.

use async_tungstenite::tokio::accept_async;
use futures::StreamExt;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A server on a port of its own.
pub(crate) struct SocketServer {
    url: String,
    server: JoinHandle<()>,
}

impl SocketServer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("ws://{}", listener.local_addr().expect("an address"));
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let Ok(mut socket) = accept_async(stream).await else {
                        return;
                    };
                    while let Some(Ok(message)) = socket.next().await {
                        let goes_back = message.is_text() || message.is_binary();
                        if goes_back && socket.send(message).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { url, server }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for SocketServer {
    fn drop(&mut self) {
        self.server.abort();
    }
}
