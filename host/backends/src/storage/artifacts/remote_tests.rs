//! Addresses, endpoints and keys, hostile ones too.

use flowguard_core::artifact::Digest;

use super::*;

fn credentials() -> RemoteOptions {
    let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    RemoteOptions {
        endpoint: None,
        variables: vec![
            variable("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            variable("AWS_SECRET_ACCESS_KEY", "canary-secret"),
            variable("AWS_ALLOW_HTTP", "true"),
            variable("AZURE_STORAGE_ACCOUNT_NAME", "account"),
            variable("AZURE_STORAGE_ACCOUNT_KEY", "Y2FuYXJ5LXNlY3JldA=="),
            variable("GOOGLE_SKIP_SIGNATURE", "true"),
            variable("PATH", "ignored"),
        ],
    }
}

fn refused(address: &str, options: &RemoteOptions) -> PlaceError {
    match open(address, options) {
        Ok(place) => panic!("{address:?} is taken: {}", place.shown()),
        Err(error) => error,
    }
}

#[test]
fn each_cloud_has_its_address() {
    for (address, shown) in [
        ("s3://bucket", "s3://bucket"),
        ("s3://bucket/", "s3://bucket"),
        ("s3://bucket/a/b.c/", "s3://bucket/a/b.c"),
        ("gs://bucket/runs", "gs://bucket/runs"),
        ("az://container/runs", "az://container/runs"),
    ] {
        let place = open(address, &credentials()).unwrap();
        assert_eq!(place.shown(), shown);
        let digest = Digest::of(b"picture");
        let (shard, rest) = digest.as_str().split_at(2);
        assert_eq!(place.locate(&digest), format!("{shown}/{shard}/{rest}"));
        assert_eq!(place.path_of(&digest), None);
    }
}

#[test]
fn what_is_no_place_is_refused() {
    for address in [
        "",
        "artifacts",
        "http://host/bucket",
        "ftp://host/",
        "s3:",
        "s3:///prefix",
        "s3a://bucket",
        "memory:///",
    ] {
        assert!(
            matches!(refused(address, &credentials()), PlaceError::Unknown(_)),
            "{address}"
        );
    }
    for address in [
        "s3://key:canary-secret@bucket/prefix",
        "s3://key@bucket",
        "s3://bucket:9000/prefix",
        "s3://bucket/prefix?X-Amz-Signature=canary-secret",
        "az://container/prefix#canary-secret",
    ] {
        let error = refused(address, &credentials());
        assert_eq!(error, PlaceError::MoreThanAPlace, "{address}");
        assert!(!error.to_string().contains("canary-secret"));
    }
    let told = refused("ftp://user:canary-secret@host/?canary-secret", &credentials()).to_string();
    assert!(!told.contains("canary-secret"), "{told}");
}

/// Also where a variable of the environment allows it.
#[test]
fn only_this_machine_is_spoken_to_in_clear() {
    let at = |endpoint: &str| RemoteOptions {
        endpoint: Some(endpoint.to_owned()),
        ..credentials()
    };
    for endpoint in [
        "http://127.0.0.1:9000",
        "http://[::1]:9000",
        "http://localhost:9000",
        "https://minio.example",
    ] {
        assert!(open("s3://bucket", &at(endpoint)).is_ok(), "{endpoint}");
    }
    for endpoint in [
        "http://minio.example:9000",
        "http://10.0.0.1",
        "http://127.0.0.1.example",
    ] {
        assert!(
            matches!(refused("s3://bucket", &at(endpoint)), PlaceError::InClear(_)),
            "{endpoint}"
        );
    }
    for endpoint in [
        "",
        "minio:9000",
        "file:///tmp",
        "https://user:canary-secret@minio.example",
    ] {
        assert_eq!(
            refused("s3://bucket", &at(endpoint)),
            PlaceError::Endpoint,
            "{endpoint}"
        );
    }
    let mut by_variable = credentials();
    by_variable
        .variables
        .push(("AWS_ENDPOINT_URL".to_owned(), "http://minio.example".to_owned()));
    assert!(matches!(
        refused("s3://bucket", &by_variable),
        PlaceError::InClear(_)
    ));
    assert_eq!(
        refused("gs://bucket", &at("https://minio.example")),
        PlaceError::NoEndpoint
    );
}

/// Pieces that parsers disagree about.
const PIECES: [&str; 24] = [
    "a", "B9", "..", ".", "/", "//", "%2e%2e", "%2F", "\\", "..\\", " ", "\0", "\n", "é", "~", "*", "'",
    "#1", "?", "@", ":", "%", "\u{202e}", "-_.",
];

/// Whatever prefix is taken, a key lies below it, has two parts more, and is read back as its digest.
#[test]
fn no_key_leaves_its_prefix() {
    let mut taken = 0;
    for number in 0_u32..20_000 {
        let digest = Digest::of(&number.to_le_bytes());
        // The digest's own digits choose the pieces: the same ones each time.
        let choices = digest
            .as_str()
            .as_bytes()
            .chunks_exact(2)
            .take(1 + number as usize % 6);
        let choose = |pair: &[u8]| PIECES[(pair[0] as usize * 31 + pair[1] as usize) % PIECES.len()];
        let prefix: String = choices.map(choose).collect();
        let Ok(place) = open(&format!("s3://bucket/{prefix}"), &credentials()) else {
            continue;
        };
        taken += 1;
        let key = place.key(&digest);
        let (shard, rest) = digest.as_str().split_at(2);
        let below = prefix.strip_suffix('/').unwrap_or(&prefix);
        let expected = match below {
            "" => format!("{shard}/{rest}"),
            below => format!("{below}/{shard}/{rest}"),
        };
        assert_eq!(key.as_ref(), expected, "{prefix:?}");
        assert!(
            key.parts().all(|part| ![".", "..", ""].contains(&part.as_ref())),
            "{key}"
        );
        assert_eq!(place.digest(&key), Some(digest));
    }
    assert!(taken > 200, "some prefixes are taken: {taken}");
}

#[test]
fn what_is_no_artifact_has_no_digest() {
    let place = open("s3://bucket/runs", &credentials()).unwrap();
    let digest = Digest::of(b"picture");
    let (shard, rest) = digest.as_str().split_at(2);
    for key in [
        format!("{shard}/{rest}"),
        format!("other/{shard}/{rest}"),
        format!("runs/deeper/{shard}/{rest}"),
        format!("runs/{shard}/{rest}0"),
        format!("runs/{shard}/{}", rest.to_uppercase()),
        format!("runs/{shard}{rest}"),
        "runs".to_owned(),
    ] {
        assert_eq!(place.digest(&Path::parse(&key).unwrap()), None, "{key}");
    }
}
