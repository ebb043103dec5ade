//! `flowguard env validate`: whether everything that the configuration names is there and knows us, found out by really
//! asking it. All are asked at once, each in a time of its own; nothing is changed but a counter of DogStatsD's and the
//! indexes of the store.

mod checks;
mod show;

pub(crate) use show::{json, table};

use futures::future::{BoxFuture, join_all};
use std::time::{Duration, Instant};

use crate::config::{Configuration, SecretPlace};
use crate::foundation;
use flowguard_backends::probes::{Answered, Fault};
use flowguard_core::limits::PROBE_TIMEOUT;

/// What is looked at, in the order in which it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Subject {
    Disk,
    Browser,
    Secrets,
    Mongodb,
    Artifacts,
    Vision,
    Browserbase,
    DatadogAgent,
    Dogstatsd,
    Phoenix,
}

impl Subject {
    /// As people name it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Disk => "disk",
            Self::Browser => "browser",
            Self::Secrets => "secrets",
            Self::Mongodb => "mongodb",
            Self::Artifacts => "artifacts",
            Self::Vision => "vision",
            Self::Browserbase => "browserbase",
            Self::DatadogAgent => "datadog-agent",
            Self::Dogstatsd => "dogstatsd",
            Self::Phoenix => "phoenix",
        }
    }

    /// Whether flows cannot do without it, where it is configured. What only watches them is no reason not to run them.
    const fn is_required(self) -> bool {
        !matches!(self, Self::DatadogAgent | Self::Dogstatsd | Self::Phoenix)
    }
}

/// What came of looking at something.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) subject: Subject,
    pub(crate) state: State,
}

/// How something is.
#[derive(Debug)]
pub(crate) enum State {
    /// Nobody configured it; what to say to have it.
    NotConfigured(&'static str),
    /// It answered.
    Fine { answered: String, took: Duration },
    /// It did not, or not well.
    Failed { fault: Fault, took: Duration },
}

impl Finding {
    /// Whether flows cannot be run because of it.
    pub(crate) fn stands_in_the_way(&self) -> bool {
        self.subject.is_required() && matches!(self.state, State::Failed { .. })
    }
}

/// A look at something; none where it is not configured.
type Look = Result<BoxFuture<'static, Answered>, &'static str>;

/// Looks at all of these.
pub(crate) async fn look(configuration: Configuration, subjects: &[Subject]) -> Vec<Finding> {
    let is_asked = |subject: Subject| subjects.is_empty() || subjects.contains(&subject);
    let mut findings = Vec::new();
    // The others may need what it brings.
    let (secrets, configuration) = secrets(configuration).await;
    if is_asked(Subject::Secrets) {
        findings.push(secrets);
    }
    let config = configuration.first().clone();
    let looks = [
        (Subject::Disk, checks::disk(&config)),
        (Subject::Browser, checks::browser(&config)),
        (Subject::Mongodb, checks::mongodb(&config)),
        (Subject::Artifacts, checks::artifacts(&configuration)),
        (Subject::Vision, checks::vision(&config)),
        (Subject::Browserbase, checks::browserbase(&config)),
        (Subject::DatadogAgent, checks::datadog_agent(&config)),
        (Subject::Dogstatsd, checks::dogstatsd(&config)),
        (Subject::Phoenix, checks::phoenix(&config)),
    ];
    let asked = looks.into_iter().filter(|(subject, _)| is_asked(*subject));
    let found = join_all(asked.map(|(subject, look)| async move {
        Finding {
            subject,
            state: state(look).await,
        }
    }));
    findings.extend(found.await);
    findings.sort_by_key(|finding| finding.subject as u8);
    findings
}

async fn state(look: Look) -> State {
    let look = match look {
        Ok(look) => look,
        Err(hint) => return State::NotConfigured(hint),
    };
    let began = Instant::now();
    let answered = tokio::time::timeout(PROBE_TIMEOUT, look).await;
    let took = began.elapsed();
    match answered {
        Ok(Ok(answered)) => State::Fine { answered, took },
        Ok(Err(fault)) => State::Failed { fault, took },
        Err(_) => {
            let reason = format!("no answer within {} s", PROBE_TIMEOUT.as_secs());
            let fault = Fault::new(reason, "check its address and the network between");
            State::Failed { fault, took }
        }
    }
}

/// The secrets, and the configuration with them.
async fn secrets(configuration: Configuration) -> (Finding, Configuration) {
    let of = |state| Finding {
        subject: Subject::Secrets,
        state,
    };
    let config = configuration.first();
    let is_aws = config.secrets_are_in() == SecretPlace::Aws;
    let began = Instant::now();
    let advice = match is_aws {
        true => "check FLOWGUARD_SECRET_NAME, AWS_REGION, and the rights of AWS's credentials",
        false => "mend `.env`",
    };
    let failed = |reason: String| State::Failed {
        fault: Fault::new(reason, advice),
        took: began.elapsed(),
    };
    let source = match foundation::source(&configuration).await {
        Ok(source) => source,
        Err(error) => return (of(failed(error.to_string())), configuration),
    };
    let set = match source.fetch().await {
        Ok(set) => set,
        Err(error) => return (of(failed(error.to_string())), configuration),
    };
    let missing = foundation::missing(config, &set);
    let precedence = foundation::precedence(config);
    match configuration.with_secrets(&set, precedence) {
        Err(mistakes) => (of(failed(mistakes.to_string())), configuration),
        Ok(whole) if !missing.is_empty() => {
            let reason = format!("missing in {}: {}", source.place(), missing.join(", "));
            (of(failed(reason)), whole)
        }
        Ok(whole) if is_aws => {
            let answered = format!(
                "{}: {}",
                source.place(),
                set.names().collect::<Vec<_>>().join(", ")
            );
            let took = began.elapsed();
            (of(State::Fine { answered, took }), whole)
        }
        Ok(whole) => {
            let hint = "they come from the environment and `.env`; for AWS set FLOWGUARD_SECRET_NAME";
            (of(State::NotConfigured(hint)), whole)
        }
    }
}
