//! A browser context over CDP: opens pages, hears of those that pages open, and is disposed of whole.

mod clock;
pub(super) mod connected;
pub(super) mod downloads;
pub(super) mod emulation;
pub(super) mod leased;
pub(super) mod owner;
mod permissions;
pub(super) mod ready;
pub(super) mod site_data;
pub(super) mod targets;
mod user_agent;

use async_trait::async_trait;
use chromiumoxide::cdp::browser_protocol::browser::{BrowserContextId, EventDownloadWillBegin};
use chromiumoxide::cdp::browser_protocol::target::{
    CreateBrowserContextParams, CreateTargetParams, DisposeBrowserContextParams, TargetInfo,
};
use futures::FutureExt;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use tokio::sync::Notify;

use crate::browser::connection::cdp::{Cdp, Pending, Session};
use crate::browser::page::setup::Done;
use crate::browser::page::tab::CdpTab;
use crate::browser::tunnel::Tunnel;
use downloads::{Downloads, RemoteFiles};
use emulation::CdpEmulation;
use flowguard_core::browser::context::{ContextOptions, HttpCredentials};
use flowguard_core::browser::port::{Emulation, SiteData};
use flowguard_core::browser::{BrowserError, Context, PageId, Tab, TabError, Watcher};
use site_data::Origins;
use targets::Targets;

/// A browser context.
pub(super) struct CdpContext {
    cdp: Cdp,
    targets: Arc<Targets>,
    id: BrowserContextId,
    emulation: Arc<CdpEmulation>,
    downloads: Downloads,
    origins: Arc<Origins>,
    /// Whether it is the browser's own, which stays when the run has ended.
    is_default: bool,
    /// The run that has it; none as long as it waits for one.
    watcher: OnceLock<Arc<dyn Watcher>>,
    pages: Mutex<Pages>,
    /// Something has come into [`Pages::arrived`].
    arrival: Notify,
    closed: AtomicBool,
}

/// What a browser needs that is not on this machine.
#[derive(Clone)]
pub(super) struct Far {
    /// Where its downloads are.
    pub(super) files: Arc<dyn RemoteFiles>,
    /// The way to what only this machine reaches.
    pub(super) tunnel: Option<Arc<Tunnel>>,
}

#[derive(Default)]
struct Pages {
    /// How many are being opened by us.
    opening: usize,
    /// Opened by us, attached, and not yet taken by who opened them.
    arrived: HashMap<String, (CdpTab, Done)>,
    /// All of them, by target, to know an opener by.
    open: HashMap<String, Weak<CdpTab>>,
    /// Made ready before anybody asked for a page.
    ahead: Option<CdpTab>,
}

impl CdpContext {
    /// Makes a context that is nobody's yet.
    pub(super) async fn create(
        cdp: &Cdp,
        targets: &Arc<Targets>,
        options: &ContextOptions,
        far: Option<Far>,
    ) -> Result<Arc<Self>, TabError> {
        let command = CreateBrowserContextParams {
            dispose_on_detach: Some(true),
            ..Default::default()
        };
        let made = cdp.in_time("making a context", cdp.send(&command).answer());
        let id = made.await?.browser_context_id;
        Ok(Self::new(cdp, targets, id, options, Arc::default(), false, far))
    }

    /// The browser's own context, as a run's. What was visited is told to these origins.
    pub(super) fn default_of(
        cdp: &Cdp,
        targets: &Arc<Targets>,
        id: BrowserContextId,
        options: &ContextOptions,
        origins: Arc<Origins>,
        far: Far,
    ) -> Arc<Self> {
        Self::new(cdp, targets, id, options, origins, true, Some(far))
    }

