//! What a pool is told and what it says: its limits, its orders, why there is no session, what it has done.

use serde::Serialize;
use std::time::Duration;

/// A session's number in the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct SessionId(pub(super) u64);

/// A waiter's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct WaiterId(pub(super) u64);

/// What a pool may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolLimits {
    /// Sessions that are kept ready, of the kind that is kept warm.
    pub min: usize,
    /// Sessions at once.
    pub max: usize,
    /// How old a session gets.
    pub lifetime: Duration,
    /// How long one is kept that nobody uses.
    pub idle: Duration,
    /// How often one is used.
    pub uses: u32,
    /// How long somebody waits for one.
    pub patience: Duration,
    /// The time within which a session is made in the place of one that was kept ready.
    pub refill: Duration,
}

/// What is done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Order<K> {
    /// A session of this kind is made.
    Make(SessionId, K),
    /// The waiter gets the session.
    Give(SessionId, WaiterId),
    /// The waiter gets none.
    Refuse(WaiterId, Refusal),
    /// The session is made as if nobody had used it, and checked.
    Wipe(SessionId),
    /// The session is ended.
    End(SessionId),
}

/// Why a session was not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotMade {
    /// What happened, and what to do.
    pub why: String,
    /// When another try may go well, where one may.
    pub again: Option<Duration>,
    /// Whether the provider itself is out of order.
    pub is_outage: bool,
}

/// Why there is no session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// None was there in time; why the last one was not made, if one was not.
    Late(Option<NotMade>),
    /// None can be made.
    NotMade(NotMade),
    /// The pool is closing.
    Closed,
}

/// What a pool has done, and what it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PoolStatistics {
    /// Sessions that were made.
    pub made: u64,
    /// Sessions that could not be made.
    pub not_made: u64,
    /// Times that a session was given to somebody.
    pub given: u64,
    /// Of these, sessions that somebody had used before.
    pub reused: u64,
    /// Sessions that were ended.
    pub ended: u64,
    /// Sessions that could not be wiped.
    pub spoiled: u64,
    /// Waiters that got none.
    pub refused: u64,
    /// Sessions that wait for somebody.
    pub idle: u64,
    /// Sessions that somebody has.
    pub used: u64,
    /// Sessions that are being made, wiped or ended.
    pub busy: u64,
    /// Who waits.
    pub waiting: u64,
}
