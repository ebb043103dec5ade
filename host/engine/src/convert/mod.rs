//! Between the contract's words and the core's: field by field, nothing more.

use crate::bindings::{checks, flows, retries, storage, telemetry, types, vision};
use flowguard_core::assertions::{AssertionVerdict, Finding};
use flowguard_core::browser::calls;
use flowguard_core::browser::locator::TextMatch;
use flowguard_core::failure::{Code, Evidence, Failure, cut};
use flowguard_core::flow::{AssertionDescription, Description, Flow, Needs, Source};
use flowguard_core::limits::MAX_EVIDENCE_BYTES;
use flowguard_core::retries::{Ending, Next};

/// Texts of a guest, in bytes.
const MAX_MESSAGE_BYTES: usize = 4_096;
const MAX_LOG_LINES: usize = 200;
const MAX_EVIDENCE: usize = 20;
const MAX_FINDINGS: usize = 200;

/// Conversions between enums whose cases have the same names.
macro_rules! same_cases {
    ($($from:path => $to:path { $($case:ident),* })*) => {$(
        impl From<$from> for $to {
            fn from(value: $from) -> Self {
                match value { $(<$from>::$case => Self::$case),* }
            }
        }
    )*};
}
mod actions;
mod browser;
mod context;
mod expectation;
mod network;
mod script;

same_cases! {
    Code => types::FailureCode {
        AssertionFailed, Timeout, NavigationFailed, AmbiguousLocator, InvalidArgument, WrongElement, FlowError,
        Denied, OverBudget, NotConfigured, Cancelled, PageLost, Unavailable, Internal
    }
    types::FailureCode => Code {
        AssertionFailed, Timeout, NavigationFailed, AmbiguousLocator, InvalidArgument, WrongElement, FlowError,
        Denied, OverBudget, NotConfigured, Cancelled, PageLost, Unavailable, Internal
    }
    telemetry::Level => flowguard_core::telemetry::Level { Debug, Info, Warn, Error }
}

impl From<retries::Ending> for Ending {
    fn from(ending: retries::Ending) -> Self {
        match ending {
            retries::Ending::Passed => Self::Passed,
            retries::Ending::Failed(failure) => Self::Failed(failure.into()),
            retries::Ending::Hopeless(failure) => Self::Hopeless(failure.into()),
        }
    }
}

impl From<Next> for retries::Next {
    fn from(next: Next) -> Self {
        match next {
            Next::GoOn => Self::GoOn,
            Next::TryAgain => Self::TryAgain,
        }
    }
}

impl From<Failure> for types::Failure {
    fn from(failure: Failure) -> Self {
        Self {
            code: failure.code.into(),
            message: failure.message,
            call_log: failure.call_log,
            retryable: failure.retryable,
            evidence: failure.evidence.into_iter().map(Into::into).collect(),
            call: failure.call,
        }
    }
}

impl From<types::Failure> for Failure {
    fn from(failure: types::Failure) -> Self {
        // A guest wrote this: its texts are bounded before they go anywhere.
        let bounded = |text| cut(text, MAX_MESSAGE_BYTES);
        Self {
            code: failure.code.into(),
            message: bounded(failure.message),
            call_log: failure
                .call_log
                .into_iter()
                .take(MAX_LOG_LINES)
                .map(bounded)
                .collect(),
            retryable: failure.retryable,
            evidence: failure
                .evidence
                .into_iter()
                .take(MAX_EVIDENCE)
                .map(Into::into)
                .collect(),
            call: failure.call,
        }
    }
}

impl From<Evidence> for types::Evidence {
    fn from(Evidence { title, text }: Evidence) -> Self {
        Self { title, text }
    }
}

impl From<types::Evidence> for Evidence {
    fn from(types::Evidence { title, text }: types::Evidence) -> Self {
        Self {
            title: cut(title, 200),
            text: cut(text, MAX_EVIDENCE_BYTES),
        }
    }
}

impl From<types::TextMatch> for TextMatch {
    fn from(text: types::TextMatch) -> Self {
        match text {
            types::TextMatch::Substring(value) => Self::Substring { value },
            types::TextMatch::Exact(value) => Self::Exact { value },
            types::TextMatch::Pattern(types::Pattern { source, flags }) => Self::Pattern { source, flags },
        }
    }
}

impl From<types::Size> for calls::Size {
    fn from(types::Size { width, height }: types::Size) -> Self {
        Self { width, height }
    }
}

impl From<calls::Size> for types::Size {
    fn from(calls::Size { width, height }: calls::Size) -> Self {
        Self { width, height }
    }
}

