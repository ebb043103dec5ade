//! Artifacts.

use std::time::Duration;

use bytes::Bytes;

use super::{all, fresh_tenant};
use crate::artifact::{ArtifactError, Artifacts, Digest, Expired};
use crate::clock::{Clock, SystemClock};
use crate::limits::{MAX_ATTACHMENT_BYTES, MAX_KEPT_ARTIFACT_BYTES};

/// More than the clocks of a back end and of the tests are apart.
const HOUR: Duration = Duration::from_secs(3_600);

fn now() -> Duration {
    SystemClock::new().wall()
}

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

/// What no artifact may have is refused before it is sent anywhere.
pub async fn too_many_bytes_are_refused(artifacts: &dyn Artifacts) {
    let length = MAX_KEPT_ARTIFACT_BYTES + 1;
    match artifacts.put(vec![0; length].into()).await {
        Err(ArtifactError::TooLarge(told)) => assert_eq!(told, length as u64),
        other => panic!("expected a refusal: {other:?}"),
    }
}

/// What was written after the moment stays. A back end of this rule and the next keeps nothing of others.
pub async fn what_was_written_since_stays(artifacts: &dyn Artifacts) {
    let bytes = fresh_bytes();
    let digest = artifacts.put(bytes.clone()).await.unwrap();
    assert_eq!(artifacts.expire(now() - HOUR).await.unwrap(), Expired::default());
    assert_eq!(artifacts.get(&digest).await.unwrap(), bytes);
}

/// What was written before it goes, all of it, and is told; it can be written again.
pub async fn what_was_written_before_expires(artifacts: &dyn Artifacts) {
    let kept: Vec<Bytes> = (0..20).map(|_| fresh_bytes()).collect();
    let digests = all(kept
        .iter()
        .map(async |bytes| artifacts.put(bytes.clone()).await.unwrap()))
    .await;
    let expired = artifacts.expire(now() + HOUR).await.unwrap();
    let bytes = kept.iter().map(|bytes| bytes.len() as u64).sum();
    assert_eq!(expired, Expired { artifacts: 20, bytes });
    for digest in &digests {
        assert!(matches!(
            artifacts.get(digest).await,
            Err(ArtifactError::Missing(_))
        ));
    }
    assert_eq!(artifacts.expire(now() + HOUR).await.unwrap(), Expired::default());
    let again = artifacts.put(kept[0].clone()).await.unwrap();
    assert_eq!(artifacts.get(&again).await.unwrap(), kept[0]);
}

/// Several may remove at the same time; each artifact is gone and nobody stumbles.
pub async fn many_may_expire_at_once(artifacts: &dyn Artifacts) {
    let digests = all((0..20).map(async |_| artifacts.put(fresh_bytes()).await.unwrap())).await;
    all((0..4).map(async |_| artifacts.expire(now() + HOUR).await.unwrap())).await;
    for digest in &digests {
        assert!(matches!(
            artifacts.get(digest).await,
            Err(ArtifactError::Missing(_))
        ));
    }
}
