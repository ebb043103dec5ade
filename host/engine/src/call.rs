//! Calling an export, and turning a return, a trap, a broken limit or a deadline into one ending.

use std::future::Future;
use std::time::Duration;
use wasmtime::{Trap, WasmBacktrace, WasmCoreDump};

use crate::bindings::types;
use crate::guest_world::GuestOutput;
use crate::limits::Exceeded;
use crate::stack;
use flowguard_core::failure::{Code, Failure};
use flowguard_core::ledger::Ledger;
use flowguard_core::limits;
use flowguard_core::progress::{Cancel, Ended, Progress};
use flowguard_core::verdict::Ending;

/// How long a guest may go on after its deadline: long enough to be stopped at its own next tick, with a
/// backtrace, or to return the failure that the gate answered it with.
const GRACE: Duration = Duration::from_millis(50);

/// What Wasmtime says where the store's limit of handles is reached; it has no type for it.
const HANDLES_EXHAUSTED: &str = "store handle limit exceeded";

/// Why a guest did not return.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// It trapped or broke a limit.
    Trapped {
        /// What happened.
        message: String,
        /// The guest's functions and lines, innermost first.
        backtrace: Vec<String>,
        /// What its memory held, where that was asked for.
        core: Option<Box<WasmCoreDump>>,
    },
    /// Its time was over.
    OutOfTime {
        /// Where it was computing, innermost first; empty where it was waiting.
        backtrace: Vec<String>,
    },
    /// Somebody cancelled it.
    Cancelled,
}

/// Runs a call into a guest until it returns, traps or its time is over. The store must be dropped after
/// anything but a return.
pub(crate) async fn call<T>(
    progress: &Progress,
    output: &GuestOutput,
    work: impl Future<Output = wasmtime::Result<T>>,
) -> Result<T, Stopped> {
    tokio::pin!(work);
    let done = tokio::select! {
        biased;
        done = &mut work => done,
        ended = progress.ended() => match tokio::time::timeout(GRACE, &mut work).await {
            Ok(done) => done,
            Err(_) if ended == Ended::Cancelled => return Err(Stopped::Cancelled),
            Err(_) => return Err(Stopped::OutOfTime { backtrace: Vec::new() }),
        },
    };
    done.map_err(|error| stopped(error, output))
}

/// How a call of `run` ended.
pub(crate) fn ending(
    returned: Result<Result<(), types::Failure>, Stopped>,
    ledger: &Ledger,
    timeout: Duration,
    cancel: &Cancel,
) -> Ending {
    let doing = || {
        ledger
            .timeline
            .latest_title()
            .map_or_else(String::new, |title| format!(" after: {title}"))
    };
    match returned {
        Ok(Ok(())) => Ending::Returned,
        Ok(Err(failure)) => {
            let failure = Failure::from(failure);
            if failure.code == Code::Cancelled && cancel.is_cancelled() {
                return Ending::Cancelled;
            }
            if failure.code == Code::Cancelled && ledger.progress.remaining() == Duration::ZERO {
                let message = format!(
                    "the flow ran out of its time of {} ms while it waited in: {}",
                    timeout.as_millis(),
                    ledger.timeline.latest_title().unwrap_or_default()
                );
                return Ending::OutOfTime { message };
            }
            Ending::ReturnedFailure(failure)
        }
        Err(Stopped::Trapped {
            message, backtrace, ..
        }) => Ending::Stopped { message, backtrace },
        Err(Stopped::OutOfTime { backtrace }) if backtrace.is_empty() => {
            let message = format!(
                "the flow ran out of its time of {} ms{}",
                timeout.as_millis(),
                doing()
            );
            Ending::OutOfTime { message }
        }
        Err(Stopped::OutOfTime { backtrace }) => {
            let message = format!(
                "the flow ran out of its time of {} ms while it computed{}",
                timeout.as_millis(),
                doing()
            );
            Ending::Stopped { message, backtrace }
        }
        Err(Stopped::Cancelled) => Ending::Cancelled,
    }
}

fn stopped(error: wasmtime::Error, output: &GuestOutput) -> Stopped {
    let backtrace = error
        .downcast_ref::<WasmBacktrace>()
        .map(stack::lines)
        .unwrap_or_default();
    match error.downcast_ref::<Exceeded>() {
        Some(Exceeded::Deadline) => return Stopped::OutOfTime { backtrace },
        Some(exceeded) => {
            return Stopped::Trapped {
                message: format!("the flow was stopped: {exceeded}"),
                backtrace,
                core: core_of(error),
            };
        }
        None => {}
    }
    let what = match error.downcast_ref::<Trap>() {
        Some(Trap::UnreachableCodeReached) => match panic_message(&output.errors()) {
            Some(panic) => format!("the flow panicked: {panic}"),
            None => "the flow trapped: it reached code that says it cannot be reached".to_owned(),
        },
        Some(Trap::StackOverflow) => {
            "the flow was stopped: its call stack was exhausted by a recursion".to_owned()
        }
        // Languages that keep a stack of their own in memory run off its end before Wasm's is full.
        Some(Trap::MemoryOutOfBounds) if is_recursion(&backtrace) => {
            "the flow was stopped: its call stack was exhausted by a recursion".to_owned()
        }
        Some(trap) => format!(
            "the flow trapped: {}",
            trap.to_string().trim_start_matches("wasm trap: ")
        ),
        None if error.root_cause().to_string().contains(HANDLES_EXHAUSTED) => format!(
            "the flow was stopped: it holds more than {} handles, let go of pages and locators that it no longer needs",
            limits::MAX_HANDLES
        ),
        None => format!("the flow was stopped: {}", error.root_cause()),
    };
    Stopped::Trapped {
        message: what,
        backtrace,
        core: core_of(error),
    }
}

fn core_of(error: wasmtime::Error) -> Option<Box<WasmCoreDump>> {
    error.downcast::<WasmCoreDump>().ok().map(Box::new)
}

/// What the language's own runtime said before it gave up: Rust's panic, JavaScript's or Python's exception.
fn panic_message(stderr: &str) -> Option<String> {
    let lines: Vec<&str> = stderr
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    if let Some(place) = lines.iter().rposition(|line| line.contains("panicked at ")) {
        let at = lines[place].split("panicked at ").nth(1)?.trim_end_matches(':');
        let message = lines.get(place + 1).copied().unwrap_or("no message");
        return Some(format!("{message} (at {at})"));
    }
    lines.last().map(|line| (*line).to_owned())
}

/// Whether one function fills the innermost part of the stack.
fn is_recursion(backtrace: &[String]) -> bool {
    const REPEATS: usize = 16;
    let function = |frame: &String| frame.split(" at ").next().map(str::to_owned);
    let innermost = backtrace.first().and_then(function);
    backtrace
        .iter()
        .take(2 * REPEATS)
        .filter(|frame| function(frame) == innermost)
        .count()
        >= REPEATS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_told_in_its_own_words() {
        let stderr = "\nthread '<unnamed>' (1) panicked at flows/checkout/src/lib.rs:12:9:\nno total on the page\n\
                      note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n";
        assert_eq!(
            panic_message(stderr).as_deref(),
            Some("no total on the page (at flows/checkout/src/lib.rs:12:9)")
        );
        assert_eq!(
            panic_message("TypeError: x is not a function\n").as_deref(),
            Some("TypeError: x is not a function")
        );
        assert_eq!(panic_message("  \n"), None);
    }
}
