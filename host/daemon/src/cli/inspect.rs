//! `flowguard inspect`: what a file holds, before anybody runs it.

use clap::Args;
use std::fmt::Write;
use std::path::PathBuf;

use super::{Exit, ProfileArg, UsageError, say};
use crate::app::App;
use crate::discover::discover;
use crate::foundation::Foundation;
use crate::load::{File, load_one};
use flowguard_core::cassette::CONTRACT_VERSION;
use flowguard_core::flow::{AssertionDescription, Description, Flow, Needs};
use flowguard_engine::EngineOptions;

/// Prints a component's flows, imports, and what it asks for
#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// A component or a YAML file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    pub(super) profile: ProfileArg,
}

pub(super) async fn run(foundation: &Foundation, args: &InspectArgs) -> anyhow::Result<Exit> {
    if args.file.is_dir() {
        return Err(UsageError(format!(
            "{} is a folder: name one file in it",
            args.file.display()
        ))
        .into());
    }
    let candidates = discover(std::slice::from_ref(&args.file)).map_err(UsageError)?;
    let mut app = App::build(foundation, false, EngineOptions::default()).await?;
    app.load_plugins().await?;
    for candidate in &candidates {
        let file = candidate.path().display();
        let held = load_one(&app, candidate)
            .await
            .map_err(|message| UsageError(format!("{file}: {message}")))?;
        let text = match held {
            File::Flows {
                component,
                description,
                source,
            } => {
                let kind = if source.is_some() {
                    "declarative flows"
                } else {
                    "flow component"
                };
                let mut text = heading(&file.to_string(), kind, component.digest.as_str());
                flows(&mut text, &description);
                imports(&mut text, &component.imports);
                text
            }
            File::Assertion(assertion) => {
                let mut text = heading(&file.to_string(), "custom assertion", assertion.digest.as_str());
                let described =
                    flowguard_engine::describe_assertion(&app.engine, &assertion, &app.clock).await;
                describe(
                    &mut text,
                    &described.map_err(|failure| UsageError(failure.message))?,
                );
                imports(&mut text, &assertion.imports);
                text
            }
        };
        say(&text);
    }
    Ok(Exit::Passed)
}

fn heading(file: &str, kind: &str, digest: &str) -> String {
    format!(
        "{file}\n  kind      {kind}\n  contract  flowguard:plugin {CONTRACT_VERSION} (this host's)\n  digest    {digest}\n"
    )
}

fn flows(out: &mut String, description: &Description) {
    let Description {
        name,
        version,
        flows,
        needs,
    } = description;
    let _ = writeln!(out, "  name      {} {}\n\n  flows", plain(name), plain(version));
    for flow in flows {
        flow_lines(out, flow);
    }
    asks(out, needs);
}

fn flow_lines(out: &mut String, flow: &Flow) {
    let mut marks: Vec<String> = flow.tags.iter().map(|tag| format!("#{tag}")).collect();
    if flow.critical {
        marks.insert(0, "critical".to_owned());
    }
    marks.push(format!("{} s", flow.timeout().as_secs_f64()));
    let _ = writeln!(out, "    {}  ({})", plain(&flow.name), plain(&marks.join(", ")));
    for (label, text) in [("", &flow.intent), ("begins at ", &flow.url)] {
        if !text.is_empty() {
            let _ = writeln!(out, "      {label}{}", plain(text));
        }
    }
}

fn asks(out: &mut String, needs: &Needs) {
    let _ = writeln!(out, "\n  asks for");
    let asked = [
        ("hosts", &needs.hosts),
        ("buckets", &needs.buckets),
        ("plugins", &needs.plugins),
    ];
    for (kind, names) in asked {
        let names = if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        };
        let _ = writeln!(out, "    {kind:<8}  {}", plain(&names));
    }
}

fn describe(out: &mut String, description: &AssertionDescription) {
    let AssertionDescription {
        name,
        version,
        summary,
        params_schema,
        external_hosts,
    } = description;
    let _ = writeln!(
        out,
        "  name      {} {}\n  checks    {}",
        plain(name),
        plain(version),
        plain(summary)
    );
    let hosts = if *external_hosts {
        "hosts beyond the page's own"
    } else {
        "the page's own host only"
    };
    let _ = writeln!(out, "  reaches   {hosts}\n  params    {}", plain(params_schema));
}

/// The capabilities first; WASI, behind which there is nothing, in one line.
fn imports(out: &mut String, imports: &[String]) {
    let (own, wasi): (Vec<&String>, Vec<&String>) =
        imports.iter().partition(|name| name.starts_with("flowguard:"));
    let _ = writeln!(out, "\n  imports");
    for name in own {
        let _ = writeln!(out, "    {name}");
    }
    if !wasi.is_empty() {
        let _ = writeln!(
            out,
            "    {} interfaces of WASI 0.2, with no files, network or environment behind them",
            wasi.len()
        );
    }
}

/// A guest's text cannot steer the terminal.
fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() && c != '\n' { '�' } else { c })
        .collect()
}
