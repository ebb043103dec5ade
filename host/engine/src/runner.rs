//! A run, walked: one function a row. It takes ports, so that a test runs the whole path with fakes.

mod attempt;
mod browser;
mod held_tape;
mod identity;
mod keeping;
mod locating;

use std::sync::Arc;
use tokio::time::Instant;

use crate::assertions::Assertions;
use crate::config::Engine;
use crate::load::{AssertionComponent, FlowComponent};
use flowguard_core::artifact::Artifacts;
use flowguard_core::baseline::Baselines;
use flowguard_core::browser::Browsers;
use flowguard_core::cassette::CONTRACT_VERSION;
use flowguard_core::cassette::{Header, Tape};
use flowguard_core::clock::Clock;
use flowguard_core::failure::Failure;
use flowguard_core::flow::AssertionDescription;
use flowguard_core::grant::Policy;
use flowguard_core::ledger::Ledger;
use flowguard_core::progress::Cancel;
use flowguard_core::replay::Replay;
use flowguard_core::run::{
    Attempt, CloudSession, ExecutionMode, Origin, RunId, RunMetadata, RunRecord, RunRequest,
};
use flowguard_core::secrets::FlowSecrets;
use flowguard_core::storage::{Buckets, TenantId};
use flowguard_core::timeline::micros;
use flowguard_core::verdict::Verdict;
use flowguard_core::vision::Model;

pub use keeping::{Kept, KeptRun, Started};
pub use locating::{Located, Sought};

/// Opens the tape that an attempt is recorded on.
pub trait Tapes: Send + Sync {
    /// A new tape that begins with this header.
    ///
    /// # Errors
    /// What the operating system said.
    fn open(&self, header: &Header) -> std::io::Result<Box<dyn Tape>>;
}

/// Keeps core dumps of guests that trapped.
pub trait CoreDumps: Send + Sync {
    /// Keeps one; where a person finds it.
    ///
    /// # Errors
    /// What the operating system said.
    fn keep(&self, run: &RunId, attempt: u32, core: &[u8]) -> std::io::Result<String>;
}

/// What a run needs of the world outside.
#[derive(Clone)]
pub struct Ports {
    /// Browsers.
    pub browsers: Arc<dyn Browsers>,
    /// The guests' buckets.
    pub buckets: Buckets,
    /// A model that sees, where there is one.
    pub model: Option<Arc<dyn Model>>,
    /// The pictures that pages are expected to look like.
    pub baselines: Arc<dyn Baselines>,
    /// Screenshots and attachments.
    pub artifacts: Arc<dyn Artifacts>,
    /// Cassettes.
    pub tapes: Arc<dyn Tapes>,
    /// Where core dumps go, where they are asked for.
    pub core_dumps: Option<Arc<dyn CoreDumps>>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// What the host allows.
    pub policy: Policy,
    /// What flows may have typed without reading it.
    pub secrets: Arc<FlowSecrets>,
    /// Whose runs these are.
    pub tenant: TenantId,
}

/// Hears how a run goes on.
pub trait RunWatcher: Send + Sync {
    /// An attempt begins; what happens in it is in the ledger's timeline.
    fn attempt_began(&self, _number: u32, _ledger: &Arc<Ledger>) {}
}

impl RunWatcher for () {}

/// Runs flows.
#[derive(Clone)]
pub struct Runner {
    engine: Engine,
    ports: Ports,
    assertions: Arc<Assertions>,
}

impl Runner {
    /// A runner that offers these custom assertions.
    ///
    /// # Errors
    /// A custom assertion that does not describe itself: its digest, and why.
    pub async fn new(
        engine: Engine,
        ports: Ports,
        assertions: Vec<Arc<AssertionComponent>>,
    ) -> Result<Self, Failure> {
        let assertions = Assertions::new(engine.clone(), ports.clock.clone(), assertions).await?;
        Ok(Self {
            engine,
            ports,
            assertions: Arc::new(assertions),
        })
    }

    /// What custom assertions there are.
    pub fn assertions(&self) -> impl Iterator<Item = &AssertionDescription> {
        self.assertions.descriptions()
    }

