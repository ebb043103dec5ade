//! What the browser capability promises, on real pages in a real Chromium: the rules of the injected script,
//! case by case from the gallery, and above the port navigation, dialogs, failures and the end of a lease.
//!
//! Everything goes through the host's own code. A second connection to the same browser ([`inspector`]) sees
//! what no port tells: what the page's own scripts know, and which targets are left.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "these are tests, their setting up too"
)]

mod actions;
mod busy;
mod clock;
mod cloud;
mod cloud_contexts;
mod cloud_downloads;
mod contexts;
mod credentials;
mod dialogs;
mod documents;
mod endurance;
mod events;
mod failures;
mod files;
mod frames;
mod gallery;
mod har;
mod impostor;
mod init_scripts;
mod input;
mod inspector;
mod leases;
mod locators;
mod navigation;
mod network;
mod oracle;
mod overlays;
mod partial;
mod popups;
mod properties;
mod screenshots;
mod script_ends;
mod scripts;
mod site;
mod socket_server;
mod stage;
mod trace;
mod traffic;
mod trips;
mod tunnel;
mod wear;
