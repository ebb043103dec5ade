//! The master key, which encrypts data keys and nothing else: `FGM1`, its name of 16 digits, the nonce, the ciphertext
//! with its tag.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::envelope::Place;
use crate::storage::collections::DATA_KEYS;
use crate::storage::{StorageError, TenantId};

const MARK: &[u8; 4] = b"FGM1";
const NAME: usize = 16;

/// A key of 32 bytes that never reaches the store.
pub struct MasterKey {
    /// 16 hexadecimal digits that follow from the key and do not lead back to it.
    id: String,
    cipher: Aes256Gcm,
}

/// Why a text is no master key. It does not repeat the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MasterKeyError {
    /// It is no base64.
    #[error("a master key is 32 bytes in base64, this is no base64: make one with `openssl rand -base64 32`")]
    NotBase64,
    /// It has another length.
    #[error("a master key is 32 bytes in base64, this is {0} bytes: make one with `openssl rand -base64 32`")]
    Length(usize),
}

impl MasterKey {
    /// A key from its bytes.
    #[must_use]
    pub fn new(bytes: &[u8; 32]) -> Self {
        let derived = blake3::derive_key("flowguard 2026-11-28 name of a master key", bytes);
        let id = derived
            .iter()
            .take(NAME / 2)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self {
            id,
            cipher: Aes256Gcm::new(bytes.into()),
        }
    }

    /// Reads a key in base64; blanks around it are no part of it.
    ///
    /// # Errors
    /// What is wrong with it, without repeating it.
    pub fn parse(text: &str) -> Result<Self, MasterKeyError> {
        let bytes = STANDARD.decode(text.trim()).map(Zeroizing::new);
        let bytes = bytes.map_err(|_| MasterKeyError::NotBase64)?;
        let whole: &[u8; 32] = bytes
            .as_slice()
            .try_into()
            .map_err(|_| MasterKeyError::Length(bytes.len()))?;
        Ok(Self::new(whole))
    }

    /// Its name, which may be told.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn wrap(
        &self,
        tenant: &TenantId,
        key: &str,
        nonce: [u8; 12],
        bytes: &[u8; 32],
    ) -> Result<Vec<u8>, StorageError> {
        let aad = bound(tenant, key);
        let wrapped = self.cipher.encrypt(
            &Nonce::from(nonce),
            Payload {
                msg: bytes,
                aad: &aad,
            },
        );
        let wrapped =
            wrapped.map_err(|_| StorageError::Damaged("a data key could not be encrypted".to_owned()))?;
        Ok([MARK.as_slice(), self.id.as_bytes(), &nonce, &wrapped].concat())
    }

    pub(super) fn unwrap(
        &self,
        tenant: &TenantId,
        key: &str,
        wrapped: &[u8],
    ) -> Result<Zeroizing<[u8; 32]>, StorageError> {
        let damaged = || {
            StorageError::Damaged(format!(
                "data key {key} of tenant {}: it was changed, or belongs to another tenant",
                tenant.as_str()
            ))
        };
        let rest = wrapped.get(MARK.len() + NAME..).ok_or_else(damaged)?;
        let (nonce, msg) = rest.split_first_chunk::<12>().ok_or_else(damaged)?;
        let aad = bound(tenant, key);
        let opened = self
            .cipher
            .decrypt(&Nonce::from(*nonce), Payload { msg, aad: &aad });
        let opened = opened.map(Zeroizing::new).map_err(|_| damaged())?;
        let bytes: &[u8; 32] = opened.as_slice().try_into().map_err(|_| damaged())?;
        Ok(Zeroizing::new(*bytes))
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MasterKey({})", self.id)
    }
}

/// The name of the master key that a data key was encrypted with.
pub(super) fn id_of(wrapped: &[u8]) -> Option<&str> {
    let name = wrapped.strip_prefix(MARK)?.get(..NAME)?;
    std::str::from_utf8(name).ok()
}

fn bound(tenant: &TenantId, key: &str) -> Vec<u8> {
    let place = Place {
        tenant: tenant.as_str(),
        collection: DATA_KEYS.name,
        field: "key",
        id: key,
    };
    place.bound()
}