    fn new(
        cdp: &Cdp,
        targets: &Arc<Targets>,
        id: BrowserContextId,
        options: &ContextOptions,
        origins: Arc<Origins>,
        is_default: bool,
        far: Option<Far>,
    ) -> Arc<Self> {
        let (files, tunnel) = far.map_or((None, None), |far| (Some(far.files), far.tunnel));
        let context = Arc::new(Self {
            cdp: cdp.clone(),
            targets: targets.clone(),
            emulation: CdpEmulation::new(cdp, &id, options, tunnel),
            is_default,
            downloads: Downloads::new(cdp, &id, files),
            origins,
            id,
            watcher: OnceLock::new(),
            pages: Mutex::default(),
            arrival: Notify::new(),
            closed: AtomicBool::new(false),
        });
        if options.http_credentials.is_some() {
            context.origins.signs_in();
        }
        targets.add(context.id.inner(), &context);
        context
    }

    /// It is this run's from now on, and no other's.
    pub(super) fn take(&self, watcher: Arc<dyn Watcher>) {
        let _ = self.watcher.set(watcher);
    }

    /// Opens the page that whoever takes the context will ask for first.
    pub(super) async fn open_ahead(&self) -> Result<(), TabError> {
        let tab = self.open_private().await?;
        self.keep_ahead(tab);
        Ok(())
    }

    /// This page is the one that whoever takes the context will ask for first.
    pub(super) fn keep_ahead(&self, tab: CdpTab) {
        self.lock().ahead = Some(tab);
    }

    /// Whether the page that was opened ahead is there and alive.
    pub(super) fn is_ready(&self) -> bool {
        let pages = self.lock();
        pages.ahead.as_ref().is_some_and(CdpTab::is_alive)
    }

    /// A page of this context is attached to, and waits for us.
    pub(super) fn attached(self: &Arc<Self>, session: Session, target: &TargetInfo) {
        let tab = CdpTab::new(session, target.target_id.clone(), &self.emulation, &self.origins);
        let is_ours = target.opener_id.is_none() && self.lock().opening > 0;
        if is_ours {
            let ready = tab.set_up();
            let id = target.target_id.inner().clone();
            self.lock().arrived.insert(id, (tab, ready));
            self.arrival.notify_waiters();
        } else {
            self.opened_by_page(&Arc::new(tab), target);
        }
    }

    fn opened_by_page(&self, tab: &Arc<CdpTab>, target: &TargetInfo) {
        let opener = target.opener_id.as_ref().and_then(|id| self.page_of(id.inner()));
        let taken = self.watcher.get();
        let popup = taken.and_then(|watcher| Some((watcher.popup(opener, tab.clone())?, watcher)));
        let Some((page, watcher)) = popup else {
            tab.refuse();
            return;
        };
        tab.take(page, watcher.clone());
        // Nobody waits: commands to the page come after these.
        drop(tab.set_up());
        self.remember(tab);
    }

    fn page_of(&self, target: &str) -> Option<PageId> {
        self.lock().open.get(target)?.upgrade()?.owner().page()
    }

    fn remember(&self, tab: &Arc<CdpTab>) {
        let mut pages = self.lock();
        pages.open.retain(|_, tab| tab.strong_count() > 0);
        pages.open.insert(tab.target().to_owned(), Arc::downgrade(tab));
    }

    async fn open(&self, page: PageId) -> Result<Arc<CdpTab>, TabError> {
        let ahead = self.lock().ahead.take();
        let (tab, ready) = match ahead {
            Some(tab) => (tab, std::future::ready(Ok(())).boxed()),
            None => self.open_target().await?,
        };
        if let Some(watcher) = self.watcher.get() {
            tab.take(page, watcher.clone());
        }
        let tab = Arc::new(tab);
        self.remember(&tab);
        match ready.await {
            Ok(()) => Ok(tab),
            Err(error) => {
                // What cannot be made ready must not stay open.
                let _ = tab.close().await;
                Err(error)
            }
        }
    }

    /// Opens a page that belongs to no run: nobody hears of it.
    pub(super) async fn open_private(&self) -> Result<CdpTab, TabError> {
        let (tab, ready) = self.open_target().await?;
        ready.await?;
        Ok(tab)
    }

