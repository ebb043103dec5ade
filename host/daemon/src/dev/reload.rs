//! The loop of a development session: a change is noticed, built, loaded and run, while runs, commands and further
//! changes come in. A build begins with the first change and is replaced by a further one; what it made is taken
//! when no change has come for [`QUIET`].

use std::collections::{HashMap, HashSet, VecDeque};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use url::Url;

use super::build::{Built, build};
use super::event::{Command, DevEvent, Timings};
use super::project::Project;
use super::session::{Job, Played, Session, ms};
use super::watch::{Change, Watch};
use crate::app::App;
use crate::discover::Candidate;
use crate::live_runs::LOST;
use crate::selection::Selection;
use flowguard_core::artifact::Digest;
use flowguard_core::progress::Cancel;
use flowguard_core::run::{RunMetadata, RunRecord, RunRequest};
use flowguard_core::timeline::{Place, Step, StepOutcome};
use flowguard_engine::RunWatcher;

/// So long no change must have come: an editor writes a file in several steps, a tool several files.
const QUIET: Duration = Duration::from_millis(120);
/// A build that was replaced so often is let through: what replaces it may be what it writes itself.
const MAX_REPLACED: u32 = 12;
/// A file that is written during so many builds, one after another, is the build's own.
const MAX_OWN_WRITES: u32 = 3;
/// Bytes of a source whose content is compared with what it was.
const MAX_SOURCE_BYTES: u64 = 4 << 20;

/// How a session runs its flows.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Where the application is.
    pub(crate) base_url: Option<Url>,
    /// Which flows.
    pub(crate) selection: Selection,
    /// Time for each flow instead of its own.
    pub(crate) timeout: Option<Duration>,
    /// Parameters for the flows.
    pub(crate) params: Vec<(String, String)>,
    /// The attributes that test ids are in.
    pub(crate) test_id_attributes: Vec<String>,
    /// The folder of the baselines.
    pub(crate) baselines: PathBuf,
    /// What is kept with each result.
    pub(crate) metadata: RunMetadata,
    /// The profile that cargo builds with.
    pub(crate) profile: String,
    /// Whether pictures of the pages are taken as they are drawn.
    pub(crate) screencast: bool,
}

/// Those who hear of a session.
pub(crate) trait Audience: Send + Sync {
    /// Something happened.
    fn hears(&self, event: DevEvent);
    /// Who hears how this run goes on.
    fn watcher(&self, flow: &str, request: &RunRequest) -> Box<dyn RunWatcher>;
}

type Building = Pin<Box<dyn Future<Output = Result<Built, String>> + Send>>;

/// The loop's state.
struct Reload {
    session: Session,
    project: Project,
    options: Options,
    audience: Arc<dyn Audience>,
    /// What the last good build made.
    built: Vec<PathBuf>,
    building: Option<Building>,
    /// The outcome of a build that waits to be taken.
    outcome: Option<Result<Built, String>>,
    pending: Option<Pending>,
    own_writes: OwnWrites,
    /// What sources were when they last changed.
    contents: HashMap<PathBuf, Option<Digest>>,
    queue: VecDeque<Job>,
    playing: Option<Playing>,
    keeps_open: bool,
}

/// Changes that were not taken yet.
#[derive(Debug)]
struct Pending {
    last: Instant,
    plugins: bool,
    /// How often the build that is for them was replaced.
    replaced: u32,
    /// What was written during a build that was let through.
    missed: HashSet<PathBuf>,
}

/// Files that builds write themselves.
#[derive(Debug, Default)]
struct OwnWrites {
    counted: HashMap<PathBuf, u32>,
    ignored: HashSet<PathBuf>,
}

struct Playing {
    key: String,
    cancel: Cancel,
    task: JoinHandle<Played>,
}

/// Runs a development session until it is cancelled.
pub(crate) async fn develop(
    app: App,
    project: Project,
    options: Options,
    audience: Arc<dyn Audience>,
    mut commands: mpsc::Receiver<Command>,
    cancel: &Cancel,
) -> anyhow::Result<()> {
    let mut watched = project.watched();
    watched.extend(
        app.plugin_folders
            .iter()
            .filter_map(|folder| std::fs::canonicalize(folder).ok()),
    );
    let mut watch = Watch::begin(&watched).map_err(crate::cli::UsageError)?;
    let mut reload = Reload {
        session: Session::new(app, options.clone()).await?,
        project,
        options,
        audience,
        built: Vec::new(),
        building: None,
        outcome: None,
        pending: None,
        own_writes: OwnWrites::default(),
        contents: HashMap::new(),
        queue: VecDeque::new(),
        playing: None,
        keeps_open: true,
    };
    reload.changed(&Change::Unknown(Instant::now()));
    let mut ended = Box::pin(cancel.asked());
    loop {
        let quiet_from = reload.quiet_from();
        tokio::select! {
            biased;
            () = &mut ended => break,
            Some(change) = watch.next() => reload.changed(&change),
            built = finished(&mut reload.building) => reload.built(built),
            played = over(&mut reload.playing) => reload.played(played).await,
            () = until(quiet_from) => reload.take().await?,
            Some(command) = commands.recv() => reload.command(command).await?,
            else => break,
        }
        reload.play_next();
    }
    reload.end().await;
    Ok(())
}

