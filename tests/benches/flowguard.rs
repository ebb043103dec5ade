//! What FlowGuard costs, in one table: loading, instantiating, one call through the gate, a ten-step flow,
//! memory for one more run; then what the flow costs beside Playwright. Medians; no figure is a test. With the
//! argument `beside`, only the second; with `endurance`, only a thousand runs in a row; with `steps`, only where
//! the time of the flow goes; with `har`, only what recording the network costs; with `tape`, what recording the host
//! calls costs; with `replay`, how fast recordings are replayed; with `dev`, how long a save takes to the open page; with
//! `stores`, and only then, what the stores do in a second and how long a look-up takes among a million; with `cloud`, and
//! only then, what a pool of sessions saves.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    reason = "a program for people at a terminal"
)]

mod beside;
mod cloud;
mod dev;
mod endurance;
mod form;
mod har;
mod idle;
mod replay;
mod steps;
mod stores;
mod tape;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use flowguard_backends::browser::{LocalBrowsers, LocalOptions};
use flowguard_backends::storage::{ArtifactStore, CassetteFile};
use flowguard_core::Gate;
use flowguard_core::budget::{Allowance, Budget};
use flowguard_core::cassette::{Header, NoTape, Tape};
use flowguard_core::clock::{Clock, SystemClock};
use flowguard_core::fakes::{FakeArtifacts, FakeBaselines};
use flowguard_core::flow::Needs;
use flowguard_core::grant::Policy;
use flowguard_core::ledger::Ledger;
use flowguard_core::progress::{Cancel, Progress};
use flowguard_core::run::{Origin, RunId, RunOptions, RunRequest};
use flowguard_core::secrets::{Scrubber, Secret};
use flowguard_core::storage::TenantId;
use flowguard_core::telemetry::{Level, Log};
use flowguard_engine::{
    CompiledCache, Component, Engine, EngineOptions, FlowComponent, Ports, Runner, Tapes,
};
use flowguard_tests::root;
use tracing_subscriber::layer::SubscriberExt;

const GUEST: &str = "guests/dist/ten-steps.wasm";
/// The same with the form in one batch.
const BATCHED: &str = "guests/dist/ten-steps-batched.wasm";
const IDLE_RUNS: usize = 64;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(measure_all());
}

async fn measure_all() {
    let guest = |file| std::fs::read(root().join("tests").join(file)).unwrap();
    let bytes = guest(GUEST);
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::new(
        CompiledCache::open(folder.path()).unwrap(),
        EngineOptions::default(),
    )
    .unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let wants = |what: &str| std::env::args().any(|argument| argument == what);
    let is_all = ![
        "beside",
        "cloud",
        "dev",
        "endurance",
        "har",
        "replay",
        "steps",
        "stores",
        "tape",
    ]
    .into_iter()
    .any(wants);
    if is_all {
        own_costs(&engine, &clock, &bytes, folder.path()).await;
    }
    let Component::Flow(component) = engine.load(bytes).await.unwrap() else {
        return;
    };
    let Component::Flow(batched) = engine.load(guest(BATCHED)).await.unwrap() else {
        return;
    };
    let bench = Bench {
        engine,
        component,
        batched,
        clock,
    };
    let address = form::serve(0).await;
    if is_all || wants("steps") {
        steps::measure(&bench, &address).await;
    }
    if wants("cloud") {
        cloud::measure().await;
    }
    if wants("stores") {
        stores::measure(&bench, &address).await;
    }
    if is_all || wants("har") {
        har::measure(&bench).await;
    }
    if is_all || wants("tape") {
        tape::measure(&bench, &address).await;
    }
    if is_all || wants("replay") {
        replay::measure().await;
    }
    if is_all || wants("dev") {
        dev::measure().await;
    }
    if is_all || wants("beside") {
        beside::measure(&bench, &address).await;
    }
    if is_all || wants("endurance") {
        endurance::measure(&bench, &address).await;
    }
}

/// What FlowGuard costs by itself.
async fn own_costs(engine: &Engine, clock: &Arc<dyn Clock>, bytes: &[u8], folder: &Path) {
    println!("{:<64}{:>14}{:>10}", "what", "median", "samples");

    let cold = sample(5, async || {
        let engine = Engine::new(CompiledCache::none(), EngineOptions::default()).unwrap();
        timed(async { black_box(engine.load(bytes.to_vec()).await.unwrap()) }).await
    });
    row("compile a Rust flow (0.5 MB with line tables)", cold.await);
    engine.load(bytes.to_vec()).await.unwrap();
    let warm = sample(200, async || {
        timed(async { black_box(engine.load(bytes.to_vec()).await.unwrap()) }).await
    });
    row(
        "load it from the cache (read, keyed hash, deserialise, link)",
        warm.await,
    );

    let Component::Flow(component) = engine.load(bytes.to_vec()).await.unwrap() else {
        return;
    };
    let fresh = sample(5_000, async || {
        timed(async { engine.instantiate(&component, clock).await.unwrap() }).await
    });
    row("a fresh store and instance, dropped again", fresh.await);

    let nothing = || Arc::<Scrubber>::default();
    row_each(
        "one call through the gate, nothing recorded",
        gate_call(clock, Box::new(NoTape), nothing()).await,
    );
    let known = nothing();
    let secrets: Vec<Secret> = (0..10)
        .map(|n| Secret::new(format!("a password, number {n}")))
        .collect();
    known.learn(&secrets);
    row_each(
        "the same where 10 secrets are looked for in it",
        gate_call(clock, Box::new(NoTape), known).await,
    );
    let tape = CassetteFile::create(folder.join("bench.cassette"), &header()).unwrap();
    row_each(
        "the same with span and cassette",
        gate_call(clock, Box::new(tape), nothing()).await,
    );
    with_a_subscriber(clock, folder).await;

    ten_steps(engine, &component, clock).await;
    idle_memory(engine, &component, clock).await;
}

