//! A source of secrets that always answers the same, for tests.

use async_trait::async_trait;

use super::{SecretSet, SecretSource, SourceError};

/// Answers this JSON or this error; and calls itself so.
pub(super) struct Fixed(
    pub(super) Result<&'static str, SourceError>,
    pub(super) &'static str,
);

#[async_trait]
impl SecretSource for Fixed {
    async fn fetch(&self) -> Result<SecretSet, SourceError> {
        SecretSet::from_json(self.0.clone()?)
    }

    fn place(&self) -> String {
        self.1.to_owned()
    }
}
