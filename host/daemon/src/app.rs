//! Who is built from what: the composition root. Engine and back ends meet here and nowhere else.

use anyhow::Context;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::UsageError;
use crate::cloud;
use crate::config::{self, ArtifactPlace, Config, Environment};
use crate::foundation::Foundation;
use crate::outbox::Outbox;
use crate::storage::Storage;
use flowguard_backends::baselines::BaselineFolder;
use flowguard_backends::browser::{LocalBrowsers, LocalOptions, NoBrowsers, Places};
use flowguard_backends::storage::{ArtifactStore, CassetteFile, PlaceError, RemoteOptions};
use flowguard_core::artifact::Artifacts;
use flowguard_core::browser::Browsers;
use flowguard_core::cassette::{Header, Tape};
use flowguard_core::clock::Clock;
use flowguard_core::grant::Policy;
use flowguard_core::limits::OUTBOX_WAIT;
use flowguard_core::run::{RunId, RunMetadata, RunRecord};
use flowguard_core::secrets::FlowSecrets;
use flowguard_core::storage::{StorageError, TenantId};
use flowguard_engine::{
    AssertionComponent, CompiledCache, Component, CoreDumps, Engine, EngineOptions, FlowComponent, LoadError,
    Ports, Runner, Tapes,
};

/// The file name, without `.wasm`, of the component that interprets YAML flows.
const DECLARATIVE: &str = "declarative";

/// Everything that lives as long as the program.
pub(crate) struct App {
    pub(crate) engine: Engine,
    pub(crate) storage: Storage,
    pub(crate) outbox: Outbox,
    pub(crate) artifacts: Arc<ArtifactStore>,
    /// Those of this machine.
    pub(crate) browsers: Arc<LocalBrowsers>,
    /// Those and, where there is a key for it, the cloud's.
    pub(crate) places: Arc<Places>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) tenant: TenantId,
    /// What flows may have typed without reading it.
    pub(crate) secrets: Arc<FlowSecrets>,
    /// What interprets YAML flows, where it is installed.
    pub(crate) declarative: Option<Arc<FlowComponent>>,
    /// Where plugins were looked for.
    pub(crate) plugin_folders: Vec<PathBuf>,
    /// Where core dumps of guests that trapped go, where they are asked for.
    pub(crate) core_dumps: Option<PathBuf>,
    data: PathBuf,
    assertions: Vec<Arc<AssertionComponent>>,
}

impl App {
    /// Builds the program on its foundation. No browser is started and no plugin loaded yet.
    pub(crate) async fn build(
        foundation: &Foundation,
        headed: bool,
        engine: EngineOptions,
    ) -> anyhow::Result<Self> {
        let config = foundation.config();
        let data = config.top.data.clone();
        make_private(&data).map_err(|error| {
            UsageError(format!(
                "the data folder {} cannot be used: {error}",
                data.display()
            ))
        })?;
        let cache = CompiledCache::open(&data.join("compiled")).map_err(|error| {
            UsageError(format!(
                "the data folder {} cannot be used: {error}",
                data.display()
            ))
        })?;
        let engine = Engine::new(cache, engine)
            .map_err(|error| anyhow::anyhow!("the engine did not start: {error}"))?;
        let tenant = TenantId::local();
        let clock = foundation.clock.clone();
        let storage = Storage::open(config, &tenant, clock.clone()).await?;
        let outbox = Outbox::in_folder(&data);
        // What a former start could not deliver; if it cannot be now, it waits on.
        outbox.deliver(&storage.runs).await;
        let artifacts = artifacts_at(config, foundation.configuration.environment())
            .map_err(|error| UsageError(error.to_string()))?;
        let artifacts = Arc::new(artifacts);
        let browsers = Arc::new(LocalBrowsers::new(LocalOptions {
            executable: config.top.chromium.clone(),
            search_path: std::env::var_os("PATH").unwrap_or_default(),
            headed,
            // People would see a window that nothing happens in.
            keeps_ready: !headed,
            ..LocalOptions::default()
        }));
        let cloud = cloud::plan(config, &storage, artifacts.clone(), &tenant, &clock)?;
        let places = Arc::new(Places::new(browsers.clone(), cloud));
        let plugin_folders = plugin_folders(config.top.plugins.as_ref());
        Ok(Self {
            engine,
            storage,
            outbox,
            artifacts,
            browsers,
            places,
            clock,
            tenant,
            secrets: foundation.secrets.clone(),
            declarative: None,
            plugin_folders,
            core_dumps: None,
            data,
            assertions: Vec::new(),
        })
    }

