//! The pool as a state machine: what happens comes in with its moment, what is to be done goes out as orders. Pure: it
//! knows no clock, no provider and no task. Moments are times since any fixed one, by a clock that does not jump.
//!
//! What always holds: there are never more sessions than the maximum, those that are being ended counted; a session is with
//! one waiter at most, and given to waiters of its own kind only; waiters are served in the order in which they came, and
//! none waits while an idle session of its kind is there; a session that was made is ended.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::words::{NotMade, Order, PoolLimits, PoolStatistics, Refusal, SessionId, WaiterId};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Making,
    Idle {
        since: Duration,
    },
    Used,
    Wiping,
    /// Nobody gets it any more; `again` where ending it failed.
    Ending {
        again: Option<Duration>,
    },
}

#[derive(Clone, Debug)]
struct Session<K> {
    kind: K,
    state: State,
    /// When it was made.
    since: Duration,
    uses: u32,
    /// Whether something was heard of it that makes it useless.
    is_lost: bool,
}

#[derive(Clone, Debug)]
struct Waiter<K> {
    id: WaiterId,
    kind: K,
    until: Duration,
}

/// Ending a session that could not be ended is tried again after this time.
const END_AGAIN: Duration = Duration::from_secs(5);

/// The pool.
#[derive(Clone, Debug)]
pub(super) struct Machine<K> {
    limits: PoolLimits,
    /// The kind that is kept ready.
    warm: Option<K>,
    sessions: BTreeMap<SessionId, Session<K>>,
    waiters: VecDeque<Waiter<K>>,
    last: u64,
    is_closing: bool,
    /// No session is made before.
    pause_until: Duration,
    last_failure: Option<NotMade>,
    /// When what is kept ready is filled up again.
    refill_at: Option<Duration>,
    random: u64,
    done: PoolStatistics,
}

impl<K: Clone + PartialEq> Machine<K> {
    /// An empty pool; `random` is any number, for moments that are not everybody's.
    pub(super) fn new(limits: PoolLimits, warm: Option<K>, random: u64) -> Self {
        Self {
            limits,
            warm,
            sessions: BTreeMap::new(),
            waiters: VecDeque::new(),
            last: 0,
            is_closing: false,
            pause_until: Duration::ZERO,
            last_failure: None,
            refill_at: None,
            random,
            done: PoolStatistics::default(),
        }
    }

    /// Begins to keep sessions ready.
    pub(super) fn warm_up(&mut self, now: Duration) -> Vec<Order<K>> {
        self.refill_at = Some(now);
        self.settle(now)
    }

    /// Somebody waits for a session.
    pub(super) fn ask(&mut self, kind: K, now: Duration) -> (WaiterId, Vec<Order<K>>) {
        self.last += 1;
        let id = WaiterId(self.last);
        let until = now + self.limits.patience;
        self.waiters.push_back(Waiter { id, kind, until });
        (id, self.settle(now))
    }

    /// A waiter waits no longer. One that was served already is nobody here.
    pub(super) fn give_up(&mut self, waiter: WaiterId, now: Duration) -> Vec<Order<K>> {
        self.waiters.retain(|other| other.id != waiter);
        self.settle(now)
    }

    /// A session was made.
    pub(super) fn made(&mut self, id: SessionId, now: Duration) -> Vec<Order<K>> {
        self.done.made += 1;
        self.last_failure = None;
        if let Some(session) = self.in_state(id, State::Making) {
            session.since = now;
            session.state = State::Idle { since: now };
        }
        self.settle(now)
    }

