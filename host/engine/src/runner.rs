//! A run, walked: one function a row. It takes ports, so that a test runs the whole path with fakes.

use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

use crate::assertions::Assertions;
use crate::bindings::flows;
use crate::call::{self, Stopped};
use crate::config::Engine;
use crate::guest_world::{self, GuestOutput};
use crate::limits::{CpuClock, set_clocks};
use crate::load::{AssertionComponent, FlowComponent};
use crate::state::{self, RunState};
use flowguard_core::Gate;
use flowguard_core::artifact::Artifacts;
use flowguard_core::baseline::Baselines;
use flowguard_core::browser::{BaselineScope, Browser, BrowserOptions, Browsers};
use flowguard_core::budget::{Allowance, Budget};
use flowguard_core::cassette::{CASSETTE_VERSION, CONTRACT_VERSION, End, EndLine, Header, NoTape, Tape};
use flowguard_core::clock::Clock;
use flowguard_core::failure::Failure;
use flowguard_core::flow::AssertionDescription;
use flowguard_core::gate::Ledger;
use flowguard_core::grant::Policy;
use flowguard_core::limits;
use flowguard_core::progress::{Cancel, Progress};
use flowguard_core::replay::Replay;
use flowguard_core::retries::Retries;
use flowguard_core::run::{Attempt, Origin, RunRecord, RunRequest};
use flowguard_core::storage::{Buckets, Storage, TenantId};
use flowguard_core::telemetry::Telemetry;
use flowguard_core::timeline::micros;
use flowguard_core::verdict::{Ending, Verdict, fold};
use flowguard_core::vision::{Model, Vision};

/// Opens the tape that an attempt is recorded on.
pub trait Tapes: Send + Sync {
    /// A new tape that begins with this header.
    ///
    /// # Errors
    /// What the operating system said.
    fn open(&self, header: &Header) -> std::io::Result<Box<dyn Tape>>;
}

/// What a run needs of the world outside.
#[derive(Clone)]
pub struct Ports {
    /// Browsers.
    pub browsers: Arc<dyn Browsers>,
    /// The guests' buckets.
    pub buckets: Arc<dyn Buckets>,
    /// A model that sees, where there is one.
    pub model: Option<Arc<dyn Model>>,
    /// The pictures that pages are expected to look like.
    pub baselines: Arc<dyn Baselines>,
    /// Screenshots and attachments.
    pub artifacts: Arc<dyn Artifacts>,
    /// Cassettes.
    pub tapes: Arc<dyn Tapes>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// What the host allows.
    pub policy: Policy,
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

    async fn attempt(
        &self,
        subject: &Subject<'_>,
        number: u32,
        replay: Option<&Arc<Replay>>,
        cancel: &Cancel,
        watcher: &dyn RunWatcher,
    ) -> Attempt {
        let began = Instant::now();
        let request = subject.request;
        let seed = seed_of(request, number);
        let timeout = request
            .options
            .timeout
            .unwrap_or_else(|| request.flow.timeout())
            .min(limits::MAX_RUN_TIMEOUT);
        let progress = Progress::new(timeout, cancel);
        let (tape, mut warnings) = match replay {
            None => self.open_tape(subject, number, seed, timeout),
            Some(_) => (Box::new(NoTape) as Box<dyn Tape>, Vec::new()),
        };
        let ledger = Ledger::new(
            Budget::new(Allowance::default()),
            progress,
            self.ports.artifacts.clone(),
            tape,
            self.ports.clock.clone(),
        );
        let ledger = Arc::new(match replay {
            None => ledger,
            Some(replay) => ledger.replaying(replay.clone()),
        });
        watcher.attempt_began(number, &ledger);
        let run = self.run_state(subject, &ledger);
        if let Some(har) = &request.replay {
            run.browser.answer_from(har);
        }
        let output = GuestOutput::new();
        let done = self
            .call_run(subject, number, seed, replay, &run, &output, timeout, cancel)
            .await;
        for fault in replay.iter().flat_map(|replay| &replay.recording().late_faults) {
            ledger.fail(fault.clone());
        }
        let verdict = fold(done.ending, &ledger.faults());
        let verdict = match replay {
            Some(replay) if !cancel.is_cancelled() => replay.conclude(verdict, done.left),
            _ => verdict,
        };
        // The run is over here; what follows is the report's time, not the flow's.
        let took_us = micros(began.elapsed());
        ledger.record(&EndLine {
            end: End {
                verdict: verdict.clone(),
                took_us,
                cut: done.cut,
            },
        });
        if !verdict.passed() {
            run.browser.picture_of_failure("at the end").await;
        }
        ledger.timeline.finish(ledger.now());
        let browser = run.browser.info();
        let network = run.browser.keep_har().await.unwrap_or_else(|failure| {
            warnings.push(format!("the network was not recorded: {failure}"));
            None
        });
        run.browser.release().await;
        warnings.extend(
            ledger
                .faults()
                .tape
                .map(|why| format!("the cassette is incomplete: {why}")),
        );
        Attempt {
            number,
            verdict,
            took_us,
            history: ledger.timeline.history(),
            browser,
            output: output.text(),
            calls: ledger.budget.calls(),
            guest_cpu_us: micros(done.cpu.used()),
            network,
            warnings,
        }
    }

