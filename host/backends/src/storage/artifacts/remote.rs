//! Artifacts with a cloud's object store: which address means which store, with which credentials, and how long one
//! waits for it. Credentials come as variables, never in an address.

use std::sync::Arc;

use flowguard_core::limits::{
    ARTIFACT_CONNECT_TIMEOUT, ARTIFACT_REQUEST_TIMEOUT, ARTIFACT_RETRY_TIME, MAX_ARTIFACT_RETRIES,
};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::path::Path;
use object_store::{ClientOptions, ObjectStore, RetryConfig};
use url::{Host, Url};

use super::place::Place;

/// What a store is opened with. It cannot be printed: the variables hold credentials.
#[derive(Clone, Default)]
pub struct RemoteOptions {
    /// Where an S3-compatible store is, for example `http://127.0.0.1:9000`; none for Amazon's own.
    pub endpoint: Option<String>,
    /// Variables in which stores find their credentials: `AWS_…`, `GOOGLE_…`, `AZURE_…`. Others are passed over.
    pub variables: Vec<(String, String)>,
}

/// Why no artifacts can be kept at an address.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PlaceError {
    /// It is none of a store.
    #[error(
        "artifacts cannot be kept at {0:?}: an address is s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://CONTAINER/PREFIX, and anything without :// is a folder"
    )]
    Unknown(String),
    /// It says more than a place. The address itself is not told: it may hold a password.
    #[error(
        "the address of the artifacts holds a user, a password, a port, a query or a fragment: credentials come from the environment, an endpoint has a setting of its own"
    )]
    MoreThanAPlace,
    /// Its prefix could leave its place.
    #[error(
        "the prefix of the artifacts {0:?} has a part that is empty, `.`, `..` or holds other than letters, digits and `-_.=`"
    )]
    Prefix(String),
    /// Only one kind of store has endpoints.
    #[error("an endpoint can be named for s3:// only")]
    NoEndpoint,
    /// It is no address of a server.
    #[error("the endpoint of the artifacts is no http:// or https:// address, or holds a user or a password")]
    Endpoint,
    /// It would be spoken to in clear.
    #[error("the endpoint {0} is on another machine and would be spoken to without encryption: use https://")]
    InClear(String),
    /// A setting in the environment is wrong.
    #[error("the store of artifacts at {0} cannot be used: {1}: check its variables in the environment")]
    Refused(String, String),
}

/// The place at an address.
pub(super) fn open(address: &str, options: &RemoteOptions) -> Result<Place, PlaceError> {
    let url = Url::parse(address).map_err(|_| unknown(address))?;
    if !url.username().is_empty()
        || url.password().is_some()
        || url.port().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return Err(PlaceError::MoreThanAPlace);
    }
    let bucket = url.host_str().filter(|bucket| !bucket.is_empty());
    let bucket = bucket.ok_or_else(|| unknown(address))?;
    let prefix = prefix(address)?;
    let shown = match prefix.as_ref() {
        "" => format!("{}://{bucket}", url.scheme()),
        below => format!("{}://{bucket}/{below}", url.scheme()),
    };
    let built = match url.scheme() {
        "s3" => s3(bucket, options)?,
        "gs" | "az" if options.endpoint.is_some() => return Err(PlaceError::NoEndpoint),
        "gs" => google(bucket, options),
        "az" => azure(bucket, options),
        _ => return Err(unknown(address)),
    };
    let store = built.map_err(|error| PlaceError::Refused(shown.clone(), error.to_string()))?;
    Ok(Place::Bucket {
        store,
        prefix,
        address: shown,
    })
}

type Built = Result<Arc<dyn ObjectStore>, object_store::Error>;

fn s3(bucket: &str, options: &RemoteOptions) -> Result<Built, PlaceError> {
    let mut builder = AmazonS3Builder::new();
    for (key, value) in settings::<AmazonS3ConfigKey>(options, "AWS_") {
        builder = builder.with_config(key, value);
    }
    if let Some(endpoint) = &options.endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    // A variable may have named one too.
    let endpoint = builder.get_config_value(&AmazonS3ConfigKey::Endpoint);
    let in_clear = endpoint.as_deref().map_or(Ok(false), is_in_clear)?;
    let builder = builder.with_bucket_name(bucket).with_retry(retries());
    let built = builder
        .with_client_options(client().with_allow_http(in_clear))
        .build();
    Ok(built.map(|store| -> Arc<dyn ObjectStore> { Arc::new(store) }))
}

