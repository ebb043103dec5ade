//! Whether a host may start: which of the secrets that it needs are missing. Never a value, and never a back end's
//! choice: who asks says how strict to be.

use super::{SecretCache, SourceError};

/// The platform's own secrets, by the names that the environment and the set of AWS have for them.
pub const PLATFORM_SECRETS: [&str; 7] = [
    "MONGODB_URI",
    "ANTHROPIC_API_KEY",
    "BROWSERBASE_API_KEY",
    "DD_API_KEY",
    "FLOWGUARD_MASTER_KEY",
    "FLOWGUARD_MASTER_KEY_FORMER",
    "PHOENIX_API_KEY",
];

/// A secret that is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Required {
    /// Its name.
    pub name: String,
    /// What for, as a person says it: `the store`.
    pub purpose: String,
}

/// What comes of a secret that is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenMissing {
    /// The host does not start: production.
    Refuse,
    /// It starts without, and says so: development.
    Warn,
}

/// Why a host must not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The secrets cannot be had at all.
    #[error("{error}; they are needed for {} and come from {place}", told(.missing))]
    NoSecrets {
        /// Why.
        error: SourceError,
        /// All that are needed.
        missing: Vec<Required>,
        /// Where they come from.
        place: String,
    },
    /// Some are not there.
    #[error("these secrets are missing in {place}: {}", told(.missing))]
    Missing {
        /// Which.
        missing: Vec<Required>,
        /// Where they come from.
        place: String,
    },
}

/// Looks whether what is needed is there; what is missing, where the host may start without.
///
/// # Errors
/// [`StartError`] where it may not; each missing secret is named.
pub async fn check_start(
    cache: &SecretCache,
    required: &[Required],
    when: WhenMissing,
) -> Result<Vec<Required>, StartError> {
    if required.is_empty() {
        return Ok(Vec::new());
    }
    let place = cache.place();
    let error = match cache.get().await {
        Ok(set) => {
            let is_missing = |one: &&Required| set.get(&one.name).is_none();
            let missing: Vec<Required> = required.iter().filter(is_missing).cloned().collect();
            if missing.is_empty() {
                return Ok(missing);
            }
            StartError::Missing { missing, place }
        }
        Err(error) => StartError::NoSecrets {
            error,
            missing: required.to_vec(),
            place,
        },
    };
    match (when, error) {
        (WhenMissing::Refuse, error) => Err(error),
        (WhenMissing::Warn, error) => {
            tracing::warn!(%error, "the host starts without some secrets; what needs them will fail");
            let (StartError::Missing { missing, .. } | StartError::NoSecrets { missing, .. }) = error;
            Ok(missing)
        }
    }
}

fn told(missing: &[Required]) -> String {
    let one = |Required { name, purpose }: &Required| match purpose.as_str() {
        "" => name.clone(),
        purpose => format!("{name} ({purpose})"),
    };
    missing.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::SystemClock;
    use crate::secrets::fixed::Fixed;

    fn cache(answer: Result<&'static str, SourceError>) -> SecretCache {
        SecretCache::new(
            Arc::new(Fixed(answer, "AWS Secrets Manager, secret \"fg\"")),
            Arc::new(SystemClock::new()),
            |_| (),
        )
    }

    fn required() -> Vec<Required> {
        let one = |name: &str, purpose: &str| Required {
            name: name.to_owned(),
            purpose: purpose.to_owned(),
        };
        vec![
            one("MONGODB_URI", "the store"),
            one("DD_API_KEY", "Datadog"),
            one("shop-password", ""),
        ]
    }

    #[tokio::test]
    async fn production_names_each_secret_that_is_missing() {
        let some = cache(Ok(r#"{"DD_API_KEY":"topsecret","MONGODB_URI":""}"#));
        let error = check_start(&some, &required(), WhenMissing::Refuse).await;
        assert_eq!(
            error.expect_err("it may not start").to_string(),
            "these secrets are missing in AWS Secrets Manager, secret \"fg\": MONGODB_URI (the store), shop-password"
        );
        let none = cache(Err(SourceError::Denied("AccessDeniedException".to_owned())));
        let error = check_start(&none, &required(), WhenMissing::Refuse).await;
        assert_eq!(
            error.expect_err("it may not start").to_string(),
            "the secrets may not be read: AccessDeniedException; they are needed for MONGODB_URI (the store), \
             DD_API_KEY (Datadog), shop-password and come from AWS Secrets Manager, secret \"fg\""
        );
        let all = cache(Ok(r#"{"DD_API_KEY":"a","MONGODB_URI":"b","shop-password":"c"}"#));
        assert_eq!(
            check_start(&all, &required(), WhenMissing::Refuse).await,
            Ok(Vec::new())
        );
    }

    #[tokio::test]
    async fn development_starts_without_and_knows_what_is_missing() {
        let some = cache(Ok(r#"{"DD_API_KEY":"topsecret"}"#));
        let missing = check_start(&some, &required(), WhenMissing::Warn)
            .await
            .expect("it starts");
        let names: Vec<&str> = missing.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["MONGODB_URI", "shop-password"]);
        let none = cache(Err(SourceError::Malformed("no JSON".to_owned())));
        let missing = check_start(&none, &required(), WhenMissing::Warn)
            .await
            .expect("it starts");
        assert_eq!(missing.len(), 3);
    }
}
