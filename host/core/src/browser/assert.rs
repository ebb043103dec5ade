//! Assertions and the reading of the accessibility tree, call by call. What an expectation is lies in
//! `expectation.rs`; the loop around the page's answer in `job.rs`.

use serde_json::json;
use std::time::Duration;
use url::Url;

use super::act::typed;
use super::calls::{AriaSnapshot, AriaSnapshotOfPage, Expect, ExpectOptions, ExpectPage, PageId};
use super::expectation::{Expectation, ExpectedText};
use super::job::{How, Job};
use super::session::{Browser, timeout};
use crate::failure::{Code, Failure};
use crate::gate::Soft;

impl Browser {
    /// Asserts on elements.
    ///
    /// # Errors
    /// [`Code::AssertionFailed`], unless the assertion is soft; [`Code::InvalidArgument`] where the expectation is
    /// malformed.
    pub async fn expect(&self, call: &Expect) -> Result<Soft<()>, Failure> {
        if call.options.use_inner_text && !call.what.is_of_text() {
            let message = format!("only texts are compared as rendered: {}", call.what);
            return Err(Failure::new(Code::InvalidArgument, message));
        }
        let outcome = self.expect_job(call)?.expect(&call.what, &call.options).await;
        self.soft(outcome, &call.options).await
    }

    pub(super) fn expect_job<'a>(&'a self, call: &'a Expect) -> Result<Job<'a>, Failure> {
        let wait = self.expect_time(&call.options)?;
        self.job(call.target.page, Some(&call.target.locator), wait, How::default())
    }

    /// Asserts on a page.
    ///
    /// # Errors
    /// As [`Browser::expect`].
    pub async fn expect_page(&self, call: &ExpectPage) -> Result<Soft<()>, Failure> {
        let wait = self.expect_time(&call.options)?;
        let outcome = self
            .expect_of_page(call.page, &call.what, &call.options, wait)
            .await;
        self.soft(outcome, &call.options).await
    }

    /// Reads the accessibility tree of the element.
    ///
    /// # Errors
    /// [`Code::Timeout`] where it never comes.
    pub async fn aria_snapshot(&self, call: &AriaSnapshot) -> Result<String, Failure> {
        let mut job = self.action_job(&call.target, call.timeout_ms, false)?;
        typed(job.perform_done(&json!({"kind": "ariaSnapshot"})).await?)
    }

    /// Reads the accessibility tree of the page.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where the page is closed.
    pub async fn aria_snapshot_of_page(&self, call: &AriaSnapshotOfPage) -> Result<String, Failure> {
        let mut job = self.job(call.page, None, self.options.action_timeout, How::default())?;
        typed(job.perform_done(&json!({"kind": "ariaSnapshot"})).await?)
    }

    pub(super) async fn expect_of_page(
        &self,
        page: PageId,
        what: &Expectation,
        options: &ExpectOptions,
        wait: Duration,
    ) -> Result<(), Failure> {
        let what = self.with_base(page, what);
        self.job(page, None, wait, How::default())?
            .expect(&what, options)
            .await
    }

    /// Lets the flow go on after a soft assertion that did not hold, with a picture of that moment: at the
    /// run's end the page may look otherwise.
    pub(super) async fn soft(
        &self,
        outcome: Result<(), Failure>,
        options: &ExpectOptions,
    ) -> Result<Soft<()>, Failure> {
        let answer = Soft::of(explained(outcome, options), options.soft)?;
        if answer.failure.is_some() {
            self.picture_of_failure("at the failure").await;
        }
        Ok(answer)
    }

    /// An expected address is one below the base URL unless it is absolute, and written as browsers write it.
    fn with_base(&self, page: PageId, what: &Expectation) -> Expectation {
        let Expectation::HasUrl { text } = what else {
            return what.clone();
        };
        let base = self.base_of(page);
        let absolute = |value: &str| {
            let joined = match &base {
                Some(base) => base.join(value),
                None => Url::parse(value),
            };
            joined.map_or_else(|_| value.to_owned(), String::from)
        };
        let text = match text {
            ExpectedText::Text { value } => ExpectedText::Text {
                value: absolute(value),
            },
            ExpectedText::IgnoringCase { value } => ExpectedText::IgnoringCase {
                value: absolute(value),
            },
            pattern @ ExpectedText::Pattern { .. } => pattern.clone(),
        };
        Expectation::HasUrl { text }
    }

    pub(super) fn expect_time(&self, options: &ExpectOptions) -> Result<Duration, Failure> {
        timeout(options.timeout_ms, self.options.expect_timeout)
    }
}

/// Puts the flow's own words before the host's.
fn explained(outcome: Result<(), Failure>, options: &ExpectOptions) -> Result<(), Failure> {
    outcome.map_err(|failure| match options.message.as_str() {
        "" => failure,
        because => Failure {
            message: format!("{because}: {}", failure.message),
            ..failure
        },
    })
}