/// What every flow is run with.
struct Bench {
    engine: Engine,
    component: Arc<FlowComponent>,
    batched: Arc<FlowComponent>,
    clock: Arc<dyn Clock>,
}

/// The spans and log events go through a formatting layer, as the daemon's do with `--log info`.
async fn with_a_subscriber(clock: &Arc<dyn Clock>, folder: &Path) {
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(std::io::sink);
    let spans = layer.with_span_events(tracing_subscriber::fmt::format::FmtSpan::CLOSE);
    let subscriber = tracing_subscriber::registry().with(spans);
    let guard = tracing::subscriber::set_default(subscriber);
    let tape = CassetteFile::create(folder.join("bench-traced.cassette"), &header()).unwrap();
    row_each(
        "the same with every span written out as a line of the log",
        gate_call(clock, Box::new(tape), Arc::default()).await,
    );
    drop(guard);
}

/// A call whose work is nothing, so that what is measured is the gate. Microseconds each, over batches.
async fn gate_call(clock: &Arc<dyn Clock>, tape: Box<dyn Tape>, known: Arc<Scrubber>) -> Vec<Duration> {
    const BATCH: u32 = 100;
    let progress = Progress::new(Duration::from_secs(600), &Cancel::new());
    let allowance = Allowance {
        calls: u32::MAX,
        log_lines: u32::MAX,
        ..Allowance::default()
    };
    let ledger = Ledger::new(
        Budget::new(allowance),
        progress,
        Arc::new(FakeArtifacts::default()),
        tape,
        clock.clone(),
    );
    let ledger = ledger.keeping_out(known);
    let gate = Gate::new(
        Arc::new(ledger),
        Policy::permissive().grant(&Needs::default(), None),
    );
    let call = Log {
        level: Level::Info,
        message: "twelve chars".to_owned(),
        attributes: Vec::new(),
    };
    let mut samples = Vec::new();
    // A timeline is full at 10,000 steps; beyond that a call would cost less.
    for _ in 0..90 {
        let began = Instant::now();
        for _ in 0..BATCH {
            gate.call(&call, async { Ok(()) }).await.unwrap();
        }
        samples.push(began.elapsed() / BATCH);
    }
    samples
}

async fn ten_steps(engine: &Engine, component: &Arc<FlowComponent>, clock: &Arc<dyn Clock>) {
    let address = form::serve(0).await;
    let browsers = Arc::new(LocalBrowsers::new(LocalOptions {
        search_path: std::env::var_os("PATH").unwrap_or_default(),
        ..LocalOptions::default()
    }));
    browsers.warm_up().await.unwrap();
    let runner = runner(engine, browsers.clone(), clock).await;
    let runs = sample(40, async || {
        let request = request(&address);
        let record = runner
            .run(
                component,
                origin(component),
                &Needs::default(),
                &request,
                &Cancel::new(),
                &(),
            )
            .await;
        assert!(record.verdict.passed(), "{:?}", record.verdict);
        Duration::from_micros(record.took_us)
    });
    row("a ten-step flow on a warm local browser, whole run", runs.await);
    browsers.shut_down().await;
}

/// Runs that all wait for a browser: what the host keeps for each.
async fn idle_memory(engine: &Engine, component: &Arc<FlowComponent>, clock: &Arc<dyn Clock>) {
    let browsers = Arc::new(idle::NoBrowserYet::default());
    let runner = runner(engine, browsers.clone(), clock).await;
    let cancel = Cancel::new();
    let start = |runner: Runner, cancel: Cancel, component: Arc<FlowComponent>| {
        tokio::spawn(async move {
            let request = request("http://127.0.0.1:1");
            runner
                .run(
                    &component,
                    origin(&component),
                    &Needs::default(),
                    &request,
                    &cancel,
                    &(),
                )
                .await;
        })
    };
    let mut running = vec![start(runner.clone(), cancel.clone(), component.clone())];
    browsers.wait_for(1).await;
    let before = resident();
    for _ in 0..IDLE_RUNS {
        running.push(start(runner.clone(), cancel.clone(), component.clone()));
    }
    browsers.wait_for(IDLE_RUNS + 1).await;
    let each = resident().saturating_sub(before) / IDLE_RUNS as u64;
    println!(
        "{:<64}{:>11} KiB{:>10}",
        "memory of one more run, guest and host together",
        each >> 10,
        IDLE_RUNS
    );
    cancel.cancel();
    for run in running {
        run.await.unwrap();
    }
}

