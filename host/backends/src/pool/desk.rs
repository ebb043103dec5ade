//! The machine behind a lock, and those who wait in front of it: each has a channel in which its session arrives. A session
//! on its way is a [`Held`], which comes back by itself wherever it is dropped: in a channel that nobody reads any more too.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

use super::machine::Machine;
use super::words::{Order, PoolLimits, PoolStatistics, Refusal, SessionId, WaiterId};
#[cfg(test)]
use shuttle::sync::{Mutex, MutexGuard};
#[cfg(not(test))]
use std::sync::{Mutex, MutexGuard};

/// What is done for the pool outside of it.
pub(super) enum Errand<K, S> {
    Make(SessionId, K),
    Wipe(SessionId, Arc<S>),
    End(SessionId, Arc<S>),
}

type Arrives<K, S> = oneshot::Sender<Result<Held<K, S>, Refusal>>;
/// Where a session comes to who waits for one.
pub(super) type Arrival<K, S> = oneshot::Receiver<Result<Held<K, S>, Refusal>>;

struct Inside<K: Clone + PartialEq, S> {
    machine: Machine<K>,
    sessions: HashMap<SessionId, Arc<S>>,
    waiting: HashMap<WaiterId, Arrives<K, S>>,
}

/// Where sessions are asked for and given back.
pub(super) struct Desk<K: Clone + PartialEq, S> {
    inside: Mutex<Inside<K, S>>,
    errands: mpsc::UnboundedSender<Errand<K, S>>,
    now: Box<dyn Fn() -> Duration + Send + Sync>,
}

/// A session that somebody has.
pub(super) struct Held<K: Clone + PartialEq, S> {
    desk: Arc<Desk<K, S>>,
    id: SessionId,
    session: Arc<S>,
    /// Whether somebody has it, and not only a channel.
    is_taken: bool,
    is_fit: bool,
}

impl<K: Clone + PartialEq, S> Held<K, S> {
    /// Somebody has it from now on.
    pub(super) fn take(mut self) -> Self {
        self.is_taken = true;
        self
    }

    /// The session.
    pub(super) const fn session(&self) -> &Arc<S> {
        &self.session
    }

    /// Nobody may use it again.
    pub(super) const fn is_spoiled(&mut self) {
        self.is_fit = false;
    }
}

impl<K: Clone + PartialEq, S> fmt::Debug for Held<K, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Held").field(&self.id).finish()
    }
}

impl<K: Clone + PartialEq, S> Drop for Held<K, S> {
    fn drop(&mut self) {
        let (id, is_fit) = (self.id, self.is_fit);
        match self.is_taken {
            true => self.desk.tell(|machine, now| machine.returned(id, is_fit, now)),
            false => self.desk.tell(|machine, now| machine.not_taken(id, now)),
        }
    }
}

impl<K: Clone + PartialEq, S> Desk<K, S> {
    /// A desk, and what is to be done for it.
    pub(super) fn open(
        limits: PoolLimits,
        warm: Option<K>,
        random: u64,
        now: impl Fn() -> Duration + Send + Sync + 'static,
    ) -> (Arc<Self>, mpsc::UnboundedReceiver<Errand<K, S>>) {
        let (errands, to_do) = mpsc::unbounded_channel();
        let desk = Self {
            inside: Mutex::new(Inside {
                machine: Machine::new(limits, warm, random),
                sessions: HashMap::new(),
                waiting: HashMap::new(),
            }),
            errands,
            now: Box::new(now),
        };
        (Arc::new(desk), to_do)
    }

    /// Joins those who wait; the session arrives in the channel.
    pub(super) fn ask(self: &Arc<Self>, kind: K) -> (WaiterId, Arrival<K, S>) {
        let (arrives, arrival) = oneshot::channel();
        let mut inside = self.lock();
        let (waiter, orders) = inside.machine.ask(kind, (self.now)());
        inside.waiting.insert(waiter, arrives);
        self.carry_out(inside, orders);
        (waiter, arrival)
    }

    /// Waits no longer.
    pub(super) fn give_up(self: &Arc<Self>, waiter: WaiterId) {
        let mut inside = self.lock();
        inside.waiting.remove(&waiter);
        let orders = inside.machine.give_up(waiter, (self.now)());
        self.carry_out(inside, orders);
    }

    /// A session was made.
    pub(super) fn made(self: &Arc<Self>, id: SessionId, session: S) {
        let mut inside = self.lock();
        inside.sessions.insert(id, Arc::new(session));
        let orders = inside.machine.made(id, (self.now)());
        self.carry_out(inside, orders);
    }

    /// A session was ended, or could not be.
    pub(super) fn ended(self: &Arc<Self>, id: SessionId, is_ended: bool) {
        let mut inside = self.lock();
        if is_ended {
            inside.sessions.remove(&id);
        }
        let orders = inside.machine.ended(id, is_ended, (self.now)());
        self.carry_out(inside, orders);
    }

    /// Something else has happened.
    pub(super) fn tell(self: &Arc<Self>, what: impl FnOnce(&mut Machine<K>, Duration) -> Vec<Order<K>>) {
        let mut inside = self.lock();
        let orders = what(&mut inside.machine, (self.now)());
        self.carry_out(inside, orders);
    }

    /// All sessions that are there.
    pub(super) fn sessions(&self) -> Vec<(SessionId, Arc<S>)> {
        let inside = self.lock();
        let all = inside.sessions.iter();
        all.map(|(id, session)| (*id, session.clone())).collect()
    }

    pub(super) fn statistics(&self) -> PoolStatistics {
        self.lock().machine.statistics()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().machine.is_empty()
    }

    /// How long until time itself has something to do.
    pub(super) fn until_tick(&self) -> Option<Duration> {
        let now = (self.now)();
        let next = self.lock().machine.next_tick(now);
        next.map(|at| at.saturating_sub(now))
    }

    /// Hands out what the machine has ordered. What comes of that may come back here, so the lock is given up first.
    fn carry_out(self: &Arc<Self>, mut inside: MutexGuard<'_, Inside<K, S>>, orders: Vec<Order<K>>) {
        let mut arrivals = VecDeque::new();
        for order in orders {
            match order {
                Order::Make(id, kind) => self.send(Errand::Make(id, kind)),
                Order::Wipe(id) => {
                    if let Some(session) = inside.sessions.get(&id) {
                        self.send(Errand::Wipe(id, session.clone()));
                    }
                }
                Order::End(id) => {
                    if let Some(session) = inside.sessions.get(&id) {
                        self.send(Errand::End(id, session.clone()));
                    }
                }
                Order::Give(id, waiter) => {
                    let arrives = inside.waiting.remove(&waiter);
                    let Some(session) = inside.sessions.get(&id).cloned() else {
                        continue;
                    };
                    let held = Held {
                        desk: self.clone(),
                        id,
                        session,
                        is_taken: false,
                        is_fit: true,
                    };
                    arrivals.push_back((arrives, Ok(held)));
                }
                Order::Refuse(waiter, why) => {
                    arrivals.push_back((inside.waiting.remove(&waiter), Err(why)));
                }
            }
        }
        drop(inside);
        for (arrives, outcome) in arrivals {
            // Where nobody is there any more, the session comes back as it is dropped.
            match arrives {
                Some(arrives) => drop(arrives.send(outcome)),
                None => drop(outcome),
            }
        }
    }

    fn send(&self, errand: Errand<K, S>) {
        // Nobody runs errands after the pool's end.
        let _ = self.errands.send(errand);
    }

    fn lock(&self) -> MutexGuard<'_, Inside<K, S>> {
        self.inside
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
