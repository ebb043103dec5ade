//! The daemon's HTTP side: runs over the loopback, and the page of a development session. HTTP is known here and nowhere
//! else; what is asked for is done by the same parts that the command line uses.
//!
//! [`router`] has every route, [`guard`] who may use them, [`problem`] how a refusal is told, [`connections`] what they come
//! by.

mod audit;
mod components;
mod connections;
mod dev_page;
mod events;
mod guard;
mod problem;
mod registry;
mod router;
mod runs;
mod slots;
mod state;

pub(crate) use connections::serve;
pub(crate) use dev_page::{DevPage, dev_router};
pub(crate) use guard::{Access, token_in};
pub(crate) use router::serve_router;
pub(crate) use state::{Server, ServerOptions};

use std::net::SocketAddr;
use tokio::net::TcpListener;

/// Binds the address on which requests are taken.
pub(crate) async fn bind(address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address)
        .await
        .map_err(|error| format!("{address} cannot be listened on: {error}; name another with --listen"))
}
