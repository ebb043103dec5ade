//! What a browser must do for us: low, so that local Chromium and a cloud browser share everything above.
//! Locators, waiting, actionability and assertions are not here; they live above the port and in the page.

mod context;
mod input;
pub mod network;
mod script;
mod wanted;
mod world;

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

use super::PageId;
use super::calls::{ImageFormat, Rect, Size};
use super::context::{Dialog, DialogKind, DialogReply, Download};
use crate::timeline::PageEvent;
use network::{Bodies, NetworkEvent, Paused, PausedRequest, TabNetwork};

pub use context::{Browsers, Context, Lease};
pub use input::{Click, Input, KeyAction, Modifiers, MouseAction, MouseButton};
pub use script::{Outcome, PageScripts, Script, Subject};
pub use wanted::{CloudOptions, CloudUse, KeptContext, Place, Wanted};
pub use world::{DownloadProgress, Emulation, FileChooser, FileDownload, PageWorld, SiteData};

/// What kind of browser it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrowserInfo {
    /// Product and version, for example `HeadlessChrome/156.0.8078.79`.
    pub product: String,
    /// `local`, or the cloud's name.
    pub place: String,
    /// What was used of a cloud.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud: Option<CloudUse>,
    /// Why it is not in the cloud, where it was to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_in_cloud: Option<String>,
}

impl BrowserInfo {
    /// A browser of this machine.
    #[must_use]
    pub fn local(product: String) -> Self {
        Self {
            product,
            place: "local".to_owned(),
            cloud: None,
            not_in_cloud: None,
        }
    }
}

/// Why there is no browser.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    /// None is installed.
    #[error(
        "no Chromium was found: looked for {looked_for}; install it with `{install}`, or name one with {variable}=PATH"
    )]
    NotInstalled {
        /// Where it was looked for.
        looked_for: String,
        /// The one command that installs it.
        install: String,
        /// The environment variable that names one.
        variable: String,
    },
    /// It did not start.
    #[error("the browser {path} did not start: {why}")]
    NotStarted {
        /// Its path.
        path: String,
        /// What it said.
        why: String,
    },
    /// It does not know what a context is to emulate.
    #[error("{0}")]
    Unfit(String),
    /// It was there and went away.
    #[error("the browser is gone: {0}")]
    Lost(String),
    /// The cloud gives none now.
    #[error("there is no browser in the cloud: {0}")]
    NoCloud(String),
}

/// Why a tab did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TabError {
    /// The document was replaced while the script ran: start again on the new one.
    #[error("the document was replaced")]
    DocumentReplaced,
    /// The page did not answer within its time: its main thread is busy.
    #[error("the page did not answer: its main thread is busy")]
    Unresponsive,
    /// The renderer crashed.
    #[error("the page crashed")]
    Crashed,
    /// The page was closed.
    #[error("the page was closed")]
    Closed,
    /// The browser went away.
    #[error("the browser is gone: {0}")]
    BrowserLost(String),
    /// The answer to this command is larger than what is read of one.
    #[error("the answer to {0} is too large")]
    TooLarge(String),
    /// The browser refused the command.
    #[error("the browser refused {command}: {message}")]
    Refused {
        /// The command.
        command: String,
        /// What it said.
        message: String,
    },
}

/// How far the main document has come; later states include the earlier ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoadState {
    /// The document is being replaced.
    #[default]
    Commit,
    /// `DOMContentLoaded` fired.
    DomContentLoaded,
    /// `load` fired.
    Load,
    /// No request for 500 ms.
    NetworkIdle,
}

impl LoadState {
    /// As people read it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::DomContentLoaded => "dom-content-loaded",
            Self::Load => "load",
            Self::NetworkIdle => "network-idle",
        }
    }
}

/// What is known of a tab's main document without asking the page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TabState {
    /// Documents committed so far.
    pub documents: u64,
    /// Changes of the address within a document so far.
    pub moves: u64,
    /// The browser's name for the load that made the present document.
    pub loader: String,
    /// The address.
    pub url: String,
    /// The HTTP status, 0 where there is none.
    pub status: u16,
    /// How far it has come.
    pub reached: LoadState,
    /// Whether a navigation to another document is on its way.
    pub navigating: bool,
    /// Why the tab is gone, if it is.
    pub gone: Option<TabError>,
}

/// A navigation that has begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Navigation {
    /// To a new document, made by this load.
    Document(String),
    /// Within the present document.
    Within,
    /// It failed: the browser's error.
    Failed(String),
}

/// What is done at the point of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gesture {
    /// Nothing: the mouse is only moved there.
    Hover,
    /// Clicks.
    Click(Click),
    /// A finger touches the screen.
    Tap,
    /// The left button is pressed, and stays down: a drag may begin.
    Grab,
}

impl Gesture {
    /// How often the pointer is let go.
    #[must_use]
    pub const fn releases(self) -> u32 {
        match self {
            Self::Hover | Self::Grab => 0,
            Self::Click(click) => click.count,
            Self::Tap => 1,
        }
    }

    /// Whether it is more than one burst.
    #[must_use]
    pub const fn takes_time(self) -> bool {
        matches!(self, Self::Click(click) if !click.delay.is_zero() || click.steps > 1)
    }
}

/// Events of the pointer sent in one burst, and the guard that tells where they landed.
#[derive(Clone, Debug, PartialEq)]
pub struct PointerBurst {
    /// Where, in CSS pixels of the viewport.
    pub x: f64,
    /// Where, in CSS pixels of the viewport.
    pub y: f64,
    /// What is done there.
    pub gesture: Gesture,
    /// Keys held; none leaves the keys as they are.
    pub modifiers: Modifiers,
    /// The guard that was set for these events.
    pub token: serde_json::Value,
}

