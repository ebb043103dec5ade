//! Playwright's side: one Node process for the whole gallery, installed from its lock file where it is not yet,
//! asked over its standard streams, ended with the test.

use flowguard_tests::{install_playwright, root};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::oneshot;

use super::case::Case;
use super::verdict::Verdict;
use crate::site::Site;

const INSTALL: Duration = Duration::from_secs(300);
/// Longer than any case takes: what lasts longer has ended.
const ANSWER: Duration = Duration::from_secs(60);
const STOP: Duration = Duration::from_secs(20);

type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<Value>>>>;

/// Playwright, ready to be asked.
pub(super) struct Oracle {
    process: Child,
    orders: tokio::sync::Mutex<ChildStdin>,
    waiting: Waiting,
    last: AtomicU64,
}

impl Oracle {
    /// Starts it; it launches this browser, which is the one that our side runs too.
    pub(super) async fn start(chromium: &Path) -> Self {
        install_playwright().await;
        let mut command = Command::new("node");
        command.arg("main.mjs").arg(chromium).current_dir(folder());
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true);
        let mut process = command.spawn().expect("node runs: install Node 20 with npm");
        let orders = process.stdin.take().expect("its input is ours");
        let answers = process.stdout.take().expect("its output is ours");
        let waiting = Waiting::default();
        tokio::spawn(hear(answers, waiting.clone()));
        Self {
            process,
            orders: tokio::sync::Mutex::new(orders),
            waiting,
            last: AtomicU64::new(0),
        }
    }

    /// What the case comes to in Playwright; its page is loaded first where it is to be.
    pub(super) async fn ask(&self, lane: u32, case: &Case, site: &Site, load: bool) -> Verdict {
        let mut order = step(case);
        order["lane"] = json!(lane);
        order["url"] = json!(load.then(|| site.url(&format!("/{}", case.page))));
        order["waitUntil"] = json!(case.until);
        order["touch"] = json!(case.touch);
        order["testIds"] = json!(case.test_ids);
        order["first"] = case.first.iter().map(step).collect();
        order["after"] = json!(case.after);
        Verdict::deserialize(self.order(order).await).expect("a verdict")
    }

    async fn order(&self, mut order: Value) -> Value {
        let id = self.last.fetch_add(1, Ordering::Relaxed);
        order["id"] = json!(id);
        let (answer, answered) = oneshot::channel();
        self.waiting.lock().unwrap().insert(id, answer);
        let line = format!("{order}\n");
        self.orders
            .lock()
            .await
            .write_all(line.as_bytes())
            .await
            .expect("Playwright listens; see above");
        let answer = tokio::time::timeout(ANSWER, answered).await;
        answer
            .expect("Playwright answers in time")
            .expect("Playwright answers; see above why not")
    }

    /// Ends it, and its browser with it.
    pub(super) async fn stop(self) {
        let Self {
            mut process, orders, ..
        } = self;
        drop(orders);
        let ended = tokio::time::timeout(STOP, process.wait()).await;
        let status = ended
            .expect("it ends when its input does")
            .expect("it can be waited for");
        assert!(status.success(), "Playwright's process ended with {status}");
    }
}

/// One thing to do, in the words of the orders.
fn step(case: &Case) -> Value {
    json!({
        "find": case.find,
        "action": case.action,
        "timeout": case.their_timeout_ms,
        "force": case.force,
        "trial": case.trial,
    })
}

/// Hands each answer to the one who waits for it.
async fn hear(answers: ChildStdout, waiting: Waiting) {
    let mut lines = BufReader::new(answers).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let answer: Value = serde_json::from_str(&line).expect("an answer");
        let id = answer["id"].as_u64().expect("an id");
        if let Some(waits) = waiting.lock().unwrap().remove(&id) {
            // A test that has ended waits no more.
            let _ = waits.send(answer);
        }
    }
    waiting.lock().unwrap().clear();
}

fn folder() -> PathBuf {
    root().join("tests/oracle")
}

/// Runs a script of the folder to its end; what it says.
pub(crate) async fn run(script: &str, arguments: &[&str]) -> String {
    install_playwright().await;
    let mut command = Command::new("node");
    command
        .arg(script)
        .args(arguments)
        .current_dir(folder())
        .kill_on_drop(true);
    let output = tokio::time::timeout(INSTALL, command.output()).await;
    let output = output
        .expect("it ends")
        .expect("node runs: install Node 20 with npm");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script} failed:\n{said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
