//! A page's own mouse and keyboard: input at a place, or wherever the focus is. Never looks for elements:
//! [`Locator`](crate::Locator) does.

use std::time::Duration;

use crate::bindings::flow::flowguard::plugin::browser::{
    KeyboardAction, MouseAction, MouseButton, MouseClick, MouseMove, MousePress, Position,
};

use crate::failure::Result;
use crate::page::Page;
use crate::time;

/// The mouse of a page. Buttons that are pressed stay down until they are released.
///
/// ```no_run
/// # use flowguard_sdk::prelude::*;
/// # fn example(page: &Page) -> Result {
/// let mouse = page.mouse();
/// mouse.move_to(40.0, 40.0)?;
/// mouse.down(MouseButton::Left)?;
/// mouse.move_in_steps(240.0, 40.0, 10)?;
/// mouse.up(MouseButton::Left)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Mouse<'a>(pub(crate) &'a Page);

impl Mouse<'_> {
    /// Moves to a place of the viewport, in CSS pixels.
    pub fn move_to(&self, x: f64, y: f64) -> Result {
        self.move_in_steps(x, y, 1)
    }

    /// Moves there in so many steps.
    pub fn move_in_steps(&self, x: f64, y: f64, steps: u32) -> Result {
        let to = Position { x, y };
        self.act(MouseAction::Move(MouseMove {
            to,
            steps: Some(steps),
        }))
    }

    /// Presses a button.
    pub fn down(&self, button: MouseButton) -> Result {
        self.act(MouseAction::Down(MousePress {
            button,
            click_count: 1,
        }))
    }

    /// Releases a button; where something is dragged, this drops it.
    pub fn up(&self, button: MouseButton) -> Result {
        self.act(MouseAction::Up(MousePress {
            button,
            click_count: 1,
        }))
    }

    /// Moves there and clicks with the primary button.
    pub fn click(&self, x: f64, y: f64) -> Result {
        self.click_with(x, y, MouseButton::Left, 1)
    }

    /// Moves there and clicks twice in a row.
    pub fn double_click(&self, x: f64, y: f64) -> Result {
        self.click_with(x, y, MouseButton::Left, 2)
    }

    /// Moves there and clicks so often with this button.
    pub fn click_with(&self, x: f64, y: f64, button: MouseButton, count: u32) -> Result {
        let at = Position { x, y };
        self.act(MouseAction::Click(MouseClick {
            at,
            button,
            click_count: count,
            delay: None,
        }))
    }

    /// Turns the wheel by so many pixels to the right and down.
    pub fn wheel(&self, x: f64, y: f64) -> Result {
        self.act(MouseAction::Wheel(Position { x, y }))
    }

    fn act(&self, action: MouseAction) -> Result {
        Ok(self.0.0.mouse(action)?)
    }
}

/// The keyboard of a page. Keys that go down stay down until they go up.
#[derive(Clone, Copy)]
pub struct Keyboard<'a>(pub(crate) &'a Page);

impl Keyboard<'_> {
    /// Presses a key, which stays down.
    pub fn down(&self, key: &str) -> Result {
        self.act(&KeyboardAction::Down(key.to_owned()))
    }

    /// Releases a key.
    pub fn up(&self, key: &str) -> Result {
        self.act(&KeyboardAction::Up(key.to_owned()))
    }

    /// Presses and releases a key or a chord: `Enter`, `Control+a`.
    pub fn press(&self, key: &str) -> Result {
        self.act(&KeyboardAction::Press((key.to_owned(), None)))
    }

    /// Presses a key or a chord and holds the last key so long.
    pub fn press_for(&self, key: &str, held: Duration) -> Result {
        self.act(&KeyboardAction::Press((
            key.to_owned(),
            Some(time::milliseconds(held)),
        )))
    }

    /// Types a text by its keys; what no key types is inserted.
    pub fn type_text(&self, text: &str) -> Result {
        self.act(&KeyboardAction::Type((text.to_owned(), None)))
    }

    /// Types a text by its keys and holds each so long.
    pub fn type_slowly(&self, text: &str, held: Duration) -> Result {
        self.act(&KeyboardAction::Type((
            text.to_owned(),
            Some(time::milliseconds(held)),
        )))
    }

    /// Inserts a text, without keys.
    pub fn insert_text(&self, text: &str) -> Result {
        self.act(&KeyboardAction::Insert(text.to_owned()))
    }

    fn act(&self, action: &KeyboardAction) -> Result {
        Ok(self.0.0.keyboard(action)?)
    }
}
