//! The browser capability: what its calls do, above the port and below the gate.
//!
//! [`port`] is what a browser must do for us; [`calls`] are the host calls as data; [`Browser`] carries them
//! out for one run. Whatever waits for the page's content waits in the page, in one call of the injected
//! script; here are only the loops that outlive a document.

mod act;
mod aria;
mod assert;
mod batch;
#[cfg(test)]
mod batch_tests;
pub mod calls;
pub mod context;
pub mod expectation;
mod job;
#[cfg(test)]
mod job_tests;
pub mod keys;
mod likeness;
pub mod locator;
mod looks;
mod navigate;
#[cfg(test)]
mod navigate_tests;
pub mod network;
mod pages;
pub mod port;
mod property;
mod reply;
mod screencast;
mod screenshot;
mod script;
#[cfg(test)]
mod scripted;
#[cfg(test)]
mod scripted_world;
mod session;
mod veil;

pub use calls::{ImageFormat, ImageInfo, PageId, Rect, Size};
pub use port::{
    BrowserError, BrowserInfo, Browsers, CloudOptions, CloudUse, Context, KeptContext, Lease, LoadState,
    Place, Tab, TabError, Wanted, Watcher,
};
pub use session::{BaselineScope, Browser, BrowserOptions};