impl From<types::Rect> for calls::Rect {
    fn from(types::Rect { x, y, width, height }: types::Rect) -> Self {
        Self { x, y, width, height }
    }
}

impl From<calls::Rect> for types::Rect {
    fn from(calls::Rect { x, y, width, height }: calls::Rect) -> Self {
        Self { x, y, width, height }
    }
}

impl From<calls::ImageInfo> for types::ImageInfo {
    fn from(info: calls::ImageInfo) -> Self {
        Self {
            digest: info.digest.as_str().to_owned(),
            media_type: info.media_type,
            size: info.size.into(),
            bytes: info.bytes,
        }
    }
}

impl From<flowguard_core::vision::Usage> for vision::Usage {
    fn from(usage: flowguard_core::vision::Usage) -> Self {
        let flowguard_core::vision::Usage {
            input_tokens,
            output_tokens,
            cost_usd,
            cached,
        } = usage;
        Self {
            input_tokens,
            output_tokens,
            cost_usd,
            cached,
        }
    }
}

impl From<flowguard_core::vision::Judgement> for vision::Judgement {
    fn from(judgement: flowguard_core::vision::Judgement) -> Self {
        let regions = judgement.regions.into_iter();
        Self {
            passed: judgement.passed,
            confidence: judgement.confidence,
            reasoning: judgement.reasoning,
            regions: regions
                .map(|r| vision::Region {
                    label: r.label,
                    area: r.area.into(),
                })
                .collect(),
            model: judgement.model,
            usage: judgement.usage.into(),
        }
    }
}

impl From<flowguard_core::vision::Extraction> for vision::Extraction {
    fn from(extraction: flowguard_core::vision::Extraction) -> Self {
        let flowguard_core::vision::Extraction { json, model, usage } = extraction;
        Self {
            json,
            model,
            usage: usage.into(),
        }
    }
}

impl From<AssertionVerdict> for types::Verdict {
    fn from(verdict: AssertionVerdict) -> Self {
        let finding = |Finding {
                           violation,
                           message,
                           evidence,
                       }| types::Finding {
            severity: if violation {
                types::Severity::Violation
            } else {
                types::Severity::Notice
            },
            message,
            evidence: evidence.into_iter().map(Into::into).collect(),
        };
        let findings = verdict.findings.into_iter().map(finding).collect();
        Self {
            passed: verdict.passed,
            summary: verdict.summary,
            findings,
        }
    }
}

impl From<types::Verdict> for AssertionVerdict {
    fn from(verdict: types::Verdict) -> Self {
        let finding = |finding: types::Finding| Finding {
            violation: matches!(finding.severity, types::Severity::Violation),
            message: cut(finding.message, MAX_MESSAGE_BYTES),
            evidence: finding
                .evidence
                .into_iter()
                .take(MAX_EVIDENCE)
                .map(Into::into)
                .collect(),
        };
        Self {
            passed: verdict.passed,
            summary: cut(verdict.summary, MAX_MESSAGE_BYTES),
            findings: verdict
                .findings
                .into_iter()
                .take(MAX_FINDINGS)
                .map(finding)
                .collect(),
        }
    }
}

impl From<flows::Description> for Description {
    fn from(description: flows::Description) -> Self {
        let flows::Needs {
            hosts,
            buckets,
            plugins,
        } = description.needs;
        Self {
            name: description.name,
            version: description.version,
            flows: description.flows.into_iter().map(Into::into).collect(),
            needs: Needs {
                hosts,
                buckets,
                plugins,
            },
        }
    }
}

impl From<flows::Flow> for Flow {
    fn from(flow: flows::Flow) -> Self {
        let flows::Flow {
            name,
            intent,
            url,
            critical,
            tags,
            timeout,
        } = flow;
        Self {
            name,
            intent,
            url,
            critical,
            tags,
            timeout_ms: timeout,
        }
    }
}

impl From<&Source> for flows::Source {
    fn from(Source { name, text }: &Source) -> Self {
        Self {
            name: name.clone(),
            text: text.clone(),
        }
    }
}

impl From<checks::Description> for AssertionDescription {
    fn from(description: checks::Description) -> Self {
        Self {
            name: description.name,
            version: description.version,
            summary: description.summary,
            params_schema: description.params_schema,
            external_hosts: description.needs.external_hosts,
        }
    }
}

impl From<flowguard_core::storage::calls::Keys> for storage::Keys {
    fn from(keys: flowguard_core::storage::calls::Keys) -> Self {
        Self {
            keys: keys.keys,
            cursor: keys.cursor,
        }
    }
}
