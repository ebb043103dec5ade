//! The project's own commands. Each says what it does, asks for nothing, and is quick when there is nothing
//! left to do. Shell is used nowhere else but to start them.

mod bench;
mod demo;
mod guests;
mod run;
mod setup;
mod test;
mod tidy;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "FlowGuard's own commands")]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Sets up what is missing, builds, runs the example flows against the shop, says where the report is
    Demo,
    /// Sets up what is missing and runs all tests
    Test,
    /// Builds the components: example flows, plugins, and the guests of the tests
    Guests,
    /// Measures, and prints the tables
    Bench {
        /// Only one table: FlowGuard beside Playwright, a save to the open page, a thousand runs in a row, what a HAR
        /// costs, replays, where a flow's time goes, what a cassette costs, what a pool of sessions in a cloud saves
        #[arg(value_parser = ["beside", "cloud", "dev", "endurance", "har", "replay", "steps", "stores", "tape"])]
        only: Option<String>,
    },
    /// Formatting, lints, and all tests: what CI runs
    Ci,
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().verb {
        Verb::Demo => demo::run(),
        Verb::Test => test::run(),
        Verb::Guests => setup::guest_target().and_then(|()| guests::build()),
        Verb::Bench { only } => bench::run(only.as_deref()),
        Verb::Ci => test::ci(),
    }
}
