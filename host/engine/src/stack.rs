//! A guest's stack as its author knows it: functions and lines of the author's own code.

use wasmtime::{CallHook, Store, WasmBacktrace};

use crate::state::HostState;
use flowguard_core::timeline::Place;

/// The file of the SDK in which a flow's function is called.
const SDK_RUNS_FLOWS: &str = "sdk/rust/src/component.rs";

/// The guest's functions and lines, innermost first, for a person; the language's runtime is left out where the
/// guest's own code is known.
pub(crate) fn lines(backtrace: &WasmBacktrace) -> Vec<String> {
    let own = places(backtrace);
    if own.is_empty() {
        return functions(backtrace);
    }
    own.iter()
        .map(|place| {
            let function = match place.function.as_str() {
                "" => "a closure",
                function => function,
            };
            format!("{function} at {}:{}", short_path(&place.file), place.line)
        })
        .collect()
}

/// The places in the guest's own code, innermost first: none where it was built without them.
pub(crate) fn places(backtrace: &WasmBacktrace) -> Vec<Place> {
    let mut own: Vec<Place> = Vec::new();
    for frame in backtrace.frames() {
        for symbol in frame.symbols() {
            let (Some(file), Some(line)) = (symbol.file(), symbol.line()) else {
                continue;
            };
            if file.contains(SDK_RUNS_FLOWS) {
                // What the SDK's macros made around the author's function is none of the author's.
                own.pop_if(|place| place.function == "run");
                return own;
            }
            if is_of_another(file) {
                continue;
            }
            let name = symbol.name().or(frame.func_name());
            own.push(Place {
                function: name.map_or_else(|| "?".to_owned(), short_name),
                file: file.to_owned(),
                line,
                column: symbol.column().unwrap_or(0),
                text: String::new(),
            });
        }
    }
    own
}

/// Finds where the guest is at each of its calls. It costs milliseconds a call, so it is for replays.
pub(crate) fn follow(store: &mut Store<HostState>) {
    store.call_hook(|context, hook| {
        if matches!(hook, CallHook::CallingHost) && context.data().ledger().is_some() {
            let places = places(&WasmBacktrace::force_capture(&context));
            if let Some(ledger) = context.data().ledger() {
                ledger.here.found(places);
            }
        }
        Ok(())
    });
}

fn functions(backtrace: &WasmBacktrace) -> Vec<String> {
    let name = |frame: &wasmtime::FrameInfo| {
        let symbol = frame.symbols().first().and_then(|symbol| symbol.name());
        let name = symbol.or(frame.func_name());
        name.map_or_else(|| format!("function {}", frame.func_index()), short_name)
    };
    backtrace.frames().iter().map(name).collect()
}

/// Whether a file is the language's, a dependency's, or of FlowGuard's own SDK.
fn is_of_another(file: &str) -> bool {
    [
        "/rustc/",
        "library/std/",
        "library/core/",
        "library/alloc/",
        "/.cargo/registry/",
        "/rustlib/",
        "sdk/rust/src/",
        "sdk/rust/macros/src/",
    ]
    .iter()
    .any(|part| file.contains(part))
}

/// The last three parts of a path: enough to find the file, nothing of the machine that built it.
fn short_path(file: &str) -> String {
    let parts: Vec<&str> = file.split(['/', '\\']).filter(|part| !part.is_empty()).collect();
    parts[parts.len().saturating_sub(3)..].join("/")
}

/// Without the hash that Rust's mangling ends with. A closure has no name that its author gave it.
fn short_name(name: &str) -> String {
    if name.starts_with("{closure") {
        return String::new();
    }
    match name.rsplit_once("::h") {
        Some((path, hash)) if hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => {
            path.to_owned()
        }
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_paths_are_shortened() {
        assert_eq!(short_name("checkout::pay::h0123456789abcdef"), "checkout::pay");
        assert_eq!(
            short_path("/home/someone/project/flows/checkout/src/lib.rs"),
            "checkout/src/lib.rs"
        );
    }

    #[test]
    fn what_the_author_did_not_write_is_known() {
        assert!(is_of_another("/rustc/abc/library/std/src/panicking.rs"));
        assert!(is_of_another("/home/someone/flowguard/sdk/rust/src/locator.rs"));
        assert!(!is_of_another("/home/someone/project/flows/checkout/src/lib.rs"));
    }
}
