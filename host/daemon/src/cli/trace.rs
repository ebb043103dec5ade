//! `flowguard trace`: a past run as a file that Playwright's viewer opens.

use anyhow::Context;
use clap::Args;
use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::path::PathBuf;
use std::time::Duration;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::past::record_of;
use super::replay::add_places;
use super::{Common, Exit, UsageError, say};
use crate::app::App;
use crate::report::files::Files;
use crate::report::{Report, trace};
use crate::source_lines::text_below;
use flowguard_backends::storage::read_cassette;
use flowguard_core::artifact::Artifacts;
use flowguard_core::run::{Attempt, RunRecord};
use flowguard_engine::EngineOptions;

/// Writes a trace that Playwright's viewer opens
#[derive(Debug, Args)]
pub(crate) struct TraceArgs {
    /// The run's id, or its beginning
    #[arg(value_name = "RUN")]
    run: String,
    /// The file
    #[arg(short, long, value_name = "FILE", default_value = "trace.zip")]
    output: PathBuf,
    /// Which attempt, from 1, instead of the last
    #[arg(long, value_name = "N")]
    attempt: Option<u32>,
}

pub(super) async fn run(common: &Common, args: &TraceArgs) -> anyhow::Result<Exit> {
    let app = App::build(common, false, EngineOptions::default())?;
    let mut record = record_of(&app, &args.run).await?;
    if let Err(error) = add_places(&app, &mut record).await {
        tracing::warn!(%error, "the trace does not show the flow's lines");
    }
    let attempt = match args.attempt {
        None => record.attempts.last().cloned(),
        Some(number) => record
            .attempts
            .iter()
            .find(|attempt| attempt.number == number)
            .cloned(),
    };
    let attempt = attempt.ok_or_else(|| {
        UsageError(format!(
            "the run {} has {} attempts",
            record.id,
            record.attempts.len()
        ))
    })?;
    let took = Duration::from_micros(record.took_us);
    let report = Report::new(
        vec![record.clone()],
        Vec::new(),
        record.started_ms,
        took,
        env!("CARGO_PKG_VERSION"),
    );
    let files = Files::read_frames(&report, &attempt, &*app.artifacts).await;
    let har = match &attempt.network {
        Some(har) => app.artifacts.get(&har.digest).await.ok(),
        None => None,
    };
    let sources = sources(&app, &record, &attempt);
    let entries = trace::render(&record, &attempt, &files, har.as_deref(), &sources);
    let archive = archive(&entries)?;
    std::fs::write(&args.output, archive)
        .map_err(|error| UsageError(format!("{}: {error}", args.output.display())))?;
    let pictures = match attempt.history.screencast.len() {
        0 => "no pictures: record the run with --screencast for them".to_owned(),
        number => format!("{number} pictures"),
    };
    say(&format!(
        "{}: {} steps, {pictures}; open it with `npx playwright show-trace {0}`\n",
        args.output.display(),
        attempt.history.steps.len(),
    ));
    Ok(Exit::Passed)
}

/// The text of the flow's files: of those below the current folder, and of what was interpreted.
fn sources(app: &App, record: &RunRecord, attempt: &Attempt) -> BTreeMap<String, String> {
    let cassette = app
        .cassettes()
        .join(record.id.as_str())
        .join(format!("{}.cassette", attempt.number));
    let interpreted = read_cassette(cassette)
        .ok()
        .and_then(|recording| recording.header.source);
    let text = |name: String| {
        let text = match &interpreted {
            Some(source) if source.name == name => Some(source.text.clone()),
            _ => text_below(std::path::Path::new("."), &name),
        };
        Some((name, text?))
    };
    trace::source_names(attempt)
        .into_iter()
        .filter_map(text)
        .collect()
}

fn archive(entries: &trace::Entries) -> anyhow::Result<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        // Pictures are compressed already.
        let method = match name.ends_with(".jpeg") {
            true => CompressionMethod::Stored,
            false => CompressionMethod::Deflated,
        };
        zip.start_file(
            name.as_str(),
            SimpleFileOptions::default().compression_method(method),
        )
        .context("the trace cannot be written")?;
        zip.write_all(bytes)?;
    }
    Ok(zip.finish().context("the trace cannot be written")?.into_inner())
}
