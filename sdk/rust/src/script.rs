//! The author's own JavaScript in a page, in the page's own world.
//!
//! Texts go in and JSON comes out: which crate reads JSON is the flow's choice.

use std::time::Duration;

use crate::bindings::flow::flowguard::plugin::script as host;
use crate::context::BrowserContext;
use crate::expect::Expect;
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

    /// Adds a script to the main document, as one of the page's own.
    pub fn add_script(&self, text: &str) -> Result {
        self.add(host::Tag::Script, &host::TagSource::Content(text.to_owned()))
    }

    /// Adds the script of this address, which is granted as that of [`goto`](Self::goto) is.
    pub fn add_script_url(&self, url: &str) -> Result {
        self.add(host::Tag::Script, &host::TagSource::Url(url.to_owned()))
    }

    /// Adds a module to the main document.
    pub fn add_module(&self, text: &str) -> Result {
        self.add(host::Tag::Module, &host::TagSource::Content(text.to_owned()))
    }

    /// Adds the module of this address.
    pub fn add_module_url(&self, url: &str) -> Result {
        self.add(host::Tag::Module, &host::TagSource::Url(url.to_owned()))
    }

    /// Adds a style sheet to the main document.
    pub fn add_style(&self, text: &str) -> Result {
        self.add(host::Tag::Style, &host::TagSource::Content(text.to_owned()))
    }

    /// Adds the style sheet of this address.
    pub fn add_style_url(&self, url: &str) -> Result {
        self.add(host::Tag::Style, &host::TagSource::Url(url.to_owned()))
    }

    fn add(&self, tag: host::Tag, source: &host::TagSource) -> Result {
        Ok(host::add_tag(&self.0, tag, source, None)?)
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

impl Expect<Locator> {
    /// A property, as the page's scripts see it, equals this JSON value. The path is names with dots between
    /// them: `dataset.kind`.
    pub fn to_have_js_property(self, path: &str, json: &str) -> Result {
        Ok(host::expect_property(
            &self.target.0,
            path,
            Some(json),
            &self.options,
        )?)
    }

    /// A property is undefined, as the page's scripts see it.
    pub fn to_have_no_js_property(self, path: &str) -> Result {
        Ok(host::expect_property(&self.target.0, path, None, &self.options)?)
    }
}

impl BrowserContext {
    /// Runs these statements in each document that the context's pages and frames load from now on, popups
    /// included, before the document's own scripts.
    pub fn add_init_script(&self, script: &str) -> Result {
        Ok(host::add_init_script(&self.0, script)?)
    }
}
