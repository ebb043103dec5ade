//! The capability of secrets: a flow names one, and the host types it. What a secret is, where secrets come from and
//! how long they are good, whose they are, and that no value leaves the host. Never a vendor: that is a back end's.

mod cache;
pub mod calls;
#[cfg(test)]
mod fixed;
mod flow;
mod policy;
mod scrub;
mod secret;
mod source;
mod start;

pub use cache::SecretCache;
pub(crate) use flow::denial;
pub use flow::{FlowSecrets, RunSecrets};
pub use policy::{Caller, PolicyError, SecretName, SecretPolicies, SecretPolicy, origin_of};
pub use scrub::Scrubber;
pub use secret::{HIDDEN, Secret};
pub use source::{SecretSet, SecretSource, SourceError};
pub use start::{PLATFORM_SECRETS, Required, StartError, WhenMissing, check_start};
