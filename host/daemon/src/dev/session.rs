//! What a development session has loaded, and the runs that left their pages open. It runs one flow at a time.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::event::{LiveFrom, Timings};
use super::listing::Listing;
use super::reload::{Audience, Options};
use crate::app::App;
use crate::discover::Candidate;
use crate::load::{self, File};
use crate::locate::{self, Steps};
use flowguard_backends::storage::read_cassette;
use flowguard_core::artifact::Digest;
use flowguard_core::flow::{Description, Source};
use flowguard_core::limits::MAX_KEPT_RUNS;
use flowguard_core::progress::Cancel;
use flowguard_core::run::{Origin, RunOptions, RunRecord, RunRequest};
use flowguard_core::timeline::{History, micros};
use flowguard_engine::{AssertionComponent, FlowComponent, Kept, KeptRun, Runner, Started, Subject};

/// What is loaded, and what is kept open.
pub(super) struct Session {
    pub(super) app: App,
    options: Options,
    runner: Runner,
    loaded: BTreeMap<PathBuf, Loaded>,
    assertions: BTreeMap<PathBuf, (Digest, Arc<AssertionComponent>)>,
    kept: HashMap<String, KeptFlow>,
    /// The keys of what is kept, oldest first.
    order: Vec<String>,
    /// Flows whose last run did not pass.
    red: Vec<String>,
}

/// The flows of one file.
struct Loaded {
    /// The content of the file that was named.
    content: Digest,
    component: Arc<FlowComponent>,
    description: Description,
    source: Option<Source>,
}

/// A flow's last run, with its pages.
struct KeptFlow {
    run: KeptRun,
    cassette: PathBuf,
}

/// A flow that is to be run.
pub(super) struct Job {
    pub(super) key: String,
    component: Arc<FlowComponent>,
    origin: Origin,
    description: Description,
    request: RunRequest,
    before: Option<KeptFlow>,
    timings: Timings,
    runner: Runner,
}

/// What came of it.
pub(super) struct Played {
    pub(super) key: String,
    pub(super) record: RunRecord,
    pub(super) timings: Timings,
    kept: Option<KeptFlow>,
    /// The recording that a later run goes on from, where nothing was recorded anew.
    recorded_before: Option<PathBuf>,
}

/// What a look at the files came to.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// The flows that are new or changed, as in [`Listing::key`].
    pub(super) flows: Vec<String>,
    /// Files that cannot be loaded, and why.
    pub(super) refused: Vec<(PathBuf, String)>,
    /// How long reading, compiling and describing took.
    pub(super) took: Duration,
    /// Whether anything is another than it was.
    pub(super) any: bool,
}

impl Session {
    pub(super) async fn new(app: App, options: Options) -> anyhow::Result<Self> {
        let runner = app.runner(Vec::new(), &options.baselines).await?;
        Ok(Self {
            app,
            options,
            runner,
            loaded: BTreeMap::new(),
            assertions: BTreeMap::new(),
            kept: HashMap::new(),
            order: Vec::new(),
            red: Vec::new(),
        })
    }

    /// The flows that there are, in order.
    pub(super) fn listings(&self) -> Vec<Listing> {
        let files = self.loaded.iter();
        let flows = files.flat_map(|(file, loaded)| {
            let named = file.display().to_string();
            let name = loaded.description.name.clone();
            let flows = loaded
                .description
                .flows
                .iter()
                .filter(|flow| self.options.selection.has(flow));
            flows
                .map(move |flow| Listing::of(&named, &name, flow))
                .collect::<Vec<_>>()
        });
        flows.collect()
    }

    /// Loads what is new or changed among these files, and forgets what is gone. A file that cannot be loaded
    /// keeps its last good version.
    pub(super) async fn look_at(&mut self, files: &[Candidate], plugins_changed: bool) -> Changes {
        let began = Instant::now();
        let mut changes = Changes::default();
        let mut touched = Vec::new();
        if plugins_changed {
            self.reload_plugins(&mut changes).await;
            touched.extend(self.loaded.keys().cloned());
        }
        let is_gone = |file: &PathBuf| !files.iter().any(|candidate| candidate.path() == file);
        let gone: Vec<PathBuf> = self.loaded.keys().filter(|file| is_gone(file)).cloned().collect();
        for file in gone {
            changes.any = true;
            self.loaded.remove(&file);
        }
        let assertions_before = self.assertions.len();
        self.assertions.retain(|file, _| !is_gone(file));
        let mut assertions_changed = self.assertions.len() < assertions_before;
        for candidate in files {
            match self.load(candidate, plugins_changed).await {
                Ok(Held::Same) => {}
                Ok(Held::Flows) => touched.push(candidate.path().to_owned()),
                Ok(Held::Assertion) => assertions_changed = true,
                Err(message) => changes.refused.push((candidate.path().to_owned(), message)),
            }
        }
        if assertions_changed || plugins_changed {
            touched = self.loaded.keys().cloned().collect();
            self.renew_runner(&mut changes).await;
        }
        changes.any |= !touched.is_empty();
        let is_touched = |listing: &Listing| {
            touched
                .iter()
                .any(|file| file.display().to_string() == listing.file)
        };
        let listings = self.listings().into_iter().filter(is_touched);
        changes.flows = listings.map(|listing| listing.key).collect();
        // What was red is what the author works at.
        changes.flows.sort_by_key(|key| !self.red.contains(key));
        changes.took = began.elapsed();
        changes
    }

