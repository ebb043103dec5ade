//! Several steps on a page in one call to the host. Never a way to do what a single call cannot.

use crate::bindings::flow::flowguard::plugin::batch as host;

use crate::failure::Result;
use crate::locator::Locator;
use crate::options::{ActionOptions, KeyOptions, PointerOptions};
use crate::page::Page;
use crate::query::Choice;
use host::Action;

/// Steps that are done in one call, in order, up to the first that fails. Each waits as it does by itself; what
/// is saved are the ways between host and browser. See [`Page::batch`].
#[derive(Debug)]
pub struct Batch(host::Steps);

impl Page {
    /// Does several things in one call. Worth it for forms, most of all over a slow link.
    ///
    /// ```no_run
    /// # use flowguard_sdk::prelude::*;
    /// # fn example(page: &Page) -> Result {
    /// page.batch(|form| {
    ///     form.fill(&page.get_by_label("Name"), "Ada");
    ///     form.check(&page.get_by_label("Terms"));
    ///     form.click(&page.get_by_role(Role::Button, "Send"));
    /// })
    /// # }
    /// ```
    pub fn batch(&self, describe: impl FnOnce(&Batch)) -> Result {
        let batch = Batch(host::Steps::new());
        describe(&batch);
        Ok(batch.0.run()?)
    }
}

impl Batch {
    /// Clicks.
    pub fn click(&self, target: &Locator) {
        self.0.add(&target.0, &Action::Click(PointerOptions::new().0));
    }

    /// Moves the mouse there.
    pub fn hover(&self, target: &Locator) {
        self.0.add(&target.0, &Action::Hover(PointerOptions::new().0));
    }

    /// Checks a check box, radio button or switch.
    pub fn check(&self, target: &Locator) {
        self.0.add(&target.0, &Action::Check(PointerOptions::new().0));
    }

    /// Unchecks a check box or switch.
    pub fn uncheck(&self, target: &Locator) {
        self.0.add(&target.0, &Action::Uncheck(PointerOptions::new().0));
    }

    /// Replaces the text of a field.
    pub fn fill(&self, target: &Locator, value: impl Into<String>) {
        let action = Action::Fill((value.into(), ActionOptions::new().0));
        self.0.add(&target.0, &action);
    }

    /// Empties a field.
    pub fn clear(&self, target: &Locator) {
        self.fill(target, "");
    }

    /// Focuses the element and presses a key or a chord.
    pub fn press(&self, target: &Locator, key: &str) {
        let action = Action::Press((key.to_owned(), KeyOptions::new().0));
        self.0.add(&target.0, &action);
    }

    /// Focuses the element.
    pub fn focus(&self, target: &Locator) {
        self.0.add(&target.0, &Action::Focus(ActionOptions::new().0));
    }

    /// Selects one option of a `select`.
    pub fn select_option(&self, target: &Locator, choice: impl Into<Choice>) {
        let action = Action::SelectOption((vec![choice.into().0], ActionOptions::new().0));
        self.0.add(&target.0, &action);
    }
}
