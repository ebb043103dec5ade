//! The connection to a browser: its bytes ([`sieve`], [`socket`], and a
//! [`proxy`] on the way), messages both ways ([`wire`]), sessions and their events
//! ([`cdp`]), and a browser that is spoken to for the first time ([`connected`]). Knows no page and no context.

pub(super) mod cdp;
pub(super) mod connected;
mod proxy;
mod sieve;
pub(super) mod socket;
mod wire;
