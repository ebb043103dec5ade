//! What happened in an attempt, in order: the steps (one for each host call, and the flow's own), and the
//! page's console and network beside them. The report is drawn from it.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

mod history;

use crate::artifact::Attachment;
use crate::failure::Failure;
use crate::limits::{MAX_EVENTS, MAX_STEPS};
use crate::secrets::Scrubber;

pub use history::{Event, History, PageEvent, Place, ScreencastFrame, Step, StepId, StepOutcome};

/// How much of a timeline somebody has heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The last change of a step that was told.
    pub revision: u64,
    /// Events that had come.
    pub events: usize,
}

/// What happened after a cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Steps that have begun, ended or got more, as they are now.
    pub steps: Vec<Step>,
    /// Events that have come.
    pub events: Vec<Event>,
    /// Where to go on.
    pub cursor: Cursor,
}

/// Writes a [`History`] as it happens.
#[derive(Debug, Default)]
pub struct Timeline {
    state: Mutex<State>,
    /// Changes with every step and event.
    changes: watch::Sender<u64>,
    /// What is kept out of it.
    known: Arc<Scrubber>,
}

#[derive(Debug, Default)]
struct State {
    history: History,
    /// Steps of the flow's own that have not ended, outermost first.
    open: Vec<StepId>,
    /// The call that is going on.
    current: Option<StepId>,
    /// Changes of steps so far.
    revision: u64,
    /// The last change of each step.
    changed: Vec<u64>,
}

impl Timeline {
    /// A timeline that keeps out what is known to be secret.
    #[must_use]
    pub fn keeping_out(known: Arc<Scrubber>) -> Self {
        Self {
            known,
            ..Self::default()
        }
    }

    /// Begins a step inside the innermost open one. `None` where the limit is reached.
    pub fn begin(
        &self,
        source: Cow<'static, str>,
        op: &'static str,
        title: String,
        at: Duration,
        parent: Option<StepId>,
    ) -> Option<StepId> {
        let title = self.known.owned(title);
        let mut state = self.lock();
        if state.history.steps.len() >= MAX_STEPS {
            state.history.steps_dropped += 1;
            return None;
        }
        let id = u32::try_from(state.history.steps.len()).ok()?;
        let parent = parent.or_else(|| state.open.last().copied());
        state.history.steps.push(Step {
            id,
            parent,
            source,
            op: Cow::Borrowed(op),
            title,
            at_us: micros(at),
            took_us: 0,
            outcome: StepOutcome::Running,
            attributes: Vec::new(),
            attachments: Vec::new(),
            places: Vec::new(),
        });
        state.changed.push(0);
        state.step(Some(id));
        state.current = Some(id);
        self.changed();
        Some(id)
    }

    /// Tells when something happens.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// What has happened since.
    #[must_use]
    pub fn since(&self, cursor: Cursor) -> News {
        let state = self.lock();
        let History { steps, events, .. } = &state.history;
        let changed = steps.iter().zip(&state.changed);
        let news = changed.filter(|(_, revision)| **revision > cursor.revision);
        News {
            steps: news.map(|(step, _)| step.clone()).collect(),
            events: events.get(cursor.events..).unwrap_or_default().to_vec(),
            cursor: Cursor {
                revision: state.revision,
                events: events.len(),
            },
        }
    }

    fn changed(&self) {
        self.changes.send_modify(|changes| *changes += 1);
    }

    /// Begins a step inside this one, of the same source.
    pub fn begin_below(
        &self,
        parent: Option<StepId>,
        op: &'static str,
        title: String,
        at: Duration,
    ) -> Option<StepId> {
        let source = self.lock().history.steps.get(parent? as usize)?.source.clone();
        self.begin(source, op, title, at, parent)
    }

    /// Ends a step.
    pub fn end(&self, id: Option<StepId>, now: Duration, outcome: StepOutcome) {
        let outcome = self.clean(outcome);
        let mut state = self.lock();
        if state.current == id {
            state.current = None;
        }
        if id.is_some_and(|id| state.open.contains(&id)) {
            // A step of the flow's own goes on until the flow ends it.
            return;
        }
        if let Some(step) = state.step(id) {
            step.took_us = micros(now).saturating_sub(step.at_us);
            step.outcome = outcome;
        }
        self.changed();
    }

