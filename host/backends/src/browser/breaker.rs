//! A breaker: what fails again and again is left alone for a while, so that nobody waits for it in vain.

use std::time::Duration;
use tokio::time::Instant;

/// Failures in a row after which it is left alone.
const FAILURES: u32 = 3;
/// For how long.
const PAUSE: Duration = Duration::from_secs(60);

/// What is known of something that may fail.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    failures: u32,
    last: String,
    tried_again_at: Option<Instant>,
}

impl Breaker {
    /// Why it is not to be tried now, where it is not. Once the pause is over, one try goes through.
    pub(super) fn holds_back(&mut self, now: Instant) -> Option<String> {
        let at = self.tried_again_at?;
        if now < at {
            return Some(self.last.clone());
        }
        self.tried_again_at = Some(now + PAUSE);
        None
    }

    /// It went well.
    pub(super) fn worked(&mut self) {
        *self = Self::default();
    }

    /// It failed.
    pub(super) fn failed(&mut self, why: &str, now: Instant) {
        self.failures += 1;
        why.clone_into(&mut self.last);
        if self.failures >= FAILURES {
            self.tried_again_at = Some(now + PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_three_times_is_left_alone_for_a_minute() {
        let mut breaker = Breaker::default();
        let start = Instant::now();
        for _ in 0..2 {
            breaker.failed("502", start);
            assert_eq!(breaker.holds_back(start), None);
        }
        breaker.failed("503", start);
        assert_eq!(breaker.holds_back(start).as_deref(), Some("503"));
        let later = start + PAUSE;
        assert_eq!(breaker.holds_back(later), None, "one may try");
        assert!(breaker.holds_back(later).is_some(), "and no other beside it");
        breaker.failed("504", later);
        assert_eq!(breaker.holds_back(later).as_deref(), Some("504"));
        breaker.worked();
        assert_eq!(breaker.holds_back(later), None);
        breaker.failed("502", later);
        assert_eq!(breaker.holds_back(later), None, "it counts from the beginning");
    }
}
