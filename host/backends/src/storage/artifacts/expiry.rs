//! Artifacts that nobody has written for long are removed: shard by shard, some at once, each listed as it comes.
//!
//! What is found old is looked at once more, and removed, while no writer of this process is at work in its shard:
//! who renews it comes before, and it stays, or after, and writes it anew. A writer of another process can only be
//! met in the moment between that look and the removal.

use std::time::Duration;

use flowguard_core::artifact::{ArtifactError, Expired};
use futures::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt};

use super::fault::{self, Doing};
use super::place::{self, Place};
use super::{ArtifactStore, SHARDS, local, written};

/// Requests to a remote store at once.
const AT_ONCE: usize = 8;

pub(super) async fn sweep(
    artifacts: &ArtifactStore,
    unwritten_since: Duration,
) -> Result<Expired, ArtifactError> {
    let shards = stream::iter((0..SHARDS).map(|shard| format!("{shard:02x}")));
    let swept = shards.map(|shard| async move { sweep_shard(artifacts, &shard, unwritten_since).await });
    let swept = swept.buffer_unordered(AT_ONCE);
    let all = swept
        .try_fold(Expired::default(), async |all, of_shard| Ok(sum(all, of_shard)))
        .await?;
    if let Place::Folder(folder) = &*artifacts.place {
        let folder = folder.clone();
        let _ = local::blocking(move || {
            folder.remove_incoming();
            Ok(())
        })
        .await;
    }
    Ok(all)
}

async fn sweep_shard(
    artifacts: &ArtifactStore,
    shard: &str,
    unwritten_since: Duration,
) -> Result<Expired, ArtifactError> {
    let failed = |error| fault::of(Doing::Removing, &artifacts.place, &error);
    if let Place::Folder(folder) = &*artifacts.place {
        let (folder, shard) = (folder.clone(), shard.to_owned());
        let looked = local::blocking(move || {
            let is_there = folder.has_shard(&shard);
            if is_there {
                folder.remove_unfinished(&shard);
            }
            Ok(is_there)
        });
        if !looked.await.unwrap_or_default() {
            return Ok(Expired::default());
        }
    }
    let Some(store) = artifacts.place.store() else {
        return Ok(Expired::default());
    };
    let mut found = store.list(Some(&artifacts.place.shard_key(shard)));
    let mut expired = Expired::default();
    while let Some(object) = found.try_next().await.map_err(failed)? {
        if written(&object) < unwritten_since {
            let removed = remove(artifacts, &*store, &object.location, unwritten_since).await;
            expired = sum(expired, removed.map_err(failed)?);
        }
    }
    Ok(expired)
}

/// Removes an artifact that is still as old as it was listed.
async fn remove(
    artifacts: &ArtifactStore,
    store: &dyn ObjectStore,
    key: &Path,
    unwritten_since: Duration,
) -> Result<Expired, Error> {
    // What is no artifact is not ours to remove.
    let Some(digest) = artifacts.place.digest(key) else {
        return Ok(Expired::default());
    };
    let Some(gate) = artifacts.gate(place::shard(&digest)) else {
        return Ok(Expired::default());
    };
    let _alone = gate.write().await;
    let head = match store.head(key).await {
        Ok(head) if written(&head) < unwritten_since => head,
        Ok(_) => return Ok(Expired::default()),
        Err(error) if fault::is_missing(&error) => return Ok(Expired::default()),
        Err(error) => return Err(error),
    };
    match store.delete(key).await {
        Ok(()) => Ok(Expired {
            artifacts: 1,
            bytes: head.size,
        }),
        // Somebody else has removed it.
        Err(error) if fault::is_missing(&error) => Ok(Expired::default()),
        Err(error) => Err(error),
    }
}

const fn sum(one: Expired, other: Expired) -> Expired {
    Expired {
        artifacts: one.artifacts + other.artifacts,
        bytes: one.bytes + other.bytes,
    }
}