/// Where the events of a burst landed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase", tag = "status")]
pub enum Settled {
    /// In the target, or the document is gone because of them.
    Hit,
    /// In something else, which did not see them.
    Blocked {
        /// What it was.
        by: String,
    },
    /// Nowhere: no event came.
    None,
}

/// What a burst came to.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Ran {
    /// Where the mouse events landed, if there were any. Steps are done only after a hit.
    pub settled: Option<Settled>,
    /// The answers of the steps, up to the first that was not done. There are fewer where the document is
    /// about to be replaced.
    pub replies: Vec<serde_json::Value>,
}

impl Ran {
    /// The events landed, and the document is gone because of them.
    #[must_use]
    pub const fn gone() -> Self {
        Self {
            settled: Some(Settled::Hit),
            replies: Vec::new(),
        }
    }
}

/// What to take a picture of, and how.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shot {
    /// A part of the document, in CSS pixels; none for what the viewport shows.
    pub clip: Option<Rect>,
    /// Whether the part may reach beyond the viewport.
    pub beyond_viewport: bool,
    /// Pixels of the picture for each of the device's.
    pub scale: f64,
    /// How it is encoded.
    pub format: ImageFormat,
    /// 0 to 100, of JPEG and WebP.
    pub quality: u32,
    /// Whether a page without a background stays transparent.
    pub omit_background: bool,
}

impl Shot {
    /// What the viewport shows, without loss.
    pub const VIEWPORT: Self = Self {
        clip: None,
        beyond_viewport: false,
        scale: 1.0,
        format: ImageFormat::Png,
        quality: 80,
        omit_background: false,
    };
}

/// What a page looked like when it was drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// The picture, as JPEG.
    pub jpeg: Bytes,
    /// Its size.
    pub size: Size,
    /// How long ago it was drawn.
    pub age: Duration,
}

/// Hears what pages do. Called from the connection's task: it must not block.
pub trait Watcher: Send + Sync {
    /// Something happened in the page.
    fn page_event(&self, page: PageId, what: PageEvent);
    /// A page has opened another one, which has not run a line yet. Answers its number; none to close it.
    fn popup(&self, opener: Option<PageId>, tab: Arc<dyn Tab>) -> Option<PageId>;
    /// A dialog is shown: how it is answered. Without a word, it is dismissed, and leaving a page allowed.
    fn dialog(&self, _page: PageId, dialog: Dialog) -> DialogReply {
        DialogReply {
            accept: dialog.kind == DialogKind::Beforeunload,
            text: None,
        }
    }
    /// A download has begun; false where it is not wanted.
    fn download(&self, _page: PageId, _download: Download, _port: Arc<dyn FileDownload>) -> bool {
        false
    }
    /// The page asks for files.
    fn file_chooser(&self, _page: PageId, _port: Arc<dyn FileChooser>) {}
    /// Something happened in the page's network; bodies may be asked for there and then.
    fn network_event(&self, _page: PageId, _what: NetworkEvent, _bodies: &dyn Bodies) {}
    /// Whether pictures of the pages are wanted whenever they are drawn.
    fn wants_pictures(&self) -> bool {
        false
    }
    /// The page was drawn.
    fn picture(&self, _page: PageId, _picture: Picture) {}
    /// Whether the page's requests must wait for decisions.
    fn intercepts(&self, _page: PageId) -> bool {
        false
    }
    /// A request of the page waits for a decision.
    fn request_paused(&self, _page: PageId, _request: PausedRequest, _paused: Box<dyn Paused>) {}
}

/// One page of a browser.
#[async_trait]
pub trait Tab: Send + Sync {
    /// The main document, as it changes.
    fn state(&self) -> watch::Receiver<TabState>;
    /// Begins to load an address.
    async fn navigate(&self, url: &str) -> Result<Navigation, TabError>;
    /// Begins to load the present address again.
    async fn reload(&self) -> Result<(), TabError>;
    /// Begins to go so many entries forward in the history, back where negative; false where there is none.
    async fn go(&self, entries: i64) -> Result<bool, TabError>;
    /// Brings the page to the front of its window.
    async fn bring_to_front(&self) -> Result<(), TabError>;
    /// Calls the injected script in the main frame's present document and waits for its answer, at most
    /// `wait`.
    async fn perform(
        &self,
        request: &serde_json::Value,
        wait: Duration,
    ) -> Result<serde_json::Value, TabError>;
    /// Sends events of the pointer, where there are any, and calls the injected script for the guard's verdict and for
    /// the steps after it, all in one burst. Takes at most `wait`.
    async fn run(
        &self,
        burst: Option<&PointerBurst>,
        steps: &[serde_json::Value],
        wait: Duration,
    ) -> Result<Ran, TabError>;
    /// Its mouse, keyboard and touch screen.
    fn input(&self) -> &dyn Input;
    /// Takes a picture, encoded as asked for.
    async fn screenshot(&self, shot: &Shot) -> Result<Bytes, TabError>;
    /// Sets the size of the viewport.
    async fn set_viewport(&self, size: Size) -> Result<(), TabError>;
    /// Requests an address with the page's cookies; the status, or the browser's network error.
    async fn probe(&self, url: &str) -> Result<Result<u16, String>, TabError>;
    /// The world around it.
    fn world(&self) -> &dyn PageWorld;
    /// The author's scripts in it.
    fn scripts(&self) -> &dyn PageScripts;
    /// Its network.
    fn network(&self) -> &dyn TabNetwork;
    /// Closes the page.
    async fn close(&self) -> Result<(), TabError>;
}
