//! What always holds of the pool, over 100,000 random operations and over every order of events of a small world.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use super::machine::Machine;
use super::words::{NotMade, Order, PoolLimits, SessionId, WaiterId};

type Kind = u8;

/// A pool, and everybody around it. Orders are under way until the world says what came of them, in any order.
#[derive(Clone, Debug)]
struct World {
    machine: Machine<Kind>,
    limits: PoolLimits,
    now: Duration,
    making: BTreeMap<SessionId, Kind>,
    wiping: BTreeSet<SessionId>,
    ending: BTreeSet<SessionId>,
    /// Could not be ended, and are to be again.
    unended: BTreeSet<SessionId>,
    /// What the provider has, by kind.
    there: BTreeMap<SessionId, Kind>,
    /// Given, and not yet told of: the waiter may be gone by then.
    arriving: BTreeMap<SessionId, WaiterId>,
    used: BTreeSet<SessionId>,
    /// Who waits, in the order of coming.
    waiting: Vec<(WaiterId, Kind)>,
    ended: BTreeSet<SessionId>,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Ask(Kind),
    GiveUp(WaiterId),
    Made(SessionId),
    NotMade(SessionId, bool),
    Arrive(SessionId),
    /// The waiter was gone.
    Bounce(SessionId),
    Return(SessionId, bool),
    Wiped(SessionId, bool),
    Lost(SessionId),
    Ended(SessionId, bool),
    Wait(Duration),
}

impl World {
    fn new(limits: PoolLimits, warm: Option<Kind>) -> Self {
        let mut world = Self {
            machine: Machine::new(limits, warm, 7),
            limits,
            now: Duration::ZERO,
            making: BTreeMap::new(),
            wiping: BTreeSet::new(),
            ending: BTreeSet::new(),
            unended: BTreeSet::new(),
            there: BTreeMap::new(),
            arriving: BTreeMap::new(),
            used: BTreeSet::new(),
            waiting: Vec::new(),
            ended: BTreeSet::new(),
        };
        if warm.is_some() {
            let orders = world.machine.warm_up(world.now);
            world.order(orders);
        }
        world
    }

    fn take(&mut self, step: Step) {
        let now = self.now;
        let orders = match step {
            Step::Ask(kind) => {
                let (waiter, orders) = self.machine.ask(kind, now);
                self.waiting.push((waiter, kind));
                orders
            }
            Step::GiveUp(waiter) => {
                self.waiting.retain(|(other, _)| *other != waiter);
                self.machine.give_up(waiter, now)
            }
            Step::Made(id) => {
                let kind = self.making.remove(&id).expect("it is being made");
                self.there.insert(id, kind);
                self.machine.made(id, now)
            }
            Step::NotMade(id, may_go_well) => {
                self.making.remove(&id);
                let again = may_go_well.then_some(Duration::from_secs(2));
                let why = NotMade {
                    why: "why".to_owned(),
                    again,
                    is_outage: false,
                };
                self.machine.not_made(id, why, now)
            }
            Step::Arrive(id) => {
                self.arriving.remove(&id);
                self.used.insert(id);
                Vec::new()
            }
            Step::Bounce(id) => {
                self.arriving.remove(&id);
                self.machine.not_taken(id, now)
            }
            Step::Return(id, is_fit) => {
                self.used.remove(&id);
                self.machine.returned(id, is_fit, now)
            }
            Step::Wiped(id, is_clean) => {
                self.wiping.remove(&id);
                self.machine.wiped(id, is_clean, now)
            }
            Step::Lost(id) => self.machine.lost(id, now),
            Step::Ended(id, is_ended) => {
                self.ending.remove(&id);
                if !is_ended {
                    self.unended.insert(id);
                } else {
                    self.there.remove(&id);
                    assert!(self.ended.insert(id), "{id:?} was ended twice");
                }
                self.machine.ended(id, is_ended, now)
            }
            Step::Wait(time) => {
                self.now += time;
                self.machine.tick(self.now)
            }
        };
        self.order(orders);
        self.check();
    }

