//! Seals secrets that are kept in a database or a file, so that a copy of it is worthless without the key in the vault.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::random::{self, NoRandomness};
use crate::vault::{Vault, VaultError};

/// A key that seals. Each secret is bound to its context, so that it opens in no other place than the one it was sealed for.
pub struct Sealer(LessSafeKey);

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer")
    }
}

impl Sealer {
    /// A sealer with this key of 32 bytes; nothing if it has another length.
    #[must_use]
    pub fn new(key: &[u8]) -> Option<Self> {
        UnboundKey::new(&AES_256_GCM, key).ok().map(|key| Self(LessSafeKey::new(key)))
    }

    /// The sealer whose key lies in the vault under `name`, made at the first call.
    ///
    /// # Errors
    /// As the vault, or [`VaultError::Damaged`] if something else lies there.
    pub fn load_or_create(vault: &Vault, name: &str) -> Result<Self, VaultError> {
        let key = vault.get_or_make(name, || Ok::<_, VaultError>(Zeroizing::new(random::bytes::<32>()?.to_vec())))?;
        Self::new(&key).ok_or_else(|| VaultError::Damaged(name.to_owned()))
    }

    /// The secret, sealed: a nonce of 12 bytes, then the text and its tag.
    ///
    /// # Errors
    /// [`NoRandomness`] if the operating system gives none for the nonce.
    pub fn seal(&self, context: &str, secret: &[u8]) -> Result<Vec<u8>, NoRandomness> {
        let nonce = random::bytes::<NONCE_LEN>()?;
        let mut text = secret.to_vec();
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context.as_bytes()), &mut text)
            .map_err(|_| NoRandomness)?;
        Ok([&nonce[..], &text].concat())
    }

    /// What was sealed for this context; nothing if it was changed, or sealed for another context or with another key.
    #[must_use]
    pub fn open(&self, context: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, text) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut text = Zeroizing::new(text.to_vec());
        let length = self.0.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(context.as_bytes()), &mut text).ok()?.len();
        text.truncate(length);
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_its_key_in_its_place_only() {
        let sealer = Sealer::new(&[7; 32]).unwrap();
        let sealed = sealer.seal("here", b"secret").unwrap();
        assert_eq!(sealer.open("here", &sealed).unwrap().as_slice(), b"secret");
        assert!(sealer.open("there", &sealed).is_none());
        assert!(Sealer::new(&[8; 32]).unwrap().open("here", &sealed).is_none());
        let mut changed = sealed.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(sealer.open("here", &changed).is_none() && sealer.open("here", b"short").is_none());
        assert_ne!(sealed, sealer.seal("here", b"secret").unwrap());
        assert!(Sealer::new(&[7; 31]).is_none());
    }
}
