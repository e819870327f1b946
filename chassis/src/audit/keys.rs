//! The three keys that make a record trustworthy, kept outside the database: one signs, one hides who it is about, one seals replies.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use data_encoding::HEXLOWER;
use zeroize::Zeroizing;

use super::AuditError;
use super::chain::{self, Checkpoint};
use crate::random;
pub use crate::signed::PublicKey;
use crate::vault::Vault;

impl PublicKey {
    pub(super) fn signed(&self, checkpoint: &Checkpoint) -> bool {
        self.verifies(&checkpoint.message(), &checkpoint.signature)
    }
}

/// The private keys of the log. All copies that share a log share them.
pub struct AuditKeys {
    signing: Ed25519KeyPair,
    public: PublicKey,
    pseudonym: hmac::Key,
    reply: hmac::Key,
}

impl fmt::Debug for AuditKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditKeys").field("public", &self.public.id()).finish_non_exhaustive()
    }
}

impl AuditKeys {
    /// Takes the keys from the vault, making them at the first start.
    ///
    /// # Errors
    /// [`AuditError::Keys`] when the vault cannot be read or written, or holds something else under their names.
    pub fn load_or_create(vault: &Vault) -> Result<Self, AuditError> {
        let damaged = || AuditError::KeysDamaged;
        let signing = Ed25519KeyPair::from_seed_unchecked(&secret(vault, "audit-signing")?).map_err(|_| damaged())?;
        let public = PublicKey::new(signing.public_key().as_ref().try_into().map_err(|_| damaged())?);
        let pseudonym = hmac::Key::new(hmac::HMAC_SHA256, &secret(vault, "audit-pseudonym")?);
        let reply = hmac::Key::new(hmac::HMAC_SHA256, &secret(vault, "audit-reply")?);
        Ok(Self { signing, public, pseudonym, reply })
    }

    /// The key that checks what these keys sign.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// A name for `identifier` that is always the same, and that nobody without the key can trace back or guess: 32 hex digits.
    #[must_use]
    pub fn pseudonym(&self, identifier: &[u8]) -> String {
        HEXLOWER.encode(hmac::sign(&self.pseudonym, identifier).as_ref()).chars().take(32).collect()
    }

    pub(super) fn sign(&self, writer: &str, seq: i64, at: i64, hash: &[u8]) -> Checkpoint {
        let (writer, signer) = (writer.to_owned(), self.public.id().to_owned());
        let mut checkpoint = Checkpoint { writer, seq, at, hash: hash.to_vec(), signer, signature: Vec::new() };
        checkpoint.signature = self.signing.sign(&checkpoint.message()).as_ref().to_vec();
        checkpoint
    }

    /// Seals replies of one writer. A writer has a key of its own, so a counter is a nonce that never repeats.
    pub(super) fn sealer(&self, writer: &str) -> Result<Sealer, AuditError> {
        Ok(Sealer { key: self.reply_key(writer)?, sealed: 0 })
    }

    /// Opens what the sealer of `writer` sealed.
    pub(super) fn open(&self, writer: &str, scope: &str, key: &str, body: &[u8]) -> Result<Vec<u8>, AuditError> {
        let (nonce, sealed) = body.split_first_chunk::<12>().ok_or(AuditError::ReplyDamaged)?;
        let mut buffer = sealed.to_vec();
        let opened = self.reply_key(writer)?.open_in_place(Nonce::assume_unique_for_key(*nonce), place(scope, key), &mut buffer);
        let length = opened.map_err(|_| AuditError::ReplyDamaged)?.len();
        buffer.truncate(length);
        Ok(buffer)
    }

    fn reply_key(&self, writer: &str) -> Result<LessSafeKey, AuditError> {
        let derived = hmac::sign(&self.reply, writer.as_bytes());
        let unbound = UnboundKey::new(&AES_256_GCM, derived.as_ref()).map_err(|_| AuditError::KeysDamaged)?;
        Ok(LessSafeKey::new(unbound))
    }
}

/// Seals the replies of one writer.
pub(super) struct Sealer {
    key: LessSafeKey,
    sealed: u64,
}

impl Sealer {
    /// The nonce and the sealed body; it opens only at the same scope and key.
    pub(super) fn seal(&mut self, scope: &str, key: &str, body: &[u8]) -> Result<Vec<u8>, AuditError> {
        self.sealed = self.sealed.checked_add(1).ok_or(AuditError::KeysDamaged)?;
        let mut nonce = [0; 12];
        for (to, from) in nonce.iter_mut().skip(4).zip(self.sealed.to_be_bytes()) {
            *to = from;
        }
        let mut buffer = body.to_vec();
        let sealed = self.key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), place(scope, key), &mut buffer);
        sealed.map_err(|_| AuditError::KeysDamaged)?;
        Ok([nonce.as_slice(), &buffer].concat())
    }
}

fn place(scope: &str, key: &str) -> Aad<Vec<u8>> {
    let mut place = Vec::with_capacity(scope.len().saturating_add(key.len()).saturating_add(16));
    chain::framed(&[scope.as_bytes(), key.as_bytes()], |part| place.extend_from_slice(part));
    Aad::from(place)
}

fn secret(vault: &Vault, name: &str) -> Result<Zeroizing<Vec<u8>>, AuditError> {
    vault.get_or_make(name, || Ok(Zeroizing::new(random::bytes::<32>()?.to_vec())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(folder: &std::path::Path) -> AuditKeys {
        AuditKeys::load_or_create(&Vault::open(folder, None).unwrap()).unwrap()
    }

    #[test]
    fn the_keys_are_the_same_at_every_start_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (keys(folder.path()), keys(folder.path()));
        assert_eq!(first.public(), second.public());
        assert_eq!(first.pseudonym(b"12345"), second.pseudonym(b"12345"));
        assert_ne!(first.pseudonym(b"12345"), first.pseudonym(b"12346"));
        assert_eq!(first.pseudonym(b"12345").len(), 32);
        assert_eq!(PublicKey::from_hex(&first.public().to_string()).as_ref(), Some(first.public()));
        assert_eq!(format!("{first:?}"), format!("AuditKeys {{ public: {:?}, .. }}", first.public().id()));
        let elsewhere = tempfile::tempdir().unwrap();
        assert_ne!(keys(elsewhere.path()).pseudonym(b"12345"), first.pseudonym(b"12345"));
    }

    #[test]
    fn a_sealed_reply_opens_only_at_its_own_place() {
        let folder = tempfile::tempdir().unwrap();
        let keys = keys(folder.path());
        let mut sealer = keys.sealer("w").unwrap();
        let (one, two) = (sealer.seal("s", "k", b"reply").unwrap(), sealer.seal("s", "k", b"reply").unwrap());
        assert_ne!(one, two);
        assert!(!one.windows(5).any(|part| part == b"reply"));
        assert_eq!(keys.open("w", "s", "k", &one).unwrap(), b"reply");
        for (writer, scope, key) in [("x", "s", "k"), ("w", "t", "k"), ("w", "s", "l")] {
            assert!(matches!(keys.open(writer, scope, key, &one), Err(AuditError::ReplyDamaged)));
        }
        assert!(matches!(keys.open("w", "s", "k", b"short"), Err(AuditError::ReplyDamaged)));
    }
}
