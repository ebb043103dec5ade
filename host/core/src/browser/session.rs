//! One run's browser: leased at the first page, given back at the end, with the run's pages in between; or left
//! to the next run as it is.

use bytes::Bytes;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::OnceCell;

use super::batch::Ahead;
use super::calls::{self, PageId};
use super::context::{Contexts, Events, OWN, Overlays, check_viewport};
use super::network::routes::Routes;
use super::network::traffic::Traffic;
use super::pages::{Hears, Pages, RunWatcher};
use super::port::{BrowserError, BrowserInfo, Browsers, Lease, Tab, TabError, Wanted, Watcher};
use super::reply::Reply;
use super::screencast::Screencast;
use super::script::InitScripts;
use super::veil::Veil;
use crate::artifact::Digest;
use crate::baseline::Baselines;
use crate::failure::{Blame, Code, Failure, cut};
use crate::ledger::Ledger;
use crate::limits;

/// What holds for all pages of a run.
#[derive(Clone, Debug)]
pub struct BrowserOptions {
    /// Where the application is.
    pub base_url: Option<url::Url>,
    /// An action's time.
    pub action_timeout: Duration,
    /// An assertion's time.
    pub expect_timeout: Duration,
    /// The attributes that a test id is looked for in.
    pub test_id_attributes: Vec<String>,
    /// Whose baselines pictures are compared with.
    pub baselines: BaselineScope,
    /// Whether the network is recorded as a HAR.
    pub records_har: bool,
    /// Whether pictures of the pages are kept as they are drawn.
    pub screencast: bool,
    /// Where the browser is to be, and for whom.
    pub wanted: Wanted,
}

/// Whose baselines, and whether they are to be written.
#[derive(Clone, Debug, Default)]
pub struct BaselineScope {
    /// The component.
    pub component: String,
    /// Its flow.
    pub flow: String,
    /// Whether pictures that differ become the new baselines.
    pub update: bool,
}

/// The browser of one run.
pub struct Browser {
    browsers: Arc<dyn Browsers>,
    pub(super) baselines: Arc<dyn Baselines>,
    pub(super) ledger: Arc<Ledger>,
    pub(super) options: BrowserOptions,
    pub(super) traffic: Arc<Traffic>,
    pub(super) routes: Arc<Routes>,
    lease: OnceCell<Arc<dyn Lease>>,
    pub(super) contexts: Contexts,
    pub(super) pages: Arc<Pages>,
    pub(super) events: Arc<Events>,
    pub(super) overlays: Overlays,
    pub(super) init_scripts: InitScripts,
    pub(super) screencast: Arc<Screencast>,
    pub(super) veil: Arc<Veil>,
    /// Whose run the pages' events belong to.
    hears: Arc<Hears>,
    /// The batch that is under way.
    ahead: Mutex<Option<Ahead>>,
}

impl Browser {
    /// A run's browser; nothing is leased yet.
    #[must_use]
    pub fn new(
        browsers: Arc<dyn Browsers>,
        baselines: Arc<dyn Baselines>,
        ledger: Arc<Ledger>,
        options: BrowserOptions,
    ) -> Self {
        Self {
            browsers,
            baselines,
            traffic: Arc::new(Traffic::new(options.records_har)),
            screencast: Arc::default(),
            veil: Arc::default(),
            hears: Arc::new(Hears::new(&ledger)),
            ledger,
            routes: Arc::default(),
            options,
            lease: OnceCell::new(),
            contexts: Contexts::default(),
            pages: Arc::default(),
            ahead: Mutex::default(),
            events: Arc::default(),
            overlays: Overlays::default(),
            init_scripts: InitScripts::default(),
        }
    }

    pub(super) fn ahead(&self) -> MutexGuard<'_, Option<Ahead>> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This browser for another run: the same pages, contexts, routes and all that is known of them.
    #[must_use]
    pub fn left_to(self, ledger: Arc<Ledger>) -> Self {
        self.hears.be(&ledger);
        Self { ledger, ..self }
    }

    /// What kind of browser it is, once it is leased.
    #[must_use]
    pub fn info(&self) -> Option<BrowserInfo> {
        self.lease.get().map(|lease| lease.info())
    }

