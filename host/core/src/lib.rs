//! Words, ports and the gate of FlowGuard.
//!
//! Everything here is pure: no I/O, no Wasmtime, no vendor. What the outside world must do is a trait, and
//! time, storage and browsers come in through those traits, so that a test can hold them.
//!
//! Read [`gate`] first: every host call of every capability passes it.

pub mod artifact;
pub mod assertions;
pub mod baseline;
pub mod browser;
pub mod budget;
pub mod cassette;
pub mod clock;
pub mod content;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
pub mod failure;
#[cfg(any(test, feature = "fakes"))]
pub mod fakes;
pub mod flow;
pub mod gate;
#[cfg(test)]
mod gate_tests;
pub mod grant;
pub mod here;
mod label;
pub mod ledger;
pub mod limits;
pub mod progress;
pub mod replay;
#[cfg(test)]
mod replay_tests;
pub mod resume;
pub mod retries;
#[cfg(test)]
mod retries_tests;
pub mod run;
pub mod secrets;
pub mod stand_ins;
pub mod storage;
pub mod telemetry;
pub mod timeline;
pub mod verdict;
pub mod vision;

pub use failure::{Blame, Code, Failure};
pub use gate::Gate;
