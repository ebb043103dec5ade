//! The configuration: one `flowguard.toml`, the environment over it, flags over both. What people wrote becomes, in one
//! step, what the program needs ([`Config`]); nothing is opened while it is read but the file itself.
//!
//! [`settings`] and [`services`] are the list of keys. [`mod@file`] finds, parses and checks the file, [`read`] puts the
//! layers over each other, [`show`] tells every value with its source, [`reload`] takes an edit in while a server runs.
//! The process's environment is looked at once, in [`Request`]; a secret is a type that cannot be printed.

mod address;
mod choices;
pub(crate) mod duration;
mod environment;
mod file;
mod key;
mod mistake;
mod read;
mod reload;
mod services;
mod settings;
mod show;
mod value;

pub(crate) use address::{ArtifactPlace, MasterKeyText, STATS_PORT};
pub(crate) use choices::{Mode, Profile, SecretPlace, Surroundings};
pub(crate) use environment::{Environment, Flags};
pub(crate) use mistake::Mistakes;
pub(crate) use read::Loaded;
pub(crate) use reload::{Configuration, Edit, Watch, told};
pub(crate) use services::CloudFlow;
pub(crate) use settings::{Config, Run, TenantRetention};
pub(crate) use show::{json, table};

use std::path::PathBuf;
use std::time::SystemTime;

use file::Written;
use flowguard_core::secrets::{PLATFORM_SECRETS, SecretSet};

/// The name under which the file is looked for in the current folder.
pub(crate) const FILE: &str = "flowguard.toml";
/// The flag that names another file.
const FILE_FLAG: &str = "--config";
/// The variable that names another file.
const FILE_VARIABLE: &str = "FLOWGUARD_CONFIG";

/// What secrets are to the variables that they stand in for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Precedence {
    /// No variable counts, also where there is no such secret.
    Alone,
    /// They count before variables.
    Over,
    /// Variables count before them.
    Under,
}

/// What a configuration is read from: the same at the start and at each edit.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) flags: Flags,
    pub(crate) environment: Environment,
}

impl Request {
    /// Reads the file, and what lies over it. A file that somebody named must be there.
    pub(crate) fn load(&self) -> Result<Loaded, Mistakes> {
        let (path, named_by) = self.file();
        let file = Written::read(&path)?;
        if let (None, Some(named_by)) = (&file, named_by) {
            let message = format!("there is no such file; {named_by} names it");
            return Err(Mistakes::of_file(&path.display().to_string(), message));
        }
        read::resolve(&self.flags, &self.environment, file, SystemTime::now())
    }

    /// Takes secrets in: each stands in for a variable.
    fn put(&mut self, set: &SecretSet, precedence: Precedence) {
        for name in PLATFORM_SECRETS {
            let gives_way = precedence == Precedence::Under && self.environment.get(name).is_some();
            match set.get(name) {
                Some(secret) if !gives_way => self.environment.put_secret(name, secret),
                None if precedence == Precedence::Alone => self.environment.forget(name),
                _ => {}
            }
        }
    }

    /// The file that counts, and what named it.
    pub(crate) fn file(&self) -> (PathBuf, Option<&'static str>) {
        let flag = self.flags.get(FILE_FLAG).map(|path| (path, FILE_FLAG));
        let variable = || Some((self.environment.get(FILE_VARIABLE)?, FILE_VARIABLE));
        match flag.or_else(variable) {
            Some((path, named_by)) => (path.into(), Some(named_by)),
            None => (FILE.into(), None),
        }
    }
}

#[cfg(test)]
mod tests;