    async fn load(&mut self, candidate: &Candidate, again: bool) -> Result<Held, String> {
        let path = candidate.path();
        let bytes = load::read(candidate)?;
        let content = Digest::of(&bytes);
        let is_same = |held: Option<&Digest>| held == Some(&content) && !again;
        let held = self.loaded.get(path).map(|loaded| &loaded.content);
        let assertion = self.assertions.get(path).map(|(content, _)| content);
        if is_same(held) || is_same(assertion) {
            return Ok(Held::Same);
        }
        match load::load_read(&self.app, candidate, bytes).await? {
            File::Assertion(assertion) => {
                self.assertions.insert(path.to_owned(), (content, assertion));
                Ok(Held::Assertion)
            }
            File::Flows {
                component,
                description,
                source,
            } => {
                let loaded = Loaded {
                    content,
                    component,
                    description,
                    source,
                };
                self.loaded.insert(path.to_owned(), loaded);
                Ok(Held::Flows)
            }
        }
    }

    async fn reload_plugins(&mut self, changes: &mut Changes) {
        if let Err(error) = self.app.load_plugins().await {
            let folder = self.app.plugin_folders.first().cloned().unwrap_or_default();
            changes.refused.push((folder, format!("{error:#}")));
        }
    }

    async fn renew_runner(&mut self, changes: &mut Changes) {
        let assertions = self.assertions.values().map(|(_, assertion)| assertion.clone());
        match self
            .app
            .runner(assertions.collect(), &self.options.baselines)
            .await
        {
            Ok(runner) => self.runner = runner,
            Err(error) => changes.refused.push((PathBuf::new(), format!("{error:#}"))),
        }
    }

    /// A run of a flow; it goes on with the pages of the flow's last run unless it is to begin afresh.
    pub(super) async fn job(
        &mut self,
        key: &str,
        afresh: bool,
        timings: Timings,
    ) -> anyhow::Result<Option<Job>> {
        let found = self.loaded.iter().find_map(|(file, loaded)| {
            let named = file.display().to_string();
            let flows = &loaded.description.flows;
            let flow = flows
                .iter()
                .find(|flow| format!("{named}#{}", flow.name) == key)?;
            Some((named, loaded, flow.clone()))
        });
        let Some((file, loaded, flow)) = found else {
            return Ok(None);
        };
        let origin = Origin::new(file, &loaded.description, loaded.component.digest.clone());
        let request = RunRequest {
            id: self.app.new_run_id()?,
            flow,
            source: loaded.source.clone(),
            options: self.run_options(),
            replay: None,
            attempts: 1,
            metadata: self.options.metadata.clone(),
        };
        let job = Job {
            key: key.to_owned(),
            component: loaded.component.clone(),
            origin,
            description: loaded.description.clone(),
            request,
            before: None,
            timings,
            runner: self.runner.clone(),
        };
        let before = self.take_kept(key);
        match (before, afresh) {
            (Some(kept), true) => {
                kept.run.let_go().await;
                Ok(Some(job))
            }
            (before, _) => Ok(Some(Job { before, ..job })),
        }
    }

    fn run_options(&self) -> RunOptions {
        let Options {
            base_url,
            timeout,
            params,
            test_id_attributes,
            ..
        } = &self.options;
        RunOptions {
            base_url: base_url.clone(),
            timeout: *timeout,
            params: params.clone(),
            test_id_attributes: test_id_attributes.clone(),
            // What the page shows of the network is in the timeline; a HAR is for `run`.
            records_har: false,
            screencast: self.options.screencast,
            ..RunOptions::default()
        }
    }

