//! Keeps keys in files that are worthless without a passphrase from elsewhere, or openly unsealed on a demonstration machine.

use std::path::{Path, PathBuf};

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::aead::NONCE_LEN;
use data_encoding::BASE64;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::files;
use crate::random::{self, NoRandomness};
use crate::sealer::Sealer;

const LOCK_FILE: &str = "vault.json";
const PROOF: &[u8] = b"onshi vault 1";

/// Why a vault or a key in it cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The vault is sealed and no passphrase was given.
    #[error(
        "鍵の保管庫 {0} は封印されています。環境変数 ONSHI_PASSPHRASE、または認証情報ファイル onshi-passphrase でパスフレーズを渡してください。"
    )]
    Sealed(String),
    /// The passphrase is not the one the vault was sealed with.
    #[error("鍵の保管庫 {0} のパスフレーズが違います。")]
    WrongPassphrase(String),
    /// A key file was changed or belongs to another vault.
    #[error("鍵ファイル {0} は壊れているか、別の保管庫のものです。控えから戻してください。")]
    Damaged(String),
    /// The files could not be read or written.
    #[error("鍵の保管庫 {0} を読み書きできません（{1}）。")]
    Unusable(String, std::io::Error),
    /// No randomness for a nonce or salt.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

#[derive(Serialize, Deserialize)]
struct Lock {
    salt: String,
    proof: Sealed,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    nonce: String,
    sealed: String,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Stored {
    Sealed(Sealed),
    Unsealed { unsealed: String },
}

/// A folder of keys. Sealed with a passphrase, or openly unsealed for a demonstration.
pub struct Vault {
    folder: PathBuf,
    key: Option<Sealer>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("folder", &self.folder).field("sealed", &self.is_sealed()).finish()
    }
}

impl Vault {
    /// Opens the vault in `folder`, making it if it is new. An unsealed vault that is opened with a passphrase becomes sealed, its
    /// keys included; a sealed one never opens without.
    ///
    /// # Errors
    /// [`VaultError::Sealed`] or [`VaultError::WrongPassphrase`] say what is missing.
    pub fn open(folder: &Path, passphrase: Option<&SecretString>) -> Result<Self, VaultError> {
        let place = folder.display().to_string();
        files::make_private_folder(folder).map_err(|error| VaultError::Unusable(place.clone(), error))?;
        let lock = folder.join(LOCK_FILE);
        let known = match std::fs::read(&lock) {
            Ok(text) => Some(serde_json::from_slice::<Lock>(&text).map_err(|_| VaultError::Damaged(lock.display().to_string()))?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(VaultError::Unusable(place, error)),
        };
        match (known, passphrase) {
            (None, None) => Ok(Self { folder: folder.into(), key: None }),
            (Some(_), None) => Err(VaultError::Sealed(place)),
            (Some(lock), Some(passphrase)) => {
                let salt = BASE64.decode(lock.salt.as_bytes()).map_err(|_| VaultError::Damaged(place.clone()))?;
                let key = derive(passphrase, &salt).ok_or_else(|| VaultError::Damaged(place.clone()))?;
                let proof = unseal(&key, LOCK_FILE, &lock.proof).ok_or_else(|| VaultError::WrongPassphrase(place.clone()))?;
                if proof.as_slice() != PROOF {
                    return Err(VaultError::WrongPassphrase(place));
                }
                let vault = Self { folder: folder.into(), key: Some(key) };
                vault.seal_what_lies_open()?;
                Ok(vault)
            }
            (None, Some(passphrase)) => {
                let salt = random::bytes::<16>()?;
                let key = derive(passphrase, &salt).ok_or_else(|| VaultError::Damaged(place.clone()))?;
                let written = Lock { salt: BASE64.encode(&salt), proof: seal(&key, LOCK_FILE, PROOF)? };
                let vault = Self { folder: folder.into(), key: Some(key) };
                vault.write(LOCK_FILE, &written)?;
                vault.seal_what_lies_open()?;
                Ok(vault)
            }
        }
    }

    /// Whether a copy of the folder is worthless without the passphrase.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.key.is_some()
    }

    /// Keeps `secret` under `name` (letters, digits and hyphens), replacing what was there, durably.
    ///
    /// # Errors
    /// [`VaultError::Unusable`] if it could not be written.
    pub fn put(&self, name: &str, secret: &[u8]) -> Result<(), VaultError> {
        let stored = match &self.key {
            Some(key) => Stored::Sealed(seal(key, name, secret)?),
            None => Stored::Unsealed { unsealed: BASE64.encode(secret) },
        };
        self.write(&format!("{name}.key"), &stored)
    }

    /// The secret kept under `name`, or `None` if there is none.
    ///
    /// # Errors
    /// [`VaultError::Damaged`] if it was changed or moved.
    pub fn get(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
        let path = self.folder.join(format!("{name}.key"));
        let shown = path.display().to_string();
        let text = match std::fs::read(&path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(VaultError::Unusable(shown, error)),
        };
        let stored = serde_json::from_slice::<Stored>(&text).map_err(|_| VaultError::Damaged(shown.clone()))?;
        let secret = match (&stored, &self.key) {
            (Stored::Unsealed { unsealed }, _) => BASE64.decode(unsealed.as_bytes()).ok().map(Zeroizing::new),
            (Stored::Sealed(sealed), Some(key)) => unseal(key, name, sealed),
            (Stored::Sealed(_), None) => return Err(VaultError::Sealed(shown)),
        };
        secret.map(Some).ok_or(VaultError::Damaged(shown))
    }

