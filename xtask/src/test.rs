//! All tests, and what CI runs.

use crate::run::{cargo, check};
use crate::setup;

/// Sets up, builds what the tests start, runs all of them.
pub(crate) fn run() -> anyhow::Result<()> {
    setup::tools_of_peers()?;
    setup::components_and_browser()?;
    setup::programs()?;
    setup::peers()?;
    check(cargo().args(["test", "--workspace", "--no-fail-fast"]))
}

/// Formatting and lints first: they are quick and say what is wrong with a line.
pub(crate) fn ci() -> anyhow::Result<()> {
    check(cargo().args(["fmt", "--all", "--check"]))?;
    setup::guest_target()?;
    check(cargo().args([
        "clippy",
        "--quiet",
        "--workspace",
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ]))?;
    run()
}
