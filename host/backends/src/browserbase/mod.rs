//! Browserbase: browsers in a cloud, by its HTTP API. Written after the API that both official SDKs (npm 2.21.0, PyPI
//! 1.22.0) are made from; what is new in an answer is passed over, what is missing and optional may be. Never a browser's
//! protocol: that begins at the connect URL, which is a credential and is shown nowhere.

mod client;
mod error;
mod retry;
mod transport;
mod types;

pub(crate) use client::tag;
pub use client::{Client, ClientOptions, TAG};
pub use error::{Error, Kind};
pub use types::{
    BrowserSettings, Context, CreateSession, CreatedSession, LivePage, LiveUrls, Log, Project, ProxySettings,
    RecordingDownload, RecordingState, Replay, ReplayPage, SavedContext, Session, Status, Usage, Viewport,
    film_type,
};
