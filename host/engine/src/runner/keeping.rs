//! Runs that leave their pages open, and runs that go on with them: a changed flow is answered from the recording
//! of the run before, and acts by itself from its first other call on.

use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

use super::attempt::{Course, Performed};
use super::{Began, RunWatcher, Runner, Subject};
use flowguard_core::browser::Browser;
use flowguard_core::cassette::Recording;
use flowguard_core::progress::Cancel;
use flowguard_core::replay::{Replay, WentLive};
use flowguard_core::resume::{Looks, Refusal, Resumable};
use flowguard_core::run::RunRecord;

/// A run that has ended and left its pages open.
pub struct KeptRun {
    browser: Browser,
    resumable: Resumable,
}

/// What came of a run that was to leave its pages open.
pub struct Kept {
    /// The run.
    pub record: RunRecord,
    /// Its pages; or why nothing can go on with them.
    pub run: Result<KeptRun, Refusal>,
    /// How it began.
    pub started: Started,
}

/// How a run began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Started {
    /// From the beginning; with the reason where it was to go on with the pages of another run.
    AtTheBeginning(Option<Refusal>),
    /// It made the recorded calls and no other: nothing was done, and nothing recorded.
    Answered,
    /// With the pages of another run.
    WentOn {
        /// The number of its first call that was done.
        call: u32,
        /// That call.
        title: String,
        /// How long it took to see that the pages were as they had been left.
        looking: Duration,
        /// How long the recorded part took.
        answering: Duration,
    },
}

impl KeptRun {
    /// Closes the pages and gives the browser back.
    pub async fn let_go(self) {
        self.browser.release().await;
    }
}

impl Runner {
    /// Runs a flow once and leaves its pages open. With the pages and the recording of an earlier run it goes on
    /// from there where it can, and else from the beginning.
    pub async fn run_keeping(
        &self,
        subject: &Subject<'_>,
        before: Option<(KeptRun, Recording)>,
        cancel: &Cancel,
        watcher: &dyn RunWatcher,
    ) -> Kept {
        let began = Began::now(&self.ports);
        let refusal = match before {
            None => None,
            Some((kept, recording)) => match self.go_on(subject, kept, recording, cancel, watcher).await {
                Ok((performed, was, started)) => {
                    return began.kept(subject, performed, was, started).await;
                }
                Err(refusal) => Some(refusal),
            },
        };
        let performed = self
            .perform(subject, 1, Course::Live, true, cancel, watcher)
            .await;
        let started = Started::AtTheBeginning(refusal);
        began.kept(subject, performed, None, started).await
    }

    /// Runs a changed flow on the pages of an earlier run. What could be gone on from before comes back where
    /// nothing was done.
    async fn go_on(
        &self,
        subject: &Subject<'_>,
        kept: KeptRun,
        recording: Recording,
        cancel: &Cancel,
        watcher: &dyn RunWatcher,
    ) -> Result<(Performed, Option<Resumable>, Started), Refusal> {
        let KeptRun { browser, resumable } = kept;
        let began = Instant::now();
        let now = browser.fingerprint().await;
        let checked = now
            .ok_or(Refusal::PagesSilent)
            .and_then(|now| resumable.pages.check(&now));
        if let Err(refusal) = checked {
            browser.release().await;
            return Err(refusal);
        }
        let looking = began.elapsed();
        let replay = Arc::new(Replay::resuming(recording, &resumable));
        let course = Course::GoesOn(&replay, Box::new(browser));
        let performed = self.perform(subject, 1, course, true, cancel, watcher).await;
        match (replay.refusal(), replay.went_live()) {
            (Some(refusal), _) => {
                performed.browser.release().await;
                Err(refusal)
            }
            (None, None) => Ok((performed, Some(resumable), Started::Answered)),
            (None, Some(WentLive { n, title, at })) => {
                let answering = at.saturating_duration_since(performed.began);
                let started = Started::WentOn {
                    call: n,
                    title,
                    looking,
                    answering,
                };
                Ok((performed, None, started))
            }
        }
    }
}

impl Began {
    async fn kept(
        self,
        subject: &Subject<'_>,
        performed: Performed,
        was: Option<Resumable>,
        started: Started,
    ) -> Kept {
        let Performed {
            attempt,
            browser,
            ledger,
            ..
        } = performed;
        let resumable = match was {
            Some(was) => Ok(was),
            None => ledger.touches.conclude().await,
        };
        let verdict = attempt.verdict.clone();
        let run = match (resumable, Arc::into_inner(browser)) {
            (Ok(resumable), Some(browser)) => Ok(KeptRun { browser, resumable }),
            (Err(refusal), Some(browser)) => {
                browser.release().await;
                Err(refusal)
            }
            (_, None) => Err(Refusal::NothingKept {
                why: "the browser is still in use".to_owned(),
            }),
        };
        Kept {
            record: self.record(subject, vec![attempt], verdict),
            run,
            started,
        }
    }
}