    /// Takes in what came of a run: its pages stay open for the flow's next one.
    pub(super) async fn played(&mut self, played: Played, keep: bool) -> (RunRecord, Timings) {
        let Played {
            key,
            mut record,
            timings,
            kept,
            recorded_before,
        } = played;
        self.red.retain(|red| *red != key);
        if !record.verdict.passed() {
            self.red.push(key.clone());
        }
        if !timings.answered {
            self.app.keep(&mut record).await;
        }
        match kept {
            Some(kept) if keep => {
                let cassette = recorded_before.unwrap_or(kept.cassette);
                let run = kept.run;
                self.kept.insert(key.clone(), KeptFlow { run, cassette });
                self.order.push(key);
                self.let_go_of_the_oldest().await;
            }
            Some(kept) => kept.run.let_go().await,
            None => {}
        }
        (record, timings)
    }

    async fn let_go_of_the_oldest(&mut self) {
        while self.order.len() > MAX_KEPT_RUNS {
            let oldest = self.order.remove(0);
            if let Some(kept) = self.kept.remove(&oldest) {
                kept.run.let_go().await;
            }
        }
    }

    fn take_kept(&mut self, key: &str) -> Option<KeptFlow> {
        self.order.retain(|kept| kept != key);
        self.kept.remove(key)
    }

    /// Closes all pages and the browsers.
    pub(super) async fn end(mut self) {
        self.let_go_of_all().await;
        self.app.places.shut_down().await;
    }

    /// Closes all pages.
    pub(super) async fn let_go_of_all(&mut self) {
        self.order.clear();
        for (_, kept) in self.kept.drain() {
            kept.run.let_go().await;
        }
    }

    /// Where the recording of a run will be.
    pub(super) fn cassettes(&self) -> PathBuf {
        self.app.cassettes()
    }
}

/// What a file is, after a look.
enum Held {
    /// What it was.
    Same,
    Flows,
    Assertion,
}

impl Job {
    pub(super) fn run_id(&self) -> String {
        self.request.id.to_string()
    }

    /// Runs the flow. Nothing of the session is needed while it goes on.
    pub(super) async fn play(self, cassettes: &Path, cancel: &Cancel, audience: &dyn Audience) -> Played {
        let Self {
            key,
            component,
            origin,
            description,
            request,
            before,
            mut timings,
            runner,
        } = self;
        let watcher = audience.watcher(&key, &request);
        let subject = Subject {
            component: &component,
            origin: &origin,
            needs: &description.needs,
            request: &request,
        };
        let mut recorded_before = None;
        let before = match before {
            None => None,
            Some(KeptFlow { run, cassette }) => match read_cassette(&cassette) {
                Ok(recording) => {
                    recorded_before = Some(cassette);
                    Some((run, recording))
                }
                Err(error) => {
                    timings.from_the_start = Some(error.to_string());
                    run.let_go().await;
                    None
                }
            },
        };
        let Kept { record, run, started } = runner.run_keeping(&subject, before, cancel, &*watcher).await;
        match &started {
            Started::Answered => timings.answered = true,
            Started::AtTheBeginning(refusal) => {
                recorded_before = None;
                let why = refusal.as_ref().map(ToString::to_string);
                timings.from_the_start = timings.from_the_start.or(why);
            }
            Started::WentOn {
                call,
                title,
                looking,
                answering,
            } => {
                recorded_before = None;
                timings.prefix_ms = ms(*looking + *answering);
                timings.answering_ms = ms(*answering);
                timings.live_ms = record
                    .attempts
                    .last()
                    .map_or(0.0, |attempt| first_answer(&attempt.history, title, *answering));
                timings.live_from = Some(LiveFrom {
                    call: *call,
                    title: title.clone(),
                });
            }
        }
        let mut record = record;
        // A run that was answered to its end has no recording of its own.
        if !record.verdict.passed() && !timings.answered {
            locate::locate(&runner, &subject, cassettes, &mut record, Steps::Failed).await;
        }
        let cassette = cassettes.join(request.id.as_str()).join("1.cassette");
        Played {
            key,
            record,
            timings,
            kept: run.ok().map(|run| KeptFlow { run, cassette }),
            recorded_before,
        }
    }
}

/// How long the first call took that was done, in milliseconds: of those with its title, the one that began when the
/// recording was left.
fn first_answer(history: &History, title: &str, from: Duration) -> f64 {
    let from = micros(from);
    let steps = history.steps.iter().filter(|step| step.title == title);
    let first = steps.min_by_key(|step| step.at_us.abs_diff(from));
    ms(Duration::from_micros(first.map_or(0, |step| step.took_us)))
}

pub(super) fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
