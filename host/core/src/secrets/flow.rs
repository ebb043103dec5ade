//! The secrets of flows: which one a component may have typed, and where. A value goes from here into the browser and
//! nowhere else; before it does, it is known to the [`Scrubber`] of all that leaves the host.

use serde_json::{Value, json};
use std::sync::{Arc, PoisonError, RwLock};

use super::calls::FillSecret;
use super::{
    Caller, PLATFORM_SECRETS, Scrubber, Secret, SecretCache, SecretPolicies, SecretSet, SourceError,
};
use crate::browser::Browser;
use crate::failure::{Code, Failure, cut};
use crate::limits::{MAX_FOUND_SECRET_BYTES, MIN_FOUND_SECRET_BYTES};

/// The secrets of all flows.
#[derive(Default)]
pub struct FlowSecrets {
    policies: RwLock<Arc<SecretPolicies>>,
    /// None where no secret was configured.
    cache: Option<Arc<SecretCache>>,
    known: Arc<Scrubber>,
}

/// The secrets that the flow of one run may have typed.
#[derive(Clone)]
pub struct RunSecrets {
    all: Arc<FlowSecrets>,
    caller: Caller,
}

impl FlowSecrets {
    /// The secrets of this cache, given as the policies say. The cache learns by [`FlowSecrets::learning`].
    #[must_use]
    pub fn new(policies: SecretPolicies, cache: Arc<SecretCache>, known: Arc<Scrubber>) -> Self {
        Self {
            policies: RwLock::new(Arc::new(policies)),
            cache: Some(cache),
            known,
        }
    }

    /// What a cache tells of each new set: values of flows and of the platform are kept out of all that leaves the host.
    /// What else lies beside them, the name of a region for example, is no secret.
    pub fn learning(
        policies: &SecretPolicies,
        known: Arc<Scrubber>,
    ) -> impl Fn(&SecretSet) + Send + Sync + 'static {
        let names: Vec<String> = policies.names().map(|name| name.as_str().to_owned()).collect();
        move |set| {
            let ours = names.iter().map(String::as_str).chain(PLATFORM_SECRETS);
            known.learn(ours.filter_map(|name| set.get(name)));
        }
    }

    /// The search for what must not leave the host.
    #[must_use]
    pub const fn known(&self) -> &Arc<Scrubber> {
        &self.known
    }

    /// How the values stand, for people: where they come from, how old they are, and what keeps newer ones away.
    #[must_use]
    pub fn status(&self) -> Value {
        let Some(cache) = &self.cache else {
            return Value::Null;
        };
        json!({
            "from": cache.place(),
            "age_ms": cache.age().map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX)),
            "stale": cache.is_stale(),
            "trouble": cache.trouble().map(|error| error.to_string()),
        })
    }

    /// The names of the secrets that this component may have typed.
    #[must_use]
    pub fn given_to(&self, caller: &Caller) -> Vec<String> {
        self.policies().given_to(caller)
    }

    /// From now on secrets are given as these say.
    pub fn give(&self, policies: SecretPolicies) {
        *self.policies.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(policies);
    }

    fn policies(&self) -> Arc<SecretPolicies> {
        self.policies
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Has values known before a run of this component begins, as far as there are any: what a page shows of them
    /// is then kept out from the first call on. Why there are none is told by the call that needs one.
    pub async fn prepare(&self, caller: &Caller) {
        let names = self.given_to(caller);
        if let Some(cache) = &self.cache
            && !names.is_empty()
            && let Ok(set) = cache.get().await
        {
            self.known.learn(names.iter().filter_map(|name| set.get(name)));
        }
    }

    /// The secrets of one run.
    #[must_use]
    pub fn of_run(self: &Arc<Self>, caller: Caller) -> RunSecrets {
        RunSecrets {
            all: self.clone(),
            caller,
        }
    }

    async fn value(&self, name: &str) -> Result<Secret, Failure> {
        let Some(cache) = &self.cache else {
            return Err(denial(name));
        };
        let set = cache.get().await.map_err(|error| no_secrets(&error))?;
        let Some(secret) = set.get(name) else {
            let place = cache.place();
            let message = format!("the secret {name:?} is configured and has no value: put one into {place}");
            return Err(Failure::new(Code::NotConfigured, message));
        };
        usable(name, secret)?;
        // Also where the set was learned long ago: there may have been too many since.
        self.known.learn([secret]);
        Ok(secret.clone())
    }
}

impl RunSecrets {
    /// Types a secret into a field, where the component and the origin of the field's frame are on its list.
    ///
    /// # Errors
    /// [`Code::Denied`] where they are not, which does not say whether there is such a secret; [`Code::NotConfigured`]
    /// where it cannot be used; [`Code::Unavailable`] where it cannot be had; else as filling a field.
    pub async fn fill(&self, browser: &Browser, call: &FillSecret) -> Result<(), Failure> {
        let policies = self.all.policies();
        let origins = policies.origins(&call.name, &self.caller);
        let origins = origins.ok_or_else(|| denial(&call.name))?;
        let secret = self.all.value(&call.name).await?;
        browser.fill_secret(call, &secret, origins).await
    }
}

