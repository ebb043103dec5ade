//! Where artifacts are: a folder, or a prefix of a cloud's bucket; and the key of each. A key is made from a digest
//! alone, so that it cannot leave its place.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use flowguard_core::artifact::Digest;
use object_store::ObjectStore;
use object_store::path::Path;

use super::local::Folder;

/// A place.
pub(super) enum Place {
    /// A folder of this machine.
    Folder(Folder),
    /// A bucket.
    Bucket {
        store: Arc<dyn ObjectStore>,
        prefix: Path,
        /// Its address, without credentials and without a slash at its end.
        address: String,
    },
}

impl Place {
    pub(super) fn folder(root: PathBuf) -> Self {
        Self::Folder(Folder::new(root))
    }

    pub(super) const fn is_folder(&self) -> bool {
        matches!(self, Self::Folder(_))
    }

    /// The store that keeps them; none where nothing was ever written.
    pub(super) fn store(&self) -> Option<Arc<dyn ObjectStore>> {
        match self {
            Self::Folder(folder) => folder.store(),
            Self::Bucket { store, .. } => Some(store.clone()),
        }
    }

    /// The store, with room made for an artifact.
    pub(super) async fn store_for_writing(&self, digest: &Digest) -> io::Result<Arc<dyn ObjectStore>> {
        match self {
            Self::Folder(folder) => folder.store_for_writing(shard_and_rest(digest).0).await,
            Self::Bucket { store, .. } => Ok(store.clone()),
        }
    }

    /// Whether what stands in the artifact's place is nothing, or something that can be one: no link that leads away.
    ///
    /// # Errors
    /// Where the whole shard leads away.
    pub(super) async fn is_plain(&self, digest: &Digest) -> io::Result<bool> {
        match self {
            Self::Folder(folder) => folder.is_plain(digest).await,
            Self::Bucket { .. } => Ok(true),
        }
    }

    /// The key of an artifact.
    pub(super) fn key(&self, digest: &Digest) -> Path {
        let (shard, rest) = shard_and_rest(digest);
        self.shard_key(shard).join(rest)
    }

    /// What the keys of a shard begin with.
    pub(super) fn shard_key(&self, shard: &str) -> Path {
        match self {
            Self::Folder(_) => Path::default().join(shard),
            Self::Bucket { prefix, .. } => prefix.clone().join(shard),
        }
    }

    /// The digest that a key names, where it names one.
    pub(super) fn digest(&self, key: &Path) -> Option<Digest> {
        let rest = key.filename()?;
        let shard = key.parent()?;
        let digest = Digest::parse(&format!("{}{rest}", shard.filename()?))?;
        (self.key(&digest) == *key).then_some(digest)
    }

    pub(super) fn path_of(&self, digest: &Digest) -> Option<PathBuf> {
        match self {
            Self::Folder(folder) => Some(folder.path_of(digest)),
            Self::Bucket { .. } => None,
        }
    }

    pub(super) fn locate(&self, digest: &Digest) -> String {
        let (shard, rest) = shard_and_rest(digest);
        match self {
            Self::Folder(folder) => folder.path_of(digest).display().to_string(),
            Self::Bucket { address, .. } => format!("{address}/{shard}/{rest}"),
        }
    }

    /// The place as a whole, for messages.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Folder(folder) => folder.root().display().to_string(),
            Self::Bucket { address, .. } => address.clone(),
        }
    }
}

/// The two digits that name an artifact's shard, and the others.
pub(super) fn shard_and_rest(digest: &Digest) -> (&str, &str) {
    digest.as_str().split_at(2)
}

/// The number of an artifact's shard.
pub(super) fn shard(digest: &Digest) -> usize {
    usize::from_str_radix(shard_and_rest(digest).0, 16).unwrap_or_default()
}
