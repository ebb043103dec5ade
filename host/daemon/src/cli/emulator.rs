//! `flowguard browserbase-emulator`: Browserbase's API on this machine, over local browsers.

use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

use super::serve::loopback;
use super::signals::{interrupted, terminated};
use super::{Exit, UsageError, say};
use crate::config::{Config, duration};
use crate::emulator::{Emulator, EmulatorOptions, Fault, Limits, Tls};
use flowguard_backends::browser::LocalOptions;
use flowguard_core::clock::SystemClock;

/// Names of this machine.
const THIS_MACHINE: [&str; 4] = ["localhost", "*.localhost", "127.0.0.1", "[::1]"];

/// Browserbase's API on this machine, over local browsers: for development without an account
#[derive(Debug, Args)]
pub(crate) struct EmulatorArgs {
    /// Where requests are taken, on this machine only
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4500")]
    listen: SocketAddr,
    /// Sessions at once
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    concurrency: u32,
    /// Sessions that may be made in a minute
    #[arg(long, value_name = "N", default_value_t = 150, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    creations: u32,
    /// How long a session lasts unless it says otherwise
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = duration::parse)]
    session_timeout: Duration,
    /// How long it takes at least to make a session
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    creation_time: Option<Duration>,
    /// How far away it is: the time that each message takes, each way
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    delay: Option<Duration>,
    /// Something that goes wrong every N times: create-lost, create-fails, create-limited, connect-refused, session-ends or
    /// session-stays, recording-fails; may be repeated
    #[arg(long, value_name = "FAULT=N")]
    fault: Vec<Fault>,
    /// Let sessions reach no server of this machine, as if they were in a cloud
    #[arg(long)]
    apart: bool,
    /// Speak HTTPS and WSS with this certificate, and those that vouch for it (PEM)
    #[arg(long, value_name = "FILE", requires = "key")]
    certificate: Option<PathBuf>,
    /// The certificate's key (PEM)
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
    /// Know any id, take any value, and start no browser: for the contract tests of SDKs
    #[arg(long)]
    answer_anything: bool,
}

pub(super) async fn run(config: &Config, args: &EmulatorArgs) -> anyhow::Result<Exit> {
    let bound = |error| UsageError(format!("{}: {error}", args.listen));
    let api = TcpListener::bind(loopback(args.listen)?).await.map_err(bound)?;
    let address = api.local_addr()?;
    let tunnel = TcpListener::bind((address.ip(), 0)).await?;
    let options = EmulatorOptions {
        key: config.browserbase.key.clone(),
        limits: Limits {
            concurrency: args.concurrency,
            creations: args.creations,
            timeout: args.session_timeout,
        },
        browsers: LocalOptions {
            executable: config.top.chromium.clone(),
            search_path: std::env::var_os("PATH").unwrap_or_default(),
            keeps_ready: false,
            hidden_hosts: match args.apart {
                true => THIS_MACHINE.map(str::to_owned).into(),
                false => Vec::new(),
            },
            ..LocalOptions::default()
        },
        creation_time: args.creation_time.unwrap_or_default(),
        delay: args.delay.unwrap_or_default(),
        faults: args.fault.clone(),
        tls: match args.certificate.as_ref().zip(args.key.as_ref()) {
            Some((certificate, key)) => Some(Tls::read(certificate, key).map_err(UsageError)?),
            None => None,
        },
        answers_anything: args.answer_anything,
    };
    let (interrupted, terminated) = (interrupted(), terminated());
    let emulator = Emulator::serve(options, Arc::new(SystemClock::new()), api, tunnel).await?;
    say(&format!(
        "flowguard emulates Browserbase at {}\n",
        emulator.address()
    ));
    let exit = tokio::select! {
        () = interrupted => Exit::Interrupted,
        () = terminated => Exit::Passed,
    };
    emulator.end().await;
    Ok(exit)
}
