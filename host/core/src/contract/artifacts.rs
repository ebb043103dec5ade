//! Artifacts.

use bytes::Bytes;

use super::{all, fresh_tenant};
use crate::artifact::{ArtifactError, Artifacts, Digest};
use crate::limits::MAX_ATTACHMENT_BYTES;

/// Bytes that nobody has put before.
fn fresh_bytes() -> Bytes {
    Bytes::from(fresh_tenant().as_str().to_owned())
}

/// What was put is read by its digest, which is that of the bytes.
pub async fn bytes_are_read_back(artifacts: &dyn Artifacts) {
    let bytes = fresh_bytes();
    let digest = artifacts.put(bytes.clone()).await.unwrap();
    assert_eq!(digest, Digest::of(&bytes));
    assert_eq!(artifacts.get(&digest).await.unwrap(), bytes);
}

/// An empty attachment is one.
pub async fn no_bytes_are_an_artifact_too(artifacts: &dyn Artifacts) {
    let digest = artifacts.put(Bytes::new()).await.unwrap();
    assert!(artifacts.get(&digest).await.unwrap().is_empty());
}

/// An attachment of the greatest size comes back whole.
pub async fn the_largest_attachment_fits(artifacts: &dyn Artifacts) {
    let bytes: Vec<u8> = (0..MAX_ATTACHMENT_BYTES).map(|n| (n % 251) as u8).collect();
    let digest = artifacts.put(bytes.clone().into()).await.unwrap();
    assert!(artifacts.get(&digest).await.unwrap() == bytes);
}

/// Putting again changes nothing; other bytes are another artifact.
pub async fn the_same_bytes_are_one_artifact(artifacts: &dyn Artifacts) {
    let (bytes, others) = (fresh_bytes(), fresh_bytes());
    let first = artifacts.put(bytes.clone()).await.unwrap();
    let second = artifacts.put(bytes.clone()).await.unwrap();
    let other = artifacts.put(others.clone()).await.unwrap();
    assert_eq!(first, second);
    assert_ne!(first, other);
    assert_eq!(artifacts.get(&first).await.unwrap(), bytes);
    assert_eq!(artifacts.get(&other).await.unwrap(), others);
}

/// What was never put is missing, which is no fault of the store.
pub async fn a_missing_artifact_is_told_by_its_digest(artifacts: &dyn Artifacts) {
    let digest = Digest::of(&fresh_bytes());
    match artifacts.get(&digest).await {
        Err(ArtifactError::Missing(missing)) => assert_eq!(missing, digest),
        other => panic!("expected it to be missing: {other:?}"),
    }
}

/// Writers of the same bytes at the same time do not disturb each other, nor readers.
pub async fn many_writers_of_the_same_bytes_succeed(artifacts: &dyn Artifacts) {
    let bytes = Bytes::from(fresh_tenant().as_str().repeat(10_000));
    let digest = artifacts.put(bytes.clone()).await.unwrap();
    let rounds = all((0..32).map(async |_| {
        let again = artifacts.put(bytes.clone()).await.unwrap();
        artifacts.get(&again).await.unwrap()
    }))
    .await;
    assert!(rounds.iter().all(|read| *read == bytes));
    assert_eq!(artifacts.get(&digest).await.unwrap(), bytes);
}
