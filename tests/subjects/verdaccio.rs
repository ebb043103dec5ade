//! Verdaccio, a package registry with a React interface: installed from its lock file where it is not yet,
//! started on a free port, ended with the test.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::OnceCell;

use flowguard_tests::root;

/// A first installation downloads some hundred packages.
const INSTALL: Duration = Duration::from_secs(300);
const START: Duration = Duration::from_secs(30);
const STOP: Duration = Duration::from_secs(10);

/// A registry that runs.
pub(crate) struct Verdaccio {
    server: Child,
    url: String,
}

impl Verdaccio {
    /// Starts it on a free port; it is ready when this returns.
    pub(crate) async fn start() -> Self {
        install_once().await;
        let mut command = Command::new("node");
        command.arg("start.mjs").current_dir(folder()).kill_on_drop(true);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        let mut server = command.spawn().expect("node runs: install Node 20");
        let stdout = server.stdout.take().expect("its output is read");
        let mut lines = BufReader::new(stdout).lines();
        let url = loop {
            let line = tokio::time::timeout(START, lines.next_line()).await;
            let line = line.expect("verdaccio tells its address in time");
            let line = line
                .expect("its output can be read")
                .expect("verdaccio starts; see above why not");
            if line.starts_with("http://") {
                break line;
            }
        };
        // Goes on reading, so that the server never waits for a full pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { server, url }
    }

    /// Where it is.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Tells it to stop, which removes what it has stored.
    pub(crate) async fn stop(mut self) {
        let id = self.server.id().and_then(|id| i32::try_from(id).ok());
        let id = id
            .and_then(rustix::process::Pid::from_raw)
            .expect("verdaccio still runs");
        rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("it is ours");
        let ended = tokio::time::timeout(STOP, self.server.wait()).await;
        ended
            .expect("verdaccio ends when it is told to")
            .expect("it can be waited for");
    }
}

/// Where the application's manifest is.
fn folder() -> PathBuf {
    root().join("tests/subjects/verdaccio")
}

/// Installs the application, once for all tests.
async fn install_once() {
    static INSTALLED: OnceCell<()> = OnceCell::const_new();
    INSTALLED.get_or_init(install).await;
}

async fn install() {
    // npm writes this file last: a folder without it was left half done.
    if folder().join("node_modules/.package-lock.json").is_file() {
        return;
    }
    let mut command = Command::new("npm");
    command
        .args(["ci", "--no-audit", "--no-fund"])
        .current_dir(folder());
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = match tokio::time::timeout(INSTALL, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => {
            panic!("npm is not installed, and the subjects need it: install Node 20 with npm")
        }
        Ok(Err(error)) => panic!("npm does not run: {error}"),
        Err(_) => panic!("npm ci in tests/subjects/verdaccio did not end within {INSTALL:?}"),
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "npm ci in tests/subjects/verdaccio failed:\n{said}"
    );
}
