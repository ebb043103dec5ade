//! Runs that are queued, going on or have just ended, by id: whoever wants to hear how one goes on asks here. A run that
//! nobody listens to pays nothing for it, and a slow listener slows nobody: it hears later, and of several changes at
//! once.

use serde::Serialize;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

use flowguard_core::ledger::Ledger;
use flowguard_core::limits::MAX_REMEMBERED_RUNS;
use flowguard_core::progress::Cancel;
use flowguard_core::run::{RunId, RunRecord};
use flowguard_core::timeline::{Cursor, Event, News, Step};
use flowguard_engine::RunWatcher;

/// What is said of a run that a fault of ours has ended.
pub(crate) const LOST: &str = "the run was lost: flowguard itself failed; please report it";

/// The runs.
#[derive(Default)]
pub(crate) struct LiveRuns {
    runs: Mutex<VecDeque<Arc<LiveRun>>>,
}

/// One run.
pub(crate) struct LiveRun {
    pub(crate) id: RunId,
    /// Which flow, for a person.
    pub(crate) flow: String,
    pub(crate) cancel: Cancel,
    state: watch::Sender<State>,
}

#[derive(Clone, Default)]
struct State {
    /// The attempts that have begun: their number, and what happens in them.
    attempts: Vec<(u32, Arc<Ledger>)>,
    record: Option<Arc<RunRecord>>,
    /// A fault of ours ended it without a record.
    lost: bool,
}

impl State {
    const fn is_over(&self) -> bool {
        self.record.is_some() || self.lost
    }
}

/// Where a listener is: attempts that it has heard of, and how much of the last one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    attempts: usize,
    cursor: Cursor,
    ended: bool,
}

/// Something that a listener hears.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub(crate) enum RunEvent {
    /// An attempt begins.
    AttemptBegan {
        /// Its number, from 1.
        attempt: u32,
    },
    /// A step has begun, or has ended.
    Step {
        /// The step, as it is now.
        step: Box<Step>,
    },
    /// The page did something.
    PageEvent {
        /// What.
        event: Event,
    },
    /// The run has ended.
    RunEnded {
        /// `passed`, `failed` or `errored`.
        verdict: &'static str,
        /// `product`, `flow`, `policy` or `platform`; empty where it passed.
        blame: &'static str,
        /// The message to read first; empty where it passed.
        message: String,
    },
}

impl Heard {
    /// As the id of an event, for a listener that comes back.
    pub(crate) fn id(self) -> String {
        let Self {
            attempts,
            cursor: Cursor { revision, events },
            ended,
        } = self;
        format!("{attempts}.{revision}.{events}.{}", u8::from(ended))
    }

    /// The place that such an id names; the beginning where it is none.
    pub(crate) fn parse(id: &str) -> Self {
        let mut parts = id.split('.').map(|part| part.parse::<u64>().unwrap_or_default());
        let mut next = || parts.next().unwrap_or_default();
        let number = |part| usize::try_from(part).unwrap_or_default();
        Self {
            attempts: number(next()),
            cursor: Cursor {
                revision: next(),
                events: number(next()),
            },
            ended: next() > 0,
        }
    }
}

impl LiveRuns {
    /// A run is known from here on.
    pub(crate) fn add(&self, id: RunId, flow: String) -> Arc<LiveRun> {
        let run = Arc::new(LiveRun {
            id,
            flow,
            cancel: Cancel::new(),
            state: watch::Sender::default(),
        });
        let mut runs = self.lock();
        let ended = runs.iter().filter(|run| run.is_over()).count();
        if ended > MAX_REMEMBERED_RUNS
            && let Some(oldest) = runs.iter().position(|run| run.is_over())
        {
            runs.remove(oldest);
        }
        runs.push_back(run.clone());
        run
    }

    /// The run of this id, if it is known here.
    pub(crate) fn get(&self, id: &str) -> Option<Arc<LiveRun>> {
        self.lock().iter().find(|run| run.id.as_str() == id).cloned()
    }

    /// How many have not ended.
    pub(crate) fn unended(&self) -> usize {
        self.lock().iter().filter(|run| !run.is_over()).count()
    }