    fn order(&mut self, orders: Vec<Order<Kind>>) {
        for order in orders {
            match order {
                Order::Make(id, kind) => {
                    assert!(self.making.insert(id, kind).is_none());
                }
                Order::Give(id, waiter) => {
                    let at = self.waiting.iter().position(|(other, _)| *other == waiter);
                    let (_, kind) = self.waiting.remove(at.expect("somebody waits"));
                    assert_eq!(self.there.get(&id), Some(&kind), "{id:?} is of another kind");
                    let is_earliest = self
                        .waiting
                        .iter()
                        .all(|(other, of)| *of != kind || *other > waiter);
                    assert!(is_earliest, "{waiter:?} was served before its turn");
                    self.is_nobodys(id);
                    self.arriving.insert(id, waiter);
                }
                Order::Refuse(waiter, _) => self.waiting.retain(|(other, _)| *other != waiter),
                Order::Wipe(id) => {
                    self.is_nobodys(id);
                    self.wiping.insert(id);
                }
                Order::End(id) => {
                    self.unended.remove(&id);
                    self.is_nobodys(id);
                    self.ending.insert(id);
                }
            }
        }
    }

    /// A session is in one place at most.
    fn is_nobodys(&self, id: SessionId) {
        let places = [
            self.arriving.contains_key(&id),
            self.used.contains(&id),
            self.wiping.contains(&id),
            self.ending.contains(&id),
        ];
        assert_eq!(
            places, [false; 4],
            "{id:?} is arriving, used, being wiped, being ended"
        );
        assert!(self.there.contains_key(&id), "{id:?} is not there");
    }

    fn check(&self) {
        assert!(
            self.there.len() + self.making.len() <= self.limits.max,
            "too many"
        );
        let done = self.machine.statistics();
        let held = self.arriving.len() + self.used.len();
        assert_eq!(done.used, held as u64, "a session was lost or doubled");
        let busy = self.making.len() + self.wiping.len() + self.ending.len() + self.unended.len();
        assert_eq!(done.busy, busy as u64);
        assert_eq!(done.waiting, self.waiting.len() as u64);
        assert_eq!(done.idle, self.idle().count() as u64, "a session was forgotten");
        for (waiter, kind) in &self.waiting {
            assert!(
                !self.idle().any(|of| of == *kind),
                "{waiter:?} waits beside an idle session"
            );
        }
    }

    /// The kinds of those that nobody has.
    fn idle(&self) -> impl Iterator<Item = Kind> {
        let is_idle = |id: &SessionId| {
            !self.arriving.contains_key(id)
                && !self.used.contains(id)
                && !self.wiping.contains(id)
                && !self.ending.contains(id)
                && !self.unended.contains(id)
        };
        let idle = self.there.iter().filter(move |(id, _)| is_idle(id));
        idle.map(|(_, kind)| *kind)
    }

    /// All that may happen now, time aside.
    fn possible(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        let both = [true, false];
        steps.extend(self.waiting.iter().map(|(waiter, _)| Step::GiveUp(*waiter)));
        for id in self.making.keys() {
            steps.extend([
                Step::Made(*id),
                Step::NotMade(*id, true),
                Step::NotMade(*id, false),
            ]);
        }
        for id in self.arriving.keys() {
            steps.extend([Step::Arrive(*id), Step::Bounce(*id)]);
        }
        steps.extend(
            self.used
                .iter()
                .flat_map(|id| both.map(|fit| Step::Return(*id, fit))),
        );
        steps.extend(
            self.wiping
                .iter()
                .flat_map(|id| both.map(|clean| Step::Wiped(*id, clean))),
        );
        steps.extend(
            self.ending
                .iter()
                .flat_map(|id| both.map(|ended| Step::Ended(*id, ended))),
        );
        steps.extend(self.there.keys().map(|id| Step::Lost(*id)));
        steps
    }

    /// Everything goes well from here on: whoever waits is served or refused, and in the end nothing is left.
    fn conclude(mut self) {
        let patience = self.limits.patience;
        let mut waited = Duration::ZERO;
        while !self.waiting.is_empty() && waited <= patience {
            self.go_well();
            self.take(Step::Wait(Duration::from_secs(1)));
            waited += Duration::from_secs(1);
        }
        assert!(self.waiting.is_empty(), "somebody waits for ever: {self:?}");
        let orders = self.machine.close(self.now);
        self.order(orders);
        for _ in 0..3 {
            self.go_well();
            self.take(Step::Wait(Duration::from_secs(5)));
        }
        self.go_well();
        assert!(self.machine.is_empty() && self.there.is_empty(), "left: {self:?}");
    }

