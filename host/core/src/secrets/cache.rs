//! Secrets in memory: fetched by one task in the background, read by everybody without waiting. Stale ones are served
//! through an outage, and none once they were refused.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::{Notify, watch};

use super::{SecretSet, SecretSource, SourceError};
use crate::clock::Clock;
use crate::limits::{MAX_STALE_SECRETS, SECRETS_FETCH_TIMEOUT, SECRETS_REFRESH, SECRETS_TTL};

/// Pauses after fetches that failed; the last repeats.
const PAUSES: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_secs(60),
];

/// What hears of each new set before anybody can read it.
type Learns = Box<dyn Fn(&SecretSet) + Send + Sync>;

/// Secrets in memory.
pub struct SecretCache(Arc<Shared>);

struct Shared {
    source: Arc<dyn SecretSource>,
    clock: Arc<dyn Clock>,
    learns: Learns,
    held: watch::Sender<Held>,
    /// Ends the pause before the next fetch.
    wanted: Arc<Notify>,
    has_begun: AtomicBool,
    is_fetching: AtomicBool,
}

/// What there is just now.
#[derive(Clone, Default)]
struct Held {
    set: Option<Fetched>,
    /// Why the last fetch brought nothing.
    trouble: Option<SourceError>,
    /// Fetches that have ended.
    fetches: u64,
    /// Those that failed since the last that did not.
    failures: usize,
    /// When the last fetch ended.
    tried: Duration,
}

#[derive(Clone)]
struct Fetched {
    set: Arc<SecretSet>,
    at: Duration,
}

impl SecretCache {
    /// Nothing is fetched yet. `learns` hears of each set before anybody can read it.
    pub fn new(
        source: Arc<dyn SecretSource>,
        clock: Arc<dyn Clock>,
        learns: impl Fn(&SecretSet) + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Shared {
            source,
            clock,
            learns: Box::new(learns),
            held: watch::Sender::default(),
            wanted: Arc::default(),
            has_begun: AtomicBool::new(false),
            is_fetching: AtomicBool::new(false),
        }))
    }

    /// The secrets. Waits only where none were ever fetched.
    ///
    /// # Errors
    /// What the source says, where there are none that may be served.
    pub async fn get(&self) -> Result<Arc<SecretSet>, SourceError> {
        let shared = &self.0;
        let mut changes = shared.held.subscribe();
        let seen = {
            let held = changes.borrow_and_update();
            if held.set.is_some() || shared.has_just_failed(&held) {
                return shared.answer(&held);
            }
            held.fetches
        };
        shared.fetch_now();
        let held = changes.wait_for(|held| held.fetches > seen).await;
        match held {
            Ok(held) => shared.answer(&held),
            Err(_) => Err(SourceError::Transient("the host is ending".to_owned())),
        }
    }

    /// How old the secrets are that are served; none where there are none.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        self.0
            .held
            .borrow()
            .set
            .as_ref()
            .map(|fetched| self.0.age_of(fetched))
    }

    /// Whether what is served is older than it should be: the source has not answered.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.age().is_some_and(|age| age > SECRETS_TTL)
    }

    /// Why the last fetch brought nothing; none where it did.
    #[must_use]
    pub fn trouble(&self) -> Option<SourceError> {
        self.0.held.borrow().trouble.clone()
    }

    /// Where the secrets come from.
    #[must_use]
    pub fn place(&self) -> String {
        self.0.source.place()
    }
}

impl Drop for SecretCache {
    fn drop(&mut self) {
        // Its task finds nobody to fetch for.
        self.0.wanted.notify_one();
    }
}