    /// A runner over the custom assertions that are loaded, and these besides, with the baselines in this folder.
    pub(crate) async fn runner(
        &self,
        more: Vec<Arc<AssertionComponent>>,
        baselines: &Path,
    ) -> anyhow::Result<Runner> {
        let assertions = self.assertions.iter().cloned().chain(more).collect();
        self.runner_on(self.places.clone(), assertions, baselines).await
    }

    /// A runner for replays, with these custom assertions: it has no browser.
    pub(crate) async fn replayer(&self, assertions: Vec<Arc<AssertionComponent>>) -> anyhow::Result<Runner> {
        // Baselines are compared in the run; a replay takes the answer.
        let no_baselines = self.data.join("baselines");
        self.runner_on(Arc::new(NoBrowsers), assertions, &no_baselines)
            .await
    }

    async fn runner_on(
        &self,
        browsers: Arc<dyn Browsers>,
        assertions: Vec<Arc<AssertionComponent>>,
        baselines: &Path,
    ) -> anyhow::Result<Runner> {
        let ports = Ports {
            browsers,
            baselines: Arc::new(BaselineFolder::new(baselines)),
            buckets: self.storage.buckets.clone(),
            model: None,
            artifacts: self.artifacts.clone(),
            tapes: Arc::new(CassetteFolder(self.cassettes())),
            core_dumps: self
                .core_dumps
                .clone()
                .map(|folder| -> Arc<dyn CoreDumps> { Arc::new(CoreDumpFolder(folder)) }),
            clock: self.clock.clone(),
            policy: Policy::permissive(),
            secrets: self.secrets.clone(),
            tenant: self.tenant.clone(),
        };
        let runner = Runner::new(self.engine.clone(), ports, assertions).await;
        Ok(runner.map_err(|failure| UsageError(failure.message))?)
    }

    /// Loads a component, and keeps its bytes beside the artifacts, by digest, for a replay.
    pub(crate) async fn load(&self, bytes: Vec<u8>) -> Result<Component, LoadError> {
        if let Err(error) = self.artifacts.put(bytes.clone().into()).await {
            tracing::warn!(%error, "the component was not kept: a replay will need `--component`");
        }
        self.engine.load(bytes).await
    }

    /// An id that is sorted by time, and short enough to be typed: `20261120-223001-4f7k2m`.
    pub(crate) fn new_run_id(&self) -> anyhow::Result<RunId> {
        const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
        let seconds = i64::try_from(self.clock.wall().as_secs())?;
        let time = chrono::DateTime::from_timestamp(seconds, 0)
            .unwrap_or_default()
            .format("%Y%m%d-%H%M%S");
        let mut random = [0; 6];
        getrandom::fill(&mut random).map_err(|error| anyhow::anyhow!("no random numbers: {error}"))?;
        let tail: String = random
            .iter()
            .map(|byte| char::from(DIGITS[usize::from(byte % 32)]))
            .collect();
        RunId::parse(&format!("{time}-{tail}")).ok_or_else(|| anyhow::anyhow!("a run id could not be made"))
    }

    /// Keeps a run's result; a run is not lost to the user because the store is.
    pub(crate) async fn keep(&self, record: &mut RunRecord) {
        let warning = match self.try_to_keep(record).await {
            Ok(None) => return,
            Ok(Some(file)) => format!(
                "the store is away: the result waits in {} and goes there as soon as it is back",
                file.display()
            ),
            Err(error) => format!("the result was not kept: {error:#}"),
        };
        tracing::error!(run = %record.id, "{warning}");
        if let Some(last) = record.attempts.last_mut() {
            last.warnings.push(warning);
        }
    }

