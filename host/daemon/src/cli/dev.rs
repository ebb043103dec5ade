//! `flowguard dev`: what the session does, told in a terminal.

use clap::Args;
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use url::Url;

use super::run::{cancelled_by_interrupt, locate_in, parameter, style};
use super::serve::loopback;
use super::{Exit, UsageError, say};
use crate::app::{App, metadata};
use crate::config::{Flags, duration};
use crate::dev::{Audience, Command, DevEvent, Options, Project, Timings, develop};
use crate::foundation::Foundation;
use crate::live_runs::LiveRun;
use crate::report;
use crate::selection::Selection;
use crate::server::{self, Access, DevPage, dev_router};
use flowguard_backends::storage::ArtifactStore;
use flowguard_core::ledger::Ledger;
use flowguard_core::limits::MAX_PAGE_COMMANDS;
use flowguard_core::run::{RunRequest, test_id_attribute};
use flowguard_engine::{EngineOptions, RunWatcher};

/// Watches sources, builds what changed, and goes on with the page that is still open
#[derive(Debug, Args)]
pub(crate) struct DevArgs {
    /// Cargo packages, YAML files, components, or folders that hold them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Where the application is, for example http://127.0.0.1:4000 [env: FLOWGUARD_BASE_URL]
    #[arg(long, value_name = "URL")]
    base_url: Option<Url>,
    #[command(flatten)]
    selection: Selection,
    /// Time for each flow instead of its own, for example 45s [env: FLOWGUARD_TIMEOUT]
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    timeout: Option<Duration>,
    /// A parameter for the flows; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = parameter)]
    param: Vec<(String, String)>,
    /// The attribute that test ids are in; may be repeated, any of them is one
    #[arg(long, value_name = "NAME", value_parser = test_id_attribute, default_value = "data-testid")]
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
    /// The address of this machine on which the session's page is served; port 0 for any that is free
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4401")]
    listen: SocketAddr,
    /// Serve no page
    #[arg(long)]
    no_page: bool,
    /// Write what happens to this file as well, a line of JSON each
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
}

impl DevArgs {
    /// What was given that belongs to the configuration. The profile is cargo's.
    pub(super) fn say_to(&self, flags: &mut Flags) {
        flags.add("--base-url", self.base_url.as_ref().map(Url::as_str));
        flags.add("--timeout", self.timeout.map(duration::written));
    }
}

pub(super) async fn run(foundation: &Foundation, args: DevArgs) -> anyhow::Result<Exit> {
    let config = foundation.config();
    let cancel = cancelled_by_interrupt();
    let project = Project::find(&args.paths).map_err(UsageError)?;
    let engine = EngineOptions {
        remembers_functions: true,
        ..EngineOptions::default()
    };
    let app = App::build(foundation, args.headed, engine).await?;
    foundation.warn_of_missing_secrets().await?;
    let events = args.events.as_ref().map(|file| {
        let named = |error| UsageError(format!("{}: {error}", file.display()));
        std::fs::File::create(file).map_err(named)
    });
    let (ask, commands) = mpsc::channel(MAX_PAGE_COMMANDS);
    let page = match args.no_page {
        true => None,
        false => Some(page(&app, args.listen, ask.clone()).await?),
    };
    let terminal = Terminal {
        artifacts: app.artifacts.clone(),
        events: events.transpose()?,
        page,
    };
    let options = Options {
        base_url: config.run.base_url.clone(),
        selection: args.selection,
        timeout: config.run.timeout,
        params: args.param,
        test_id_attributes: args.test_id_attribute,
        baselines: args.baselines,
        metadata: metadata(&config.run),
        profile: args.profile,
        screencast: terminal.page.is_some(),
    };
    develop(app, project, options, Arc::new(terminal), commands, &cancel).await?;
    Ok(Exit::Interrupted)
}

/// Serves the session's page, and says where it is.
async fn page(app: &App, address: SocketAddr, ask: mpsc::Sender<Command>) -> anyhow::Result<Arc<DevPage>> {
    let listener = server::bind(loopback(address)?).await.map_err(UsageError)?;
    let access = Access::by_link(listener.local_addr()?)?;
    say(&format!("the session's page is at {}\n", access.link()));
    let page = Arc::new(DevPage::new(app.artifacts.clone(), ask));
    let router = dev_router(page.clone(), access);
    tokio::spawn(server::serve(listener, router, std::future::pending()));
    Ok(page)
}

/// Says what happens.
struct Terminal {
    artifacts: Arc<ArtifactStore>,
    events: Option<std::fs::File>,
    page: Option<Arc<DevPage>>,
}

impl Audience for Terminal {
    fn hears(&self, event: DevEvent) {
        if let Some(page) = &self.page {
            page.hears(&event);
        }
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

    fn watcher(&self, flow: &str, request: &RunRequest) -> Box<dyn RunWatcher> {
        match &self.page {
            Some(page) => Box::new(Listened(page.begins(request.id.clone(), flow.to_owned()))),
            None => Box::new(()),
        }
    }
}

/// A run that the page listens to.
struct Listened(Arc<LiveRun>);

impl RunWatcher for Listened {
    fn attempt_began(&self, number: u32, ledger: &Arc<Ledger>) {
        self.0.attempt_began(number, ledger);
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
