//! `flowguard dev`: what the session does, told in a terminal.

use clap::Args;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use url::Url;

use super::run::{attribute, cancelled_by_interrupt, locate_in, parameter, style};
use super::{Common, Exit, UsageError, duration, say};
use crate::app::App;
use crate::dev::{Audience, DevEvent, Options, Project, Timings, develop};
use crate::report;
use flowguard_backends::storage::ArtifactFolder;
use flowguard_core::run::RunRequest;
use flowguard_engine::{EngineOptions, RunWatcher};

/// Watches sources, builds what changed, and goes on with the page that is still open
#[derive(Debug, Args)]
pub(crate) struct DevArgs {
    /// Cargo packages, YAML files, components, or folders that hold them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Where the application is, for example http://127.0.0.1:4000
    #[arg(long, value_name = "URL", env = "FLOWGUARD_BASE_URL")]
    base_url: Option<Url>,
    /// Only flows whose name contains this
    #[arg(long, value_name = "TEXT")]
    grep: Option<String>,
    /// Only flows with this tag; may be repeated, any of them is enough
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    /// Time for each flow instead of its own, for example 45s
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    timeout: Option<Duration>,
    /// A parameter for the flows; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = parameter)]
    param: Vec<(String, String)>,
    /// The attribute that test ids are in; may be repeated, any of them is one
    #[arg(long, value_name = "NAME", value_parser = attribute, default_value = "data-testid")]
    test_id_attribute: Vec<String>,
    /// The profile that cargo builds components with
    #[arg(long, value_name = "NAME", default_value = "dev")]
    profile: String,
    /// Show the browser
    #[arg(long)]
    headed: bool,
    /// The folder of the pictures that pages are compared with
    #[arg(long, value_name = "DIR", default_value = "baselines")]
    baselines: PathBuf,
    /// Write what happens to this file as well, a line of JSON each
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
}

pub(super) async fn run(common: &Common, args: DevArgs) -> anyhow::Result<Exit> {
    let project = Project::find(&args.paths).map_err(UsageError)?;
    let engine = EngineOptions {
        remembers_functions: true,
        ..EngineOptions::default()
    };
    let app = App::build(common, args.headed, engine)?;
    let events = args.events.as_ref().map(|file| {
        let named = |error| UsageError(format!("{}: {error}", file.display()));
        std::fs::File::create(file).map_err(named)
    });
    let terminal = Terminal {
        artifacts: app.artifacts.clone(),
        events: events.transpose()?,
    };
    let options = Options {
        base_url: args.base_url,
        grep: args.grep,
        tags: args.tag,
        timeout: args.timeout,
        params: args.param,
        test_id_attributes: args.test_id_attribute,
        baselines: args.baselines,
        profile: args.profile,
    };
    // Nobody asks for anything in a terminal but its end.
    let (_nobody, commands) = mpsc::channel(1);
    let cancel = cancelled_by_interrupt();
    develop(app, project, options, Arc::new(terminal), commands, &cancel).await?;
    Ok(Exit::Interrupted)
}

/// Says what happens.
struct Terminal {
    artifacts: Arc<ArtifactFolder>,
    events: Option<std::fs::File>,
}

impl Audience for Terminal {
    fn hears(&self, event: DevEvent) {
        if let Some(mut file) = self.events.as_ref()
            && let Ok(mut line) = serde_json::to_string(&event)
        {
            line.push('\n');
            let _ = std::io::Write::write_all(&mut file, line.as_bytes());
        }
        let told = match &event {
            DevEvent::RunEnded { timings, record, .. } => {
                let locate = locate_in(self.artifacts.clone());
                let mut text = report::terminal::render(record, style(&locate));
                text.push_str(&told(timings));
                text
            }
            other => lines(other),
        };
        say(&told);
    }

    fn watcher(&self, _flow: &str, _request: &RunRequest) -> Box<dyn RunWatcher> {
        Box::new(())
    }
}

fn lines(event: &DevEvent) -> String {
    match event {
        DevEvent::Building { packages } => format!("building {}\n", packages.join(", ")),
        DevEvent::BuildFailed { output } => format!(
            "{}\nthe build failed; what was built last stays\n",
            report::words::visible(output)
        ),
        DevEvent::Refused { file, message } => {
            let message = report::words::visible(message);
            format!("{}: {message}; what was loaded last stays\n", file.display())
        }
        DevEvent::Note { message } => format!("{}\n", report::words::visible(message)),
        DevEvent::Built { .. }
        | DevEvent::Flows { .. }
        | DevEvent::RunBegan { .. }
        | DevEvent::RunEnded { .. } => String::new(),
    }
}

/// How a run began, and where the time from the save to its first live call went.
fn told(timings: &Timings) -> String {
    let mut out = String::new();
    if let Some(from) = &timings.live_from {
        let title = report::words::visible(&from.title);
        let _ = writeln!(
            out,
            "    went on with the open page, live from call {}: {title}",
            from.call
        );
    } else if timings.answered {
        out.push_str("    all calls as recorded: nothing was done\n");
    } else if let Some(why) = &timings.from_the_start {
        let why = report::words::visible(why);
        let _ = writeln!(out, "    ran from the start: {why}");
    }
    if timings.load_ms > 0.0 {
        let Timings {
            notice_ms,
            build_ms,
            load_ms,
            prefix_ms,
            live_ms,
            ..
        } = timings;
        let _ = write!(
            out,
            "    notice {notice_ms:.0} ms, build {build_ms:.0} ms, load {load_ms:.0} ms"
        );
        if timings.live_from.is_some() {
            let _ = write!(out, ", prefix {prefix_ms:.1} ms, live {live_ms:.1} ms");
        }
        out.push('\n');
    }
    out
}
