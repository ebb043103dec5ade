//! What a page's mouse, keyboard and touch screen must do: real input, as a person's hand makes it. Which
//! buttons and keys are down, and where the mouse is, is kept for each page on the other side of this port.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::time::Duration;

use super::TabError;
use crate::browser::keys::Key;

/// A mouse button.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MouseButton {
    /// The primary one.
    #[default]
    Left,
    /// The middle one.
    Middle,
    /// The secondary one.
    Right,
}

/// Keys held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "four independent keys")]
pub struct Modifiers {
    /// Alt.
    pub alt: bool,
    /// Control.
    pub control: bool,
    /// Command or Windows.
    pub meta: bool,
    /// Shift.
    pub shift: bool,
}

/// What the mouse does. Places are CSS pixels of the viewport.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MouseAction {
    /// Moves there, in so many steps. With the left button held this may begin or go on with a drag.
    Move {
        /// To the right.
        x: f64,
        /// Down.
        y: f64,
        /// Moves on the way, the last included.
        steps: u32,
    },
    /// Presses a button.
    Down {
        /// Which.
        button: MouseButton,
        /// The how manieth click this begins.
        count: u32,
    },
    /// Releases a button; where something is dragged, this drops it.
    Up {
        /// Which.
        button: MouseButton,
        /// The how manieth click this ends.
        count: u32,
    },
    /// Moves there and clicks.
    Click {
        /// To the right.
        x: f64,
        /// Down.
        y: f64,
        /// How.
        click: Click,
    },
    /// Turns the wheel.
    Wheel {
        /// Pixels to the right.
        delta_x: f64,
        /// Pixels down.
        delta_y: f64,
    },
}

/// Clicks at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Click {
    /// Which button.
    pub button: MouseButton,
    /// How many.
    pub count: u32,
    /// How long the button is held, and how long is waited between clicks.
    pub delay: Duration,
    /// Moves on the way there.
    pub steps: u32,
}

impl Click {
    /// One click of the primary button, at once.
    pub const ONCE: Self = Self {
        button: MouseButton::Left,
        count: 1,
        delay: Duration::ZERO,
        steps: 1,
    };
}

/// What the keyboard does, with whatever has the focus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyAction {
    /// Presses a key; one that is down already repeats.
    Down(Key),
    /// Releases a key.
    Up(Key),
    /// Presses keys one after another, and releases them in the opposite order.
    Press {
        /// The keys.
        chord: Vec<Key>,
        /// How long the last is held.
        delay: Duration,
    },
    /// Presses the key of each character; what no key types is inserted.
    Type {
        /// The text.
        text: String,
        /// How long each key is held.
        delay: Duration,
    },
    /// Puts text in place of the selection, without keys; an empty one deletes it.
    Insert(String),
}

/// The input devices of a page. When a use of them ends, a navigation that it began is told in the page's state.
#[async_trait]
pub trait Input: Send + Sync {
    /// Uses the mouse.
    async fn mouse(&self, action: &MouseAction) -> Result<(), TabError>;
    /// Uses the keyboard.
    async fn keyboard(&self, action: &KeyAction) -> Result<(), TabError>;
    /// Touches the screen with one finger and takes it away.
    async fn tap(&self, x: f64, y: f64) -> Result<(), TabError>;
}
