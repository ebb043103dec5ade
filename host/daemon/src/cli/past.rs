//! `flowguard runs` and `flowguard report`: what ran before.

use clap::Args;
use std::fmt::Write;
use std::time::Duration;

use super::reporters::{Reporter, reporter, wants_list, write_reports};
use super::run::{locate, style};
use super::{Exit, ProfileArg, UsageError, say};
use crate::app::App;
use crate::foundation::Foundation;
use crate::report::{self, Report};
use flowguard_core::run::{RunId, RunRecord};
use flowguard_engine::EngineOptions;

/// Lists past runs, newest first
#[derive(Debug, Args)]
pub(crate) struct RunsArgs {
    /// Only runs of this flow
    #[arg(long, value_name = "NAME")]
    flow: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    #[command(flatten)]
    pub(super) profile: ProfileArg,
}

/// Shows a past run again
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// The run's id, or its beginning
    #[arg(value_name = "RUN")]
    run: String,
    /// list, json=FILE, junit=FILE or html=DIR; may be repeated. Without one: the list, and a page in the
    /// data folder
    #[arg(long, value_name = "REPORTER", value_parser = reporter)]
    reporter: Vec<Reporter>,
    #[command(flatten)]
    pub(super) profile: ProfileArg,
}

pub(super) async fn runs(foundation: &Foundation, args: &RunsArgs) -> anyhow::Result<Exit> {
    let app = App::build(foundation, false, EngineOptions::default()).await?;
    let recent = app
        .storage
        .runs
        .recent(&app.tenant, args.flow.as_deref(), args.limit)
        .await?;
    if recent.is_empty() {
        say("no runs yet: `flowguard run PATH` makes one\n");
        return Ok(Exit::Passed);
    }
    say(&table(&recent));
    Ok(Exit::Passed)
}

fn table(runs: &[RunRecord]) -> String {
    let mut out = format!(
        "{:<24}{:<9}{:>9}  {:<20}{}\n",
        "RUN", "VERDICT", "TIME", "WHEN (UTC)", "FLOW"
    );
    for run in runs {
        let ms = i64::try_from(run.started_ms).unwrap_or_default();
        let when = chrono::DateTime::from_timestamp_millis(ms)
            .unwrap_or_default()
            .format("%Y-%m-%d %H:%M:%S");
        let took = Duration::from_micros(run.took_us).as_secs_f64();
        let flaky = if run.flaky() { " (flaky)" } else { "" };
        let flow: String = run.flow.name.chars().filter(|c| !c.is_control()).collect();
        let _ = writeln!(
            out,
            "{:<24}{:<9}{took:>7.1} s  {when:<20} {flow}{flaky}",
            run.id.as_str(),
            run.verdict.name()
        );
    }
    out
}

pub(super) async fn report(foundation: &Foundation, args: &ReportArgs) -> anyhow::Result<Exit> {
    let app = App::build(foundation, false, EngineOptions::default()).await?;
    let run = recorded(&app, &args.run).await?;
    let id = run.id.clone();
    let report = Report::of_one(run);
    if wants_list(&args.reporter) {
        for run in &report.runs {
            say(&report::terminal::render(run, style(&locate(&app))));
        }
    }
    let page = [Reporter::Html(app.report_folder(id.as_str()))];
    let reporters = if args.reporter.is_empty() {
        &page[..]
    } else {
        &args.reporter
    };
    write_reports(&app, &report, reporters).await?;
    Ok(Exit::Passed)
}

/// The record of the run that the text names, whole or by its beginning.
pub(super) async fn recorded(app: &App, text: &str) -> anyhow::Result<RunRecord> {
    let id = find(app, text).await?;
    let run = app.storage.runs.load(&app.tenant, &id).await?;
    run.ok_or_else(|| UsageError(format!("there is no run {id}: `flowguard runs` lists them")).into())
}

/// The run that the text names, whole or by its beginning.
async fn find(app: &App, text: &str) -> anyhow::Result<RunId> {
    let ids = match RunId::parse(text) {
        Some(_) => app.storage.runs.ids_beginning(&app.tenant, text).await?,
        None => Vec::new(),
    };
    if let Some(id) = ids.iter().find(|id| id.as_str() == text) {
        return Ok(id.clone());
    }
    match ids.as_slice() {
        [id] => Ok(id.clone()),
        [] => Err(UsageError(format!("there is no run {text:?}: `flowguard runs` lists them")).into()),
        several => {
            let names: Vec<&str> = several.iter().map(RunId::as_str).collect();
            Err(UsageError(format!("{text:?} begins several runs: {}", names.join(", "))).into())
        }
    }
}
