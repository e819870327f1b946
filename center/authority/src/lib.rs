//! 共通認証局: makes the certificates by which terminals and the center's hosts are known.
#![doc = include_str!("../README.md")]

pub mod api;
pub mod config;
pub mod error;
mod hierarchy;
mod issue;
pub mod operator;
pub mod pfx;
pub mod rules;
mod store;

use std::path::Path;
use std::sync::Arc;

use chassis::db::Database;
use chassis::random;
use chassis::tls::{self, HostIdentity};
use chassis::vault::Vault;
use jiff::{SignedDuration, Timestamp};
use rcgen::{
    CertificateRevocationListParams, KeyIdMethod, KeyPair, PKCS_ECDSA_P256_SHA256, RevocationReason, RevokedCertParams, SerialNumber,
};
use registry::{Refusal, Registry};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::SecretString;
use wire::number::FacilityCode;

pub use config::Config;
pub use error::Error;
pub use issue::Issued;

use hierarchy::Hierarchy;
use store::Store;

/// A certificate notice (電子証明書発行通知書, CA-02): what a facility needs to fetch one terminal's certificate.
#[derive(Clone, Debug)]
pub struct Notice {
    /// The issuing CA's name.
    pub issuer: &'static str,
    /// Whose terminal it is.
    pub facility_code: String,
    /// The terminal's name, as given at application.
    pub terminal_name: String,
    /// Day of issue and seven digits (CA-04).
    pub request_id: String,
    /// Ten letters and digits (CA-05); shown once, kept only as a hash.
    pub reference_id: SecretString,
    /// The certificate's last moment.
    pub valid_until: Timestamp,
    /// Until when it may be fetched.
    pub retrieve_until: Timestamp,
}

/// A certificate that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedFact {
    /// Serial number, lower-case hexadecimal.
    pub serial: String,
    /// Whose it is.
    pub facility_code: String,
    /// The terminal's name.
    pub terminal_name: String,
    /// SHA-256 of the public key, hexadecimal.
    pub key_hash: String,
    /// The certificate.
    pub der: Vec<u8>,
    /// Its last moment.
    pub not_after: Timestamp,
    /// Whether it was revoked.
    pub revoked: bool,
}

pub(crate) struct NoticeRow {
    pub(crate) reference_hash: String,
    pub(crate) facility_code: String,
    pub(crate) terminal_name: String,
    pub(crate) valid_until: Timestamp,
    pub(crate) fact: rules::NoticeFact,
}

pub(crate) struct RevokedFact {
    pub(crate) serial: String,
    pub(crate) at: Timestamp,
    pub(crate) reason: i64,
}

/// The authority. Cheap to clone.
#[derive(Clone)]
pub struct Authority {
    store: Store,
    registry: Registry,
    hierarchy: Arc<Hierarchy>,
    config: Config,
}

impl Authority {
    /// Opens the authority: its tables in `db`, its keys in `vault`, its certificates in `folder`. What is missing is made.
    ///
    /// # Errors
    /// If the keys cannot be read, do not fit their certificates, or the database cannot be used.
    pub async fn open(
        db: Database,
        registry: Registry,
        vault: &Vault,
        folder: &Path,
        config: Config,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let hierarchy = Arc::new(Hierarchy::open(vault, folder, config.demonstration, now)?);
        Ok(Self { store: Store::open(db).await?, registry, hierarchy, config })
    }

    /// Writes a certificate notice for a terminal of a registered facility.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] if the facility is not registered.
    pub async fn notice(&self, code: &FacilityCode, terminal_name: &str, now: Timestamp) -> Result<Notice, Error> {
        let name = terminal_name.trim();
        if name.is_empty() || name.chars().count() > 60 {
            let problem = "端末の名称を 60 文字以内で書いてください。".to_owned();
            return Err(registry::Error::from(Refusal::Wrong { field: "terminal_name", problem }).into());
        }
        if self.registry.facility(code).await?.is_none() {
            return Err(registry::Error::from(Refusal::Unknown("この医療機関コード")).into());
        }
        let shape = &manuals::certificate::sheet().notice;
        let day = wire::date::format_date(chassis::clock::japan_date(now));
        let notice = Notice {
            issuer: manuals::certificate::sheet().issuer_on_notice,
            facility_code: code.as_str().to_owned(),
            terminal_name: name.to_owned(),
            request_id: format!("{day}{}", random::text(shape.request_id_digits_after_date, random::DIGITS)?),
            reference_id: random::text(shape.reference_id_characters, random::READABLE)?.into(),
            valid_until: now + SignedDuration::from_hours(24 * i64::from(self.config.certificate_days)),
            retrieve_until: now + SignedDuration::from_hours(24 * i64::from(self.config.retrieve_days)),
        };
        self.store.add_notice(&notice, &issue::reference_hash(&notice.request_id, &notice.reference_id), now).await?;
        Ok(notice)
    }

