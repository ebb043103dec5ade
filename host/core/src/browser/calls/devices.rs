//! The host calls on a page's own mouse, keyboard and touch screen. Data only.

use serde::{Deserialize, Serialize};

use super::declare::{calls, shortened};
use super::{PageId, Position};
use crate::browser::port::MouseButton;
use crate::gate::Call;
use crate::grant::Ask;

calls! {
    /// Uses the mouse.
    UseMouse {
        /// The page.
        page: PageId,
        /// How.
        action: MouseUse,
    } "page.mouse" -> (); title call => call.action.title();
        @ask Ask::Act;

    /// Uses the keyboard on whatever has the focus.
    UseKeyboard {
        /// The page.
        page: PageId,
        /// How.
        action: KeyboardUse,
    } "page.keyboard" -> (); title call => call.action.title();
        @ask Ask::Act;

    /// Touches the screen.
    TapAt {
        /// The page.
        page: PageId,
        /// Where.
        at: Position,
    } "page.tap" -> (); title call => format!("tap at {}, {}", call.at.x, call.at.y);
        @ask Ask::Act;
}

/// What the mouse does. Places are of the viewport.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum MouseUse {
    /// Moves.
    Move {
        /// There.
        to: Position,
        /// In so many moves.
        steps: u32,
    },
    /// Presses a button.
    Down {
        /// Which.
        button: MouseButton,
        /// The how manieth click it begins.
        click_count: u32,
    },
    /// Releases a button.
    Up {
        /// Which.
        button: MouseButton,
        /// The how manieth click it ends.
        click_count: u32,
    },
    /// Moves and clicks.
    Click {
        /// There.
        at: Position,
        /// Which button.
        button: MouseButton,
        /// How often.
        click_count: u32,
        /// How long the button is held.
        delay_ms: Option<u32>,
    },
    /// Turns the wheel.
    Wheel {
        /// By so much.
        delta: Position,
    },
}

/// What the keyboard does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum KeyboardUse {
    /// Presses a key, which stays down.
    Down {
        /// Which.
        key: String,
    },
    /// Releases a key.
    Up {
        /// Which.
        key: String,
    },
    /// Presses and releases a key or a chord.
    Press {
        /// Which.
        key: String,
        /// How long it is held.
        delay_ms: Option<u32>,
    },
    /// Types a text by keys.
    Type {
        /// The text.
        text: String,
        /// How long each key is held.
        delay_ms: Option<u32>,
    },
    /// Inserts a text without keys.
    Insert {
        /// The text.
        text: String,
    },
}

impl MouseUse {
    fn title(&self) -> String {
        match self {
            Self::Move { to, .. } => format!("move the mouse to {}, {}", to.x, to.y),
            Self::Down { .. } => "press the mouse's button".to_owned(),
            Self::Up { .. } => "release the mouse's button".to_owned(),
            Self::Click { at, .. } => format!("click at {}, {}", at.x, at.y),
            Self::Wheel { delta } => format!("turn the wheel by {}, {}", delta.x, delta.y),
        }
    }
}

impl KeyboardUse {
    fn title(&self) -> String {
        match self {
            Self::Down { key } => format!("hold {}", shortened(key)),
            Self::Up { key } => format!("release {}", shortened(key)),
            Self::Press { key, .. } => format!("press {}", shortened(key)),
            Self::Type { text, .. } => format!("type {:?}", shortened(text)),
            Self::Insert { text } => format!("insert {:?}", shortened(text)),
        }
    }
}
