//! End to end: the built program, real components, real Chromium, the shop. Each test is what a user does and
//! what comes of it; nothing here reaches into the program.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends where it cannot go on; the message says why"
)]

mod assertions;
mod bad_input;
mod baselines;
mod cassettes;
mod cloud;
mod cloud_secrets;
mod cloud_tls;
mod configuration;
mod deadline;
mod desk;
mod desk_flows;
mod dev;
mod documents;
mod env_validate;
mod faults;
mod har;
mod moments;
mod options;
mod production;
mod readable;
mod replay;
mod results;
mod scripts;
mod secrets;
mod serve;
mod shop_bugs;
mod store_away;
mod store_moves;
mod sweep;
mod vault;
