//! What is particular to artifacts that are files.

use std::fs;

use bytes::Bytes;
use flowguard_backends::storage::ArtifactFolder;
use flowguard_core::artifact::{ArtifactError, Artifacts, Digest};

/// Every file below the folder, relative to it.
fn files(root: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        match entry.path().is_dir() {
            true => found.extend(files(&entry.path()).iter().map(|below| format!("{name}/{below}"))),
            false => found.push(name),
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn an_artifact_is_one_file_that_its_digest_names() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("runs/artifacts");
    let artifacts = ArtifactFolder::new(&root);
    assert!(!root.exists(), "nothing is made before the first writing");
    let digest = artifacts.put(Bytes::from_static(b"image")).await.unwrap();
    artifacts.put(Bytes::from_static(b"image")).await.unwrap();

    let (shard, rest) = digest.as_str().split_at(2);
    assert_eq!(
        files(&root),
        [format!("{shard}/{rest}")],
        "and nothing is left of the writing"
    );
    assert_eq!(fs::read(artifacts.path_of(&digest)).unwrap(), b"image");
}

#[tokio::test]
async fn a_damaged_artifact_is_never_answered_and_heals() {
    let folder = tempfile::tempdir().unwrap();
    let artifacts = ArtifactFolder::new(folder.path());
    let image = Bytes::from_static(b"image");
    let digest = artifacts.put(image.clone()).await.unwrap();
    let path = artifacts.path_of(&digest);
    for damage in [b"".as_slice(), b"imag", b"imagf", b"image ", b"another image"] {
        fs::write(&path, damage).unwrap();
        match artifacts.get(&digest).await {
            Err(ArtifactError::Damaged(told)) => assert_eq!(told, digest),
            other => panic!("{damage:?}: {other:?}"),
        }
        artifacts.put(image.clone()).await.unwrap();
        assert_eq!(artifacts.get(&digest).await.unwrap(), image);
    }
}

#[tokio::test]
async fn a_writer_that_was_killed_leaves_nothing_that_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let artifacts = ArtifactFolder::new(folder.path());
    artifacts.put(Bytes::from_static(b"before")).await.unwrap();
    fs::write(folder.path().join("incoming/.tmpAbCdEf"), b"half an im").unwrap();
    let digest = Digest::of(b"half an im");
    assert!(matches!(
        artifacts.get(&digest).await,
        Err(ArtifactError::Missing(_))
    ));
    artifacts.put(Bytes::from_static(b"half an image")).await.unwrap();
}

#[tokio::test]
async fn no_text_but_a_digest_names_a_file() {
    for text in [
        "",
        "..",
        "../../etc/passwd",
        "/etc/passwd",
        "ab/cdef",
        &"AB".repeat(32),
        &"0".repeat(63),
    ] {
        assert_eq!(Digest::parse(text), None, "{text:?}");
    }
    let artifacts = ArtifactFolder::new("/artifacts");
    let path = artifacts.path_of(&Digest::parse(&"0f".repeat(32)).unwrap());
    assert_eq!(path, std::path::Path::new("/artifacts/0f").join("0f".repeat(31)));
}

/// A file stands where the folder should be, which no rights make usable.
#[tokio::test]
async fn a_folder_that_cannot_be_used_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let occupied = folder.path().join("artifacts");
    fs::write(&occupied, b"a file").unwrap();
    let artifacts = ArtifactFolder::new(&occupied);
    let refused = artifacts.put(Bytes::from_static(b"image")).await.unwrap_err();
    let told = refused.to_string();
    assert!(matches!(refused, ArtifactError::Unavailable(_)), "{told}");
    assert!(told.contains("an artifact could not be written"), "{told}");
    assert!(told.ends_with(&occupied.display().to_string()), "{told}");
    assert!(artifacts.get(&Digest::of(b"image")).await.is_err());
    assert_eq!(fs::read(&occupied).unwrap(), b"a file");
}
