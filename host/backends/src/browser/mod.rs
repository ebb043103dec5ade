//! Browsers: how one is come by ([`local`], [`cloud`], and which of them in [`places`]), the connection to it
//! ([`connection`]), a run's own part of it ([`context`]), pages ([`page`]), their requests ([`network`]), and the way from a
//! browser in a cloud to this machine ([`tunnel`]). Only here is a type of the protocol named.

mod breaker;
mod cloud;
mod connection;
mod context;
pub mod local;
mod network;
mod none;
mod page;
mod places;
mod tunnel;

pub use cloud::{
    Archive, CloudBrowsers, CloudPlan, CloudSettings, Fate, Reaped, Reaper, ReaperError, SeenSession,
};
pub use local::{LocalBrowsers, LocalOptions, Wear};
pub use none::NoBrowsers;
pub use places::Places;
