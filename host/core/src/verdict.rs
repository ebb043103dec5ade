//! From what happened to what it means. Pure.

use serde::{Deserialize, Serialize};

use crate::failure::{Blame, Code, Failure};
use crate::ledger::Faults;

/// How the component's `run` ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It returned without a failure.
    Returned,
    /// It returned a failure.
    ReturnedFailure(Failure),
    /// It trapped, or broke a limit: the message and the guest's backtrace.
    Stopped {
        /// What happened.
        message: String,
        /// The guest's functions and lines, innermost first.
        backtrace: Vec<String>,
    },
    /// Its time was over.
    OutOfTime {
        /// The message.
        message: String,
    },
    /// Somebody cancelled the run.
    Cancelled,
    /// The host failed before, during or after the call.
    HostFailed(Failure),
}

/// What a run or an attempt came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum Verdict {
    /// Everything held.
    Passed,
    /// The product under test is wrong.
    Failed {
        /// What did not hold; the first is the one that ended the run, if any did.
        failures: Vec<Failure>,
    },
    /// It could not be decided.
    Errored {
        /// Who must act.
        blame: Blame,
        /// Why.
        failure: Failure,
        /// The guest's backtrace, innermost first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        backtrace: Vec<String>,
    },
}

impl Verdict {
    /// Whether everything held.
    #[must_use]
    pub const fn passed(&self) -> bool {
        matches!(self, Self::Passed)
    }

    /// Who must act; `None` where everything held.
    #[must_use]
    pub const fn blame(&self) -> Option<Blame> {
        match self {
            Self::Passed => None,
            Self::Failed { .. } => Some(Blame::Product),
            Self::Errored { blame, .. } => Some(*blame),
        }
    }

    /// `passed`, `failed` or `errored`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed { .. } => "failed",
            Self::Errored { .. } => "errored",
        }
    }

    /// The failure that a person should read first.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Passed => None,
            Self::Failed { failures } => failures.first(),
            Self::Errored { failure, .. } => Some(failure),
        }
    }

    /// Whether a new attempt may end otherwise without anybody acting: only where the platform failed.
    #[must_use]
    pub fn retried_by_itself(&self) -> bool {
        matches!(self, Self::Errored { blame: Blame::Platform, failure, .. } if failure.retryable)
    }
}

/// Folds what happened into the verdict. A fault of the platform never lets a run pass, and decides it.
#[must_use]
pub fn fold(ending: Ending, faults: &Faults) -> Verdict {
    if let Ending::HostFailed(failure) = ending {
        return errored(Blame::Platform, failure);
    }
    if let Some(fault) = &faults.platform {
        return errored(Blame::Platform, fault.clone());
    }
    match ending {
        Ending::HostFailed(failure) => errored(Blame::Platform, failure),
        Ending::Returned => softly(faults, None),
        Ending::ReturnedFailure(failure) => match blame_of(&failure, faults) {
            Blame::Product => softly(faults, Some(failure)),
            blame => errored(blame, failure),
        },
        Ending::Stopped { message, backtrace } => Verdict::Errored {
            blame: Blame::Flow,
            failure: Failure::new(Code::FlowError, message),
            backtrace,
        },
        Ending::OutOfTime { message } => errored(Blame::Flow, Failure::new(Code::Cancelled, message)),
        Ending::Cancelled => {
            let mut failure = Failure::new(Code::Cancelled, "the run was cancelled");
            failure.retryable = false;
            errored(Blame::Platform, failure)
        }
    }
}

/// The host's own record of a failure outranks what the guest says of it. What a guest made up itself is the
/// flow's, but for an assertion of its own.
fn blame_of(failure: &Failure, faults: &Faults) -> Blame {
    let recorded = failure
        .call
        .and_then(|call| faults.given.iter().find(|(n, _)| *n == call));
    match (recorded, failure.code) {
        (Some((_, code)), _) => code.blame(),
        (None, Code::AssertionFailed) => Blame::Product,
        (None, _) => Blame::Flow,
    }
}