/// The end of the build that is going on.
async fn finished(building: &mut Option<Building>) -> Result<Built, String> {
    match building {
        Some(build) => build.await,
        None => std::future::pending().await,
    }
}

/// The end of the run that is going on.
async fn over(playing: &mut Option<Playing>) -> Option<Played> {
    match playing {
        Some(playing) => (&mut playing.task).await.ok(),
        None => std::future::pending().await,
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}

impl Reload {
    /// Something was written: what concerns builds begins one.
    fn changed(&mut self, change: &Change) {
        let (at, concerns) = match change {
            Change::Unknown(at) => (*at, Concerns::ALL),
            Change::File(path, at) => (*at, self.concerns(path)),
        };
        if !concerns.any() || !self.is_new(change) {
            return;
        }
        let pending = self.pending.get_or_insert_with(|| Pending {
            last: at,
            plugins: false,
            replaced: 0,
            missed: HashSet::new(),
        });
        pending.last = at;
        pending.plugins |= concerns.plugins;
        if !concerns.sources || self.project.workspaces.is_empty() {
            return;
        }
        if self.building.is_some() {
            pending.replaced += 1;
            if pending.replaced > MAX_REPLACED {
                let path = match change {
                    Change::File(path, _) => path.clone(),
                    Change::Unknown(_) => PathBuf::new(),
                };
                pending.missed.insert(path);
                return;
            }
        } else {
            let packages = self
                .project
                .workspaces
                .iter()
                .flat_map(|workspace| workspace.packages.clone());
            let packages = packages.collect();
            self.audience.hears(DevEvent::Building { packages });
        }
        self.begin_build();
    }

    /// Begins a build; one that was going on ends here.
    fn begin_build(&mut self) {
        self.outcome = None;
        let (workspaces, profile) = (self.project.workspaces.clone(), self.options.profile.clone());
        self.building = Some(Box::pin(async move { build(&workspaces, &profile).await }));
    }

    fn concerns(&self, path: &Path) -> Concerns {
        let is_data = path.starts_with(self.session.app.data_folder());
        if is_data || self.own_writes.ignored.contains(path) {
            return Concerns::default();
        }
        let folders = self.session.app.plugin_folders.iter();
        let mut folders = folders.filter_map(|folder| std::fs::canonicalize(folder).ok());
        let is_plugin = folders.any(|folder| path.starts_with(folder));
        let is_flow = path
            .extension()
            .is_some_and(|kind| kind == "wasm" || kind == "yaml" || kind == "yml");
        Concerns {
            plugins: is_plugin && is_flow,
            files: is_flow && !is_plugin,
            sources: self.project.is_source(path),
        }
    }

    fn built(&mut self, outcome: Result<Built, String>) {
        self.building = None;
        self.outcome = Some(outcome);
    }

    /// Whether a file has another content than when it last changed.
    fn is_new(&mut self, change: &Change) -> bool {
        let Change::File(path, _) = change else {
            return true;
        };
        let length = std::fs::metadata(path).map_or(0, |about| about.len());
        if length > MAX_SOURCE_BYTES {
            return true;
        }
        let content = std::fs::read(path).ok().map(|content| Digest::of(&content));
        let before = self.contents.insert(path.clone(), content.clone());
        before != Some(content)
    }

    /// When no change has come for long enough; none where there is none, or its build goes on.
    fn quiet_from(&self) -> Option<Instant> {
        let pending = self.pending.as_ref().filter(|_| self.building.is_none());
        pending.map(|pending| pending.last + QUIET)
    }

    /// Takes what has changed: loads it, and runs the flows that are other than they were.
    async fn take(&mut self) -> anyhow::Result<()> {
        let Some(pending) = self.pending.take() else {
            return Ok(());
        };
        let (last, plugins) = (pending.last, pending.plugins);
        let outcome = self.outcome.take();
        self.build_what_was_missed(pending);
        let mut build_took = Duration::ZERO;
        match outcome {
            Some(Err(output)) => {
                self.audience.hears(DevEvent::BuildFailed { output });
                return Ok(());
            }
            Some(Ok(built)) => {
                build_took = built.took;
                self.audience.hears(DevEvent::Built {
                    took_ms: ms(built.took),
                });
                self.built = built.files;
            }
            None => {}
        }
        let files = match self.project.files() {
            Ok(files) => files,
            Err(message) => {
                self.audience.hears(DevEvent::Note { message });
                return Ok(());
            }
        };
        let built = self.built.iter().cloned().map(Candidate::Wasm);
        let files: Vec<Candidate> = built.chain(files).collect();
        let taken = Instant::now();
        let changes = self.session.look_at(&files, plugins).await;
        for (file, message) in changes.refused {
            self.audience.hears(DevEvent::Refused { file, message });
        }
        if changes.any {
            let flows = self.session.listings();
            if flows.is_empty() {
                let message = "no flow has the name or the tags that were asked for".to_owned();
                self.audience.hears(DevEvent::Note { message });
            }
            self.audience.hears(DevEvent::Flows { flows });
        }
        let timings = Timings {
            notice_ms: ms(taken.saturating_duration_since(last).saturating_sub(build_took)),
            build_ms: ms(build_took),
            load_ms: ms(changes.took),
            ..Timings::default()
        };
        self.enqueue(changes.flows, false, &timings).await
    }

    /// Makes flows the next to be run. One that is running in its former version ends: nobody waits for it.
    async fn enqueue(&mut self, flows: Vec<String>, afresh: bool, timings: &Timings) -> anyhow::Result<()> {
        self.queue.retain(|job| !flows.contains(&job.key));
        if let Some(playing) = self.playing.take_if(|playing| flows.contains(&playing.key)) {
            playing.cancel.cancel();
            let played = playing.task.await.ok();
            self.played(played).await;
        }
        for key in flows {
            let job = self.session.job(&key, afresh, timings.clone()).await?;
            self.queue.extend(job);
        }
        Ok(())
    }

    /// What was written during the build is built as well; what every build writes itself is not, for ever.
    fn build_what_was_missed(&mut self, taken: Pending) {
        let missed = taken.missed;
        self.own_writes.counted.retain(|path, _| missed.contains(path));
        for path in &missed {
            let count = self.own_writes.counted.entry(path.clone()).or_default();
            *count += 1;
            if *count >= MAX_OWN_WRITES && self.own_writes.ignored.insert(path.clone()) {
                let message = format!(
                    "{} is written by the build itself: its changes are passed over from now on",
                    path.display()
                );
                self.audience.hears(DevEvent::Note { message });
            }
        }
        if missed.iter().any(|path| !self.own_writes.ignored.contains(path)) {
            self.pending = Some(Pending {
                missed: HashSet::new(),
                ..taken
            });
            self.begin_build();
        }
    }

    fn play_next(&mut self) {
        if self.playing.is_some() {
            return;
        }
        let Some(job) = self.queue.pop_front() else {
            return;
        };
        let cancel = Cancel::new();
        let (audience, cassettes, asked) = (self.audience.clone(), self.session.cassettes(), cancel.clone());
        let key = job.key.clone();
        self.audience.hears(DevEvent::RunBegan {
            run: job.run_id(),
            flow: key.clone(),
        });
        let task = tokio::spawn(async move { job.play(&cassettes, &asked, &*audience).await });
        self.playing = Some(Playing { key, cancel, task });
    }

    async fn played(&mut self, played: Option<Played>) {
        self.playing = None;
        let Some(played) = played else {
            let message = LOST.to_owned();
            self.audience.hears(DevEvent::Note { message });
            return;
        };
        let flow = played.key.clone();
        let (record, timings) = self.session.played(played, self.keeps_open).await;
        self.audience.hears(DevEvent::RunEnded {
            flow,
            run: record.id.to_string(),
            verdict: record.verdict.name(),
            took_ms: ms(Duration::from_micros(record.took_us)),
            failure: record.verdict.failure().cloned().map(Box::new),
            place: place_of(&record),
            timings: Box::new(timings),
            record: Box::new(record),
        });
    }

    async fn command(&mut self, command: Command) -> anyhow::Result<()> {
        match command {
            Command::Run { flow } => self.enqueue(vec![flow], true, &Timings::default()).await,
            Command::RunAll => {
                let flows = self.session.listings().into_iter().map(|listing| listing.key);
                self.enqueue(flows.collect(), true, &Timings::default()).await
            }
            Command::Stop => {
                self.queue.clear();
                if let Some(playing) = &self.playing {
                    playing.cancel.cancel();
                }
                Ok(())
            }
            Command::KeepOpen { keep } => {
                self.keeps_open = keep;
                if !keep {
                    self.session.let_go_of_all().await;
                }
                Ok(())
            }
        }
    }

    async fn end(mut self) {
        if let Some(playing) = self.playing.take() {
            playing.cancel.cancel();
            let played = playing.task.await.ok();
            self.played(played).await;
        }
        self.session.end().await;
    }
}

/// Where the flow asked for what failed first.
fn place_of(record: &RunRecord) -> Option<Place> {
    let call = record.verdict.failure()?.call;
    let steps = &record.attempts.last()?.history.steps;
    let failed = |step: &&Step| match &step.outcome {
        StepOutcome::Failed(failure) | StepOutcome::FailedSoftly(failure) => failure.call == call,
        _ => false,
    };
    steps.iter().rfind(failed)?.places.first().cloned()
}

/// What a change is to be heard for.
#[derive(Clone, Copy, Debug, Default)]
struct Concerns {
    plugins: bool,
    files: bool,
    sources: bool,
}

impl Concerns {
    const ALL: Self = Self {
        plugins: true,
        files: true,
        sources: true,
    };

    const fn any(self) -> bool {
        self.plugins || self.files || self.sources
    }
}
