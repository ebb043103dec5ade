//! What a fresh machine lacks: the target that flows are compiled for, a browser, and what the peers of the tests
//! are installed with. The peers themselves are known in one place, `tests/src/peers`.

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
const PYTHON_PACKAGE: &str = "python3-venv";
/// The first one that fetches newer ones by itself.
const OLDEST_GO: u32 = 21;

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

/// Makes sure that the peers of the tests can be installed: FerretDB is built by Go, the others are Python's.
pub(crate) fn tools_of_peers() -> anyhow::Result<()> {
    python()?;
    go()
}

/// Installs the servers that tests speak to, by starting each of them once: so that no other test's time is an
/// installation.
pub(crate) fn peers() -> anyhow::Result<()> {
    check(cargo().args(["test", "--quiet", "--workspace", "--test", "peers"]))
}

fn python() -> anyhow::Result<()> {
    // Debian's Python has a `venv` that cannot make an environment until this module is there too.
    let makes_environments = Command::new("python3")
        .args(["-c", "import ensurepip, venv"])
        .output();
    if makes_environments.is_ok_and(|output| output.status.success()) {
        return Ok(());
    }
    if !is_installed("apt-get") {
        bail!(
            "the peers of the tests need Python 3.11 or newer, with its venv module, and this machine has no apt-get: install them"
        );
    }
    install(PYTHON_PACKAGE)
}

fn go() -> anyhow::Result<()> {
    const NEEDED: &str = "the tests build a database server with Go: install Go 1.21 or newer (https://go.dev/dl; Debian's own is older), which fetches the version that it needs by itself";
    let said = output(Command::new("go").arg("version")).context(NEEDED)?;
    match minor_version_of_go(&said) {
        Some(minor) if minor >= OLDEST_GO => Ok(()),
        _ => bail!("{NEEDED}; this is {}", said.trim()),
    }
}

/// The 26 of `go version go1.26.8 linux/amd64`.
fn minor_version_of_go(said: &str) -> Option<u32> {
    let version = said
        .split_whitespace()
        .find_map(|word| word.strip_prefix("go1."))?;
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
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
    install(BROWSER_PACKAGE)
}

/// Installs a package of Debian.
fn install(package: &str) -> anyhow::Result<()> {
    say(&format!("installing {package}"));
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
    apt(&["install", "-y", "-qq", "--no-install-recommends", package])
}

#[cfg(test)]
mod tests {
    use super::minor_version_of_go;

    #[test]
    fn the_version_of_go_is_read() {
        assert_eq!(minor_version_of_go("go version go1.26.8 linux/amd64"), Some(26));
        assert_eq!(minor_version_of_go("go version go1.19 linux/arm64"), Some(19));
        assert_eq!(
            minor_version_of_go("go version devel go1.27-abc linux/amd64"),
            Some(27)
        );
        assert_eq!(minor_version_of_go("gccgo"), None);
    }
}
