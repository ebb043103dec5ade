//! What outlives a run, opened: which store it is, with which master key, and what a former release left in it.

use anyhow::Context;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::cli::UsageError;
use crate::config::{Config, MasterKeyText, TenantRetention};
use flowguard_backends::storage::{EmbeddedStore, Former, MongoStore};
use flowguard_core::clock::Clock;
use flowguard_core::storage::store::Store;
use flowguard_core::storage::vault::{Entropy, MasterKey, Vault};
use flowguard_core::storage::{
    Audit, BucketLimits, Buckets, Components, Retention, Runs, StorageError, TenantId,
};

/// The file that holds the master key where none is given.
const KEY_FILE: &str = "master.key";

/// The store and what stands on it.
#[derive(Clone)]
pub(crate) struct Storage {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) runs: Runs,
    pub(crate) buckets: Buckets,
    pub(crate) components: Components,
    pub(crate) audit: Audit,
}

/// Random bytes of the operating system.
struct System;

impl Entropy for System {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), String> {
        getrandom::fill(bytes).map_err(|error| error.to_string())
    }
}

impl Storage {
    /// Opens the MongoDB that is configured, or the file in the data folder.
    ///
    /// # Errors
    /// A master key that is missing, a store that cannot be opened or does not answer.
    pub(crate) async fn open(
        config: &Config,
        tenant: &TenantId,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        let data = &config.top.data;
        let former = config
            .store
            .former_master_key
            .as_ref()
            .map(MasterKeyText::key)
            .transpose()?;
        let given = config
            .store
            .master_key
            .as_ref()
            .map(MasterKeyText::key)
            .transpose()?;
        let retention = retention(config);
        let on = |store: Arc<dyn Store>, master| {
            let former = former.into_iter().collect();
            let vault = Arc::new(Vault::new(store.clone(), master, former, Arc::new(System), clock));
            Self {
                runs: Runs::new(store.clone(), vault.clone(), retention),
                buckets: Buckets::new(store.clone(), vault.clone()),
                components: Components::new(store.clone()),
                audit: Audit::new(store.clone()),
                store,
                vault,
            }
        };
        let Some(uri) = &config.store.uri else {
            let store = Arc::new(EmbeddedStore::open(data.join("store.sqlite"))?);
            let master = given.map_or_else(|| own_key(data), Ok)?;
            let opened = on(store.clone(), master);
            opened.take_over(&store).await?;
            return Ok(opened);
        };
        let master = given.ok_or_else(|| {
            UsageError(
                "MONGODB_URI is set and FLOWGUARD_MASTER_KEY is not: hosts that share a store share its master key; make one with `openssl rand -base64 32` and give it to all of them".to_owned(),
            )
        })?;
        let store = Arc::new(MongoStore::connect(uri.0.reveal(), &config.store.database.0).await?);
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

const fn days(days: u32) -> Duration {
    Duration::from_secs(days as u64 * 24 * 3_600)
}

/// How long a tenant's recordings and artifacts are kept, as the configuration says.
pub(crate) fn recordings_are_kept(config: &Config, tenant: &TenantId) -> Duration {
    let own = config.tenants.get(tenant.as_str());
    let own = own.and_then(|tenant| tenant.recordings_days);
    days(own.unwrap_or(config.retention.recordings_days).0)
}

/// How long results are kept, as the configuration says.
pub(crate) fn retention(config: &Config) -> Retention {
    let of_tenant = |(name, kept): (&String, &TenantRetention)| {
        Some((TenantId::parse(name)?, days(kept.results_days?.0)))
    };
    Retention {
        results: days(config.retention.results_days.0),
        of_tenant: config.tenants.iter().filter_map(of_tenant).collect(),
    }
}

/// The key in the data folder, made where there is none. It keeps copies of the store unreadable, not the folder: whoever
/// has that has the key.
fn own_key(data: &Path) -> anyhow::Result<MasterKey> {
    let file = data.join(KEY_FILE);
    let read = || match std::fs::read_to_string(&file) {
        Ok(text) => match MasterKey::parse(&text) {
            Ok(key) => Ok(Some(key)),
            Err(error) => Err(UsageError(format!("{}: {error}", file.display())).into()),
        },
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
