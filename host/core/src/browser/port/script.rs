//! What a page must do with the author's JavaScript: run it in the page's own world, where the injected script
//! is not. How elements come from one world into the other is behind this port.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

use super::TabError;

/// A script of the author.
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    /// An expression, or a function.
    pub text: String,
    /// What a function gets last, as JSON.
    pub argument: Option<String>,
    /// Whether only the truth of its answer is asked for.
    pub wants_truth: bool,
    /// Whether it is run again and again until its answer is the one that is wanted.
    pub is_repeated: bool,
}

/// What a function gets first.
#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    /// Nothing: it runs in the main document.
    Page,
    /// The element that the injected script holds ready under this token.
    Element(Value),
    /// The elements that it holds ready.
    Elements(Value),
}

/// What came of a script.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase", tag = "kind", content = "text")]
pub enum Outcome {
    /// It answered this JSON; `true` or `false` where only the truth was asked for.
    Value(String),
    /// It threw this.
    Thrown(String),
    /// It answered what cannot be written as JSON; where and what.
    Unfit(String),
    /// Its answer is larger than the limit.
    Large(String),
    /// It is no expression; why.
    Malformed(String),
}

/// The author's scripts in one page.
#[async_trait]
pub trait PageScripts: Send + Sync {
    /// Runs a script, at most so long; one that keeps the page busy beyond that is stopped. Fails with
    /// [`TabError::DocumentReplaced`] where the document went meanwhile, whether or not the script began.
    async fn run_script(
        &self,
        subject: &Subject,
        script: &Script,
        wait: Duration,
    ) -> Result<Outcome, TabError>;
    /// Why a text is not statements of JavaScript; none where it is. It is not run.
    async fn fault_of(&self, script: &str) -> Result<Option<String>, TabError>;
    /// Adds a script for each new document of the page.
    async fn add_init_script(&self, script: &str) -> Result<(), TabError>;
}
