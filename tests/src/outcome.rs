//! What a command came to, and how a test says what it expects of it.

use serde_json::Value;
use std::path::PathBuf;

/// A command that has ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
    /// Its report in JSON, where it wrote one.
    pub report: Option<Value>,
    /// The folder that the shell's files are in, which a message may name.
    pub scratch: PathBuf,
}

/// One run out of a report.
#[derive(Clone, Copy, Debug)]
pub struct RunOutcome<'a>(pub &'a Value);

impl Outcome {
    /// It ended with this code.
    ///
    /// # Panics
    /// Where it did not.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.text());
        self
    }

    /// This is somewhere in what it wrote.
    ///
    /// # Panics
    /// Where it is not.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.text().contains(text), "not said: {text:?}\n{}", self.text());
        self
    }

    /// This is nowhere in what it wrote.
    ///
    /// # Panics
    /// Where it is.
    #[track_caller]
    pub fn never_says(self, text: &str) -> Self {
        assert!(!self.text().contains(text), "said: {text:?}\n{}", self.text());
        self
    }

    /// These flows passed, and no others ran or failed to load. The names are in any order.
    ///
    /// # Panics
    /// Where it was otherwise.
    #[track_caller]
    pub fn passes_only(self, flows: &[&str]) -> Self {
        let mut expected: Vec<&str> = flows.to_vec();
        expected.sort_unstable();
        assert_eq!(self.flows_with("passed"), expected, "{}", self.text());
        self
    }

    /// Everything that it wrote.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// The report in JSON.
    ///
    /// # Panics
    /// Where none was written.
    #[must_use]
    #[track_caller]
    pub fn report(&self) -> &Value {
        assert!(self.report.is_some(), "no report was written\n{}", self.text());
        self.report.as_ref().unwrap_or(&Value::Null)
    }

    /// The runs of the report.
    #[track_caller]
    pub fn runs(&self) -> impl Iterator<Item = RunOutcome<'_>> {
        self.report()["runs"]
            .as_array()
            .into_iter()
            .flatten()
            .map(RunOutcome)
    }

    /// The names of the flows with this verdict, sorted.
    #[must_use]
    #[track_caller]
    pub fn flows_with(&self, verdict: &str) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .runs()
            .filter(|run| run.verdict() == verdict)
            .map(|run| run.name())
            .collect();
        names.sort_unstable();
        names
    }

    /// The run of this flow.
    ///
    /// # Panics
    /// Where it did not run.
    #[must_use]
    #[track_caller]
    pub fn run_of(&self, flow: &str) -> RunOutcome<'_> {
        let found = self.runs().find(|run| run.name() == flow);
        assert!(found.is_some(), "{flow} did not run\n{}", self.text());
        found.unwrap_or(RunOutcome(&Value::Null))
    }
}

impl<'a> RunOutcome<'a> {
    /// The run's id.
    #[must_use]
    pub fn id(&self) -> &'a str {
        self.0["id"].as_str().unwrap_or_default()
    }

    /// The flow's name.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.0["flow"]["name"].as_str().unwrap_or_default()
    }

    /// `passed`, `failed` or `errored`.
    #[must_use]
    pub fn verdict(&self) -> &'a str {
        self.0["verdict"].as_str().unwrap_or_default()
    }

    /// Who must act; empty where everything held.
    #[must_use]
    pub fn blame(&self) -> &'a str {
        self.0["blame"].as_str().unwrap_or_default()
    }

    /// How long it took, in milliseconds.
    #[must_use]
    pub fn took_ms(&self) -> f64 {
        self.0["duration_ms"].as_f64().unwrap_or(f64::NAN)
    }

    /// How many attempts it took.
    #[must_use]
    pub fn attempts(&self) -> usize {
        self.0["attempts"].as_array().map_or(0, Vec::len)
    }

    /// Whether an attempt failed before one passed.
    #[must_use]
    pub fn flaky(&self) -> bool {
        self.0["flaky"] == true
    }

    /// The last attempt's first failure.
    #[must_use]
    pub fn failure(&self) -> &'a Value {
        self.0["attempts"]
            .as_array()
            .and_then(|all| all.last())
            .map_or(&Value::Null, |last| &last["failures"][0])
    }

    /// The code and the message of that failure.
    #[must_use]
    pub fn failed_with(&self) -> (&'a str, &'a str) {
        let failure = self.failure();
        (
            failure["code"].as_str().unwrap_or_default(),
            failure["message"].as_str().unwrap_or_default(),
        )
    }

    /// The steps of the last attempt.
    pub fn steps(&self) -> impl Iterator<Item = &'a Value> + use<'a> {
        let last = self.0["attempts"].as_array().and_then(|all| all.last());
        last.and_then(|attempt| attempt["steps"].as_array())
            .into_iter()
            .flatten()
    }
}
