//! What may get in the way at any time, and how it is got out of the way.

use crate::bindings::flow::flowguard::plugin::overlays as host;
use crate::failure::Result;
use crate::locator::Locator;
use crate::page::Page;

/// What is done whenever an overlay shows; see [`Page::add_locator_handler`].
#[must_use]
pub struct OverlayHandler {
    remedies: Vec<Remedy>,
    options: host::HandlerOptions,
}

enum Remedy {
    Click(Locator),
    Press(String),
}

/// Names a handler, to take it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandlerId(u32);

impl OverlayHandler {
    /// Clicks this element.
    pub fn click(locator: &Locator) -> Self {
        Self::with(Remedy::Click(locator.clone()))
    }

    /// Presses this key or chord, for example `Escape`.
    pub fn press(key: &str) -> Self {
        Self::with(Remedy::Press(key.to_owned()))
    }

    fn with(remedy: Remedy) -> Self {
        Self {
            remedies: vec![remedy],
            options: host::HandlerOptions {
                times: None,
                no_wait_after: false,
            },
        }
    }

    /// Then clicks this element.
    pub fn then_click(mut self, locator: &Locator) -> Self {
        self.remedies.push(Remedy::Click(locator.clone()));
        self
    }

    /// Then presses this key or chord.
    pub fn then_press(mut self, key: &str) -> Self {
        self.remedies.push(Remedy::Press(key.to_owned()));
        self
    }

    /// So often at most.
    pub fn times(mut self, times: u32) -> Self {
        self.options.times = Some(times);
        self
    }

    /// Does not wait until the overlay is hidden.
    pub fn no_wait_after(mut self) -> Self {
        self.options.no_wait_after = true;
        self
    }
}

impl Page {
    /// From now on, whenever an action or an assertion finds the overlay visible, the handler gets it out of
    /// the way first.
    ///
    /// ```no_run
    /// # use flowguard_sdk::prelude::*;
    /// # fn example(page: &Page) -> Result {
    /// let banner = page.get_by_role(Role::Dialog, "Cookies");
    /// page.add_locator_handler(&banner, &OverlayHandler::click(&banner.get_by_text("Accept")))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn add_locator_handler(&self, overlay: &Locator, handler: &OverlayHandler) -> Result<HandlerId> {
        let remedies: Vec<host::Remedy<'_>> = handler
            .remedies
            .iter()
            .map(|remedy| match remedy {
                Remedy::Click(locator) => host::Remedy::Click(&locator.0),
                Remedy::Press(key) => host::Remedy::Press(key.clone()),
            })
            .collect();
        let id = host::add_handler(&self.0, &overlay.0, &remedies, handler.options)?;
        Ok(HandlerId(id))
    }

    /// Takes a handler back.
    pub fn remove_locator_handler(&self, handler: HandlerId) -> Result {
        Ok(host::remove_handler(&self.0, handler.0)?)
    }
}