async fn runner(
    engine: &Engine,
    browsers: Arc<dyn flowguard_core::browser::Browsers>,
    clock: &Arc<dyn Clock>,
) -> Runner {
    Runner::new(engine.clone(), ports(browsers, clock), Vec::new())
        .await
        .unwrap()
}

fn ports(browsers: Arc<dyn flowguard_core::browser::Browsers>, clock: &Arc<dyn Clock>) -> Ports {
    Ports {
        browsers,
        baselines: Arc::new(FakeBaselines::default()),
        buckets: flowguard_core::fakes::buckets(),
        model: None,
        artifacts: Arc::new(ArtifactStore::folder(
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("artifacts"),
        )),
        core_dumps: None,
        tapes: Arc::new(Unrecorded),
        clock: clock.clone(),
        policy: Policy::permissive(),
        secrets: Arc::default(),
        tenant: TenantId::local(),
    }
}

/// The same with a cassette of each attempt.
async fn recorded(
    engine: &Engine,
    browsers: Arc<dyn flowguard_core::browser::Browsers>,
    clock: &Arc<dyn Clock>,
) -> Runner {
    let folder = tempfile::tempdir().unwrap().keep();
    let ports = Ports {
        tapes: Arc::new(Recorded(folder, AtomicU32::new(0))),
        ..ports(browsers, clock)
    };
    Runner::new(engine.clone(), ports, Vec::new()).await.unwrap()
}

/// A cassette for each attempt, by its number.
struct Recorded(PathBuf, AtomicU32);

impl Tapes for Recorded {
    fn open(&self, header: &Header) -> std::io::Result<Box<dyn Tape>> {
        let number = self.1.fetch_add(1, Ordering::Relaxed);
        let file = self.0.join(format!("{number}.cassette"));
        Ok(Box::new(CassetteFile::create(file, header)?))
    }
}

struct Unrecorded;

impl Tapes for Unrecorded {
    fn open(&self, _header: &Header) -> std::io::Result<Box<dyn Tape>> {
        Ok(Box::new(NoTape))
    }
}

fn request(address: &str) -> RunRequest {
    let flow = flowguard_core::flow::Flow {
        name: "ten_steps".to_owned(),
        intent: String::new(),
        url: "/".to_owned(),
        critical: false,
        tags: Vec::new(),
        timeout_ms: None,
    };
    let options = RunOptions {
        base_url: Some(address.parse().unwrap()),
        ..RunOptions::default()
    };
    RunRequest {
        replay: None,
        id: RunId::parse("bench").unwrap(),
        flow,
        source: None,
        options,
        attempts: 1,
        metadata: flowguard_core::run::RunMetadata::default(),
    }
}

fn origin(component: &FlowComponent) -> Origin {
    Origin {
        file: GUEST.to_owned(),
        component: "ten-steps".to_owned(),
        version: "0.1.0".to_owned(),
        digest: component.digest.clone(),
    }
}

fn header() -> Header {
    Header {
        cassette: 1,
        contract: "0.1.0".to_owned(),
        run: "bench".to_owned(),
        attempt: 1,
        flow: "bench".to_owned(),
        component: flowguard_core::artifact::Digest::of(b"bench"),
        file: "bench.wasm".to_owned(),
        source: None,
        base_url: String::new(),
        params: Vec::new(),
        timeout_ms: 30_000,
        assertions: Vec::new(),
        seed: 0,
        told: None,
    }
}

async fn timed<T>(work: impl Future<Output = T>) -> Duration {
    let began = Instant::now();
    let made = work.await;
    let took = began.elapsed();
    drop(made);
    took
}

async fn sample(times: usize, mut once: impl AsyncFnMut() -> Duration) -> Vec<Duration> {
    let mut samples = Vec::with_capacity(times);
    for _ in 0..times {
        samples.push(once().await);
    }
    samples
}

fn row(what: &str, mut samples: Vec<Duration>) {
    samples.sort();
    let median = samples[samples.len() / 2];
    let shown = if median > Duration::from_millis(10) {
        format!("{:.1} ms", median.as_secs_f64() * 1e3)
    } else {
        format!("{:.2} µs", median.as_secs_f64() * 1e6)
    };
    println!("{what:<64}{shown:>14}{:>10}", samples.len());
}

fn row_each(what: &str, samples: Vec<Duration>) {
    row(what, samples);
}

/// Resident memory of this process, in bytes.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}
