//! Playwright in a process of its own, which is given orders a line each; see `tests/oracle/bench.mjs`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::OnceCell;

use serde_json::{Value, json};

use crate::paths::root;

/// An install takes a minute where a registry is slow.
const INSTALL: Duration = Duration::from_secs(300);

/// A process with Playwright.
#[derive(Debug)]
pub struct Playwright {
    child: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Playwright {
    /// With a browser of its own, spoken to by a pipe as Playwright does.
    ///
    /// # Panics
    /// Where Node or Playwright is missing.
    pub async fn launch(chromium: &Path) -> Self {
        let mut playwright = Self::start();
        playwright
            .order(&json!({"do": "launch", "executable": chromium}))
            .await;
        playwright
    }

    /// With a browser that runs already.
    ///
    /// # Panics
    /// As [`Playwright::launch`].
    pub async fn connect(address: &str) -> Self {
        let mut playwright = Self::start();
        playwright
            .order(&json!({"do": "connect", "address": address}))
            .await;
        playwright
    }

    fn start() -> Self {
        let folder = oracle();
        let mut command = Command::new("node");
        command.arg("bench.mjs").current_dir(folder);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().expect("node runs: install Node 20 with npm");
        let orders = child.stdin.take().expect("piped");
        let answers = BufReader::new(child.stdout.take().expect("piped")).lines();
        Self {
            child,
            orders,
            answers,
        }
    }

    /// Its process.
    ///
    /// # Panics
    /// Where it has ended.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Gives an order and waits for the answer.
    ///
    /// # Panics
    /// Where it failed; it has said why on standard error.
    pub async fn order(&mut self, order: &Value) -> Value {
        let line = format!("{order}\n");
        self.orders.write_all(line.as_bytes()).await.expect("it reads");
        let answer = self.answers.next_line().await.expect("it runs");
        serde_json::from_str(&answer.expect("it answers; what it said is above")).expect("JSON")
    }

    /// Closes the browser, or the connection to it, and ends.
    ///
    /// # Panics
    /// Where it does not end.
    pub async fn end(mut self) {
        self.order(&json!({"do": "close"})).await;
        drop(self.orders);
        self.child.wait().await.expect("it ends with its input");
    }
}

/// Where Playwright is installed.
#[must_use]
pub fn oracle() -> PathBuf {
    root().join("tests/oracle")
}

/// Makes sure that everything the lock file names is there, once for all tests.
///
/// # Panics
/// Where it cannot be installed.
pub async fn install_playwright() {
    static INSTALLED: OnceCell<()> = OnceCell::const_new();
    INSTALLED.get_or_init(install_now).await;
}

async fn install_now() {
    let (wanted, installed) = (
        oracle().join("package-lock.json"),
        oracle().join("node_modules/.package-lock.json"),
    );
    if versions(&wanted).is_some() && versions(&wanted) == versions(&installed) {
        return;
    }
    let mut command = Command::new("npm");
    command
        .args(["ci", "--no-audit", "--no-fund"])
        .current_dir(oracle());
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(INSTALL, command.output())
        .await
        .expect("npm ci in tests/oracle ends within five minutes")
        .expect("npm runs, which Playwright needs: install Node 20 with npm");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "npm ci in tests/oracle failed:\n{said}");
}

/// What a lock file names, with the versions.
fn versions(lock: &Path) -> Option<BTreeMap<String, Value>> {
    let lock: Value = serde_json::from_str(&std::fs::read_to_string(lock).ok()?).ok()?;
    let packages = lock["packages"].as_object()?.iter();
    // The folder itself is in one of them only, what does not run on this machine too.
    let named = packages.filter(|(name, package)| !name.is_empty() && package["optional"] != true);
    Some(
        named
            .map(|(name, package)| (name.clone(), package["version"].clone()))
            .collect(),
    )
}
