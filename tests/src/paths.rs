//! Where the project's own files are.

use std::path::{Path, PathBuf};

/// The folder of the workspace; the program is run in it.
///
/// # Panics
/// Never: the crate lies in the workspace.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the crate lies in the workspace")
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
