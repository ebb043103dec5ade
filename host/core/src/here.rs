//! Where in its own code a guest is when it makes a call: found on its stack by whoever runs it, or said by a guest
//! that interprets another language, whose own stack says nothing to its author.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::timeline::Place;

/// Where the guest of an attempt is, and where it made its calls.
#[derive(Debug, Default)]
pub struct Here(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    said: Option<Place>,
    found: Vec<Place>,
    /// By the call's number; kept only where places are looked for.
    calls: BTreeMap<u32, Vec<Place>>,
}

impl Here {
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
        let is_looked_for = !found.is_empty();
        let places = match &state.said {
            Some(place) => vec![place.clone()],
            None => found,
        };
        if is_looked_for {
            state.calls.insert(n, places.clone());
        }
        places
    }

    /// Where the calls were made, by their number, where places were looked for.
    #[must_use]
    pub fn calls(&self) -> BTreeMap<u32, Vec<Place>> {
        self.lock().calls.clone()
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
    fn what_the_guest_says_counts_for_more_than_its_stack() {
        let here = Here::default();
        assert_eq!(here.call(1), []);
        here.found(vec![place(7), place(3)]);
        assert_eq!(here.call(2), [place(7), place(3)]);
        assert_eq!(here.call(3), [], "a stack is that of one call");
        here.said(place(9));
        here.found(vec![place(7)]);
        assert_eq!(here.call(4), [place(9)]);
        assert_eq!(here.calls()[&2], [place(7), place(3)]);
    }
}
