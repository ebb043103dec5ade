//! Browsers of this machine: a warm Chromium process for each tenant, and in it a context of its own for each run.

mod process;

use async_trait::async_trait;
use chromiumoxide::cdp::browser_protocol::browser::CloseParams;
use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{self, Arc, PoisonError};
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::browser::context::CdpContext;
use crate::browser::context::connected::Connected;
use crate::browser::context::leased::LeasedContexts;
use flowguard_core::browser::context::ContextOptions;
use flowguard_core::browser::{BrowserError, BrowserInfo, Browsers, Context, Lease, Wanted, Watcher};
use flowguard_core::limits::{
    MAX_BROWSER_AGE, MAX_BROWSER_MEMORY_BYTES, MAX_BROWSER_PROCESSES, MAX_BROWSER_RUNS,
};
use flowguard_core::storage::TenantId;
use process::Process;

/// How long a browser that listens may take until it is connected.
const CONNECTING: Duration = Duration::from_secs(10);
/// How long it may take to begin to close.
const CLOSING: Duration = Duration::from_secs(2);
/// How long those that were retired may take to end with us.
const RETIRING: Duration = Duration::from_secs(5);
/// The memory of a process is looked at for every so many runs.
const LOOK_EVERY: u32 = 10;

/// Which browser, and how it is started.
#[derive(Clone, Debug, Default)]
pub struct LocalOptions {
    /// The executable; none to look for one.
    pub executable: Option<PathBuf>,
    /// Where to look: the value of `PATH`.
    pub search_path: OsString,
    /// Whether people want to see it.
    pub headed: bool,
    /// The folder that it runs in: where relative names of files lead. None for the program's own.
    pub folder: Option<PathBuf>,
    /// The folder of its profile, which stays, and which one process can have at a time. None for a new one for each
    /// process, which goes with it.
    pub profile: Option<PathBuf>,
    /// Hosts that it does not find, whatever they are.
    pub hidden_hosts: Vec<String>,
    /// Whether a context with a page is kept ready for the next run.
    pub keeps_ready: bool,
    /// When a process has served long enough.
    pub wear: Wear,
}

/// How far a browser process is used before another takes its place. Runs that go on keep theirs.
#[derive(Clone, Copy, Debug)]
pub struct Wear {
    /// Runs.
    pub runs: u32,
    /// Its age.
    pub age: Duration,
    /// Bytes that its processes hold for themselves.
    pub memory: u64,
}

impl Default for Wear {
    fn default() -> Self {
        Self {
            runs: MAX_BROWSER_RUNS,
            age: MAX_BROWSER_AGE,
            memory: MAX_BROWSER_MEMORY_BYTES,
        }
    }
}

/// The browsers of this machine.
pub struct LocalBrowsers {
    options: LocalOptions,
    places: sync::Mutex<HashMap<TenantId, Place>>,
    /// Processes that no new run gets, until their last run has ended.
    retired: Mutex<JoinSet<()>>,
}

/// Where a tenant's process is.
struct Place {
    seat: Arc<Mutex<Seat>>,
    used: Instant,
}

/// What is there.
#[derive(Default)]
struct Seat {
    warm: Option<Warm>,
    /// Another tenant's process has taken its place: whoever comes finds another seat.
    is_given_up: bool,
}

/// A process that is running and connected.
struct Warm {
    browser: Connected,
    process: Process,
    since: Instant,
    runs: u32,
    /// Each lease holds one; nothing is ever sent.
    held: mpsc::Sender<Never>,
    /// Ends when no lease is left.
    idle: mpsc::Receiver<Never>,
}

enum Never {}

