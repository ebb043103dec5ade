//! Actions that give text and keys to an element.

use serde_json::json;
use std::time::Duration;

use super::range::{check_text, delay, invalid};
use crate::browser::calls::{Fill, Press, PressSequentially, SelectText};
use crate::browser::keys::parse_chord;
use crate::browser::port::KeyAction;
use crate::browser::reply::Reply;
use crate::browser::session::{Browser, done};
use crate::failure::Failure;
use crate::limits::MAX_TYPED_CHARACTERS;

impl Browser {
    /// Sets a text.
    ///
    /// # Errors
    /// [`Code::Timeout`](crate::failure::Code::Timeout) where the element never becomes ready,
    /// [`Code::WrongElement`](crate::failure::Code::WrongElement) where it takes no text.
    pub async fn fill(&self, call: &Fill) -> Result<(), Failure> {
        check_text("a text to fill in", &call.value)?;
        let action = call.action();
        let mut job = self.action_job(&call.target, call.options.timeout_ms, call.options.force)?;
        match job.perform(&action).await? {
            Reply::NeedsInsertText => {
                let text = KeyAction::Insert(call.value.clone());
                self.use_keyboard(call.target.page, &text).await
            }
            other => done(other, "fill").map(|_| ()),
        }
    }

    /// Selects the element's text.
    ///
    /// # Errors
    /// [`Code::Timeout`](crate::failure::Code::Timeout) where the element never becomes visible.
    pub async fn select_text(&self, call: &SelectText) -> Result<(), Failure> {
        let mut job = self.action_job(&call.target, call.options.timeout_ms, call.options.force)?;
        job.perform_done(&json!({"kind": "selectText"})).await.map(|_| ())
    }

    /// Focuses the element and presses a key.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::failure::Code::InvalidArgument) where there is no such key,
    /// [`Code::Timeout`](crate::failure::Code::Timeout) where there is no element.
    pub async fn press(&self, call: &Press) -> Result<(), Failure> {
        let keys = KeyAction::Press {
            chord: parse_chord(&call.key)?,
            delay: delay(call.options.delay_ms)?,
        };
        let mut job = self.action_job(&call.target, call.options.timeout_ms, false)?;
        job.perform_done(&call.action()).await?;
        job.within(self.use_keyboard(call.target.page, &keys)).await?;
        job.settle_navigation().await
    }

    /// Focuses the element and types a text, key by key.
    ///
    /// # Errors
    /// As [`Browser::press`].
    pub async fn press_sequentially(&self, call: &PressSequentially) -> Result<(), Failure> {
        let text = typing(&call.text, delay(call.options.delay_ms)?)?;
        let mut job = self.action_job(&call.target, call.options.timeout_ms, false)?;
        job.perform_done(&json!({"kind": "focus", "caret": "start"}))
            .await?;
        job.within(self.use_keyboard(call.target.page, &text)).await
    }
}

/// Typing a text by keys: what listens to each key needs that, anything longer is filled in.
pub(super) fn typing(text: &str, delay: Duration) -> Result<KeyAction, Failure> {
    let characters = text.chars().count();
    if characters > MAX_TYPED_CHARACTERS {
        return Err(invalid(format!(
            "a text that is typed by keys may have {MAX_TYPED_CHARACTERS} characters: {characters}; fill it in"
        )));
    }
    Ok(KeyAction::Type {
        text: text.to_owned(),
        delay,
    })
}