/// Neither says whether the secret exists, nor which of the lists was in the way.
pub(crate) fn denial(name: &str) -> Failure {
    let name = cut(name.to_owned(), 64);
    let message = format!(
        "the secret {name:?} may not be typed here by this component: the secret's own list names the components and the origins"
    );
    Failure::new(Code::Denied, message)
}

/// What cannot be kept out of reports is not typed.
fn usable(name: &str, secret: &Secret) -> Result<(), Failure> {
    let unusable = |why: String| {
        let message = format!("the secret {name:?} cannot be used: {why}");
        Err(Failure::new(Code::NotConfigured, message))
    };
    if !Scrubber::can_find(secret.reveal()) {
        return unusable(format!(
            "it must have {MIN_FOUND_SECRET_BYTES} to {MAX_FOUND_SECRET_BYTES} bytes, so that it can be kept out of what FlowGuard writes"
        ));
    }
    if secret.reveal().chars().any(char::is_control) {
        return unusable(
            "it has a line break or another control character, which fields take out".to_owned(),
        );
    }
    Ok(())
}

fn no_secrets(error: &SourceError) -> Failure {
    let mut failure = Failure::new(Code::Unavailable, error.to_string());
    failure.retryable = matches!(error, SourceError::Transient(_));
    failure
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::Digest;
    use crate::clock::SystemClock;
    use crate::secrets::SecretPolicy;
    use crate::secrets::fixed::Fixed;

    fn secrets(answer: Result<&'static str, SourceError>) -> Arc<FlowSecrets> {
        let policy = |component: &str| SecretPolicy {
            origins: vec!["https://shop.example".to_owned()],
            components: vec![component.to_owned()],
        };
        let names = ["shop-password", "short", "lines", "gone"];
        let policies = names.map(|name| (name.to_owned(), policy("checkout")));
        let policies = SecretPolicies::new(policies).expect("policies");
        let known = Arc::<Scrubber>::default();
        let learns = FlowSecrets::learning(&policies, known.clone());
        let cache = SecretCache::new(
            Arc::new(Fixed(answer, "the test")),
            Arc::new(SystemClock::new()),
            learns,
        );
        Arc::new(FlowSecrets::new(policies, Arc::new(cache), known))
    }

    const SET: &str = r#"{"shop-password":"hunter2-hunter2","short":"12345","lines":"ab\ncdefgh",
        "MONGODB_URI":"mongodb://ann:topsecret@db","AWS_REGION":"eu-central-1"}"#;

    fn checkout() -> Caller {
        Caller {
            component: "checkout".to_owned(),
            digest: Digest::of(b""),
        }
    }

    #[tokio::test]
    async fn what_is_secret_is_known_before_the_first_call_and_nothing_else_is() {
        let all = secrets(Ok(SET));
        assert_eq!(all.known().text("hunter2-hunter2"), "hunter2-hunter2");
        let other = Caller {
            component: "other".to_owned(),
            ..checkout()
        };
        all.prepare(&other).await;
        assert_eq!(
            all.known().text("hunter2-hunter2"),
            "hunter2-hunter2",
            "nothing is fetched for it"
        );
        all.prepare(&checkout()).await;
        assert_eq!(
            all.known()
                .text("hunter2-hunter2 mongodb://ann:topsecret@db eu-central-1"),
            "[secret] [secret] eu-central-1"
        );
    }

    #[tokio::test]
    async fn what_cannot_be_kept_out_of_reports_is_not_typed() {
        let all = secrets(Ok(SET));
        for (name, expected) in [
            ("short", "it must have 6 to 8192 bytes"),
            ("lines", "control character"),
            ("gone", "has no value: put one into the test"),
        ] {
            let failure = all.value(name).await.expect_err("it is refused");
            assert_eq!(failure.code, Code::NotConfigured);
            assert!(failure.message.contains(expected), "{}", failure.message);
            assert!(!failure.message.contains("12345"), "{}", failure.message);
        }
        assert_eq!(all.value("shop-password").await.map(|s| s.reveal().len()), Ok(15));
    }

    #[tokio::test]
    async fn a_source_that_is_away_or_refuses_is_the_platform_s_fault() {
        let away = SourceError::Transient("throttled".to_owned());
        let denied = SourceError::Denied("AccessDeniedException".to_owned());
        for (error, retryable) in [(away, true), (denied, false)] {
            let failure = secrets(Err(error))
                .value("shop-password")
                .await
                .expect_err("there is none");
            assert_eq!((failure.code, failure.retryable), (Code::Unavailable, retryable));
        }
    }

    #[test]
    fn a_denial_says_nothing_of_what_there_is() {
        let failure = denial("shop-password");
        assert_eq!(failure.code, Code::Denied);
        assert_eq!(
            denial("no-such-one")
                .message
                .replace("no-such-one", "shop-password"),
            failure.message
        );
        assert!(denial(&"x".repeat(10_000)).message.len() < 300);
    }
}