    /// Those that have not ended.
    pub(crate) fn going_on(&self) -> Vec<Arc<LiveRun>> {
        let runs = self.lock();
        runs.iter().filter(|run| !run.is_over()).cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<LiveRun>>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LiveRun {
    /// What came of it, once it has ended.
    pub(crate) fn record(&self) -> Option<Arc<RunRecord>> {
        self.state.borrow().record.clone()
    }

    /// Whether an attempt has begun.
    pub(crate) fn has_begun(&self) -> bool {
        !self.state.borrow().attempts.is_empty()
    }

    /// Whether it has ended, in whichever way.
    pub(crate) fn is_over(&self) -> bool {
        self.state.borrow().is_over()
    }

    /// A fault of ours has ended it: nothing is known of what it came to.
    pub(crate) fn lost(&self) {
        self.state.send_modify(|state| state.lost = true);
    }

    /// It has ended.
    pub(crate) fn ended(&self, record: RunRecord) {
        self.state
            .send_modify(|state| state.record = Some(Arc::new(record)));
    }

    /// Ends when it has ended.
    pub(crate) async fn over(&self) {
        let mut state = self.state.subscribe();
        let _ = state.wait_for(State::is_over).await;
    }

    /// The ledger of the attempt that is going on, as soon as there is one; none where the run ends before.
    pub(crate) async fn ledger(&self) -> Option<Arc<Ledger>> {
        let mut state = self.state.subscribe();
        let begun = state
            .wait_for(|state| state.is_over() || !state.attempts.is_empty())
            .await
            .ok()?;
        begun.attempts.last().map(|(_, ledger)| ledger.clone())
    }

    /// What has happened since; waits where nothing has. `None` where everything was heard.
    pub(crate) async fn next(&self, heard: &mut Heard) -> Option<Vec<RunEvent>> {
        let mut state = self.state.subscribe();
        loop {
            if heard.ended {
                return None;
            }
            let now = state.borrow_and_update().clone();
            let mut changes = now.attempts.last().map(|(_, ledger)| ledger.timeline.changes());
            let events = now.tell(heard);
            if !events.is_empty() {
                return Some(events);
            }
            let changed = async {
                match &mut changes {
                    Some(changes) => drop(changes.changed().await),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = changed => {}
                changed = state.changed() => drop(changed.ok()?),
            }
        }
    }
}

impl State {
    fn tell(&self, heard: &mut Heard) -> Vec<RunEvent> {
        let mut events = Vec::new();
        while let Some((number, ledger)) = self.attempts.get(heard.attempts.saturating_sub(1)) {
            if heard.attempts == 0 {
                heard.attempts = 1;
                events.push(RunEvent::AttemptBegan { attempt: *number });
            }
            let News {
                steps,
                events: page,
                cursor,
            } = ledger.timeline.since(heard.cursor);
            heard.cursor = cursor;
            let steps = steps
                .into_iter()
                .map(Box::new)
                .map(|step| RunEvent::Step { step });
            events.extend(steps);
            events.extend(page.into_iter().map(|event| RunEvent::PageEvent { event }));
            let Some((next, _)) = self.attempts.get(heard.attempts) else {
                break;
            };
            events.push(RunEvent::AttemptBegan { attempt: *next });
            heard.attempts += 1;
            heard.cursor = Cursor::default();
        }
        if self.lost {
            heard.ended = true;
            events.push(RunEvent::RunEnded {
                verdict: "errored",
                blame: "platform",
                message: LOST.to_owned(),
            });
        } else if let Some(record) = &self.record {
            heard.ended = true;
            events.push(RunEvent::RunEnded {
                verdict: record.verdict.name(),
                blame: record.verdict.blame().map_or("", |blame| blame.name()),
                message: record
                    .verdict
                    .failure()
                    .map_or_else(String::new, |failure| failure.message.clone()),
            });
        }
        events
    }
}

impl RunWatcher for LiveRun {
    fn attempt_began(&self, number: u32, ledger: &Arc<Ledger>) {
        self.state
            .send_modify(|state| state.attempts.push((number, ledger.clone())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_run_that_is_lost_is_over_for_whoever_waits() {
        let runs = LiveRuns::default();
        let id = RunId::parse("r").expect("an id");
        let run = runs.add(id, "checkout".to_owned());
        assert_eq!(runs.unended(), 1);
        run.lost();
        run.over().await;
        let mut heard = Heard::default();
        let events = run.next(&mut heard).await.expect("its end");
        assert!(matches!(
            events.as_slice(),
            [RunEvent::RunEnded {
                blame: "platform",
                ..
            }]
        ));
        assert!(run.next(&mut heard).await.is_none());
        assert_eq!(runs.unended(), 0);
    }

    #[test]
    fn a_place_is_named_by_its_id() {
        let heard = Heard {
            attempts: 2,
            cursor: Cursor {
                revision: 7,
                events: 3,
            },
            ended: true,
        };
        assert_eq!(Heard::parse(&heard.id()), heard);
        assert_eq!(Heard::parse("nonsense"), Heard::default());
    }
}
