//! A second connection to a browser, beside the host's: for tests only, to see what the port does not tell.

use chromiumoxide::Connection;
use chromiumoxide::cdp::browser_protocol::target::SessionId;
use chromiumoxide::types::{EventMessage, Message, Method, MethodId};
use futures::StreamExt;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// Sees what a browser holds.
pub(crate) struct Inspector {
    connection: Connection<AnyEvent>,
}

/// An event; none is looked at.
#[derive(Debug, Deserialize)]
struct AnyEvent {
    method: String,
}

impl Method for AnyEvent {
    fn identifier(&self) -> MethodId {
        self.method.clone().into()
    }
}

impl EventMessage for AnyEvent {
    fn session_id(&self) -> Option<&str> {
        None
    }
}

impl Inspector {
    pub(crate) async fn connect(address: &str) -> Self {
        let connection = Connection::connect(address).await.expect("the browser listens");
        Self { connection }
    }

    /// Sends a command and waits for its answer.
    pub(crate) async fn call(&mut self, session: Option<&str>, method: &str, params: Value) -> Value {
        let session = session.map(|id| SessionId::new(id.to_owned()));
        let id = self
            .connection
            .submit_command(method.to_owned().into(), session, params);
        let id = id.expect("plain JSON");
        loop {
            match self
                .connection
                .next()
                .await
                .expect("connected")
                .expect("a message")
            {
                Message::Response(response) if response.id == id => {
                    assert!(response.error.is_none(), "{method}: {:?}", response.error);
                    return response.result.unwrap_or_default();
                }
                _ => {}
            }
        }
    }

    /// The value of an expression in the own world of the page at an address that begins like this.
    pub(crate) async fn evaluate(&mut self, address: &str, expression: &str) -> Value {
        let targets = self.targets_at(address).await;
        self.evaluate_in(targets.first().expect("a page there"), expression)
            .await
    }

    /// The value of an expression in the own world of a page.
    pub(crate) async fn evaluate_in(&mut self, target: &str, expression: &str) -> Value {
        let session = self.attach(target).await;
        let params = json!({"expression": expression, "returnByValue": true});
        let answer = self.call(Some(&session), "Runtime.evaluate", params).await;
        self.call(None, "Target.detachFromTarget", json!({"sessionId": session}))
            .await;
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Ends the renderer of the page at an address that begins like this.
    pub(crate) async fn crash(&mut self, address: &str) {
        let targets = self.targets_at(address).await;
        let session = self.attach(targets.first().expect("a page there")).await;
        let session = Some(SessionId::new(session));
        // No answer comes: the one who would give it is gone.
        let sent = self
            .connection
            .submit_command("Page.crash".into(), session, json!({}));
        sent.expect("plain JSON");
        self.call(None, "Target.getTargets", json!({})).await;
    }

    /// Closes the page at an address that begins like this.
    pub(crate) async fn close(&mut self, address: &str) {
        let targets = self.targets_at(address).await;
        let target = targets.first().expect("a page there");
        self.call(None, "Target.closeTarget", json!({"targetId": target}))
            .await;
    }

    async fn attach(&mut self, target: &str) -> String {
        let params = json!({"targetId": target, "flatten": true});
        let attached = self.call(None, "Target.attachToTarget", params).await;
        attached["sessionId"].as_str().expect("a session").to_owned()
    }

    /// How many pages there are.
    pub(crate) async fn pages(&mut self) -> usize {
        self.targets()
            .await
            .iter()
            .filter(|target| target["type"] == "page")
            .count()
    }

    /// Asks until there are so many pages: what was closed takes a moment to go.
    pub(crate) async fn pages_come_to(&mut self, count: usize) {
        let asking = async { while self.pages().await != count {} };
        let limit = Duration::from_secs(10);
        let came = tokio::time::timeout(limit, asking).await.is_ok();
        assert!(came, "there are {} pages, not {count}", self.pages().await);
    }

    /// How many contexts there are besides the browser's own.
    pub(crate) async fn contexts(&mut self) -> usize {
        let answer = self.call(None, "Target.getBrowserContexts", json!({})).await;
        answer["browserContextIds"].as_array().expect("a list").len()
    }

    /// The process id of the browser.
    pub(crate) async fn process(&mut self) -> i32 {
        let answer = self.call(None, "SystemInfo.getProcessInfo", json!({})).await;
        let all = answer["processInfo"].as_array().expect("a list");
        let browser = all
            .iter()
            .find(|process| process["type"] == "browser")
            .expect("itself");
        i32::try_from(browser["id"].as_i64().expect("a number")).expect("a process id")
    }

    /// The pages at an address that begins like this.
    pub(crate) async fn targets_at(&mut self, address: &str) -> Vec<String> {
        let is_there = |target: &&Value| target["url"].as_str().is_some_and(|url| url.starts_with(address));
        let id = |target: &Value| target["targetId"].as_str().expect("an id").to_owned();
        self.targets().await.iter().filter(is_there).map(id).collect()
    }

    async fn targets(&mut self) -> Vec<Value> {
        let mut answer = self.call(None, "Target.getTargets", json!({})).await;
        match answer["targetInfos"].take() {
            Value::Array(targets) => targets,
            other => panic!("no list of targets: {other}"),
        }
    }
}
