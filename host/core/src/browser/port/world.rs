//! What a browser must do for the world around a page: emulation, cookies and storage, files in and out.

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::watch;

use super::TabError;
use crate::browser::context::{
    ClockOrder, ClockState, Cookie, DownloadState, Geolocation, Header, Media, OriginState, Permission,
    UploadedFile,
};

/// What a context makes its pages believe, changed while they are open. It holds in pages, frames and popups
/// that come later too.
#[async_trait]
pub trait Emulation: Send + Sync {
    /// The place; none makes it unknown.
    async fn set_geolocation(&self, place: Option<Geolocation>) -> Result<(), TabError>;
    /// Allows things to an origin, or to every one.
    async fn grant(&self, permissions: &[Permission], origin: Option<&str>) -> Result<(), TabError>;
    /// Takes back all that was allowed.
    async fn clear_permissions(&self) -> Result<(), TabError>;
    /// Takes the network away, or gives it back.
    async fn set_offline(&self, offline: bool) -> Result<(), TabError>;
    /// Headers of every request.
    async fn set_extra_headers(&self, headers: &[Header]) -> Result<(), TabError>;
    /// Adds a script for each new document of the pages.
    async fn add_init_script(&self, script: &str) -> Result<(), TabError>;
    /// Tells the pages' clocks: present documents carry out the order, later ones begin with the state.
    async fn set_clock(&self, state: ClockState, order: ClockOrder) -> Result<(), TabError>;
}

/// What a context keeps for the sites that it has visited.
#[async_trait]
pub trait SiteData: Send + Sync {
    /// All cookies.
    async fn cookies(&self) -> Result<Vec<Cookie>, TabError>;
    /// Adds cookies, all or none.
    async fn add_cookies(&self, cookies: &[Cookie]) -> Result<(), TabError>;
    /// Removes all cookies.
    async fn clear_cookies(&self) -> Result<(), TabError>;
    /// What the visited origins have stored, in the order of the first visits.
    async fn stored(&self, indexed_db: bool) -> Result<Vec<OriginState>, TabError>;
    /// Clears what visited origins have stored, and stores these instead.
    async fn store(&self, origins: &[OriginState]) -> Result<(), TabError>;
}

/// The world around one page.
#[async_trait]
pub trait PageWorld: Send + Sync {
    /// Changes what its media queries see.
    async fn emulate_media(&self, media: Media) -> Result<(), TabError>;
    /// Whether file choosers are told to the watcher instead of opening.
    async fn intercept_file_choosers(&self, on: bool) -> Result<(), TabError>;
}

/// How far a download is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DownloadProgress {
    /// Whether it is under way.
    pub state: DownloadState,
    /// Bytes that have come.
    pub received: u64,
}

/// A file that is being downloaded.
#[async_trait]
pub trait FileDownload: Send + Sync {
    /// How far it is, as that changes.
    fn progress(&self) -> watch::Receiver<DownloadProgress>;
    /// What has come, at most so many bytes.
    async fn read(&self, limit: u64) -> Result<Bytes, TabError>;
    /// Cancels it.
    async fn cancel(&self) -> Result<(), TabError>;
}

/// A file chooser that a page waits for.
#[async_trait]
pub trait FileChooser: Send + Sync {
    /// Whether it takes several files.
    fn multiple(&self) -> bool;
    /// Gives it the files, instead of those that it had.
    async fn set_files(&self, files: &[UploadedFile]) -> Result<(), TabError>;
}
