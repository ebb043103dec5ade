//! The one list of keys: each with its type, its variable, its flag, its default, and when a change of it is heard. The
//! reader, `flowguard config show` and docs/configuration.md are made from it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

use super::address::{ArtifactPlace, DatabaseName, MasterKeyText, MongoUri, Origin};
use super::choices::{Mode, Profile, SecretPlace, Surroundings};
use super::environment::Derived;
use super::key::{Effect, Key, Section, first, optional, section};
use super::read::Reader;
use super::services::{Browserbase, CloudFlow, Datadog, Phoenix, Vision};
use super::value::{Setting, Within};
use flowguard_core::limits::{MAX_RETENTION_DAYS, MAX_RETRIES, MAX_WORKERS};
use flowguard_core::secrets::SecretName;
use flowguard_core::storage::TenantId;

section! {
    /// What stands at the file's top.
    Top in "" {
        /// The profile: `development`, `staging` or `production`. Not within a profile
        profile: Profile = "profile" {
            variable: "FLOWGUARD_PROFILE", flag: "--profile",
            default: Profile::Development, effect: Restart,
        }
        /// The folder in which results, screenshots, cassettes and compiled code are kept
        data: PathBuf = "data" {
            variable: "FLOWGUARD_DATA", flag: "--data",
            default: PathBuf::from(".flowguard"), effect: Restart,
        }
        /// The folder of the plugins: the interpreter of YAML flows, and custom assertions
        plugins: Option<PathBuf> = "plugins" {
            variable: "FLOWGUARD_PLUGINS", flag: "--plugins",
            default: None, otherwise: "`plugins/dist` here, then `plugins` beside the program", effect: Restart,
        }
        /// The browser's executable
        chromium: Option<PathBuf> = "chromium" {
            variable: "FLOWGUARD_CHROMIUM", flag: "--chromium",
            default: None, otherwise: "the first that is found", effect: Restart,
        }
        /// What the host logs to standard error, for example `info` or `flowguard=debug`
        log: LogFilter = "log" {
            variable: "FLOWGUARD_LOG", flag: "--log",
            default: LogFilter("warn".to_owned()), effect: Now,
        }
    }
}

section! {
    /// How flows are run.
    Run in "run" {
        /// Where the application is, for example `http://127.0.0.1:4000`
        base_url: Option<Url> = "base-url" {
            variable: "FLOWGUARD_BASE_URL", flag: "--base-url",
            default: None, effect: NextRun,
        }
        /// Flows at once
        workers: Option<Within<1, MAX_WORKERS>> = "workers" {
            variable: "FLOWGUARD_WORKERS", flag: "--workers",
            default: None, otherwise: "the number of cores", effect: NextRun,
        }
        /// Attempts after a first one that did not pass
        retries: Within<0, MAX_RETRIES> = "retries" {
            variable: "FLOWGUARD_RETRIES", flag: "--retries",
            default: Within(0), effect: NextRun,
        }
        /// Time for each flow instead of its own
        timeout: Option<Duration> = "timeout" {
            variable: "FLOWGUARD_TIMEOUT", flag: "--timeout",
            default: None, otherwise: "the flow's own", effect: NextRun,
        }
        /// Where the browsers of all flows are, whatever is said for one: `local` or `cloud`
        mode: Option<Mode> = "mode" {
            variable: "EXECUTION_MODE", flag: "--mode",
            default: None, otherwise: "`browserbase.flow.NAME.mode`", effect: NextRun,
        }
        /// Where the run is made: `local`, `ci` or `production`; kept with its result
        environment: Surroundings = "environment" {
            variable: "FLOWGUARD_ENVIRONMENT",
            default: Surroundings::Local,
            otherwise: "`ci` where `CI` is set, else `local`",
            derived: |environment| environment.says_yes("CI").then(|| Derived {
                text: "ci".to_owned(),
                variable: "CI",
            }),
            effect: NextRun,
        }
        /// Who has it run; kept with its result
        user: Option<String> = "user" {
            variable: "FLOWGUARD_USER",
            default: None,
            otherwise: "`GITHUB_ACTOR`, `GITLAB_USER_LOGIN`, `BUILDKITE_BUILD_CREATOR`, `CIRCLE_USERNAME` or `USER`",
            derived: |environment| {
                environment.first(&["GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BUILDKITE_BUILD_CREATOR", "CIRCLE_USERNAME", "USER"])
            },
            effect: NextRun,
        }
        /// The branch that is tested; kept with its result
        branch: Option<String> = "branch" {
            variable: "FLOWGUARD_BRANCH",
            default: None,
            otherwise: "`GITHUB_HEAD_REF`, `GITHUB_REF_NAME`, `CI_COMMIT_REF_NAME`, `BUILDKITE_BRANCH` or `CIRCLE_BRANCH`",
            derived: |environment| {
                environment.first(&[
                    "GITHUB_HEAD_REF", "GITHUB_REF_NAME", "CI_COMMIT_REF_NAME", "BUILDKITE_BRANCH", "CIRCLE_BRANCH",
                ])
            },
            effect: NextRun,
        }
        /// The commit that is tested; kept with its result
        commit: Option<String> = "commit" {
            variable: "FLOWGUARD_COMMIT",
            default: None,
            otherwise: "`GITHUB_SHA`, `CI_COMMIT_SHA`, `BUILDKITE_COMMIT` or `CIRCLE_SHA1`",
            derived: |environment| {
                environment.first(&["GITHUB_SHA", "CI_COMMIT_SHA", "BUILDKITE_COMMIT", "CIRCLE_SHA1"])
            },
            effect: NextRun,
        }
    }
}

