//! A browser context that waits for the next run, with a page: it was made while nobody waited. It serves one run
//! all the same: what was taken from here never comes back.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

use super::CdpContext;
use super::targets::Targets;
use crate::browser::connection::cdp::Cdp;
use flowguard_core::browser::TabError;
use flowguard_core::browser::context::ContextOptions;

/// The context of one browser that nobody has yet.
pub(in crate::browser) struct Ready {
    cdp: Cdp,
    targets: Arc<Targets>,
    is_wanted: bool,
    /// Where the next one comes from: it waits there, or is being made.
    next: Mutex<Option<Coming>>,
}

type Coming = oneshot::Receiver<Arc<CdpContext>>;

impl Ready {
    /// None is made where it is not wanted.
    pub(in crate::browser) fn new(cdp: &Cdp, targets: &Arc<Targets>, is_wanted: bool) -> Arc<Self> {
        Arc::new(Self {
            cdp: cdp.clone(),
            targets: targets.clone(),
            is_wanted,
            next: Mutex::default(),
        })
    }

    /// The context, where it has these options and its page is alive; one that is being made is waited for, which
    /// is sooner than another.
    pub(in crate::browser) async fn take(&self, options: &ContextOptions) -> Option<Arc<CdpContext>> {
        if !is_made_ahead(options) {
            return None;
        }
        let next = self.lock().take()?;
        next.await.ok().filter(|context| context.is_ready())
    }

    /// This one is the next.
    pub(in crate::browser) fn put(&self, context: Arc<CdpContext>) {
        let (taker, coming) = oneshot::channel();
        *self.lock() = Some(coming);
        drop(taker.send(context));
    }

    /// Begins to make the next one.
    pub(in crate::browser) fn refill(self: &Arc<Self>) {
        let ready = self.clone();
        tokio::spawn(async move { ready.fill().await });
    }

    /// Makes the next one, where there is none and none is coming.
    pub(in crate::browser) async fn fill(&self) {
        let Some(taker) = self.begin() else { return };
        match self.make().await {
            // Where the run that waits for it was cancelled, it goes with the run.
            Ok(context) => drop(taker.send(context)),
            // The run that would have got it makes its own, and hears why where that fails too.
            Err(error) => tracing::debug!(%error, "no context was made ahead of need"),
        }
    }

    /// Where the next one goes when it is made, if one is wanted.
    fn begin(&self) -> Option<oneshot::Sender<Arc<CdpContext>>> {
        let mut next = self.lock();
        if !self.is_wanted || next.is_some() {
            return None;
        }
        let (taker, coming) = oneshot::channel();
        *next = Some(coming);
        Some(taker)
    }

    async fn make(&self) -> Result<Arc<CdpContext>, TabError> {
        let context = CdpContext::create(&self.cdp, &self.targets, &ContextOptions::default(), None).await?;
        let opening = context.open_ahead();
        self.cdp.in_time("opening a page", opening).await?;
        Ok(context)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Coming>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Every run's own context has no options; what others have may be one tenant's secret.
fn is_made_ahead(options: &ContextOptions) -> bool {
    *options == ContextOptions::default()
}
