//! Where a run's browser comes from: this machine or the cloud, as the run wants it. Where the cloud is out of order and a
//! browser of this machine is as good, the run gets one of these, and its result says so.

use async_trait::async_trait;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::breaker::Breaker;
use super::cloud::{CloudBrowsers, CloudPlan};
use super::local::LocalBrowsers;
use flowguard_core::browser::context::ContextOptions;
use flowguard_core::browser::{BrowserError, BrowserInfo, Browsers, Context, Lease, Place, Wanted, Watcher};
use flowguard_core::storage::StorageError;

/// Browsers of this machine and, where there is a plan for it, of the cloud.
pub struct Places {
    local: Arc<LocalBrowsers>,
    plan: Option<CloudPlan>,
    cloud: OnceCell<CloudBrowsers>,
    breaker: Mutex<Breaker>,
}

impl Places {
    /// Nothing is started yet, in neither place.
    #[must_use]
    pub fn new(local: Arc<LocalBrowsers>, plan: Option<CloudPlan>) -> Self {
        Self {
            local,
            plan,
            cloud: OnceCell::new(),
            breaker: Mutex::default(),
        }
    }

    /// The browsers of the cloud, where there is a plan. From the first call on it is looked for sessions that nobody uses.
    ///
    /// # Errors
    /// Where the store is away.
    pub async fn cloud(&self) -> Result<Option<&CloudBrowsers>, StorageError> {
        match &self.plan {
            None => Ok(None),
            Some(plan) => self.cloud.get_or_try_init(|| plan.open()).await.map(Some),
        }
    }

    /// The browsers of the cloud, where some were asked for.
    #[must_use]
    pub fn opened_cloud(&self) -> Option<&CloudBrowsers> {
        self.cloud.get()
    }

    /// Ends all browsers, here and there.
    pub async fn shut_down(&self) {
        let cloud = async {
            if let Some(cloud) = self.cloud.get() {
                cloud.shut_down().await;
            }
        };
        tokio::join!(cloud, self.local.shut_down());
    }

    async fn in_cloud(
        &self,
        wanted: &Wanted,
        watcher: Arc<dyn Watcher>,
    ) -> Result<Arc<dyn Lease>, BrowserError> {
        let is_replaceable = wanted.cloud.is_local_as_good();
        let held_back = self.breaker().holds_back(Instant::now());
        if let Some(why) = held_back.filter(|_| is_replaceable) {
            return self.instead(wanted, watcher, why).await;
        }
        let cloud = self
            .cloud()
            .await
            .map_err(|error| BrowserError::NoCloud(error.to_string()))?
            .ok_or_else(|| {
                BrowserError::NoCloud("BROWSERBASE_API_KEY is not set, which says who pays for it".to_owned())
            })?;
        let failed = match cloud.lease(wanted, watcher.clone()).await {
            Ok(lease) => {
                self.breaker().worked();
                return Ok(lease);
            }
            Err(failed) => failed,
        };
        if !failed.is_outage {
            return Err(failed.error);
        }
        let why = failed.error.to_string();
        self.breaker().failed(&why, Instant::now());
        match is_replaceable {
            true => self.instead(wanted, watcher, why).await,
            false => Err(failed.error),
        }
    }

    /// A browser of this machine, for a run that wanted one in the cloud.
    async fn instead(
        &self,
        wanted: &Wanted,
        watcher: Arc<dyn Watcher>,
        why: String,
    ) -> Result<Arc<dyn Lease>, BrowserError> {
        tracing::warn!(flow = wanted.flow, %why, "the run gets a browser of this machine");
        let lease = Browsers::lease(&*self.local, wanted, watcher).await?;
        Ok(Arc::new(Instead { lease, why }))
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Browsers for Places {
    async fn lease(
        &self,
        wanted: &Wanted,
        watcher: Arc<dyn Watcher>,
    ) -> Result<Arc<dyn Lease>, BrowserError> {
        match wanted.place {
            Place::Local => Browsers::lease(&*self.local, wanted, watcher).await,
            Place::Cloud => self.in_cloud(wanted, watcher).await,
        }
    }
}

/// A lease of this machine in the place of one in the cloud.
struct Instead {
    lease: Arc<dyn Lease>,
    why: String,
}

#[async_trait]
impl Lease for Instead {
    fn info(&self) -> BrowserInfo {
        BrowserInfo {
            not_in_cloud: Some(self.why.clone()),
            ..self.lease.info()
        }
    }

    async fn new_context(&self, options: &ContextOptions) -> Result<Arc<dyn Context>, BrowserError> {
        self.lease.new_context(options).await
    }

    async fn release(&self) {
        self.lease.release().await;
    }
}
