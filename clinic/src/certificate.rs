//! This machine's certificate: fetched with the notice's two numbers, kept from running out, backed up, given back.
//!
//! The key is made here and never leaves. Every step can be broken off and repeated: the key is saved before the center is asked, a new pair
//! is put in place only when both halves are on disk, and a working pair is never overwritten unless that is asked for.

mod backup;
mod door;
mod keeper;
mod keeping;
mod leaf;
mod notes;
mod partners;
mod rules;
mod shelf;
#[cfg(test)]
mod simulation;
mod texts;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chassis::files;
use jiff::Timestamp;
use manuals::hosts;
use rcgen::{KeyPair, PublicKeyData};
use secrecy::{ExposeSecret, SecretString};
use wire::enrolment::{CsrRequest, IssuedCertificate};

pub use self::backup::{BackupError, Protection, backup, restore};
pub use self::keeping::{KeepError, Keeping, Standing, delete, keep_once, renew_now, revoke, settle, standing};
pub use self::leaf::Leaf;
pub use self::notes::{Held, Hindrance, Notes, Trouble};
pub use self::partners::Obstacle;
use self::shelf::{PENDING, Places, Shelf};
use crate::center::{self, CenterError, ConnectError};
use crate::config::CenterConfig;

/// Where the authority takes requests of programs, on its own host.
const CERTIFICATES: &str = "/api/certificates";
/// Issuing takes the authority seconds at most.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The kind of key to make.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyKind {
    /// ECDSA on P-256.
    #[default]
    P256,
    /// RSA with 2048 bits, for machines whose other programs know nothing else.
    Rsa2048,
}

/// What an enrolment needs; the numbers stand on the certificate notice (電子証明書発行通知書).
#[derive(Debug)]
pub struct EnrolConfig {
    /// Where key and certificate go, and which center is asked.
    pub center: CenterConfig,
    /// リクエストID.
    pub request_id: String,
    /// リファレンスID: whoever knows both numbers gets the certificate.
    pub reference_id: SecretString,
    /// The kind of key.
    pub key_kind: KeyKind,
    /// Replaces a certificate that is already there (renewal).
    pub replace: bool,
}

/// A certificate that is in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolled {
    /// The certificate and its chain.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// SHA-256 of the certificate, lower-case hexadecimal; also in `<certificate>.sha256`.
    pub fingerprint: String,
    /// Until when it is valid.
    pub not_after: Timestamp,
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The center cannot be asked from this machine.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The center was asked and gave none.
    #[error(transparent)]
    Center(#[from] CenterError),
    /// A certificate is already there.
    #[error("証明書 {path} はすでにあります。更新するときは、置き換えを指定してください。")]
    AlreadyEnrolled {
        /// The certificate.
        path: PathBuf,
    },
    /// No key could be made, or the saved one cannot be used.
    #[error("鍵を用意できません（{0}）。{pending} で終わるファイルがあれば、消してからやり直してください。", pending = PENDING)]
    Key(rcgen::Error),
    /// A file cannot be written.
    #[error("{path} に書き込めません（{source}）。場所とアクセス権を確かめてください。")]
    Disk {
        /// Which file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The answer is no certificate for our key.
    #[error("センターから届いた証明書は、この端末の鍵のものではありません。センターへ連絡してください。")]
    NotOurs,
}

/// Makes a key, has it certified, and puts both in place. May be repeated after any interruption.
///
/// # Errors
/// [`EnrolError`] says what to do; the key is kept for the next attempt.
pub async fn enrol(config: &EnrolConfig) -> Result<Enrolled, EnrolError> {
    let shelf = Shelf::new(Places::of(&config.center.certificate, &config.center.key));
    let _held = on_disk(&config.center.certificate, shelf.hold())?;
    let lying = on_disk(&config.center.certificate, shelf.look())?;
    if lying.torn || matches!(lying.coming, rules::Coming::Pair(_)) {
        // An earlier run had everything and was stopped before the last renames.
        return put_in_place(&shelf, lying.torn);
    }
    if config.center.certificate.exists() && !config.replace {
        return Err(EnrolError::AlreadyEnrolled { path: config.center.certificate.clone() });
    }
    let http = center::client(&config.center, None, TIMEOUT)?;
    let key = key_pair(&shelf, config)?;
    let asked = CsrRequest {
        request_id: config.request_id.clone(),
        reference_id: config.reference_id.expose_secret().to_owned(),
        csr: partners::signing_request(&key, &config.request_id).map_err(EnrolError::Key)?,
    };
    let raw = center::send(http.post(center::url(hosts::authority(), CERTIFICATES)).json(&asked)).await?;
    let Ok(issued) = serde_json::from_slice::<IssuedCertificate>(&raw.body) else { return Err(raw.refusal().into()) };
    let ours = leaf::read(issued.certificate.as_bytes()).is_some_and(|leaf| leaf.public_key == key.subject_public_key_info());
    if !ours {
        return Err(EnrolError::NotOurs);
    }
    on_disk(&config.center.certificate, shelf.lay_certificate(&chain_of(&issued)))?;
    // A key that lay in its place already waits for nothing but this.
    let torn = on_disk(&config.center.certificate, shelf.look())?.torn;
    put_in_place(&shelf, torn)
}

/// What the first certificate of a PEM text says.
pub(crate) fn leaf_of(pem: &[u8]) -> Option<Leaf> {
    leaf::read(pem)
}

/// The certificate with those above it, one text.
fn chain_of(issued: &IssuedCertificate) -> String {
    format!("{}\n{}\n", issued.certificate.trim_end(), issued.chain.trim_end())
}

fn key_pair(shelf: &Shelf, config: &EnrolConfig) -> Result<KeyPair, EnrolError> {
    if let Some(folder) = config.center.key.parent() {
        on_disk(folder, files::make_private_folder(folder))?;
    }
    on_disk(&shelf.places().key_pending, shelf.waiting_key(config.key_kind, !config.replace))?.map_err(EnrolError::Key)
}

/// The two renames that make a pending pair the machine's own, then the record of the fingerprint.
fn put_in_place(shelf: &Shelf, torn: bool) -> Result<Enrolled, EnrolError> {
    let places = shelf.places();
    on_disk(&places.certificate, if torn { shelf.settle() } else { shelf.install() })?;
    let Some(Leaf { held, fingerprint, .. }) = on_disk(&places.certificate, shelf.look())?.held else { return Err(EnrolError::NotOurs) };
    tracing::info!(%fingerprint, not_after = %held.until, "certificate in place");
    Ok(Enrolled { certificate: places.certificate.clone(), key: places.key.clone(), fingerprint, not_after: held.until })
}

fn on_disk<T>(path: &Path, done: io::Result<T>) -> Result<T, EnrolError> {
    done.map_err(|source| EnrolError::Disk { path: path.to_owned(), source })
}
