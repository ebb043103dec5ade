//! The secrets of flows as this machine has them: their lists from `flowguard.toml`, their values from the environment
//! and `.env`. For development: production reads them from AWS, and never from here.

use anyhow::Context;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::cli::UsageError;
use flowguard_backends::secrets::EnvironmentSecrets;
use flowguard_core::clock::Clock;
use flowguard_core::secrets::{FlowSecrets, Scrubber, SecretCache, SecretPolicies, SecretPolicy};

/// Where the configuration is, instead of the present folder.
const CONFIGURATION: &str = "FLOWGUARD_CONFIG";

/// What is read of the configuration here.
#[derive(Default, Deserialize)]
struct Configuration {
    #[serde(default)]
    secrets: Secrets,
}

#[derive(Default, Deserialize)]
struct Secrets {
    #[serde(default)]
    flow: BTreeMap<String, SecretPolicy>,
}

/// The secrets of flows; no value is fetched yet. `known` hears of each before anybody can use it.
pub(crate) fn open(clock: &Arc<dyn Clock>, known: &Arc<Scrubber>) -> anyhow::Result<FlowSecrets> {
    let policies = policies()?;
    if policies.is_empty() {
        return Ok(FlowSecrets::default());
    }
    let readable = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    let variables = std::env::vars_os().filter_map(readable);
    let source = EnvironmentSecrets::new(variables, Some(PathBuf::from(".env")));
    let learns = FlowSecrets::learning(&policies, known.clone());
    let cache = SecretCache::new(Arc::new(source), clock.clone(), learns);
    Ok(FlowSecrets::new(policies, Arc::new(cache), known.clone()))
}

fn policies() -> anyhow::Result<SecretPolicies> {
    let named = std::env::var_os(CONFIGURATION).map(PathBuf::from);
    let file = named.clone().unwrap_or_else(|| PathBuf::from("flowguard.toml"));
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && named.is_none() => {
            return Ok(SecretPolicies::default());
        }
        Err(error) => return Err(error).with_context(|| file.display().to_string()),
    };
    let wrong = |why: &dyn std::fmt::Display| UsageError(format!("{}: {why}", file.display()));
    let Configuration { secrets } = toml::from_str(&text).map_err(|error| wrong(&error))?;
    Ok(SecretPolicies::new(secrets.flow).map_err(|error| wrong(&error))?)
}
