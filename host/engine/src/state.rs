//! What belongs to one store: one component instance in one run, never shared, dropped afterwards.

use std::sync::Arc;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::assertions::Assertions;
use crate::config::Engine;
use crate::host::Failed;
use crate::limits::StoreLimits;
use flowguard_core::browser::Browser;
use flowguard_core::ledger::Ledger;
use flowguard_core::retries::Retries;
use flowguard_core::secrets::RunSecrets;
use flowguard_core::storage::Storage;
use flowguard_core::telemetry::Telemetry;
use flowguard_core::vision::Vision;
use flowguard_core::{Code, Failure, Gate, limits};

/// The data of a store.
pub(crate) struct HostState {
    pub(crate) table: ResourceTable,
    pub(crate) limits: StoreLimits,
    wasi: WasiCtx,
    run: Option<RunState>,
}

/// What a component may use in a run: the gate, and what lies behind it.
#[derive(Clone)]
pub(crate) struct RunState {
    pub(crate) gate: Gate,
    pub(crate) browser: Arc<Browser>,
    pub(crate) vision: Arc<Vision>,
    pub(crate) storage: Arc<Storage>,
    pub(crate) secrets: RunSecrets,
    pub(crate) telemetry: Arc<Telemetry>,
    pub(crate) retries: Arc<Retries>,
    pub(crate) assertions: Arc<Assertions>,
}

impl HostState {
    fn new(wasi: WasiCtx, run: Option<RunState>) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits::MAX_RESOURCES);
        Self {
            table,
            limits: StoreLimits::default(),
            wasi,
            run,
        }
    }

    /// What the attempt's components share; none where a component only describes itself.
    pub(crate) fn ledger(&self) -> Option<&Ledger> {
        self.run.as_ref().map(|run| &**run.gate.ledger())
    }

    /// The run; none where a component only describes itself.
    pub(crate) fn run(&self) -> Result<&RunState, Failed> {
        self.run
            .as_ref()
            .ok_or_else(|| Failed::Failure(Failure::new(Code::Denied, "`describe` may not call the host")))
    }
}

impl WasiView for HostState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

/// A fresh store with all its limits.
pub(crate) fn store(engine: &Engine, wasi: WasiCtx, run: Option<RunState>) -> wasmtime::Store<HostState> {
    let mut store = wasmtime::Store::new(engine.wasmtime(), HostState::new(wasi, run));
    store.limiter(|state| &mut state.limits);
    store.set_hostcall_fuel(limits::HOSTCALL_FUEL_BYTES);
    store.set_max_component_handles(limits::MAX_HANDLES);
    store
}
