//! Images that live in the host, and judgement of them by a model.

use std::rc::Rc;
use std::time::Duration;

use crate::bindings::flow::flowguard::plugin::{telemetry, types, vision as host};
pub use host::{Extraction, Judgement, Region, Usage};
pub use types::ImageInfo;

use crate::failure::Result;
use crate::time;

/// An image in the host, for example a screenshot. Clones are the same image.
#[derive(Clone)]
pub struct Image(Rc<types::Image>);

impl From<types::Image> for Image {
    fn from(handle: types::Image) -> Self {
        Self(Rc::new(handle))
    }
}

impl Image {
    /// Digest, size and type.
    pub fn info(&self) -> ImageInfo {
        self.0.info()
    }

    /// The encoded bytes, copied into the flow; at most 4 MiB.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        Ok(self.0.bytes()?)
    }

    /// Asserts that a statement about the image holds, as a model sees it.
    ///
    /// ```no_run
    /// # use flowguard_sdk::prelude::*;
    /// # fn example(page: &Page) -> Result {
    /// page.screenshot("cart")?.judge("the cart shows two items and a total")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn judge(&self, statement: &str) -> Result<Judgement> {
        self.judge_with(statement, JudgeOptions::new())
    }

    /// [`judge`](Self::judge) with options.
    pub fn judge_with(&self, statement: &str, options: JudgeOptions) -> Result<Judgement> {
        Ok(host::judge(&self.0, statement, options.0)?)
    }

    /// Reads from the image what a JSON Schema describes; the answer is JSON.
    pub fn extract(&self, instruction: &str, schema: &str) -> Result<Extraction> {
        Ok(host::extract(&self.0, instruction, schema)?)
    }

    /// Attaches the image to the report.
    pub fn attach(&self, name: &str) -> Result {
        Ok(telemetry::attach_image(name, &self.0)?)
    }
}

/// Options of [`Image::judge_with`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct JudgeOptions(host::JudgeOptions);

impl JudgeOptions {
    /// Any confidence, the run's expect timeout, not soft.
    pub fn new() -> Self {
        Self(host::JudgeOptions {
            min_confidence: 0.0,
            soft: false,
            timeout: None,
        })
    }

    /// Fails below this confidence, 0 to 1.
    pub fn min_confidence(mut self, least: f64) -> Self {
        self.0.min_confidence = least;
        self
    }

    /// Records a judgement against it, which fails the run, and lets the flow go on.
    pub fn soft(mut self) -> Self {
        self.0.soft = true;
        self
    }

    /// At most this long.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.0.timeout = Some(time::milliseconds(limit));
        self
    }
}

impl Default for JudgeOptions {
    fn default() -> Self {
        Self::new()
    }
}