impl LocalBrowsers {
    /// The browsers of this machine; none is started yet.
    #[must_use]
    pub fn new(options: LocalOptions) -> Self {
        Self {
            options,
            places: sync::Mutex::default(),
            retired: Mutex::default(),
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

    /// Starts the browser of the tenant [`TenantId::local`] ahead of need, with the first run's context where one is kept
    /// ready.
    ///
    /// # Errors
    /// [`BrowserError`] where there is none or it does not start.
    pub async fn warm_up(&self) -> Result<(), BrowserError> {
        let seat = self.seat(&TenantId::local()).await?;
        let browser = seat.warm.as_ref().map(|warm| warm.browser.clone());
        drop(seat);
        if let Some(browser) = browser {
            browser.ready.fill().await;
        }
        Ok(())
    }

    /// Where the browser that runs for [`TenantId::local`] can be spoken to, for a second look at what it does; none before
    /// the first is started.
    pub async fn address(&self) -> Option<String> {
        self.address_of(&TenantId::local()).await
    }

    /// Where that of a tenant can be spoken to.
    pub async fn address_of(&self, tenant: &TenantId) -> Option<String> {
        let seat = self.places().get(tenant)?.seat.clone();
        let seat = seat.lock().await;
        seat.warm.as_ref().map(|warm| warm.process.address.clone())
    }

    fn places(&self) -> sync::MutexGuard<'_, HashMap<TenantId, Place>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends all browsers, also those that were retired: those whose runs have not ended by force.
    pub async fn shut_down(&self) {
        let places = std::mem::take(&mut *self.places());
        let ends = places.into_values().map(|place| async move {
            let warm = give_up(&place.seat).await;
            if let Some(warm) = warm {
                warm.end().await;
            }
        });
        futures::future::join_all(ends).await;
        let mut retired = self.retired.lock().await;
        let ended = async { while retired.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(RETIRING, ended).await;
        retired.shutdown().await;
    }

    /// A tenant's seat, with the browser that is running; one that died or is worn is replaced.
    async fn seat(&self, tenant: &TenantId) -> Result<OwnedMutexGuard<Seat>, BrowserError> {
        let mut seat = loop {
            let (seat, other) = self.place(tenant);
            if let Some(other) = other {
                tracing::info!("the browser of the tenant that has run nothing for longest is ended");
                self.retire(async move { give_up(&other).await }).await;
            }
            let seat = seat.lock_owned().await;
            if !seat.is_given_up {
                break seat;
            }
        };
        if let Some(present) = &seat.warm {
            if present.browser.cdp.lost().borrow().is_some() {
                tracing::warn!("the browser was lost; another is started");
            } else if !present.is_worn(&self.options.wear) {
                return Ok(seat);
            } else if let Some(worn) = seat.warm.take() {
                tracing::info!(
                    runs = worn.runs,
                    "the browser has served long enough; another is started"
                );
                self.retire(async { Some(worn) }).await;
            }
        }
        seat.warm = Some(self.start().await?);
        Ok(seat)
    }

    /// A tenant's place, and the seat of another that had to make room for it.
    fn place(&self, tenant: &TenantId) -> (Arc<Mutex<Seat>>, Option<Arc<Mutex<Seat>>>) {
        let mut places = self.places();
        let used = Instant::now();
        if let Some(place) = places.get_mut(tenant) {
            place.used = used;
            return (place.seat.clone(), None);
        }
        let oldest = places.iter().min_by_key(|(_, place)| place.used);
        let oldest = oldest.map(|(tenant, _)| tenant.clone());
        let oldest = oldest.filter(|_| places.len() >= MAX_BROWSER_PROCESSES);
        let other = oldest.and_then(|oldest| places.remove(&oldest));
        let seat = Arc::<Mutex<Seat>>::default();
        let place = Place {
            seat: seat.clone(),
            used,
        };
        places.insert(tenant.clone(), place);
        (seat, other.map(|other| other.seat))
    }

    /// Ends a process with the last of its runs.
    async fn retire(&self, warm: impl Future<Output = Option<Warm>> + Send + 'static) {
        let mut retired = self.retired.lock().await;
        while retired.try_join_next().is_some() {}
        retired.spawn(async move {
            if let Some(warm) = warm.await {
                warm.end_after_its_runs().await;
            }
        });
    }

    async fn start(&self) -> Result<Warm, BrowserError> {
        let path = self.executable()?;
        let process = Process::start(&path, &self.options).await?;
        let connecting = Connected::to(&process.address, self.options.keeps_ready);
        let connected = tokio::time::timeout(CONNECTING, connecting).await;
        let browser = connected.unwrap_or_else(|_| Err("it does not answer".to_owned()));
        let browser = browser.map_err(|why| BrowserError::NotStarted {
            path: path.display().to_string(),
            why,
        })?;
        let (held, idle) = mpsc::channel(1);
        Ok(Warm {
            browser,
            process,
            since: Instant::now(),
            runs: 0,
            held,
            idle,
        })
    }
}

/// Nobody sits here any more.
async fn give_up(seat: &Mutex<Seat>) -> Option<Warm> {
    let mut seat = seat.lock().await;
    seat.is_given_up = true;
    seat.warm.take()
}

impl Warm {
    fn is_worn(&self, wear: &Wear) -> bool {
        // To look at its memory takes a while.
        let is_looked_at = self.runs > 0 && self.runs.is_multiple_of(LOOK_EVERY);
        self.runs >= wear.runs
            || self.since.elapsed() >= wear.age
            || is_looked_at && self.process.memory() >= wear.memory
    }

    async fn end_after_its_runs(mut self) {
        // Only leases are waited for.
        self.held = mpsc::channel(1).0;
        self.idle.recv().await;
        self.end().await;
    }

    async fn end(self) {
        let close = self.browser.cdp.send(&CloseParams::default()).answer();
        // One that does not answer ends by force.
        let _ = tokio::time::timeout(CLOSING, close).await;
        self.process.end().await;
    }
}

#[async_trait]
impl Browsers for LocalBrowsers {
    async fn lease(
        &self,
        wanted: &Wanted,
        watcher: Arc<dyn Watcher>,
    ) -> Result<Arc<dyn Lease>, BrowserError> {
        let mut seat = self.seat(&wanted.tenant).await?;
        let Some(Warm {
            browser, runs, held, ..
        }) = &mut seat.warm
        else {
            return Err(BrowserError::Lost("it was shut down".to_owned()));
        };
        *runs += 1;
        Ok(Arc::new(LocalLease {
            browser: browser.clone(),
            watcher,
            contexts: LeasedContexts::default(),
            _held: held.clone(),
        }))
    }
}

/// One run's right to the warm process.
struct LocalLease {
    browser: Connected,
    watcher: Arc<dyn Watcher>,
    contexts: LeasedContexts,
    /// As long as it is there, the process is.
    _held: mpsc::Sender<Never>,
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
        let context = match ready.take(options).await {
            Some(context) => context,
            None => CdpContext::create(cdp, targets, options, None)
                .await
                .map_err(|error| BrowserError::Lost(error.to_string()))?,
        };
        context.take(self.watcher.clone());
        self.contexts.add(&context);
        Ok(context)
    }

    async fn release(&self) {
        self.contexts.close().await;
        self.browser.ready.refill();
    }
}
