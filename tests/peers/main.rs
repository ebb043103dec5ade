//! The peers of the tests: each answers, is shared, and ends with the process that started it. `cargo xtask test`
//! runs this first, so that no other test's time is an installation.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "these are tests, their setting up too"
)]

mod aws;
mod browserbase;
mod ends;
mod faults;
mod mongo;