section! {
    /// Where results are kept.
    Store in "store" {
        /// MongoDB's address; it may hold a password
        uri: Option<MongoUri> = "uri" {
            variable: "MONGODB_URI",
            default: None, otherwise: "the embedded store below `data`", effect: Restart,
        }
        /// The database in MongoDB
        database: DatabaseName = "database" {
            variable: "FLOWGUARD_DATABASE",
            default: DatabaseName("flowguard".to_owned()), effect: Restart,
        }
        /// The key that data keys are encrypted with: 32 bytes in base64. Hosts that share a store share it
        master_key: Option<MasterKeyText> = "master-key" {
            variable: "FLOWGUARD_MASTER_KEY",
            default: None, otherwise: "`master.key` below `data`; with MongoDB it must be said", effect: Restart,
        }
        /// The master key of before, while what was encrypted with it is encrypted anew
        former_master_key: Option<MasterKeyText> = "former-master-key" {
            variable: "FLOWGUARD_MASTER_KEY_FORMER",
            default: None, effect: Restart,
        }
    }
}

section! {
    /// Where screenshots and other artifacts are kept.
    Artifacts in "artifacts" {
        /// A folder, or `s3://`, `gs://` or `az://` with the bucket's name and perhaps a path in it
        url: Option<ArtifactPlace> = "url" {
            variable: "FLOWGUARD_ARTIFACTS_URL",
            default: None, otherwise: "`artifacts` below `data`", effect: Restart,
        }
        /// Where a service lies that speaks as S3 does
        endpoint: Option<Url> = "endpoint" {
            variable: "FLOWGUARD_ARTIFACTS_ENDPOINT",
            default: None, otherwise: "the cloud's own", effect: Restart,
        }
    }
}

/// How long something is kept.
pub(crate) type Days = Within<1, MAX_RETENTION_DAYS>;

section! {
    /// How long results are kept, for each tenant that does not say otherwise.
    Retention in "retention" {
        /// Days that results are kept
        results_days: Days = "results-days" {
            variable: "FLOWGUARD_RESULTS_DAYS",
            default: Within(90), effect: NextRun,
        }
        /// Days that recordings and screenshots are kept
        recordings_days: Days = "recordings-days" {
            variable: "FLOWGUARD_RECORDINGS_DAYS",
            default: Within(30), effect: NextRun,
        }
    }
}

section! {
    /// How long results of one tenant are kept.
    TenantRetention in "tenants.NAME.retention" {
        /// Days that results of this tenant are kept
        results_days: Option<Days> = "results-days" {
            default: None, otherwise: "`retention.results-days`", effect: NextRun,
        }
        /// Days that recordings and screenshots of this tenant are kept
        recordings_days: Option<Days> = "recordings-days" {
            default: None, otherwise: "`retention.recordings-days`", effect: NextRun,
        }
    }
}

section! {
    /// Where secrets are kept.
    Secrets in "secrets" {
        /// `environment`, or `aws` for AWS Secrets Manager
        source: Option<SecretPlace> = "source" {
            variable: "FLOWGUARD_SECRET_SOURCE",
            default: None, otherwise: "`aws` where `name` is set and in the profile production, else `environment`", effect: Restart,
        }
        /// The secret's name or ARN in AWS Secrets Manager
        name: Option<String> = "name" {
            variable: "FLOWGUARD_SECRET_NAME",
            default: None, effect: Restart,
        }
        /// The region of AWS
        region: Option<String> = "region" {
            variable: "AWS_REGION",
            default: None, otherwise: "what AWS's own configuration says", effect: Restart,
        }
        /// Where AWS is asked, for private endpoints and tests
        endpoint: Option<Url> = "endpoint" {
            variable: "AWS_ENDPOINT_URL",
            default: None, otherwise: "AWS's own for the region", effect: Restart,
        }
    }
}

