//! The one place where a Wasmtime engine is made: which proposals are on, how instances are pooled, and the
//! ticker that makes a busy guest yield.
//!
//! What [`EngineOptions`] chooses does not change the code that is compiled, so that all engines share one cache.

use std::num::NonZeroUsize;
use std::sync::Arc;
use wasmtime::{Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig, WasmBacktraceDetails};

use crate::bindings;
use crate::cache::CompiledCache;
use crate::functions::CompiledFunctions;
use crate::link;
use crate::state::HostState;
use flowguard_core::limits;

/// Wasmtime, configured, with the linkers of both worlds.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    wasmtime: wasmtime::Engine,
    flow_linker: wasmtime::component::Linker<HostState>,
    assertion_linker: wasmtime::component::Linker<HostState>,
    cache: CompiledCache,
}

/// What an engine does besides running components.
#[derive(Clone, Copy, Debug, Default)]
pub struct EngineOptions {
    /// Functions that were compiled are kept in memory, so that a changed component compiles only what changed.
    pub remembers_functions: bool,
    /// A trap leaves a core dump.
    pub dumps_core: bool,
}

impl Engine {
    /// An engine that keeps compiled code in `cache`.
    ///
    /// # Errors
    /// What Wasmtime says of its configuration, or of a thread that cannot be started.
    pub fn new(cache: CompiledCache, options: EngineOptions) -> wasmtime::Result<Self> {
        let wasmtime = wasmtime::Engine::new(&config(options)?)?;
        start_ticker(&wasmtime)?;
        let flow_linker = link::flow(&wasmtime)?;
        let assertion_linker = link::assertion(&wasmtime)?;
        Ok(Self {
            inner: Arc::new(Inner {
                wasmtime,
                flow_linker,
                assertion_linker,
                cache,
            }),
        })
    }

    pub(crate) fn wasmtime(&self) -> &wasmtime::Engine {
        &self.inner.wasmtime
    }

    pub(crate) fn cache(&self) -> &CompiledCache {
        &self.inner.cache
    }

    pub(crate) fn prepare_flow(
        &self,
        component: &wasmtime::component::Component,
    ) -> wasmtime::Result<bindings::FlowPre<HostState>> {
        bindings::FlowPre::new(self.inner.flow_linker.instantiate_pre(component)?)
    }

    pub(crate) fn prepare_assertion(
        &self,
        component: &wasmtime::component::Component,
    ) -> wasmtime::Result<bindings::AssertionPre<HostState>> {
        bindings::AssertionPre::new(self.inner.assertion_linker.instantiate_pre(component)?)
    }
}

fn config(options: EngineOptions) -> wasmtime::Result<Config> {
    let mut config = Config::new();
    config.coredump_on_trap(options.dumps_core);
    if options.remembers_functions {
        config.enable_incremental_compilation(Arc::new(CompiledFunctions::default()))?;
    }
    config
        .epoch_interruption(true)
        .max_wasm_stack(limits::MAX_WASM_STACK_BYTES)
        .async_stack_size(limits::ASYNC_STACK_BYTES)
        .wasm_backtrace_details(WasmBacktraceDetails::Enable)
        .wasm_backtrace_max_frames(NonZeroUsize::new(64))
        .memory_init_cow(true)
        // Flows need none of these; each is code that hostile bytes could reach.
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_wide_arithmetic(false)
        .wasm_custom_page_sizes(false)
        .wasm_relaxed_simd(false)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool()));
    Ok(config)
}

fn pool() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    let instances = limits::MAX_INSTANCES;
    pool.total_component_instances(instances)
        .total_core_instances(instances * 4)
        .total_memories(instances * 2)
        .total_tables(instances * 4)
        .total_stacks(instances)
        .max_core_instances_per_component(limits::MAX_CORE_INSTANCES)
        .max_memories_per_component(limits::MAX_MEMORIES)
        .max_tables_per_component(limits::MAX_TABLES)
        .max_component_instance_size(4 << 20)
        .max_core_instance_size(4 << 20)
        .table_elements(limits::MAX_TABLE_ELEMENTS)
        .max_memory_size(limits::MAX_MEMORY_BYTES)
        // With the page map scanned, what a guest touched is reset without a fault for each page.
        .linear_memory_keep_resident(1 << 20)
        .table_keep_resident(1 << 20)
        .pagemap_scan(Enabled::Auto);
    pool
}

/// Raises the epoch every [`limits::EPOCH_TICK`] for as long as the engine lives.
fn start_ticker(engine: &wasmtime::Engine) -> wasmtime::Result<()> {
    let weak = engine.weak();
    let tick = move || {
        while let Some(engine) = weak.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(limits::EPOCH_TICK);
        }
    };
    std::thread::Builder::new().name("epoch".to_owned()).spawn(tick)?;
    Ok(())
}
