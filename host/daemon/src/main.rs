//! The binary `flowguard`: command line, configuration, reports. The only crate that knows clap, files and
//! the environment.

mod app;
mod cli;
mod cloud;
mod config;
mod dev;
mod discover;
mod emulator;
mod foundation;
mod live_runs;
mod load;
mod locate;
mod outbox;
mod report;
mod selection;
mod server;
mod source_lines;
mod storage;
mod sweep;
mod trace;
mod validate;

use clap::Parser;
use std::process::ExitCode;
use std::sync::Arc;

use flowguard_core::secrets::Scrubber;

fn main() -> ExitCode {
    let arguments = cli::Cli::parse();
    let configuration = match cli::configure(&arguments) {
        Ok(configuration) => configuration,
        Err(error) => return cli::fatal(&error.into()),
    };
    let known = Arc::<Scrubber>::default();
    known.learn(configuration.now().secrets());
    let log = cli::Log::start(&configuration.first().top.log.0, &known);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return cli::fatal(&anyhow::anyhow!("the runtime did not start: {error}")),
    };
    // A task of its own, so that a panic of ours ends with a message and its exit code.
    match runtime.block_on(async move { tokio::spawn(cli::run(arguments, configuration, known, log)).await })
    {
        Ok(Ok(exit)) => exit.into(),
        Ok(Err(error)) => cli::fatal(&error),
        Err(error) => cli::fatal(&anyhow::anyhow!(
            "flowguard itself failed: {error}; please report it"
        )),
    }
}
