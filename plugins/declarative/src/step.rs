//! A step of the format. How it is read is in `step_reader`, what it does in `perform`.

use std::time::Duration;

use flowguard_sdk::{
    AbortReason, ActionOptions, DragOptions, GotoOptions, ImageFormat, KeyOptions, Level, LoadState,
    PointerOptions, Presence,
};

use crate::expectation::Expectation;
use crate::json::Json;
use crate::matching::Expected;
use crate::target::Target;
use crate::template::Template;

/// A step and the line it begins on.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) line: usize,
    pub(crate) action: Action,
}

#[derive(Debug)]
pub(crate) enum Action {
    Goto(Template, GotoOptions),
    Reload(GotoOptions),
    Back(GotoOptions),
    Forward(GotoOptions),
    Close,
    Click(Target, PointerOptions),
    Tap(Target, PointerOptions),
    Hover(Target, PointerOptions),
    Drag(Target, Box<Target>, DragOptions),
    Check(Target, PointerOptions),
    Uncheck(Target, PointerOptions),
    Fill(Target, Template, ActionOptions),
    FillSecret(Target, Template, ActionOptions),
    Clear(Target, ActionOptions),
    Type(Template, Option<Target>, KeyOptions),
    Press(Template, Option<Target>, KeyOptions),
    Focus(Target, ActionOptions),
    Blur(Target, ActionOptions),
    SelectText(Target, ActionOptions),
    ScrollIntoView(Target, ActionOptions),
    Select(Target, Vec<Choice>, ActionOptions),
    WaitFor(Target, Presence, Option<Duration>),
    WaitForUrl(Expected, Option<Duration>),
    WaitForLoadState(LoadState, Option<Duration>),
    Screenshot(Screenshot),
    Judge {
        statement: Template,
        of: Option<Target>,
        min_confidence: f64,
        soft: bool,
        timeout: Option<Duration>,
    },
    Viewport(u32, u32),
    Log(Template, Level),
    Metric(String, f64),
    Attach {
        name: Template,
        text: Template,
        media_type: String,
    },
    Expect(Expectation),
    Assert {
        name: String,
        params: Json,
        soft: bool,
        timeout: Option<Duration>,
    },
    /// How all dialogs are answered, or the next one; with a text for a prompt.
    Dialogs(Answer, Option<Template>, bool),
    Overlay(Target, Remedy),
    Popup {
        name: Template,
        by: Vec<Step>,
        steps: Vec<Step>,
    },
    Download {
        name: Template,
        by: Vec<Step>,
    },
    Upload {
        files: Vec<Upload>,
        by: Vec<Step>,
    },
    Route(Route),
    Clock(Clock),
    Retry {
        title: Template,
        steps: Vec<Step>,
        timeout: Option<Duration>,
    },
    Group(Template, Vec<Step>),
}

impl Action {
    /// The steps in it.
    pub(crate) fn inner(&self) -> [&[Step]; 2] {
        match self {
            Self::Popup { by, steps, .. } => [by, steps],
            Self::Download { by, .. } | Self::Upload { by, .. } => [by, &[]],
            Self::Retry { steps, .. } | Self::Group(_, steps) => [steps, &[]],
            _ => [&[], &[]],
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    Accept,
    Dismiss,
    Fail,
}

/// What gets an overlay out of the way.
#[derive(Debug)]
pub(crate) enum Remedy {
    Click(Box<Target>),
    Press(Template),
}

/// A file that a page is given.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) name: Template,
    pub(crate) media_type: String,
    pub(crate) text: Template,
}

/// What becomes of requests.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) address: Template,
    pub(crate) method: Option<String>,
    pub(crate) times: Option<u32>,
    pub(crate) decision: Decision,
}

#[derive(Debug)]
pub(crate) enum Decision {
    Fulfil {
        status: u32,
        headers: Vec<(String, Template)>,
        /// With its media type.
        body: Option<(&'static str, Template)>,
    },
    Continue {
        url: Option<Template>,
        method: Option<String>,
        headers: Vec<(String, Template)>,
        body: Option<Template>,
    },
    Abort(AbortReason),
}

/// What is done with the clock that pages see. Moments are milliseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Clock {
    Install(f64),
    RunFor(Duration),
    FastForward(Duration),
    PauseAt(f64),
    Resume,
}

#[derive(Debug)]
pub(crate) struct Screenshot {
    pub(crate) name: Template,
    pub(crate) of: Option<Target>,
    pub(crate) full_page: bool,
    pub(crate) format: ImageFormat,
    pub(crate) timeout: Option<Duration>,
}

#[derive(Debug)]
pub(crate) enum Choice {
    Label(Template),
    Value(Template),
    Index(u32),
}
