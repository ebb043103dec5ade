//! Artifacts in a bucket of S3, by moto.

use bytes::Bytes;
use flowguard_backends::storage::{ArtifactStore, RemoteOptions};
use flowguard_core::artifact::{ArtifactError, Artifacts};
use flowguard_tests::peers::{fresh_name, moto};

fn options(endpoint: &str) -> RemoteOptions {
    let variables = [
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "canary-secret"),
        ("AWS_REGION", "us-east-1"),
    ];
    RemoteOptions {
        endpoint: Some(endpoint.to_owned()),
        variables: variables
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
    }
}

/// Artifacts below a prefix of a bucket of their own, and the bucket.
async fn in_bucket() -> (ArtifactStore, String) {
    let (moto, bucket) = (moto().await, fresh_name("artifacts"));
    moto.create_bucket(&bucket).await;
    let address = format!("s3://{bucket}/hosts/one");
    let store = ArtifactStore::remote(&address, &options(moto.endpoint())).unwrap();
    (store, bucket)
}

mod bucket {
    flowguard_core::artifacts_contract!(super::in_bucket);
}

#[tokio::test]
async fn an_artifact_is_one_object_below_the_prefix() {
    let (artifacts, bucket) = in_bucket().await;
    let digest = artifacts.put(Bytes::from_static(b"picture")).await.unwrap();
    let (shard, rest) = digest.as_str().split_at(2);
    let key = format!("/{bucket}/hosts/one/{shard}/{rest}");
    assert_eq!(moto().await.get_object(&key).await, "picture");
    assert_eq!(
        artifacts.locate(&digest),
        format!("s3://{bucket}/hosts/one/{shard}/{rest}")
    );
    assert_eq!(artifacts.path_of(&digest), None);
}

#[tokio::test]
async fn an_object_whose_bytes_changed_is_refused_and_heals() {
    let (artifacts, bucket) = in_bucket().await;
    let picture = Bytes::from_static(b"picture");
    let digest = artifacts.put(picture.clone()).await.unwrap();
    let (shard, rest) = digest.as_str().split_at(2);
    let key = format!("/{bucket}/hosts/one/{shard}/{rest}");
    for damage in ["", "pictur", "picturE", "another picture"] {
        moto().await.put_object(&key, damage).await;
        let read = artifacts.get(&digest).await;
        assert!(
            matches!(read, Err(ArtifactError::Damaged(_))),
            "{damage:?}: {read:?}"
        );
        artifacts.put(picture.clone()).await.unwrap();
        assert_eq!(artifacts.get(&digest).await.unwrap(), picture, "{damage:?}");
    }
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_told_with_what_to_do() {
    let moto = moto().await;
    let address = format!("s3://{}/runs", fresh_name("nowhere"));
    let artifacts = ArtifactStore::remote(&address, &options(moto.endpoint())).unwrap();
    for failed in [
        artifacts.put(Bytes::from_static(b"picture")).await.unwrap_err(),
        artifacts
            .get(&flowguard_core::artifact::Digest::of(b"picture"))
            .await
            .unwrap_err(),
    ] {
        let told = failed.to_string();
        assert!(
            told.contains("make the bucket, or name another") && told.contains(&address),
            "{told}"
        );
        assert!(!told.contains("canary-secret"), "{told}");
    }
}
