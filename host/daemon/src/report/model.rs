//! What every renderer reads: the runs, what could not be loaded, and what follows from both.

use super::seen::{Seen, seen};
use flowguard_core::artifact::{Attachment, Digest};
use flowguard_core::run::{Origin, RunRecord};
use flowguard_core::timeline::History;
use flowguard_core::verdict::Verdict;
use std::collections::HashSet;
use std::time::Duration;

/// A file that could not be loaded, so that none of its flows ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LoadFailure {
    /// The file that was named to FlowGuard.
    pub(crate) file: String,
    /// What happened and what to do.
    pub(crate) message: String,
}

/// How many flows ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Flows that ran.
    pub(crate) flows: usize,
    /// Flows of which everything held, flaky ones included.
    pub(crate) passed: usize,
    /// Flows that found the product wrong.
    pub(crate) failed: usize,
    /// Flows that could not be decided.
    pub(crate) errored: usize,
    /// Flows that passed, and not at the first attempt.
    pub(crate) flaky: usize,
    /// Files that could not be loaded.
    pub(crate) not_loaded: usize,
}

/// What all of it came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overall {
    /// Something ran, and everything held.
    Passed,
    /// The product under test is wrong.
    Failed,
    /// Nothing was found wrong with the product, and something could not be decided.
    Errored,
}

impl Overall {
    /// `passed`, `failed` or `errored`.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Errored => "errored",
        }
    }
}

/// A finished invocation: its runs in the order in which they are to be shown.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    /// FlowGuard's version.
    pub(crate) version: String,
    /// When it began, in milliseconds since 1970.
    pub(crate) started_ms: u64,
    /// How long it took, in microseconds.
    pub(crate) took_us: u64,
    /// The runs.
    pub(crate) runs: Vec<RunRecord>,
    /// What could not be loaded.
    pub(crate) load_failures: Vec<LoadFailure>,
}

/// The runs of one component from one file.
pub(super) struct Suite<'a> {
    /// Where its flows came from.
    pub(super) origin: &'a Origin,
    /// Its runs.
    pub(super) runs: Vec<&'a RunRecord>,
}

impl Report {
    /// A report of these runs.
    pub(crate) fn new(
        runs: Vec<RunRecord>,
        load_failures: Vec<LoadFailure>,
        started_ms: u64,
        took: Duration,
        version: impl Into<String>,
    ) -> Self {
        Self {
            version: version.into(),
            started_ms,
            took_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            runs,
            load_failures,
        }
    }

    /// A report of one run alone.
    pub(crate) fn of_one(run: RunRecord) -> Self {
        let (started_ms, took) = (run.started_ms, Duration::from_micros(run.took_us));
        Self::new(vec![run], Vec::new(), started_ms, took, env!("CARGO_PKG_VERSION"))
    }

    /// How many flows ended how.
    #[must_use]
    pub(crate) fn counts(&self) -> Counts {
        let count = |holds: &dyn Fn(&RunRecord) -> bool| self.runs.iter().filter(|run| holds(run)).count();
        Counts {
            flows: self.runs.len(),
            passed: count(&|run| run.verdict.passed()),
            failed: count(&|run| matches!(run.verdict, Verdict::Failed { .. })),
            errored: count(&|run| matches!(run.verdict, Verdict::Errored { .. })),
            flaky: count(&RunRecord::flaky),
            not_loaded: self.load_failures.len(),
        }
    }

    /// What all of it came to. Where nothing ran, nothing is known: that is no success.
    #[must_use]
    pub(crate) fn overall(&self) -> Overall {
        let counts = self.counts();
        if counts.failed > 0 {
            Overall::Failed
        } else if counts.errored + counts.not_loaded > 0 || counts.flows == 0 {
            Overall::Errored
        } else {
            Overall::Passed
        }
    }

    /// The runs by component, file and content, in the order of their first run.
    pub(super) fn suites(&self) -> Vec<Suite<'_>> {
        let mut suites: Vec<Suite<'_>> = Vec::new();
        for run in &self.runs {
            match suites.iter_mut().find(|suite| *suite.origin == run.origin) {
                Some(suite) => suite.runs.push(run),
                None => suites.push(Suite {
                    origin: &run.origin,
                    runs: vec![run],
                }),
            }
        }
        suites
    }

    /// The digests of everything that is attached, those of runs that did not pass first, each once.
    pub(crate) fn attachments(&self) -> Vec<&Attachment> {
        let (bad, good): (Vec<_>, Vec<_>) = self.runs.iter().partition(|run| !run.verdict.passed());
        let mut seen = HashSet::<&Digest>::new();
        bad.into_iter()
            .chain(good)
            .flat_map(|run| run.attempts.iter().rev())
            .flat_map(|attempt| pictures_of(&attempt.history))
            .filter(|attachment| seen.insert(&attachment.digest))
            .collect()
    }
}

/// What an attempt's steps refer to, the last first: what was attached, and the pages around them.
fn pictures_of(history: &History) -> Vec<&Attachment> {
    let steps = history.steps.iter().rev();
    let attached = steps.clone().flat_map(|step| &step.attachments);
    let around = steps.flat_map(|step| {
        let Seen { before, after } = seen(history, step);
        [after, before].into_iter().flatten().map(|frame| &frame.picture)
    });
    attached.chain(around).collect()
}
