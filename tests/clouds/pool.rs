//! The pool with a provider that does as it is told, by a clock that only the test moves: who waits, for how long, and what
//! is done with sessions that nobody uses. The machine's rules and its threads have tests beside them.

use async_trait::async_trait;
use flowguard_backends::pool::{NoSession, NotMade, Pool, PoolLimits, Provider};
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

/// What a provider does, and what was done.
#[derive(Clone, Default)]
struct Told(Arc<Inner>);

#[derive(Default)]
struct Inner {
    made: AtomicU32,
    ended: Mutex<Vec<u32>>,
    /// How the next attempts to make one fail; those after them go well.
    fails: Mutex<VecDeque<NotMade>>,
    /// What is left of each session's next use.
    left: Mutex<BTreeMap<u32, String>>,
    dead: Mutex<Vec<u32>>,
}

const MAKING: Duration = Duration::from_millis(200);

#[async_trait]
impl Provider for Told {
    type Kind = &'static str;
    type Session = u32;
    const HEARTBEAT: Duration = Duration::from_secs(60);

    async fn make(&self, _kind: &&'static str) -> Result<u32, NotMade> {
        tokio::time::sleep(MAKING).await;
        match self.0.fails.lock().unwrap().pop_front() {
            Some(why) => Err(why),
            None => Ok(self.0.made.fetch_add(1, Ordering::SeqCst) + 1),
        }
    }

    async fn wipe(&self, session: &u32) -> Result<(), String> {
        match self.0.left.lock().unwrap().remove(session) {
            Some(left) => Err(left),
            None => Ok(()),
        }
    }

    async fn is_alive(&self, session: &u32) -> bool {
        !self.0.dead.lock().unwrap().contains(session)
    }

    async fn end(&self, session: &u32) -> Result<(), String> {
        self.0.ended.lock().unwrap().push(*session);
        Ok(())
    }
}

impl Told {
    fn ended(&self) -> Vec<u32> {
        self.0.ended.lock().unwrap().clone()
    }
}

const LIMITS: PoolLimits = PoolLimits {
    min: 0,
    max: 1,
    lifetime: Duration::from_secs(1_800),
    idle: Duration::from_secs(300),
    uses: 50,
    patience: Duration::from_secs(60),
    refill: Duration::from_secs(10),
};

fn pool(limits: PoolLimits) -> (Told, Pool<Told>) {
    let told = Told::default();
    (told.clone(), Pool::new(told, limits, None))
}

async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

