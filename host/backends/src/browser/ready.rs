//! A browser context that waits for the next run, with a page: it was made while nobody waited. It serves one run
//! all the same: what was taken from here never comes back.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::cdp::Cdp;
use super::context::CdpContext;
use super::targets::Targets;
use flowguard_core::browser::TabError;
use flowguard_core::browser::context::ContextOptions;

/// The context of one browser that nobody has yet.
pub(super) struct Ready {
    cdp: Cdp,
    targets: Arc<Targets>,
    is_wanted: bool,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    context: Option<Arc<CdpContext>>,
    is_coming: bool,
}

impl Ready {
    /// None is made where it is not wanted.
    pub(super) fn new(cdp: &Cdp, targets: &Arc<Targets>, is_wanted: bool) -> Arc<Self> {
        Arc::new(Self {
            cdp: cdp.clone(),
            targets: targets.clone(),
            is_wanted,
            waiting: Mutex::default(),
        })
    }

    /// The context, where it has these options and its page is alive. The next one is made then.
    pub(super) fn take(self: &Arc<Self>, options: &ContextOptions) -> Option<Arc<CdpContext>> {
        if !is_made_ahead(options) {
            return None;
        }
        let taken = self.lock().context.take()?;
        self.refill();
        taken.is_ready().then_some(taken)
    }

    /// Begins to make the next one.
    pub(super) fn refill(self: &Arc<Self>) {
        let ready = self.clone();
        tokio::spawn(async move { ready.fill().await });
    }

    /// Makes the next one, where there is none and none is coming.
    pub(super) async fn fill(&self) {
        if !self.begin() {
            return;
        }
        let made = self.make().await;
        let mut waiting = self.lock();
        waiting.is_coming = false;
        match made {
            Ok(context) => waiting.context = Some(context),
            // The run that would have got it makes its own, and hears why where that fails too.
            Err(error) => tracing::debug!(%error, "no context was made ahead of need"),
        }
    }

    fn begin(&self) -> bool {
        let mut waiting = self.lock();
        let begins = self.is_wanted && !waiting.is_coming && waiting.context.is_none();
        waiting.is_coming |= begins;
        begins
    }

    async fn make(&self) -> Result<Arc<CdpContext>, TabError> {
        let context = CdpContext::create(&self.cdp, &self.targets, &ContextOptions::default()).await?;
        let opening = context.open_ahead();
        self.cdp.in_time("opening a page", opening).await?;
        Ok(context)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Every run's own context has no options; what others have may be one tenant's secret.
fn is_made_ahead(options: &ContextOptions) -> bool {
    *options == ContextOptions::default()
}
