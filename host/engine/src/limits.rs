//! What one store may use: memory, tables, and time to compute.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use wasmtime::{ResourceLimiter, StoreContextMut, UpdateDeadline};

use crate::state::HostState;
use flowguard_core::ledger::Ledger;
use flowguard_core::limits;
use flowguard_core::progress::Progress;

/// A limit that a guest broke; ends the run and names itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Exceeded {
    #[error("it asked for more than {} MiB of memory", limits::MAX_MEMORY_BYTES >> 20)]
    Memory,
    #[error("it asked for tables of more than {} elements", limits::MAX_TABLE_ELEMENTS)]
    Table,
    #[error("it computed for more than {} s", limits::CPU_BUDGET.as_secs())]
    Cpu,
    #[error("its time was over while it computed")]
    Deadline,
}

/// What one store has taken of its memory and its tables, all of them together.
#[derive(Debug, Default)]
pub(crate) struct StoreLimits {
    memory_bytes: usize,
    table_elements: usize,
}

impl ResourceLimiter for StoreLimits {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        self.memory_bytes += desired.saturating_sub(current);
        // A typed error: refusing alone would end as an anonymous `unreachable` in the guest's allocator.
        if self.memory_bytes > limits::MAX_MEMORY_BYTES {
            Err(Exceeded::Memory.into())
        } else {
            Ok(true)
        }
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        self.table_elements += desired.saturating_sub(current);
        if self.table_elements > limits::MAX_TABLE_ELEMENTS {
            Err(Exceeded::Table.into())
        } else {
            Ok(true)
        }
    }

    fn instances(&self) -> usize {
        limits::MAX_CORE_INSTANCES as usize
    }

    fn memories(&self) -> usize {
        limits::MAX_MEMORIES as usize
    }

    fn tables(&self) -> usize {
        limits::MAX_TABLES as usize
    }
}

/// How long a guest has computed: at each tick that finds it computing, the time since it was last seen doing
/// so, or since its last host call was answered. Waiting in a host call is nobody's computing.
#[derive(Clone, Debug, Default)]
pub(crate) struct CpuClock(Arc<Mutex<Computing>>);

#[derive(Debug, Default)]
struct Computing {
    used: Duration,
    seen: Duration,
}

impl CpuClock {
    /// Time computed so far, to within one tick.
    pub(crate) fn used(&self) -> Duration {
        self.lock().used
    }

    /// The guest is found computing at `now`, its last host call having been answered at `answered`; the time
    /// computed so far.
    fn tick(&self, now: Duration, answered: Duration) -> Duration {
        let mut computing = self.lock();
        let since = computing.seen.max(answered);
        computing.used += now.saturating_sub(since);
        computing.seen = now;
        computing.used
    }

    fn lock(&self) -> MutexGuard<'_, Computing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sets the three clocks of a store: it yields at each tick, and is stopped when its time to compute or that of the whole
/// is over. What waits in a host call is ended by the gate.
pub(crate) fn set_clocks(store: &mut wasmtime::Store<HostState>, progress: &Progress) -> CpuClock {
    let cpu = CpuClock::default();
    let (counted, progress) = (cpu.clone(), progress.clone());
    let began = Instant::now();
    // The ledger counts from the attempt's start, this clock from the store's.
    let offset = store.data().ledger().map_or(Duration::ZERO, Ledger::now);
    store.epoch_deadline_callback(move |context: StoreContextMut<'_, HostState>| {
        if let Some(ledger) = context.data().ledger() {
            ledger.here.was_interrupted();
        }
        let answered = context.data().ledger().map_or(Duration::ZERO, Ledger::answered);
        let used = counted.tick(began.elapsed(), answered.saturating_sub(offset));
        if used > limits::CPU_BUDGET {
            Err(Exceeded::Cpu.into())
        } else if progress.remaining().is_zero() {
            Err(Exceeded::Deadline.into())
        } else {
            Ok(UpdateDeadline::Yield(1))
        }
    });
    store.set_epoch_deadline(1);
    cpu
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn waiting_in_host_calls_is_not_computing() {
        let cpu = CpuClock::default();
        for call in 1..=2_000 {
            // The answer comes after 100 ms, and a tick finds the guest just after it.
            cpu.tick(ms(call * 100) + Duration::from_micros(5), ms(call * 100));
        }
        assert_eq!(cpu.used(), ms(10));
    }

    #[test]
    fn a_guest_that_only_computes_is_counted_whole() {
        let cpu = CpuClock::default();
        for tick in 1..=100 {
            cpu.tick(ms(tick * 10), ms(0));
        }
        assert_eq!(cpu.used(), ms(1_000));
    }
}
