//! Artifacts in a folder, or with a cloud's object store: each under the key that its digest names, `ab/cdef…`.
//!
//! An artifact appears whole or not at all, and writers of the same bytes do not disturb each other. What is there
//! already is not sent again. Nothing is forced to a disk here: a killed host loses nothing that was acknowledged, a
//! power cut may lose the last seconds' artifacts of a folder. A loss is seen, because every reading is checked
//! against the digest, and writing the bytes again heals it. No key is made from anything but a digest.

mod expiry;
mod fault;
mod local;
mod place;
mod remote;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use flowguard_core::artifact::{ArtifactError, Artifacts, Digest, Expired};
use flowguard_core::clock::{Clock, SystemClock};
use flowguard_core::limits::{ARTIFACT_RENEWAL, MAX_DAMAGED_ARTIFACTS, MAX_KEPT_ARTIFACT_BYTES};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{Error, GetResult, GetResultPayload, ObjectMeta, ObjectStoreExt};
use tokio::sync::RwLock;

use fault::Doing;
use place::Place;
pub use remote::{PlaceError, RemoteOptions};

/// Shards: the first two digits of a digest.
const SHARDS: usize = 256;

/// Where artifacts are kept. Several processes may share it.
#[derive(Clone)]
pub struct ArtifactStore {
    place: Arc<Place>,
    clock: Arc<dyn Clock>,
    /// For each shard: read by who writes there, written by who looks whether an artifact has expired and removes it.
    gates: Arc<[RwLock<()>]>,
    /// What was read and found damaged: its length does not show it.
    damaged: Arc<Mutex<HashSet<Digest>>>,
}

impl ArtifactStore {
    /// The artifacts in this folder, which is made at the first writing.
    #[must_use]
    pub fn folder(root: impl Into<PathBuf>) -> Self {
        Self::at(Place::folder(root.into()))
    }

    /// The artifacts below `s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX` or `az://CONTAINER/PREFIX`. Nothing is asked of
    /// the store yet.
    ///
    /// # Errors
    /// Where no store can be at this address, or where it would be spoken to without encryption outside of this
    /// machine.
    pub fn remote(url: &str, options: &RemoteOptions) -> Result<Self, PlaceError> {
        Ok(Self::at(remote::open(url, options)?))
    }

    /// The same artifacts with other clocks, for tests.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    fn at(place: Place) -> Self {
        Self {
            place: Arc::new(place),
            clock: Arc::new(SystemClock::new()),
            gates: (0..SHARDS).map(|_| RwLock::new(())).collect(),
            damaged: Arc::default(),
        }
    }

    /// The file that holds an artifact, where they are files of this machine. It cannot lie outside the folder: a
    /// digest is 64 hexadecimal digits.
    #[must_use]
    pub fn path_of(&self, digest: &Digest) -> Option<PathBuf> {
        self.place.path_of(digest)
    }

    /// Where a person finds an artifact: a path, or an address without credentials.
    #[must_use]
    pub fn locate(&self, digest: &Digest) -> String {
        self.place.locate(digest)
    }

    /// Where all of them are, for messages: a folder, or an address without credentials.
    #[must_use]
    pub fn shown(&self) -> String {
        self.place.shown()
    }

    /// Whether exactly these bytes are there, and so young that they need not be renewed.
    async fn is_current(&self, digest: &Digest, key: &Path, bytes: &Bytes) -> Result<bool, ArtifactError> {
        let Some(store) = self.place.store() else {
            return Ok(false);
        };
        let head = match store.head(key).await {
            Ok(head) => head,
            Err(Error::NotFound { .. }) => return Ok(false),
            // A folder that cannot be read may be written, or says better why not.
            Err(_) if self.place.is_folder() => return Ok(false),
            Err(error) => return Err(fault::of(Doing::Writing, &self.place, &error)),
        };
        if head.size != bytes.len() as u64 || self.age(&head) >= ARTIFACT_RENEWAL || self.is_damaged(digest) {
            return Ok(false);
        }
        // A file is compared, which costs next to nothing; an object would have to be fetched.
        Ok(!self.place.is_folder() || self.read(key).await.is_ok_and(|kept| kept == *bytes))
    }

    /// The bytes under a key, as they are.
    async fn read(&self, key: &Path) -> Result<Bytes, ReadError> {
        let Some(store) = self.place.store() else {
            return Err(ReadError::Missing);
        };
        let found = match store.get(key).await {
            Ok(found) => found,
            Err(error) if fault::is_missing(&error) => return Err(ReadError::Missing),
            Err(error) => return Err(ReadError::Failed(error)),
        };
        if found.meta.size > MAX_KEPT_ARTIFACT_BYTES as u64 {
            return Err(ReadError::TooLarge(found.meta.size));
        }
        whole(found).await
    }

    /// How long ago an artifact was written. A moment to come, by a clock that goes otherwise, is now.
    fn age(&self, head: &ObjectMeta) -> Duration {
        self.clock.wall().saturating_sub(written(head))
    }

    fn is_damaged(&self, digest: &Digest) -> bool {
        self.damaged().contains(digest)
    }

    fn remember_damage(&self, digest: &Digest) -> ArtifactError {
        let mut damaged = self.damaged();
        if damaged.len() < MAX_DAMAGED_ARTIFACTS {
            damaged.insert(digest.clone());
        }
        ArtifactError::Damaged(digest.clone())
    }

    fn damaged(&self) -> std::sync::MutexGuard<'_, HashSet<Digest>> {
        self.damaged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn gate(&self, shard: usize) -> Option<&RwLock<()>> {
        self.gates.get(shard)
    }
}