    /// Runs a flow: attempts until one passes or none is left.
    pub async fn run(
        &self,
        component: &FlowComponent,
        origin: Origin,
        needs: &flowguard_core::flow::Needs,
        request: &RunRequest,
        cancel: &Cancel,
        watcher: &dyn RunWatcher,
    ) -> RunRecord {
        let subject = Subject {
            component,
            origin: &origin,
            needs,
            request,
        };
        let began = Began::now(&self.ports);
        let mut attempts = Vec::new();
        let verdict = loop {
            let number = u32::try_from(attempts.len() + 1).unwrap_or(u32::MAX);
            let attempt = self.attempt(&subject, number, None, cancel, watcher).await;
            let verdict = attempt.verdict.clone();
            attempts.push(attempt);
            if verdict.passed() || cancel.is_cancelled() || number >= allowed_attempts(request, &verdict) {
                break verdict;
            }
        };
        began.record(&subject, attempts, verdict)
    }

    /// Runs a flow against recordings of its attempts, in order; nothing outside is reached. How each of them
    /// fared against its recording is in its [`Replay`].
    pub async fn replay(
        &self,
        subject: &Subject<'_>,
        replays: &[Arc<Replay>],
        cancel: &Cancel,
        watcher: &dyn RunWatcher,
    ) -> RunRecord {
        let began = Began::now(&self.ports);
        let mut attempts = Vec::new();
        for replay in replays {
            let number = replay.recording().header.attempt;
            attempts.push(self.attempt(subject, number, Some(replay), cancel, watcher).await);
            if replay.divergence().is_some() || cancel.is_cancelled() {
                break;
            }
        }
        let verdict = attempts
            .last()
            .map_or(Verdict::Passed, |last| last.verdict.clone());
        began.record(subject, attempts, verdict)
    }
}

/// What a run is of.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The component.
    pub component: &'a FlowComponent,
    /// Where it came from.
    pub origin: &'a Origin,
    /// What it asks for.
    pub needs: &'a flowguard_core::flow::Needs,
    /// Which of its flows, and how.
    pub request: &'a RunRequest,
}

/// When a run began, by both clocks.
struct Began {
    started_ms: u64,
    began: Instant,
}

impl Began {
    fn now(ports: &Ports) -> Self {
        Self {
            started_ms: ports.clock.wall_ms(),
            began: Instant::now(),
        }
    }

    fn record(self, subject: &Subject<'_>, attempts: Vec<Attempt>, verdict: Verdict) -> RunRecord {
        let Subject { origin, request, .. } = *subject;
        RunRecord {
            schema: RunRecord::SCHEMA,
            id: request.id.clone(),
            flow: request.flow.clone(),
            origin: origin.clone(),
            base_url: request.base_url(),
            metadata: metadata(request, &attempts),
            started_ms: self.started_ms,
            took_us: micros(self.began.elapsed()),
            attempts,
            verdict,
        }
    }
}

/// What whoever asked knew, and what is known since.
fn metadata(request: &RunRequest, attempts: &[Attempt]) -> RunMetadata {
    let browser = attempts.last().and_then(|attempt| attempt.browser.as_ref());
    let cloud = browser.and_then(|browser| browser.cloud.as_ref());
    let mode = match browser {
        Some(browser) if browser.place == "local" => ExecutionMode::Local,
        Some(_) => ExecutionMode::Cloud,
        None => request.metadata.mode,
    };
    RunMetadata {
        mode,
        cloud: cloud.map(|cloud| CloudSession {
            session: cloud.session.clone(),
            recording: cloud.recording.clone(),
            region: cloud.region.clone(),
        }),
        contract: CONTRACT_VERSION.to_owned(),
        ..request.metadata.clone()
    }
}

/// A run that the platform failed is tried once more even where no retries were asked for.
fn allowed_attempts(request: &RunRequest, verdict: &Verdict) -> u32 {
    if verdict.retried_by_itself() {
        request.attempts.max(2)
    } else {
        request.attempts
    }
}
