//! `flowguard dev`: sources are watched, what changed is built and swapped, and its flows go on with the pages that
//! are still open.
//!
//! [`project`] knows what is built from which sources, [`build`] builds it, [`watch`] tells of changes, [`session`]
//! holds what is loaded and runs it. [`event`] is what others hear of all that: the terminal, the page.

mod build;
mod event;
mod listing;
mod project;
mod reload;
mod session;
mod watch;

pub(crate) use event::{Command, DevEvent, Timings};
pub(crate) use project::Project;
pub(crate) use reload::{Audience, Options, develop};