    /// Keeps a step open, so that the next ones happen inside it. Tells how many are open.
    pub fn open(&self, id: StepId) -> usize {
        let mut state = self.lock();
        state.open.push(id);
        state.open.len()
    }

    /// How many steps are open.
    pub fn open_count(&self) -> usize {
        self.lock().open.len()
    }

    /// Ends an open step and those still open inside it; those have passed, it ended as `outcome` says.
    pub fn close(&self, id: StepId, now: Duration, outcome: &StepOutcome) {
        let outcome = &self.clean(outcome.clone());
        let mut state = self.lock();
        let Some(place) = state.open.iter().position(|open| *open == id) else {
            return;
        };
        let inner = state.open.split_off(place);
        for step_id in inner.into_iter().rev() {
            let how = if step_id == id {
                outcome.clone()
            } else {
                StepOutcome::Passed
            };
            if let Some(step) = state.step(Some(step_id)) {
                step.took_us = micros(now).saturating_sub(step.at_us);
                step.outcome = how;
            }
        }
        self.changed();
    }

    /// Says where in the flow's code a step was asked for, innermost first.
    pub fn place(&self, id: Option<StepId>, places: Vec<Place>) {
        if places.is_empty() {
            return;
        }
        if let Some(step) = self.lock().step(id) {
            step.places = places;
        }
    }

    /// Adds key and value to a step.
    pub fn annotate(&self, id: Option<StepId>, key: impl Into<String>, value: impl Into<String>) {
        let (key, value) = (self.known.owned(key.into()), self.known.owned(value.into()));
        if let Some(step) = self.lock().step(id) {
            step.attributes.push((key, value));
        }
    }

    /// Adds an attachment to a step.
    pub fn attach(&self, id: Option<StepId>, mut attachment: Attachment) {
        attachment.name = self.known.owned(attachment.name);
        if let Some(step) = self.lock().step(id) {
            step.attachments.push(attachment);
        }
    }

    /// Adds an attachment to the step that is going on, or to the last one that began.
    pub fn attach_to_latest(&self, mut attachment: Attachment) {
        attachment.name = self.known.owned(attachment.name);
        let mut state = self.lock();
        let id = state
            .current
            .or_else(|| state.history.steps.last().map(|step| step.id));
        if let Some(step) = state.step(id) {
            step.attachments.push(attachment);
        }
    }

    /// Adds an event of a page.
    pub fn event(&self, page: u32, at: Duration, what: PageEvent) {
        let clean = self.known.record(what);
        let mut state = self.lock();
        let Some(what) = clean.filter(|_| state.history.events.len() < MAX_EVENTS) else {
            state.history.events_dropped += 1;
            return;
        };
        let step = state.current.or_else(|| state.open.last().copied());
        state.history.events.push(Event {
            at_us: micros(at),
            step,
            page,
            what,
        });
        self.changed();
    }

    /// What the pages looked like, by time.
    pub fn screencast(&self, frames: Vec<ScreencastFrame>) {
        self.lock().history.screencast = frames;
    }

    /// The attempt is over: what has not ended has lasted until now.
    pub fn finish(&self, now: Duration) {
        let mut state = self.lock();
        state.open.clear();
        state.current = None;
        let steps = state.history.steps.iter();
        let running = steps.filter(|step| step.outcome == StepOutcome::Running);
        let running: Vec<StepId> = running.map(|step| step.id).collect();
        for id in running {
            if let Some(step) = state.step(Some(id)) {
                step.took_us = micros(now).saturating_sub(step.at_us);
            }
        }
        self.changed();
    }

    /// What happened so far.
    #[must_use]
    pub fn history(&self) -> History {
        self.lock().history.clone()
    }

    /// The step that is going on, or the last that began: its title.
    #[must_use]
    pub fn latest_title(&self) -> Option<String> {
        self.lock().history.steps.last().map(|step| step.title.clone())
    }

