//! A run: what is asked for, and what came of it.

use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

use crate::artifact::{Attachment, Digest};
use crate::browser::network::har::replay::HarReplay;
use crate::browser::{BrowserInfo, CloudOptions, Place};
use crate::flow::{Description, Flow, Source};
use crate::limits;
use crate::timeline::History;
use crate::verdict::Verdict;

/// Names a run: `[0-9a-z-]`, sorted by time.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(String);

impl RunId {
    /// The id that a text names, if it can be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let legal = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'z' | b'-');
        ((1..=64).contains(&text.len()) && text.bytes().all(legal)).then(|| Self(text.to_owned()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for RunId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Times and names that hold for a whole run unless a call says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunOptions {
    /// Where the application is.
    pub base_url: Option<Url>,
    /// Overrides the flow's own time.
    pub timeout: Option<Duration>,
    /// An action's time.
    pub action_timeout: Duration,
    /// An assertion's time.
    pub expect_timeout: Duration,
    /// The attributes that a test id is looked for in.
    pub test_id_attributes: Vec<String>,
    /// Whether the network is recorded as a HAR.
    pub records_har: bool,
    /// Whether pictures of the pages are kept as they are drawn.
    #[serde(default)]
    pub screencast: bool,
    /// Parameters for the flow.
    pub params: Vec<(String, String)>,
    /// Whether pictures that are not like their baselines become the new ones.
    #[serde(default)]
    pub update_baselines: bool,
    /// Where its browser is to be.
    #[serde(default)]
    pub place: Place,
    /// How the browser is to be set up, in a cloud.
    #[serde(default)]
    pub cloud: CloudOptions,
    /// Origins that a browser in a cloud reaches through this machine.
    #[serde(default)]
    pub tunnel: Vec<String>,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            base_url: None,
            timeout: None,
            action_timeout: limits::DEFAULT_ACTION_TIMEOUT,
            expect_timeout: limits::DEFAULT_EXPECT_TIMEOUT,
            test_id_attributes: vec!["data-testid".to_owned()],
            records_har: true,
            screencast: false,
            params: Vec::new(),
            update_baselines: false,
            place: Place::Local,
            cloud: CloudOptions::default(),
            tunnel: Vec::new(),
        }
    }
}

/// Reads the name of an attribute that test ids are in.
///
/// # Errors
/// What is wrong with it, where it has other characters than a name's, or none.
pub fn test_id_attribute(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '.');
    match !text.is_empty() && text.chars().all(fits) {
        true => Ok(text.to_owned()),
        false => Err(format!("{text:?} is no attribute; write for example data-test")),
    }
}

/// A run that is asked for. One that exists is valid.
#[derive(Clone, Debug)]
pub struct RunRequest {
    /// Its id.
    pub id: RunId,
    /// The flow.
    pub flow: Flow,
    /// The file that the component interprets.
    pub source: Option<Source>,
    /// Times and names.
    pub options: RunOptions,
    /// A recorded network that answers all requests.
    pub replay: Option<Arc<HarReplay>>,
    /// Attempts at most, from 1; those that the flow or the product failed are repeated too.
    pub attempts: u32,
    /// Where, by whom and how it is made, as far as whoever asks knows.
    pub metadata: RunMetadata,
}

impl RunRequest {
    /// Where the application is; may be empty.
    #[must_use]
    pub fn base_url(&self) -> String {
        let url = self.options.base_url.as_ref();
        url.map(ToString::to_string).unwrap_or_default()
    }
}

/// Where, by whom and how a run was made: what results are compared by. What is not known is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunMetadata {
    /// Where FlowGuard ran.
    pub environment: Environment,
    /// Whose browser it was.
    pub mode: ExecutionMode,
    /// Width and height of the page in CSS pixels, where the run began with one.
    pub viewport: Option<(u32, u32)>,
    /// Who asked for it.
    pub user: Option<String>,
    /// The branch of the application or of the flows, as the CI system names it.
    pub branch: Option<String>,
    /// The commit.
    pub commit: Option<String>,
    /// The cloud's session.
    pub cloud: Option<CloudSession>,
    /// The trace, 32 hexadecimal digits.
    pub trace_id: Option<String>,
    /// How Datadog names trace and span.
    pub datadog: Option<DatadogIds>,
    /// The version of the contract between host and guest.
    pub contract: String,
}

/// Where FlowGuard runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// On somebody's own machine.
    #[default]
    Local,
    /// In a CI system.
    Ci,
    /// Where flows watch what customers use.
    Production,
}

/// Whose browser a run had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExecutionMode {
    /// One of this machine.
    #[default]
    Local,
    /// One of the cloud's.
    Cloud,
}

/// A session of a browser in the cloud.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloudSession {
    /// Its id there.
    pub session: String,
    /// Where its recording is.
    pub recording: Option<String>,
    /// Where it ran.
    pub region: Option<String>,
}

/// How Datadog names a trace: decimal numbers of 64 bits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatadogIds {
    /// The trace.
    pub trace: String,
    /// The span of the run.
    pub span: String,
}

/// Where a flow came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The file that was named to FlowGuard.
    pub file: String,
    /// The component's name.
    pub component: String,
    /// The component's version.
    pub version: String,
    /// The component's content.
    pub digest: Digest,
}

impl Origin {
    /// Of a component that says this of itself, with this content.
    #[must_use]
    pub fn new(file: String, description: &Description, digest: Digest) -> Self {
        Self {
            file,
            component: description.name.clone(),
            version: description.version.clone(),
            digest,
        }
    }
}

/// What one attempt came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// From 1.
    pub number: u32,
    /// What it came to.
    pub verdict: Verdict,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// What happened.
    pub history: History,
    /// The browser, where one was leased.
    pub browser: Option<BrowserInfo>,
    /// What the guest wrote to standard output and error.
    pub output: String,
    /// Host calls made.
    pub calls: u32,
    /// Time that the guest computed, in microseconds, to within 10 ms.
    pub guest_cpu_us: u64,
    /// The network as a HAR, where something was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Attachment>,
    /// What a person should know although the verdict stands.
    pub warnings: Vec<String>,
}

/// A finished run, as it is stored and reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRecord {
    /// The version of this record.
    pub schema: u32,
    /// Its id.
    pub id: RunId,
    /// The flow.
    pub flow: Flow,
    /// Where the flow came from.
    pub origin: Origin,
    /// Where the application was; may be empty.
    pub base_url: String,
    /// Where, by whom and how it was made.
    #[serde(default)]
    pub metadata: RunMetadata,
    /// When it began, in milliseconds since 1970.
    pub started_ms: u64,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// Its attempts, in order; at least one.
    pub attempts: Vec<Attempt>,
    /// What it came to: the last attempt's verdict.
    pub verdict: Verdict,
}

impl RunRecord {
    /// The version that is written now.
    pub const SCHEMA: u32 = 1;

    /// Whether it passed, and not at the first attempt.
    #[must_use]
    pub fn flaky(&self) -> bool {
        self.verdict.passed() && self.attempts.len() > 1
    }
}