    /// Opens a page.
    ///
    /// # Errors
    /// [`Code::OverBudget`] where too many are open, [`Code::Unavailable`] where there is no browser.
    pub async fn open_page(&self, _call: &calls::OpenPage) -> Result<PageId, Failure> {
        let context = self.own_context().await?;
        self.open_in(OWN, &*context.port).await
    }

    /// The run's right to a browser, taken at the first need.
    pub(super) async fn lease(&self) -> Result<&Arc<dyn Lease>, Failure> {
        let watcher = || -> Arc<dyn Watcher> {
            Arc::new(RunWatcher {
                hears: self.hears.clone(),
                pages: Arc::downgrade(&self.pages),
                events: Arc::downgrade(&self.events),
                traffic: self.traffic.clone(),
                routes: self.routes.clone(),
                screencast: self.films(),
                veil: self.veil.clone(),
            })
        };
        let lease = || async {
            // How long others use the browsers that there are is no part of what is tested.
            let _still = self.ledger.progress.stand_still();
            self.browsers.lease(&self.options.wanted, watcher()).await
        };
        let leased = self.lease.get_or_try_init(lease).await;
        leased.map_err(|error| no_browser(&error))
    }

    /// Closes a page.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where it is closed already.
    pub async fn close_page(&self, call: &calls::ClosePage) -> Result<(), Failure> {
        let tab = self.tab(call.page)?;
        self.pages.remove(call.page);
        self.answered(tab.close()).await
    }

    /// Closes all pages and gives the browser back.
    pub async fn release(&self) {
        self.routes.let_go();
        self.pages.clear();
        self.contexts.clear();
        if let Some(lease) = self.lease.get() {
            lease.release().await;
        }
    }

    /// The address.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where the page is closed.
    pub async fn page_url(&self, call: &calls::PageUrl) -> Result<String, Failure> {
        self.settled(call.page, limits::DEFAULT_ACTION_TIMEOUT).await?;
        Ok(self.tab(call.page)?.state().borrow().url.clone())
    }

    /// Sets the size of the viewport.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where it is out of range.
    pub async fn set_viewport(&self, call: &calls::SetViewport) -> Result<(), Failure> {
        check_viewport(call.size)?;
        let tab = self.tab(call.page)?;
        self.answered(tab.set_viewport(call.size)).await
    }

    /// Brings the page to the front.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where the page is closed.
    pub async fn bring_to_front(&self, call: &calls::BringToFront) -> Result<(), Failure> {
        let tab = self.tab(call.page)?;
        self.answered(tab.bring_to_front()).await
    }

    /// Waits for what a page that is not busy answers at once.
    pub(super) async fn answered<T>(
        &self,
        work: impl Future<Output = Result<T, TabError>>,
    ) -> Result<T, Failure> {
        let wait = self.ledger.progress.allowance(self.options.action_timeout);
        let answer = tokio::time::timeout(wait, work).await;
        answer.unwrap_or(Err(TabError::Unresponsive)).map_err(tab_failure)
    }

    /// The pages that are open.
    pub(super) fn open_tabs(&self) -> Vec<(PageId, Arc<dyn Tab>)> {
        self.pages.all()
    }

    /// The bytes of an image that this run made; the gate records only the digest.
    ///
    /// # Errors
    /// [`Code::OverBudget`] where it is too large to copy, [`Code::Unavailable`] where it is gone.
    pub async fn image_bytes(&self, call: &calls::ReadImage) -> Result<Bytes, Failure> {
        read_image(&self.ledger, &call.digest, call.bytes).await
    }

    /// Fetches an address for its status.
    ///
    /// # Errors
    /// [`Code::NavigationFailed`] where no answer comes.
    pub async fn probe(&self, call: &calls::Probe) -> Result<u16, Failure> {
        let url = self.resolve(call.page, &call.url)?;
        let wait = self
            .ledger
            .progress
            .allowance(timeout(call.timeout_ms, self.options.action_timeout)?);
        let tab = self.tab(call.page)?;
        let unreachable =
            |why: &str| Failure::new(Code::NavigationFailed, format!("{url} did not answer: {why}"));
        match tokio::time::timeout(wait, tab.probe(url.as_str())).await {
            Ok(Ok(Ok(status))) => Ok(status),
            Ok(Ok(Err(network))) => Err(unreachable(&network)),
            Ok(Err(error)) => Err(tab_failure(error)),
            Err(_) => Err(unreachable(&format!("nothing within {} ms", wait.as_millis()))),
        }
    }