/// Why bytes were not read.
enum ReadError {
    Missing,
    TooLarge(u64),
    Failed(Error),
}

#[async_trait]
impl Artifacts for ArtifactStore {
    async fn put(&self, bytes: Bytes) -> Result<Digest, ArtifactError> {
        if bytes.len() > MAX_KEPT_ARTIFACT_BYTES {
            return Err(ArtifactError::TooLarge(bytes.len() as u64));
        }
        let digest = digest_of(&bytes).await;
        let key = self.place.key(&digest);
        let is_plain = self.place.is_plain(&digest).await;
        let is_plain = is_plain.map_err(|error| fault::of_folder(Doing::Writing, &self.place, &error))?;
        if is_plain && self.is_current(&digest, &key, &bytes).await? {
            return Ok(digest);
        }
        let _writing = match self.gate(place::shard(&digest)) {
            Some(gate) => Some(gate.read().await),
            None => None,
        };
        let store = self.place.store_for_writing(&digest).await;
        let store = store.map_err(|error| fault::of_folder(Doing::Writing, &self.place, &error))?;
        let written = store.put(&key, bytes.into()).await;
        written.map_err(|error| fault::of(Doing::Writing, &self.place, &error))?;
        self.damaged().remove(&digest);
        Ok(digest)
    }

    async fn get(&self, digest: &Digest) -> Result<Bytes, ArtifactError> {
        let is_plain = self.place.is_plain(digest).await;
        if !is_plain.map_err(|error| fault::of_folder(Doing::Reading, &self.place, &error))? {
            return Err(self.remember_damage(digest));
        }
        match self.read(&self.place.key(digest)).await {
            Ok(bytes) if digest_of(&bytes).await == *digest => Ok(bytes),
            Ok(_) => Err(self.remember_damage(digest)),
            Err(ReadError::Missing) => Err(ArtifactError::Missing(digest.clone())),
            Err(ReadError::TooLarge(bytes)) => Err(ArtifactError::TooLarge(bytes)),
            Err(ReadError::Failed(error)) => Err(fault::of(Doing::Reading, &self.place, &error)),
        }
    }

    async fn expire(&self, unwritten_since: Duration) -> Result<Expired, ArtifactError> {
        expiry::sweep(self, unwritten_since).await
    }
}

/// All bytes of an object, no more than it said that it has.
async fn whole(found: GetResult) -> Result<Bytes, ReadError> {
    let length = usize::try_from(found.meta.size).unwrap_or(usize::MAX);
    if let GetResultPayload::File(..) = &found.payload {
        return found.bytes().await.map_err(ReadError::Failed);
    }
    let mut chunks = found.into_stream();
    let mut all = BytesMut::new();
    while let Some(chunk) = chunks.try_next().await.map_err(ReadError::Failed)? {
        if all.len() + chunk.len() > length {
            return Err(ReadError::TooLarge((all.len() + chunk.len()) as u64));
        }
        all.extend_from_slice(&chunk);
    }
    Ok(all.freeze())
}

/// When an object was written, since 1970.
fn written(head: &ObjectMeta) -> Duration {
    Duration::from_millis(u64::try_from(head.last_modified.timestamp_millis()).unwrap_or(0))
}

/// The digest of these bytes, computed beside the async threads where it takes long.
async fn digest_of(bytes: &Bytes) -> Digest {
    const QUICK: usize = 256 << 10;
    if bytes.len() <= QUICK {
        return Digest::of(bytes);
    }
    let shared = bytes.clone();
    let computed = tokio::task::spawn_blocking(move || Digest::of(&shared)).await;
    computed.unwrap_or_else(|_| Digest::of(bytes))
}
