//! Visitors and what the shop remembers of them, in memory and bounded: the visitor who was away longest is
//! forgotten first.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::cart::{Cart, Totals};
use crate::checkout::Address;
use crate::money::Cents;

/// How many orders an account page lists.
const ORDERS_KEPT: usize = 20;

/// A deliberate fault of the shop, switched on by `?bug=NAME` for the rest of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// The total leaves out shipping.
    Total,
    /// The pay button never becomes enabled.
    Pay,
    /// An invisible layer covers the pay button.
    Overlay,
    /// The about page has a dead link, a broken image and placeholder text.
    Content,
    /// The product list never arrives.
    Slow,
    /// A script fails, and the newsletter form with it.
    Console,
}

impl Bug {
    /// Every bug with its name.
    pub const ALL: &[(&str, Self)] = &[
        ("total", Self::Total),
        ("pay", Self::Pay),
        ("overlay", Self::Overlay),
        ("content", Self::Content),
        ("slow", Self::Slow),
        ("console", Self::Console),
    ];

    /// What `?bug=` asks for; none for `none` and the empty text.
    ///
    /// # Errors
    /// The names that exist, where this is none of them.
    pub fn parse(name: &str) -> Result<Option<Self>, String> {
        if matches!(name, "" | "none") {
            return Ok(None);
        }
        name.parse().map(Some)
    }
}

impl FromStr for Bug {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let names = || {
            Self::ALL
                .iter()
                .map(|(name, _)| *name)
                .collect::<Vec<_>>()
                .join(", ")
        };
        let known = Self::ALL.iter().find(|(known, _)| *known == name);
        known
            .map(|(_, bug)| *bug)
            .ok_or_else(|| format!("no such bug; choose none or one of {}: {name}", names()))
    }
}

/// A paid order.
#[derive(Clone, Debug)]
pub struct Order {
    /// Its number; every later order has a larger one.
    pub number: u64,
    /// What was paid.
    pub total: Cents,
    /// Where the receipt goes.
    pub email: String,
}

/// What the shop remembers of a visitor.
#[derive(Clone, Debug, Default)]
pub struct Session {
    /// What they are about to buy.
    pub cart: Cart,
    /// Where it goes; none until the first step of the checkout is done.
    pub address: Option<Address>,
    /// Their orders, the newest last.
    pub orders: Vec<Order>,
    /// The name of whoever is signed in.
    pub customer: Option<&'static str>,
    /// The bug that is switched on.
    pub bug: Option<Bug>,
    last_used: u64,
}

impl Session {
    /// The sums that the shop shows.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let mut totals = self.cart.totals();
        if self.bug == Some(Bug::Total) {
            totals.total = totals.subtotal;
        }
        totals
    }

    /// Turns the cart into an order.
    fn order(&mut self, number: u64) -> Order {
        let email = self
            .address
            .take()
            .map_or_else(String::new, |address| address.email);
        let order = Order {
            number,
            total: self.totals().total,
            email,
        };
        self.cart.clear();
        if self.orders.len() == ORDERS_KEPT {
            self.orders.remove(0);
        }
        self.orders.push(order.clone());
        order
    }
}

/// All sessions and the counter of orders.
#[derive(Debug)]
pub struct Store {
    most_sessions: usize,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    sessions: HashMap<String, Session>,
    clock: u64,
    last_order: u64,
}

impl Store {
    /// A store that remembers at most so many visitors, at least one.
    #[must_use]
    pub fn new(most_sessions: usize) -> Arc<Self> {
        Arc::new(Self {
            most_sessions: most_sessions.max(1),
            inner: Mutex::default(),
        })
    }

    /// Whether there is such a session.
    #[must_use]
    pub fn contains(&self, id: &str) -> bool {
        self.lock().sessions.contains_key(id)
    }

    /// How many visitors are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().sessions.len()
    }

    /// Whether nobody is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads or changes a session, which begins empty.
    pub fn with<T>(&self, id: &str, work: impl FnOnce(&mut Session) -> T) -> T {
        let mut inner = self.lock();
        inner.clock += 1;
        let now = inner.clock;
        if !inner.sessions.contains_key(id) && inner.sessions.len() >= self.most_sessions {
            forget_oldest(&mut inner.sessions);
        }
        let session = inner.sessions.entry(id.to_owned()).or_default();
        session.last_used = now;
        work(session)
    }

    /// Turns a visitor's cart into an order.
    pub fn place_order(&self, id: &str) -> Order {
        let number = self.next_order_number();
        self.with(id, |session| session.order(number))
    }

    /// Larger than every number before, also than those of an earlier process: it counts tenths of a
    /// second since 2025.
    fn next_order_number(&self) -> u64 {
        const YEAR_2025: u128 = 17_356_896_000;
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_millis() / 100);
        let now = u64::try_from(now.saturating_sub(YEAR_2025)).unwrap_or(0);
        let mut inner = self.lock();
        inner.last_order = now.max(inner.last_order + 1);
        inner.last_order
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn forget_oldest(sessions: &mut HashMap<String, Session>) {
    let oldest = sessions
        .iter()
        .min_by_key(|(_, session)| session.last_used)
        .map(|(id, _)| id.clone());
    if let Some(id) = oldest {
        sessions.remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_store_forgets_who_was_away_longest() {
        let store = Store::new(2);
        for visitor in ["ada", "bob", "ada", "eve"] {
            store.with(visitor, |_| ());
        }
        assert_eq!(store.len(), 2);
        assert!(store.contains("ada") && store.contains("eve"));
    }

    #[test]
    fn order_numbers_grow() {
        let store = Store::new(1);
        let first = store.place_order("ada").number;
        assert!(store.place_order("ada").number > first);
    }

    #[test]
    fn the_total_bug_leaves_out_shipping_and_nothing_else() {
        let mut session = Session::default();
        let mug = crate::catalogue::find("blue-mug").unwrap();
        session.cart.add(mug, 1, mug.price);
        session.bug = Some(Bug::Total);
        assert_eq!(session.totals().total, mug.price);
        assert_eq!(session.totals().shipping, crate::cart::SHIPPING);
    }

    #[test]
    fn bugs_are_named_and_none_resets() {
        assert_eq!(Bug::parse("none"), Ok(None));
        assert_eq!(Bug::parse("pay"), Ok(Some(Bug::Pay)));
        assert!(Bug::parse("payy").unwrap_err().contains("overlay"));
    }
}
