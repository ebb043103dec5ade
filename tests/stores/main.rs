//! Stores that other programs keep, of documents, artifacts and secrets: the contracts, on real servers, and what is particular
//! to them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "these are tests, their setting up too"
)]

mod artifacts;
mod mongodb;
mod secrets;
