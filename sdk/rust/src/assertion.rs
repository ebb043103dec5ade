//! What a custom assertion is: a component that is shown one page and says a verdict.

use crate::bindings::assertion::exports::flowguard::plugin::checks as host;
use crate::bindings::flow::flowguard::plugin::{browser, types};
use crate::check::{Finding, Severity, Verdict};
use crate::failure::{Evidence, Result};
use crate::locator::Locator;
use crate::page::Outline;
use crate::query::Locate;
use crate::screenshot::ScreenshotOptions;
use crate::time;
use crate::vision::Image;

/// The page that a custom assertion looks at: it can be read, not navigated, acted on or closed.
#[derive(Clone, Copy)]
pub struct PageView<'page>(pub(crate) &'page browser::Page);

impl Locate for PageView<'_> {
    fn locate(&self, query: &browser::Query) -> Locator {
        self.0.locate(query).into()
    }
}

impl PageView<'_> {
    /// The address of the main frame.
    pub fn url(&self) -> Result<String> {
        Ok(self.0.url()?)
    }

    /// The document's title.
    pub fn title(&self) -> Result<String> {
        Ok(self.0.title()?)
    }

    /// The document's links, images and visible text, in one call.
    pub fn outline(&self) -> Result<Outline> {
        Ok(self.0.outline()?)
    }

    /// Fetches an address with the page's cookies and tells the HTTP status.
    pub fn probe(&self, url: &str) -> Result<u32> {
        Ok(self.0.probe(url, None)?)
    }

    /// [`probe`](Self::probe), for at most this long.
    pub fn probe_within(&self, url: &str, limit: std::time::Duration) -> Result<u32> {
        Ok(self.0.probe(url, Some(time::milliseconds(limit)))?)
    }

    /// Takes a screenshot of the viewport under this name.
    pub fn screenshot(&self, name: &str) -> Result<Image> {
        self.screenshot_with(ScreenshotOptions::new().name(name))
    }

    /// [`screenshot`](Self::screenshot) with options.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "options are written where they are used"
    )]
    pub fn screenshot_with(&self, options: ScreenshotOptions) -> Result<Image> {
        let (shot, mask) = options.host();
        Ok(Image::from(self.0.screenshot(shot, &mask)?))
    }
}

/// A finding against the page: the assertion does not hold.
pub fn violation(message: impl Into<String>) -> Finding {
    Finding {
        severity: Severity::Violation,
        message: message.into(),
        evidence: Vec::new(),
    }
}

/// A finding that is worth knowing; the assertion holds all the same.
pub fn notice(message: impl Into<String>) -> Finding {
    Finding {
        severity: Severity::Notice,
        message: message.into(),
        evidence: Vec::new(),
    }
}

/// Adds evidence to a finding: `violation("dead link").evidence("address", url)`.
pub trait WithEvidence {
    /// The same finding with a piece of evidence added.
    #[must_use]
    fn evidence(self, title: impl Into<String>, text: impl Into<String>) -> Self;
}

impl WithEvidence for Finding {
    fn evidence(mut self, title: impl Into<String>, text: impl Into<String>) -> Self {
        self.evidence.push(Evidence {
            title: title.into(),
            text: text.into(),
        });
        self
    }
}

/// The verdict of these findings: it passes when no violation is among them. The contract carries 200, so
/// violations come first and the summary keeps the true count.
pub fn verdict(summary: impl Into<String>, mut findings: Vec<Finding>) -> Verdict {
    const MOST: usize = 200;
    findings.sort_by_key(|finding| finding.severity != Severity::Violation);
    let passed = findings
        .iter()
        .all(|finding| finding.severity != Severity::Violation);
    findings.truncate(MOST);
    Verdict {
        passed,
        summary: summary.into(),
        findings,
    }
}

/// A custom assertion; `#[assertion]` writes it.
pub trait Assertion {
    #[doc(hidden)]
    const NAME: &'static str;
    #[doc(hidden)]
    const VERSION: &'static str;
    #[doc(hidden)]
    const SUMMARY: &'static str;
    #[doc(hidden)]
    const SCHEMA: &'static str;
    #[doc(hidden)]
    const EXTERNAL_HOSTS: bool;
    #[doc(hidden)]
    fn check(page: PageView<'_>, params: &str) -> Result<Verdict>;
}

/// Checks that the type is an assertion.
#[doc(hidden)]
pub const fn is_assertion<A: Assertion>() {}

/// Carries an [`Assertion`] over to the exports of the world.
#[doc(hidden)]
pub struct Exported<A>(std::marker::PhantomData<A>);

impl<A: Assertion> host::Guest for Exported<A> {
    fn describe() -> host::Description {
        host::Description {
            name: A::NAME.into(),
            version: A::VERSION.into(),
            summary: A::SUMMARY.into(),
            params_schema: A::SCHEMA.into(),
            needs: host::Needs {
                external_hosts: A::EXTERNAL_HOSTS,
            },
        }
    }

    fn check(page: &browser::Page, params: String) -> Result<Verdict, types::Failure> {
        A::check(PageView(page), &params).map_err(Into::into)
    }
}

/// Exports a type that implements [`Assertion`] as the component of the crate; `#[assertion]` calls it.
#[doc(hidden)]
#[rustfmt::skip]
#[macro_export]
macro_rules! export_assertion {
    ($assertion:ty) => {
        const _: () = $crate::__private::is_assertion::<$assertion>();
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            type FlowguardExport = $crate::__private::ExportedAssertion<$assertion>;
            use $crate::bindings::assertion as bindings;
            bindings::export_assertion!(FlowguardExport with_types_in bindings);
        };
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_passes_without_violations_and_keeps_the_grave_ones() {
        assert!(verdict("fine", vec![notice("odd")]).passed);
        let mut findings: Vec<_> = (0..250).map(|n| notice(format!("odd {n}"))).collect();
        findings.push(violation("wrong").evidence("address", "/x"));
        let verdict = verdict("not fine", findings);
        assert!(!verdict.passed);
        assert_eq!(verdict.findings.len(), 200);
        assert_eq!(verdict.findings[0].message, "wrong");
        assert_eq!(verdict.findings[0].evidence[0].text, "/x");
    }
}
