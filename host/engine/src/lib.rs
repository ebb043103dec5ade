//! Wasmtime: components to runs. The only crate that knows WIT.
//!
//! [`load`] makes bytes into a checked, compiled component; [`runner`] walks a run, one function a row;
//! `host/` converts between the contract and the core, and goes through the gate. No vendor is named here.

mod assertions;
mod bindings;
mod cache;
mod call;
mod config;
mod convert;
mod describe;
mod functions;
mod guest_world;
mod host;
mod limits;
mod link;
pub mod load;
pub mod runner;
mod stack;
mod state;

pub use cache::CompiledCache;
pub use config::{Engine, EngineOptions};
pub use describe::describe_assertion;
pub use load::{AssertionComponent, Component, FlowComponent, LoadError};
pub use runner::{
    CoreDumps, Kept, KeptRun, Located, Ports, RunWatcher, Runner, Sought, Started, Subject, Tapes,
};
