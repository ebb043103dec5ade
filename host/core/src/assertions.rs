//! Assertions beyond the browser's: values that the flow compared itself, and custom assertions.

use serde::{Deserialize, Serialize};

use crate::browser::PageId;
use crate::budget::Charge;
use crate::failure::{Code, Evidence, Failure, cut};
use crate::gate::{Call, Soft};
use crate::grant::Ask;

/// Records a comparison of the flow's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// What was compared.
    pub title: String,
    /// Whether it held.
    pub passed: bool,
    /// What was expected.
    pub expected: String,
    /// What was there.
    pub received: String,
    /// Record a failure and go on.
    pub soft: bool,
}

impl Call for Report {
    const OP: &'static str = "check";
    const LOCAL: bool = true;
    type Answer = Soft<()>;

    fn title(&self) -> String {
        format!("check {}", self.title)
    }

    fn soft_failure(answer: &Self::Answer) -> Option<&Failure> {
        answer.failure.as_ref()
    }
}

/// The outcome of a comparison.
///
/// # Errors
/// [`Code::AssertionFailed`] where it did not hold, unless it is soft.
pub fn report(call: &Report) -> Result<Soft<()>, Failure> {
    let outcome = if call.passed {
        Ok(())
    } else {
        // A condition has neither.
        let compares = !(call.expected.is_empty() && call.received.is_empty());
        let message = match compares {
            true => format!(
                "{}: expected {}, received {}",
                call.title, call.expected, call.received
            ),
            false => format!("this does not hold: {}", call.title),
        };
        let failure = Failure::new(Code::AssertionFailed, message);
        Err(match compares {
            true => failure
                .with_evidence("expected", &call.expected)
                .with_evidence("received", &call.received),
            false => failure,
        })
    };
    Soft::of(outcome, call.soft)
}

/// Calls a custom assertion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CallAssertion {
    /// Its name.
    pub name: String,
    /// The page.
    pub page: PageId,
    /// Its parameters, JSON.
    pub params: String,
    /// Record a verdict against it and go on.
    pub soft: bool,
    /// At most this long.
    pub timeout_ms: Option<u32>,
}

impl Call for CallAssertion {
    const OP: &'static str = "assert";
    // The component runs again; its own calls are answered from the recording.
    const LOCAL: bool = true;
    type Answer = Soft<AssertionVerdict>;

    fn title(&self) -> String {
        match self.params.as_str() {
            "" | "{}" => format!("assert {}", self.name),
            params => format!("assert {} {params}", self.name),
        }
    }

    fn ask(&self) -> Ask<'_> {
        Ask::Plugin(&self.name)
    }

    fn charge(&self) -> Charge {
        Charge::Assertion
    }

    fn soft_failure(answer: &Self::Answer) -> Option<&Failure> {
        answer.failure.as_ref()
    }
}

/// One thing that a custom assertion found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Whether the assertion fails because of it.
    pub violation: bool,
    /// What is wrong.
    pub message: String,
    /// What shows it.
    pub evidence: Vec<Evidence>,
}

/// What a custom assertion says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssertionVerdict {
    /// Whether it holds.
    pub passed: bool,
    /// One sentence.
    pub summary: String,
    /// What it found.
    pub findings: Vec<Finding>,
}

/// The answer to a call of a custom assertion that gave this verdict.
///
/// # Errors
/// [`Code::AssertionFailed`] where the verdict is against it, unless the call is soft.
pub fn judged(call: &CallAssertion, verdict: AssertionVerdict) -> Result<Soft<AssertionVerdict>, Failure> {
    if verdict.passed {
        return Ok(Soft {
            value: verdict,
            failure: None,
        });
    }
    let mut failure = Failure::new(
        Code::AssertionFailed,
        format!("{}: {}", call.name, verdict.summary),
    );
    for finding in verdict
        .findings
        .iter()
        .filter(|finding| finding.violation)
        .take(20)
    {
        let details: Vec<String> = finding
            .evidence
            .iter()
            .map(|e| format!("{}: {}", e.title, e.text))
            .collect();
        failure = failure.with_evidence(cut(finding.message.clone(), 300), details.join("\n"));
    }
    if call.soft {
        Ok(Soft {
            value: verdict,
            failure: Some(failure),
        })
    } else {
        Err(failure)
    }
}
