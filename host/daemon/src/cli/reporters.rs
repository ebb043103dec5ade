//! `--reporter`: what is asked for, and writing it. What a report says is the renderers'.

use std::path::{Path, PathBuf};

use super::{UsageError, say};
use crate::app::App;
use crate::report::{self, Report};

/// Where and how a report goes.
#[derive(Clone, Debug)]
pub(super) enum Reporter {
    /// Lines in the terminal.
    List,
    /// JSON into a file.
    Json(PathBuf),
    /// JUnit XML into a file.
    Junit(PathBuf),
    /// One HTML page into a folder.
    Html(PathBuf),
}

impl Reporter {
    /// Whether it shows where in the flow's code each step was asked for.
    pub(super) const fn shows_places(&self) -> bool {
        matches!(self, Self::Html(_))
    }
}

pub(super) fn reporter(text: &str) -> Result<Reporter, String> {
    match text.split_once('=') {
        None if text == "list" => Ok(Reporter::List),
        Some((_, "")) => Err(format!("{text:?} names no place; write for example html=report")),
        Some(("json", file)) => Ok(Reporter::Json(file.into())),
        Some(("junit", file)) => Ok(Reporter::Junit(file.into())),
        Some(("html", folder)) => Ok(Reporter::Html(folder.into())),
        _ => Err(format!(
            "{text:?} is none of list, json=FILE, junit=FILE, html=DIR"
        )),
    }
}

/// Whether the list is asked for: it is what there is without a reporter.
pub(super) fn wants_list(reporters: &[Reporter]) -> bool {
    reporters.is_empty()
        || reporters
            .iter()
            .any(|reporter| matches!(reporter, Reporter::List))
}

/// Writes what was asked for; every one is tried, and the first failure is told.
pub(super) async fn write_reports(app: &App, report: &Report, reporters: &[Reporter]) -> anyhow::Result<()> {
    let mut outcome = Ok(());
    for reporter in reporters {
        let written = match reporter {
            Reporter::List => Ok(()),
            Reporter::Json(file) => write(file, &report::json::render(report)?),
            Reporter::Junit(file) => write(file, &report::junit::render(report)?),
            Reporter::Html(folder) => write_html(app, report, folder).await,
        };
        outcome = outcome.and(written);
    }
    outcome
}

async fn write_html(app: &App, report: &Report, folder: &Path) -> anyhow::Result<()> {
    let files = report::files::Files::read(report, &*app.artifacts).await;
    let page = folder.join("index.html");
    write(&page, &report::html::render(report, &files))?;
    say(&format!("report: {}\n", page.display()));
    Ok(())
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let written = folder
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| std::fs::write(file, text));
    written.map_err(|error| {
        UsageError(format!(
            "the report {} cannot be written: {error}",
            file.display()
        ))
        .into()
    })
}
