//! `flowguard env`: what surrounds the program.

use clap::{Args, Subcommand};
use std::io::IsTerminal;

use super::{Exit, ProfileArg, say};
use crate::config::{Configuration, Flags};
use crate::report::words::visible;
use crate::validate::{self, Finding, Subject};

/// Tells whether everything that the configuration names is there
#[derive(Debug, Subcommand)]
pub(crate) enum EnvVerb {
    /// Asks each service that is configured, and says what is wrong with it and what to do
    Validate(ValidateArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ValidateArgs {
    /// As JSON, for machines
    #[arg(long)]
    json: bool,
    /// Only this; may be repeated
    #[arg(long, value_name = "CHECK")]
    only: Vec<Subject>,
    #[command(flatten)]
    profile: ProfileArg,
}

impl ValidateArgs {
    /// What was given that belongs to the configuration.
    pub(super) fn say_to(&self, flags: &mut Flags) {
        self.profile.say_to(flags);
    }
}

/// Ends with the worst of what flows cannot do without.
pub(super) async fn validate(configuration: Configuration, args: &ValidateArgs) -> anyhow::Result<Exit> {
    let findings = validate::look(configuration, &args.only).await;
    match args.json {
        true => say(&validate::json(&findings)?),
        false => say(&table(&findings)),
    }
    Ok(match findings.iter().any(Finding::stands_in_the_way) {
        true => Exit::Platform,
        false => Exit::Passed,
    })
}

fn table(findings: &[Finding]) -> String {
    let is_colored = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let plain = validate::table(findings, false);
    match is_colored && visible(&plain) == plain {
        true => validate::table(findings, true),
        false => visible(&plain).into_owned(),
    }
}
