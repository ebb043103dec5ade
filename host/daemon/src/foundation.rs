//! What the program stands on before anything is opened: the configuration, with the secrets that belong into it, and the
//! secrets of flows. In production both come from AWS Secrets Manager; elsewhere the environment and `.env` will do.

use std::sync::Arc;

use crate::cli::UsageError;
use crate::config::{Config, Configuration, Mode, Precedence, Profile, SecretPlace};
use flowguard_backends::secrets::{AwsOptions, AwsSecrets, EnvironmentSecrets};
use flowguard_core::clock::{Clock, SystemClock};
use flowguard_core::secrets::{
    FlowSecrets, Required, Scrubber, SecretCache, SecretPolicies, SecretPolicy, SecretSet, SecretSource,
    StartError, WhenMissing, check_start,
};

/// The file of a developer's own secrets, beside `flowguard.toml`.
const DOTENV: &str = ".env";

/// What everything else is built on.
pub(crate) struct Foundation {
    pub(crate) configuration: Arc<Configuration>,
    /// What flows may have typed without reading it.
    pub(crate) secrets: Arc<FlowSecrets>,
    pub(crate) clock: Arc<dyn Clock>,
    cache: Arc<SecretCache>,
}

impl Foundation {
    /// Fetches the secrets, and reads the configuration again with them. `known` hears of each secret before anybody can
    /// use it.
    ///
    /// # Errors
    /// In production: secrets that cannot be fetched, or are missing. Anywhere: secrets that the configuration does not
    /// take, and a source without a name.
    pub(crate) async fn lay(configuration: Configuration, known: &Arc<Scrubber>) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let config = configuration.first();
        let is_production = config.top.profile == Profile::Production;
        let source = source(&configuration).await?;
        let policies = policies(config)?;
        let learns = FlowSecrets::learning(&policies, known.clone());
        let cache = Arc::new(SecretCache::new(source, clock.clone(), learns));
        if is_production {
            check_start(&cache, &needed(config), WhenMissing::Refuse)
                .await
                .map_err(refused)?;
        }
        let precedence = precedence(config);
        let configuration = match cache.get().await {
            Ok(set) => configuration
                .with_secrets(&set, precedence)
                .map_err(|mistakes| UsageError(mistakes.to_string()))?,
            Err(error) => {
                tracing::warn!(%error, place = %cache.place(), "the configuration is used without secrets");
                configuration
            }
        };
        known.learn(configuration.now().secrets());
        Ok(Self {
            secrets: Arc::new(FlowSecrets::new(policies, cache.clone(), known.clone())),
            configuration: Arc::new(configuration),
            clock,
            cache,
        })
    }

    /// What the program is built from.
    pub(crate) fn config(&self) -> &Config {
        self.configuration.first()
    }

    /// Before flows are run: says which of their secrets are missing. In production the start was refused then.
    pub(crate) async fn warn_of_missing_secrets(&self) -> anyhow::Result<()> {
        check_start(&self.cache, &needed_by_flows(self.config()), WhenMissing::Warn)
            .await
            .map_err(refused)?;
        Ok(())
    }
}

/// The lists of flows' secrets.
pub(crate) fn policies(config: &Config) -> Result<SecretPolicies, UsageError> {
    let each = config.flow_secrets.iter().map(|(name, secret)| {
        let policy = SecretPolicy {
            origins: secret.origins.iter().map(|origin| origin.0.clone()).collect(),
            components: secret.components.clone(),
        };
        (name.clone(), policy)
    });
    SecretPolicies::new(each).map_err(|error| UsageError(error.to_string()))
}

/// What secrets are to the variables of their names.
pub(crate) fn precedence(config: &Config) -> Precedence {
    let is_production = config.top.profile == Profile::Production;
    match (config.secrets_are_in(), is_production) {
        (SecretPlace::Aws, true) => Precedence::Alone,
        (SecretPlace::Aws, false) => Precedence::Over,
        (SecretPlace::Environment, _) => Precedence::Under,
    }
}

/// The configuration with the secrets that can be had; a source that does not answer is told.
pub(crate) async fn with_what_secrets_there_are(
    configuration: Configuration,
) -> anyhow::Result<Configuration> {
    let precedence = precedence(configuration.first());
    let fetched = match source(&configuration).await {
        Ok(source) => source.fetch().await.map_err(anyhow::Error::from),
        Err(error) => Err(error),
    };
    match fetched {
        Ok(set) => Ok(configuration
            .with_secrets(&set, precedence)
            .map_err(|mistakes| UsageError(mistakes.to_string()))?),
        Err(error) => {
            tracing::warn!(%error, "this is without the secrets");
            Ok(configuration)
        }
    }
}

/// The names of secrets that are needed and not there.
pub(crate) fn missing(config: &Config, set: &SecretSet) -> Vec<String> {
    let needed = match config.top.profile {
        Profile::Production => needed(config),
        _ => needed_by_flows(config),
    };
    let missing = needed.into_iter().filter(|one| set.get(&one.name).is_none());
    missing.map(|one| one.name).collect()
}

/// Where secrets come from.
pub(crate) async fn source(configuration: &Configuration) -> anyhow::Result<Arc<dyn SecretSource>> {
    let config = configuration.first();
    if config.secrets_are_in() == SecretPlace::Environment {
        let is_production = config.top.profile == Profile::Production;
        let dotenv = (!is_production).then(|| configuration.folder().join(DOTENV));
        let variables = configuration.environment().texts();
        return Ok(Arc::new(EnvironmentSecrets::new(variables, dotenv)));
    }
    let name = config.secrets.name.clone().ok_or_else(|| {
        UsageError(
            "in the profile production secrets come from AWS Secrets Manager: name the secret with `secrets.name` or FLOWGUARD_SECRET_NAME, or say `secrets.source = \"environment\"`"
                .to_owned(),
        )
    })?;
    let options = AwsOptions {
        region: config.secrets.region.clone(),
        endpoint: config.secrets.endpoint.as_ref().map(ToString::to_string),
        ..AwsOptions::new(name)
    };
    Ok(Arc::new(AwsSecrets::new(options).await))
}

/// What a host in production cannot do without.
fn needed(config: &Config) -> Vec<Required> {
    let vision = config.vision.model.is_some();
    let cloud = config.run.mode == Some(Mode::Cloud) || config.browserbase.project.is_some();
    let own = [
        ("MONGODB_URI", "the store", true),
        ("FLOWGUARD_MASTER_KEY", "its encryption", true),
        ("ANTHROPIC_API_KEY", "vision", vision),
        ("BROWSERBASE_API_KEY", "browsers in the cloud", cloud),
    ];
    let own = own
        .into_iter()
        .filter(|(.., is_needed)| *is_needed)
        .map(|(name, purpose, _)| Required {
            name: name.to_owned(),
            purpose: purpose.to_owned(),
        });
    own.chain(needed_by_flows(config)).collect()
}

fn needed_by_flows(config: &Config) -> Vec<Required> {
    let names = config.flow_secrets.keys();
    let of_flow = |name: &String| Required {
        name: name.clone(),
        purpose: "typed by flows".to_owned(),
    };
    names.map(of_flow).collect()
}

/// What is missing is for the operator to put there; what cannot be fetched may be there.
fn refused(error: StartError) -> anyhow::Error {
    match error {
        StartError::Missing { .. } => UsageError(error.to_string()).into(),
        StartError::NoSecrets { .. } => error.into(),
    }
}
