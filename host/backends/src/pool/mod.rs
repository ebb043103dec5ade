//! A pool of what is dear to make, can be used more than once, and costs as long as it is there: sessions of a browser in a
//! cloud. What is to be done is decided by [`machine`], those who wait stand at the [`desk`], and here is the part that
//! takes time: making, wiping and ending sessions by a [`Provider`], and waking up when something is due.

mod desk;
#[cfg(test)]
mod interleavings;
mod machine;
#[cfg(test)]
mod properties;
mod words;

use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;

use desk::{Desk, Errand, Held};
use machine::Machine;
use words::{Refusal, WaiterId};

use crate::random;

pub use words::{NotMade, PoolLimits, PoolStatistics};

/// Where sessions come from.
#[async_trait]
pub trait Provider: Send + Sync + 'static {
    /// What tells sessions apart that cannot take each other's place: whose they are, and how they are set up.
    type Kind: Clone + PartialEq + Send + Sync + 'static;
    /// A session.
    type Session: Send + Sync + 'static;

    /// Makes a session.
    async fn make(&self, kind: &Self::Kind) -> Result<Self::Session, NotMade>;
    /// Makes a session as if nobody had used it, and looks whether it is.
    ///
    /// # Errors
    /// What is left of its use.
    async fn wipe(&self, session: &Self::Session) -> Result<(), String>;
    /// Whether a session that nobody uses is still there. Called for each every [`Provider::HEARTBEAT`].
    async fn is_alive(&self, session: &Self::Session) -> bool;
    /// Ends a session.
    ///
    /// # Errors
    /// Why it may still be there.
    async fn end(&self, session: &Self::Session) -> Result<(), String>;

    /// How often each session is asked whether it is there.
    const HEARTBEAT: Duration;
}

/// Why nobody got a session.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSession {
    /// All were used, or being made, until the time was over.
    #[error("no session was free within {} s{}", patience.as_secs(), after(last.as_ref()))]
    Late {
        /// The time.
        patience: Duration,
        /// Why the last one was not made, if one was not.
        last: Option<NotMade>,
    },
    /// None can be made.
    #[error("{}", .0.why)]
    NotMade(NotMade),
    /// The pool is closing.
    #[error("the program is ending")]
    Closed,
}

fn after(last: Option<&NotMade>) -> String {
    last.map_or_else(String::new, |last| {
        format!("; the last one was not made: {}", last.why)
    })
}

impl NoSession {
    /// Whether the provider itself is out of order.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Late { last, .. } => last.as_ref().is_some_and(|last| last.is_outage),
            Self::NotMade(why) => why.is_outage,
            Self::Closed => false,
        }
    }
}

/// A pool.
pub struct Pool<P: Provider> {
    provider: Arc<P>,
    desk: Arc<Desk<P::Kind, P::Session>>,
    patience: Duration,
    changed: Arc<Notify>,
    /// The last session was ended.
    emptied: Arc<Notify>,
    /// Ends with the pool.
    _runner: JoinSet<()>,
}

/// A session that somebody uses. It goes back when it is dropped.
pub struct Taken<P: Provider> {
    held: Held<P::Kind, P::Session>,
    changed: Arc<Notify>,
}

impl<P: Provider> Taken<P> {
    /// The session.
    pub fn session(&self) -> &Arc<P::Session> {
        self.held.session()
    }

    /// Nobody may use it again: it holds what cannot be wiped.
    pub const fn spoil(&mut self) {
        self.held.is_spoiled();
    }
}

impl<P: Provider> Drop for Taken<P> {
    fn drop(&mut self) {
        self.changed.notify_one();
    }
}

/// Somebody who waits; who stops to wait leaves the line.
struct Waiting<'a, P: Provider> {
    desk: &'a Arc<Desk<P::Kind, P::Session>>,
    waiter: WaiterId,
}

impl<P: Provider> Drop for Waiting<'_, P> {
    fn drop(&mut self) {
        self.desk.give_up(self.waiter);
    }
}

impl<P: Provider> Pool<P> {
    /// A pool, which keeps sessions of the kind `warm` ready where one is named. Its tasks need a runtime.
    #[must_use]
    pub fn new(provider: P, limits: PoolLimits, warm: Option<P::Kind>) -> Self {
        let start = Instant::now();
        let is_warm = warm.is_some() && limits.min > 0;
        let (desk, errands) = Desk::open(limits, warm, random::number(), move || start.elapsed());
        let provider = Arc::new(provider);
        let (changed, emptied) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let mut runner = JoinSet::new();
        let told = [changed.clone(), emptied.clone()];
        runner.spawn(run(provider.clone(), desk.clone(), errands, told));
        runner.spawn(keep_time(desk.clone(), changed.clone()));
        runner.spawn(look_after(provider.clone(), desk.clone()));
        let pool = Self {
            provider,
            desk,
            patience: limits.patience,
            changed,
            emptied,
            _runner: runner,
        };
        if is_warm {
            pool.desk.tell(Machine::warm_up);
        }
        pool
    }

