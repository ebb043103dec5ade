//! Compiled code on disk. Native code is what `deserialize` makes of it, so nothing reaches it that this
//! program did not write: each file carries a keyed BLAKE3 of its content, checked on the bytes in memory
//! that are then used.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use flowguard_core::artifact::Digest;

const MAGIC: &[u8; 8] = b"FGCWASM1";
const MAC_BYTES: usize = blake3::OUT_LEN;

/// A folder of compiled components; or nothing, where compiled code is not kept.
#[derive(Clone, Debug)]
pub struct CompiledCache {
    folder: Option<Folder>,
}

#[derive(Clone, Debug)]
struct Folder {
    path: PathBuf,
    key: [u8; 32],
}

impl CompiledCache {
    /// Keeps nothing.
    #[must_use]
    pub const fn none() -> Self {
        Self { folder: None }
    }

    /// Keeps compiled code in this folder, which only its owner may enter. The key lies beside it: who can
    /// read and write the folder is trusted with native code, nobody else.
    ///
    /// # Errors
    /// What the operating system said.
    pub fn open(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        only_the_owner(path)?;
        let key = read_or_make_key(&path.join("key"))?;
        Ok(Self {
            folder: Some(Folder {
                path: path.to_owned(),
                key,
            }),
        })
    }

    /// The compiled code of these bytes for this engine, if it is kept and whole.
    pub(crate) fn get(&self, engine: &wasmtime::Engine, digest: &Digest) -> Option<Vec<u8>> {
        let folder = self.folder.as_ref()?;
        let mut bytes = fs::read(folder.file(engine, digest)).ok()?;
        let header = MAGIC.len() + MAC_BYTES;
        let (head, code) = bytes.split_at_checked(header)?;
        let (magic, mac) = head.split_at(MAGIC.len());
        let expected = folder.mac(digest, code);
        // `blake3::Hash` compares in constant time.
        if magic != MAGIC || blake3::Hash::from_slice(mac).ok()? != expected {
            tracing::warn!(
                component = digest.short(),
                "a compiled component was damaged; it is compiled anew"
            );
            return None;
        }
        bytes.drain(..header);
        Some(bytes)
    }

    /// Keeps compiled code. A failure costs only time at the next start.
    pub(crate) fn put(&self, engine: &wasmtime::Engine, digest: &Digest, code: &[u8]) {
        let Some(folder) = &self.folder else { return };
        let file = folder.file(engine, digest);
        let mac = folder.mac(digest, code);
        if let Err(error) = write_whole(&file, &[MAGIC, mac.as_bytes(), code]) {
            tracing::warn!(%error, file = %file.display(), "compiled code was not kept");
        }
    }
}

impl Folder {
    fn file(&self, engine: &wasmtime::Engine, digest: &Digest) -> PathBuf {
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        self.path.join(format!("{digest}-{:016x}.cwasm", hasher.finish()))
    }

    fn mac(&self, digest: &Digest, code: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(digest.as_str().as_bytes()).update(code);
        hasher.finalize()
    }
}

fn read_or_make_key(path: &Path) -> io::Result<[u8; 32]> {
    match fs::read(path).map(<[u8; 32]>::try_from) {
        Ok(Ok(key)) => return Ok(key),
        // Damaged: what was written with it is lost in any case.
        Ok(Err(_)) => fs::remove_file(path)?,
        Err(_) => {}
    }
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(io::Error::other)?;
    match write_beside(path, &[&key])?.persist_noclobber(path) {
        Ok(_) => Ok(key),
        // Another process was quicker: the first key is everybody's.
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => fs::read(path)?
            .try_into()
            .map_err(|_| io::Error::other("the cache's key is damaged: delete the folder")),
        Err(error) => Err(error.error),
    }
}

/// Writes beside the file and renames, so that no reader ever sees a part of it.
fn write_whole(path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    write_beside(path, parts)?.persist(path)?;
    Ok(())
}

fn write_beside(path: &Path, parts: &[&[u8]]) -> io::Result<tempfile::NamedTempFile> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    for part in parts {
        file.write_all(part)?;
    }
    Ok(file)
}

#[cfg(unix)]
fn only_the_owner(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn only_the_owner(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_changed_in_any_byte_is_not_used() {
        let folder = tempfile::tempdir().expect("folder");
        let cache = CompiledCache::open(folder.path()).expect("cache");
        let engine = wasmtime::Engine::default();
        let digest = Digest::of(b"component");
        cache.put(&engine, &digest, b"native code");
        assert_eq!(cache.get(&engine, &digest).as_deref(), Some(&b"native code"[..]));

        let file = cache.folder.as_ref().expect("folder").file(&engine, &digest);
        let whole = fs::read(&file).expect("kept");
        for place in 0..whole.len() {
            let mut changed = whole.clone();
            changed[place] ^= 1;
            fs::write(&file, &changed).expect("write");
            assert_eq!(cache.get(&engine, &digest), None, "byte {place}");
        }
        for length in 0..whole.len() {
            fs::write(&file, &whole[..length]).expect("write");
            assert_eq!(cache.get(&engine, &digest), None, "cut to {length}");
        }
    }

    #[test]
    fn processes_that_begin_at_once_have_one_key() {
        for _ in 0..50 {
            let folder = tempfile::tempdir().expect("folder");
            let path = folder.path().join("key");
            let together = std::sync::Barrier::new(4);
            let open = || {
                together.wait();
                read_or_make_key(&path).expect("a key")
            };
            let keys: Vec<[u8; 32]> = std::thread::scope(|scope| {
                let opened: Vec<_> = (0..4).map(|_| scope.spawn(open)).collect();
                let joined = opened.into_iter().map(|thread| thread.join().expect("it ends"));
                joined.collect()
            });
            assert_eq!(keys, [keys[0]; 4], "what one wrote, the others call damaged");
        }
    }

    #[test]
    fn a_damaged_key_is_replaced() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("key");
        fs::write(&path, b"short").expect("write");
        let key = read_or_make_key(&path).expect("a key");
        assert_eq!(fs::read(&path).expect("read"), key);
    }

    #[test]
    fn another_component_s_code_is_not_used() {
        let folder = tempfile::tempdir().expect("folder");
        let cache = CompiledCache::open(folder.path()).expect("cache");
        let engine = wasmtime::Engine::default();
        let (one, other) = (Digest::of(b"one"), Digest::of(b"other"));
        cache.put(&engine, &one, b"native code");
        let folder = cache.folder.as_ref().expect("folder");
        fs::copy(folder.file(&engine, &one), folder.file(&engine, &other)).expect("copy");
        assert_eq!(cache.get(&engine, &other), None);
    }
}
