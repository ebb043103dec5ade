//! What a guest knows of the world: the host's clocks and random numbers, and nothing else. No files, no
//! network, no environment, no arguments; what it prints is kept for the report.

use rand_core::TryRng;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtx};

use flowguard_core::cassette::ClockKind;
use flowguard_core::clock::Clock;
use flowguard_core::ledger::Ledger;
use flowguard_core::limits::MAX_GUEST_OUTPUT_BYTES;

/// What the guest printed.
#[derive(Clone)]
pub(crate) struct GuestOutput {
    stdout: MemoryOutputPipe,
    stderr: MemoryOutputPipe,
}

impl GuestOutput {
    pub(crate) fn new() -> Self {
        Self {
            stdout: MemoryOutputPipe::new(MAX_GUEST_OUTPUT_BYTES),
            stderr: MemoryOutputPipe::new(MAX_GUEST_OUTPUT_BYTES),
        }
    }

    /// Standard output, then standard error.
    pub(crate) fn text(&self) -> String {
        let mut text = String::from_utf8_lossy(&self.stdout.contents()).into_owned();
        text.push_str(&self.errors());
        text
    }

    /// Standard error.
    pub(crate) fn errors(&self) -> String {
        String::from_utf8_lossy(&self.stderr.contents()).into_owned()
    }
}

/// The WASI of one store. `ledger` records what the clocks said; a guest that only describes itself has none.
pub(crate) fn wasi(
    output: &GuestOutput,
    clock: &Arc<dyn Clock>,
    ledger: Option<&Arc<Ledger>>,
    seed: u64,
) -> WasiCtx {
    let observed = ObservedClock {
        clock: clock.clone(),
        ledger: ledger.cloned(),
    };
    let mut low = [0; 16];
    let Ok(()) = SeededRandom::new(seed, "seed").try_fill_bytes(&mut low);
    WasiCtx::builder()
        .stdout(output.stdout.clone())
        .stderr(output.stderr.clone())
        .wall_clock(observed.clone())
        .monotonic_clock(observed)
        .secure_random(SeededRandom::new(seed, "secure"))
        .insecure_random(SeededRandom::new(seed, "insecure"))
        .insecure_random_seed(u128::from_le_bytes(low))
        .max_random_size(64 << 10)
        .build()
}

/// The host's clock, each reading of which is recorded; a replay shows the guest the same times.
#[derive(Clone)]
struct ObservedClock {
    clock: Arc<dyn Clock>,
    ledger: Option<Arc<Ledger>>,
}

impl ObservedClock {
    fn observe(&self, kind: ClockKind, time: Duration) -> Duration {
        // Whole milliseconds: enough for a flow, too coarse for a timing attack.
        let coarse = Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        match &self.ledger {
            Some(ledger) => ledger.observe_clock(kind, coarse),
            None => coarse,
        }
    }
}

impl HostWallClock for ObservedClock {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        self.observe(ClockKind::Wall, self.clock.wall())
    }
}

impl HostMonotonicClock for ObservedClock {
    fn resolution(&self) -> u64 {
        1_000_000
    }

    fn now(&self) -> u64 {
        let time = self.observe(ClockKind::Monotonic, self.clock.monotonic());
        u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
    }
}

/// Random numbers that follow from a seed, the same in every version: the extendable output of BLAKE3.
struct SeededRandom(blake3::OutputReader);

impl SeededRandom {
    fn new(seed: u64, purpose: &str) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("flowguard guest random 1");
        hasher.update(&seed.to_le_bytes()).update(purpose.as_bytes());
        Self(hasher.finalize_xof())
    }
}

impl TryRng for SeededRandom {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(bytes);
        Ok(())
    }
}