section! {
    /// A secret that flows may type, by its name.
    FlowSecret in "secrets.flow.NAME" {
        /// The origins into whose fields the secret may be typed
        origins: Vec<Origin> = "origins" {
            default: Vec::new(), otherwise: "it must be said", effect: NextRun,
        }
        /// The components whose flows may have it typed, each by its name or its digest
        components: Vec<String> = "components" {
            default: Vec::new(), otherwise: "it must be said", effect: NextRun,
        }
    }
}

/// A filter of the host's log that the log understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogFilter(pub(crate) String);

impl Setting for LogFilter {
    fn expected() -> String {
        "a filter such as warn, info or flowguard=debug".to_owned()
    }

    fn read(raw: super::value::Raw<'_>) -> Option<Self> {
        let text = raw.text()?;
        tracing_subscriber::EnvFilter::try_new(text)
            .is_ok()
            .then(|| Self(text.to_owned()))
    }

    fn shown(&self) -> serde_json::Value {
        serde_json::json!(self.0)
    }
}

impl Run {
    /// Flows at once, also where nobody said so.
    pub(crate) fn at_once(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        self.workers.map_or_else(cores, |workers| workers.0 as usize)
    }
}

/// Whether a name may be chosen.
type IsLegal = fn(&str) -> bool;

/// Tables with a name that people choose, and what such a name may be.
pub(super) const NAMED: [(&str, &str, IsLegal); 3] = [
    ("browserbase.flow", "the name of a flow: 1 to 200 bytes", |name| {
        (1..=200).contains(&name.len()) && !name.chars().any(char::is_control)
    }),
    (
        "tenants",
        "the name of a tenant: 1 to 63 of a-z, 0-9 and -, not beginning with -",
        |name| TenantId::parse(name).is_some(),
    ),
    (
        "secrets.flow",
        "the name of a secret: 1 to 63 of a-z, 0-9 and -, not beginning with -, and not `name`",
        // FLOWGUARD_SECRET_NAME names the secret of AWS.
        |name| SecretName::parse(name).is_some() && name != "name",
    ),
];

/// The whole configuration, as the program uses it.
#[derive(Clone, PartialEq)]
pub(crate) struct Config {
    pub(crate) top: Top,
    pub(crate) run: Run,
    pub(crate) store: Store,
    pub(crate) artifacts: Artifacts,
    pub(crate) retention: Retention,
    /// By the tenant's name.
    pub(crate) tenants: BTreeMap<String, TenantRetention>,
    pub(crate) secrets: Secrets,
    /// By the name that flows use.
    pub(crate) flow_secrets: BTreeMap<String, FlowSecret>,
    pub(crate) vision: Vision,
    pub(crate) browserbase: Browserbase,
    /// By the flow's name.
    pub(crate) cloud_flows: BTreeMap<String, CloudFlow>,
    pub(crate) phoenix: Phoenix,
    pub(crate) datadog: Datadog,
}

impl Config {
    /// Where secrets are kept, also where nobody said so.
    pub(crate) fn secrets_are_in(&self) -> SecretPlace {
        let usual = match (self.top.profile, &self.secrets.name) {
            (Profile::Production, _) | (_, Some(_)) => SecretPlace::Aws,
            (_, None) => SecretPlace::Environment,
        };
        self.secrets.source.unwrap_or(usual)
    }

    /// Every key, in the order in which they are shown.
    pub(crate) fn keys() -> Vec<Key> {
        [
            Top::keys(),
            Run::keys(),
            Store::keys(),
            Artifacts::keys(),
            Retention::keys(),
            TenantRetention::keys(),
            Secrets::keys(),
            FlowSecret::keys(),
            Vision::keys(),
            Browserbase::keys(),
            CloudFlow::keys(),
            Phoenix::keys(),
            Datadog::keys(),
        ]
        .concat()
    }

    /// Every value, as it is said.
    pub(super) fn read(from: &mut Reader<'_>) -> Self {
        Self {
            top: Top::read(from, &[]),
            run: Run::read(from, &[]),
            store: Store::read(from, &[]),
            artifacts: Artifacts::read(from, &[]),
            retention: Retention::read(from, &[]),
            tenants: from.each("tenants", TenantRetention::read),
            secrets: Secrets::read(from, &[]),
            flow_secrets: from.each("secrets.flow", FlowSecret::read),
            vision: Vision::read(from, &[]),
            browserbase: Browserbase::read(from, &[]),
            cloud_flows: from.each("browserbase.flow", CloudFlow::read),
            phoenix: Phoenix::read(from, &[]),
            datadog: Datadog::read(from, &[]),
        }
    }
}
