//! Where in its own code a guest is when it makes a call: found on its stack by whoever runs it, or said by a guest
//! that interprets another language, whose own stack says nothing to its author.
//!
//! A look at the stack is dear, and a guest leaves its code far more often than it makes a call that passes the gate.
//! So a replay counts first at which of its leaves each call was made, and a second one looks at those alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::timeline::Place;

/// Where the guest of an attempt is, and where it made its calls.
#[derive(Debug, Default)]
pub struct Here(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    said: Option<Place>,
    found: Vec<Place>,
    search: Option<Search>,
}

/// A search for the places of calls.
#[derive(Clone, Debug, Default)]
struct Search {
    /// The leaves to look at the stack at.
    looked_at: BTreeSet<u64>,
    /// How often the guest has left its code so far.
    leaves: u64,
    /// At which leaf each call was made, by the call's number.
    made_at: BTreeMap<u32, u64>,
    places: BTreeMap<u32, Vec<Place>>,
}

impl Here {
    /// Begins to count the guest's leaves, and to look for its place at these of them.
    pub fn search(&self, looked_at: BTreeSet<u64>) {
        self.lock().search = Some(Search {
            looked_at,
            ..Search::default()
        });
    }

    /// The guest leaves its code; whether its stack is to be looked at.
    pub fn leaves(&self) -> bool {
        let mut state = self.lock();
        state.search.as_mut().is_some_and(|search| {
            search.leaves += 1;
            search.looked_at.contains(&search.leaves)
        })
    }

    /// The guest left its code only because it was interrupted, which happens by the clock: that leaf counts for nothing.
    pub fn was_interrupted(&self) {
        if let Some(search) = &mut self.lock().search {
            search.leaves = search.leaves.saturating_sub(1);
        }
    }

    /// The guest is here, as its stack shows, innermost first.
    pub fn found(&self, places: Vec<Place>) {
        self.lock().found = places;
    }

    /// The guest says that it is here from now on.
    pub fn said(&self, place: Place) {
        self.lock().said = Some(place);
    }

    /// Where the call of this number is made. What the guest says counts for more than its stack.
    #[must_use]
    pub fn call(&self, n: u32) -> Vec<Place> {
        let mut state = self.lock();
        let found = std::mem::take(&mut state.found);
        let places = match &state.said {
            Some(place) => vec![place.clone()],
            None => found,
        };
        if let Some(search) = &mut state.search {
            search.made_at.insert(n, search.leaves);
            if search.looked_at.contains(&search.leaves) {
                search.places.insert(n, places.clone());
            }
        }
        places
    }

    /// At which leaf each call was made, by the call's number.
    #[must_use]
    pub fn made_at(&self) -> BTreeMap<u32, u64> {
        let state = self.lock();
        state
            .search
            .as_ref()
            .map(|search| search.made_at.clone())
            .unwrap_or_default()
    }

    /// Where the calls were made that were looked at, by their number.
    #[must_use]
    pub fn places(&self) -> BTreeMap<u32, Vec<Place>> {
        let state = self.lock();
        state
            .search
            .as_ref()
            .map(|search| search.places.clone())
            .unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(line: u32) -> Place {
        Place {
            function: "checkout::pay".to_owned(),
            file: "src/lib.rs".to_owned(),
            line,
            column: 1,
            text: String::new(),
        }
    }

    #[test]
    fn calls_are_counted_first_and_then_looked_at() {
        let counted = Here::default();
        assert!(!counted.leaves(), "nobody searches");
        counted.search(BTreeSet::new());
        for call in 1..=3 {
            // A locator is made on the way to each call.
            assert!(!counted.leaves());
            assert!(!counted.leaves());
            counted.was_interrupted();
            assert!(!counted.leaves());
            assert_eq!(counted.call(call), []);
        }
        let made_at = counted.made_at();
        assert_eq!(made_at, BTreeMap::from([(1, 2), (2, 4), (3, 6)]));

        let looking = Here::default();
        looking.search(BTreeSet::from([made_at[&2]]));
        let looked: Vec<bool> = (0..4).map(|_| looking.leaves()).collect();
        assert_eq!(looked, [false, false, false, true]);
        looking.found(vec![place(7), place(3)]);
        assert_eq!(looking.call(2), [place(7), place(3)]);
        assert_eq!(looking.call(3), [], "a stack is that of one call");
        assert_eq!(looking.places()[&2], [place(7), place(3)]);
    }

    #[test]
    fn what_the_guest_says_counts_for_more_than_its_stack() {
        let here = Here::default();
        here.said(place(9));
        here.found(vec![place(7)]);
        assert_eq!(here.call(1), [place(9)]);
    }
}
