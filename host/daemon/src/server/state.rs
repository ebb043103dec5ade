//! What a server holds, and how it runs a flow: in a queue with a limit, so many at once.

use std::path::PathBuf;
use std::sync::Arc;

use super::audit::{Audit, Via};
use super::registry::{Flows, Registry};
use super::slots::Slots;
use crate::app::App;
use crate::config::Configuration;
use crate::discover::Candidate;
use crate::live_runs::{LiveRun, LiveRuns};
use crate::load;
use crate::locate::{self, Steps};
use flowguard_core::flow::Flow;
use flowguard_core::limits::MAX_QUEUED_RUNS;
use flowguard_core::run::{Origin, RunOptions, RunRequest};
use flowguard_core::secrets::FlowSecrets;
use flowguard_core::storage::{Retention, StorageError};
use flowguard_engine::{Runner, Subject};

/// How a server runs flows.
#[derive(Clone)]
pub(crate) struct ServerOptions {
    /// Asked at each run: what it says may change.
    pub(crate) configuration: Arc<Configuration>,
    /// Where flows' secrets come from.
    pub(crate) secrets: Arc<FlowSecrets>,
    /// The folder of the baselines.
    pub(crate) baselines: PathBuf,
}

/// A server.
pub(crate) struct Server {
    pub(super) app: Arc<App>,
    pub(super) registry: Registry,
    pub(super) live: LiveRuns,
    pub(super) audit: Audit,
    pub(super) options: ServerOptions,
    slots: Slots,
}

impl Server {
    /// A server on this program, without components.
    pub(crate) async fn new(app: App, options: ServerOptions) -> anyhow::Result<Arc<Self>> {
        let app = Arc::new(app);
        Ok(Arc::new(Self {
            registry: Registry::new(app.clone(), &options.baselines).await?,
            audit: Audit::on(app.storage.audit.clone(), app.tenant.clone()),
            slots: Slots::new(options.configuration.now().config.run.at_once()),
            live: LiveRuns::default(),
            options,
            app,
        }))
    }

    /// Loads a file; what is wrong with it, where it cannot be.
    pub(crate) async fn load(&self, candidate: &Candidate) -> Result<(), String> {
        let path = candidate.path();
        let bytes = load::read(candidate).map_err(|why| format!("{}: {why}", path.display()))?;
        let put = super::components::put_bytes(self, &name_of(candidate), bytes, Via::Start).await;
        put.map(|_| ()).map_err(|problem| problem.detail().to_owned())
    }

    /// Loads what was put here before, but for what these files have; what cannot be loaded.
    pub(crate) async fn restore(&self, but: &[Candidate]) -> Result<Vec<String>, StorageError> {
        let named: Vec<String> = but.iter().map(name_of).collect();
        super::components::restore(self, &named).await
    }

    /// Runs so many flows at once from now on; those that run go on.
    pub(crate) fn resize(&self, workers: usize) {
        self.slots.resize(workers);
    }

    /// The program.
    pub(crate) fn app(&self) -> Arc<App> {
        self.app.clone()
    }

    /// Keeps results that are made from now on for so long.
    pub(crate) fn keep_results(&self, retention: Retention) {
        self.app.storage.runs.set_retention(retention);
    }

    /// How many flows there are.
    pub(crate) fn flows(&self) -> usize {
        self.registry.now().flows().count()
    }

    /// Takes a run in; `None` where too many wait.
    pub(super) fn begin(
        self: &Arc<Self>,
        file: &str,
        flows: &Arc<Flows>,
        flow: &Flow,
        options: RunOptions,
        retries: Option<u32>,
        runner: Runner,
    ) -> anyhow::Result<Option<Arc<LiveRun>>> {
        if self.live.unended() >= MAX_QUEUED_RUNS {
            return Ok(None);
        }
        let now = self.options.configuration.now();
        let config = &now.config.run;
        let (place, cloud) = crate::cloud::wanted(&now.config, flow);
        let request = RunRequest {
            id: self.app.new_run_id()?,
            flow: flow.clone(),
            source: flows.source.clone(),
            options: RunOptions {
                base_url: options.base_url.or_else(|| config.base_url.clone()),
                timeout: options.timeout.or(config.timeout),
                place,
                cloud,
                tunnel: crate::cloud::tunnel(&now.config),
                ..options
            },
            replay: None,
            attempts: retries.unwrap_or(config.retries.0) + 1,
            metadata: crate::app::metadata(config),
        };
        let digest = flows.component.digest.clone();
        let origin = Origin::new(file.to_owned(), &flows.description, digest);
        let live = self.live.add(request.id.clone(), flow.name.clone());
        let (server, flows, run) = (self.clone(), flows.clone(), live.clone());
        let task = tokio::spawn(async move { server.run(&flows, &origin, &request, &runner, &run).await });
        let watched = live.clone();
        tokio::spawn(async move {
            if let Err(error) = task.await {
                tracing::error!(%error, run = %watched.id, "a run was lost");
                watched.lost();
            }
        });
        Ok(Some(live))
    }

    async fn run(
        &self,
        flows: &Flows,
        origin: &Origin,
        request: &RunRequest,
        runner: &Runner,
        live: &LiveRun,
    ) {
        // One that is cancelled while it waits ends now, and not when those before it have ended.
        let _slot = tokio::select! {
            slot = self.slots.one() => slot,
            () = live.cancel.asked() => None,
        };
        let needs = &flows.description.needs;
        let mut record = runner
            .run(
                &flows.component,
                origin.clone(),
                needs,
                request,
                &live.cancel,
                live,
            )
            .await;
        if !record.verdict.passed() {
            let subject = Subject {
                component: &flows.component,
                origin,
                needs,
                request,
            };
            locate::locate(
                runner,
                &subject,
                &self.app.cassettes(),
                &mut record,
                Steps::Failed,
            )
            .await;
        }
        self.app.keep(&mut record).await;
        live.ended(record);
    }

    /// Ends all runs, waits for them, and closes the browsers.
    pub(crate) async fn end(&self) {
        for run in self.live.going_on() {
            run.cancel.cancel();
        }
        for run in self.live.going_on() {
            run.over().await;
        }
        self.app.places.shut_down().await;
    }
}

/// The name under which a file is loaded.
fn name_of(candidate: &Candidate) -> String {
    let name = candidate.path().file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}