    /// The certificates that were made, oldest first.
    ///
    /// # Errors
    /// If the database could not say.
    pub async fn certificates(&self) -> Result<Vec<IssuedFact>, Error> {
        Ok(self.store.certificates().await?)
    }

    /// Revokes a certificate: its terminal is refused from the next request on, and it stands on every list made from now on.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] if no certificate has this serial number.
    pub async fn revoke(&self, serial: &str, now: Timestamp) -> Result<(), Error> {
        let serial = serial.to_ascii_lowercase();
        // The terminal first: it must be refused even if the list fails.
        self.registry.block_terminal(&serial, true, now).await?;
        if self.store.revoke(&serial, 0, now).await? == 0 {
            return Err(registry::Error::from(Refusal::Unknown("この証明書")).into());
        }
        Ok(())
    }

    /// A certificate revocation list of the issuing CA, PEM.
    ///
    /// # Errors
    /// If the database could not say, or the key does not work.
    pub async fn revocation_list(&self, now: Timestamp) -> Result<String, Error> {
        let number = self.store.next_list_number(now).await?;
        let revoked = self.store.revoked().await?;
        let entries = revoked.iter().map(|fact| RevokedCertParams {
            serial_number: SerialNumber::from_slice(&serial_bytes(&fact.serial)),
            revocation_time: hierarchy::offset(fact.at),
            reason_code: (fact.reason == 1).then_some(RevocationReason::KeyCompromise),
            invalidity_date: None,
        });
        let list = CertificateRevocationListParams {
            this_update: hierarchy::offset(now),
            next_update: hierarchy::offset(now + SignedDuration::from_hours(i64::from(self.config.crl_hours))),
            crl_number: SerialNumber::from_slice(&number.to_be_bytes()),
            issuing_distribution_point: None,
            revoked_certs: entries.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        Ok(list.signed_by(&self.hierarchy.issuing.issuer)?.pem()?)
    }

    /// The roots that callers' certificates lead to, root and issuing CA, for judging them.
    #[must_use]
    pub fn client_roots(&self) -> Vec<CertificateDer<'static>> {
        vec![self.hierarchy.client_root.certificate.clone()]
    }

    /// The names of the CAs whose certificates a host may ask for, DER.
    #[must_use]
    pub fn client_issuer_names(&self) -> Vec<Vec<u8>> {
        [&self.hierarchy.issuing, &self.hierarchy.client_root]
            .iter()
            .filter_map(|ca| {
                x509_parser::parse_x509_certificate(&ca.certificate).ok().map(|(_, parsed)| parsed.subject().as_raw().to_vec())
            })
            .collect()
    }

    /// The root of the center's own hosts, which clinics know by its fingerprint.
    #[must_use]
    pub fn server_root(&self) -> &CertificateDer<'static> {
        &self.hierarchy.server_root.certificate
    }

    /// A new certificate and key for one of the center's hosts under all its names. The key lives in memory only.
    ///
    /// # Errors
    /// If it could not be made.
    pub fn host_identity(&self, names: &[String], now: Timestamp) -> Result<HostIdentity, Error> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let made = hierarchy::host_profile(names, self.config.server_days, now)?.signed_by(&key, &self.hierarchy.server_root.issuer)?;
        let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(|_| Error::Cipher)?;
        Ok(HostIdentity { chain: vec![made.der().clone(), self.server_root().clone()], key })
    }
}

/// The SHA-256 fingerprint of a certificate: lower-case hexadecimal.
#[must_use]
pub fn fingerprint(certificate: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, certificate).as_ref())
}

/// A certificate as PEM.
#[must_use]
pub fn pem_of(certificate: &[u8]) -> String {
    pem::encode_config(&pem::Pem::new("CERTIFICATE", certificate), pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF))
}

fn serial_bytes(text: &str) -> Vec<u8> {
    let even = if text.len() % 2 == 1 { format!("0{text}") } else { text.to_owned() };
    data_encoding::HEXLOWER.decode(even.as_bytes()).unwrap_or_default()
}

fn serial_of(certificate: &[u8]) -> String {
    x509_parser::parse_x509_certificate(certificate).map_or_else(|_| String::new(), |(_, parsed)| tls::serial_text(parsed.raw_serial()))
}
