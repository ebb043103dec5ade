//! `flowguard trace`: an attempt of a past run as a file for Playwright's viewer.

use clap::Args;
use std::path::{Path, PathBuf};

use super::past::recorded;
use super::replay::add_places;
use super::{Exit, ProfileArg, UsageError, say};
use crate::app::App;
use crate::foundation::Foundation;
use crate::trace::{Sources, Trace};
use flowguard_backends::storage::read_cassette;
use flowguard_core::flow::Source;
use flowguard_core::run::{Attempt, RunRecord};
use flowguard_engine::EngineOptions;

/// Writes a run as a trace that Playwright's viewer opens
#[derive(Debug, Args)]
pub(crate) struct TraceArgs {
    /// The run's id, or its beginning
    #[arg(value_name = "RUN")]
    run: String,
    /// The file that is written
    #[arg(short, long, value_name = "FILE", default_value = "trace.zip")]
    output: PathBuf,
    /// Which attempt, from 1; the last one unless given
    #[arg(long, value_name = "N")]
    attempt: Option<u32>,
    #[command(flatten)]
    pub(super) profile: ProfileArg,
}

pub(super) async fn run(foundation: &Foundation, args: &TraceArgs) -> anyhow::Result<Exit> {
    let app = App::build(foundation, false, EngineOptions::default()).await?;
    let mut record = recorded(&app, &args.run).await?;
    if let Err(error) = add_places(&app, &mut record).await {
        tracing::warn!(%error, "the trace does not show the flow's lines");
    }
    let attempt = chosen(&record, args.attempt)?;
    let sources = Sources {
        root: &std::fs::canonicalize(".")?,
        interpreted: interpreted(&app, &record, attempt),
    };
    let trace = Trace::of(&record, attempt, &*app.artifacts, &sources).await;
    write(&args.output, &trace.zip()?)?;
    say(&told(attempt, &trace, &args.output));
    Ok(Exit::Passed)
}

/// The text that the component interpreted, where the attempt's cassette is still there.
fn interpreted(app: &App, record: &RunRecord, attempt: &Attempt) -> Option<Source> {
    let folder = app.cassettes().join(record.id.as_str());
    let recording = read_cassette(folder.join(format!("{}.cassette", attempt.number)));
    recording.ok()?.header.source
}

fn chosen(record: &RunRecord, number: Option<u32>) -> anyhow::Result<&Attempt> {
    let attempts = &record.attempts;
    let found = match number {
        None => attempts.last(),
        Some(number) => attempts.iter().find(|attempt| attempt.number == number),
    };
    found.ok_or_else(|| {
        let (id, count) = (&record.id, attempts.len());
        UsageError(format!("the run {id} has no such attempt: it has {count}")).into()
    })
}

fn write(file: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let written = folder
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| std::fs::write(file, bytes));
    let why = |error| UsageError(format!("the trace {} cannot be written: {error}", file.display()));
    Ok(written.map_err(why)?)
}

/// What was written, what is not in it and why, and how it is opened.
fn told(attempt: &Attempt, trace: &Trace, file: &Path) -> String {
    let file = file.display();
    let mut text = format!("trace: {file}\n");
    if trace.missing > 0 {
        text.push_str(&format!(
            "{} artifacts are no longer kept: left out\n",
            trace.missing
        ));
    }
    if attempt.history.screencast.is_empty() {
        text.push_str("no pictures before and after the steps: the run was made without --screencast\n");
    }
    if attempt.history.steps.iter().all(|step| step.places.is_empty()) {
        text.push_str("no source lines: the component or its line tables are not here\n");
    }
    text.push_str(&format!("open it with `npx playwright show-trace {file}`\n"));
    text
}
