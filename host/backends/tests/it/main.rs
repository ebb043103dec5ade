//! What the back ends promise, checked from outside.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "these are tests, their setting up and their other processes too"
)]

mod artifacts;
mod browser;
mod cassette;
mod contract;
mod damage;
mod embedded;
mod processes;
mod recording;
mod upgrade;

use std::path::Path;
use std::sync::Arc;

use flowguard_backends::storage::EmbeddedStore;
use flowguard_core::storage::store::Store;
use flowguard_core::storage::{Buckets, Retention, Runs, StorageError};

/// An embedded store and what stands on it.
struct Opened {
    store: Arc<EmbeddedStore>,
    buckets: Buckets,
    runs: Runs,
}

fn open(path: &Path) -> Result<Opened, StorageError> {
    let store = Arc::new(EmbeddedStore::open(path)?);
    let port: Arc<dyn Store> = store.clone();
    let vault = Arc::new(flowguard_core::contract::vault(&port));
    Ok(Opened {
        store,
        buckets: Buckets::new(port.clone(), vault.clone()),
        runs: Runs::new(port, vault, Retention::default()),
    })
}