    /// Where sessions come from.
    pub const fn provider(&self) -> &Arc<P> {
        &self.provider
    }

    /// A session of this kind: an idle one, else the next that is given back or made.
    ///
    /// # Errors
    /// [`NoSession`], within the pool's patience.
    pub async fn take(&self, kind: P::Kind) -> Result<Taken<P>, NoSession> {
        let (waiter, arrival) = self.desk.ask(kind);
        let _waiting = Waiting::<P> {
            desk: &self.desk,
            waiter,
        };
        self.changed.notify_one();
        match arrival.await {
            Ok(Ok(held)) => Ok(Taken {
                held: held.take(),
                changed: self.changed.clone(),
            }),
            Ok(Err(Refusal::Late(last))) => Err(NoSession::Late {
                patience: self.patience,
                last,
            }),
            Ok(Err(Refusal::NotMade(why))) => Err(NoSession::NotMade(why)),
            Ok(Err(Refusal::Closed)) | Err(_) => Err(NoSession::Closed),
        }
    }

    /// What it has done, and what it holds.
    #[must_use]
    pub fn statistics(&self) -> PoolStatistics {
        self.desk.statistics()
    }

    /// Ends all sessions; those that are used when they are given back. Waits for that at most so long; whether none is left.
    pub async fn close(&self, within: Duration) -> bool {
        self.desk.tell(Machine::close);
        self.changed.notify_one();
        let closed = async {
            loop {
                let emptied = self.emptied.notified();
                if self.desk.is_empty() {
                    return;
                }
                emptied.await;
            }
        };
        tokio::time::timeout(within, closed).await.is_ok()
    }
}

/// Does what the desk orders, each order by itself.
async fn run<P: Provider>(
    provider: Arc<P>,
    desk: Arc<Desk<P::Kind, P::Session>>,
    mut errands: mpsc::UnboundedReceiver<Errand<P::Kind, P::Session>>,
    [changed, emptied]: [Arc<Notify>; 2],
) {
    let mut running = JoinSet::new();
    while let Some(errand) = errands.recv().await {
        while running.try_join_next().is_some() {}
        let (provider, desk) = (provider.clone(), desk.clone());
        let (changed, emptied) = (changed.clone(), emptied.clone());
        running.spawn(async move {
            do_errand(&*provider, &desk, errand).await;
            changed.notify_one();
            if desk.is_empty() {
                emptied.notify_waiters();
            }
        });
    }
}

async fn do_errand<P: Provider>(
    provider: &P,
    desk: &Arc<Desk<P::Kind, P::Session>>,
    errand: Errand<P::Kind, P::Session>,
) {
    match errand {
        Errand::Make(id, kind) => match provider.make(&kind).await {
            Ok(session) => desk.made(id, session),
            Err(failed) => {
                tracing::warn!(why = %failed.why, "a session was not made");
                desk.tell(|machine, now| machine.not_made(id, failed, now));
            }
        },
        Errand::Wipe(id, session) => {
            let wiped = provider.wipe(&session).await;
            if let Err(left) = &wiped {
                tracing::warn!(%left, "a session could not be wiped and is not used again");
            }
            desk.tell(|machine, now| machine.wiped(id, wiped.is_ok(), now));
        }
        Errand::End(id, session) => {
            let ended = provider.end(&session).await;
            if let Err(why) = &ended {
                tracing::warn!(%why, "a session could not be ended; it is tried again");
            }
            desk.ended(id, ended.is_ok());
        }
    }
}

/// Wakes the machine when something is due.
async fn keep_time<K, S>(desk: Arc<Desk<K, S>>, changed: Arc<Notify>)
where
    K: Clone + PartialEq + Send + Sync,
    S: Send + Sync,
{
    loop {
        let next = desk.until_tick();
        tokio::select! {
            () = tokio::time::sleep(next.unwrap_or(Duration::MAX)) => {
                desk.tell(Machine::tick);
            }
            () = changed.notified() => {}
        }
    }
}

/// Asks each session now and then whether it is there, which also keeps it from being taken for forgotten.
async fn look_after<P: Provider>(provider: Arc<P>, desk: Arc<Desk<P::Kind, P::Session>>) {
    let mut beats = tokio::time::interval(P::HEARTBEAT);
    loop {
        beats.tick().await;
        let looks = desk.sessions().into_iter().map(|(id, session)| {
            let (provider, desk) = (&provider, &desk);
            async move {
                if !provider.is_alive(&session).await {
                    desk.tell(|machine, now| machine.lost(id, now));
                }
            }
        });
        futures::future::join_all(looks).await;
    }
}
