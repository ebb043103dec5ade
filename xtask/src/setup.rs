//! What a fresh machine lacks: the target that flows are compiled for, and a browser.

use anyhow::{Context, bail};
use std::process::Command;

use crate::run::{cargo, check, is_installed, output, say};

/// The target of the components.
pub(crate) const TARGET: &str = "wasm32-wasip2";
const BROWSERS: [&str; 4] = [
    "chromium-headless-shell",
    "chromium",
    "google-chrome-stable",
    "google-chrome",
];
const BROWSER_PACKAGE: &str = "chromium-headless-shell";

/// Makes sure of all that running flows needs on this machine, and builds the components.
pub(crate) fn components_and_browser() -> anyhow::Result<()> {
    browser()?;
    guest_target()?;
    crate::guests::build()
}

/// Builds the programs, and the tests with them: a choice of packages is a choice of features, and with another
/// one all dependencies would be compiled again for the tests.
pub(crate) fn programs() -> anyhow::Result<()> {
    check(cargo().args(["build", "--quiet", "--workspace", "--bins", "--tests"]))
}

/// Makes sure that Rust can compile components.
pub(crate) fn guest_target() -> anyhow::Result<()> {
    if !is_installed("rustup") {
        // A Rust without rustup may carry the target; the build says so if it does not.
        return Ok(());
    }
    let installed = output(
        Command::new("rustup")
            .args(["target", "list", "--installed"])
            .current_dir(crate::run::root()),
    )?;
    if installed.lines().any(|line| line == TARGET) {
        return Ok(());
    }
    say(&format!("installing the Rust target {TARGET}"));
    check(
        Command::new("rustup")
            .args(["target", "add", TARGET])
            .current_dir(crate::run::root()),
    )
    .context("without rustup's targets, docs/guests-without-rustup.md has another way")
}

/// Makes sure that there is a browser.
fn browser() -> anyhow::Result<()> {
    let named = std::env::var_os("FLOWGUARD_CHROMIUM").is_some();
    if named || BROWSERS.iter().any(|name| is_installed(name)) {
        return Ok(());
    }
    if !is_installed("apt-get") {
        bail!(
            "no Chromium was found, and this machine has no apt-get: install Chromium or Chrome, or name one with FLOWGUARD_CHROMIUM=PATH"
        );
    }
    say(&format!("installing {BROWSER_PACKAGE}"));
    let apt = |arguments: &[&str]| {
        // Not everybody is root; sudo says what it wants by itself.
        let is_root = output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
        let mut command = if is_root {
            Command::new("apt-get")
        } else {
            Command::new("sudo")
        };
        if !is_root {
            command.arg("apt-get");
        }
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        check(&mut command)
    };
    apt(&["update", "-qq"])?;
    apt(&["install", "-y", "-qq", "--no-install-recommends", BROWSER_PACKAGE])
}
