//! Between the contract's words and the core's: field by field, nothing more.

use crate::bindings::{browser, checks, flows, storage, telemetry, types, vision};
use flowguard_core::assertions::{AssertionVerdict, Finding};
use flowguard_core::browser::calls;
use flowguard_core::browser::expectation::Expectation;
use flowguard_core::browser::locator::{Part, RoleQuery, TextMatch, Tristate};
use flowguard_core::browser::port::{LoadState, Modifiers, MouseButton};
use flowguard_core::failure::{Code, Evidence, Failure, cut};
use flowguard_core::flow::{AssertionDescription, Description, Flow, Needs, Source};
use flowguard_core::limits::MAX_EVIDENCE_BYTES;

/// Texts that a guest writes into a failure or a verdict, in bytes.
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

same_cases! {
    Code => types::FailureCode {
        AssertionFailed, Timeout, NavigationFailed, AmbiguousLocator, InvalidArgument, WrongElement, FlowError,
        Denied, OverBudget, NotConfigured, Cancelled, PageLost, Unavailable, Internal
    }
    types::FailureCode => Code {
        AssertionFailed, Timeout, NavigationFailed, AmbiguousLocator, InvalidArgument, WrongElement, FlowError,
        Denied, OverBudget, NotConfigured, Cancelled, PageLost, Unavailable, Internal
    }
    browser::LoadState => LoadState { Commit, DomContentLoaded, Load, NetworkIdle }
    browser::MouseButton => MouseButton { Left, Middle, Right }
    browser::Tristate => Tristate { On, Off, Mixed }
    browser::ImageFormat => calls::ImageFormat { Png, Jpeg, Webp }
    telemetry::Level => flowguard_core::telemetry::Level { Debug, Info, Warn, Error }
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

impl From<calls::Response> for browser::Response {
    fn from(calls::Response { url, status }: calls::Response) -> Self {
        Self {
            url,
            status: status.into(),
        }
    }
}

impl From<calls::Outline> for browser::Outline {
    fn from(outline: calls::Outline) -> Self {
        let items = |items: Vec<calls::OutlineItem>| items.into_iter().map(Into::into).collect();
        Self {
            links: items(outline.links),
            images: items(outline.images),
            text: outline.text,
        }
    }
}

impl From<calls::OutlineItem> for browser::OutlineItem {
    fn from(item: calls::OutlineItem) -> Self {
        let calls::OutlineItem {
            url,
            name,
            loaded,
            selector,
            visible,
        } = item;
        Self {
            url,
            name,
            loaded,
            selector,
            visible,
        }
    }
}

impl From<browser::Query> for Part {
    fn from(query: browser::Query) -> Self {
        use browser::Query;
        match query {
            Query::Role(query) => Self::Role(query.into()),
            Query::Text(text) => Self::Text { text: text.into() },
            Query::Label(text) => Self::Label { text: text.into() },
            Query::Placeholder(text) => Self::Placeholder { text: text.into() },
            Query::AltText(text) => Self::AltText { text: text.into() },
            Query::Title(text) => Self::Title { text: text.into() },
            Query::TestId(text) => Self::TestId { text: text.into() },
            Query::Css(selector) => Self::Css { selector },
        }
    }
}

impl From<browser::RoleQuery> for RoleQuery {
    fn from(query: browser::RoleQuery) -> Self {
        Self {
            role: role_name(query.role),
            name: query.name.map(Into::into),
            checked: query.checked.map(Into::into),
            disabled: query.disabled,
            expanded: query.expanded,
            level: query.level,
            pressed: query.pressed.map(Into::into),
            selected: query.selected,
            include_hidden: query.include_hidden,
        }
    }
}

/// ARIA's name of a role: the case's own, in lower case.
fn role_name(role: browser::Role) -> String {
    format!("{role:?}")
        .rsplit("::")
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase()
}

impl From<browser::Filter> for Part {
    fn from(filter: browser::Filter) -> Self {
        match filter {
            browser::Filter::HasText(text) => Self::HasText { text: text.into() },
            browser::Filter::HasNotText(text) => Self::HasNotText { text: text.into() },
            browser::Filter::Visible(visible) => Self::Visible { visible },
        }
    }
}

impl From<browser::Modifiers> for Modifiers {
    fn from(held: browser::Modifiers) -> Self {
        use browser::Modifiers as Held;
        Self {
            alt: held.contains(Held::ALT),
            control: held.contains(Held::CONTROL),
            meta: held.contains(Held::META),
            shift: held.contains(Held::SHIFT),
        }
    }
}

impl From<browser::PointerOptions> for calls::PointerOptions {
    fn from(options: browser::PointerOptions) -> Self {
        Self {
            timeout_ms: options.timeout,
            force: options.force,
            trial: options.trial,
            position: options
                .position
                .map(|browser::Position { x, y }| calls::Position { x, y }),
            button: options.button.into(),
            click_count: options.click_count,
            modifiers: options.modifiers.into(),
        }
    }
}

impl From<browser::ActionOptions> for calls::ActionOptions {
    fn from(browser::ActionOptions { timeout, force }: browser::ActionOptions) -> Self {
        Self {
            timeout_ms: timeout,
            force,
        }
    }
}

impl From<browser::ExpectOptions> for calls::ExpectOptions {
    fn from(options: browser::ExpectOptions) -> Self {
        let browser::ExpectOptions {
            negated,
            timeout,
            soft,
            message,
        } = options;
        Self {
            negated,
            timeout_ms: timeout,
            soft,
            message: cut(message, MAX_MESSAGE_BYTES),
        }
    }
}

impl From<browser::Choice> for calls::Choice {
    fn from(choice: browser::Choice) -> Self {
        match choice {
            browser::Choice::Value(text) => Self::Value { text },
            browser::Choice::Label(text) => Self::Label { text },
            browser::Choice::Index(index) => Self::Index { index },
        }
    }
}

impl From<browser::Expectation> for Expectation {
    fn from(what: browser::Expectation) -> Self {
        use browser::Expectation as E;
        match what {
            E::Attached => Self::Attached,
            E::Visible => Self::Visible,
            E::Hidden => Self::Hidden,
            E::Enabled => Self::Enabled,
            E::Disabled => Self::Disabled,
            E::Editable => Self::Editable,
            E::Checked(state) => Self::Checked { state: state.into() },
            E::Focused => Self::Focused,
            E::Empty => Self::Empty,
            E::InViewport => Self::InViewport,
            E::HasText(text) => Self::HasText { text: text.into() },
            E::ContainsText(text) => Self::ContainsText { text: text.into() },
            E::HasTexts(texts) => Self::HasTexts {
                texts: texts.into_iter().map(Into::into).collect(),
            },
            E::HasValue(text) => Self::HasValue { text: text.into() },
            E::HasAttribute((name, value)) => Self::HasAttribute {
                name,
                value: value.into(),
            },
            E::HasClass(classes) => Self::HasClass { classes },
            E::HasCss((property, value)) => Self::HasCss {
                property,
                value: value.into(),
            },
            E::HasName(text) => Self::HasName { text: text.into() },
            E::HasCount(count) => Self::HasCount { count },
        }
    }
}

impl From<browser::PageExpectation> for Expectation {
    fn from(what: browser::PageExpectation) -> Self {
        match what {
            browser::PageExpectation::HasTitle(text) => Self::HasTitle { text: text.into() },
            browser::PageExpectation::HasUrl(text) => Self::HasUrl { text: text.into() },
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
