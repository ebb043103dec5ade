//! The network of a run's pages: what they ask for and what comes back, routes that answer in the network's
//! place, and the HAR that is kept of it.
//!
//! [`traffic`] is told by the back end what happens and keeps it, bounded; [`routes`] decides on requests that
//! are paused; [`har`] writes and replays. Nothing here speaks to a browser: that is [`super::port::network`].

mod bodies;
mod complete;
mod decision;
pub mod exchange;
pub mod har;
pub mod pattern;
mod record;
pub mod routes;
pub mod traffic;
mod words;
mod work;

pub use decision::{AbortReason, Changes, Decision, Fulfilment};
pub use words::{
    Body, Header, HeaderMatch, RequestInfo, RequestMatch, ResourceType, ResponseInfo, Security,
    ServerAddress, SocketFrame, Timing, UrlMatch,
};
