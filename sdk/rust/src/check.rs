//! Comparisons that the flow makes itself, and custom assertions that other components make for it.

use std::fmt::Debug;
use std::time::Duration;

use crate::bindings::flow::flowguard::plugin::assertions as host;
pub use crate::bindings::flow::flowguard::plugin::types::{Finding, Severity, Verdict};
use crate::failure::Result;
use crate::page::Page;
use crate::time;

/// Records that two values are equal; fails with both where they are not.
///
/// ```no_run
/// # use flowguard_sdk::prelude::*;
/// # fn example(total: u32) -> Result {
/// check_eq("total of the cart, in cents", total, 2_490)?;
/// # Ok(())
/// # }
/// ```
pub fn check_eq<A: PartialEq<B> + Debug, B: Debug>(
    title: impl Into<String>,
    received: A,
    expected: B,
) -> Result {
    Check::new(title).eq(received, expected)
}

/// Records that a condition holds; fails where it does not.
pub fn check_that(title: impl Into<String>, holds: bool) -> Result {
    Check::new(title).that(holds)
}

/// A comparison with options: `Check::new("total").soft().eq(got, want)?`.
#[derive(Clone, Debug)]
#[must_use = "a comparison does nothing before `eq` or `that` is called"]
pub struct Check {
    title: String,
    soft: bool,
}

impl Check {
    /// Says what is compared, for a person.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            soft: false,
        }
    }

    /// Records a failure, which fails the run, and lets the flow go on.
    pub fn soft(mut self) -> Self {
        self.soft = true;
        self
    }

    /// The two are equal.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "values are written where they are compared"
    )]
    pub fn eq<A: PartialEq<B> + Debug, B: Debug>(self, received: A, expected: B) -> Result {
        let passed = received == expected;
        self.report(passed, format!("{expected:?}"), format!("{received:?}"))
    }

    /// The condition holds.
    pub fn that(self, holds: bool) -> Result {
        self.report(holds, String::new(), String::new())
    }

    fn report(self, passed: bool, expected: String, received: String) -> Result {
        let Self { title, soft } = self;
        Ok(host::report(&host::Check {
            title,
            passed,
            expected,
            received,
            soft,
        })?)
    }
}

/// Calls a custom assertion on a page. `params` is JSON, `()` for none.
///
/// ```no_run
/// # use flowguard_sdk::prelude::*;
/// # fn example(page: &Page) -> Result {
/// assert_with("content", page, r#"{ "links": true }"#)?;
/// # Ok(())
/// # }
/// ```
pub fn assert_with(name: &str, page: &Page, params: impl Into<Params>) -> Result<Verdict> {
    CustomAssertion::new(name).params(params).check(page)
}

/// Parameters of a custom assertion, as JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct Params(String);

impl From<()> for Params {
    fn from((): ()) -> Self {
        Self("{}".into())
    }
}

impl From<&str> for Params {
    fn from(json: &str) -> Self {
        Self(json.into())
    }
}

impl From<String> for Params {
    fn from(json: String) -> Self {
        Self(json)
    }
}

/// A custom assertion with options.
///
/// ```no_run
/// # use flowguard_sdk::prelude::*;
/// # fn example(page: &Page) -> Result {
/// let verdict = CustomAssertion::new("content").soft().timeout(60.seconds()).check(page)?;
/// metric("content.findings", verdict.findings.len() as f64)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a custom assertion does nothing before `check` is called"]
pub struct CustomAssertion {
    name: String,
    params: Params,
    options: host::CallOptions,
}

impl CustomAssertion {
    /// The assertion of this name; the component asks for it in `component!` under `plugins`.
    pub fn new(name: impl Into<String>) -> Self {
        let options = host::CallOptions {
            soft: false,
            timeout: None,
        };
        Self {
            name: name.into(),
            params: ().into(),
            options,
        }
    }

    /// Its parameters, as JSON.
    pub fn params(mut self, params: impl Into<Params>) -> Self {
        self.params = params.into();
        self
    }

    /// Records a verdict against it, which fails the run, and lets the flow go on.
    pub fn soft(mut self) -> Self {
        self.options.soft = true;
        self
    }

    /// At most this long, instead of 30 s.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.options.timeout = Some(time::milliseconds(limit));
        self
    }

    /// Checks the page; a verdict against it is a failure, unless the assertion is soft.
    pub fn check(self, page: &Page) -> Result<Verdict> {
        Ok(host::call(&self.name, &page.0, &self.params.0, self.options)?)
    }
}
