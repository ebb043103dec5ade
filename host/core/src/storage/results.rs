//! What is told in clear of a finished run: where and by whom it was made, how much it took and cost, what came of each
//! step. Nothing here is what a person typed or what a page said: that is in the encrypted record.

use serde_json::{Map, Value, json};

use super::TenantId;
use crate::failure::Failure;
use crate::limits::MAX_RESULT_STEPS;
use crate::run::{Attempt, RunRecord};
use crate::timeline::{Step, StepOutcome};
use crate::verdict::Verdict;

/// The fields of a run's document.
pub(super) fn of(tenant: &TenantId, run: &RunRecord) -> Map<String, Value> {
    let last = run.attempts.last();
    let steps = last.map(told_steps).unwrap_or_default();
    let fields = json!({
        "timestamp": i64::try_from(run.started_ms).unwrap_or(i64::MAX),
        "verdict": run.verdict.name(),
        "metadata": metadata(tenant, run),
        "measurements": measurements(run),
        "steps": steps,
        "errors": errors(&run.verdict),
    });
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

fn metadata(tenant: &TenantId, run: &RunRecord) -> Value {
    let about = &run.metadata;
    let browser = run.attempts.last().and_then(|attempt| attempt.browser.as_ref());
    let viewport = about
        .viewport
        .map(|(width, height)| json!({ "width": width, "height": height }));
    let mut metadata = json!({
        "tenant": tenant.as_str(),
        "flow": run.flow.name,
        "component": run.origin.component,
        "component_version": run.origin.version,
        "component_digest": run.origin.digest.as_str(),
        "contract_version": about.contract,
        "environment": about.environment,
        "execution_mode": about.mode,
        "viewport": viewport,
        "browser": browser.map(|browser| &browser.product),
        "user": about.user,
        "branch": about.branch,
        "commit": about.commit,
        "trace_id": about.trace_id,
        "datadog_trace_id": about.datadog.as_ref().map(|ids| &ids.trace),
        "datadog_span_id": about.datadog.as_ref().map(|ids| &ids.span),
        "browserbase_session_id": about.cloud.as_ref().map(|cloud| &cloud.session),
        "browserbase_recording_url": about.cloud.as_ref().and_then(|cloud| cloud.recording.as_ref()),
        "browserbase_region": about.cloud.as_ref().and_then(|cloud| cloud.region.as_ref()),
    });
    // What is not known is absent, as it is in results of before it could be known.
    if let Value::Object(fields) = &mut metadata {
        fields.retain(|_, value| !value.is_null());
    }
    metadata
}

fn measurements(run: &RunRecord) -> Value {
    let steps = run
        .attempts
        .last()
        .map(|attempt| attempt.history.steps.as_slice())
        .unwrap_or_default();
    let has_failed = |step: &&Step| {
        matches!(
            step.outcome,
            StepOutcome::Failed(_) | StepOutcome::FailedSoftly(_)
        )
    };
    let failed = steps.iter().filter(has_failed).count();
    json!({
        "passed": run.verdict.passed(),
        "attempts": run.attempts.len(),
        "total_steps": steps.len(),
        "failed_steps": failed,
        "duration_ms": i64::try_from(run.took_us / 1_000).unwrap_or(i64::MAX),
        // No model is asked yet: what that costs is zero, not unknown.
        "tokens": 0,
        "total_cost": cloud_cost(run),
        "browserbase_cost": cloud_cost(run),
        "vision_cost": 0.0,
    })
}

/// What a run's browsers in the cloud cost, all attempts together, in dollars.
fn cloud_cost(run: &RunRecord) -> f64 {
    let browsers = run.attempts.iter().filter_map(|attempt| attempt.browser.as_ref());
    let cost: u64 = browsers
        .filter_map(|browser| browser.cloud.as_ref())
        .map(|cloud| cloud.cost_microdollars)
        .sum();
    // Exact up to billions of dollars.
    #[expect(clippy::cast_precision_loss, reason = "a sum of money")]
    let dollars = cost as f64 / 1e6;
    dollars
}

/// The steps at the top, without their titles.
fn told_steps(attempt: &Attempt) -> Vec<Value> {
    let at_top = attempt.history.steps.iter().filter(|step| step.parent.is_none());
    at_top.take(MAX_RESULT_STEPS).map(told_step).collect()
}

fn told_step(step: &Step) -> Value {
    let (outcome, code) = match &step.outcome {
        StepOutcome::Running => ("running", None),
        StepOutcome::Passed => ("passed", None),
        StepOutcome::Retried(failure) => ("retried", Some(failure.code)),
        StepOutcome::FailedSoftly(failure) => ("failed-softly", Some(failure.code)),
        StepOutcome::Failed(failure) => ("failed", Some(failure.code)),
    };
    let mut told = json!({ "op": step.op, "outcome": outcome, "took_us": step.took_us });
    if let (Value::Object(fields), Some(code)) = (&mut told, code) {
        fields.insert("code".to_owned(), json!(code));
    }
    told
}

/// Kind and blame of what went wrong, without its words.
fn errors(verdict: &Verdict) -> Vec<Value> {
    let of = |failure: &Failure| json!({ "code": failure.code, "blame": failure.code.blame() });
    match verdict {
        Verdict::Passed => Vec::new(),
        Verdict::Failed { failures } => failures.iter().map(of).collect(),
        Verdict::Errored { blame, failure, .. } => {
            vec![json!({ "code": failure.code, "blame": blame })]
        }
    }
}
