//! A step of the format. How it is read is in `step_reader`, what it does in `perform`.

use std::time::Duration;

use flowguard_sdk::{ActionOptions, GotoOptions, ImageFormat, KeyOptions, Level, LoadState, PointerOptions};

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
    Click(Target, PointerOptions),
    Hover(Target, PointerOptions),
    Check(Target, PointerOptions),
    Uncheck(Target, PointerOptions),
    Fill(Target, Template, ActionOptions),
    Clear(Target, ActionOptions),
    Press(Template, Option<Target>, KeyOptions),
    Focus(Target, ActionOptions),
    Select(Target, Vec<Choice>, ActionOptions),
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
    Group(Template, Vec<Step>),
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
