//! The real servers that tests speak to: each is installed at its first use, started on a free loopback port, and
//! ends with the test's process, also where that is killed. A peer that cannot be had fails the test, it is never
//! skipped.
//!
//! A started server is shared by the tests of a process; what a test keeps in it has a name of its own
//! ([`fresh_name`]).

mod browserbase;
mod guarded;
mod install;
mod message;
mod mongodb;
mod moto;
mod scripted;

pub use browserbase::browserbase_contract;
pub use mongodb::{MongoServer, ferretdb, mongo_shim, mongodb};
pub use moto::{Moto, moto};
pub use scripted::{Fault, ScriptedMongo};

/// A name that nobody has used before, of lower-case letters and digits: for a database, a bucket, a secret.
#[must_use]
pub fn fresh_name(what: &str) -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NAMES: AtomicU32 = AtomicU32::new(0);
    let number = NAMES.fetch_add(1, Ordering::Relaxed);
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    format!("{what}{:x}{:x}x{number}", std::process::id(), now.as_micros())
}

/// Runs what blocks (an installation, a start) off the async threads; a failure of it is the test's.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(failed) => std::panic::resume_unwind(failed.into_panic()),
    }
}