    pub(super) fn resolve(&self, page: PageId, address: &str) -> Result<url::Url, Failure> {
        if address.len() > limits::MAX_URL_BYTES {
            let message = format!(
                "an address may have {} bytes: {}",
                limits::MAX_URL_BYTES,
                address.len()
            );
            return Err(Failure::new(Code::InvalidArgument, message));
        }
        crate::grant::resolve(self.base_of(page).as_ref(), address)
    }

    pub(super) fn tab(&self, page: PageId) -> Result<Arc<dyn Tab>, Failure> {
        self.pages.get(page).ok_or_else(|| {
            Failure::new(
                Code::InvalidArgument,
                format!("page {page} is closed: open another one"),
            )
        })
    }
}

/// Reads an image of the run for the guest.
pub(crate) async fn read_image(ledger: &Ledger, digest: &Digest, bytes: u32) -> Result<Bytes, Failure> {
    if bytes as usize > limits::MAX_IMAGE_READ_BYTES {
        let message = format!(
            "an image of {bytes} bytes is not copied into a component: at most {}",
            limits::MAX_IMAGE_READ_BYTES
        );
        return Err(Failure::new(Code::OverBudget, message));
    }
    ledger
        .artifacts
        .get(digest)
        .await
        .map_err(|error| Failure::new(Code::Unavailable, error.to_string()))
}

/// The time that a call asks for.
pub(super) fn timeout(wanted: Option<u32>, otherwise: Duration) -> Result<Duration, Failure> {
    match wanted {
        None => Ok(otherwise),
        Some(ms) if ms <= limits::MAX_CALL_TIMEOUT_MS => Ok(Duration::from_millis(ms.into())),
        Some(ms) => {
            let message = format!("a timeout is at most {} ms: {ms}", limits::MAX_CALL_TIMEOUT_MS);
            Err(Failure::new(Code::InvalidArgument, message))
        }
    }
}

/// The failure that a tab's error is.
pub(super) fn tab_failure(error: TabError) -> Failure {
    match error {
        TabError::Crashed => Failure::new(Code::PageLost, "the page crashed"),
        TabError::Closed => Failure::new(Code::PageLost, "the page was closed by the browser or by itself"),
        TabError::BrowserLost(why) => Failure::new(
            Code::Unavailable,
            format!("the browser is gone: {}", cut(why, 500)),
        ),
        TabError::Unresponsive => {
            Failure::new(Code::Timeout, "the page did not answer: its main thread is busy")
        }
        TabError::DocumentReplaced => Failure::new(
            Code::Timeout,
            "the document was replaced again and again until the time was over",
        ),
        TabError::TooLarge(command) => {
            let most = limits::MAX_BROWSER_MESSAGE_BYTES >> 20;
            let message = format!("the page's answer has more than {most} MiB ({command}): ask it for less");
            Failure::new(Code::OverBudget, message)
        }
        refused @ TabError::Refused { .. } => Failure::new(Code::Internal, refused.to_string()),
    }
}

pub(super) fn no_browser(error: &BrowserError) -> Failure {
    if let BrowserError::Unfit(what) = error {
        return Failure::new(Code::InvalidArgument, what.clone());
    }
    let mut failure = Failure::new(Code::Unavailable, error.to_string());
    failure.retryable = !matches!(error, BrowserError::NotInstalled { .. });
    debug_assert_eq!(failure.code.blame(), Blame::Platform);
    failure
}

/// The value of an answer that is done.
pub(super) fn done(reply: Reply, what: &str) -> Result<serde_json::Value, Failure> {
    match reply {
        Reply::Done { value } => Ok(value),
        other => Err(Failure::new(
            Code::Internal,
            format!("the page answered {what} with {other:?}"),
        )),
    }
}
