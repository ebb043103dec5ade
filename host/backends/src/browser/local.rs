//! Browsers of this machine: a warm Chromium process, and in it a context of its own for each run.

use async_trait::async_trait;
use chromiumoxide::cdp::browser_protocol::browser::{BrowserContextId, CloseParams, GetVersionParams};
use chromiumoxide::cdp::browser_protocol::emulation::SetFocusEmulationEnabledParams;
use chromiumoxide::cdp::browser_protocol::log::EnableParams as LogEnable;
use chromiumoxide::cdp::browser_protocol::network::EnableParams as NetworkEnable;
use chromiumoxide::cdp::browser_protocol::page::{
    AddScriptToEvaluateOnNewDocumentParams, EnableParams as PageEnable, SetLifecycleEventsEnabledParams,
};
use chromiumoxide::cdp::browser_protocol::target::{
    AttachToTargetParams, CreateBrowserContextParams, CreateTargetParams, DisposeBrowserContextParams,
};
use chromiumoxide::cdp::js_protocol::runtime::EnableParams as RuntimeEnable;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{Mutex, mpsc};

use super::cdp::{Cdp, Pending};
use super::events::{PageEvents, WORLD};
use super::injected;
use super::process::{self, Process};
use super::tab::{CdpTab, viewport_command};
use flowguard_core::browser::calls::Size;
use flowguard_core::browser::{BrowserError, BrowserInfo, Browsers, Lease, PageId, Tab, TabError, Watcher};

/// Which browser, and how it is started.
#[derive(Clone, Debug, Default)]
pub struct LocalOptions {
    /// The executable; none to look for one.
    pub executable: Option<PathBuf>,
    /// Where to look: the value of `PATH`.
    pub search_path: OsString,
    /// Whether people want to see it.
    pub headed: bool,
}

/// The browsers of this machine.
pub struct LocalBrowsers {
    options: LocalOptions,
    warm: Mutex<Option<Warm>>,
}

/// A process that is running and connected.
struct Warm {
    cdp: Cdp,
    info: BrowserInfo,
    process: Process,
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

    /// Starts the browser ahead of need.
    ///
    /// # Errors
    /// [`BrowserError`] where there is none or it does not start.
    pub async fn warm_up(&self) -> Result<(), BrowserError> {
        self.connected().await.map(|_| ())
    }

    /// Where the browser that runs can be spoken to, for a second look at what it does; none before the
    /// first is started.
    pub async fn address(&self) -> Option<String> {
        let warm = self.warm.lock().await;
        warm.as_ref().map(|warm| warm.process.address.clone())
    }

    /// Ends the browser.
    pub async fn shut_down(&self) {
        if let Some(Warm { cdp, process, .. }) = self.warm.lock().await.take() {
            let _ = cdp.send(&CloseParams::default()).answer().await;
            process.end().await;
        }
    }

    /// A connection to a browser that is running; one that died is replaced.
    async fn connected(&self) -> Result<(Cdp, BrowserInfo), BrowserError> {
        let mut warm = self.warm.lock().await;
        if let Some(Warm { cdp, info, .. }) = &*warm {
            if cdp.lost().borrow().is_none() {
                return Ok((cdp.clone(), info.clone()));
            }
            tracing::warn!("the browser was lost; another is started");
        }
        let path = self.executable()?;
        let process = Process::start(&path, self.options.headed).await?;
        let not_started = |why: String| BrowserError::NotStarted {
            path: path.display().to_string(),
            why,
        };
        let cdp = Cdp::connect(&process.address).await.map_err(not_started)?;
        let version = cdp.send(&GetVersionParams::default()).answer().await;
        let product = version.map_err(|error| not_started(error.to_string()))?.product;
        let info = BrowserInfo {
            product,
            place: "local".to_owned(),
        };
        *warm = Some(Warm {
            cdp: cdp.clone(),
            info: info.clone(),
            process,
        });
        Ok((cdp, info))
    }
}