    fn go_well(&mut self) {
        loop {
            let well = |step: &Step| {
                matches!(
                    step,
                    Step::Made(_)
                        | Step::Arrive(_)
                        | Step::Return(_, true)
                        | Step::Wiped(_, true)
                        | Step::Ended(_, true)
                )
            };
            match self.possible().into_iter().find(well) {
                Some(step) => self.take(step),
                None => return,
            }
        }
    }
}

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const LIMITS: PoolLimits = PoolLimits {
    min: 2,
    max: 5,
    lifetime: s(1_800),
    idle: s(300),
    uses: 6,
    patience: s(60),
    refill: s(10),
};

/// Numbers that are the same at every run (`splitmix64`).
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}

#[test]
fn what_always_holds_holds_over_a_hundred_thousand_random_operations() {
    let mut operations = 0;
    let mut given = 0;
    for seed in 0..100 {
        let mut random = Random(seed);
        let warm = (seed % 2 == 0).then_some(0);
        let mut world = World::new(LIMITS, warm);
        for _ in 0..1_000 {
            let mut steps = world.possible();
            // What goes wrong is rarer than what goes well.
            steps.retain(|step| match step {
                Step::Lost(_) | Step::GiveUp(_) => random.below(20) == 0,
                Step::NotMade(..)
                | Step::Bounce(_)
                | Step::Return(_, false)
                | Step::Wiped(_, false)
                | Step::Ended(_, false) => random.below(8) == 0,
                _ => true,
            });
            let step = match random.below(steps.len() + 4) {
                at if at < steps.len() => steps[at],
                at if at < steps.len() + 3 => Step::Ask(random.below(3) as Kind),
                _ => Step::Wait([s(0), s(1), s(7), s(301), s(1_801)][random.below(5)]),
            };
            world.take(step);
            operations += 1;
        }
        given += world.machine.statistics().given;
        world.conclude();
    }
    assert_eq!(operations, 100_000);
    assert!(given > 10_000, "{given} were given");
}

/// What is left to happen in the small world.
#[derive(Clone, Copy, Hash)]
struct Left {
    asks: u8,
    mishaps: u8,
    waits: u8,
}

#[test]
fn what_always_holds_holds_in_every_order_of_events_of_a_small_world() {
    let limits = PoolLimits {
        min: 0,
        max: 2,
        uses: 2,
        patience: s(10),
        ..LIMITS
    };
    let mut seen = HashSet::new();
    let left = Left {
        asks: 3,
        mishaps: 2,
        waits: 1,
    };
    let mut ways = vec![(World::new(limits, None), left)];
    let mut ends = 0;
    while let Some((world, left)) = ways.pop() {
        let mut hasher = DefaultHasher::new();
        format!("{world:?}").hash(&mut hasher);
        left.hash(&mut hasher);
        if !seen.insert(hasher.finish()) {
            continue;
        }
        let mut next = Vec::new();
        for step in world.possible() {
            let is_mishap = matches!(
                step,
                Step::GiveUp(_)
                    | Step::NotMade(..)
                    | Step::Bounce(_)
                    | Step::Return(_, false)
                    | Step::Wiped(_, false)
                    | Step::Lost(_)
                    | Step::Ended(_, false)
            );
            if let Some(mishaps) = left.mishaps.checked_sub(u8::from(is_mishap)) {
                next.push((step, Left { mishaps, ..left }));
            }
        }
        if let Some(asks) = left.asks.checked_sub(1) {
            next.extend([0, 1].map(|kind| (Step::Ask(kind), Left { asks, ..left })));
        }
        if let Some(waits) = left.waits.checked_sub(1) {
            next.push((Step::Wait(s(11)), Left { waits, ..left }));
        }
        if left.asks == 0 {
            ends += 1;
            world.clone().conclude();
        }
        for (step, left) in next {
            let mut world = world.clone();
            world.take(step);
            ways.push((world, left));
        }
    }
    assert!(
        seen.len() > 50_000 && ends > 10_000,
        "{} states, {ends} ends",
        seen.len()
    );
    println!("{} states, concluded from {ends}", seen.len());
}
