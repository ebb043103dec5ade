//! Measurements: criterion, in the release profile, with the components built before.

use crate::run::{cargo, check};
use crate::{guests, setup};

/// Builds and measures; the figures are printed.
pub(crate) fn run() -> anyhow::Result<()> {
    setup::browser()?;
    setup::guest_target()?;
    guests::build()?;
    check(cargo().args(["bench", "--quiet", "--package", "flowguard-tests"]))
}
