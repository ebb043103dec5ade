//! One attempt: tape, ledger, gate and store are made, the component's `run` is called, and what came of it is
//! folded into a verdict.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

use super::browser::browser_options;
use super::held_tape::HeldTape;
use super::identity::Identity;
use super::{Ports, RunWatcher, Runner, Subject};
use crate::bindings::flows;
use crate::call::{self, Stopped};
use crate::guest_world::{self, GuestOutput};
use crate::limits::{CpuClock, set_clocks};
use crate::stack;
use crate::state::{self, HostState, RunState};
use flowguard_core::Gate;
use flowguard_core::artifact::Attachment;
use flowguard_core::browser::{Browser, BrowserInfo};
use flowguard_core::budget::{Allowance, Budget};
use flowguard_core::cassette::{
    CASSETTE_VERSION, CONTRACT_VERSION, End, EndLine, Header, NoTape, Tape, Told,
};
use flowguard_core::ledger::Ledger;
use flowguard_core::limits;
use flowguard_core::progress::{Cancel, Progress};
use flowguard_core::replay::Replay;
use flowguard_core::resume::Looks;
use flowguard_core::retries::Retries;
use flowguard_core::run::Attempt;
use flowguard_core::secrets::{Caller, Scrubber};
use flowguard_core::stand_ins::StandIns;
use flowguard_core::storage::Storage;
use flowguard_core::telemetry::Telemetry;
use flowguard_core::timeline::{History, micros};
use flowguard_core::verdict::{Ending, Verdict, fold};
use flowguard_core::vision::Vision;
use flowguard_core::{Blame, Code, Failure};

impl Runner {
    pub(super) async fn attempt(
        &self,
        subject: &Subject<'_>,
        number: u32,
        replay: Option<&Arc<Replay>>,
        cancel: &Cancel,
        watcher: &dyn RunWatcher,
    ) -> Attempt {
        let course = replay.map_or(Course::Live, Course::Replayed);
        let done = self
            .perform(subject, number, course, false, cancel, watcher)
            .await;
        done.browser.release().await;
        done.attempt
    }

    /// Makes an attempt; its browser is still open. `follows`: whether a later run may go on with its pages.
    pub(super) async fn perform(
        &self,
        subject: &Subject<'_>,
        number: u32,
        course: Course<'_>,
        follows: bool,
        cancel: &Cancel,
        watcher: &dyn RunWatcher,
    ) -> Performed {
        let request = subject.request;
        if let Course::Live = course {
            self.ports.secrets.prepare(&caller(subject)).await;
        }
        let began = Instant::now();
        let replay = course.replay().cloned();
        let replay = replay.as_ref();
        let identity = Identity::of(request, number, replay);
        let timeout = request
            .options
            .timeout
            .unwrap_or_else(|| request.flow.timeout())
            .min(limits::MAX_RUN_TIMEOUT);
        let (ledger, mut warnings) = self.ledger(subject, number, &course, &identity, timeout, cancel);
        watcher.attempt_began(number, &ledger);
        let follows_calls = course.looked_at().is_some();
        if let Some(looked_at) = course.looked_at() {
            ledger.here.search(looked_at.clone());
        }
        let run = self.run_state(subject, &ledger, course.into_browser());
        if follows {
            let looks: Arc<dyn Looks> = run.browser.clone();
            ledger.touches.follow(Arc::downgrade(&looks));
        }
        if let Some(har) = &request.replay {
            run.browser.answer_from(har);
        }
        let output = GuestOutput::new();
        let done = self
            .call_run(
                subject,
                &identity,
                replay,
                follows_calls,
                &run,
                &output,
                timeout,
                cancel,
            )
            .await;
        let verdict = verdict(&done, &ledger, replay, cancel);
        // The run is over here; what follows is the report's time, not the flow's.
        let took_us = micros(began.elapsed());
        ledger.record(&EndLine {
            end: End {
                verdict: ledger.stand_ins.without_known(&verdict),
                took_us,
                cut: done.cut,
            },
        });
        let (browser, network) = self.keep_evidence(&run, &verdict, &mut warnings).await;
        if let (Some(core), Some(dumps)) = (&done.core, &self.ports.core_dumps) {
            let kept = dumps.keep(&request.id, number, core);
            warnings.push(match kept {
                Ok(file) => format!("a core dump of the trap is in {file}"),
                Err(error) => format!("the core dump was not written: {error}"),
            });
        }
        let attempt = Attempt {
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
        };
        Performed {
            attempt: kept_out(self.ports.secrets.known(), attempt),
            began,
            browser: run.browser,
            ledger,
        }
    }

