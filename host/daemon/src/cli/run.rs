//! `flowguard run`: load what was named, choose flows, run them side by side, report, end with the code that
//! says what came of it.

use clap::Args;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use url::Url;

use super::live::Live;
use super::remote;
use super::reporters::{Reporter, reporter, wants_list, write_reports};
use super::{Exit, ModeArg, ProfileArg, UsageError, har, say};
use crate::app::App;
use crate::cloud;
use crate::config::{Config, Flags, duration};
use crate::discover::{Candidate, discover};
use crate::foundation::Foundation;
use crate::live_runs::LOST;
use crate::load::{File, load_one};
use crate::locate::{self, Steps};
use crate::report::{self, LoadFailure, Report};
use crate::selection::Selection;
use crate::sweep::sweep_after_run;
use flowguard_backends::storage::ArtifactStore;
use flowguard_core::Blame;
use flowguard_core::artifact::Digest;
use flowguard_core::flow::{Description, Flow, Needs, Source};
use flowguard_core::limits::{MAX_RETRIES, MAX_WORKERS};
use flowguard_core::progress::Cancel;
use flowguard_core::run::{Origin, RunOptions, RunRecord, RunRequest, test_id_attribute};
use flowguard_engine::{AssertionComponent, EngineOptions, FlowComponent, Runner, Subject};

/// Runs flows and reports
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Components, YAML files, or folders that hold them
    #[arg(required_unless_present = "server", value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Have a server run the flows: those of the paths, which are put there first, or else those that it has
    #[arg(long, value_name = "URL", conflicts_with_all = ["headed", "coredump", "baselines", "update_baselines", "replay_har"])]
    server: Option<Url>,
    /// Where the application is, for example http://127.0.0.1:4000 [env: FLOWGUARD_BASE_URL]
    #[arg(long, value_name = "URL")]
    base_url: Option<Url>,
    #[command(flatten)]
    pub(super) selection: Selection,
    /// Flows at once [env: FLOWGUARD_WORKERS] [default: the number of cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_WORKERS)))]
    workers: Option<u32>,
    /// Attempts after a first one that did not pass [env: FLOWGUARD_RETRIES] [default: 0]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=i64::from(MAX_RETRIES)))]
    retries: Option<u32>,
    /// Time for each flow instead of its own, for example 45s [env: FLOWGUARD_TIMEOUT]
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    timeout: Option<Duration>,
    /// A parameter for the flows; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = parameter)]
    pub(super) param: Vec<(String, String)>,
    /// list, json=FILE, junit=FILE or html=DIR; may be repeated
    #[arg(long, value_name = "REPORTER", value_parser = reporter)]
    pub(super) reporter: Vec<Reporter>,
    /// The attribute that test ids are in; may be repeated, any of them is one
    #[arg(long, value_name = "NAME", value_parser = test_id_attribute, default_value = "data-testid")]
    pub(super) test_id_attribute: Vec<String>,
    #[command(flatten)]
    pub(super) har: har::HarArgs,
    /// Keep pictures of the pages as they are drawn: the report shows each step before and after
    #[arg(long)]
    pub(super) screencast: bool,
    /// Leave a core dump in this folder for each flow that traps: its memory, passwords included
    #[arg(long, value_name = "DIR")]
    coredump: Option<PathBuf>,
    /// Show the browser
    #[arg(long)]
    headed: bool,
    /// The folder of the pictures that pages are compared with
    #[arg(long, value_name = "DIR", default_value = "baselines")]
    baselines: PathBuf,
    /// Keep the pictures of this run as the baselines, instead of comparing
    #[arg(long)]
    update_baselines: bool,
    #[command(flatten)]
    mode: ModeArg,
    #[command(flatten)]
    profile: ProfileArg,
}

pub(super) fn parameter(text: &str) -> Result<(String, String), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or_else(|| format!("{text:?} is not KEY=VALUE"))?;
    Ok((key.to_owned(), value.to_owned()))
}

/// A flow that is to be run.
struct Job {
    component: Arc<FlowComponent>,
    origin: Origin,
    needs: Needs,
    request: RunRequest,
}

/// What the named files came to.
#[derive(Default)]
struct Loaded {
    jobs: Vec<Job>,
    assertions: Vec<Arc<AssertionComponent>>,
    failures: Vec<LoadFailure>,
}