    /// A session was not made. Whoever waits for one waits on where another try may go well after `again`.
    pub(super) fn not_made(&mut self, id: SessionId, why: NotMade, now: Duration) -> Vec<Order<K>> {
        let mut orders = Vec::new();
        if self.in_state(id, State::Making).is_some()
            && let Some(session) = self.sessions.remove(&id)
        {
            self.done.not_made += 1;
            match why.again {
                Some(pause) => {
                    self.pause_until = self.pause_until.max(now + pause);
                    self.last_failure = Some(why);
                }
                None => {
                    orders = self.refuse(
                        |waiter| waiter.kind == session.kind,
                        |_| Refusal::NotMade(why.clone()),
                    );
                    // What is kept ready would fail in the same way.
                    self.refill_at = None;
                }
            }
        }
        orders.extend(self.settle(now));
        orders
    }

    /// Somebody has done with a session; whether it may be used again.
    pub(super) fn returned(&mut self, id: SessionId, is_fit: bool, now: Duration) -> Vec<Order<K>> {
        let limits = self.limits;
        let is_closing = self.is_closing;
        if let Some(session) = self.in_state(id, State::Used) {
            session.uses += 1;
            let is_worn = session.uses >= limits.uses || now >= session.since + limits.lifetime;
            session.state = match is_fit && !is_worn && !is_closing && !session.is_lost {
                true => State::Wiping,
                false => State::Ending { again: None },
            };
            let order = match session.state {
                State::Wiping => Order::Wipe(id),
                _ => Order::End(id),
            };
            let mut orders = vec![order];
            orders.extend(self.settle(now));
            return orders;
        }
        Vec::new()
    }

    /// Whoever was given a session was gone: nobody has used it.
    pub(super) fn not_taken(&mut self, id: SessionId, now: Duration) -> Vec<Order<K>> {
        if let Some(session) = self.in_state(id, State::Used) {
            session.state = State::Idle { since: now };
        }
        self.settle(now)
    }

    /// A session was wiped; whether it is as new.
    pub(super) fn wiped(&mut self, id: SessionId, is_clean: bool, now: Duration) -> Vec<Order<K>> {
        let mut orders = Vec::new();
        if let Some(session) = self.in_state(id, State::Wiping) {
            match is_clean && !session.is_lost {
                true => session.state = State::Idle { since: now },
                false => {
                    session.state = State::Ending { again: None };
                    orders.push(Order::End(id));
                    self.done.spoiled += 1;
                }
            }
        }
        orders.extend(self.settle(now));
        orders
    }

    /// A session is useless: it does not answer, or is over.
    pub(super) fn lost(&mut self, id: SessionId, now: Duration) -> Vec<Order<K>> {
        let mut orders = Vec::new();
        if let Some(session) = self.sessions.get_mut(&id) {
            session.is_lost = true;
            if matches!(session.state, State::Idle { .. }) {
                session.state = State::Ending { again: None };
                orders.push(Order::End(id));
            }
        }
        orders.extend(self.settle(now));
        orders
    }

    /// A session was ended, or could not be.
    pub(super) fn ended(&mut self, id: SessionId, is_ended: bool, now: Duration) -> Vec<Order<K>> {
        match self.sessions.get_mut(&id).map(|session| &mut session.state) {
            Some(State::Ending { .. }) if is_ended => {
                self.sessions.remove(&id);
                self.done.ended += 1;
            }
            Some(State::Ending { again }) => *again = Some(now + END_AGAIN),
            _ => {}
        }
        self.settle(now)
    }

    /// Time has passed.
    pub(super) fn tick(&mut self, now: Duration) -> Vec<Order<K>> {
        let why = self.last_failure.clone();
        let mut orders = self.refuse(|waiter| waiter.until <= now, |_| Refusal::Late(why.clone()));
        let kept = self.kept_ready();
        let mut spare = self.idle_of(self.warm.as_ref()).saturating_sub(kept);
        let limits = self.limits;
        for (id, session) in &mut self.sessions {
            let is_over = match session.state {
                State::Idle { since } => {
                    let is_old = now >= session.since + limits.lifetime;
                    let is_forgotten = now >= since + limits.idle;
                    let is_kept = self.warm.as_ref() == Some(&session.kind) && spare == 0;
                    is_old || is_forgotten && !is_kept
                }
                State::Ending { again: Some(at) } => at <= now,
                _ => false,
            };
            if is_over {
                if self.warm.as_ref() == Some(&session.kind) {
                    spare = spare.saturating_sub(1);
                }
                session.state = State::Ending { again: None };
                orders.push(Order::End(*id));
            }
        }
        orders.extend(self.settle(now));
        orders
    }