impl Shared {
    fn answer(&self, held: &Held) -> Result<Arc<SecretSet>, SourceError> {
        let trouble = || {
            let never = || SourceError::Transient("they were never fetched".to_owned());
            held.trouble.clone().unwrap_or_else(never)
        };
        match &held.set {
            Some(fetched) if self.age_of(fetched) <= MAX_STALE_SECRETS => Ok(fetched.set.clone()),
            Some(fetched) => Err(SourceError::Transient(format!(
                "the last ones are {} h old; {}",
                self.age_of(fetched).as_secs() / 3600,
                trouble()
            ))),
            None => Err(trouble()),
        }
    }

    fn age_of(&self, fetched: &Fetched) -> Duration {
        self.clock.monotonic().saturating_sub(fetched.at)
    }

    /// Whether asking again would only press a source that has just refused.
    fn has_just_failed(&self, held: &Held) -> bool {
        let since = self.clock.monotonic().saturating_sub(held.tried);
        held.trouble.is_some() && since < PAUSES[0]
    }

    /// Has the one task fetch, unless it does already.
    fn fetch_now(self: &Arc<Self>) {
        // Whoever is first has it begin; until it has ended, nobody else does.
        if self.is_fetching.swap(true, Ordering::AcqRel) {
            return;
        }
        if self.has_begun.swap(true, Ordering::AcqRel) {
            self.wanted.notify_one();
        } else {
            tokio::spawn(keep_fresh(Arc::downgrade(self)));
        }
    }

    async fn fetch(&self) {
        self.is_fetching.store(true, Ordering::Release);
        let fetched = tokio::time::timeout(SECRETS_FETCH_TIMEOUT, self.source.fetch()).await;
        let fetched = fetched.unwrap_or_else(|_| {
            let why = format!("no answer within {} s", SECRETS_FETCH_TIMEOUT.as_secs());
            Err(SourceError::Transient(why))
        });
        if let Ok(set) = &fetched {
            (self.learns)(set);
        }
        self.is_fetching.store(false, Ordering::Release);
        self.settle(fetched);
    }

    fn settle(&self, fetched: Result<SecretSet, SourceError>) {
        let now = self.clock.monotonic();
        self.held.send_modify(|held| {
            held.fetches += 1;
            held.tried = now;
            match fetched {
                Ok(set) => {
                    if held.failures > 0 {
                        tracing::info!("secrets can be fetched again");
                    }
                    let set = Arc::new(set);
                    *held = Held {
                        set: Some(Fetched { set, at: now }),
                        trouble: None,
                        failures: 0,
                        ..*held
                    };
                }
                Err(error) => self.note(held, error, now),
            }
        });
    }

    /// Notes a fetch that failed. An outage is told once; that it has become another one is told as well.
    fn note(&self, held: &mut Held, error: SourceError, now: Duration) {
        let is_told =
            held.trouble.as_ref().map(std::mem::discriminant) == Some(std::mem::discriminant(&error));
        if matches!(error, SourceError::Denied(_)) {
            held.set = None;
        }
        if !is_told {
            let age_s = held
                .set
                .as_ref()
                .map(|fetched| now.saturating_sub(fetched.at).as_secs());
            let place = self.source.place();
            match age_s {
                Some(age_s) => {
                    tracing::warn!(%error, %place, age_s, "secrets are served as they were fetched last");
                }
                None => tracing::warn!(%error, %place, "there are no secrets"),
            }
        }
        held.failures += 1;
        held.trouble = Some(error);
    }

    /// How long the next fetch can wait.
    fn pause(&self) -> Duration {
        match self.held.borrow().failures {
            0 => SECRETS_REFRESH,
            failures => PAUSES[(failures - 1).min(PAUSES.len() - 1)],
        }
    }
}

/// Fetches again and again, as long as somebody holds the cache.
async fn keep_fresh(cache: Weak<Shared>) {
    while let Some(shared) = cache.upgrade() {
        shared.fetch().await;
        let (pause, wanted) = (shared.pause(), shared.wanted.clone());
        drop(shared);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = wanted.notified() => {}
        }
    }
}

#[cfg(test)]
#[path = "cache_tests.rs"]
mod tests;
