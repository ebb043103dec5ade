//! `flowguard store`: moving a store, changing its keys, erasing a tenant.

use anyhow::Context;
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use super::{Exit, ProfileArg, UsageError, say};
use crate::app::App;
use crate::foundation::Foundation;
use flowguard_core::limits::MAX_EXPORT_LINE_BYTES;
use flowguard_core::storage::TenantId;
use flowguard_core::storage::collections::COLLECTIONS;
use flowguard_core::storage::portable::Portable;
use flowguard_engine::EngineOptions;

/// The version of an export.
const FORMAT: u32 = 1;

/// Moves a store, changes its keys, erases a tenant
#[derive(Debug, Args)]
pub(crate) struct StoreArgs {
    #[command(subcommand)]
    verb: StoreVerb,
    #[command(flatten)]
    pub(super) profile: ProfileArg,
}

#[derive(Debug, Subcommand)]
enum StoreVerb {
    /// Writes the whole store into a file; what is encrypted stays so
    Export {
        /// The file; it must not exist
        file: PathBuf,
    },
    /// Adds what a file holds to the store; what is there already stays as it is
    Import {
        /// A file that `flowguard store export` wrote
        file: PathBuf,
    },
    /// Makes a new data key for each tenant and encrypts everything with it, and the data keys with the master key
    Rotate,
    /// Deletes a tenant's keys, so that nobody can read what was kept of it, and then its documents
    Erase {
        /// The tenant
        #[arg(value_parser = tenant)]
        tenant: TenantId,
        /// There is no way back: say that it is meant
        #[arg(long, required = true)]
        yes: bool,
    },
}

fn tenant(text: &str) -> Result<TenantId, String> {
    TenantId::parse(text).ok_or_else(|| format!("{text:?} is no tenant: 1 to 63 of a-z, 0-9 and -"))
}

/// The first line of an export.
#[derive(Serialize, Deserialize)]
struct First {
    flowguard_store: u32,
    /// The name of the master key that it can be read with.
    master_key: String,
}

/// The last line: what is missing behind it was cut off.
#[derive(Serialize, Deserialize)]
struct Last {
    documents: u64,
}

pub(super) async fn run(foundation: &Foundation, args: &StoreArgs) -> anyhow::Result<Exit> {
    let app = App::build(foundation, false, EngineOptions::default()).await?;
    match &args.verb {
        StoreVerb::Export { file } => export(&app, file).await?,
        StoreVerb::Import { file } => import(&app, file).await?,
        StoreVerb::Rotate => rotate(&app).await?,
        StoreVerb::Erase { tenant, .. } => erase(&app, tenant).await?,
    }
    Ok(Exit::Passed)
}

async fn export(app: &App, file: &Path) -> anyhow::Result<()> {
    let storage = &app.storage;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let cannot = || format!("{} cannot be written", file.display());
    // It appears whole or not at all, and is its owner's only.
    let mut out = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).with_context(cannot)?;
    let first = First {
        flowguard_store: FORMAT,
        master_key: storage.vault.master_key().to_owned(),
    };
    writeln!(out, "{}", serde_json::to_string(&first)?).with_context(cannot)?;
    let mut documents = 0;
    for tenant in storage.store.tenants().await? {
        for collection in COLLECTIONS {
            let mut pages = storage.store.pages(&tenant, collection, 0);
            while let Some(page) = pages.next().await? {
                for document in page {
                    let line = serde_json::to_string(&Portable::new(&tenant, collection, document))?;
                    writeln!(out, "{line}").with_context(cannot)?;
                    documents += 1;
                }
            }
        }
    }
    writeln!(out, "{}", serde_json::to_string(&Last { documents })?).with_context(cannot)?;
    out.as_file().sync_all().with_context(cannot)?;
    match out.persist_noclobber(file) {
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(UsageError(format!("{} is there already: name another file", file.display())).into());
        }
        written => drop(written.with_context(cannot)?),
    }
    say(&format!(
        "{documents} documents of {} are in {}\n",
        storage.store.place(),
        file.display()
    ));
    Ok(())
}

