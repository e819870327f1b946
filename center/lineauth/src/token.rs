//! Signs what portal and notifier say to each other, and believes nothing that the other's key has not signed.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use chassis::vault::Vault;
use chassis::{files, random};
use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::error::Error;

/// Longest token that is looked at, in characters; a whole identity takes about 500.
pub const MAX_TOKEN: usize = 4096;

/// Something that can be signed. The kind is signed too, so that nothing signed for one purpose serves another.
pub trait Claims: Serialize + DeserializeOwned {
    /// The kind and its version.
    const KIND: &'static str;
}

/// Why a token is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not a token at all, or longer than any.
    #[error("not a token")]
    Malformed,
    /// Not signed by the key it must be signed by, or for another purpose.
    #[error("not signed by the right key for this purpose")]
    Signature,
}

/// A server's own key.
pub struct SigningKey {
    pair: Ed25519KeyPair,
}

impl SigningKey {
    /// The key under `name` in the vault, made at the first start. Its public half is left in `folder` for the other side.
    ///
    /// # Errors
    /// If the vault or the folder cannot be used.
    pub fn open(vault: &Vault, name: &str, folder: &Path) -> Result<Self, Error> {
        let seed = vault.get_or_make(name, || Ok::<_, Error>(Zeroizing::new(random::bytes::<32>()?.to_vec())))?;
        let key = Self::from_seed(&seed)?;
        let path = public_path(folder, name);
        let text = key.public().text();
        if std::fs::read_to_string(&path).ok().as_deref() != Some(text.as_str()) {
            files::write_whole(&path, text.as_bytes()).map_err(|source| Error::File { path: path.display().to_string(), source })?;
        }
        Ok(key)
    }

    /// The key that grows from 32 secret bytes.
    ///
    /// # Errors
    /// If they are not 32.
    pub fn from_seed(seed: &[u8]) -> Result<Self, Error> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| Error::Trust("回線認証の鍵が壊れています。".to_owned()))?;
        Ok(Self { pair })
    }

    /// The half that the other side may know.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        let mut bytes = [0; 32];
        for (to, from) in bytes.iter_mut().zip(self.pair.public_key().as_ref()) {
            *to = *from;
        }
        PublicKey(bytes)
    }

    /// Signs. The text fits into an address and into a form.
    #[must_use]
    pub fn sign<T: Claims>(&self, claims: &T) -> String {
        let payload = BASE64URL_NOPAD.encode(&serde_json::to_vec(claims).unwrap_or_default());
        let signature = self.pair.sign(signed_text::<T>(&payload).as_bytes());
        format!("{payload}.{}", BASE64URL_NOPAD.encode(signature.as_ref()))
    }
}

fn signed_text<T: Claims>(payload: &str) -> String {
    format!("onshi line {}\n{payload}", T::KIND)
}

/// Where a server leaves its public key.
fn public_path(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.pub"))
}

/// The other side's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// Reads a key as [`text`](Self::text) writes it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(Self(BASE64URL_NOPAD.decode(text.trim().as_bytes()).ok()?.try_into().ok()?))
    }

    /// The key as configuration files carry it: base64url.
    #[must_use]
    pub fn text(&self) -> String {
        BASE64URL_NOPAD.encode(&self.0)
    }

    /// Reads what the holder of this key has signed. Whether it is still in time is for the reader to judge.
    ///
    /// # Errors
    /// [`TokenError`]; nothing of what the token says is looked at before its signature.
    pub fn read<T: Claims>(&self, token: &str) -> Result<T, TokenError> {
        if token.len() > MAX_TOKEN {
            return Err(TokenError::Malformed);
        }
        let (payload, signature) = token.split_once('.').ok_or(TokenError::Malformed)?;
        let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).map_err(|_| TokenError::Malformed)?;
        UnparsedPublicKey::new(&ED25519, self.0)
            .verify(signed_text::<T>(payload).as_bytes(), &signature)
            .map_err(|_| TokenError::Signature)?;
        let claims = BASE64URL_NOPAD.decode(payload.as_bytes()).map_err(|_| TokenError::Malformed)?;
        serde_json::from_slice(&claims).map_err(|_| TokenError::Malformed)
    }
}

/// The other side's key: configured, or beside the center's certificates, where the other side leaves it when it first starts.
pub struct PeerKey {
    known: OnceLock<PublicKey>,
    path: PathBuf,
}

impl PeerKey {
    /// The configured key, or else that of `name` in `folder`.
    ///
    /// # Errors
    /// If the configured text is no key.
    pub fn new(configured: &str, folder: &Path, name: &str) -> Result<Self, Error> {
        let known = OnceLock::new();
        if !configured.trim().is_empty() {
            let key = PublicKey::parse(configured)
                .ok_or_else(|| Error::Trust(format!("{name} の公開鍵の設定を読めません。.pub ファイルの文字をそのまま書いてください。")))?;
            known.get_or_init(|| key);
        }
        Ok(Self { known, path: public_path(folder, name) })
    }

    /// The key, if the other side has left it by now.
    #[must_use]
    pub fn get(&self) -> Option<PublicKey> {
        if let Some(key) = self.known.get() {
            return Some(*key);
        }
        let key = PublicKey::parse(&std::fs::read_to_string(&self.path).ok()?)?;
        Some(*self.known.get_or_init(|| key))
    }

    /// Reads what the holder of the key has signed.
    ///
    /// # Errors
    /// [`TokenError`]; without a key nothing is believed.
    pub fn read<T: Claims>(&self, token: &str) -> Result<T, TokenError> {
        self.get().ok_or(TokenError::Signature)?.read(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, serde::Deserialize)]
    struct Note {
        text: String,
    }
    impl Claims for Note {
        const KIND: &'static str = "note 1";
    }
    #[derive(Debug, Serialize, serde::Deserialize)]
    struct Other {
        text: String,
    }
    impl Claims for Other {
        const KIND: &'static str = "other 1";
    }

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed(&[seed; 32]).unwrap()
    }

    #[test]
    fn only_what_the_right_key_signed_for_this_purpose_is_believed() {
        let token = key(1).sign(&Note { text: "はい".to_owned() });
        let public = PublicKey::parse(&key(1).public().text()).unwrap();
        assert_eq!(public.read::<Note>(&token).unwrap().text, "はい");
        assert_eq!(public.read::<Other>(&token).unwrap_err(), TokenError::Signature);
        assert_eq!(key(2).public().read::<Note>(&token).unwrap_err(), TokenError::Signature);
        let (payload, signature) = token.split_once('.').unwrap();
        let changed = format!("{}.{signature}", BASE64URL_NOPAD.encode(br#"{"text":"x"}"#));
        assert_eq!(public.read::<Note>(&changed).unwrap_err(), TokenError::Signature);
        for wrong in ["", ".", payload, &format!("{payload}."), &"a".repeat(MAX_TOKEN + 1)] {
            assert!(public.read::<Note>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_key_is_made_once_and_found_by_the_other_side_when_it_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(&folder.path().join("keys"), None).unwrap();
        let peer = PeerKey::new("", folder.path(), "line-portal").unwrap();
        assert_eq!(peer.get(), None);
        let first = SigningKey::open(&vault, "line-portal", folder.path()).unwrap().public();
        assert_eq!(peer.get(), Some(first));
        assert_eq!(SigningKey::open(&vault, "line-portal", folder.path()).unwrap().public(), first);
        assert!(PeerKey::new("no key", folder.path(), "line-portal").is_err());
        let other = key(7).public();
        assert_eq!(PeerKey::new(&other.text(), folder.path(), "line-portal").unwrap().get(), Some(other));
    }
}
