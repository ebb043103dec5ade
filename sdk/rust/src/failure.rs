//! The one error of a flow: what happened, in the host or in the flow itself.
//! Never invent a host's call number here: a failure that the flow makes up has none.

use std::fmt;

use crate::bindings::flow::flowguard::plugin::types;
pub use types::{Evidence, FailureCode};

/// What a flow, a step or a helper returns: nothing, or a value, or the [`Failure`] that ends the run.
pub type Result<T = (), E = Failure> = std::result::Result<T, E>;

/// What went wrong: a failed assertion, an action that ran out of its time, a denial, or the flow's own error.
///
/// Every call of the host returns it, and `?` passes it on. Pass it on whole: the host knows by its call
/// number who is to blame, and a failure rebuilt from its text has lost that.
///
/// ```no_run
/// # use flowguard_sdk::prelude::*;
/// fn total(page: &Page) -> Result<f64> {
///     let text = page.get_by_test_id("total").text_content()?;
///     Ok(text.trim().trim_start_matches('$').parse()?)
/// }
/// ```
#[derive(Clone, PartialEq)]
pub struct Failure(Box<types::Failure>);

impl Failure {
    /// A failure of the flow's own, with the code `flow-error`; [`fail`] is shorter.
    pub fn new(message: impl Into<String>) -> Self {
        Self::with_code(FailureCode::FlowError, message)
    }

    /// A failure of the flow's own with another code, for components that interpret something: a malformed
    /// source is an [`FailureCode::InvalidArgument`].
    pub fn with_code(code: FailureCode, message: impl Into<String>) -> Self {
        Self(Box::new(types::Failure {
            code,
            message: message.into(),
            call_log: Vec::new(),
            retryable: false,
            evidence: Vec::new(),
            call: None,
        }))
    }

    /// The same failure with a place or a purpose put before its message: `the cart: timed out`.
    #[must_use]
    pub fn context(mut self, place: impl fmt::Display) -> Self {
        self.0.message = format!("{place}: {}", self.0.message);
        self
    }

    /// The same failure with a piece of evidence added.
    #[must_use]
    pub fn with_evidence(mut self, title: impl Into<String>, text: impl Into<String>) -> Self {
        self.0.evidence.push(Evidence {
            title: title.into(),
            text: text.into(),
        });
        self
    }

    /// What kind of failure it is.
    pub fn code(&self) -> FailureCode {
        self.0.code
    }

    /// What happened, one sentence.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What the host tried and saw, oldest first.
    pub fn call_log(&self) -> &[String] {
        &self.0.call_log
    }

    /// Whether the same call may succeed if it is made again.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// Expected, received, candidates and whatever else explains it.
    pub fn evidence(&self) -> &[Evidence] {
        &self.0.evidence
    }

    /// The number of the host call that failed; none for a failure of the flow's own.
    pub fn call(&self) -> Option<u32> {
        self.0.call
    }
}

impl From<types::Failure> for Failure {
    fn from(failure: types::Failure) -> Self {
        Self(Box::new(failure))
    }
}

impl From<Failure> for types::Failure {
    fn from(failure: Failure) -> Self {
        *failure.0
    }
}

impl fmt::Display for Failure {
    /// The message; with `{:#}` also the evidence and the call log, a line each.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        if f.alternate() {
            for evidence in &self.0.evidence {
                write!(f, "\n  {}: {}", evidence.title, evidence.text)?;
            }
            for line in &self.0.call_log {
                write!(f, "\n  - {line}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self:#}", self.0.code)
    }
}

impl std::error::Error for Failure {}

/// A failure of the flow's own, from a text or from any error: `.map_err(fail)?`, `return Err(fail("…"))`.
pub fn fail(message: impl fmt::Display) -> Failure {
    Failure::new(message.to_string())
}

/// Ends the flow, or the function, with a failure of its own; the arguments are those of `format!`.
///
/// ```no_run
/// # use flowguard_sdk::prelude::*;
/// # fn example(order: u32) -> Result {
/// if order == 0 {
///     bail!("the order has no number: {order}");
/// }
/// # Ok(())
/// # }
/// ```
#[macro_export]
macro_rules! bail {
    ($($argument:tt)+) => {
        return ::core::result::Result::Err($crate::fail(::std::format!($($argument)+)))
    };
}

/// Says what was missing, or what it was for, on the way out through `?`.
///
/// ```no_run
/// # use flowguard_sdk::prelude::*;
/// # fn example(texts: &[String]) -> Result {
/// let first = texts.first().or_fail("the list of orders is empty")?;
/// let number: u32 = first.trim().parse().or_fail("the order number")?;
/// # Ok(())
/// # }
/// ```
pub trait OrFail<T> {
    /// None becomes a failure with this message; an error becomes a failure with this before its message.
    fn or_fail(self, message: impl fmt::Display) -> Result<T>;
}

impl<T> OrFail<T> for Option<T> {
    fn or_fail(self, message: impl fmt::Display) -> Result<T> {
        self.ok_or_else(|| fail(message))
    }
}

impl<T, E: Into<Failure>> OrFail<T> for std::result::Result<T, E> {
    fn or_fail(self, message: impl fmt::Display) -> Result<T> {
        self.map_err(|error| error.into().context(message))
    }
}

/// `?` on the errors that a flow's own work brings up. Others go through [`fail`].
macro_rules! from_errors {
    ($($error:ty),+ $(,)?) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                fail(error)
            }
        })+
    };
}

from_errors! {
    String,
    &str,
    Box<dyn std::error::Error>,
    Box<dyn std::error::Error + Send + Sync>,
    std::fmt::Error,
    std::num::ParseFloatError,
    std::num::ParseIntError,
    std::num::TryFromIntError,
    std::str::ParseBoolError,
    std::str::Utf8Error,
    std::string::FromUtf8Error,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_the_host() -> Failure {
        Failure::from(types::Failure {
            code: FailureCode::Timeout,
            message: "button \"Pay\" never became enabled".into(),
            call_log: vec!["12 × waiting for element to be enabled".into()],
            retryable: true,
            evidence: Vec::new(),
            call: Some(7),
        })
    }

    #[test]
    fn context_keeps_the_code_and_the_call_of_the_host() {
        let failure = Err::<(), _>(from_the_host()).or_fail("paying").unwrap_err();
        assert_eq!(failure.to_string(), "paying: button \"Pay\" never became enabled");
        assert_eq!((failure.code(), failure.call()), (FailureCode::Timeout, Some(7)));
    }

    #[test]
    fn the_alternate_form_tells_evidence_and_log() {
        let failure = from_the_host().with_evidence("received", "disabled");
        assert_eq!(
            format!("{failure:#}"),
            "button \"Pay\" never became enabled\n  received: disabled\n  - 12 × waiting for element to be enabled"
        );
    }

    #[test]
    fn parse_errors_and_nothing_become_failures_of_the_flow() {
        fn number(text: &str) -> Result<u32> {
            Ok(text.parse()?)
        }
        fn refuse(order: u32) -> Result {
            bail!("order {order} is refused")
        }
        let failure = number("x").unwrap_err();
        assert_eq!((failure.code(), failure.call()), (FailureCode::FlowError, None));
        assert_eq!(failure.message(), "invalid digit found in string");
        assert_eq!(None::<u8>.or_fail("no price").unwrap_err().message(), "no price");
        assert_eq!(refuse(3).unwrap_err().message(), "order 3 is refused");
    }
}
