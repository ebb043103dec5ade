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

/// Tells the attempt whenever the guest leaves its code, and where it is then, if that is asked for. A look costs
/// milliseconds, so this is for replays.
pub(crate) fn follow(store: &mut Store<HostState>) {
    store.call_hook(|context, hook| {
        let leaves = matches!(hook, CallHook::CallingHost);
        let ledger = context.data().ledger().filter(|_| leaves);
        if ledger.is_some_and(|ledger| ledger.here.leaves()) {
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

/// A function's own name, without its modules and what mangling adds. A closure has none that its author gave it.
fn short_name(name: &str) -> String {
    let path = format!("{:#}", rustc_demangle::demangle(name));
    let own = path.rsplit("::").next().unwrap_or(&path);
    match own.starts_with("{closure") || own.starts_with("{{closure") {
        true => String::new(),
        false => own.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_paths_are_shortened() {
        assert_eq!(short_name("check_sums"), "check_sums");
        assert_eq!(
            short_name("_ZN8checkout4cart10check_sums17h0123456789abcdefE"),
            "check_sums"
        );
        assert_eq!(
            short_name("_ZN8checkout3pay28_$u7b$$u7b$closure$u7d$$u7d$17h0123456789abcdefE"),
            ""
        );
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
