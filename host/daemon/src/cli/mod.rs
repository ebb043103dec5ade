//! The command line: what the user typed, and which verb it is for. A verb parses, calls, prints.

mod browserbase;
mod config;
mod dev;
mod emulator;
mod env;
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
mod store;
mod trace;

use clap::{Args, Parser, Subcommand};
pub(crate) use log::Log;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use crate::config::{Configuration, Environment, Flags, Request};
use crate::foundation::{Foundation, with_what_secrets_there_are};
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

/// What every verb takes. What is not given may stand in the environment or in `flowguard.toml`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Common {
    /// The configuration, instead of `flowguard.toml` in this folder [env: FLOWGUARD_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where results, screenshots, cassettes and compiled code are kept [env: FLOWGUARD_DATA] [default: .flowguard]
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where the plugins are: the interpreter of YAML flows, and custom assertions [env: FLOWGUARD_PLUGINS]
    #[arg(long, global = true, value_name = "DIR")]
    plugins: Option<PathBuf>,
    /// The browser's executable, instead of the first that is found [env: FLOWGUARD_CHROMIUM]
    #[arg(long, global = true, value_name = "PATH")]
    chromium: Option<PathBuf>,
    /// What the host logs to standard error, for example `info` or `flowguard=debug` [env: FLOWGUARD_LOG] [default: warn]
    #[arg(long, global = true, value_name = "FILTER")]
    log: Option<String>,
}

/// Which profile of the configuration counts. Not in `flowguard dev`, whose `--profile` is cargo's.
#[derive(Clone, Debug, Args)]
pub(crate) struct ProfileArg {
    /// The profile of the configuration: development, staging or production [env: FLOWGUARD_PROFILE]
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
}

impl Common {
    fn say_to(&self, flags: &mut Flags) {
        flags.add("--config", self.config.as_ref());
        flags.add("--data", self.data.as_ref());
        flags.add("--plugins", self.plugins.as_ref());
        flags.add("--chromium", self.chromium.as_ref());
        flags.add("--log", self.log.as_ref());
    }
}

/// Where browsers are.
#[derive(Clone, Debug, Args)]
pub(crate) struct ModeArg {
    /// Where the browsers of all flows are: local or cloud [env: EXECUTION_MODE]
    #[arg(long, value_name = "PLACE")]
    mode: Option<String>,
    /// An address that browsers in the cloud reach through this machine, for example http://localhost:3000; may be repeated
    /// [env: FLOWGUARD_TUNNEL]
    #[arg(long, value_name = "URL")]
    tunnel: Vec<String>,
}

impl ModeArg {
    fn say_to(&self, flags: &mut Flags) {
        flags.add("--mode", self.mode.as_ref());
        let tunnel = (!self.tunnel.is_empty()).then(|| self.tunnel.join(","));
        flags.add("--tunnel", tunnel);
    }
}

impl ProfileArg {
    fn say_to(&self, flags: &mut Flags) {
        flags.add("--profile", self.profile.as_ref());
    }
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
    /// Moves a store, changes its keys, erases a tenant
    Store(store::StoreArgs),
    /// Tells what runs in Browserbase's cloud, and ends it
    Browserbase(browserbase::BrowserbaseArgs),
    /// The same as `browserbase sessions`
    #[command(name = "browserbase:sessions", hide = true)]
    BrowserbaseSessions(browserbase::SessionsAliasArgs),
    /// Browserbase's API on this machine, over local browsers: for development without an account
    BrowserbaseEmulator(emulator::EmulatorArgs),
    /// Tells what the configuration says and who said it
    #[command(subcommand)]
    Config(config::ConfigVerb),
    /// Tells whether everything that the configuration names is there
    #[command(subcommand)]
    Env(env::EnvVerb),
    /// The same as `env validate`
    #[command(name = "env:validate", hide = true)]
    EnvValidate(env::ValidateArgs),
}

impl Verb {
    /// What was given that belongs to the configuration.
    fn say_to(&self, flags: &mut Flags) {
        match self {
            Self::Run(args) => args.say_to(flags),
            Self::Inspect(args) => args.profile.say_to(flags),
            Self::Runs(args) => args.profile.say_to(flags),
            Self::Report(args) => args.profile.say_to(flags),
            Self::Trace(args) => args.profile.say_to(flags),
            Self::Replay(args) => args.profile.say_to(flags),
            Self::Dev(args) => args.say_to(flags),
            Self::Serve(args) => args.say_to(flags),
            Self::Store(args) => args.profile.say_to(flags),
            Self::Config(verb) => verb.say_to(flags),
            Self::Env(env::EnvVerb::Validate(args)) | Self::EnvValidate(args) => args.say_to(flags),
            Self::Browserbase(args) => args.profile.say_to(flags),
            Self::BrowserbaseSessions(args) => args.profile.say_to(flags),
            Self::BrowserbaseEmulator(_) => {}
        }
    }
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

/// Reads the configuration: what was given here, the environment, the file.
pub(crate) fn configure(arguments: &Cli) -> Result<Configuration, UsageError> {
    let mut flags = Flags::default();
    arguments.common.say_to(&mut flags);
    arguments.verb.say_to(&mut flags);
    let environment = Environment::of_process();
    let request = Request { flags, environment };
    Configuration::load(request).map_err(|mistakes| UsageError(mistakes.to_string()))
}

pub(crate) async fn run(
    arguments: Cli,
    configuration: Configuration,
    known: Arc<Scrubber>,
    log: Log,
) -> anyhow::Result<Exit> {
    // Whatever touches flows or results stands on this; the others work also where it cannot be laid.
    let lay = async |configuration| Foundation::lay(configuration, &known).await;
    match arguments.verb {
        Verb::Config(verb) => {
            let configuration = with_what_secrets_there_are(configuration).await?;
            config::run(&configuration.now(), &verb)
        }
        Verb::Env(env::EnvVerb::Validate(args)) | Verb::EnvValidate(args) => {
            env::validate(configuration, &args).await
        }
        Verb::BrowserbaseEmulator(args) => emulator::run(configuration.first(), &args).await,
        Verb::Run(args) => run::run(&lay(configuration).await?, *args).await,
        Verb::Inspect(args) => inspect::run(&lay(configuration).await?, &args).await,
        Verb::Runs(args) => past::runs(&lay(configuration).await?, &args).await,
        Verb::Report(args) => past::report(&lay(configuration).await?, &args).await,
        Verb::Trace(args) => trace::run(&lay(configuration).await?, &args).await,
        Verb::Replay(args) => replay::run(&lay(configuration).await?, &args).await,
        Verb::Dev(args) => dev::run(&lay(configuration).await?, *args).await,
        Verb::Serve(args) => serve::run(&lay(configuration).await?, log, args).await,
        Verb::Browserbase(args) => browserbase::run(&lay(configuration).await?, &args).await,
        Verb::BrowserbaseSessions(args) => browserbase::sessions(&lay(configuration).await?, &args).await,
        Verb::Store(args) => store::run(&lay(configuration).await?, &args).await,
    }
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