#[async_trait]
impl Browsers for LocalBrowsers {
    async fn lease(&self, watcher: Arc<dyn Watcher>) -> Result<Arc<dyn Lease>, BrowserError> {
        let (mut cdp, mut info) = self.connected().await?;
        let mut context = new_context(&cdp).await;
        if let Err(TabError::BrowserLost(_)) = context {
            // It died while nobody used it.
            (cdp, info) = self.connected().await?;
            context = new_context(&cdp).await;
        }
        let context = context.map_err(|error| lost(&error))?;
        Ok(Arc::new(LocalLease {
            cdp,
            info,
            context,
            watcher,
            released: AtomicBool::new(false),
        }))
    }
}

async fn new_context(cdp: &Cdp) -> Result<BrowserContextId, TabError> {
    let command = CreateBrowserContextParams {
        dispose_on_detach: Some(true),
        ..Default::default()
    };
    Ok(cdp.send(&command).answer().await?.browser_context_id)
}

/// A context of the warm process.
struct LocalLease {
    cdp: Cdp,
    info: BrowserInfo,
    context: BrowserContextId,
    watcher: Arc<dyn Watcher>,
    released: AtomicBool,
}

#[async_trait]
impl Lease for LocalLease {
    fn info(&self) -> BrowserInfo {
        self.info.clone()
    }

    async fn open_tab(&self, page: PageId, viewport: Size) -> Result<Arc<dyn Tab>, BrowserError> {
        let mut create = CreateTargetParams::new("about:blank");
        create.browser_context_id = Some(self.context.clone());
        let target = self
            .cdp
            .send(&create)
            .answer()
            .await
            .map_err(|error| lost(&error))?
            .target_id;
        let attach = AttachToTargetParams {
            target_id: target.clone(),
            flatten: Some(true),
        };
        let session_id = self
            .cdp
            .send(&attach)
            .answer()
            .await
            .map_err(|error| lost(&error))?
            .session_id;

        let (dialogs, dialog_queue) = mpsc::unbounded_channel();
        let events = Arc::new(PageEvents::new(
            page,
            target.inner().clone(),
            self.watcher.clone(),
            dialogs,
        ));
        let session = self.cdp.session(session_id.inner(), events.clone());
        let mut script = AddScriptToEvaluateOnNewDocumentParams::new(injected::SOURCE);
        script.world_name = Some(WORLD.to_owned());
        script.run_immediately = Some(true);
        // One burst; nothing is awaited before the last is sent.
        let page_on = session.send(&PageEnable::default());
        let lifecycle_on = session.send(&SetLifecycleEventsEnabledParams::new(true));
        let runtime_on = session.send(&RuntimeEnable::default());
        let installed = session.send(&script);
        let network_on = session.send(&NetworkEnable::default());
        let log_on = session.send(&LogEnable::default());
        let sized = session.send(&viewport_command(viewport));
        // Pages side by side behave as if each were in front.
        let focused = session.send(&SetFocusEmulationEnabledParams::new(true));
        page_on.answer().await.map_err(|error| lost(&error))?;
        lifecycle_on.answer().await.map_err(|error| lost(&error))?;
        runtime_on.answer().await.map_err(|error| lost(&error))?;
        installed.answer().await.map_err(|error| lost(&error))?;
        network_on.answer().await.map_err(|error| lost(&error))?;
        log_on.answer().await.map_err(|error| lost(&error))?;
        sized.answer().await.map_err(|error| lost(&error))?;
        focused.answer().await.map_err(|error| lost(&error))?;
        Ok(Arc::new(CdpTab::new(
            self.cdp.clone(),
            session,
            target,
            events,
            dialog_queue,
        )))
    }

    async fn release(&self) {
        if self.released.swap(true, Ordering::Relaxed) {
            return;
        }
        if let Err(error) = self.dispose().answer().await {
            tracing::debug!(%error, "a browser context was gone before it was disposed of");
        }
    }
}

impl LocalLease {
    fn dispose(&self) -> Pending<DisposeBrowserContextParams> {
        let command = DisposeBrowserContextParams::new(self.context.clone());
        self.cdp.send(&command)
    }
}

impl Drop for LocalLease {
    /// A run that was cancelled has not released its browser; the process goes on, its context must not.
    fn drop(&mut self) {
        if !*self.released.get_mut() {
            drop(self.dispose());
        }
    }
}

fn lost(error: &TabError) -> BrowserError {
    BrowserError::Lost(error.to_string())
}