    /// When [`Machine::tick`] has something to do next.
    pub(super) fn next_tick(&self, now: Duration) -> Option<Duration> {
        let limits = self.limits;
        let waiters = self.waiters.iter().map(|waiter| waiter.until);
        let sessions = self.sessions.values().flat_map(|session| match session.state {
            State::Idle { since } => [Some(since + limits.idle), Some(session.since + limits.lifetime)],
            State::Ending { again } => [again, None],
            _ => [None, None],
        });
        let refill = self.refill_at.map(|at| at.max(self.pause_until));
        let all = waiters
            .chain(sessions.flatten())
            .chain([self.pause_until])
            .chain(refill);
        // What was due before was done then, or is kept.
        all.filter(|at| *at > now).min()
    }

    /// Ends all; those that are used when they are given back.
    pub(super) fn close(&mut self, now: Duration) -> Vec<Order<K>> {
        self.is_closing = true;
        self.refill_at = None;
        self.settle(now)
    }

    /// Whether no session is left.
    pub(super) fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// What it has done, and what it holds.
    pub(super) fn statistics(&self) -> PoolStatistics {
        let count = |is: fn(State) -> bool| {
            let counted = self.sessions.values().filter(|session| is(session.state));
            counted.count() as u64
        };
        PoolStatistics {
            idle: count(|state| matches!(state, State::Idle { .. })),
            used: count(|state| state == State::Used),
            busy: count(|state| !matches!(state, State::Idle { .. } | State::Used)),
            waiting: self.waiters.len() as u64,
            ..self.done
        }
    }

    fn in_state(&mut self, id: SessionId, state: State) -> Option<&mut Session<K>> {
        self.sessions
            .get_mut(&id)
            .filter(|session| session.state == state)
    }

    fn refuse(
        &mut self,
        whom: impl Fn(&Waiter<K>) -> bool,
        why: impl Fn(&Waiter<K>) -> Refusal,
    ) -> Vec<Order<K>> {
        let (refused, rest): (VecDeque<_>, VecDeque<_>) =
            std::mem::take(&mut self.waiters).into_iter().partition(whom);
        self.waiters = rest;
        self.done.refused += refused.len() as u64;
        let orders = refused.iter().map(|waiter| Order::Refuse(waiter.id, why(waiter)));
        orders.collect()
    }

    /// Gives what there is to those who wait, and begins to make what is missing.
    fn settle(&mut self, now: Duration) -> Vec<Order<K>> {
        let mut orders = Vec::new();
        if self.is_closing {
            orders = self.refuse(|_| true, |_| Refusal::Closed);
            self.end_idle(|_| true, usize::MAX, &mut orders);
            return orders;
        }
        self.serve(now, &mut orders);
        self.refill(now, &mut orders);
        orders
    }

    /// Goes through the waiters in their order. Each takes what it can have: an idle session of its kind, else one of its
    /// kind that is being made or wiped, else room for a new one, which may be that of an idle session of another kind.
    /// What an earlier one takes a later one does not get, so that nobody is overtaken for ever.
    fn serve(&mut self, now: Duration, orders: &mut Vec<Order<K>>) {
        let mut coming: Vec<SessionId> =
            self.sessions_in(|state| matches!(state, State::Making | State::Wiping));
        let mut leaving = self
            .sessions_in(|state| matches!(state, State::Ending { .. }))
            .len();
        let mut waiting = VecDeque::new();
        for waiter in std::mem::take(&mut self.waiters) {
            if let Some(id) = self.take_idle(&waiter.kind) {
                orders.push(Order::Give(id, waiter.id));
                continue;
            }
            let of_kind = |id: &SessionId| self.sessions.get(id).is_some_and(|it| it.kind == waiter.kind);
            if let Some(at) = coming.iter().position(of_kind) {
                coming.remove(at);
            } else if self.sessions.len() < self.limits.max {
                if now >= self.pause_until {
                    orders.push(self.make(waiter.kind.clone(), now));
                }
            } else if leaving > 0 {
                leaving -= 1;
            } else {
                self.end_idle(|kind| *kind != waiter.kind, 1, orders);
            }
            waiting.push_back(waiter);
        }
        self.waiters = waiting;
    }

