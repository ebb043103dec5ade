//! What is particular to artifacts that are files.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use flowguard_backends::storage::ArtifactStore;
use flowguard_core::artifact::{ArtifactError, Artifacts, Digest, Expired};

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// Makes a file as old as this.
fn age(file: &Path, age: Duration) {
    let file = fs::OpenOptions::new().write(true).open(file).unwrap();
    file.set_modified(SystemTime::now() - age).unwrap();
}

/// Every file below the folder, relative to it.
fn files(root: &Path) -> Vec<String> {
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
    let artifacts = ArtifactStore::folder(&root);
    assert!(!root.exists(), "nothing is made before the first writing");
    let digest = artifacts.put(Bytes::from_static(b"image")).await.unwrap();
    artifacts.put(Bytes::from_static(b"image")).await.unwrap();

    let (shard, rest) = digest.as_str().split_at(2);
    assert_eq!(
        files(&root),
        [format!("{shard}/{rest}")],
        "and nothing is left of the writing"
    );
    assert_eq!(fs::read(artifacts.path_of(&digest).unwrap()).unwrap(), b"image");
}

#[tokio::test]
async fn a_damaged_artifact_is_never_answered_and_heals() {
    let folder = tempfile::tempdir().unwrap();
    let artifacts = ArtifactStore::folder(folder.path());
    let image = Bytes::from_static(b"image");
    let digest = artifacts.put(image.clone()).await.unwrap();
    let path = artifacts.path_of(&digest).unwrap();
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
    let artifacts = ArtifactStore::folder(folder.path());
    artifacts.put(Bytes::from_static(b"before")).await.unwrap();
    let digest = Digest::of(b"half an image");
    let path = artifacts.path_of(&digest).unwrap();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let unfinished = format!("{}#1", path.display());
    fs::write(&unfinished, b"half an im").unwrap();
    assert!(matches!(
        artifacts.get(&digest).await,
        Err(ArtifactError::Missing(_))
    ));
    artifacts.put(Bytes::from_static(b"half an image")).await.unwrap();
    assert_eq!(artifacts.get(&digest).await.unwrap(), "half an image");

    // It goes with a sweep once nobody can be writing it any more.
    artifacts.expire(Duration::ZERO).await.unwrap();
    assert!(fs::exists(&unfinished).unwrap());
    age(unfinished.as_ref(), 2 * DAY);
    assert_eq!(
        artifacts.expire(Duration::ZERO).await.unwrap(),
        Expired::default()
    );
    assert!(!fs::exists(&unfinished).unwrap());
    assert_eq!(artifacts.get(&digest).await.unwrap(), "half an image");
}

/// Earlier releases wrote beside the artifacts and renamed.
#[tokio::test]
async fn what_earlier_releases_left_half_written_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let incoming = folder.path().join("incoming");
    fs::create_dir(&incoming).unwrap();
    fs::write(incoming.join(".tmpAbCdEf"), b"half an im").unwrap();
    let artifacts = ArtifactStore::folder(folder.path());
    artifacts.expire(Duration::ZERO).await.unwrap();
    assert!(incoming.join(".tmpAbCdEf").exists(), "it is young");
    age(&incoming.join(".tmpAbCdEf"), 2 * DAY);
    artifacts.expire(Duration::ZERO).await.unwrap();
    assert!(!incoming.exists());
}

#[tokio::test]
async fn what_is_there_and_young_is_not_written_again_and_what_is_older_is_renewed() {
    let folder = tempfile::tempdir().unwrap();
    let artifacts = ArtifactStore::folder(folder.path());
    let image = Bytes::from_static(b"image");
    let digest = artifacts.put(image.clone()).await.unwrap();
    let path = artifacts.path_of(&digest).unwrap();

    age(&path, DAY / 2);
    let written = fs::metadata(&path).unwrap().modified().unwrap();
    artifacts.put(image.clone()).await.unwrap();
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), written);

    age(&path, DAY * 40);
    artifacts.put(image.clone()).await.unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    assert_eq!(
        artifacts.expire(now - DAY * 30).await.unwrap(),
        Expired::default()
    );
    assert_eq!(artifacts.get(&digest).await.unwrap(), image);

    age(&path, DAY * 40);
    let expired = artifacts.expire(now - DAY * 30).await.unwrap();
    assert_eq!(
        expired,
        Expired {
            artifacts: 1,
            bytes: 5
        }
    );
}

/// Writers that renew what a sweep is about to remove lose nothing, whichever comes first.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_renewed_while_a_sweep_goes_on_stays() {
    let folder = tempfile::tempdir().unwrap();
    let artifacts = ArtifactStore::folder(folder.path());
    let all: Vec<Bytes> = (0..200).map(|n| Bytes::from(format!("image {n}"))).collect();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    for _ in 0..5 {
        for bytes in &all {
            let digest = artifacts.put(bytes.clone()).await.unwrap();
            age(&artifacts.path_of(&digest).unwrap(), 40 * DAY);
        }
        let sweep = tokio::spawn({
            let artifacts = artifacts.clone();
            async move { artifacts.expire(now - 30 * DAY).await.unwrap() }
        });
        for bytes in &all {
            artifacts.put(bytes.clone()).await.unwrap();
        }
        sweep.await.unwrap();
        for bytes in &all {
            assert_eq!(artifacts.get(&Digest::of(bytes)).await.unwrap(), bytes);
        }
    }
}

