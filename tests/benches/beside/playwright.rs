//! Playwright in a process of its own, which is given orders a line each; see `tests/oracle/bench.mjs`.

use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::Flows;
use serde_json::{Value, json};

pub(crate) struct Theirs {
    child: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Theirs {
    /// With a browser of its own, spoken to by a pipe as Playwright does.
    pub(crate) async fn launch(chromium: &Path) -> Self {
        let mut theirs = Self::start();
        theirs
            .order(&json!({"do": "launch", "executable": chromium}))
            .await;
        theirs
    }

    /// With a browser that runs already.
    pub(crate) async fn connect(address: &str) -> Self {
        let mut theirs = Self::start();
        theirs.order(&json!({"do": "connect", "address": address})).await;
        theirs
    }

    fn start() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("oracle");
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

    pub(crate) fn process(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    pub(crate) async fn flows(&mut self, url: &str, runs: usize, workers: usize) -> Flows {
        let order = json!({"do": "flows", "url": url, "runs": runs, "workers": workers});
        serde_json::from_value(self.order(&order).await).expect("samples")
    }

    pub(crate) async fn order(&mut self, order: &Value) -> Value {
        let line = format!("{order}\n");
        self.orders.write_all(line.as_bytes()).await.expect("it reads");
        let answer = self.answers.next_line().await.expect("it runs");
        serde_json::from_str(&answer.expect("it answers; what it said is above")).expect("JSON")
    }

    pub(crate) async fn end(mut self) {
        self.order(&json!({"do": "close"})).await;
        drop(self.orders);
        self.child.wait().await.expect("it ends with its input");
    }
}
