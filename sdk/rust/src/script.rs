//! The author's own JavaScript in a page, in the page's own world.
//!
//! Texts go in and JSON comes out: which crate reads JSON is the flow's choice.

use std::time::Duration;

use crate::bindings::flow::flowguard::plugin::script as host;
use crate::context::BrowserContext;
use crate::failure::Result;
use crate::locator::Locator;
use crate::page::Page;
use crate::time;

/// Options of scripts: an argument and a time.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct ScriptOptions {
    argument: Option<String>,
    timeout: Option<u32>,
}

impl ScriptOptions {
    /// No argument, and the run's action timeout.
    pub fn new() -> Self {
        Self::default()
    }

    /// What a function gets, as JSON: `"Ada"` is `r#""Ada""#`.
    pub fn argument(mut self, json: impl Into<String>) -> Self {
        self.argument = Some(json.into());
        self
    }

    /// At most this long.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(time::milliseconds(limit));
        self
    }
}

impl Page {
    /// Runs an expression, or calls a function, in the page's main document; the answer as JSON, `null` for
    /// undefined. Promises are awaited. What JSON cannot say, such as an element, is refused.
    ///
    /// ```no_run
    /// # use flowguard_sdk::prelude::*;
    /// # fn example(page: &Page) -> Result {
    /// let items: u32 = page.evaluate("window.cart.items.length")?.parse()?;
    /// let name = ScriptOptions::new().argument(r#""theme""#);
    /// page.evaluate_with("(name) => localStorage.getItem(name)", name)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn evaluate(&self, script: &str) -> Result<String> {
        self.evaluate_with(script, ScriptOptions::new())
    }

    /// [`evaluate`](Self::evaluate) with options.
    pub fn evaluate_with(&self, script: &str, options: ScriptOptions) -> Result<String> {
        let ScriptOptions { argument, timeout } = options;
        Ok(host::evaluate(&self.0, script, argument.as_deref(), timeout)?)
    }

    /// Waits until a script answers something that is true to JavaScript.
    pub fn wait_for_function(&self, script: &str) -> Result {
        self.wait_for_function_with(script, ScriptOptions::new())
    }

    /// [`wait_for_function`](Self::wait_for_function) with options.
    pub fn wait_for_function_with(&self, script: &str, options: ScriptOptions) -> Result {
        let ScriptOptions { argument, timeout } = options;
        Ok(host::wait_for_function(
            &self.0,
            script,
            argument.as_deref(),
            timeout,
        )?)
    }

    /// Runs these statements in each document that the page and its frames load from now on, before the
    /// document's own scripts.
    pub fn add_init_script(&self, script: &str) -> Result {
        Ok(host::add_page_init_script(&self.0, script)?)
    }
}

impl Locator {
    /// Waits for the element and calls a function with it, in the page's own world; the answer as JSON. On
    /// [`content_frame`](Self::content_frame) that is the root element of the frame's document.
    ///
    /// ```no_run
    /// # use flowguard_sdk::prelude::*;
    /// # fn example(page: &Page) -> Result {
    /// let fits = page.get_by_role(Role::Navigation, ()).evaluate("(nav) => nav.scrollWidth <= nav.clientWidth")?;
    /// check_eq("the navigation fits", fits, "true")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn evaluate(&self, script: &str) -> Result<String> {
        self.evaluate_with(script, ScriptOptions::new())
    }

    /// [`evaluate`](Self::evaluate) with options; a function gets the argument after the element.
    pub fn evaluate_with(&self, script: &str, options: ScriptOptions) -> Result<String> {
        let ScriptOptions { argument, timeout } = options;
        Ok(host::evaluate_on(&self.0, script, argument.as_deref(), timeout)?)
    }

    /// Calls a function with the array of all elements that match now; it does not wait for any.
    pub fn evaluate_all(&self, script: &str) -> Result<String> {
        self.evaluate_all_with(script, ScriptOptions::new())
    }

    /// [`evaluate_all`](Self::evaluate_all) with options; a function gets the argument after the array.
    pub fn evaluate_all_with(&self, script: &str, options: ScriptOptions) -> Result<String> {
        let ScriptOptions { argument, timeout } = options;
        Ok(host::evaluate_on_all(
            &self.0,
            script,
            argument.as_deref(),
            timeout,
        )?)
    }

    /// Waits until a function answers something that is true to JavaScript of the element.
    pub fn wait_for_function(&self, script: &str) -> Result {
        self.wait_for_function_with(script, ScriptOptions::new())
    }

    /// [`wait_for_function`](Self::wait_for_function) with options.
    pub fn wait_for_function_with(&self, script: &str, options: ScriptOptions) -> Result {
        let ScriptOptions { argument, timeout } = options;
        Ok(host::wait_for_function_on(
            &self.0,
            script,
            argument.as_deref(),
            timeout,
        )?)
    }
}

impl BrowserContext {
    /// Runs these statements in each document that the context's pages and frames load from now on, popups
    /// included, before the document's own scripts.
    pub fn add_init_script(&self, script: &str) -> Result {
        Ok(host::add_init_script(&self.0, script)?)
    }
}
