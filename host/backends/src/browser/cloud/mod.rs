//! Browsers of Browserbase's cloud: a session of the pool for each run, in it the browser's own context, since Browserbase
//! records and disguises no other. What a run gets is what it gets on this machine; what differs is how a browser is come
//! by ([`session`]), how it is made as new for the next run of the same tenant ([`wipe`]), who makes sure that nothing is
//! left running ([`reaper`]), and who keeps what was recorded ([`archive`]).

mod archive;
mod files;
mod lease;
mod reaper;
mod session;
mod wipe;

use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::task::JoinSet;

use crate::browser::tunnel::Tunnel;
use crate::browserbase::{Client, tag};
use crate::pool::{NoSession, Pool, PoolLimits, PoolStatistics};
use archive::Archivist;
use flowguard_core::browser::{BrowserError, CloudOptions, Lease, Wanted, Watcher};
use flowguard_core::clock::Clock;
use flowguard_core::limits::{CLOUD_CLOSING, CLOUD_RECORDINGS_WAIT};
use flowguard_core::storage::{CloudSessions, StorageError, TenantId};
use lease::CloudLease;
use session::{Kind, Sessions};

pub use archive::Archive;
pub use reaper::{Fate, Reaped, Reaper, ReaperError, SeenSession};

/// Characters of the name of an installation.
const INSTALLATION: usize = 12;

/// What is charged for a session at least.
const LEAST_CHARGED: Duration = Duration::from_secs(60);

/// How browsers of the cloud are used.
#[derive(Clone, Debug)]
pub struct CloudSettings {
    /// The project that pays; none for that of the key.
    pub project: Option<String>,
    /// What is kept of sessions, and how long.
    pub pool: PoolLimits,
    /// Sessions like these, of this tenant, are kept ready.
    pub warm: Option<(TenantId, CloudOptions)>,
    /// What a minute costs, in millionths of a dollar.
    pub microdollars_a_minute: u64,
    /// Where a session's recording is looked at: its id is added to it.
    pub recordings: Option<String>,
    /// How often hosts say that they use their sessions, times four; and how often it is looked for those that nobody uses.
    pub reaper_period: Duration,
}

impl CloudSettings {
    /// With sessions kept so: none before somebody asks, in the key's project, at no price, looked after every minute.
    #[must_use]
    pub const fn of(pool: PoolLimits) -> Self {
        Self {
            project: None,
            pool,
            warm: None,
            microdollars_a_minute: 0,
            recordings: None,
            reaper_period: Duration::from_secs(60),
        }
    }

    /// What this time of a session costs, in millionths of a dollar.
    #[must_use]
    pub fn cost_of(&self, time: Duration) -> u64 {
        let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.microdollars_a_minute.saturating_mul(milliseconds) / 60_000
    }

    /// What a whole session of this time costs, which is charged for a minute at least.
    #[must_use]
    pub fn cost_of_session(&self, time: Duration) -> u64 {
        self.cost_of(time.max(LEAST_CHARGED))
    }
}

/// What it takes to use browsers of the cloud.
#[derive(Clone)]
pub struct CloudPlan {
    /// Who is asked for them.
    pub client: Client,
    /// Where each is noted.
    pub notes: CloudSessions,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Where their recordings are kept; none where that is not wanted.
    pub archive: Option<Archive>,
    /// How they are used.
    pub settings: CloudSettings,
}

impl CloudPlan {
    /// Begins to look for sessions that nobody uses, and to make those that are kept ready.
    ///
    /// # Errors
    /// Where the store is away.
    pub async fn open(&self) -> Result<CloudBrowsers, StorageError> {
        let reaper = self.reaper().await?;
        Ok(CloudBrowsers::new(self, reaper))
    }

    /// Who looks for sessions of this installation that nobody uses.
    ///
    /// # Errors
    /// Where the store is away.
    pub async fn reaper(&self) -> Result<Reaper, StorageError> {
        let fresh: String = tag().chars().take(INSTALLATION).collect();
        let installation = self.notes.installation(&fresh).await?;
        Ok(Reaper::new(self.clone(), installation))
    }
}

/// The browsers of the cloud.
pub struct CloudBrowsers {
    pool: Arc<Pool<Sessions>>,
    archivist: Arc<Archivist>,
    settings: CloudSettings,
    /// Who makes the requests of tunnels, once there is one.
    tunnels: OnceLock<reqwest::Client>,
    _keeping: JoinSet<()>,
}

