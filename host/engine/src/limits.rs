//! What one store may use: memory, tables, and time to compute.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::time::Instant;
use wasmtime::{ResourceLimiter, StoreContextMut, UpdateDeadline};

use crate::state::HostState;
use flowguard_core::limits;

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

/// Counts the ticks that a guest was found computing in.
#[derive(Clone, Debug, Default)]
pub(crate) struct CpuClock(Arc<AtomicU32>);

impl CpuClock {
    /// Time computed so far, to within one tick.
    pub(crate) fn used(&self) -> Duration {
        limits::EPOCH_TICK * self.0.load(Ordering::Relaxed)
    }

    fn tick(&self) -> Duration {
        self.0.fetch_add(1, Ordering::Relaxed);
        self.used()
    }
}

/// Sets the three clocks of a store: it yields at each tick, and is stopped when its time to compute or its
/// deadline is over. What waits in a host call is ended by the gate.
pub(crate) fn set_clocks(store: &mut wasmtime::Store<HostState>, deadline: Instant) -> CpuClock {
    let cpu = CpuClock::default();
    let counted = cpu.clone();
    store.epoch_deadline_callback(move |_: StoreContextMut<'_, HostState>| {
        if counted.tick() > limits::CPU_BUDGET {
            Err(Exceeded::Cpu.into())
        } else if Instant::now() >= deadline {
            Err(Exceeded::Deadline.into())
        } else {
            Ok(UpdateDeadline::Yield(1))
        }
    });
    store.set_epoch_deadline(1);
    cpu
}
