//! Browser contexts: what is apart from each other in one browser as if it were two.

use async_trait::async_trait;
use std::sync::Arc;

use super::{BrowserError, BrowserInfo, Emulation, SiteData, Tab, Wanted, Watcher};
use crate::browser::PageId;
use crate::browser::context::{ContextOptions, HttpCredentials};

/// A browser context: pages that share cookies and storage with each other and with nobody else.
#[async_trait]
pub trait Context: Send + Sync {
    /// Opens a page, numbered by the caller.
    async fn open_tab(&self, page: PageId) -> Result<Arc<dyn Tab>, BrowserError>;
    /// What it makes its pages believe.
    fn emulation(&self) -> &dyn Emulation;
    /// What its pages answer to servers that ask for a password by HTTP, from now on.
    fn set_http_credentials(&self, credentials: Option<HttpCredentials>);
    /// What it keeps for sites.
    fn site_data(&self) -> &dyn SiteData;
    /// Closes its pages and wipes what is left. Safe to call again.
    async fn close(&self);
}

/// The right to use a browser for one run. All its contexts end with it.
#[async_trait]
pub trait Lease: Send + Sync {
    /// What kind of browser it is.
    fn info(&self) -> BrowserInfo;
    /// Makes a browser context.
    async fn new_context(&self, options: &ContextOptions) -> Result<Arc<dyn Context>, BrowserError>;
    /// Gives the browser back: closes what is open, wipes what is left.
    async fn release(&self);
}

/// Where browsers come from.
#[async_trait]
pub trait Browsers: Send + Sync {
    /// Leases a browser; `watcher` hears of its pages.
    async fn lease(&self, wanted: &Wanted, watcher: Arc<dyn Watcher>)
    -> Result<Arc<dyn Lease>, BrowserError>;
}
