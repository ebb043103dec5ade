//! The report for programs. The format is FlowGuard's own and versioned; `docs/report.schema.json` describes
//! it. The types here are that format: changing a core type must not change what is written.

use flowguard_core::Failure;
use flowguard_core::artifact::Attachment;
use flowguard_core::run::{Attempt, RunRecord};
use flowguard_core::timeline::{Event, PageEvent, Place, ScreencastFrame, Step};
use serde::Serialize;

use super::attempt::{self, failures, outcome_name};
use super::{Report, words};

/// The version of the format. A field that is added does not change it; one that changes or goes does.
pub(crate) const SCHEMA: u32 = 1;

/// The report as JSON, indented, with a line end.
///
/// # Errors
/// None that a report can cause: every key is a text and every number is finite.
pub(crate) fn render(report: &Report) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(&ReportJson::of(report)).map(|text| text + "\n")
}

#[derive(Serialize)]
struct ReportJson<'a> {
    schema: u32,
    tool: Tool<'a>,
    started_at: String,
    duration_ms: f64,
    verdict: &'static str,
    counts: Counts,
    runs: Vec<Run<'a>>,
    load_failures: Vec<LoadFailure<'a>>,
}

#[derive(Serialize)]
struct Tool<'a> {
    name: &'static str,
    version: &'a str,
}

#[derive(Serialize)]
struct Counts {
    flows: usize,
    passed: usize,
    failed: usize,
    errored: usize,
    flaky: usize,
    not_loaded: usize,
}

#[derive(Serialize)]
struct LoadFailure<'a> {
    file: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct Run<'a> {
    id: &'a str,
    flow: Flow<'a>,
    origin: Origin<'a>,
    base_url: &'a str,
    started_at: String,
    duration_ms: f64,
    verdict: &'static str,
    blame: Option<&'static str>,
    flaky: bool,
    attempts: Vec<AttemptJson<'a>>,
}

#[derive(Serialize)]
struct Flow<'a> {
    name: &'a str,
    intent: &'a str,
    url: &'a str,
    critical: bool,
    tags: &'a [String],
    timeout_ms: Option<u32>,
}

#[derive(Serialize)]
struct Origin<'a> {
    file: &'a str,
    component: &'a str,
    version: &'a str,
    digest: &'a str,
}

#[derive(Serialize)]
struct AttemptJson<'a> {
    number: u32,
    verdict: &'static str,
    blame: Option<&'static str>,
    duration_ms: f64,
    failures: Vec<FailureJson<'a>>,
    backtrace: &'a [String],
    warnings: &'a [String],
    browser: Option<Browser<'a>>,
    host_calls: u32,
    guest_cpu_ms: f64,
    network: Option<AttachmentJson<'a>>,
    output: &'a str,
    steps: Vec<StepJson<'a>>,
    steps_dropped: u32,
    events: Vec<EventJson<'a>>,
    events_dropped: u32,
    screencast: Vec<FrameJson<'a>>,
}

#[derive(Serialize)]
struct Browser<'a> {
    product: &'a str,
    place: &'a str,
    cloud: Option<Cloud<'a>>,
}

#[derive(Serialize)]
struct Cloud<'a> {
    session: &'a str,
    region: Option<&'a str>,
    recording: Option<&'a str>,
    reused: bool,
    cost_microdollars: u64,
    alone_microdollars: u64,
}

#[derive(Serialize)]
struct FailureJson<'a> {
    code: &'static str,
    message: &'a str,
    retryable: bool,
    call: Option<u32>,
    call_log: &'a [String],
    evidence: Vec<Evidence<'a>>,
}

#[derive(Serialize)]
struct Evidence<'a> {
    title: &'a str,
    text: &'a str,
}

#[derive(Serialize)]
struct StepJson<'a> {
    id: u32,
    parent: Option<u32>,
    source: &'a str,
    op: &'a str,
    title: &'a str,
    start_ms: f64,
    duration_ms: f64,
    outcome: &'static str,
    failure: Option<FailureJson<'a>>,
    attributes: Vec<Attribute<'a>>,
    attachments: Vec<AttachmentJson<'a>>,
    places: &'a [Place],
}

#[derive(Serialize)]
struct Attribute<'a> {
    key: &'a str,
    value: &'a str,
}

