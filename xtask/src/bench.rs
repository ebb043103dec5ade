//! Measurements, in the release profile, with the components built and Playwright installed before.

use std::process::Command;

use crate::run::{cargo, check, root};
use crate::setup;

/// Builds and measures; the figures are printed.
pub(crate) fn run(only: Option<&str>) -> anyhow::Result<()> {
    setup::components_and_browser()?;
    let peer = root().join("tests/oracle");
    check(
        Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund"])
            .current_dir(peer),
    )?;
    let mut command = cargo();
    // The program itself, for what is measured from outside.
    check(cargo().args([
        "build",
        "--quiet",
        "--release",
        "--workspace",
        "--bins",
        "--benches",
    ]))?;
    command.args(["bench", "--quiet", "--workspace", "--bench", "flowguard", "--"]);
    check(command.args(only))
}