    fn open_tape(
        &self,
        subject: &Subject<'_>,
        number: u32,
        seed: u64,
        timeout: Duration,
    ) -> (Box<dyn Tape>, Vec<String>) {
        let Subject { origin, request, .. } = subject;
        let header = Header {
            cassette: CASSETTE_VERSION,
            contract: CONTRACT_VERSION.to_owned(),
            run: request.id.to_string(),
            attempt: number,
            flow: request.flow.name.clone(),
            component: origin.digest.clone(),
            file: origin.file.clone(),
            source: request.source.clone(),
            base_url: request.base_url(),
            params: request.options.params.clone(),
            timeout_ms: u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX),
            assertions: self.assertions.digests(),
            seed,
        };
        match self.ports.tapes.open(&header) {
            Ok(tape) => (tape, Vec::new()),
            Err(error) => (
                Box::new(NoTape),
                vec![format!("the run was not recorded: {error}")],
            ),
        }
    }

    fn run_state(&self, subject: &Subject<'_>, ledger: &Arc<Ledger>) -> RunState {
        let Subject {
            origin,
            needs,
            request,
            ..
        } = subject;
        let options = &request.options;
        let grant = self.ports.policy.grant(needs, options.base_url.as_ref());
        let browser_options = BrowserOptions {
            base_url: options.base_url.clone(),
            action_timeout: options.action_timeout,
            expect_timeout: options.expect_timeout,
            test_id_attributes: options.test_id_attributes.clone(),
            baselines: BaselineScope {
                component: origin.component.clone(),
                flow: request.flow.name.clone(),
                update: options.update_baselines,
            },
            records_har: options.records_har,
        };
        let Ports {
            browsers,
            baselines,
            buckets,
            model,
            clock,
            tenant,
            ..
        } = &self.ports;
        RunState {
            gate: Gate::new(ledger.clone(), grant),
            browser: Arc::new(Browser::new(
                browsers.clone(),
                baselines.clone(),
                ledger.clone(),
                browser_options,
            )),
            vision: Arc::new(Vision::new(model.clone(), ledger.clone(), options.expect_timeout)),
            storage: Arc::new(Storage::new(
                buckets.clone(),
                tenant.clone(),
                origin.component.clone(),
                clock.clone(),
            )),
            telemetry: Arc::new(Telemetry::new(ledger.clone())),
            retries: Arc::new(Retries::new(ledger.clone())),
            assertions: self.assertions.clone(),
        }
    }

    /// Calls the component's `run` in a fresh store.
    #[expect(clippy::too_many_arguments, reason = "what one call of the guest needs")]
    async fn call_run(
        &self,
        subject: &Subject<'_>,
        number: u32,
        seed: u64,
        replay: Option<&Arc<Replay>>,
        run: &RunState,
        output: &GuestOutput,
        timeout: Duration,
        cancel: &Cancel,
    ) -> Done {
        let Subject {
            component, request, ..
        } = subject;
        let ledger = run.gate.ledger();
        let wasi = guest_world::wasi(output, &self.ports.clock, Some(ledger), seed);
        let mut store = state::store(&self.engine, wasi, Some(run.clone()));
        let cpu = set_clocks(&mut store, Instant::now() + ledger.progress.remaining());
        let context = flows::RunContext {
            run_id: request.id.to_string(),
            base_url: request.base_url(),
            attempt: number,
            params: request.options.params.clone(),
            source: request.source.as_ref().map(Into::into),
        };
        let work = async {
            let guest = component.pre.instantiate_async(&mut store).await?;
            guest
                .flowguard_plugin_flows()
                .call_run(&mut store, &request.flow.name, &context)
                .await
        };
        let (returned, left) = {
            let returns = call::call(&ledger.progress, output, work);
            match replay {
                None => (returns.await, false),
                Some(replay) => tokio::select! {
                    biased;
                    returned = returns => (returned, false),
                    () = replay.stopped() => (Err(Stopped::Cancelled), true),
                },
            }
        };
        drop(store);
        let was_stopped = matches!(returned, Err(Stopped::OutOfTime { .. } | Stopped::Cancelled));
        let ending = call::ending(returned, ledger, timeout, cancel);
        Done {
            cut: was_stopped || matches!(ending, Ending::OutOfTime { .. } | Ending::Cancelled),
            ending,
            left,
            cpu,
        }
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

/// What a call of `run` came to.
struct Done {
    ending: Ending,
    /// Its time or a cancellation cut it off.
    cut: bool,
    /// The recording that it was answered from stopped it.
    left: bool,
    cpu: CpuClock,
}

/// When a run began, by both clocks.
struct Began {
    started_ms: u64,
    began: Instant,
}

impl Began {
    fn now(ports: &Ports) -> Self {
        Self {
            started_ms: u64::try_from(ports.clock.wall().as_millis()).unwrap_or(u64::MAX),
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
            started_ms: self.started_ms,
            took_us: micros(self.began.elapsed()),
            attempts,
            verdict,
        }
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

/// Random numbers of a guest follow from its run, so that they are the same in a replay.
fn seed_of(request: &RunRequest, number: u32) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(request.id.as_str().as_bytes())
        .update(&number.to_le_bytes());
    let mut seed = [0; 8];
    hasher.finalize_xof().fill(&mut seed);
    u64::from_le_bytes(seed)
}
