//! Copies key and certificate into one file under a password, to be kept on other media, and puts them in place again from such a file.

use std::io;
use std::path::{Path, PathBuf};

use chassis::files;
use chassis::pfx::{self, Content, Opened, Strength, Unopened};
use jiff::Timestamp;
use rcgen::{KeyPair, PublicKeyData};
use secrecy::{ExposeSecret, SecretString};
use x509_parser::pem::Pem;

use super::leaf;
use super::shelf::{Lying, Pair, Places, Shelf};
use super::{Enrolled, put_in_place};
use crate::config::Config;

/// Why no copy was made, or nothing was put in place.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is nothing to copy.
    #[error("この端末には控えを取れる証明書がありません。")]
    None,
    /// The password is not of the kind asked for.
    #[error("パスワードは {0} にしてください。")]
    Password(&'static str),
    /// The file is there already.
    #[error("{0} はすでにあります。別の名前にしてください。")]
    Exists(PathBuf),
    /// A file cannot be read or written.
    #[error("{path} を読み書きできません（{source}）。")]
    Disk {
        /// Which file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The copy could not be written.
    #[error(transparent)]
    Making(#[from] pfx::Error),
    /// The copy could not be opened.
    #[error(transparent)]
    Unopened(#[from] Unopened),
    /// Key and certificate do not fit, or are of a kind that cannot be used.
    #[error("ファイルの秘密鍵と証明書が合わないか、使えない種類です。")]
    NotOurs,
    /// The certificate in the file has expired.
    #[error("ファイルの証明書は {0} に有効期限が切れています。発行申請を行ってください。")]
    Expired(jiff::civil::Date),
    /// The certificate in place is newer.
    #[error("この端末には、もっと新しい証明書があります。古い控えで置き換えるときは、置き換えを指定してください。")]
    Older,
    /// What comes after could not be done.
    #[error(transparent)]
    Enrol(#[from] super::EnrolError),
}

/// How a copy is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// A password of at least 13 characters.
    Strong,
    /// Four digits, as the manual has it (RN-05), for programs and habits that know nothing else.
    FourDigits,
}

impl Protection {
    fn check(self, password: &SecretString) -> Result<(), BackupError> {
        let (rule, words) = match self {
            Self::Strong => ("strong", "半角の英数字・記号で 13 文字以上（4桁の数字にするには、そう指定します）"),
            Self::FourDigits => ("compatible", "半角数字 4 桁"),
        };
        let kept = manuals::certificate::pfx_password(rule).is_some_and(|rule| rule.permits(password.expose_secret()));
        if kept { Ok(()) } else { Err(BackupError::Password(words)) }
    }
}

/// Copies the pair in place into a new file (CA-22, RN-05).
///
/// # Errors
/// [`BackupError`] says what to do.
pub fn backup(config: &Config, to: &Path, password: &SecretString, protection: Protection) -> Result<(), BackupError> {
    protection.check(password)?;
    if to.exists() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let shelf = Shelf::new(Places::of(&config.center.certificate, &config.center.key));
    let identity = on_disk(&config.center.certificate, shelf.identity(Pair::InPlace))?.ok_or(BackupError::None)?;
    let key = KeyPair::from_pem(identity_key(&identity).ok_or(BackupError::None)?.expose_secret()).map_err(|_| BackupError::NotOurs)?;
    let chain: Vec<Vec<u8>> = Pem::iter_from_buffer(identity.expose_secret().as_bytes())
        .filter_map(Result::ok)
        .filter(|block| block.label == "CERTIFICATE")
        .map(|block| block.contents)
        .collect();
    let certificates: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
    let content = Content { private_key: key.serialized_der(), certificates: &certificates, friendly_name: &config.facility_code };
    let file = pfx::write(&content, password, Strength::Modern)?;
    on_disk(to, files::write_private(to, &file))
}

/// Puts the pair of a file in place (CA-22): one of ours, of the authority's retrieval page, or exported by Windows or OpenSSL. Unless `replace`
/// says so, no newer certificate gives way.
///
/// # Errors
/// [`BackupError`] says what to do; the pair in place is as it was.
pub fn restore(config: &Config, from: &Path, password: &SecretString, replace: bool, now: Timestamp) -> Result<Enrolled, BackupError> {
    let file = on_disk(from, std::fs::read(from))?;
    let Opened { private_key, certificates } = pfx::read(&file, password)?;
    let key = KeyPair::try_from(private_key.as_slice()).map_err(|_| BackupError::NotOurs)?;
    let spki = key.subject_public_key_info();
    let mut texts: Vec<(bool, String)> = certificates.iter().map(|der| pem_of(der)).map(|pem| (is_over(&pem, &spki), pem)).collect();
    // The certificate over this key first, whatever the file's order.
    texts.sort_by_key(|(own, _)| !own);
    let own = texts.first().filter(|(own, _)| *own).and_then(|(_, pem)| leaf::read(pem.as_bytes())).ok_or(BackupError::NotOurs)?;
    if own.held.until <= now {
        return Err(BackupError::Expired(chassis::clock::japan_date(own.held.until)));
    }
    let shelf = Shelf::new(Places::of(&config.center.certificate, &config.center.key));
    let at = &config.center.certificate;
    let _held = on_disk(at, shelf.hold())?;
    let Lying { held, .. } = on_disk(at, shelf.look())?;
    if held.is_some_and(|held| held.held.from > own.held.from) && !replace {
        return Err(BackupError::Older);
    }
    let chain: String = texts.into_iter().map(|(_, pem)| pem).collect();
    on_disk(at, shelf.lay_pair(&SecretString::from(key.serialize_pem()), &chain))?;
    Ok(put_in_place(&shelf, false)?)
}

fn is_over(pem: &str, public_key: &[u8]) -> bool {
    leaf::read(pem.as_bytes()).is_some_and(|leaf| leaf.public_key == public_key)
}

fn pem_of(der: &[u8]) -> String {
    let text = data_encoding::BASE64.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

/// The key's part of an identity.
fn identity_key(identity: &SecretString) -> Option<SecretString> {
    let text = identity.expose_secret();
    let begin =
        text.match_indices("-----BEGIN ").find(|(at, _)| text.get(*at..).is_some_and(|rest| !rest.starts_with("-----BEGIN CERT")))?.0;
    text.get(begin..).map(|key| SecretString::from(key.to_owned()))
}

fn on_disk<T>(path: &Path, done: io::Result<T>) -> Result<T, BackupError> {
    done.map_err(|source| BackupError::Disk { path: path.to_owned(), source })
}
