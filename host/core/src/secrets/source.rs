//! Where secrets come from: one port, which fetches the whole set. Never a single value by itself: one that is
//! rotated must not be seen beside others of before.

use async_trait::async_trait;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

use super::Secret;
use crate::limits::{MAX_NAMED_SECRETS, MAX_SECRET_NAME_BYTES, MAX_SECRET_SET_BYTES};

/// Fetches all secrets at once.
#[async_trait]
pub trait SecretSource: Send + Sync {
    /// All secrets, as they are now. It ends by itself, in a time of its own.
    ///
    /// # Errors
    /// See [`SourceError`]: what the caller does differently.
    async fn fetch(&self) -> Result<SecretSet, SourceError>;

    /// Where that is, for messages: `AWS Secrets Manager, secret "flowguard/production"`.
    fn place(&self) -> String;
}

/// Why there are no secrets. No message holds a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// They cannot be fetched just now: throttled, not reached, broken at the other end. What was fetched before may
    /// be served.
    #[error("the secrets cannot be fetched now: {0}")]
    Transient(String),
    /// They are not ours to read, or there are none of this name. Nothing that was fetched before is served any more.
    #[error("the secrets may not be read: {0}")]
    Denied(String),
    /// What was fetched is no set of secrets. What was fetched before may be served.
    #[error("the secrets are not well formed: {0}")]
    Malformed(String),
}

/// Named secrets, of the platform and of flows.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SecretSet(BTreeMap<String, Secret>);

impl SecretSet {
    /// The secrets that a JSON object holds, by name. All values are texts.
    ///
    /// # Errors
    /// [`SourceError::Malformed`], with what is wrong and where, and without a value.
    pub fn from_json(text: &str) -> Result<Self, SourceError> {
        let malformed = |why: String| Err(SourceError::Malformed(why));
        if text.len() > MAX_SECRET_SET_BYTES {
            return malformed(format!(
                "there are {} bytes; at most {MAX_SECRET_SET_BYTES}",
                text.len()
            ));
        }
        // The reader's own message may quote what it has read.
        let read = serde_json::from_str::<Value>(text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            SourceError::Malformed(format!("no JSON, at line {line}, column {column}"))
        })?;
        let Value::Object(fields) = read else {
            return malformed("JSON, but no object of names and texts".to_owned());
        };
        let mut set = Self::default();
        for (name, value) in fields {
            let Value::String(secret) = value else {
                return malformed(format!("the value of {name:?} is no text"));
            };
            set.insert(&name, Secret::new(secret))?;
        }
        Ok(set)
    }

    /// Puts a secret in, in the place of one of the same name.
    ///
    /// # Errors
    /// [`SourceError::Malformed`] where the name is none, or there are too many.
    pub fn insert(&mut self, name: &str, secret: Secret) -> Result<(), SourceError> {
        if name.is_empty() || name.len() > MAX_SECRET_NAME_BYTES {
            let why = format!(
                "a name has 1 to {MAX_SECRET_NAME_BYTES} bytes, and one has {}",
                name.len()
            );
            return Err(SourceError::Malformed(why));
        }
        self.0.insert(name.to_owned(), secret);
        if self.0.len() > MAX_NAMED_SECRETS {
            let why = format!("there are more than {MAX_NAMED_SECRETS} names");
            return Err(SourceError::Malformed(why));
        }
        Ok(())
    }

    /// A secret; one that is empty is as good as none.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Secret> {
        self.0.get(name).filter(|secret| !secret.reveal().is_empty())
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl fmt::Debug for SecretSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(&self.0).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_an_object_of_texts() {
        let set = SecretSet::from_json(r#"{"shop-password":"hunter2","EMPTY":""}"#).expect("a set");
        assert_eq!(set.get("shop-password").map(Secret::reveal), Some("hunter2"));
        assert_eq!(set.get("EMPTY"), None);
        assert_eq!(set.get("other"), None);
        assert_eq!(set.names().collect::<Vec<_>>(), ["EMPTY", "shop-password"]);
        assert_eq!(
            format!("{set:?}"),
            r#"{"EMPTY": [secret], "shop-password": [secret]}"#
        );
    }

    #[test]
    fn what_is_no_set_is_told_without_a_value() {
        let many: Vec<String> = (0..=MAX_NAMED_SECRETS)
            .map(|n| format!("\"n{n}\":\"hunter2\""))
            .collect();
        let cases = [
            ("hunter2".to_owned(), "no JSON, at line 1, column 1"),
            ("\"hunter2\"".to_owned(), "JSON, but no object"),
            ("[\"hunter2\"]".to_owned(), "JSON, but no object"),
            ("{\"a\":\"hunter2\",".to_owned(), "no JSON, at line 1, column 15"),
            (
                "{\"a\":{\"b\":\"hunter2\"}}".to_owned(),
                "the value of \"a\" is no text",
            ),
            ("{\"\":\"hunter2\"}".to_owned(), "a name has 1 to"),
            (format!("{{{}}}", many.join(",")), "more than"),
            (
                format!("\"{}\"", "x".repeat(MAX_SECRET_SET_BYTES)),
                "bytes; at most",
            ),
        ];
        for (text, expected) in cases {
            let error = SecretSet::from_json(&text).expect_err("it is none");
            let told = error.to_string();
            assert!(matches!(error, SourceError::Malformed(_)), "{told}");
            assert!(told.contains(expected) && !told.contains("hunter2"), "{told}");
        }
    }
}
