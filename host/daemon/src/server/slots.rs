//! How many flows run at once: a number that may change while they do.

use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Places for runs.
pub(super) struct Slots {
    places: Arc<Semaphore>,
    number: Mutex<usize>,
}

impl Slots {
    pub(super) fn new(number: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(number)),
            number: Mutex::new(number),
        }
    }

    /// Waits for a place, in the order of asking.
    pub(super) async fn one(&self) -> Option<OwnedSemaphorePermit> {
        self.places.clone().acquire_owned().await.ok()
    }

    /// Changes the number. Places that are taken go away when they are given back.
    pub(super) fn resize(&self, number: usize) {
        let mut current = self.number.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *current, number);
        if number >= before {
            self.places.add_permits(number - before);
            return;
        }
        for _ in number..before {
            let places = self.places.clone();
            tokio::spawn(async move {
                if let Ok(place) = places.acquire_owned().await {
                    place.forget();
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[tokio::test]
    async fn places_that_are_taken_go_away_when_they_are_given_back() {
        let slots = Slots::new(2);
        let (first, second) = (slots.one().await, slots.one().await);
        slots.resize(1);
        tokio::task::yield_now().await;
        drop(first);
        tokio::task::yield_now().await;
        assert!(slots.one().now_or_never().is_none(), "the second is still taken");
        drop(second);
        let third = slots.one().await;
        assert!(slots.one().now_or_never().is_none());
        slots.resize(3);
        let _more = (slots.one().await, slots.one().await);
        assert!(slots.one().now_or_never().is_none());
        drop(third);
    }
}
