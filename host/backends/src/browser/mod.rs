//! Browsers: how a CDP endpoint is come by ([`local`], [`process`], [`cloud`]), the connection to it ([`sieve`],
//! [`socket`], [`wire`], [`cdp`]), whose targets are ([`targets`], [`context`]), how a page is made ready and heard
//! ([`setup`] and the listeners that it names), what is done to it ([`tab`]), the way into its frames
//! ([`frames`], [`walk`]), and the author's own JavaScript ([`script`]). Only here is a type of the protocol named.

mod breaker;
mod cdp;
mod clock;
mod closed_roots;
mod cloud;
mod connected;
mod console;
mod context;
mod dialogs;
mod document;
mod downloads;
mod drag;
mod emulation;
#[cfg(test)]
mod events_tests;
mod file_choosers;
mod frames;
mod injected;
mod input;
mod keyboard;
mod leased;
pub mod local;
mod mouse;
mod network;
mod none;
mod owner;
mod page_world;
mod permissions;
mod places;
mod process;
mod read;
mod ready;
mod screencast;
mod script;
mod setup;
mod sieve;
mod site_data;
mod socket;
mod tab;
mod targets;
mod tunnel;
mod user_agent;
mod walk;
mod wire;

pub use cloud::{
    Archive, ArchiveError, CloudBrowsers, CloudPlan, CloudSettings, Fate, Reaped, Reaper, ReaperError,
    SeenSession, media_type,
};
pub use local::{LocalBrowsers, LocalOptions, Wear};
pub use none::NoBrowsers;
pub use places::Places;
