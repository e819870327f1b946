//! Signs what one program publishes and others must be able to trust without a connection to it: an Ed25519 signature before the content.
//!
//! The envelope is one line of text, then the content as it is: `onshi-signed 1 KIND KEY SIGNATURE`, where KEY is the short name of the key
//! and SIGNATURE is Base64. The signature covers version and kind too, so that nothing signed for one purpose serves another.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use data_encoding::{BASE64, HEXLOWER};
use zeroize::Zeroizing;

use crate::random::{self, NoRandomness};
use crate::vault::{Vault, VaultError};

const MARK: &str = "onshi-signed";
const VERSION: &str = "1";
/// Longest first line in bytes; a longer one is no envelope.
const LONGEST_HEAD: usize = 512;

/// Checks signatures. It is public: give it to whoever shall check without being able to sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    id: String,
    bytes: [u8; 32],
}

impl PublicKey {
    pub(crate) fn new(bytes: [u8; 32]) -> Self {
        let whole = HEXLOWER.encode(digest(&SHA256, &bytes).as_ref());
        Self { id: whole.chars().take(16).collect(), bytes }
    }

    /// The short name under which signatures mention it: 16 hex digits.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Reads what [`fmt::Display`] wrote: the Ed25519 key as 64 hex digits. `None` when it is something else.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        Some(Self::new(HEXLOWER.decode(text.trim().as_bytes()).ok()?.try_into().ok()?))
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.bytes).verify(message, signature).is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.bytes))
    }
}

/// Why an envelope is not believed, or a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SignedError {
    /// Something else than an envelope.
    #[error("署名付きのファイルではありません。")]
    NotSigned,
    /// An envelope of a program newer than this one.
    #[error("署名の形式 {0} を知りません。このプログラムを新しくしてください。")]
    OtherVersion(String),
    /// Signed for another purpose.
    #[error("別の用途に署名されたファイルです（{0}）。")]
    OtherKind(String),
    /// Signed by a key that is not trusted here.
    #[error("知らない鍵（{0}）で署名されています。信頼する公開鍵を確かめてください。")]
    UnknownKey(String),
    /// The signature does not fit the content.
    #[error("署名が内容と合いません。書き換えられたか、壊れています。")]
    Forged,
    /// The vault holds something else under the key's name.
    #[error("署名の鍵を読めません。控えから戻してください。")]
    KeyDamaged,
    /// The vault could not be read or written.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// No randomness for a new key.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// Signs.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("public", &self.public.id).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// Takes the key `name` from the vault, making it at the first call.
    ///
    /// # Errors
    /// If the vault cannot be read or written, or holds something else under that name.
    pub fn load_or_create(vault: &Vault, name: &str) -> Result<Self, SignedError> {
        let seed = vault.get_or_make(name, || Ok::<_, SignedError>(Zeroizing::new(random::bytes::<32>()?.to_vec())))?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| SignedError::KeyDamaged)?;
        let public = PublicKey::new(pair.public_key().as_ref().try_into().map_err(|_| SignedError::KeyDamaged)?);
        Ok(Self { pair, public })
    }

    /// The key that checks what this one signs.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The content in its envelope. `kind` is letters, digits and hyphens.
    #[must_use]
    pub fn seal(&self, kind: &str, content: &[u8]) -> Vec<u8> {
        let signature = BASE64.encode(self.pair.sign(&message(kind, content)).as_ref());
        let head = format!("{MARK} {VERSION} {kind} {} {signature}\n", self.public.id);
        [head.as_bytes(), content].concat()
    }
}

/// The content of an envelope of this kind, signed by one of the trusted keys.
///
/// # Errors
/// [`SignedError`] says why it is not believed.
pub fn open<'a>(envelope: &'a [u8], kind: &str, trusted: &[PublicKey]) -> Result<&'a [u8], SignedError> {
    let end = envelope.iter().take(LONGEST_HEAD).position(|byte| *byte == b'\n').ok_or(SignedError::NotSigned)?;
    let (head, rest) = envelope.split_at_checked(end).ok_or(SignedError::NotSigned)?;
    let content = rest.get(1..).unwrap_or_default();
    let head = std::str::from_utf8(head).map_err(|_| SignedError::NotSigned)?;
    let words: Vec<&str> = head.split(' ').collect();
    match words.as_slice() {
        [MARK, VERSION, named, key, signature] => {
            if *named != kind {
                return Err(SignedError::OtherKind(shown(named)));
            }
            let known = trusted.iter().find(|known| known.id == *key).ok_or_else(|| SignedError::UnknownKey(shown(key)))?;
            let signature = BASE64.decode(signature.as_bytes()).map_err(|_| SignedError::Forged)?;
            if known.verifies(&message(kind, content), &signature) { Ok(content) } else { Err(SignedError::Forged) }
        }
        [MARK, version, ..] if *version != VERSION => Err(SignedError::OtherVersion(shown(version))),
        _ => Err(SignedError::NotSigned),
    }
}

fn message(kind: &str, content: &[u8]) -> Vec<u8> {
    [format!("{MARK} {VERSION} {kind}\n").as_bytes(), content].concat()
}

/// A word of a stranger, short and without control characters, to be shown.
fn shown(word: &str) -> String {
    word.chars().filter(|sign| sign.is_ascii_graphic()).take(32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> (SigningKey, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(folder.path(), None).unwrap();
        (SigningKey::load_or_create(&vault, name).unwrap(), folder)
    }

    #[test]
    fn what_was_signed_opens_with_its_key_only_and_for_its_purpose_only() {
        let ((ours, folder), (theirs, _other)) = (key("signing"), key("signing"));
        let envelope = ours.seal("list", b"one\ntwo");
        assert_eq!(open(&envelope, "list", &[theirs.public().clone(), ours.public().clone()]).unwrap(), b"one\ntwo");
        assert!(matches!(open(&envelope, "list", &[theirs.public().clone()]), Err(SignedError::UnknownKey(_))));
        assert!(matches!(open(&envelope, "other", &[ours.public().clone()]), Err(SignedError::OtherKind(_))));
        let again = SigningKey::load_or_create(&Vault::open(folder.path(), None).unwrap(), "signing").unwrap();
        assert_eq!(again.public(), ours.public());
        assert_eq!(PublicKey::from_hex(&ours.public().to_string()).as_ref(), Some(ours.public()));
    }

    #[test]
    fn any_changed_byte_is_noticed() {
        let (ours, _folder) = key("signing");
        let trusted = [ours.public().clone()];
        let envelope = ours.seal("list", b"content");
        for place in 0..envelope.len() {
            let mut changed = envelope.clone();
            changed[place] ^= 1;
            assert!(open(&changed, "list", &trusted).is_err(), "byte {place}");
        }
        for cut in 0..envelope.len() {
            assert!(open(&envelope[..cut], "list", &trusted).is_err(), "cut at {cut}");
        }
        // The same signature under the name of another kind.
        let renamed = String::from_utf8(envelope.clone()).unwrap().replacen("list", "tsil", 1);
        assert!(matches!(open(renamed.as_bytes(), "tsil", &trusted), Err(SignedError::Forged)));
        let newer = String::from_utf8(envelope).unwrap().replacen(" 1 ", " 2 ", 1);
        assert!(matches!(open(newer.as_bytes(), "list", &trusted), Err(SignedError::OtherVersion(version)) if version == "2"));
    }
}
