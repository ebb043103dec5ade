//! Measurements: criterion, in the release profile, with the components built before.

use crate::run::{cargo, check};
use crate::setup;

/// Builds and measures; the figures are printed.
pub(crate) fn run() -> anyhow::Result<()> {
    setup::components_and_browser()?;
    check(cargo().args(["bench", "--quiet", "--package", "flowguard-tests"]))
}