async fn import(app: &App, file: &Path) -> anyhow::Result<()> {
    let storage = &app.storage;
    let opened = std::fs::File::open(file);
    let opened = opened.map_err(|error| UsageError(format!("{} cannot be read: {error}", file.display())))?;
    let mut lines = Lines {
        reader: BufReader::new(opened),
        file,
        number: 0,
    };
    let first: Option<First> = lines.next()?.and_then(|line| serde_json::from_str(&line).ok());
    let first = first.ok_or_else(|| lines.wrong("this is no export of a store"))?;
    if first.flowguard_store > FORMAT {
        return Err(lines.wrong("a newer FlowGuard wrote it: upgrade this one").into());
    }
    if !storage.vault.has_master_key(&first.master_key) {
        return Err(lines
            .wrong(&format!(
                "it can be read with the master key {} only: give that one as FLOWGUARD_MASTER_KEY, or as FLOWGUARD_MASTER_KEY_FORMER beside the new one",
                first.master_key
            ))
            .into());
    }
    let (mut seen, mut added) = (0, 0);
    loop {
        let line = lines.next()?;
        let line =
            line.ok_or_else(|| lines.wrong(&format!("it was cut off: {added} of its documents were added")))?;
        if let Ok(last) = serde_json::from_str::<Last>(&line) {
            if last.documents != seen {
                return Err(lines
                    .wrong(&format!(
                        "it should have {} documents and has {seen}",
                        last.documents
                    ))
                    .into());
            }
            break;
        }
        let portable: Portable =
            serde_json::from_str(&line).map_err(|error| lines.wrong(&error.to_string()))?;
        let placed = portable
            .placed()
            .map_err(|error| lines.wrong(&error.to_string()))?;
        seen += 1;
        let inserted = storage
            .store
            .insert(&placed.tenant, placed.collection, placed.document, 0);
        added += u64::from(inserted.await?);
    }
    say(&format!(
        "{added} documents were added to {}, {} were there already\n",
        storage.store.place(),
        seen - added
    ));
    Ok(())
}

/// The lines of a file that may be anybody's.
struct Lines<'a> {
    reader: BufReader<std::fs::File>,
    file: &'a Path,
    number: u64,
}

impl Lines<'_> {
    fn next(&mut self) -> Result<Option<String>, UsageError> {
        self.number += 1;
        let mut line = Vec::new();
        let mut limited = (&mut self.reader).take(MAX_EXPORT_LINE_BYTES);
        let read = limited.read_until(b'\n', &mut line);
        read.map_err(|error| self.wrong(&error.to_string()))?;
        match line.last() {
            None => Ok(None),
            Some(b'\n') => {
                let line = String::from_utf8(line).map_err(|_| self.wrong("it is no text"))?;
                Ok(Some(line))
            }
            Some(_) if line.len() as u64 == MAX_EXPORT_LINE_BYTES => Err(self.wrong("it is too long")),
            // A line without an end was cut off.
            Some(_) => Ok(None),
        }
    }

    fn wrong(&self, what: &str) -> UsageError {
        UsageError(format!("{}:{}: {what}", self.file.display(), self.number))
    }
}

async fn rotate(app: &App) -> anyhow::Result<()> {
    for tenant in app.storage.store.tenants().await? {
        let rotated = app.storage.vault.rotate(&tenant).await?;
        say(&format!(
            "{}: {} documents encrypted anew, {} data keys encrypted with the master key {}, {} deleted\n",
            tenant.as_str(),
            rotated.documents,
            rotated.keys,
            app.storage.vault.master_key(),
            rotated.deleted
        ));
    }
    Ok(())
}

async fn erase(app: &App, tenant: &TenantId) -> anyhow::Result<()> {
    let store = &app.storage.store;
    let keys = app.storage.vault.erase(tenant).await?;
    let mut documents = 0;
    for collection in COLLECTIONS {
        let mut pages = store.pages(tenant, collection, 0).without_sealed();
        while let Some(page) = pages.next().await? {
            for document in page {
                let removed = store.remove(tenant, collection, &document.id, document.revision);
                documents += u64::from(removed.await?);
            }
        }
    }
    say(&format!(
        "{}: {keys} keys and {documents} documents deleted; artifacts, cassettes and reports are files of their own\n",
        tenant.as_str()
    ));
    Ok(())
}