pub(super) async fn run(foundation: &Foundation, args: RunArgs) -> anyhow::Result<Exit> {
    if let Some(server) = &args.server {
        return remote::run(foundation, &args, server).await;
    }
    let config = foundation.config();
    cloud::check(config)?;
    let candidates = discover(&args.paths).map_err(UsageError)?;
    let engine = EngineOptions {
        dumps_core: args.coredump.is_some(),
        ..EngineOptions::default()
    };
    let mut app = App::build(foundation, args.headed, engine).await?;
    app.core_dumps.clone_from(&args.coredump);
    app.load_plugins().await?;
    foundation.warn_of_missing_secrets().await?;
    let app = Arc::new(app);
    let started_ms = app.clock.wall_ms();
    let began = Instant::now();
    let mut loaded = load_all(&app, config, &args, &candidates).await?;
    if loaded.jobs.is_empty() && loaded.failures.is_empty() {
        return Err(UsageError(nothing_to_run(&args, &candidates)).into());
    }
    let runner = app
        .runner(std::mem::take(&mut loaded.assertions), &args.baselines)
        .await?;
    let cancel = cancelled_by_interrupt();
    let jobs = std::mem::take(&mut loaded.jobs);
    let (runs, lost) = run_all(
        &app,
        &runner,
        jobs,
        config.run.at_once(),
        &cancel,
        Shown {
            list: wants_list(&args.reporter),
            places: args.reporter.iter().any(Reporter::shows_places),
        },
    )
    .await;
    app.places.shut_down().await;
    app.deliver().await;
    sweep_after_run(&app, &foundation.configuration.now().config).await;
    let report = Report::new(
        runs,
        loaded.failures,
        started_ms,
        began.elapsed(),
        env!("CARGO_PKG_VERSION"),
    );
    let written = write_reports(&app, &report, &args.reporter).await;
    if wants_list(&args.reporter) {
        say(&report::terminal::summary(&report, style(&locate(&app))));
        if let Some(cloud) = app.places.opened_cloud() {
            say(&report::terminal::cloud(&report, cloud.cost_microdollars()));
        }
    }
    written?;
    Ok(if cancel.is_cancelled() {
        Exit::Interrupted
    } else {
        exit_of(&report, lost)
    })
}

async fn load_all(
    app: &App,
    config: &Config,
    args: &RunArgs,
    candidates: &[Candidate],
) -> anyhow::Result<Loaded> {
    let mut loaded = Loaded::default();
    let replay = args.har.replay()?;
    for candidate in candidates {
        let file = candidate.path().display().to_string();
        match load_one(app, candidate).await {
            Ok(File::Flows {
                component,
                description,
                source,
            }) => {
                let origin = Origin::new(file, &description, component.digest.clone());
                let Description { flows, needs, .. } = description;
                for flow in flows.into_iter().filter(|flow| args.selection.has(flow)) {
                    let mut request = request(app, config, args, flow, source.clone())?;
                    request.replay.clone_from(&replay);
                    let (component, origin, needs) = (component.clone(), origin.clone(), needs.clone());
                    loaded.jobs.push(Job {
                        component,
                        origin,
                        needs,
                        request,
                    });
                }
            }
            Ok(File::Assertion(assertion)) => loaded.assertions.push(assertion),
            Err(message) => loaded.failures.push(LoadFailure { file, message }),
        }
    }
    Ok(loaded)
}

fn request(
    app: &App,
    config: &Config,
    args: &RunArgs,
    flow: Flow,
    source: Option<Source>,
) -> anyhow::Result<RunRequest> {
    let (place, cloud) = cloud::wanted(config, &flow);
    let options = RunOptions {
        place,
        cloud,
        tunnel: cloud::tunnel(config),
        base_url: config.run.base_url.clone(),
        timeout: config.run.timeout,
        params: args.param.clone(),
        update_baselines: args.update_baselines,
        test_id_attributes: args.test_id_attribute.clone(),
        records_har: !args.har.no_har,
        screencast: args.screencast,
        ..RunOptions::default()
    };
    Ok(RunRequest {
        id: app.new_run_id()?,
        flow,
        source,
        options,
        replay: None,
        attempts: config.run.retries.0 + 1,
        metadata: crate::app::metadata(&config.run),
    })
}

fn nothing_to_run(args: &RunArgs, candidates: &[Candidate]) -> String {
    let paths: Vec<String> = args.paths.iter().map(|path| path.display().to_string()).collect();
    let paths = paths.join(", ");
    if candidates.is_empty() {
        return format!(
            "no flows in {paths}: looked for .wasm, .yaml and .yml; build Rust flows with `cargo xtask guests`"
        );
    }
    format!(
        "no flow in {paths} has the name or the tags that were asked for: `flowguard inspect` lists what there is"
    )
}