    /// Makes what is missing of what is kept ready.
    fn refill(&mut self, now: Duration, orders: &mut Vec<Order<K>>) {
        let Some(warm) = self.warm.clone() else { return };
        let there = self
            .sessions
            .values()
            .filter(|it| it.kind == warm && !matches!(it.state, State::Ending { .. }));
        let missing = self.kept_ready().saturating_sub(there.count());
        match self.refill_at {
            Some(at) if at <= now && now >= self.pause_until => {
                self.refill_at = None;
                let room = self.limits.max.saturating_sub(self.sessions.len());
                for _ in 0..missing.min(room) {
                    orders.push(self.make(warm.clone(), now));
                }
            }
            None if missing > 0 && self.done.made > 0 => {
                self.refill_at = Some(now + self.limits.refill.mul_f64(self.drawn()));
            }
            _ => {}
        }
    }

    fn kept_ready(&self) -> usize {
        self.limits.min.min(self.limits.max)
    }

    fn idle_of(&self, kind: Option<&K>) -> usize {
        let idle = |it: &&Session<K>| matches!(it.state, State::Idle { .. }) && kind == Some(&it.kind);
        self.sessions.values().filter(idle).count()
    }

    fn sessions_in(&self, state: impl Fn(State) -> bool) -> Vec<SessionId> {
        let found = self.sessions.iter().filter(|(_, session)| state(session.state));
        found.map(|(id, _)| *id).collect()
    }

    /// The idle session of this kind that was used last: the others may be forgotten and end.
    fn take_idle(&mut self, kind: &K) -> Option<SessionId> {
        let idle = self
            .sessions
            .iter_mut()
            .filter_map(|(id, session)| match session.state {
                State::Idle { since } if session.kind == *kind => Some((since, *id, session)),
                _ => None,
            });
        let (_, id, session) = idle.max_by_key(|(since, id, _)| (*since, *id))?;
        session.state = State::Used;
        self.done.given += 1;
        self.done.reused += u64::from(session.uses > 0);
        Some(id)
    }

    /// Ends so many idle sessions of these kinds, the longest forgotten first.
    fn end_idle(&mut self, of: impl Fn(&K) -> bool, most: usize, orders: &mut Vec<Order<K>>) {
        let mut idle: Vec<(Duration, SessionId)> = self
            .sessions
            .iter()
            .filter_map(|(id, session)| match session.state {
                State::Idle { since } if of(&session.kind) => Some((since, *id)),
                _ => None,
            })
            .collect();
        idle.sort();
        for (_, id) in idle.into_iter().take(most) {
            if let Some(session) = self.sessions.get_mut(&id) {
                session.state = State::Ending { again: None };
                orders.push(Order::End(id));
            }
        }
    }

    fn make(&mut self, kind: K, now: Duration) -> Order<K> {
        self.last += 1;
        let id = SessionId(self.last);
        let session = Session {
            kind: kind.clone(),
            state: State::Making,
            since: now,
            uses: 0,
            is_lost: false,
        };
        self.sessions.insert(id, session);
        Order::Make(id, kind)
    }

    /// A number from 0 to 1 (`splitmix64`, Steele, Lea and Flood 2014).
    fn drawn(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let z = u32::try_from((z ^ (z >> 31)) >> 32).unwrap_or_default();
        f64::from(z) / f64::from(u32::MAX)
    }
}
