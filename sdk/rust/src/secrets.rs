//! Fields that the host fills with a secret which the flow cannot read.

use crate::bindings::flow::flowguard::plugin::secrets as host;
use crate::failure::Result;
use crate::locator::Locator;
use crate::options::ActionOptions;

impl Locator {
    /// Waits until the field is visible, enabled and editable; the host replaces its text by the secret of this name,
    /// where the secret's own list has this component and the origin of the page. Nothing that the flow reads
    /// afterwards holds the value.
    ///
    /// ```no_run
    /// # use flowguard_sdk::prelude::*;
    /// # fn example(page: &Page) -> Result {
    /// page.get_by_label("Password").fill_secret("shop-password")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn fill_secret(&self, name: impl AsRef<str>) -> Result {
        self.fill_secret_with(name, ActionOptions::new())
    }

    /// [`fill_secret`](Self::fill_secret) with options.
    pub fn fill_secret_with(&self, name: impl AsRef<str>, options: ActionOptions) -> Result {
        Ok(host::fill_secret(&self.0, name.as_ref(), options.0)?)
    }
}
