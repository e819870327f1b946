//! Fetches this machine's certificate: the key is made here and never leaves, the notice's two numbers prove who asks.
//!
//! Every step can be broken off and repeated: the key is saved before the center is asked, a renewed pair is put in place only when
//! both halves are on disk, and a working pair is never overwritten unless that is asked for.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chassis::files;
use jiff::Timestamp;
use manuals::hosts;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PublicKeyData, RsaKeySize};
use secrecy::{ExposeSecret, SecretString};
use wire::enrolment::{CsrRequest, IssuedCertificate};
use x509_parser::pem::Pem;

use crate::center::{self, CenterError, ConnectError};
use crate::config::CenterConfig;
use crate::roots;

/// Where the authority takes requests of programs, on its own host.
const CERTIFICATES: &str = "/api/certificates";
/// Issuing takes the authority seconds at most.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The kind of key to make.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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

/// What is not in place yet ends like this.
const PENDING: &str = ".pending";

/// The four files of an enrolment.
struct Places {
    key: PathBuf,
    certificate: PathBuf,
    key_pending: PathBuf,
    certificate_pending: PathBuf,
}

impl Places {
    fn of(center: &CenterConfig) -> Self {
        Self {
            key: center.key.clone(),
            certificate: center.certificate.clone(),
            key_pending: with_suffix(&center.key, PENDING),
            certificate_pending: with_suffix(&center.certificate, PENDING),
        }
    }
}

/// Makes a key, has it certified, and puts both in place. May be repeated after any interruption.
///
/// # Errors
/// [`EnrolError`] says what to do; the key is kept for the next attempt.
pub async fn enrol(config: &EnrolConfig) -> Result<Enrolled, EnrolError> {
    let places = Places::of(&config.center);
    if places.certificate_pending.exists() {
        // An earlier run had everything and was stopped before the last renames.
        return put_in_place(&places);
    }
    if places.certificate.exists() && !config.replace {
        return Err(EnrolError::AlreadyEnrolled { path: places.certificate });
    }
    let http = center::client(&config.center, None, TIMEOUT)?;
    let key = key_pair(&places, config)?;
    let asked = CsrRequest {
        request_id: config.request_id.clone(),
        reference_id: config.reference_id.expose_secret().to_owned(),
        csr: signing_request(&key, &config.request_id).map_err(EnrolError::Key)?,
    };
    let raw = center::send(http.post(center::url(hosts::authority(), CERTIFICATES)).json(&asked)).await?;
    let Ok(issued) = serde_json::from_slice::<IssuedCertificate>(&raw.body) else { return Err(raw.refusal().into()) };
    let (_, _, public_key) = leaf(issued.certificate.as_bytes())?;
    if public_key != key.subject_public_key_info() {
        return Err(EnrolError::NotOurs);
    }
    let chain = format!("{}\n{}\n", issued.certificate.trim_end(), issued.chain.trim_end());
    on_disk(&places.certificate_pending, |path| files::write_whole(path, chain.as_bytes()))?;
    put_in_place(&places)
}

/// The key of an interrupted run, the key that waits for its first certificate, or a new one, saved before anyone hears of it.
fn key_pair(places: &Places, config: &EnrolConfig) -> Result<KeyPair, EnrolError> {
    let waiting = [Some(&places.key_pending), (!config.replace).then_some(&places.key)];
    if let Some(path) = waiting.into_iter().flatten().find(|path| path.exists()) {
        let pem = on_disk(path, |path| std::fs::read_to_string(path).map(SecretString::from))?;
        return KeyPair::from_pem(pem.expose_secret()).map_err(EnrolError::Key);
    }
    let made = match config.key_kind {
        KeyKind::P256 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256),
        KeyKind::Rsa2048 => KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048),
    };
    let key = made.map_err(EnrolError::Key)?;
    let pem = SecretString::from(key.serialize_pem());
    on_disk(&places.key_pending, |path| {
        if let Some(folder) = path.parent() {
            files::make_private_folder(folder)?;
        }
        files::write_private(path, pem.expose_secret().as_bytes())
    })?;
    Ok(key)
}

/// The CSR. The authority takes the subject from its register; the name here only tells requests apart.
fn signing_request(key: &KeyPair, request_id: &str) -> Result<String, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, request_id);
    params.serialize_request(key)?.pem()
}

/// The two renames that make a pending pair the machine's own, then the record of the fingerprint.
fn put_in_place(places: &Places) -> Result<Enrolled, EnrolError> {
    let chain = on_disk(&places.certificate_pending, |path| std::fs::read(path))?;
    let (fingerprint, not_after, _) = leaf(&chain)?;
    if places.key_pending.exists() {
        on_disk(&places.key, |path| std::fs::rename(&places.key_pending, path).and_then(|()| files::sync_folder_of(path)))?;
    }
    on_disk(&places.certificate, |path| std::fs::rename(&places.certificate_pending, path).and_then(|()| files::sync_folder_of(path)))?;
    on_disk(&with_suffix(&places.certificate, ".sha256"), |path| files::write_whole(path, format!("{fingerprint}\n").as_bytes()))?;
    tracing::info!(%fingerprint, %not_after, "certificate in place");
    Ok(Enrolled { certificate: places.certificate.clone(), key: places.key.clone(), fingerprint, not_after })
}

/// Fingerprint, end of validity and public key of the first certificate.
fn leaf(pem: &[u8]) -> Result<(String, Timestamp, Vec<u8>), EnrolError> {
    let pem = Pem::iter_from_buffer(pem).next().and_then(Result::ok).ok_or(EnrolError::NotOurs)?;
    let certificate = pem.parse_x509().map_err(|_| EnrolError::NotOurs)?;
    let not_after = Timestamp::from_second(certificate.validity().not_after.timestamp()).map_err(|_| EnrolError::NotOurs)?;
    Ok((roots::fingerprint(&pem.contents), not_after, certificate.public_key().raw.to_vec()))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn on_disk<T>(path: &Path, work: impl FnOnce(&Path) -> io::Result<T>) -> Result<T, EnrolError> {
    work(path).map_err(|source| EnrolError::Disk { path: path.to_owned(), source })
}
