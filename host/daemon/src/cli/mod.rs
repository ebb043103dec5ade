//! The command line: what the user typed, and which verb it is for. A verb parses, calls, prints.

mod dev;
mod duration;
mod har;
mod inspect;
mod live;
mod log;
mod past;
mod remote;
mod replay;
mod reporters;
mod run;
mod serve;
mod signals;
mod trace;

use clap::{Args, Parser, Subcommand};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use flowguard_core::secrets::Scrubber;

/// Runs browser flows as sandboxed WebAssembly components.
#[derive(Debug, Parser)]
#[command(
    name = "flowguard",
    version,
    about = "Runs browser flows as sandboxed WebAssembly components",
    max_term_width = 100
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    common: Common,
}

/// What every verb takes.
#[derive(Clone, Debug, Args)]
pub(crate) struct Common {
    /// Where results, screenshots, cassettes and compiled code are kept
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "FLOWGUARD_DATA",
        default_value = ".flowguard"
    )]
    pub(crate) data: PathBuf,
    /// Where the plugins are: the interpreter of YAML flows, and custom assertions
    #[arg(long, global = true, value_name = "DIR", env = "FLOWGUARD_PLUGINS")]
    pub(crate) plugins: Option<PathBuf>,
    /// The browser's executable, instead of the first that is found
    #[arg(long, global = true, value_name = "PATH", env = "FLOWGUARD_CHROMIUM")]
    pub(crate) chromium: Option<PathBuf>,
    /// What the host logs to standard error, for example `info` or `flowguard=debug`
    #[arg(
        long,
        global = true,
        value_name = "FILTER",
        env = "FLOWGUARD_LOG",
        default_value = "warn"
    )]
    pub(crate) log: String,
    /// What is kept out of all that the program writes
    #[arg(skip)]
    pub(crate) known: Arc<Scrubber>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Runs flows and reports
    Run(Box<run::RunArgs>),
    /// Prints a component's flows, imports, and what it asks for
    Inspect(inspect::InspectArgs),
    /// Lists past runs, newest first
    Runs(past::RunsArgs),
    /// Shows a past run again
    Report(past::ReportArgs),
    /// Writes a run as a trace that Playwright's viewer opens
    Trace(trace::TraceArgs),
    /// Runs a flow again against the recording of a run: no browser, no network
    Replay(replay::ReplayArgs),
    /// Watches sources, builds what changed, and goes on with the page that is still open
    Dev(Box<dev::DevArgs>),
    /// Takes runs over HTTP, on this machine only
    Serve(serve::ServeArgs),
}

/// How the program ends. The numbers are a promise to scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// Everything held.
    Passed = 0,
    /// A flow failed: the product, the flow itself or its policy is to blame.
    Failed = 1,
    /// Bad usage or configuration; a file that could not be loaded.
    Usage = 2,
    /// The platform failed.
    Platform = 3,
    /// A replayed flow left its recording.
    Diverged = 4,
    /// Interrupted by the user.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// What the user did wrong, in one message; ends with [`Exit::Usage`].
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

pub(crate) async fn run(arguments: Cli) -> anyhow::Result<Exit> {
    let Cli { verb, common } = arguments;
    match verb {
        Verb::Run(args) => run::run(&common, *args).await,
        Verb::Inspect(args) => inspect::run(&common, &args).await,
        Verb::Runs(args) => past::runs(&common, &args).await,
        Verb::Report(args) => past::report(&common, &args).await,
        Verb::Trace(args) => trace::run(&common, &args).await,
        Verb::Replay(args) => replay::run(&common, &args).await,
        Verb::Dev(args) => dev::run(&common, *args).await,
        Verb::Serve(args) => serve::run(&common, args).await,
    }
}

/// The host's own log goes to standard error, so that standard output is the report's.
pub(crate) fn start_log(arguments: &Cli) {
    log::start(&arguments.common.log, &arguments.common.known);
}

/// Says why the program ends, and how to exit.
pub(crate) fn fatal(error: &anyhow::Error) -> ExitCode {
    // It may repeat what a file or a server said.
    let message = format!("{error:#}");
    let _ = writeln!(
        std::io::stderr(),
        "error: {}",
        crate::report::words::visible(&message)
    );
    let exit = if error.is::<UsageError>() {
        Exit::Usage
    } else {
        Exit::Platform
    };
    exit.into()
}

/// Writes to standard output; a reader that has gone away is no error.
pub(crate) fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
