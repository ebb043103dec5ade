//! The connection to a browser: its bytes ([`sieve`], [`socket`], and a [`proxy`] on the way), messages both ways ([`wire`]),
//! sessions and their events ([`cdp`]). Knows no page and no context.

pub(super) mod cdp;
mod proxy;
mod sieve;
pub(super) mod socket;
mod wire;
