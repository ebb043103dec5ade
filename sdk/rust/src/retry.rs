//! Trying a part of the flow again until it holds. The host counts, waits and forgives; here the part is run.

use std::fmt::Debug;
use std::time::Duration;

use crate::bindings::flow::flowguard::plugin::retries as host;
use crate::failure::{Failure, FailureCode, Result};
use crate::time;
use host::{Ending, Next};

/// Runs a part of the flow again and again until it returns without a failure: assertions and actions that only
/// hold together. There is no limit but the run's own time; see [`ToPass`] for one.
///
/// ```no_run
/// # use flowguard_sdk::prelude::*;
/// # fn example(page: &Page) -> Result {
/// to_pass("the order arrives", || {
///     page.reload()?;
///     expect(page.get_by_role(Role::Status, ())).within(0.seconds()).to_have_text("Delivered")
/// })?;
/// # Ok(())
/// # }
/// ```
pub fn to_pass<T>(title: impl Into<String>, body: impl FnMut() -> Result<T>) -> Result<T> {
    ToPass::new(title).run(body)
}

/// [`to_pass`] with options: `ToPass::new("the order arrives").within(10.seconds()).run(|| …)`.
#[derive(Clone, Debug)]
#[must_use = "nothing is tried before `run` is called"]
pub struct ToPass(Terms);

/// What a retry is and how long it goes on.
#[derive(Clone, Debug)]
struct Terms {
    title: String,
    options: host::RetryOptions,
}

impl Terms {
    fn new(title: String, timeout: Option<u32>) -> Self {
        let options = host::RetryOptions {
            timeout,
            intervals: Vec::new(),
            soft: false,
        };
        Self { title, options }
    }

    fn intervals(&mut self, pauses: impl IntoIterator<Item = Duration>) {
        self.options.intervals = pauses.into_iter().map(time::milliseconds).collect();
    }

    /// Makes attempts until one passes or the host ends them; the last one's value, none after a soft failure.
    fn run<T>(&self, mut attempt: impl FnMut() -> Attempt<T>) -> Result<Option<T>> {
        let retry = host::Retry::start(&self.title, &self.options)?;
        loop {
            let (value, ending) = match attempt() {
                Attempt::Passed(value) => (Some(value), Ending::Passed),
                Attempt::Failed(failure) => (None, Ending::Failed(failure.into())),
                Attempt::Hopeless(failure) => (None, Ending::Hopeless(failure.into())),
            };
            if retry.end_attempt(&ending)? == Next::GoOn {
                return Ok(value);
            }
        }
    }
}

/// What came of one attempt.
enum Attempt<T> {
    Passed(T),
    Failed(Failure),
    Hopeless(Failure),
}

impl ToPass {
    /// Says what is tried, for a person.
    pub fn new(title: impl Into<String>) -> Self {
        Self(Terms::new(title.into(), None))
    }

    /// No attempt begins later than this; there is one in any case.
    pub fn within(mut self, limit: Duration) -> Self {
        self.0.options.timeout = Some(time::milliseconds(limit));
        self
    }

    /// The pauses between attempts, instead of 100, 250, 500 and 1000 ms; the last one repeats.
    pub fn intervals(mut self, pauses: impl IntoIterator<Item = Duration>) -> Self {
        self.0.intervals(pauses);
        self
    }

    /// Tries it.
    pub fn run<T>(self, mut body: impl FnMut() -> Result<T>) -> Result<T> {
        let value = self.0.run(|| match body() {
            Ok(value) => Attempt::Passed(value),
            Err(failure) => Attempt::Failed(failure),
        })?;
        value.ok_or_else(|| Failure::new("the host went on after an attempt that had failed"))
    }
}

/// Begins an assertion on a value that is asked for again and again until it is as expected, 5 s unless told
/// otherwise. A failure of the question itself is not retried.
///
/// ```no_run
/// # use flowguard_sdk::prelude::*;
/// # fn example(page: &Page) -> Result {
/// expect_poll("orders in the list", || page.get_by_role(Role::Row, ()).count()).to_equal(3)?;
/// # Ok(())
/// # }
/// ```
pub fn expect_poll<T, P: FnMut() -> Result<T>>(title: impl Into<String>, probe: P) -> Poll<P> {
    const USUAL_MS: u32 = 5_000;
    Poll {
        terms: Terms::new(title.into(), Some(USUAL_MS)),
        probe,
    }
}

/// An assertion on a value that is asked for again; made by [`expect_poll`].
#[derive(Clone, Debug)]
#[must_use = "nothing is asked before `to_equal` or `to_satisfy` is called"]
pub struct Poll<P> {
    terms: Terms,
    probe: P,
}

impl<P> Poll<P> {
    /// Asks for at most this long; zero asks once.
    pub fn within(mut self, limit: Duration) -> Self {
        self.terms.options.timeout = Some(time::milliseconds(limit));
        self
    }

    /// The pauses in between, instead of 100, 250, 500 and 1000 ms; the last one repeats.
    pub fn intervals(mut self, pauses: impl IntoIterator<Item = Duration>) -> Self {
        self.terms.intervals(pauses);
        self
    }

    /// Records a failure, which fails the run, and lets the flow go on.
    pub fn soft(mut self) -> Self {
        self.terms.options.soft = true;
        self
    }

    /// The value becomes equal to this one.
    pub fn to_equal<T, B>(self, expected: B) -> Result
    where
        P: FnMut() -> Result<T>,
        T: PartialEq<B> + Debug,
        B: Debug,
    {
        let wanted = format!("{expected:?}");
        self.check(&wanted, |value| *value == expected)
    }

    /// The value comes to satisfy the condition.
    pub fn to_satisfy<T: Debug>(self, holds: impl FnMut(&T) -> bool) -> Result
    where
        P: FnMut() -> Result<T>,
    {
        self.check("what satisfies the condition", holds)
    }

    fn check<T: Debug>(mut self, wanted: &str, mut holds: impl FnMut(&T) -> bool) -> Result
    where
        P: FnMut() -> Result<T>,
    {
        let title = self.terms.title.clone();
        let attempt = || match (self.probe)() {
            Ok(value) if holds(&value) => Attempt::Passed(()),
            Ok(value) => Attempt::Failed(unequal(&title, wanted, &format!("{value:?}"))),
            Err(failure) => Attempt::Hopeless(failure),
        };
        self.terms.run(attempt).map(drop)
    }
}

fn unequal(title: &str, wanted: &str, received: &str) -> Failure {
    let message = format!("{title}: expected {wanted}, received {received}");
    Failure::with_code(FailureCode::AssertionFailed, message)
        .with_evidence("expected", wanted)
        .with_evidence("received", received)
}
