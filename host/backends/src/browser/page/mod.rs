//! A page: how it is made ready and heard ([`setup`] and the listeners that it names), what is done to it ([`tab`] and the
//! devices of [`input`]), the way into its frames ([`frames`], [`walk`]), the script that is in each document
//! ([`injected`]), and the author's own JavaScript ([`script`]).

mod closed_roots;
mod console;
mod dialogs;
pub(super) mod document;
mod drag;
#[cfg(test)]
mod events_tests;
mod file_choosers;
mod frames;
mod injected;
mod input;
mod keyboard;
mod mouse;
pub(super) mod page_world;
mod read;
mod screencast;
mod script;
pub(super) mod setup;
pub(super) mod tab;
mod walk;
