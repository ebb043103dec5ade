//! What ends the program from outside. Each is listened for from the call on, and not only from where it is waited for:
//! a signal that comes in between is not lost, and does not kill.

use std::future::Future;

/// Ends with what a terminal sends for ctrl-c.
#[cfg(unix)]
pub(super) fn interrupted() -> impl Future<Output = ()> + Send + 'static {
    of(tokio::signal::unix::SignalKind::interrupt())
}

/// Ends with what a supervisor sends to end a program.
#[cfg(unix)]
pub(super) fn terminated() -> impl Future<Output = ()> + Send + 'static {
    of(tokio::signal::unix::SignalKind::terminate())
}

#[cfg(unix)]
fn of(kind: tokio::signal::unix::SignalKind) -> impl Future<Output = ()> + Send + 'static {
    let signal = tokio::signal::unix::signal(kind);
    async move {
        match signal {
            Ok(mut signal) => drop(signal.recv().await),
            // It ends the program then, as it does where nobody listens.
            Err(_) => std::future::pending().await,
        }
    }
}

/// Ends with what a terminal sends for ctrl-c.
#[cfg(not(unix))]
pub(super) fn interrupted() -> impl Future<Output = ()> + Send + 'static {
    async {
        let _ = tokio::signal::ctrl_c().await;
    }
}

/// Never ends: there is no such signal here.
#[cfg(not(unix))]
pub(super) fn terminated() -> impl Future<Output = ()> + Send + 'static {
    std::future::pending()
}
