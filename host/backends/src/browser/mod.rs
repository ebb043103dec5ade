//! Browsers: how a CDP endpoint is come by ([`local`]), and what is done over it ([`cdp`], [`tab`]). Only
//! here is a type of the protocol named.

mod cdp;
mod events;
#[cfg(test)]
mod events_tests;
mod injected;
mod keyboard;
pub mod local;
mod process;
mod socket;
mod tab;

pub use local::{LocalBrowsers, LocalOptions};
