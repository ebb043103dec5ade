//! What outlives a run, opened: which store it is, with which master key, and what a former release left in it.

use anyhow::Context;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::HashMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use crate::cli::UsageError;
use flowguard_backends::storage::{EmbeddedStore, Former, MongoStore};
use flowguard_core::clock::Clock;
use flowguard_core::storage::store::Store;
use flowguard_core::storage::vault::{Entropy, MasterKey, Vault};
use flowguard_core::storage::{BucketLimits, Buckets, Retention, Runs, StorageError, TenantId};

/// Where MongoDB is; without it the store is a file in the data folder.
const URI: &str = "MONGODB_URI";
/// The database there.
const DATABASE: &str = "FLOWGUARD_DATABASE";
const DEFAULT_DATABASE: &str = "flowguard";
/// The key that data keys are encrypted with, 32 bytes in base64.
const MASTER_KEY: &str = "FLOWGUARD_MASTER_KEY";
/// The one of before, while what was encrypted with it is encrypted anew.
const FORMER_MASTER_KEY: &str = "FLOWGUARD_MASTER_KEY_FORMER";
/// The file that holds the master key where none is given.
const KEY_FILE: &str = "master.key";

/// The store and what stands on it.
#[derive(Clone)]
pub(crate) struct Storage {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) runs: Runs,
    pub(crate) buckets: Buckets,
}

/// Random bytes of the operating system.
struct System;

impl Entropy for System {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), String> {
        getrandom::fill(bytes).map_err(|error| error.to_string())
    }
}

impl Storage {
    /// Opens what the environment names, or the file in the data folder.
    ///
    /// # Errors
    /// A master key that is none or is missing, a store that cannot be opened or does not answer.
    pub(crate) async fn open(
        data: &Path,
        environment: &HashMap<String, String>,
        tenant: &TenantId,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        let set = |name: &str| environment.get(name).filter(|value| !value.is_empty());
        let former = set(FORMER_MASTER_KEY)
            .map(|text| key(FORMER_MASTER_KEY, text))
            .transpose()?;
        let given = set(MASTER_KEY).map(|text| key(MASTER_KEY, text)).transpose()?;
        let on = |store: Arc<dyn Store>, master| {
            let former = former.into_iter().collect();
            let vault = Arc::new(Vault::new(store.clone(), master, former, Arc::new(System), clock));
            Self {
                runs: Runs::new(store.clone(), vault.clone(), Retention::default()),
                buckets: Buckets::new(store.clone(), vault.clone()),
                store,
                vault,
            }
        };
        let Some(uri) = set(URI) else {
            let store = Arc::new(EmbeddedStore::open(data.join("store.sqlite"))?);
            let master = given.map_or_else(|| own_key(data), Ok)?;
            let opened = on(store.clone(), master);
            opened.take_over(&store).await?;
            return Ok(opened);
        };
        let master = given.ok_or_else(|| {
            UsageError(format!(
                "{URI} is set and {MASTER_KEY} is not: hosts that share a store share its master key; make one with `openssl rand -base64 32` and give it to all of them"
            ))
        })?;
        let database = set(DATABASE).map_or(DEFAULT_DATABASE, String::as_str);
        let store = Arc::new(MongoStore::connect(uri, database).await?);
        let opened = on(store, master);
        // A wrong key is told now and not by the first run; and a store that goes away later can still be written for.
        opened.vault.prepare(tenant).await?;
        Ok(opened)
    }

    /// Takes over what a former release kept, encrypted from now on. Doing it again does no harm.
    async fn take_over(&self, store: &EmbeddedStore) -> Result<(), StorageError> {
        loop {
            let portion = store.former().await?;
            if portion.is_empty() {
                return Ok(());
            }
            for item in &portion {
                self.take(item).await?;
            }
            store.forget_former(portion).await?;
        }
    }

    async fn take(&self, item: &Former) -> Result<(), StorageError> {
        // Whatever was in a bucket may stay in it.
        let limits = BucketLimits {
            keys: u64::MAX,
            bytes: u64::MAX,
        };
        match item {
            Former::Run { tenant, record, .. } => self.runs.save(tenant, record).await,
            Former::Value {
                bucket,
                key,
                value,
                expires_ms,
                ..
            } => match self.buckets.get(bucket, key, 0).await? {
                Some(_) => Ok(()),
                None => self.buckets.set(bucket, key, value, *expires_ms, 0, limits).await,
            },
        }
    }
}

fn key(name: &str, text: &str) -> anyhow::Result<MasterKey> {
    MasterKey::parse(text).map_err(|error| UsageError(format!("{name}: {error}")).into())
}

/// The key in the data folder, made where there is none. It keeps copies of the store unreadable, not the folder: whoever
/// has that has the key.
fn own_key(data: &Path) -> anyhow::Result<MasterKey> {
    let file = data.join(KEY_FILE);
    let read = || match std::fs::read_to_string(&file) {
        Ok(text) => key(&file.display().to_string(), &text).map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("the master key {} cannot be read", file.display())),
    };
    if let Some(key) = read()? {
        return Ok(key);
    }
    make_key(data, &file).with_context(|| format!("the master key {} cannot be made", file.display()))?;
    read()?.with_context(|| format!("the master key {} is gone", file.display()))
}

/// Makes the file, whole or not at all; of several processes that make it at once, one does.
fn make_key(data: &Path, file: &Path) -> anyhow::Result<()> {
    let mut bytes = [0; 32];
    System.fill(&mut bytes).map_err(anyhow::Error::msg)?;
    let mut new = tempfile::NamedTempFile::new_in(data)?;
    writeln!(new, "{}", STANDARD.encode(bytes))?;
    new.as_file().sync_all()?;
    match new.persist_noclobber(file) {
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        made => Ok(made.map(|_| ())?),
    }
}
