//! One run's right to a session: the browser's own context first, and contexts beside it where a flow makes more.

use async_trait::async_trait;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::time::Instant;

use super::CloudSettings;
use super::files::Downloaded;
use super::session::{CloudSession, Sessions};
use crate::browser::context::leased::LeasedContexts;
use crate::browser::context::{CdpContext, Far};
use crate::browser::tunnel::Tunnel;
use crate::pool::Taken;
use flowguard_core::browser::context::ContextOptions;
use flowguard_core::browser::{BrowserError, BrowserInfo, CloudUse, Context, Lease, Watcher};

/// The cloud's name in results.
const PLACE: &str = "browserbase";

pub(super) struct CloudLease {
    session: Arc<CloudSession>,
    /// None once it was given back.
    taken: Mutex<Option<Taken<Sessions>>>,
    watcher: Arc<dyn Watcher>,
    contexts: LeasedContexts,
    is_own_taken: AtomicBool,
    since: Instant,
    is_reused: bool,
    settings: CloudSettings,
    recording: Option<String>,
    tunnel: Option<Arc<Tunnel>>,
}

impl CloudLease {
    pub(super) fn new(
        taken: Taken<Sessions>,
        watcher: Arc<dyn Watcher>,
        settings: &CloudSettings,
        tunnel: Option<Arc<Tunnel>>,
    ) -> Self {
        let session = taken.session().clone();
        let is_reused = session.use_once() > 0;
        let recordings = settings.recordings.as_ref();
        Self {
            recording: recordings.map(|recordings| format!("{recordings}{}", session.session.id)),
            session,
            taken: Mutex::new(Some(taken)),
            watcher,
            contexts: LeasedContexts::default(),
            is_own_taken: AtomicBool::new(false),
            since: Instant::now(),
            is_reused,
            settings: settings.clone(),
            tunnel,
        }
    }

    async fn make(&self, options: &ContextOptions) -> Result<Arc<CdpContext>, BrowserError> {
        let connected = &self.session.connected;
        let (cdp, targets) = (&connected.cdp, &connected.targets);
        let far = Far {
            files: Arc::new(Downloaded::by(&self.session)),
            tunnel: self.tunnel.clone(),
        };
        if !self.is_own_taken.swap(true, Ordering::Relaxed) {
            // One that waits has no tunnel.
            if self.tunnel.is_none()
                && let Some(ready) = connected.ready.take(options).await
            {
                return Ok(ready);
            }
            let (id, origins) = (self.session.context.clone(), self.session.origins().clone());
            return Ok(CdpContext::default_of(cdp, targets, id, options, origins, far));
        }
        CdpContext::create(cdp, targets, options, Some(far))
            .await
            .map_err(|error| BrowserError::Lost(error.to_string()))
    }
}

#[async_trait]
impl Lease for CloudLease {
    fn info(&self) -> BrowserInfo {
        let used = self.since.elapsed();
        let session = &self.session.session;
        BrowserInfo {
            place: PLACE.to_owned(),
            cloud: Some(CloudUse {
                session: session.id.clone(),
                region: session.region.clone(),
                recording: self.recording.clone(),
                is_reused: self.is_reused,
                cost_microdollars: self.settings.cost_of(used),
                alone_microdollars: self.settings.cost_of_session(used),
            }),
            ..self.session.connected.info.clone()
        }
    }

    async fn new_context(&self, options: &ContextOptions) -> Result<Arc<dyn Context>, BrowserError> {
        let context = self.make(options).await?;
        context.take(self.watcher.clone());
        self.contexts.add(&context);
        Ok(context)
    }

    async fn release(&self) {
        self.contexts.close().await;
        // The pool wipes it; nobody waits for that.
        drop(self.taken.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}
