//! Whose secrets are: which components may have one typed, and into pages of which origins. Pure words; who asks and
//! where is checked elsewhere.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use url::Url;

use crate::artifact::Digest;
use crate::label::is_label;

/// The name of a flow's secret: 1 to 63 of `a-z`, `0-9` and `-`, not beginning with `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct SecretName(String);

impl SecretName {
    /// The name that a text is, if it can be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        is_label(text).then(|| Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Who may have a secret typed, and where. A list that is empty allows nobody, or nowhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretPolicy {
    /// Origins as a browser writes them: `https://shop.example`, `http://127.0.0.1:4000`. Each is exact: no wildcard,
    /// no path, and a port where it is not the scheme's own.
    #[serde(default)]
    pub origins: Vec<String>,
    /// Components, each by its name or by the digest of its content.
    #[serde(default)]
    pub components: Vec<String>,
}

/// Why a policy is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The name cannot be one.
    #[error(
        "{0:?} cannot be the name of a flow's secret: it has 1 to 63 of a-z, 0-9 and -, and does not begin with -"
    )]
    Name(String),
    /// The environment cannot hold it.
    #[error("a flow's secret cannot be called \"name\": FLOWGUARD_SECRET_NAME names the secret of AWS")]
    Reserved,
    /// It is no origin.
    #[error(
        "the secret {secret:?} names no origin with {origin:?}: write it as a browser does, with the scheme http or https and no path, for example https://shop.example"
    )]
    Origin {
        /// The secret.
        secret: String,
        /// What stands there.
        origin: String,
    },
}

/// The policies of all flows' secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretPolicies(BTreeMap<SecretName, SecretPolicy>);

/// Who asks for a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The component's name, as it says itself.
    pub component: String,
    /// The digest of its content.
    pub digest: Digest,
}

impl SecretPolicies {
    /// The policies, by name.
    ///
    /// # Errors
    /// The first that is none.
    pub fn new(policies: impl IntoIterator<Item = (String, SecretPolicy)>) -> Result<Self, PolicyError> {
        let mut all = BTreeMap::new();
        for (name, mut policy) in policies {
            if name == "name" {
                return Err(PolicyError::Reserved);
            }
            let known = SecretName::parse(&name).ok_or_else(|| PolicyError::Name(name.clone()))?;
            for origin in &mut policy.origins {
                *origin = exact_origin(origin).ok_or_else(|| PolicyError::Origin {
                    secret: name.clone(),
                    origin: origin.clone(),
                })?;
            }
            all.insert(known, policy);
        }
        Ok(Self(all))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &SecretName> {
        self.0.keys()
    }

    /// The secrets that this component may have typed.
    #[must_use]
    pub fn given_to(&self, caller: &Caller) -> Vec<String> {
        let given = self.0.iter().filter(|(_, policy)| policy.allows(caller));
        given.map(|(name, _)| name.as_str().to_owned()).collect()
    }

    /// The origins into whose pages a secret may be typed for this component; none where it may not at all.
    #[must_use]
    pub fn origins(&self, name: &str, caller: &Caller) -> Option<&[String]> {
        let policy = self.0.get(&SecretName::parse(name)?)?;
        policy.allows(caller).then_some(policy.origins.as_slice())
    }
}

impl SecretPolicy {
    fn allows(&self, Caller { component, digest }: &Caller) -> bool {
        // A component says its own name, so none gets in by calling itself what the digest of another is.
        let is_it = |listed: &String| match Digest::parse(listed) {
            Some(listed) => listed == *digest,
            None => listed == component,
        };
        self.components.iter().any(is_it)
    }
}

/// The origin of a web address that says nothing else, as browsers write it: in lower case, without a port that need not be
/// there. A star is legal in a name, and would be taken for "any": it is refused.
#[must_use]
pub fn origin_of(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let is_web = matches!(url.scheme(), "http" | "https");
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let has_nobody = url.username().is_empty() && url.password().is_none();
    let origin = url.origin().ascii_serialization();
    (is_web && is_bare && has_nobody && !origin.contains('*')).then_some(origin)
}

/// An origin that is written as browsers write it.
fn exact_origin(text: &str) -> Option<String> {
    origin_of(text).filter(|origin| text.strip_suffix('/').unwrap_or(text) == origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(component: &str) -> Caller {
        Caller {
            component: component.to_owned(),
            digest: Digest::of(component.as_bytes()),
        }
    }

    fn policies(name: &str, origins: &[&str], components: &[&str]) -> Result<SecretPolicies, PolicyError> {
        let list = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let policy = SecretPolicy {
            origins: list(origins),
            components: list(components),
        };
        SecretPolicies::new([(name.to_owned(), policy)])
    }

    #[test]
    fn origins_are_exact() {
        for good in [
            "https://shop.example",
            "https://shop.example/",
            "http://127.0.0.1:4000",
            "http://[::1]:4000",
        ] {
            assert!(policies("p", &[good], &[]).is_ok(), "{good}");
        }
        for bad in [
            "",
            "null",
            "shop.example",
            "*",
            "https://*",
            "https://*.shop.example",
            "*://shop.example",
            "https://shop.example:*",
            "https://shop.example:443",
            "https://shop.example/login",
            "https://shop.example?x",
            "https://shop.example#x",
            "https://ann@shop.example",
            "https://SHOP.example",
            " https://shop.example",
            "file:///etc",
            "data:text/html,x",
            "blob:https://shop.example",
            "about:blank",
        ] {
            let refused = matches!(policies("p", &[bad], &[]), Err(PolicyError::Origin { .. }));
            assert!(refused, "{bad}");
        }
    }

    #[test]
    fn names_are_those_that_a_variable_can_have() {
        for good in ["a", "shop-password", "0", "a--b"] {
            assert!(policies(good, &[], &[]).is_ok(), "{good}");
        }
        let long = "x".repeat(64);
        for bad in [
            "",
            "-a",
            "Shop",
            "shop_password",
            "shop.password",
            "shop password",
            long.as_str(),
        ] {
            assert_eq!(policies(bad, &[], &[]), Err(PolicyError::Name(bad.to_owned())));
        }
        assert_eq!(policies("name", &[], &[]), Err(PolicyError::Reserved));
    }

    #[test]
    fn a_secret_is_for_the_components_on_its_list() {
        let digest = Digest::of(b"pinned").as_str().to_owned();
        let all = policies("p", &["https://shop.example"], &["checkout", &digest]).expect("a policy");
        let origins: &[String] = &["https://shop.example".to_owned()];
        assert_eq!(all.origins("p", &caller("checkout")), Some(origins));
        assert_eq!(all.origins("p", &caller("pinned")), Some(origins));
        for (name, component) in [
            ("p", "check"),
            ("p", "Checkout"),
            ("p", "*"),
            ("q", "checkout"),
            ("", "checkout"),
        ] {
            assert_eq!(all.origins(name, &caller(component)), None, "{name} {component}");
        }
        let impostor = Caller {
            component: digest,
            ..caller("other")
        };
        assert_eq!(all.origins("p", &impostor), None);
        assert_eq!(all.given_to(&caller("checkout")), ["p"]);
        assert!(all.given_to(&caller("other")).is_empty());
    }
}
