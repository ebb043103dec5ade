//! The browser's words: what is done to elements and pages, and how.

use crate::bindings::browser;
use flowguard_core::browser::calls;
use flowguard_core::browser::port::{Modifiers, MouseButton};

same_cases! {
    browser::MouseButton => MouseButton { Left, Middle, Right }
    browser::ElementState => calls::ElementState { Visible, Hidden, Enabled, Disabled, Editable, Checked }
    browser::Presence => calls::Presence { Attached, Detached, Visible, Hidden }
}

impl From<browser::Position> for calls::Position {
    fn from(browser::Position { x, y }: browser::Position) -> Self {
        Self { x, y }
    }
}

impl From<browser::Modifiers> for Modifiers {
    fn from(held: browser::Modifiers) -> Self {
        use browser::Modifiers as Held;
        Self {
            alt: held.contains(Held::ALT),
            control: held.contains(Held::CONTROL),
            meta: held.contains(Held::META),
            shift: held.contains(Held::SHIFT),
        }
    }
}

impl From<browser::PointerOptions> for calls::PointerOptions {
    fn from(options: browser::PointerOptions) -> Self {
        Self {
            timeout_ms: options.timeout,
            force: options.force,
            trial: options.trial,
            position: options.position.map(Into::into),
            button: options.button.into(),
            click_count: options.click_count,
            modifiers: options.modifiers.into(),
            delay_ms: options.delay,
            steps: options.steps.unwrap_or(1),
            no_wait_after: options.no_wait_after,
        }
    }
}

impl From<browser::ActionOptions> for calls::ActionOptions {
    fn from(browser::ActionOptions { timeout, force }: browser::ActionOptions) -> Self {
        Self {
            timeout_ms: timeout,
            force,
        }
    }
}

impl From<browser::Choice> for calls::Choice {
    fn from(choice: browser::Choice) -> Self {
        match choice {
            browser::Choice::Value(text) => Self::Value { text },
            browser::Choice::Label(text) => Self::Label { text },
            browser::Choice::Index(index) => Self::Index { index },
        }
    }
}

impl From<browser::DragOptions> for calls::DragOptions {
    fn from(options: browser::DragOptions) -> Self {
        Self {
            timeout_ms: options.timeout,
            force: options.force,
            trial: options.trial,
            source_position: options.source_position.map(Into::into),
            target_position: options.target_position.map(Into::into),
            steps: options.steps.unwrap_or(1),
        }
    }
}

impl From<browser::KeyOptions> for calls::KeyOptions {
    fn from(browser::KeyOptions { timeout, delay }: browser::KeyOptions) -> Self {
        Self {
            timeout_ms: timeout,
            delay_ms: delay,
        }
    }
}

impl From<browser::MouseAction> for calls::MouseUse {
    fn from(action: browser::MouseAction) -> Self {
        use browser::{MouseAction as M, MouseClick, MouseMove, MousePress};
        match action {
            M::Move(MouseMove { to, steps }) => Self::Move {
                to: to.into(),
                steps: steps.unwrap_or(1),
            },
            M::Down(MousePress { button, click_count }) => Self::Down {
                button: button.into(),
                click_count,
            },
            M::Up(MousePress { button, click_count }) => Self::Up {
                button: button.into(),
                click_count,
            },
            M::Click(MouseClick {
                at,
                button,
                click_count,
                delay,
            }) => Self::Click {
                at: at.into(),
                button: button.into(),
                click_count,
                delay_ms: delay,
            },
            M::Wheel(delta) => Self::Wheel { delta: delta.into() },
        }
    }
}

impl From<browser::KeyboardAction> for calls::KeyboardUse {
    fn from(action: browser::KeyboardAction) -> Self {
        use browser::KeyboardAction as K;
        match action {
            K::Down(key) => Self::Down { key },
            K::Up(key) => Self::Up { key },
            K::Press((key, delay_ms)) => Self::Press { key, delay_ms },
            K::Type((text, delay_ms)) => Self::Type { text, delay_ms },
            K::Insert(text) => Self::Insert { text },
        }
    }
}
