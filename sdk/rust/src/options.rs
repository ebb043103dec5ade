//! Options of the calls. A plain call takes none; its twin `…_with` takes one of these builders.

use std::time::Duration;

use crate::bindings::flow::flowguard::plugin::browser as host;
pub use host::{ElementState, LoadState, Modifiers, MouseButton, Position, Presence};

use crate::time;

/// Options of the pointer actions: click, double click, tap, hover, check, uncheck.
///
/// ```no_run
/// # use flowguard_sdk::prelude::*;
/// # fn example(page: &Page) -> Result {
/// let row = page.get_by_text("report.pdf");
/// row.click_with(PointerOptions::new().button(MouseButton::Right).modifiers(Modifiers::SHIFT))?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct PointerOptions(pub(crate) host::PointerOptions);

impl PointerOptions {
    /// The primary button, once, in the middle, with every check.
    pub fn new() -> Self {
        Self(host::PointerOptions {
            timeout: None,
            force: false,
            trial: false,
            position: None,
            button: MouseButton::Left,
            click_count: 1,
            modifiers: Modifiers::empty(),
            delay: None,
            steps: None,
            no_wait_after: false,
        })
    }

    /// At most this long, instead of the run's action timeout.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.0.timeout = Some(time::milliseconds(limit));
        self
    }

    /// Skips the checks of state and of the hit target.
    pub fn force(mut self) -> Self {
        self.0.force = true;
        self
    }

    /// Does everything but the action itself.
    pub fn trial(mut self) -> Self {
        self.0.trial = true;
        self
    }

    /// Where in the element, from the top left of its padding box, in CSS pixels.
    pub fn position(mut self, x: f64, y: f64) -> Self {
        self.0.position = Some(Position { x, y });
        self
    }

    /// Which button.
    pub fn button(mut self, button: MouseButton) -> Self {
        self.0.button = button;
        self
    }

    /// How many clicks, 1 to 3.
    pub fn click_count(mut self, count: u32) -> Self {
        self.0.click_count = count;
        self
    }

    /// Keys held: `Modifiers::CONTROL | Modifiers::SHIFT`.
    pub fn modifiers(mut self, keys: Modifiers) -> Self {
        self.0.modifiers = keys;
        self
    }

    /// How long the button is held, and how long is waited between clicks.
    pub fn delay(mut self, held: Duration) -> Self {
        self.0.delay = Some(time::milliseconds(held));
        self
    }

    /// Moves of the mouse on the way there.
    pub fn steps(mut self, steps: u32) -> Self {
        self.0.steps = Some(steps);
        self
    }

    /// Does not wait for a navigation that the action begins.
    pub fn no_wait_after(mut self) -> Self {
        self.0.no_wait_after = true;
        self
    }
}

impl Default for PointerOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// Options of a drag.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct DragOptions(pub(crate) host::DragOptions);

impl DragOptions {
    /// From middle to middle, in one move, with every check.
    pub fn new() -> Self {
        Self(host::DragOptions {
            timeout: None,
            force: false,
            trial: false,
            source_position: None,
            target_position: None,
            steps: None,
        })
    }

    /// At most this long, instead of the run's action timeout.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.0.timeout = Some(time::milliseconds(limit));
        self
    }

    /// Skips the checks of state and of the hit targets.
    pub fn force(mut self) -> Self {
        self.0.force = true;
        self
    }

    /// Does everything but the drag itself.
    pub fn trial(mut self) -> Self {
        self.0.trial = true;
        self
    }

    /// Where it is picked up, from the top left of its padding box, in CSS pixels.
    pub fn source_position(mut self, x: f64, y: f64) -> Self {
        self.0.source_position = Some(Position { x, y });
        self
    }

    /// Where it is dropped, from the top left of the target's padding box, in CSS pixels.
    pub fn target_position(mut self, x: f64, y: f64) -> Self {
        self.0.target_position = Some(Position { x, y });
        self
    }

    /// Moves of the mouse on the way.
    pub fn steps(mut self, steps: u32) -> Self {
        self.0.steps = Some(steps);
        self
    }
}

impl Default for DragOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// Options of pressing keys.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct KeyOptions(pub(crate) host::KeyOptions);

impl KeyOptions {
    /// The run's action timeout, and no key held longer than it must.
    pub fn new() -> Self {
        Self(host::KeyOptions {
            timeout: None,
            delay: None,
        })
    }

    /// At most this long, instead of the run's action timeout.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.0.timeout = Some(time::milliseconds(limit));
        self
    }

    /// How long each key is held.
    pub fn delay(mut self, held: Duration) -> Self {
        self.0.delay = Some(time::milliseconds(held));
        self
    }
}

impl Default for KeyOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// Options of the actions that need neither pointer nor keys: fill, focus, select.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct ActionOptions(pub(crate) host::ActionOptions);

impl ActionOptions {
    /// The run's action timeout, with every check.
    pub fn new() -> Self {
        Self(host::ActionOptions {
            timeout: None,
            force: false,
        })
    }

    /// At most this long, instead of the run's action timeout.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.0.timeout = Some(time::milliseconds(limit));
        self
    }

    /// Skips the checks of state: visible, enabled, editable.
    pub fn force(mut self) -> Self {
        self.0.force = true;
        self
    }
}

impl Default for ActionOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// Options of a navigation: `goto`, `reload`, `go_back`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct GotoOptions(pub(crate) host::GotoOptions);

impl GotoOptions {
    /// Waits for the `load` event, for the rest of the run's time.
    pub fn new() -> Self {
        Self(host::GotoOptions {
            wait_until: LoadState::Load,
            timeout: None,
        })
    }

    /// What to wait for.
    pub fn wait_until(mut self, state: LoadState) -> Self {
        self.0.wait_until = state;
        self
    }

    /// At most this long.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.0.timeout = Some(time::milliseconds(limit));
        self
    }
}

impl Default for GotoOptions {
    fn default() -> Self {
        Self::new()
    }
}