fn google(bucket: &str, options: &RemoteOptions) -> Built {
    let mut builder = GoogleCloudStorageBuilder::new();
    for (key, value) in settings::<GoogleConfigKey>(options, "GOOGLE_") {
        builder = builder.with_config(key, value);
    }
    let builder = builder.with_bucket_name(bucket).with_retry(retries());
    Ok(Arc::new(builder.with_client_options(client()).build()?))
}

fn azure(container: &str, options: &RemoteOptions) -> Built {
    let mut builder = MicrosoftAzureBuilder::new();
    for (key, value) in settings::<AzureConfigKey>(options, "AZURE_") {
        // An emulator is spoken to in clear, wherever a variable says that it is.
        if key != AzureConfigKey::UseEmulator {
            builder = builder.with_config(key, value);
        }
    }
    let builder = builder.with_container_name(container).with_retry(retries());
    Ok(Arc::new(builder.with_client_options(client()).build()?))
}

/// The variables that a kind of store knows.
fn settings<K: std::str::FromStr>(options: &RemoteOptions, family: &str) -> Vec<(K, String)> {
    let of_family = options
        .variables
        .iter()
        .filter(|(name, _)| name.starts_with(family));
    let known =
        of_family.filter_map(|(name, value)| Some((name.to_ascii_lowercase().parse().ok()?, value.clone())));
    known.collect()
}

/// In clear only where the caller says so.
fn client() -> ClientOptions {
    ClientOptions::new()
        .with_connect_timeout(ARTIFACT_CONNECT_TIMEOUT)
        .with_timeout(ARTIFACT_REQUEST_TIMEOUT)
        .with_allow_http(false)
}

fn retries() -> RetryConfig {
    RetryConfig {
        max_retries: MAX_ARTIFACT_RETRIES,
        retry_timeout: ARTIFACT_RETRY_TIME,
        ..RetryConfig::default()
    }
}

/// Whether an endpoint is spoken to without encryption, which only this machine's may be.
fn is_in_clear(endpoint: &str) -> Result<bool, PlaceError> {
    let url = Url::parse(endpoint).map_err(|_| PlaceError::Endpoint)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(PlaceError::Endpoint);
    }
    match (url.scheme(), url.host()) {
        ("https", Some(_)) => Ok(false),
        ("http", Some(host)) if is_this_machine(&host) => Ok(true),
        ("http", Some(_)) => Err(PlaceError::InClear(url.origin().ascii_serialization())),
        _ => Err(PlaceError::Endpoint),
    }
}

fn is_this_machine(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// The prefix of an address, as it is written: what a parser would make of `..` is not what was meant.
fn prefix(address: &str) -> Result<Path, PlaceError> {
    let after_scheme = address.split_once("://").map_or("", |(_, rest)| rest);
    let below = after_scheme.split_once('/').map_or("", |(_, below)| below);
    let below = below.strip_suffix('/').unwrap_or(below);
    let is_plain = |part: &str| {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.=".contains(c);
        !["", ".", ".."].contains(&part) && part.chars().all(is_plain)
    };
    if !below.is_empty() && !below.split('/').all(is_plain) {
        return Err(PlaceError::Prefix(below.to_owned()));
    }
    Path::parse(below).map_err(|_| PlaceError::Prefix(below.to_owned()))
}

/// The address is told without what may be a password.
fn unknown(address: &str) -> PlaceError {
    let address = address.rsplit('@').next().unwrap_or_default();
    let shown = address.split(['?', '#']).next().unwrap_or_default();
    PlaceError::Unknown(shown.chars().take(200).collect())
}

#[cfg(test)]
#[path = "remote_tests.rs"]
mod tests;