fn softly(faults: &Faults, hard: Option<Failure>) -> Verdict {
    let failures: Vec<Failure> = hard.into_iter().chain(faults.soft.iter().cloned()).collect();
    if failures.is_empty() {
        Verdict::Passed
    } else {
        Verdict::Failed { failures }
    }
}

fn errored(blame: Blame, failure: Failure) -> Verdict {
    Verdict::Errored {
        blame,
        failure,
        backtrace: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(code: Code, call: Option<u32>) -> Failure {
        Failure {
            call,
            ..Failure::new(code, "m")
        }
    }

    fn faults(given: &[(u32, Code)], soft: usize, platform: bool) -> Faults {
        Faults {
            soft: vec![failure(Code::AssertionFailed, None); soft],
            given: given.to_vec(),
            platform: platform.then(|| failure(Code::PageLost, Some(9))),
            tape: None,
        }
    }

    #[test]
    fn the_table() {
        use Ending::{Cancelled, HostFailed, OutOfTime, Returned, ReturnedFailure, Stopped};
        let stopped = || Stopped {
            message: "trap".into(),
            backtrace: vec![],
        };
        let none = faults(&[], 0, false);
        let cases: Vec<(&str, Ending, Faults, &str, Option<Blame>)> = vec![
            ("returned", Returned, none.clone(), "passed", None),
            (
                "soft failure",
                Returned,
                faults(&[], 2, false),
                "failed",
                Some(Blame::Product),
            ),
            (
                "platform fault caught by the flow",
                Returned,
                faults(&[], 0, true),
                "errored",
                Some(Blame::Platform),
            ),
            (
                "an assertion of the host",
                ReturnedFailure(failure(Code::AssertionFailed, Some(3))),
                faults(&[(3, Code::AssertionFailed)], 0, false),
                "failed",
                Some(Blame::Product),
            ),
            (
                "a flow that calls its bad locator a platform failure",
                ReturnedFailure(failure(Code::Internal, Some(3))),
                faults(&[(3, Code::AmbiguousLocator)], 0, false),
                "errored",
                Some(Blame::Flow),
            ),
            (
                "a platform failure that the guest made up",
                ReturnedFailure(failure(Code::Unavailable, None)),
                none.clone(),
                "errored",
                Some(Blame::Flow),
            ),
            (
                "an assertion of the flow's own",
                ReturnedFailure(failure(Code::AssertionFailed, None)),
                none.clone(),
                "failed",
                Some(Blame::Product),
            ),
            (
                "a denial",
                ReturnedFailure(failure(Code::Denied, Some(1))),
                faults(&[(1, Code::Denied)], 0, false),
                "errored",
                Some(Blame::Policy),
            ),
            (
                "an assertion that failed after the platform did",
                ReturnedFailure(failure(Code::AssertionFailed, Some(10))),
                faults(&[(9, Code::PageLost), (10, Code::AssertionFailed)], 0, true),
                "errored",
                Some(Blame::Platform),
            ),
            ("a trap", stopped(), none.clone(), "errored", Some(Blame::Flow)),
            (
                "a trap after the platform failed",
                stopped(),
                faults(&[], 0, true),
                "errored",
                Some(Blame::Platform),
            ),
            (
                "deadline",
                OutOfTime { message: "m".into() },
                none.clone(),
                "errored",
                Some(Blame::Flow),
            ),
            (
                "cancelled",
                Cancelled,
                none.clone(),
                "errored",
                Some(Blame::Platform),
            ),
            (
                "host",
                HostFailed(failure(Code::Internal, None)),
                none,
                "errored",
                Some(Blame::Platform),
            ),
        ];
        for (what, ending, faults, name, blame) in cases {
            let verdict = fold(ending, &faults);
            assert_eq!((verdict.name(), verdict.blame()), (name, blame), "{what}");
        }
    }

    #[test]
    fn only_the_platform_is_retried_and_a_cancelled_run_is_not() {
        let none = Faults::default();
        assert!(fold(Ending::HostFailed(failure(Code::Unavailable, None)), &none).retried_by_itself());
        assert!(!fold(Ending::Cancelled, &none).retried_by_itself());
        assert!(
            !fold(
                Ending::OutOfTime {
                    message: String::new()
                },
                &none
            )
            .retried_by_itself()
        );
    }
}
