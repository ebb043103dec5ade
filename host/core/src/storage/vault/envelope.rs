//! Bytes that only a data key opens: `FGE1`, the length of the key's name and the name, the nonce, the ciphertext with
//! its tag.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use zeroize::Zeroizing;

use crate::storage::StorageError;

const MARK: &[u8; 4] = b"FGE1";
const NONCE: usize = 12;

/// A key of a tenant.
pub(super) struct DataKey {
    id: String,
    bytes: Zeroizing<[u8; 32]>,
    cipher: Aes256Gcm,
}

/// What the bytes are bound to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) tenant: &'a str,
    pub(super) collection: &'a str,
    pub(super) field: &'a str,
    pub(super) id: &'a str,
}

impl Place<'_> {
    /// Each part with its length before it, so that no two places are the same bytes.
    pub(super) fn bound(&self) -> Vec<u8> {
        let mut bound = MARK.to_vec();
        for part in [self.tenant, self.collection, self.field, self.id] {
            bound.extend((part.len() as u64).to_be_bytes());
            bound.extend(part.as_bytes());
        }
        bound
    }

    fn damaged(&self, what: &str) -> StorageError {
        StorageError::Damaged(format!(
            "{} {} of tenant {}: {what}",
            self.collection, self.id, self.tenant
        ))
    }
}

impl DataKey {
    pub(super) fn new(id: String, bytes: &[u8; 32]) -> Self {
        Self {
            id,
            bytes: Zeroizing::new(*bytes),
            cipher: Aes256Gcm::new(bytes.into()),
        }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    pub(super) fn seal(
        &self,
        place: &Place<'_>,
        nonce: [u8; NONCE],
        plain: &[u8],
    ) -> Result<Vec<u8>, StorageError> {
        let aad = place.bound();
        let sealed = self.cipher.encrypt(
            &Nonce::from(nonce),
            Payload {
                msg: plain,
                aad: &aad,
            },
        );
        let sealed =
            sealed.map_err(|_| StorageError::TooLarge("more than 64 GiB cannot be encrypted".to_owned()))?;
        let name = self.id.as_bytes();
        let length = u8::try_from(name.len()).map_err(|_| place.damaged("its key has too long a name"))?;
        let mut envelope = Vec::with_capacity(MARK.len() + 1 + name.len() + NONCE + sealed.len());
        envelope.extend(MARK);
        envelope.push(length);
        envelope.extend(name);
        envelope.extend(nonce);
        envelope.extend(sealed);
        Ok(envelope)
    }

    pub(super) fn open(&self, place: &Place<'_>, envelope: &[u8]) -> Result<Vec<u8>, StorageError> {
        let parts = parts(envelope).filter(|parts| parts.key == self.id);
        let parts = parts.ok_or_else(|| place.damaged("it is no envelope of this key"))?;
        let aad = place.bound();
        let payload = Payload {
            msg: parts.sealed,
            aad: &aad,
        };
        let opened = self.cipher.decrypt(&Nonce::from(parts.nonce), payload);
        opened.map_err(|_| place.damaged("its encrypted part was changed, or belongs to another document"))
    }
}

struct Parts<'a> {
    key: &'a str,
    nonce: [u8; NONCE],
    sealed: &'a [u8],
}

fn parts(envelope: &[u8]) -> Option<Parts<'_>> {
    let (length, rest) = envelope.strip_prefix(MARK)?.split_first()?;
    let (name, rest) = rest.split_at_checked((*length).into())?;
    let (nonce, sealed) = rest.split_first_chunk()?;
    Some(Parts {
        key: std::str::from_utf8(name).ok()?,
        nonce: *nonce,
        sealed,
    })
}

/// The name of the key that opens it.
pub(super) fn key_of(envelope: &[u8]) -> Option<&str> {
    parts(envelope).map(|parts| parts.key)
}
