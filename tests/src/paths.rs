//! Where the project's own files are.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The folder of the workspace; the program is run in it. As cargo says when it runs a test, for clones that share a
/// target folder share its programs, and what was true when they were compiled is true of one clone.
///
/// # Panics
/// Never: the crate lies in the workspace.
#[must_use]
pub fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let package =
            std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let workspace = Path::new(&package).parent();
        workspace.expect("the crate lies in the workspace").to_owned()
    });
    &ROOT
}

/// A component of `tests/guests`, relative to the workspace.
///
/// # Panics
/// Where it was not built.
#[must_use]
pub fn guest(name: &str) -> String {
    built(&format!("tests/guests/dist/{name}.wasm"))
}

/// The folder with the components of `tests/guests`.
#[must_use]
pub fn guests() -> PathBuf {
    root().join("tests/guests/dist")
}

/// The example flows: the components and the YAML files, relative to the workspace.
///
/// # Panics
/// Where they were not built.
#[must_use]
pub fn flows() -> &'static str {
    built("flows/dist/flows-checkout.wasm");
    "flows"
}

fn built(file: &str) -> String {
    assert!(
        root().join(file).is_file(),
        "{file} is not built: run `cargo xtask test`"
    );
    file.to_owned()
}