/// Files of others in the folder are not ours to remove.
#[tokio::test]
async fn a_sweep_leaves_what_is_no_artifact() {
    let folder = tempfile::tempdir().unwrap();
    let artifacts = ArtifactStore::folder(folder.path());
    let digest = artifacts.put(Bytes::from_static(b"image")).await.unwrap();
    let shard = artifacts.path_of(&digest).unwrap().parent().unwrap().to_owned();
    let others = [
        folder.path().join("README"),
        shard.join("notes"),
        shard.join("notes#1"),
    ];
    for other in &others {
        fs::write(other, b"of somebody").unwrap();
        age(other, 400 * DAY);
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    assert_eq!(artifacts.expire(now + DAY).await.unwrap().artifacts, 1);
    for other in &others {
        assert!(other.exists(), "{}", other.display());
    }
}

#[cfg(unix)]
#[tokio::test]
async fn no_link_leads_out_of_the_folder() {
    use std::os::unix::fs::symlink;
    let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let artifacts = ArtifactStore::folder(folder.path());
    let (one, other) = (
        Bytes::from_static(b"one image"),
        Bytes::from_static(b"other image"),
    );

    // A shard that leads away: nothing is written, read or swept there.
    let digest = Digest::of(&one);
    let (shard, rest) = digest.as_str().split_at(2);
    fs::write(outside.path().join(rest), &one).unwrap();
    symlink(outside.path(), folder.path().join(shard)).unwrap();
    for refused in [
        artifacts.put(one.clone()).await.err(),
        artifacts.get(&digest).await.err(),
    ] {
        let told = refused.unwrap().to_string();
        assert!(
            told.contains("is a link, and links are not followed here"),
            "{told}"
        );
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    assert_eq!(artifacts.expire(now + DAY).await.unwrap(), Expired::default());
    assert_eq!(files(outside.path()), [rest]);

    // An artifact that leads away is a damaged one; writing replaces the link and not what it leads to.
    let digest = Digest::of(&other);
    assert_ne!(digest.as_str().split_at(2).0, shard);
    let path = artifacts.path_of(&digest).unwrap();
    let target = outside.path().join("target");
    fs::write(&target, &other).unwrap();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    symlink(&target, &path).unwrap();
    assert!(matches!(
        artifacts.get(&digest).await,
        Err(ArtifactError::Damaged(_))
    ));
    artifacts.put(other.clone()).await.unwrap();
    assert!(fs::symlink_metadata(&path).unwrap().is_file());
    assert_eq!(artifacts.get(&digest).await.unwrap(), other);
    assert_eq!(fs::read(&target).unwrap(), other);
}

/// A file may be as long as somebody made it; it is not read to find out that it is no artifact.
#[tokio::test]
async fn what_is_too_large_for_an_artifact_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let artifacts = ArtifactStore::folder(folder.path());
    let image = Bytes::from_static(b"image");
    let digest = artifacts.put(image.clone()).await.unwrap();
    let path = artifacts.path_of(&digest).unwrap();
    let length = 1 << 40;
    fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(length)
        .unwrap();
    match artifacts.get(&digest).await {
        Err(ArtifactError::TooLarge(told)) => assert_eq!(told, length),
        other => panic!("expected a refusal: {other:?}"),
    }
    artifacts.put(image.clone()).await.unwrap();
    assert_eq!(artifacts.get(&digest).await.unwrap(), image);
}

#[cfg(unix)]
#[tokio::test]
async fn folders_are_their_owners_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let artifacts = ArtifactStore::folder(folder.path().join("data/artifacts"));
    let digest = artifacts.put(Bytes::from_static(b"image")).await.unwrap();
    let path = artifacts.path_of(&digest).unwrap();
    for folder in path.ancestors().skip(1).take(3) {
        let mode = fs::metadata(folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{}", folder.display());
    }
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
    let artifacts = ArtifactStore::folder("/artifacts");
    let path = artifacts
        .path_of(&Digest::parse(&"0f".repeat(32)).unwrap())
        .unwrap();
    assert_eq!(path, Path::new("/artifacts/0f").join("0f".repeat(31)));
}

/// A file stands where the folder should be, which no rights make usable.
#[tokio::test]
async fn a_folder_that_cannot_be_used_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let occupied = folder.path().join("artifacts");
    fs::write(&occupied, b"a file").unwrap();
    let artifacts = ArtifactStore::folder(&occupied);
    let refused = artifacts.put(Bytes::from_static(b"image")).await.unwrap_err();
    let told = refused.to_string();
    assert!(matches!(refused, ArtifactError::Unavailable(_)), "{told}");
    assert!(told.contains("an artifact could not be written"), "{told}");
    assert!(told.ends_with(&occupied.display().to_string()), "{told}");
    assert!(artifacts.get(&Digest::of(b"image")).await.is_err());
    assert_eq!(fs::read(&occupied).unwrap(), b"a file");
}
