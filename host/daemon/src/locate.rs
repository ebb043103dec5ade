//! Where in the flow's code the steps of a run were asked for: a replay of its own recording finds it. What cannot be
//! found is left out; a run is not worse for it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::source_lines::SourceLines;
use flowguard_backends::storage::read_cassette;
use flowguard_core::progress::Cancel;
use flowguard_core::replay::Replay;
use flowguard_core::run::{Attempt, RunRecord};
use flowguard_core::timeline::{Place, Step};
use flowguard_engine::{Runner, Subject};

/// Nobody waits longer for the places of an attempt.
const LONGEST: Duration = Duration::from_secs(3);

/// Finds the places of all steps of a run whose cassettes are below this folder, and the text of their lines.
pub(crate) async fn locate(runner: &Runner, subject: &Subject<'_>, cassettes: &Path, record: &mut RunRecord) {
    let run = cassettes.join(record.id.as_str());
    for attempt in &mut record.attempts {
        let cassette = run.join(format!("{}.cassette", attempt.number));
        let found = tokio::time::timeout(LONGEST, steps(runner, subject, &cassette)).await;
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

async fn steps(runner: &Runner, subject: &Subject<'_>, cassette: &Path) -> Option<Vec<Step>> {
    let recording = read_cassette(cassette).ok()?;
    let replay = Arc::new(Replay::new(recording, true));
    let located = runner.locate(subject, &replay, &Cancel::new()).await;
    Some(located.steps)
}

/// Where a recorded component made the call of this number, and where a flow that left the recording made the call
/// with which it did: each for a person, empty where it is not known.
pub(crate) async fn call(
    runner: &Runner,
    subject: &Subject<'_>,
    replay: Replay,
    n: Option<u32>,
) -> Option<Place> {
    let replay = Arc::new(replay);
    let cancel = Cancel::new();
    let work = runner.locate(subject, &replay, &cancel);
    let calls = tokio::time::timeout(LONGEST, work).await.ok()?.calls;
    let found = match n {
        Some(n) => calls.get(&n)?,
        // The call that left the recording is the last one that was made.
        None => calls.last_key_value()?.1,
    };
    let mut place = found.first()?.clone();
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
