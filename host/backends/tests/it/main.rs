//! What the back ends promise, checked from outside.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "these are tests, their setting up and their other processes too"
)]

mod artifacts;
mod browser;
mod cassette;
mod contract;
mod damage;
mod embedded;
mod processes;
mod recording;
