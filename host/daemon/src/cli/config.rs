//! `flowguard config`: what is configured, and who said it.

use clap::{Args, Subcommand};

use super::{Exit, ProfileArg, say};
use crate::config::{self, Flags, Loaded};
use crate::report::words::visible;

/// Tells what the configuration says and who said it
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigVerb {
    /// Prints every key with its value and who said it; secrets are not shown
    Show(ShowArgs),
    /// Reads the configuration, and tells all that is wrong with it
    Check(CheckArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// As JSON, for machines
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    profile: ProfileArg,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    profile: ProfileArg,
}

impl ConfigVerb {
    /// What was given that belongs to the configuration.
    pub(super) fn say_to(&self, flags: &mut Flags) {
        match self {
            Self::Show(args) => args.profile.say_to(flags),
            Self::Check(args) => args.profile.say_to(flags),
        }
    }
}

/// A configuration that comes here is right: a wrong one has ended the program with all its mistakes.
pub(super) fn run(loaded: &Loaded, verb: &ConfigVerb) -> anyhow::Result<Exit> {
    match verb {
        ConfigVerb::Show(args) if args.json => say(&config::json(loaded)?),
        ConfigVerb::Show(_) => say(&visible(&config::table(loaded))),
        ConfigVerb::Check(_) => say(&checked(loaded)),
    }
    Ok(Exit::Passed)
}

fn checked(loaded: &Loaded) -> String {
    let file = match &loaded.file {
        Some(file) => file.path.display().to_string(),
        None => format!("no {} here; the environment", config::FILE),
    };
    let profile = loaded.config.top.profile.as_str();
    visible(&format!("{file}: nothing is wrong (profile {profile})\n")).into_owned()
}
