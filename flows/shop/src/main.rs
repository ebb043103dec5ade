//! The binary `flowguard-shop`: the shop on a loopback port until it is interrupted.

use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::time::Duration;

use clap::Parser;
use flowguard_shop::{Options, serve};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Harbour Goods, the shop that FlowGuard's example flows test.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The port on 127.0.0.1; 0 takes a free one. The first line on stdout is the address.
    #[arg(long, default_value_t = 4000)]
    port: u16,
    /// How late the product list arrives, in milliseconds.
    #[arg(long, default_value_t = 300, value_name = "MS")]
    list_delay: u64,
    /// How many visitors are remembered.
    #[arg(long, default_value_t = 1000)]
    sessions: usize,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    let options = Options {
        list_delay: Duration::from_millis(arguments.list_delay),
        most_sessions: arguments.sessions,
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, arguments.port)).await?;
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    writeln!(io::stdout(), "http://{}", listener.local_addr()?)?;
    let stop = async move {
        tokio::select! {
            _ = terminated.recv() => (),
            _ = interrupted.recv() => (),
        }
    };
    serve(listener, options, stop).await
}
