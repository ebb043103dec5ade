//! Actions on elements that need neither pointer nor keys.

use serde_json::{Value, json};

use super::range::{check_text, invalid};
use super::typed;
use crate::browser::calls::{
    ActionOptions, Blur, DispatchEvent, Focus, ScrollIntoView, SelectOption, Target,
};
use crate::browser::session::Browser;
use crate::failure::Failure;
use crate::limits::MAX_CHOICES;

impl Browser {
    /// Focuses the element.
    ///
    /// # Errors
    /// [`Code::Timeout`](crate::failure::Code::Timeout) where there is none.
    pub async fn focus(&self, call: &Focus) -> Result<(), Failure> {
        self.do_to(&call.target, call.options, &json!({"kind": "focus"}))
            .await
    }

    /// Takes the focus away from the element.
    ///
    /// # Errors
    /// As [`Browser::focus`].
    pub async fn blur(&self, call: &Blur) -> Result<(), Failure> {
        self.do_to(&call.target, call.options, &json!({"kind": "blur"}))
            .await
    }

    /// Scrolls until the element can be seen.
    ///
    /// # Errors
    /// As [`Browser::focus`]; also where it never stands still.
    pub async fn scroll_into_view(&self, call: &ScrollIntoView) -> Result<(), Failure> {
        self.do_to(&call.target, call.options, &json!({"kind": "scrollIntoView"}))
            .await
    }

    /// Sends an event that is not a person's.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::failure::Code::InvalidArgument) where its properties are no JSON
    /// object, else as [`Browser::focus`].
    pub async fn dispatch_event(&self, call: &DispatchEvent) -> Result<(), Failure> {
        check_text("an event's type", &call.event)?;
        let init = event_init(call.init.as_deref())?;
        let action = json!({"kind": "dispatchEvent", "event": call.event, "init": init});
        self.do_to(&call.target, call.options, &action).await
    }

    /// Selects options; the values selected.
    ///
    /// # Errors
    /// [`Code::Timeout`](crate::failure::Code::Timeout) where an option never comes,
    /// [`Code::WrongElement`](crate::failure::Code::WrongElement) where it is no `select`.
    pub async fn select_option(&self, call: &SelectOption) -> Result<Vec<String>, Failure> {
        if call.choices.len() > MAX_CHOICES {
            let number = call.choices.len();
            return Err(invalid(format!(
                "at most {MAX_CHOICES} options are chosen at once: {number}"
            )));
        }
        let action = call.action();
        let mut job = self.action_job(&call.target, call.options.timeout_ms, call.options.force)?;
        typed(job.perform_done(&action).await?)
    }

    async fn do_to(&self, target: &Target, options: ActionOptions, action: &Value) -> Result<(), Failure> {
        let mut job = self.action_job(target, options.timeout_ms, options.force)?;
        job.perform_done(action).await.map(|_| ())
    }
}

/// An event's properties: a JSON object.
fn event_init(text: Option<&str>) -> Result<Value, Failure> {
    let Some(text) = text else { return Ok(json!({})) };
    check_text("an event's properties", text)?;
    match serde_json::from_str(text) {
        Ok(init @ Value::Object(_)) => Ok(init),
        Ok(_) => Err(invalid("an event's properties are a JSON object".to_owned())),
        Err(error) => Err(invalid(format!("an event's properties are no JSON: {error}"))),
    }
}