impl RunArgs {
    /// What was given that belongs to the configuration.
    pub(super) fn say_to(&self, flags: &mut Flags) {
        flags.add("--base-url", self.base_url.as_ref().map(Url::as_str));
        flags.add("--workers", self.workers.map(|workers| workers.to_string()));
        flags.add("--retries", self.retries.map(|retries| retries.to_string()));
        flags.add("--timeout", self.timeout.map(duration::written));
        self.mode.say_to(flags);
        self.profile.say_to(flags);
    }
}

/// Whether a person sees what is said.
pub(super) fn is_terminal() -> bool {
    std::io::stderr().is_terminal() && std::io::stdout().is_terminal()
}

/// Cancelled when somebody interrupts the program; from here on, an interrupt does no more than that.
pub(super) fn cancelled_by_interrupt() -> Cancel {
    let cancel = Cancel::new();
    let asked = cancel.clone();
    let interrupted = super::signals::interrupted();
    tokio::spawn(async move {
        interrupted.await;
        asked.cancel();
    });
    cancel
}

/// What is shown of runs.
#[derive(Clone, Copy)]
struct Shown {
    /// Lines in the terminal.
    list: bool,
    /// Where in the flow's code each step was asked for, also of runs that passed.
    places: bool,
}

/// Runs the flows, so many at once: the records, in the order of the jobs, and how many runs were lost by a
/// fault of ours.
async fn run_all(
    app: &Arc<App>,
    runner: &Runner,
    jobs: Vec<Job>,
    workers: usize,
    cancel: &Cancel,
    Shown { list, places }: Shown,
) -> (Vec<RunRecord>, usize) {
    let live = Arc::new(Live::new(jobs.len(), list && is_terminal()));
    let slots = Arc::new(Semaphore::new(workers));
    let mut running = Vec::new();
    for job in jobs {
        let (app, runner, live, slots, cancel) = (
            app.clone(),
            runner.clone(),
            live.clone(),
            slots.clone(),
            cancel.clone(),
        );
        running.push(tokio::spawn(async move {
            let _slot = slots.acquire_owned().await;
            if cancel.is_cancelled() {
                return None;
            }
            let shown = live.begin(&job.request.flow.name);
            let Job {
                component,
                origin,
                needs,
                request,
            } = job;
            let mut record = runner
                .run(&component, origin.clone(), &needs, &request, &cancel, &shown)
                .await;
            if places || !record.verdict.passed() {
                let subject = Subject {
                    component: &component,
                    origin: &origin,
                    needs: &needs,
                    request: &request,
                };
                let sought = if places { Steps::All } else { Steps::Failed };
                locate::locate(&runner, &subject, &app.cassettes(), &mut record, sought).await;
            }
            app.keep(&mut record).await;
            let lines = if list {
                report::terminal::render(&record, style(&locate(&app)))
            } else {
                String::new()
            };
            live.end(&shown, &lines);
            Some(record)
        }));
    }
    let mut records = Vec::new();
    let mut lost = 0;
    for task in running {
        match task.await {
            Ok(record) => records.extend(record),
            Err(error) => {
                tracing::error!(%error, "{LOST}");
                lost += 1;
            }
        }
    }
    live.finish();
    (records, lost)
}

/// A run that was lost says nothing of its flow, so it is never a success.
pub(super) fn exit_of(report: &Report, lost: usize) -> Exit {
    let of_run = |run: &RunRecord| match run.verdict.blame() {
        None => Exit::Passed,
        Some(Blame::Platform) => Exit::Platform,
        Some(Blame::Product | Blame::Flow | Blame::Policy) => Exit::Failed,
    };
    let runs = report.runs.iter().map(of_run);
    let files = report.load_failures.iter().map(|_| Exit::Usage);
    let lost = (lost > 0).then_some(Exit::Platform);
    runs.chain(files).chain(lost).max().unwrap_or(Exit::Passed)
}

/// Where a person finds the file of an artifact.
pub(super) fn locate(app: &App) -> impl Fn(&Digest) -> Option<String> {
    locate_in(app.artifacts.clone())
}

pub(super) fn locate_in(artifacts: Arc<ArtifactStore>) -> impl Fn(&Digest) -> Option<String> {
    move |digest| Some(artifacts.locate(digest))
}

pub(super) fn style(locate: &dyn Fn(&Digest) -> Option<String>) -> report::terminal::Style<'_> {
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    report::terminal::Style { colour, locate }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_run_is_a_failure_of_the_platform_and_never_a_success() {
        let report = Report::new(Vec::new(), Vec::new(), 0, Duration::ZERO, "test");
        assert_eq!(exit_of(&report, 1), Exit::Platform);
    }
}