#[derive(Serialize)]
struct AttachmentJson<'a> {
    name: &'a str,
    media_type: &'a str,
    digest: &'a str,
    bytes: u32,
}

#[derive(Serialize)]
struct FrameJson<'a> {
    at_ms: f64,
    page: u32,
    width: u32,
    height: u32,
    picture: AttachmentJson<'a>,
}

#[derive(Serialize)]
struct EventJson<'a> {
    at_ms: f64,
    step: Option<u32>,
    page: u32,
    #[serde(flatten)]
    what: What<'a>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum What<'a> {
    Console {
        level: &'a str,
        text: &'a str,
        place: &'a str,
    },
    Uncaught {
        text: &'a str,
    },
    Request {
        method: &'a str,
        url: &'a str,
        resource: &'a str,
        status: Option<u16>,
        error: Option<&'a str>,
        duration_ms: f64,
    },
    Dialog {
        dialog: &'a str,
        text: &'a str,
    },
    Crashed,
    PopupClosed,
}

impl<'a> ReportJson<'a> {
    fn of(report: &'a Report) -> Self {
        let counts = report.counts();
        Self {
            schema: SCHEMA,
            tool: Tool {
                name: "flowguard",
                version: &report.version,
            },
            started_at: words::timestamp(report.started_ms),
            duration_ms: millis(report.took_us),
            verdict: report.overall().name(),
            counts: Counts {
                flows: counts.flows,
                passed: counts.passed,
                failed: counts.failed,
                errored: counts.errored,
                flaky: counts.flaky,
                not_loaded: counts.not_loaded,
            },
            runs: report.runs.iter().map(run).collect(),
            load_failures: report
                .load_failures
                .iter()
                .map(|failure| LoadFailure {
                    file: &failure.file,
                    message: &failure.message,
                })
                .collect(),
        }
    }
}

fn run(run: &RunRecord) -> Run<'_> {
    Run {
        id: run.id.as_str(),
        flow: Flow {
            name: &run.flow.name,
            intent: &run.flow.intent,
            url: &run.flow.url,
            critical: run.flow.critical,
            tags: &run.flow.tags,
            timeout_ms: run.flow.timeout_ms,
        },
        origin: Origin {
            file: &run.origin.file,
            component: &run.origin.component,
            version: &run.origin.version,
            digest: run.origin.digest.as_str(),
        },
        base_url: &run.base_url,
        started_at: words::timestamp(run.started_ms),
        duration_ms: millis(run.took_us),
        verdict: run.verdict.name(),
        blame: run.verdict.blame().map(flowguard_core::Blame::name),
        flaky: run.flaky(),
        attempts: run.attempts.iter().map(attempt_json).collect(),
    }
}

fn attempt_json(attempt: &Attempt) -> AttemptJson<'_> {
    let history = &attempt.history;
    AttemptJson {
        number: attempt.number,
        verdict: attempt.verdict.name(),
        blame: attempt.verdict.blame().map(flowguard_core::Blame::name),
        duration_ms: millis(attempt.took_us),
        failures: failures(&attempt.verdict).iter().map(failure).collect(),
        backtrace: attempt::backtrace(&attempt.verdict),
        warnings: &attempt.warnings,
        browser: attempt.browser.as_ref().map(|browser| Browser {
            product: &browser.product,
            place: &browser.place,
            cloud: browser.cloud.as_ref().map(|cloud| Cloud {
                session: &cloud.session,
                region: cloud.region.as_deref(),
                recording: cloud.recording.as_deref(),
                reused: cloud.is_reused,
                cost_microdollars: cloud.cost_microdollars,
                alone_microdollars: cloud.alone_microdollars,
            }),
        }),
        host_calls: attempt.calls,
        guest_cpu_ms: millis(attempt.guest_cpu_us),
        network: attempt.network.as_ref().map(attachment),
        output: &attempt.output,
        steps: history.steps.iter().map(step).collect(),
        steps_dropped: history.steps_dropped,
        events: history.events.iter().map(event).collect(),
        events_dropped: history.events_dropped,
        screencast: history.screencast.iter().map(frame).collect(),
    }
}

fn failure(failure: &Failure) -> FailureJson<'_> {
    FailureJson {
        code: failure.code.name(),
        message: &failure.message,
        retryable: failure.retryable,
        call: failure.call,
        call_log: &failure.call_log,
        evidence: failure
            .evidence
            .iter()
            .map(|evidence| Evidence {
                title: &evidence.title,
                text: &evidence.text,
            })
            .collect(),
    }
}

