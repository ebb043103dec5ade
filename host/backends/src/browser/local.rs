//! Browsers of this machine: a warm Chromium process, and in it a context of its own for each run.

use async_trait::async_trait;
use chromiumoxide::cdp::browser_protocol::browser::{CloseParams, GetVersionParams};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::Mutex;

use super::cdp::Cdp;
use super::context::CdpContext;
use super::process::{self, Process};
use super::ready::Ready;
use super::targets::Targets;
use flowguard_core::browser::context::ContextOptions;
use flowguard_core::browser::{BrowserError, BrowserInfo, Browsers, Context, Lease, Watcher};

/// How long a browser that listens may take until it is connected.
const CONNECTING: Duration = Duration::from_secs(10);
/// How long it may take to begin to close.
const CLOSING: Duration = Duration::from_secs(2);

/// Which browser, and how it is started.
#[derive(Clone, Debug, Default)]
pub struct LocalOptions {
    /// The executable; none to look for one.
    pub executable: Option<PathBuf>,
    /// Where to look: the value of `PATH`.
    pub search_path: OsString,
    /// Whether people want to see it.
    pub headed: bool,
    /// Whether a context with a page is kept ready for the next run.
    pub keeps_ready: bool,
}

/// The browsers of this machine.
pub struct LocalBrowsers {
    options: LocalOptions,
    warm: Mutex<Option<Warm>>,
}

/// A process that is running and connected.
struct Warm {
    browser: Connected,
    process: Process,
}

/// A connection to a browser.
#[derive(Clone)]
struct Connected {
    cdp: Cdp,
    targets: Arc<Targets>,
    ready: Arc<Ready>,
    info: BrowserInfo,
}

impl LocalBrowsers {
    /// The browsers of this machine; none is started yet.
    #[must_use]
    pub fn new(options: LocalOptions) -> Self {
        Self {
            options,
            warm: Mutex::new(None),
        }
    }

    /// The executable that would be started.
    ///
    /// # Errors
    /// [`BrowserError::NotInstalled`], with the command that installs one.
    pub fn executable(&self) -> Result<PathBuf, BrowserError> {
        process::find(
            self.options.executable.as_deref(),
            &self.options.search_path,
            self.options.headed,
        )
    }

    /// Starts the browser ahead of need, with the first run's context where one is kept ready.
    ///
    /// # Errors
    /// [`BrowserError`] where there is none or it does not start.
    pub async fn warm_up(&self) -> Result<(), BrowserError> {
        self.connected().await?.ready.fill().await;
        Ok(())
    }

    /// Where the browser that runs can be spoken to, for a second look at what it does; none before the
    /// first is started.
    pub async fn address(&self) -> Option<String> {
        let warm = self.warm.lock().await;
        warm.as_ref().map(|warm| warm.process.address.clone())
    }

    /// Ends the browser.
    pub async fn shut_down(&self) {
        if let Some(Warm { browser, process }) = self.warm.lock().await.take() {
            let close = browser.cdp.send(&CloseParams::default()).answer();
            // One that does not answer ends by force.
            let _ = tokio::time::timeout(CLOSING, close).await;
            process.end().await;
        }
    }

    /// A connection to a browser that is running; one that died is replaced.
    async fn connected(&self) -> Result<Connected, BrowserError> {
        let mut warm = self.warm.lock().await;
        if let Some(Warm { browser, .. }) = &*warm {
            if browser.cdp.lost().borrow().is_none() {
                return Ok(browser.clone());
            }
            tracing::warn!("the browser was lost; another is started");
        }
        let path = self.executable()?;
        let process = Process::start(&path, self.options.headed).await?;
        let connecting = Connected::to(&process.address, self.options.keeps_ready);
        let connected = tokio::time::timeout(CONNECTING, connecting).await;
        let browser = connected.unwrap_or_else(|_| Err("it does not answer".to_owned()));
        let browser = browser.map_err(|why| BrowserError::NotStarted {
            path: path.display().to_string(),
            why,
        })?;
        *warm = Some(Warm {
            browser: browser.clone(),
            process,
        });
        Ok(browser)
    }
}

impl Connected {
    async fn to(address: &str, keeps_ready: bool) -> Result<Self, String> {
        let cdp = Cdp::connect(address).await?;
        let version = cdp.send(&GetVersionParams::default());
        let targets = Targets::watch(&cdp).await.map_err(|error| error.to_string())?;
        let product = version.answer().await.map_err(|error| error.to_string())?.product;
        let info = BrowserInfo {
            product,
            place: "local".to_owned(),
        };
        Ok(Self {
            ready: Ready::new(&cdp, &targets, keeps_ready),
            cdp,
            targets,
            info,
        })
    }
}

#[async_trait]
impl Browsers for LocalBrowsers {
    async fn lease(&self, watcher: Arc<dyn Watcher>) -> Result<Arc<dyn Lease>, BrowserError> {
        Ok(Arc::new(LocalLease {
            browser: self.connected().await?,
            watcher,
            contexts: Mutex::default(),
        }))
    }
}

/// One run's right to the warm process.
struct LocalLease {
    browser: Connected,
    watcher: Arc<dyn Watcher>,
    contexts: Mutex<Vec<Weak<CdpContext>>>,
}

#[async_trait]
impl Lease for LocalLease {
    fn info(&self) -> BrowserInfo {
        self.browser.info.clone()
    }

    async fn new_context(&self, options: &ContextOptions) -> Result<Arc<dyn Context>, BrowserError> {
        let Connected {
            cdp, targets, ready, ..
        } = &self.browser;
        let context = match ready.take(options) {
            Some(context) => context,
            None => CdpContext::create(cdp, targets, options)
                .await
                .map_err(|error| BrowserError::Lost(error.to_string()))?,
        };
        context.take(self.watcher.clone());
        let mut contexts = self.contexts.lock().await;
        contexts.retain(|context| context.strong_count() > 0);
        contexts.push(Arc::downgrade(&context));
        Ok(context)
    }

    async fn release(&self) {
        let contexts = std::mem::take(&mut *self.contexts.lock().await);
        for context in contexts.iter().filter_map(Weak::upgrade) {
            context.close().await;
        }
        self.browser.ready.refill();
    }
}
