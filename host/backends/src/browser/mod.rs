//! Browsers: how a CDP endpoint is come by ([`local`], [`process`]), the connection to it ([`socket`],
//! [`wire`], [`cdp`]), whose targets are ([`targets`], [`context`]), how a page is made ready and heard
//! ([`setup`] and the listeners that it names), what is done to it ([`tab`]), and the way into its frames
//! ([`frames`], [`walk`]). Only here is a type of the
//! protocol named.

mod cdp;
mod closed_roots;
mod console;
mod context;
mod dialogs;
mod document;
#[cfg(test)]
mod events_tests;
mod frames;
mod injected;
mod keyboard;
pub mod local;
mod owner;
mod process;
mod read;
mod requests;
mod setup;
mod socket;
mod tab;
mod targets;
mod walk;
mod wire;

pub use local::{LocalBrowsers, LocalOptions};
