//! The contract tests of Browserbase's own Python SDK, from its source archive.

use std::path::PathBuf;
use std::process::Command;

use super::{blocking, install};

/// The archive that holds them; its version is that of the package in the requirements.
const ARCHIVE: &str = "browserbase==1.22.0";
/// Those of what the emulator has: sessions, contexts, extensions, projects.
const SUITES: [&str; 5] = [
    "tests/api_resources/test_sessions.py",
    "tests/api_resources/sessions",
    "tests/api_resources/test_contexts.py",
    "tests/api_resources/test_extensions.py",
    "tests/api_resources/test_projects.py",
];

/// What pytest says at the end of these tests against a service at this address.
///
/// # Panics
/// Where they cannot be installed or started.
pub async fn browserbase_contract(address: &str) -> String {
    let address = address.to_owned();
    blocking(move || {
        let environment = install::python("browserbase", "browserbase.txt");
        let source: PathBuf = install::source("browserbase", "browserbase.txt", &environment, ARCHIVE);
        let output = Command::new(environment.join("bin/python"))
            .args(["-m", "pytest", "-q", "-o", "addopts=", "-p", "no:cacheprovider"])
            .args(SUITES)
            .current_dir(source)
            .env("TEST_API_BASE_URL", address)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .output()
            .expect("python runs");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}");
        said.lines().last().unwrap_or_default().to_owned()
    })
    .await
}
