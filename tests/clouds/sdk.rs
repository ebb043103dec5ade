//! The official SDK for Node, run by `tests/oracle/browserbase.mjs`.

use flowguard_tests::{install_playwright, oracle};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

const LONGEST: Duration = Duration::from_secs(60);

/// What it says.
pub(crate) async fn sdk(what: &str, address: &str, key: &str) -> String {
    sdk_with(what, address, key, "about:blank").await
}

/// What it says, with a site that it visits.
pub(crate) async fn sdk_with(what: &str, address: &str, key: &str, site: &str) -> String {
    install_playwright().await;
    let mut node = Command::new("node");
    node.args(["browserbase.mjs", what, address, key, site])
        .current_dir(oracle());
    // Nothing that this machine is set up with is meant.
    node.env_remove("BROWSERBASE_BASE_URL")
        .env_remove("BROWSERBASE_CUSTOM_HEADERS");
    node.stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(LONGEST, node.output())
        .await
        .expect("it ends")
        .expect("node runs: install Node 20 with npm");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout).expect("a text")
}
