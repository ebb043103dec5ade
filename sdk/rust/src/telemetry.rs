//! What a flow says of itself: steps, log lines, measurements, attachments.

use crate::bindings::flow::flowguard::plugin::telemetry as host;
pub use host::Level;

use crate::failure::Result;

/// Runs a part of the flow as a step: a group in the report, a span in the trace. An error ends the step
/// with its message and is passed on. Steps may lie in steps.
///
/// ```no_run
/// # use flowguard_sdk::prelude::*;
/// # fn example(page: &Page) -> Result {
/// step("pay", || {
///     page.get_by_label("Card number").fill("4242 4242 4242 4242")?;
///     page.get_by_role(Role::Button, exact("Pay")).click()
/// })?;
/// # Ok(())
/// # }
/// ```
pub fn step<T>(name: impl AsRef<str>, body: impl FnOnce() -> Result<T>) -> Result<T> {
    let span = Span::start(name)?;
    let result = body();
    // A failure of the body explains more than one of the ending, and must keep its call number.
    let ended = span.end(result.as_ref().err().map(ToString::to_string).as_deref());
    let value = result?;
    ended?;
    Ok(value)
}

/// A step that ends when it is told or dropped, for what a closure cannot hold; else see [`step`].
pub struct Span(host::Span);

impl Span {
    /// Starts a step inside the one that is open now.
    pub fn start(name: impl AsRef<str>) -> Result<Self> {
        Self::start_with(name, &[])
    }

    /// [`start`](Self::start) with attributes.
    pub fn start_with(name: impl AsRef<str>, attributes: &[(&str, &str)]) -> Result<Self> {
        Ok(Self(host::Span::start(name.as_ref(), &to_host(attributes))?))
    }

    /// Adds an attribute, at most 16.
    pub fn set_attribute(&self, key: &str, value: &str) -> Result {
        Ok(self.0.set_attribute(&attribute((key, value)))?)
    }

    /// Ends it; `error` is what went wrong, none where nothing did.
    pub fn end(self, error: Option<&str>) -> Result {
        Ok(self.0.end(error)?)
    }
}

/// Writes a line into the report, at the level `info`.
pub fn log(message: impl AsRef<str>) -> Result {
    log_with(Level::Info, message, &[])
}

/// [`log`] with a level and attributes.
pub fn log_with(level: Level, message: impl AsRef<str>, attributes: &[(&str, &str)]) -> Result {
    Ok(host::log(level, message.as_ref(), &to_host(attributes))?)
}

/// Records a measurement, for example `metric("checkout.items", 2.0)`.
pub fn metric(name: &str, value: f64) -> Result {
    metric_with(name, value, &[])
}

/// [`metric`] with attributes.
pub fn metric_with(name: &str, value: f64, attributes: &[(&str, &str)]) -> Result {
    Ok(host::metric(name, value, &to_host(attributes))?)
}

/// Attaches bytes to the report: `attach("cart.json", "application/json", text)`.
pub fn attach(name: &str, media_type: &str, bytes: impl AsRef<[u8]>) -> Result {
    Ok(host::attach(name, media_type, bytes.as_ref())?)
}

fn to_host(attributes: &[(&str, &str)]) -> Vec<host::Attribute> {
    attributes.iter().copied().map(attribute).collect()
}

fn attribute((key, value): (&str, &str)) -> host::Attribute {
    host::Attribute {
        key: key.into(),
        value: value.into(),
    }
}
