//! The host call that does several things to a page in one go. Data only.

use serde::Serialize;
use serde_json::{Value, json};

use super::declare::calls;
use super::{Click, Expect, Fill, Focus, Hover, PageId, Press, SelectOption, SetChecked, Target};
use crate::failure::Failure;
use crate::gate::Call;
use crate::grant::Ask;

/// One thing of a batch: the call that it would be by itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "step")]
pub enum Step {
    /// A click.
    Click(Click),
    /// A move of the mouse.
    Hover(Hover),
    /// A check or an uncheck.
    SetChecked(SetChecked),
    /// A text.
    Fill(Fill),
    /// A key.
    Press(Press),
    /// The focus.
    Focus(Focus),
    /// Options of a `select`.
    SelectOption(SelectOption),
    /// An assertion; it may not be soft.
    Expect(Expect),
}

calls! {
    /// Does steps on one page, one after another, until one fails.
    RunBatch {
        /// The steps.
        steps: Vec<Step>,
    } "batch.run" -> (); title call => format!("do {} steps", call.steps.len());
        @ask Ask::Act;
        @secrets call.steps.iter().flat_map(Step::secrets).collect();
}

impl Step {
    /// What it is done to.
    #[must_use]
    pub const fn target(&self) -> &Target {
        match self {
            Self::Click(Click { target, .. })
            | Self::Hover(Hover { target, .. })
            | Self::SetChecked(SetChecked { target, .. })
            | Self::Fill(Fill { target, .. })
            | Self::Press(Press { target, .. })
            | Self::Focus(Focus { target, .. })
            | Self::SelectOption(SelectOption { target, .. })
            | Self::Expect(Expect { target, .. }) => target,
        }
    }

    /// Its page.
    #[must_use]
    pub const fn page(&self) -> PageId {
        self.target().page
    }

    /// The operation that it is by itself.
    #[must_use]
    pub const fn op(&self) -> &'static str {
        match self {
            Self::Click(_) => Click::OP,
            Self::Hover(_) => Hover::OP,
            Self::SetChecked(_) => SetChecked::OP,
            Self::Fill(_) => Fill::OP,
            Self::Press(_) => Press::OP,
            Self::Focus(_) => Focus::OP,
            Self::SelectOption(_) => SelectOption::OP,
            Self::Expect(_) => Expect::OP,
        }
    }

    /// The step for a person.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Self::Click(call) => call.title(),
            Self::Hover(call) => call.title(),
            Self::SetChecked(call) => call.title(),
            Self::Fill(call) => call.title(),
            Self::Press(call) => call.title(),
            Self::Focus(call) => call.title(),
            Self::SelectOption(call) => call.title(),
            Self::Expect(call) => call.title(),
        }
    }

    fn secrets(&self) -> Vec<&str> {
        match self {
            Self::Fill(call) => call.secrets(),
            _ => Vec::new(),
        }
    }

    /// What the injected script is asked for first.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::failure::Code::InvalidArgument) where an expectation is malformed.
    pub(crate) fn action(&self) -> Result<Value, Failure> {
        Ok(match self {
            Self::Click(call) => call.action(),
            Self::Hover(call) => call.action(),
            Self::SetChecked(call) => call.action(),
            Self::Fill(call) => call.action(),
            Self::Press(call) => call.action(),
            Self::Focus(_) => json!({"kind": "focus"}),
            Self::SelectOption(call) => call.action(),
            Self::Expect(call) => call.what.action(&call.options)?,
        })
    }
}

impl Click {
    pub(crate) fn action(&self) -> Value {
        json!({"kind": "pointer", "guard": "click", "position": self.options.position})
    }
}

impl Hover {
    pub(crate) fn action(&self) -> Value {
        json!({"kind": "pointer", "guard": "hover", "position": self.options.position})
    }
}

impl SetChecked {
    pub(crate) fn action(&self) -> Value {
        json!({"kind": "setChecked", "checked": self.checked, "position": self.options.position})
    }
}

impl Fill {
    pub(crate) fn action(&self) -> Value {
        json!({"kind": "fill", "value": self.value})
    }
}

impl Press {
    pub(crate) fn action(&self) -> Value {
        json!({"kind": "focus", "caret": "start"})
    }
}

impl SelectOption {
    pub(crate) fn action(&self) -> Value {
        json!({"kind": "select", "choices": self.choices})
    }
}