    /// Where the result waits, if the store is away.
    async fn try_to_keep(&self, record: &RunRecord) -> anyhow::Result<Option<PathBuf>> {
        let runs = &self.storage.runs;
        let document = runs.document(&self.tenant, record).await?;
        match runs.insert(&self.tenant, document.clone()).await {
            Ok(()) => Ok(None),
            Err(error @ StorageError::Unavailable(_)) => {
                let file = self.outbox.keep(&self.tenant, document)?;
                tracing::warn!(%error, run = %record.id, "the store did not take the result");
                Ok(Some(file))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// At the end of runs: waits for a store that is away, and says what still waits.
    pub(crate) async fn deliver(&self) {
        if self.outbox.waiting() == 0 {
            return;
        }
        let left = self
            .outbox
            .delivered_within(&self.storage.runs, OUTBOX_WAIT)
            .await;
        if left > 0 {
            tracing::error!(
                results = left,
                "the store is still away: the next command tries again"
            );
        }
    }

    /// Where cassettes are: a folder for each run.
    pub(crate) fn cassettes(&self) -> PathBuf {
        self.data.join("cassettes")
    }

    /// Where a past run's report is written.
    pub(crate) fn report_folder(&self, run: &str) -> PathBuf {
        self.data.join("reports").join(run)
    }

    /// Where everything is kept.
    pub(crate) fn data_folder(&self) -> PathBuf {
        std::fs::canonicalize(&self.data).unwrap_or_else(|_| self.data.clone())
    }

    /// Loads the plugins, in place of those that were loaded: for the verbs that touch flows. Where one cannot be
    /// loaded, those that were loaded stay.
    pub(crate) async fn load_plugins(&mut self) -> anyhow::Result<()> {
        let Some(folder) = self.plugin_folders.iter().find(|folder| folder.is_dir()) else {
            return Ok(());
        };
        let mut assertions = Vec::new();
        let mut declarative = None;
        let mut files: Vec<PathBuf> = std::fs::read_dir(folder)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect();
        files.sort();
        for file in files
            .iter()
            .filter(|file| file.extension().is_some_and(|e| e == "wasm"))
        {
            let bytes = std::fs::read(file).with_context(|| format!("plugin {}", file.display()))?;
            let loaded = self.load(bytes).await;
            match loaded.map_err(|error| UsageError(format!("plugin {}: {error}", file.display())))? {
                Component::Flow(flow) if file.file_stem().is_some_and(|stem| stem == DECLARATIVE) => {
                    declarative = Some(flow);
                }
                Component::Flow(_) => {}
                Component::Assertion(assertion) => assertions.push(assertion),
            }
        }
        self.assertions = assertions;
        self.declarative = declarative;
        Ok(())
    }
}

/// Where artifacts are kept; nothing is asked there yet.
///
/// # Errors
/// An address that is none, or that asks for what must not be.
pub(crate) fn artifacts_at(config: &Config, environment: &Environment) -> Result<ArtifactStore, PlaceError> {
    match &config.artifacts.url {
        None => Ok(ArtifactStore::folder(config.top.data.join("artifacts"))),
        Some(ArtifactPlace::Folder(folder)) => Ok(ArtifactStore::folder(folder)),
        Some(ArtifactPlace::Bucket(url)) => {
            let options = RemoteOptions {
                endpoint: config.artifacts.endpoint.as_ref().map(ToString::to_string),
                variables: environment.texts().collect(),
            };
            ArtifactStore::remote(url.as_str(), &options)
        }
    }
}

/// What is kept with the results of runs that are made here.
pub(crate) fn metadata(run: &config::Run) -> RunMetadata {
    RunMetadata {
        environment: run.environment.into(),
        user: run.user.clone(),
        branch: run.branch.clone(),
        commit: run.commit.clone(),
        ..RunMetadata::default()
    }
}

/// The data folder is its owner's only: results and screenshots show what the application under test shows.
pub(crate) fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Where plugins may be: where the user says, in the project, beside the program.
fn plugin_folders(named: Option<&PathBuf>) -> Vec<PathBuf> {
    if let Some(named) = named {
        return vec![named.clone()];
    }
    let beside = std::env::current_exe()
        .ok()
        .and_then(|exe| Some(exe.parent()?.join("plugins")));
    [Some(Path::new("plugins/dist").to_owned()), beside]
        .into_iter()
        .flatten()
        .collect()
}

/// A folder with a cassette for each attempt.
struct CassetteFolder(PathBuf);

/// A folder with a core dump for each attempt that trapped.
struct CoreDumpFolder(PathBuf);

impl CoreDumps for CoreDumpFolder {
    /// The guest's memory holds what it typed: only its owner may read it.
    fn keep(&self, run: &RunId, attempt: u32, core: &[u8]) -> std::io::Result<String> {
        make_private(&self.0)?;
        let file = self.0.join(format!("{run}-{attempt}.coredump"));
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        std::io::Write::write_all(&mut options.open(&file)?, core)?;
        Ok(file.display().to_string())
    }
}

impl Tapes for CassetteFolder {
    fn open(&self, header: &Header) -> std::io::Result<Box<dyn Tape>> {
        let file = self
            .0
            .join(&header.run)
            .join(format!("{}.cassette", header.attempt));
        Ok(Box::new(CassetteFile::create(file, header)?))
    }
}
