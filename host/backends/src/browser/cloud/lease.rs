//! One run's right to a session: the browser's own context first, and contexts beside it where a flow makes more.

use async_trait::async_trait;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::time::Instant;

use super::super::context::{CdpContext, Far};
use super::super::tunnel::Tunnel;
use super::CloudSettings;
use super::files::Downloaded;
use super::session::{CloudSession, Sessions, charge, charge_alone};
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
    contexts: Mutex<Vec<Weak<CdpContext>>>,
    is_own_taken: AtomicBool,
    since: Instant,
    is_reused: bool,
    microdollars_a_minute: u64,
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
            contexts: Mutex::default(),
            is_own_taken: AtomicBool::new(false),
            since: Instant::now(),
            is_reused,
            microdollars_a_minute: settings.microdollars_a_minute,
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
            let ready = self.session.take_ready();
            if self.tunnel.is_none()
                && *options == ContextOptions::default()
                && let Some(ready) = ready
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
        let (price, used) = (self.microdollars_a_minute, self.since.elapsed());
        let session = &self.session.session;
        BrowserInfo {
            place: PLACE.to_owned(),
            cloud: Some(CloudUse {
                session: session.id.clone(),
                region: session.region.clone(),
                recording: self.recording.clone(),
                is_reused: self.is_reused,
                cost_microdollars: charge(price, used),
                alone_microdollars: charge_alone(price, used),
            }),
            ..self.session.connected.info.clone()
        }
    }

    async fn new_context(&self, options: &ContextOptions) -> Result<Arc<dyn Context>, BrowserError> {
        let context = self.make(options).await?;
        context.take(self.watcher.clone());
        let mut contexts = self.contexts.lock().unwrap_or_else(PoisonError::into_inner);
        contexts.retain(|context| context.strong_count() > 0);
        contexts.push(Arc::downgrade(&context));
        Ok(context)
    }

    async fn release(&self) {
        let contexts = {
            let mut contexts = self.contexts.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *contexts)
        };
        for context in contexts.iter().filter_map(Weak::upgrade) {
            context.close().await;
        }
        // The pool wipes it; nobody waits for that.
        drop(self.taken.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}