    /// The secret under `name`, made and kept by `make` at the first call.
    ///
    /// # Errors
    /// As [`Vault::get`] and [`Vault::put`], or what `make` returned.
    pub fn get_or_make<E: From<VaultError>>(
        &self,
        name: &str,
        make: impl FnOnce() -> Result<Zeroizing<Vec<u8>>, E>,
    ) -> Result<Zeroizing<Vec<u8>>, E> {
        if let Some(secret) = self.get(name)? {
            return Ok(secret);
        }
        let secret = make()?;
        self.put(name, &secret)?;
        Ok(secret)
    }

    fn seal_what_lies_open(&self) -> Result<(), VaultError> {
        let broken = |error| VaultError::Unusable(self.folder.display().to_string(), error);
        for entry in std::fs::read_dir(&self.folder).map_err(broken)? {
            let path = entry.map_err(broken)?.path();
            let (Some(name), Some("key")) = (path.file_stem().and_then(|s| s.to_str()), path.extension().and_then(|s| s.to_str())) else {
                continue;
            };
            let text = Zeroizing::new(std::fs::read(&path).map_err(broken)?);
            if let Ok(Stored::Unsealed { .. }) = serde_json::from_slice(&text)
                && let Some(secret) = self.get(name)?
            {
                self.put(name, &secret)?;
            }
        }
        Ok(())
    }

    fn write(&self, file: &str, content: &impl Serialize) -> Result<(), VaultError> {
        let path = self.folder.join(file);
        let text = Zeroizing::new(serde_json::to_vec(content).unwrap_or_default());
        files::write_private(&path, &text).map_err(|error| VaultError::Unusable(path.display().to_string(), error))
    }
}

fn derive(passphrase: &SecretString, salt: &[u8]) -> Option<Sealer> {
    let mut key = Zeroizing::new([0_u8; 32]);
    let params = Params::new(64 * 1024, 3, 1, Some(32)).ok()?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.expose_secret().as_bytes(), salt, key.as_mut_slice())
        .ok()?;
    Sealer::new(key.as_slice())
}

fn seal(key: &Sealer, name: &str, secret: &[u8]) -> Result<Sealed, VaultError> {
    let whole = key.seal(name, secret)?;
    let (nonce, text) = whole.split_at(whole.len().min(NONCE_LEN));
    Ok(Sealed { nonce: BASE64.encode(nonce), sealed: BASE64.encode(text) })
}

fn unseal(key: &Sealer, name: &str, sealed: &Sealed) -> Option<Zeroizing<Vec<u8>>> {
    let nonce = BASE64.decode(sealed.nonce.as_bytes()).ok()?;
    key.open(name, &[nonce, BASE64.decode(sealed.sealed.as_bytes()).ok()?].concat())
}

/// The passphrase the operator gave: the environment's `ONSHI_PASSPHRASE`, or the file `onshi-passphrase` in the service manager's
/// credentials folder; `None` if neither is there.
#[must_use]
pub fn passphrase_from_elsewhere() -> Option<SecretString> {
    if let Ok(given) = std::env::var("ONSHI_PASSPHRASE")
        && !given.is_empty()
    {
        return Some(given.into());
    }
    let folder = std::env::var_os("CREDENTIALS_DIRECTORY")?;
    let text = Zeroizing::new(std::fs::read_to_string(Path::new(&folder).join("onshi-passphrase")).ok()?);
    Some(text.trim_end_matches(['\r', '\n']).to_owned().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_of_a_sealed_vault_is_worthless_without_the_passphrase() {
        let folder = tempfile::tempdir().unwrap();
        let right: SecretString = "長い パスフレーズ".into();
        Vault::open(folder.path(), Some(&right)).unwrap().put("ca", b"the key of the house").unwrap();
        let on_disk = std::fs::read_to_string(folder.path().join("ca.key")).unwrap();
        assert!(!on_disk.contains(&BASE64.encode(b"the key of the house")));
        assert!(matches!(Vault::open(folder.path(), None), Err(VaultError::Sealed(_))));
        assert!(matches!(Vault::open(folder.path(), Some(&"other".into())), Err(VaultError::WrongPassphrase(_))));
        let again = Vault::open(folder.path(), Some(&right)).unwrap();
        assert_eq!(again.get("ca").unwrap().unwrap().as_slice(), b"the key of the house");
        assert!(again.get("other").unwrap().is_none());
    }

    #[test]
    fn a_demonstration_vault_becomes_sealed_when_it_first_sees_a_passphrase() {
        let folder = tempfile::tempdir().unwrap();
        let open = Vault::open(folder.path(), None).unwrap();
        assert!(!open.is_sealed());
        open.put("ca", b"secret").unwrap();
        let sealed = Vault::open(folder.path(), Some(&"p".into())).unwrap();
        assert_eq!(sealed.get("ca").unwrap().unwrap().as_slice(), b"secret");
        assert!(!std::fs::read_to_string(folder.path().join("ca.key")).unwrap().contains("unsealed"));
    }

    #[test]
    fn a_key_file_put_under_another_name_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(folder.path(), Some(&"p".into())).unwrap();
        vault.put("one", b"1").unwrap();
        std::fs::copy(folder.path().join("one.key"), folder.path().join("two.key")).unwrap();
        assert!(matches!(vault.get("two"), Err(VaultError::Damaged(_))));
    }
}