impl CloudBrowsers {
    fn new(plan: &CloudPlan, reaper: Reaper) -> Self {
        let settings = plan.settings.clone();
        let archivist = reaper.archivist().clone();
        let sessions = Sessions::new(plan, reaper.installation(), archivist.clone());
        let warm = settings
            .warm
            .clone()
            .map(|(tenant, options)| Kind { tenant, options });
        let pool = Arc::new(Pool::new(sessions, settings.pool, warm));
        let mut keeping = JoinSet::new();
        let (provider, every) = (pool.provider().clone(), settings.reaper_period / 4);
        keeping.spawn(async move { provider.renew_notes(every).await });
        keeping.spawn(reaper.keep_reaping());
        Self {
            pool,
            archivist,
            settings,
            tunnels: OnceLock::new(),
            _keeping: keeping,
        }
    }

    /// What the pool has done, and what it holds.
    #[must_use]
    pub fn statistics(&self) -> PoolStatistics {
        self.pool.statistics()
    }

    /// What was paid for sessions so far, by their minutes, in millionths of a dollar; those that run count up to now.
    #[must_use]
    pub fn cost_microdollars(&self) -> u64 {
        self.pool.provider().cost_microdollars()
    }

    /// Ends all sessions, and keeps their recordings. What could not be done in time is done by whoever looks for sessions
    /// next.
    pub async fn shut_down(&self) {
        if !self.pool.close(CLOUD_CLOSING).await {
            tracing::warn!(
                "not all sessions in the cloud could be ended: the next look for them tries again"
            );
        }
        let idle = tokio::time::timeout(CLOUD_RECORDINGS_WAIT, self.archivist.is_idle()).await;
        if idle.is_err() {
            tracing::warn!(
                "not all recordings are kept yet: a host that looks for sessions later goes on with them, or `flowguard browserbase reap`"
            );
        }
    }

    /// A session that is there, also where one is over that nobody has noticed yet.
    async fn session(&self, kind: &Kind) -> Result<crate::pool::Taken<Sessions>, NoSession> {
        loop {
            let mut taken = self.pool.take(kind.clone()).await?;
            if !taken.session().is_lost() {
                return Ok(taken);
            }
            taken.spoil();
        }
    }
}

/// Why there is no browser in the cloud, and whether the cloud itself is out of order.
pub(super) struct NoCloudBrowser {
    /// Why.
    pub(super) error: BrowserError,
    /// Whether another try soon would fail in the same way.
    pub(super) is_outage: bool,
}

impl CloudBrowsers {
    /// Leases a browser.
    ///
    /// # Errors
    /// Where none is to be had within the pool's patience.
    pub(super) async fn lease(
        &self,
        wanted: &Wanted,
        watcher: Arc<dyn Watcher>,
    ) -> Result<Arc<dyn Lease>, NoCloudBrowser> {
        let tunnel = self.tunnel(&wanted.tunnel).map_err(|why| NoCloudBrowser {
            error: BrowserError::Unfit(why),
            is_outage: false,
        })?;
        let kind = Kind {
            tenant: wanted.tenant.clone(),
            options: wanted.cloud.clone(),
        };
        match self.session(&kind).await {
            Ok(mut taken) => {
                if !kind.options.is_for_many() {
                    taken.spoil();
                }
                Ok(Arc::new(CloudLease::new(taken, watcher, &self.settings, tunnel)))
            }
            Err(why) => Err(NoCloudBrowser {
                is_outage: why.is_outage(),
                error: BrowserError::NoCloud(why.to_string()),
            }),
        }
    }

    /// The way to these origins, where there are some.
    fn tunnel(&self, origins: &[String]) -> Result<Option<Arc<Tunnel>>, String> {
        if origins.is_empty() {
            return Ok(None);
        }
        let client = match self.tunnels.get() {
            Some(client) => client,
            None => {
                let client = Tunnel::client()?;
                self.tunnels.get_or_init(|| client)
            }
        };
        Tunnel::to(origins, client).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_costs_a_minute_at_least_and_a_run_its_time() {
        let pool = PoolLimits {
            min: 0,
            max: 1,
            lifetime: Duration::ZERO,
            idle: Duration::ZERO,
            uses: 1,
            patience: Duration::ZERO,
            refill: Duration::ZERO,
        };
        let settings = CloudSettings {
            microdollars_a_minute: 100_000,
            ..CloudSettings::of(pool)
        };
        assert_eq!(settings.cost_of(Duration::from_secs(90)), 150_000);
        assert_eq!(settings.cost_of(Duration::from_secs(6)), 10_000);
        assert_eq!(settings.cost_of_session(Duration::from_secs(6)), 100_000);
        assert_eq!(settings.cost_of_session(Duration::from_secs(90)), 150_000);
    }
}