fn failure(again: Option<Duration>) -> NotMade {
    NotMade {
        why: "because".to_owned(),
        again,
        is_outage: true,
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_served_in_order_and_leaves_after_a_minute() {
    let (_told, pool) = pool(LIMITS);
    let first = pool.take("a").await.unwrap();
    assert_eq!(**first.session(), 1);
    let began = Instant::now();
    let late = pool.take("a").await.err();
    assert_eq!(
        late,
        Some(NoSession::Late {
            patience: LIMITS.patience,
            last: None
        })
    );
    assert_eq!(began.elapsed(), LIMITS.patience);
    let order = Mutex::new(Vec::new());
    let wait = |name| {
        let (pool, order) = (&pool, &order);
        async move {
            let taken = pool.take("a").await.unwrap();
            order.lock().unwrap().push(name);
            pass(Duration::from_secs(1)).await;
            drop(taken);
        }
    };
    let give_back = async {
        pass(Duration::from_secs(1)).await;
        drop(first);
    };
    tokio::join!(wait(1), wait(2), wait(3), give_back);
    assert_eq!(*order.lock().unwrap(), [1, 2, 3]);
    let done = pool.statistics();
    assert_eq!((done.made, done.given, done.reused, done.refused), (1, 4, 3, 1));
}

#[tokio::test(start_paused = true)]
async fn what_is_left_of_a_use_ends_the_session() {
    let (told, pool) = pool(LIMITS);
    let first = pool.take("a").await.unwrap();
    told.0.left.lock().unwrap().insert(1, "a cookie".to_owned());
    drop(first);
    assert_eq!(**pool.take("a").await.unwrap().session(), 2);
    assert_eq!(told.ended(), [1]);
    let mut spoiled = pool.take("a").await.unwrap();
    spoiled.spoil();
    drop(spoiled);
    assert_eq!(**pool.take("a").await.unwrap().session(), 3);
}

#[tokio::test(start_paused = true)]
async fn sessions_end_when_they_are_forgotten_old_worn_or_dead() {
    let (told, pool) = pool(PoolLimits { uses: 2, ..LIMITS });
    drop(pool.take("a").await.unwrap());
    pass(LIMITS.idle + Duration::from_secs(1)).await;
    assert_eq!(told.ended(), [1], "nobody wanted it");
    for _ in 0..2 {
        drop(pool.take("a").await.unwrap());
        pass(Duration::from_secs(1)).await;
    }
    assert_eq!(told.ended(), [1, 2], "it was used twice");
    let old = pool.take("a").await.unwrap();
    pass(LIMITS.lifetime).await;
    assert_eq!(told.ended(), [1, 2], "it is used");
    drop(old);
    pass(Duration::from_secs(1)).await;
    assert_eq!(told.ended(), [1, 2, 3], "it is too old for another");
    drop(pool.take("a").await.unwrap());
    told.0.dead.lock().unwrap().push(4);
    pass(Duration::from_secs(61)).await;
    assert_eq!(told.ended(), [1, 2, 3, 4], "it did not answer");
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_passes_is_waited_for_and_one_that_does_not_is_told_at_once() {
    let (told, pool) = pool(LIMITS);
    told.0.fails.lock().unwrap().extend([
        failure(Some(Duration::from_secs(5))),
        failure(Some(Duration::from_secs(5))),
    ]);
    let began = Instant::now();
    drop(pool.take("a").await.unwrap());
    assert!(
        began.elapsed() >= Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
    pass(LIMITS.idle * 2).await;
    told.0.fails.lock().unwrap().push_back(failure(None));
    let began = Instant::now();
    let failed = pool.take("a").await.err().unwrap();
    assert_eq!(failed, NoSession::NotMade(failure(None)));
    assert!(failed.is_outage() && began.elapsed() <= MAKING * 2);
}

#[tokio::test(start_paused = true)]
async fn closing_waits_for_those_that_are_used_and_refuses_whoever_comes() {
    let (told, pool) = pool(PoolLimits { max: 2, ..LIMITS });
    let (used, idle) = tokio::join!(pool.take("a"), pool.take("b"));
    let (used, idle) = (used.unwrap(), idle.unwrap());
    drop(idle);
    let closing = pool.close(Duration::from_secs(10));
    let end = async {
        pass(Duration::from_secs(2)).await;
        assert_eq!(told.ended().len(), 1, "the idle one ended at once");
        assert_eq!(pool.take("a").await.err(), Some(NoSession::Closed));
        drop(used);
    };
    let (is_closed, ()) = tokio::join!(closing, end);
    assert!(is_closed);
    assert_eq!(told.ended().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_ready_is_there_before_anybody_asks() {
    let told = Told::default();
    let limits = PoolLimits {
        min: 2,
        max: 3,
        ..LIMITS
    };
    let pool = Pool::new(told.clone(), limits, Some("a"));
    pass(Duration::from_secs(1)).await;
    assert_eq!(pool.statistics().idle, 2);
    let began = Instant::now();
    let mut first = pool.take("a").await.unwrap();
    assert_eq!(began.elapsed(), Duration::ZERO);
    first.spoil();
    drop(first);
    pass(limits.refill + Duration::from_secs(1)).await;
    assert_eq!(
        (pool.statistics().idle, told.ended().len()),
        (2, 1),
        "another took its place"
    );
    pass(limits.idle * 3).await;
    assert_eq!(pool.statistics().idle, 2, "they are kept though nobody uses them");
}
