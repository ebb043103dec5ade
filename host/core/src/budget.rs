//! What a run may spend, charged at the gate before the work is done.

use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::failure::{Code, Failure};
use crate::limits;

/// What a call costs beyond being one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charge {
    /// Nothing more.
    Call,
    /// A screenshot.
    Screenshot,
    /// A request made for the guest.
    Probe,
    /// A custom assertion's store.
    Assertion,
    /// A log line.
    LogLine,
    /// A step of the flow's own.
    Span,
}

/// What a run may spend of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowance {
    /// Host calls.
    pub calls: u32,
    /// Screenshots.
    pub screenshots: u32,
    /// Probed addresses.
    pub probes: u32,
    /// Calls of custom assertions.
    pub assertions: u32,
    /// Log lines.
    pub log_lines: u32,
    /// Steps of the flow's own.
    pub spans: u32,
    /// Bytes of artifacts.
    pub artifact_bytes: u64,
}

impl Default for Allowance {
    fn default() -> Self {
        Self {
            calls: limits::MAX_CALLS,
            screenshots: limits::MAX_SCREENSHOTS,
            probes: limits::MAX_PROBES,
            assertions: limits::MAX_ASSERTION_CALLS,
            log_lines: limits::MAX_LOG_LINES,
            spans: limits::MAX_SPANS,
            artifact_bytes: limits::MAX_ARTIFACT_BYTES,
        }
    }
}

/// What a run has spent, against what it may.
#[derive(Debug, Default)]
pub struct Budget {
    allowance: Allowance,
    calls: AtomicU32,
    screenshots: AtomicU32,
    probes: AtomicU32,
    assertions: AtomicU32,
    log_lines: AtomicU32,
    spans: AtomicU32,
    artifact_bytes: AtomicU64,
}

impl Budget {
    /// Nothing spent yet.
    #[must_use]
    pub fn new(allowance: Allowance) -> Self {
        Self {
            allowance,
            ..Self::default()
        }
    }

    /// Charges one call.
    ///
    /// # Errors
    /// [`Code::OverBudget`] where nothing is left; nothing is charged then.
    pub fn charge(&self, charge: Charge) -> Result<(), Failure> {
        spend(&self.calls, self.allowance.calls, "host calls")?;
        match charge {
            Charge::Call => Ok(()),
            Charge::Screenshot => spend(&self.screenshots, self.allowance.screenshots, "screenshots"),
            Charge::Probe => spend(&self.probes, self.allowance.probes, "probed addresses"),
            Charge::Assertion => spend(
                &self.assertions,
                self.allowance.assertions,
                "calls of custom assertions",
            ),
            Charge::LogLine => spend(&self.log_lines, self.allowance.log_lines, "log lines"),
            Charge::Span => spend(&self.spans, self.allowance.spans, "steps"),
        }
    }

    /// Charges bytes that are kept for the report.
    ///
    /// # Errors
    /// [`Code::OverBudget`] where they do not fit any more; nothing is charged then.
    pub fn charge_artifact(&self, bytes: u64) -> Result<(), Failure> {
        let limit = self.allowance.artifact_bytes;
        let fits = |spent: u64| spent.checked_add(bytes).filter(|total| *total <= limit);
        match self
            .artifact_bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits)
        {
            Ok(_) => Ok(()),
            Err(_) => Err(over(&format!("{limit} bytes of artifacts"))),
        }
    }

    /// Host calls made so far.
    #[must_use]
    pub fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }
}

fn spend(spent: &AtomicU32, limit: u32, what: &str) -> Result<(), Failure> {
    let next = |n: u32| (n < limit).then_some(n + 1);
    match spent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next) {
        Ok(_) => Ok(()),
        Err(_) => Err(over(&format!("{limit} {what}"))),
    }
}

fn over(what: &str) -> Failure {
    Failure::new(Code::OverBudget, format!("the run's budget is spent: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_that_is_spent_refuses_itself_and_not_the_others() {
        let budget = Budget::new(Allowance {
            screenshots: 1,
            ..Allowance::default()
        });
        assert_eq!(budget.charge(Charge::Screenshot), Ok(()));
        let refused = budget.charge(Charge::Screenshot).expect_err("spent");
        assert_eq!(refused.code, Code::OverBudget);
        assert_eq!(refused.message, "the run's budget is spent: 1 screenshots");
        assert_eq!(budget.charge(Charge::Call), Ok(()));
    }

    #[test]
    fn bytes_are_charged_whole_or_not_at_all() {
        let budget = Budget::new(Allowance {
            artifact_bytes: 10,
            ..Allowance::default()
        });
        assert!(budget.charge_artifact(8).is_ok());
        assert!(budget.charge_artifact(3).is_err());
        assert!(budget.charge_artifact(2).is_ok());
        assert!(budget.charge_artifact(u64::MAX).is_err());
    }
}
