//! What happened in an attempt, as it is kept: steps, page events, pictures. Plain data.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;

use crate::artifact::Attachment;
use crate::failure::Failure;

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
