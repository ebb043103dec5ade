//! The page's own mouse, keyboard and touch screen: input at a place or wherever the focus is, without looking
//! whether an element is ready for it.

use super::range::{check_clicks, check_place, check_steps, check_text, delay};
use super::text::typing;
use crate::browser::calls::{KeyboardUse, MouseUse, PageId, TapAt, UseKeyboard, UseMouse};
use crate::browser::keys::{Key, parse_chord};
use crate::browser::port::{self, KeyAction, MouseAction, TabError};
use crate::browser::session::{Browser, tab_failure};
use crate::failure::{Code, Failure};
use serde_json::json;

use super::How;

impl Browser {
    /// Uses the mouse.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where an argument is out of range.
    pub async fn mouse(&self, call: &UseMouse) -> Result<(), Failure> {
        let action = mouse_action(call.action)?;
        self.use_mouse(call.page, &action).await?;
        self.settled(call.page, self.options.action_timeout).await
    }

    /// Uses the keyboard on whatever has the focus.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where there is no such key or the text is too long.
    pub async fn keyboard(&self, call: &UseKeyboard) -> Result<(), Failure> {
        let action = key_action(&call.action)?;
        self.settled(call.page, self.options.action_timeout).await?;
        // The port takes an empty text for what a fill means by it: that the selection goes.
        if action == KeyAction::Insert(String::new()) {
            return Ok(());
        }
        self.use_keyboard(call.page, &action).await?;
        self.settled(call.page, self.options.action_timeout).await
    }

    /// Touches the screen at a place.
    ///
    /// # Errors
    /// [`Code::WrongElement`] where the page has no touch screen.
    pub async fn tap_at(&self, call: &TapAt) -> Result<(), Failure> {
        check_place("a place to tap", call.at.x, call.at.y)?;
        let mut job = self.job(call.page, None, self.options.action_timeout, How::default())?;
        job.perform_done(&json!({"kind": "touchable"})).await?;
        let tab = self.tab(call.page)?;
        let tapped = tab.input().tap(call.at.x, call.at.y);
        self.in_time(tapped).await?;
        self.settled(call.page, self.options.action_timeout).await
    }

    pub(super) async fn use_mouse(&self, page: PageId, action: &MouseAction) -> Result<(), Failure> {
        let tab = self.tab(page)?;
        self.in_time(tab.input().mouse(action)).await
    }

    pub(in crate::browser) async fn use_keyboard(
        &self,
        page: PageId,
        action: &KeyAction,
    ) -> Result<(), Failure> {
        let tab = self.tab(page)?;
        self.in_time(tab.input().keyboard(action)).await
    }

    /// Input has no time of its own; it ends with the run.
    async fn in_time(&self, work: impl Future<Output = Result<(), TabError>>) -> Result<(), Failure> {
        let progress = &self.ledger.progress;
        let wait = progress.allowance(progress.remaining());
        let done = tokio::time::timeout(wait, work).await;
        done.unwrap_or(Err(TabError::Unresponsive)).map_err(tab_failure)
    }
}

fn mouse_action(wanted: MouseUse) -> Result<MouseAction, Failure> {
    Ok(match wanted {
        MouseUse::Move { to, steps } => {
            check_place("a place for the mouse", to.x, to.y)?;
            check_steps(steps)?;
            MouseAction::Move {
                x: to.x,
                y: to.y,
                steps,
            }
        }
        MouseUse::Down { button, click_count } => {
            check_clicks(click_count)?;
            MouseAction::Down {
                button,
                count: click_count,
            }
        }
        MouseUse::Up { button, click_count } => {
            check_clicks(click_count)?;
            MouseAction::Up {
                button,
                count: click_count,
            }
        }
        MouseUse::Click {
            at,
            button,
            click_count,
            delay_ms,
        } => {
            check_place("a place to click", at.x, at.y)?;
            check_clicks(click_count)?;
            let click = port::Click {
                button,
                count: click_count,
                delay: delay(delay_ms)?,
                steps: 1,
            };
            MouseAction::Click {
                x: at.x,
                y: at.y,
                click,
            }
        }
        MouseUse::Wheel { delta } => {
            check_place("a turn of the wheel", delta.x, delta.y)?;
            MouseAction::Wheel {
                delta_x: delta.x,
                delta_y: delta.y,
            }
        }
    })
}

fn key_action(wanted: &KeyboardUse) -> Result<KeyAction, Failure> {
    Ok(match wanted {
        KeyboardUse::Down { key } => KeyAction::Down(one_key(key)?),
        KeyboardUse::Up { key } => KeyAction::Up(one_key(key)?),
        KeyboardUse::Press { key, delay_ms } => KeyAction::Press {
            chord: parse_chord(key)?,
            delay: delay(*delay_ms)?,
        },
        KeyboardUse::Type { text, delay_ms } => typing(text, delay(*delay_ms)?)?,
        KeyboardUse::Insert { text } => {
            check_text("a text to insert", text)?;
            KeyAction::Insert(text.clone())
        }
    })
}

fn one_key(name: &str) -> Result<Key, Failure> {
    match parse_chord(name)?.as_slice() {
        [key] => Ok(*key),
        _ => {
            let message = format!("one key goes down or up, not several: {name:?}");
            Err(Failure::new(Code::InvalidArgument, message))
        }
    }
}