    fn clean(&self, outcome: StepOutcome) -> StepOutcome {
        let clean = |failure: Failure| failure.without(&self.known);
        match outcome {
            StepOutcome::Retried(failure) => StepOutcome::Retried(clean(failure)),
            StepOutcome::FailedSoftly(failure) => StepOutcome::FailedSoftly(clean(failure)),
            StepOutcome::Failed(failure) => StepOutcome::Failed(clean(failure)),
            other @ (StepOutcome::Running | StepOutcome::Passed) => other,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves the list itself whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// A step that is to be changed.
    fn step(&mut self, id: Option<StepId>) -> Option<&mut Step> {
        let place = id? as usize;
        let step = self.history.steps.get_mut(place)?;
        self.revision += 1;
        *self.changed.get_mut(place)? = self.revision;
        Some(step)
    }
}

/// A duration in whole microseconds, as records hold it.
#[must_use]
pub fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(timeline: &Timeline, title: &str, at: u64) -> StepId {
        timeline
            .begin(
                Cow::Borrowed("flow"),
                "test",
                title.into(),
                Duration::from_micros(at),
                None,
            )
            .expect("below the limit")
    }

    #[test]
    fn closing_a_step_closes_those_inside_it() {
        let timeline = Timeline::default();
        let outer = begin(&timeline, "outer", 0);
        timeline.open(outer);
        let inner = begin(&timeline, "inner", 1);
        timeline.open(inner);
        let call = begin(&timeline, "click", 2);
        timeline.end(Some(call), Duration::from_micros(5), StepOutcome::Passed);
        timeline.close(outer, Duration::from_micros(9), &StepOutcome::Passed);

        let steps = timeline.history().steps;
        assert_eq!(
            steps.iter().map(|s| s.parent).collect::<Vec<_>>(),
            [None, Some(outer), Some(inner)]
        );
        assert_eq!(steps.iter().map(|s| s.took_us).collect::<Vec<_>>(), [9, 8, 3]);
        assert_eq!(timeline.open_count(), 0);
    }

    #[test]
    fn what_is_new_is_told_once_and_again_where_it_has_ended() {
        let timeline = Timeline::default();
        let mut changes = timeline.changes();
        let at = Duration::from_micros;
        let first = begin(&timeline, "first", 10);
        let news = timeline.since(Cursor::default());
        assert_eq!(news.steps.len(), 1);
        begin(&timeline, "second", 20);
        timeline.event(1, at(21), PageEvent::Crashed);
        // Its time was taken before the second began: only the order of what was written down counts.
        timeline.end(Some(first), at(15), StepOutcome::Passed);
        let later = timeline.since(news.cursor);
        let titles: Vec<&str> = later.steps.iter().map(|step| step.title.as_str()).collect();
        assert_eq!(
            (titles.as_slice(), later.events.len()),
            (["first", "second"].as_slice(), 1)
        );
        let nothing = timeline.since(later.cursor);
        assert_eq!((nothing.steps.len(), nothing.events.len()), (0, 0));
        timeline.annotate(Some(first), "size", "4 KiB");
        timeline.finish(at(40));
        let last = timeline.since(nothing.cursor).steps;
        assert_eq!(last.len(), 2, "one got more, the other has not ended: {last:?}");
        assert!(changes.has_changed().expect("it is there"));
        changes.mark_unchanged();
        assert!(!changes.has_changed().expect("it is there"));
    }

    #[test]
    fn an_event_belongs_to_the_call_that_is_going_on() {
        let timeline = Timeline::default();
        let call = begin(&timeline, "click", 0);
        timeline.event(1, Duration::from_micros(1), PageEvent::Crashed);
        timeline.end(Some(call), Duration::from_micros(2), StepOutcome::Passed);
        timeline.event(1, Duration::from_micros(3), PageEvent::Crashed);
        let steps: Vec<_> = timeline.history().events.iter().map(|e| e.step).collect();
        assert_eq!(steps, [Some(call), None]);
    }
}