    /// The ledger of an attempt, with its tape; why that records nothing, where it should.
    fn ledger(
        &self,
        subject: &Subject<'_>,
        number: u32,
        course: &Course<'_>,
        identity: &Identity,
        timeout: Duration,
        cancel: &Cancel,
    ) -> (Arc<Ledger>, Vec<String>) {
        let replay = course.replay();
        let progress = Progress::new(timeout, cancel);
        let stand_ins = replay.map_or_else(Arc::default, |replay| replay.stand_ins().clone());
        let header = self.header(subject, number, identity, timeout, &stand_ins);
        let (tape, warnings) = self.tape(course, header);
        let ledger = Ledger::new(
            Budget::new(Allowance::default()),
            progress,
            self.ports.artifacts.clone(),
            tape,
            self.ports.clock.clone(),
        );
        let ledger = ledger.keeping_out(self.ports.secrets.known().clone());
        let ledger = match replay {
            None => ledger.hiding(stand_ins),
            Some(replay) => ledger.replaying(replay.clone()),
        };
        (Arc::new(ledger), warnings)
    }

    /// Keeps what shows how a run went, and what may be missing of it.
    async fn keep_evidence(
        &self,
        run: &RunState,
        verdict: &Verdict,
        warnings: &mut Vec<String>,
    ) -> (Option<BrowserInfo>, Option<Attachment>) {
        let ledger = run.gate.ledger();
        if !verdict.passed() {
            run.browser.picture_of_failure("at the end").await;
        }
        ledger.timeline.finish(ledger.now());
        run.browser.keep_screencast().await;
        let browser = run.browser.info();
        if let Some(why) = browser.as_ref().and_then(|browser| browser.not_in_cloud.as_ref()) {
            warnings.push(format!(
                "it ran in a browser of this machine, and not in the cloud: {why}"
            ));
        }
        let network = run.browser.keep_har().await.unwrap_or_else(|failure| {
            warnings.push(format!("the network was not recorded: {failure}"));
            None
        });
        warnings.extend(
            ledger
                .faults()
                .tape
                .map(|why| format!("the cassette is incomplete: {why}")),
        );
        (browser, network)
    }