    async fn open_target(&self) -> Result<(CdpTab, Done), TabError> {
        let _opening = Opening::begin(self);
        let mut create = CreateTargetParams::new("about:blank");
        create.browser_context_id = Some(self.id.clone());
        let target = self.cdp.send(&create).answer().await?.target_id;
        self.arrived(target.inner()).await
    }

    /// A download has begun; false where it is none of this context's pages.
    pub(super) fn download_began(&self, event: &EventDownloadWillBegin) -> bool {
        let frame = event.frame_id.inner();
        let tabs: Vec<Arc<CdpTab>> = self.lock().open.values().filter_map(Weak::upgrade).collect();
        let Some(tab) = tabs.into_iter().find(|tab| tab.has_frame(frame)) else {
            return false;
        };
        self.downloads.began(tab.owner(), event.clone());
        true
    }

    /// The downloads of its pages.
    pub(super) fn downloads(&self) -> &Downloads {
        &self.downloads
    }

    /// The browser's name for it.
    pub(super) fn id(&self) -> &BrowserContextId {
        &self.id
    }

    /// The connection.
    pub(super) fn cdp(&self) -> &Cdp {
        &self.cdp
    }

    /// The origins that its pages have visited.
    pub(super) fn origins(&self) -> &Origins {
        &self.origins
    }

    /// Waits until the browser has attached us to what we opened.
    async fn arrived(&self, target: &str) -> Result<(CdpTab, Done), TabError> {
        let mut lost = self.cdp.lost();
        loop {
            let arrival = self.arrival.notified();
            if let Some(arrived) = self.lock().arrived.remove(target) {
                return Ok(arrived);
            }
            tokio::select! {
                () = arrival => {}
                why = lost.wait_for(Option::is_some) => {
                    let why = why.ok().and_then(|why| why.clone());
                    return Err(TabError::BrowserLost(why.unwrap_or_default()));
                }
            }
        }
    }

    fn dispose(&self) -> Option<Pending<DisposeBrowserContextParams>> {
        if self.closed.swap(true, Ordering::Relaxed) {
            return None;
        }
        self.targets.remove(self.id.inner(), self);
        if self.is_default {
            // It cannot be disposed of; whoever has the session wipes it.
            return None;
        }
        let command = DisposeBrowserContextParams::new(self.id.clone());
        Some(self.cdp.send(&command))
    }

    fn lock(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Context for CdpContext {
    async fn open_tab(&self, page: PageId) -> Result<Arc<dyn Tab>, BrowserError> {
        let opened = self.cdp.in_time("opening a page", self.open(page)).await;
        let tab = opened.map_err(|error| self.emulation.unfit(&error))?;
        Ok(tab)
    }

    fn emulation(&self) -> &dyn Emulation {
        &*self.emulation
    }

    fn set_http_credentials(&self, credentials: Option<HttpCredentials>) {
        if credentials.is_some() {
            self.origins.signs_in();
        }
        self.emulation.set_http_credentials(credentials.clone());
        let tabs: Vec<_> = self.lock().open.values().filter_map(Weak::upgrade).collect();
        for tab in tabs {
            tab.set_http_credentials(credentials.clone());
        }
    }

    fn site_data(&self) -> &dyn SiteData {
        self
    }

    async fn close(&self) {
        if let Some(disposed) = self.dispose()
            && let Err(error) = self.cdp.in_time("closing a context", disposed.answer()).await
        {
            tracing::debug!(%error, "a browser context was gone before it was disposed of");
        }
    }
}

impl Drop for CdpContext {
    /// A run that was cancelled has not closed its contexts; the process goes on, they must not.
    fn drop(&mut self) {
        drop(self.dispose());
    }
}

/// Counts a page that is being opened, until it is there or given up.
struct Opening<'a>(&'a CdpContext);

impl<'a> Opening<'a> {
    fn begin(context: &'a CdpContext) -> Self {
        context.lock().opening += 1;
        Self(context)
    }
}

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        self.0.lock().opening -= 1;
    }
}