fn step(step: &Step) -> StepJson<'_> {
    StepJson {
        id: step.id,
        parent: step.parent,
        source: &step.source,
        op: &step.op,
        title: &step.title,
        start_ms: millis(step.at_us),
        duration_ms: millis(step.took_us),
        outcome: outcome_name(&step.outcome),
        failure: attempt::failure_of(step).map(failure),
        attributes: step
            .attributes
            .iter()
            .map(|(key, value)| Attribute { key, value })
            .collect(),
        attachments: step.attachments.iter().map(attachment).collect(),
        places: &step.places,
    }
}

fn attachment(attachment: &Attachment) -> AttachmentJson<'_> {
    AttachmentJson {
        name: &attachment.name,
        media_type: &attachment.media_type,
        digest: attachment.digest.as_str(),
        bytes: attachment.bytes,
    }
}

fn frame(frame: &ScreencastFrame) -> FrameJson<'_> {
    FrameJson {
        at_ms: millis(frame.at_us),
        page: frame.page,
        width: frame.width,
        height: frame.height,
        picture: attachment(&frame.picture),
    }
}

fn event(event: &Event) -> EventJson<'_> {
    let what = match &event.what {
        PageEvent::Console { level, text, place } => What::Console { level, text, place },
        PageEvent::Uncaught { text } => What::Uncaught { text },
        PageEvent::Request {
            method,
            url,
            kind,
            status,
            error,
            took_us,
        } => What::Request {
            method,
            url,
            resource: kind,
            status: *status,
            error: error.as_deref(),
            duration_ms: millis(*took_us),
        },
        PageEvent::Dialog { kind, text } => What::Dialog { dialog: kind, text },
        PageEvent::Crashed => What::Crashed,
        PageEvent::PopupClosed => What::PopupClosed,
    };
    EventJson {
        at_ms: millis(event.at_us),
        step: event.step,
        page: event.page,
        what,
    }
}

fn millis(us: u64) -> f64 {
    us as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::super::fixtures;
    use super::*;
    use serde_json::Value;

    #[test]
    fn a_report_of_each_kind() {
        let (report, _) = fixtures::report();
        insta::assert_snapshot!(render(&report).unwrap());
    }

    #[test]
    fn what_is_written_is_what_the_schema_describes() {
        let schema: Value =
            serde_json::from_str(include_str!("../../../../docs/report.schema.json")).unwrap();
        for report in [fixtures::report().0, fixtures::hostile()] {
            let written: Value = serde_json::from_str(&render(&report).unwrap()).unwrap();
            check(&schema, &schema, &written, "report");
        }
    }

    /// Checks as much of JSON Schema as the document uses: references, types, enumerations, properties.
    fn check(document: &Value, schema: &Value, value: &Value, at: &str) {
        if let Some(name) = schema["$ref"].as_str() {
            let target = &document["$defs"][name.strip_prefix("#/$defs/").unwrap()];
            assert!(target.is_object(), "{at}: {name} is not defined");
            return check(document, target, value, at);
        }
        if let Some(any) = schema["anyOf"].as_array() {
            if !value.is_null() {
                check(document, &any[0], value, at);
            }
            return;
        }
        if let Some(only) = schema.get("const") {
            assert_eq!(value, only, "{at}");
        }
        if let Some(cases) = schema["enum"].as_array() {
            assert!(cases.contains(value), "{at}: {value} is not among {cases:?}");
        }
        let types: Vec<&str> = match &schema["type"] {
            Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
            name => name.as_str().into_iter().collect(),
        };
        let is = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        assert!(
            types.is_empty() || types.contains(&is),
            "{at} is {is}, not {types:?}"
        );
        for (number, item) in value.as_array().into_iter().flatten().enumerate() {
            check(document, &schema["items"], item, &format!("{at}[{number}]"));
        }
        if let Some(fields) = value.as_object() {
            for (name, field) in fields {
                let described = &schema["properties"][name];
                assert!(described.is_object(), "{at}.{name} is not described");
                check(document, described, field, &format!("{at}.{name}"));
            }
            for name in schema["required"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
            {
                assert!(fields.contains_key(name), "{at}.{name} is missing");
            }
        }
    }
}
