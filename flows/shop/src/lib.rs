//! Harbour Goods, the shop that the example flows test.
//!
//! A small web shop as real ones are: server-rendered pages, lists that arrive late, a dialog, a payment form
//! in a frame, validation, a countdown. Everything is embedded and in memory, and it opens no connection. It
//! must never know FlowGuard: flows see it through a browser only. `?bug=NAME` on any page switches a
//! deliberate fault on for that visitor (see [`session::Bug`]), `?bug=none` switches it off.

pub mod cart;
pub mod catalogue;
pub mod checkout;
pub mod money;
pub mod session;
mod views;
mod web;

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How the shop behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// How late the product list arrives.
    pub list_delay: Duration,
    /// How many visitors are remembered.
    pub most_sessions: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            list_delay: Duration::from_millis(300),
            most_sessions: 1000,
        }
    }
}

/// Serves the shop until `stop` is ready, then finishes the requests under way.
///
/// # Errors
/// What the listener fails with.
pub async fn serve(
    listener: TcpListener,
    options: Options,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (closing, closed) = watch::channel(false);
    let shutdown = async move {
        stop.await;
        closing.send_replace(true);
    };
    axum::serve(listener, web::router(&options, closed))
        .with_graceful_shutdown(shutdown)
        .await
}

/// A shop that runs in this process, on a port of its own, for tests.
#[derive(Debug)]
pub struct Shop {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    server: JoinHandle<io::Result<()>>,
}

impl Shop {
    /// Starts it on a free port of the loopback interface.
    ///
    /// # Errors
    /// What binding fails with.
    pub async fn start(options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (stop, mut stopped) = watch::channel(false);
        let stopped = async move {
            // An error means that the `Shop` was dropped, which ends it as well.
            let _ = stopped.wait_for(|stop| *stop).await;
        };
        let server = tokio::spawn(serve(listener, options, stopped));
        Ok(Self {
            address,
            stop,
            server,
        })
    }

    /// Where it is: `http://127.0.0.1:PORT`, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it and waits until the requests under way are answered.
    ///
    /// # Errors
    /// What the server failed with.
    pub async fn stop(self) -> io::Result<()> {
        self.stop.send_replace(true);
        self.server.await.map_err(io::Error::other)?
    }
}
