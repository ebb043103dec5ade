//! Clients of clouds, against servers of the test that answer as they are told.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "these are tests, their setting up too"
)]

mod browserbase;
mod emulator;
mod pool;
mod reaper;
mod script;
mod sdk;
