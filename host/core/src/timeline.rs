//! What happened in an attempt, in order: the steps (one for each host call, and the flow's own), and the
//! page's console and network beside them. The report is drawn from it.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::artifact::Attachment;
use crate::failure::Failure;
use crate::limits::{MAX_EVENTS, MAX_STEPS};

/// Names a step within its attempt.
pub type StepId = u32;

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is", content = "failure")]
pub enum StepOutcome {
    /// It has not ended: the run did before.
    Running,
    /// It did what it should.
    Passed,
    /// It did not, and was tried again.
    Retried(Failure),
    /// It did not, and the flow went on: a soft assertion.
    FailedSoftly(Failure),
    /// It did not.
    Failed(Failure),
}

/// A place in the flow's own code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The function, as its author named it; may be empty.
    pub function: String,
    /// The file, as the compiler or the interpreter was given it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1; 0 where it is not known.
    pub column: u32,
    /// The line's text, where it could be read; else empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// One thing done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its name in the attempt, counted from 0.
    pub id: StepId,
    /// The step that it happened in.
    pub parent: Option<StepId>,
    /// Who did it: `flow`, or the name of a custom assertion.
    pub source: Cow<'static, str>,
    /// The operation, for example `locator.click`.
    pub op: Cow<'static, str>,
    /// For a person: `click button "Pay"`.
    pub title: String,
    /// When it began, in microseconds from the attempt's start.
    pub at_us: u64,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// How it ended.
    pub outcome: StepOutcome,
    /// Key and value pairs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<(String, String)>,
    /// Screenshots and attachments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// Where the flow asked for it, innermost first; empty where it is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Place>,
}

/// What a page looked like from a moment on, until its next picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScreencastFrame {
    /// When it was drawn, in microseconds from the attempt's start.
    pub at_us: u64,
    /// Which page, counted from 1.
    pub page: u32,
    /// The picture.
    pub picture: Attachment,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
}

/// Something that the page did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum PageEvent {
    /// A line on the console.
    Console {
        /// `log`, `info`, `warning`, `error`, `debug` …
        level: String,
        /// The text.
        text: String,
        /// Where in the page's code; may be empty.
        place: String,
    },
    /// An exception that nothing caught.
    Uncaught {
        /// The message and the stack.
        text: String,
    },
    /// A request and its answer.
    Request {
        /// The method.
        method: String,
        /// The address, without user and password.
        url: String,
        /// `document`, `script`, `fetch` …
        kind: String,
        /// HTTP status; `None` where no answer came.
        status: Option<u16>,
        /// Why there was no answer.
        error: Option<String>,
        /// How long it took, in microseconds.
        took_us: u64,
    },
    /// A dialog that the host dismissed.
    Dialog {
        /// `alert`, `confirm`, `prompt`, `beforeunload`.
        kind: String,
        /// Its text.
        text: String,
    },
    /// The renderer crashed.
    Crashed,
    /// The page opened another one, which was closed at once: too many were open.
    PopupClosed,
}

/// An event of a page, placed in time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When it was heard of, in microseconds from the attempt's start; for a request, when it ended.
    pub at_us: u64,
    /// The step that was going on.
    pub step: Option<StepId>,
    /// Which page, counted from 1.
    pub page: u32,
    /// What happened.
    pub what: PageEvent,
}

/// All that happened in an attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// The steps, by their beginning.
    pub steps: Vec<Step>,
    /// The pages' events, by time.
    pub events: Vec<Event>,
    /// What the pages looked like, by time, where a screencast was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub screencast: Vec<ScreencastFrame>,
    /// Steps beyond the limit, which are not kept.
    pub steps_dropped: u32,
    /// Events beyond the limit, which are not kept.
    pub events_dropped: u32,
}

/// Writes a [`History`] as it happens.
#[derive(Debug, Default)]
pub struct Timeline {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    history: History,
    /// Steps of the flow's own that have not ended, outermost first.
    open: Vec<StepId>,
    /// The call that is going on.
    current: Option<StepId>,
}

impl Timeline {
    /// Begins a step inside the innermost open one. `None` where the limit is reached.
    pub fn begin(
        &self,
        source: Cow<'static, str>,
        op: &'static str,
        title: String,
        at: Duration,
        parent: Option<StepId>,
    ) -> Option<StepId> {
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
        state.current = Some(id);
        Some(id)
    }

    /// Begins a step inside this one, of the same source.
    pub fn begin_below(
        &self,
        parent: Option<StepId>,
        op: &'static str,
        title: String,
        at: Duration,
    ) -> Option<StepId> {
        let source = self.lock().step(parent)?.source.clone();
        self.begin(source, op, title, at, parent)
    }

    /// Ends a step.
    pub fn end(&self, id: Option<StepId>, now: Duration, outcome: StepOutcome) {
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
        if let Some(step) = self.lock().step(id) {
            step.attributes.push((key.into(), value.into()));
        }
    }

    /// Adds an attachment to a step.
    pub fn attach(&self, id: Option<StepId>, attachment: Attachment) {
        if let Some(step) = self.lock().step(id) {
            step.attachments.push(attachment);
        }
    }

    /// Adds an attachment to the step that is going on, or to the last one that began.
    pub fn attach_to_latest(&self, attachment: Attachment) {
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
        let mut state = self.lock();
        if state.history.events.len() >= MAX_EVENTS {
            state.history.events_dropped += 1;
            return;
        }
        let step = state.current.or_else(|| state.open.last().copied());
        state.history.events.push(Event {
            at_us: micros(at),
            step,
            page,
            what,
        });
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
        for step in &mut state.history.steps {
            if step.outcome == StepOutcome::Running {
                step.took_us = micros(now).saturating_sub(step.at_us);
            }
        }
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

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves the list itself whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn step(&mut self, id: Option<StepId>) -> Option<&mut Step> {
        self.history.steps.get_mut(id? as usize)
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