    fn header(
        &self,
        subject: &Subject<'_>,
        number: u32,
        identity: &Identity,
        timeout: Duration,
        stand_ins: &StandIns,
    ) -> Header {
        let Subject { origin, request, .. } = subject;
        let is_own = identity.run == request.id.as_str() && identity.attempt == number;
        Header {
            cassette: CASSETTE_VERSION,
            contract: CONTRACT_VERSION.to_owned(),
            run: request.id.to_string(),
            attempt: number,
            flow: request.flow.name.clone(),
            component: origin.digest.clone(),
            file: origin.file.clone(),
            source: request.source.clone(),
            base_url: stand_ins.address(request.options.base_url.as_ref()),
            params: stand_ins.parameters(&request.options.params),
            timeout_ms: u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX),
            assertions: self.assertions.digests(),
            seed: identity.seed,
            told: (!is_own).then(|| Told {
                run: identity.run.clone(),
                attempt: identity.attempt,
            }),
        }
    }

    fn tape(&self, course: &Course<'_>, header: Header) -> (Box<dyn Tape>, Vec<String>) {
        match course {
            Course::Live => match self.ports.tapes.open(&header) {
                Ok(tape) => (tape, Vec::new()),
                Err(error) => (
                    Box::new(NoTape),
                    vec![format!("the run was not recorded: {error}")],
                ),
            },
            Course::Replayed(_) | Course::Located(..) => (Box::new(NoTape), Vec::new()),
            Course::GoesOn(replay, _) => {
                let tape = HeldTape::new(self.ports.tapes.clone(), header, (*replay).clone());
                (Box::new(tape), Vec::new())
            }
        }
    }

    /// What the run may use; `left` is the browser that an earlier run has left to it.
    fn run_state(&self, subject: &Subject<'_>, ledger: &Arc<Ledger>, left: Option<Browser>) -> RunState {
        let Subject {
            origin,
            needs,
            request,
            ..
        } = subject;
        let options = &request.options;
        let mut grant = self.ports.policy.grant(needs, options.base_url.as_ref());
        // A recording was made with the grant of its time, and a replay types nothing.
        grant.secrets = match ledger.is_replaying() {
            true => vec!["*".to_owned()],
            false => self.ports.secrets.given_to(&caller(subject)),
        };
        let browser_options = browser_options(subject, &self.ports);
        let Ports {
            browsers,
            baselines,
            buckets,
            model,
            clock,
            tenant,
            secrets,
            ..
        } = &self.ports;
        RunState {
            gate: Gate::new(ledger.clone(), grant),
            browser: Arc::new(match left {
                Some(browser) => browser.left_to(ledger.clone()),
                None => Browser::new(
                    browsers.clone(),
                    baselines.clone(),
                    ledger.clone(),
                    browser_options,
                ),
            }),
            vision: Arc::new(Vision::new(model.clone(), ledger.clone(), options.expect_timeout)),
            storage: Arc::new(
                Storage::new(
                    buckets.clone(),
                    tenant.clone(),
                    origin.component.clone(),
                    clock.clone(),
                )
                .keeping_out(secrets.known().clone()),
            ),
            secrets: secrets.of_run(caller(subject)),
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
        identity: &Identity,
        replay: Option<&Arc<Replay>>,
        follows_calls: bool,
        run: &RunState,
        output: &GuestOutput,
        timeout: Duration,
        cancel: &Cancel,
    ) -> Done {
        let Subject {
            component, request, ..
        } = subject;
        let ledger = run.gate.ledger();
        let wasi = guest_world::wasi(output, &self.ports.clock, Some(ledger), identity.seed);
        let mut store = state::store(&self.engine, wasi, Some(run.clone()));
        if follows_calls {
            stack::follow(&mut store);
        }
        let cpu = set_clocks(&mut store, &ledger.progress);
        let context = flows::RunContext {
            run_id: identity.run.clone(),
            base_url: request.base_url(),
            attempt: identity.attempt,
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
        let core = core_dump(&returned, &mut store, subject);
        drop(store);
        let was_stopped = matches!(returned, Err(Stopped::OutOfTime { .. } | Stopped::Cancelled));
        let ending = call::ending(returned, ledger, timeout, cancel);
        Done {
            cut: was_stopped || matches!(ending, Ending::OutOfTime { .. } | Ending::Cancelled),
            ending,
            left,
            cpu,
            core,
        }
    }
}

/// What came of a run.
fn verdict(done: &Done, ledger: &Ledger, replay: Option<&Arc<Replay>>, cancel: &Cancel) -> Verdict {
    for fault in replay.iter().flat_map(|replay| &replay.recording().late_faults) {
        ledger.fail(fault.clone());
    }
    let verdict = fold(done.ending.clone(), &ledger.faults());
    match replay {
        Some(replay) if !cancel.is_cancelled() => replay.conclude(verdict, done.left),
        _ => verdict,
    }
}

/// Who asks for secrets.
pub(super) fn caller(subject: &Subject<'_>) -> Caller {
    Caller {
        component: subject.origin.component.clone(),
        digest: subject.origin.digest.clone(),
    }
}

/// An attempt without what is known to be secret. Where that leaves no attempt, nothing of it is kept but this.
fn kept_out(known: &Scrubber, attempt: Attempt) -> Attempt {
    let Attempt {
        number,
        took_us,
        calls,
        guest_cpu_us,
        ..
    } = attempt;
    known.record(attempt).unwrap_or_else(|| {
        let message = "the attempt's record holds a secret of the host where it cannot be taken out";
        Attempt {
            number,
            verdict: Verdict::Errored {
                blame: Blame::Platform,
                failure: Failure::new(Code::Internal, message),
                backtrace: Vec::new(),
            },
            took_us,
            history: History::default(),
            browser: None,
            output: String::new(),
            calls,
            guest_cpu_us,
            network: None,
            warnings: Vec::new(),
        }
    })
}

/// What the guest's memory held when it trapped, where that was asked for.
fn core_dump<T>(
    returned: &Result<T, Stopped>,
    store: &mut wasmtime::Store<HostState>,
    subject: &Subject<'_>,
) -> Option<Vec<u8>> {
    match returned {
        Err(Stopped::Trapped { core: Some(core), .. }) => Some(core.serialize(store, &subject.origin.file)),
        _ => None,
    }
}

/// Where an attempt's answers come from.
pub(super) enum Course<'a> {
    /// From the world.
    Live,
    /// From a recording.
    Replayed(&'a Arc<Replay>),
    /// From a recording, with a look at the guest's stack at these of its leaves.
    Located(&'a Arc<Replay>, BTreeSet<u64>),
    /// From a recording, and then from the pages that this browser has open.
    GoesOn(&'a Arc<Replay>, Box<Browser>),
}

impl Course<'_> {
    const fn replay(&self) -> Option<&Arc<Replay>> {
        match self {
            Self::Live => None,
            Self::Replayed(replay) | Self::Located(replay, _) | Self::GoesOn(replay, _) => Some(replay),
        }
    }

    /// The leaves at which the stack is looked at.
    const fn looked_at(&self) -> Option<&BTreeSet<u64>> {
        match self {
            Self::Located(_, looked_at) => Some(looked_at),
            Self::Live | Self::Replayed(_) | Self::GoesOn(..) => None,
        }
    }

    fn into_browser(self) -> Option<Browser> {
        match self {
            Self::GoesOn(_, browser) => Some(*browser),
            Self::Live | Self::Replayed(_) | Self::Located(..) => None,
        }
    }
}

/// An attempt that was made; its browser is still open.
pub(super) struct Performed {
    pub(super) attempt: Attempt,
    pub(super) began: Instant,
    pub(super) browser: Arc<Browser>,
    pub(super) ledger: Arc<Ledger>,
}

/// What a call of `run` came to.
struct Done {
    ending: Ending,
    /// Its time or a cancellation cut it off.
    cut: bool,
    /// The recording that it was answered from stopped it.
    left: bool,
    cpu: CpuClock,
    /// A core dump of its trap.
    core: Option<Vec<u8>>,
}
