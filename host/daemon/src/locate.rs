//! Where in the flow's code the steps of a run were asked for: a replay of its own recording finds it. What cannot be
//! found is left out; a run is not worse for it.

use std::path::Path;
use std::time::Duration;

use crate::source_lines::SourceLines;
use flowguard_backends::storage::read_cassette;
use flowguard_core::cassette::Recording;
use flowguard_core::progress::Cancel;
use flowguard_core::run::{Attempt, RunRecord};
use flowguard_core::timeline::{Place, Step, StepOutcome};
use flowguard_engine::{Runner, Sought, Subject};

/// Nobody waits longer for the places of an attempt.
const LONGEST: Duration = Duration::from_secs(3);

/// Which steps are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Steps {
    /// Those that failed.
    Failed,
    /// All.
    All,
}

/// Finds the places of the steps of a run whose cassettes are below this folder, and the text of their lines.
pub(crate) async fn locate(
    runner: &Runner,
    subject: &Subject<'_>,
    cassettes: &Path,
    record: &mut RunRecord,
    sought: Steps,
) {
    let run = cassettes.join(record.id.as_str());
    for attempt in &mut record.attempts {
        let cassette = run.join(format!("{}.cassette", attempt.number));
        let sought = match sought {
            Steps::All => Sought::All,
            Steps::Failed => Sought::Calls(failed_calls(attempt)),
        };
        let found = tokio::time::timeout(LONGEST, steps(runner, subject, &cassette, &sought)).await;
        match found {
            Ok(Some(steps)) => place(attempt, steps),
            Ok(None) => {}
            Err(_) => attempt
                .warnings
                .push("the flow's lines are not shown: finding them took too long".to_owned()),
        }
    }
    add_lines(subject, record);
}

/// The text of the lines that the steps were asked for in.
fn add_lines(subject: &Subject<'_>, record: &mut RunRecord) {
    let mut lines = SourceLines::below(Path::new("."), subject.request.source.as_ref());
    let attempts = record.attempts.iter_mut();
    let steps = attempts.flat_map(|attempt| &mut attempt.history.steps);
    for place in steps.flat_map(|step| &mut step.places) {
        place.text = lines.of(place);
        place.file = lines.shown(&place.file);
    }
}

/// The calls that failed, softly or not.
fn failed_calls(attempt: &Attempt) -> Vec<u32> {
    let steps = attempt.history.steps.iter();
    let failed = steps.filter_map(|step| match &step.outcome {
        StepOutcome::Failed(failure) | StepOutcome::FailedSoftly(failure) => failure.call,
        _ => None,
    });
    failed.collect()
}

async fn steps(
    runner: &Runner,
    subject: &Subject<'_>,
    cassette: &Path,
    sought: &Sought,
) -> Option<Vec<Step>> {
    let recording = read_cassette(cassette).ok()?;
    let located = runner
        .locate(subject, &recording, true, sought, &Cancel::new())
        .await;
    Some(located.steps)
}

/// Where a flow that is answered from this recording makes the call that is sought, for a person; none where that is
/// not known.
pub(crate) async fn call(
    runner: &Runner,
    subject: &Subject<'_>,
    recording: &Recording,
    exact: bool,
    sought: &Sought,
) -> Option<Place> {
    let cancel = Cancel::new();
    let work = runner.locate(subject, recording, exact, sought, &cancel);
    let calls = tokio::time::timeout(LONGEST, work).await.ok()?.calls;
    let mut place = calls.last_key_value()?.1.first()?.clone();
    let mut lines = SourceLines::below(Path::new("."), subject.request.source.as_ref());
    place.text = lines.of(&place);
    place.file = lines.shown(&place.file);
    Some(place)
}

/// Takes over the places of the steps that are the same.
fn place(attempt: &mut Attempt, located: Vec<Step>) {
    for (step, found) in attempt.history.steps.iter_mut().zip(located) {
        if step.title == found.title && step.places.is_empty() {
            step.places = found.places;
        }
    }
}
