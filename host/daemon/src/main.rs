//! The binary `flowguard`: command line, configuration, reports. The only crate that knows clap, files and
//! the environment.

mod app;
mod cli;
mod dev;
mod discover;
mod flow_secrets;
mod live_runs;
mod load;
mod locate;
mod report;
mod selection;
mod server;
mod source_lines;
mod trace;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = cli::Cli::parse();
    cli::start_log(&arguments);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return cli::fatal(&anyhow::anyhow!("the runtime did not start: {error}")),
    };
    // A task of its own, so that a panic of ours ends with a message and its exit code.
    match runtime.block_on(async move { tokio::spawn(cli::run(arguments)).await }) {
        Ok(Ok(exit)) => exit.into(),
        Ok(Err(error)) => cli::fatal(&error),
        Err(error) => cli::fatal(&anyhow::anyhow!(
            "flowguard itself failed: {error}; please report it"
        )),
    }
}
