//! 共通認証局: makes the certificates by which terminals and the center's hosts are known.
#![doc = include_str!("../README.md")]

pub mod acme;
pub mod api;
pub mod applications;
mod chores;
pub mod config;
pub mod console;
mod crl;
pub mod error;
pub mod est;
mod hierarchy;
mod issue;
mod journal;
mod letters;
mod line;
mod lint;
pub mod ocsp;
pub mod operator;
mod orders;
pub mod pages;
pub mod paper;
mod pool;
pub mod profile;
pub mod publish;
mod records;
mod renewal;
pub mod request;
mod revocation;
pub mod rules;
mod states;
mod store;
pub mod summary;

use std::path::Path;
use std::sync::{Arc, Mutex};

use chassis::audit::Audit;
use chassis::db::Database;
use chassis::sealer::Sealer;
use chassis::tls::{self, HostIdentity};
use chassis::vault::Vault;
use jiff::Timestamp;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use registry::Registry;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

pub use chassis::pfx;

pub use applications::{Application, ApplicationRow, ApplicationState, Decision};
pub use config::Config;
pub use crl::{List, Published};
pub use error::Error;
pub use issue::{Issued, der_of};
pub use orders::{Binding, BindingFact, Notice, Proof};
pub use profile::Profile;
pub use renewal::{Holder, RenewalAccepted};
pub use revocation::{By, Reason, RequestState, RevocationBy, RevocationRequest};
pub use rules::{Mistake, Window};
pub use states::{Kind, Order, State};
pub use summary::Summary;

use hierarchy::Hierarchy;
use journal::{Entry, Journal};
use store::Store;

/// A certificate that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedFact {
    /// Serial number, lower-case hexadecimal.
    pub serial: String,
    /// The order that it was made for.
    pub request_id: String,
    /// Whose it is.
    pub facility_code: String,
    /// The terminal's name.
    pub terminal_name: String,
    /// SHA-256 of the public key, hexadecimal.
    pub key_hash: String,
    /// The certificate; empty in an outline.
    pub der: Vec<u8>,
    /// When it was made.
    pub issued_at: Timestamp,
    /// Its last moment.
    pub not_after: Timestamp,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
    /// Why, by the number of RFC 5280.
    pub reason: Option<i64>,
    /// The certificate that took its place.
    pub superseded_by: Option<String>,
    /// The profile's name.
    pub profile: String,
    /// `p256` or `rsa`.
    pub key_kind: String,
    /// When its keeper last gave a sign of life.
    pub keeper_seen_at: Option<Timestamp>,
    /// Provisionally blocked since.
    pub held_at: Option<Timestamp>,
    /// Its revocation list; -1 is the full one only.
    pub shard: i64,
    /// From when it is to be replaced whatever its age.
    pub replace_from: Option<Timestamp>,
}

impl IssuedFact {
    /// The terminal as the registry keeps it.
    fn terminal(&self) -> registry::Terminal {
        registry::Terminal {
            serial: self.serial.clone(),
            facility_code: self.facility_code.clone(),
            name: self.terminal_name.clone(),
            not_after: self.not_after,
            blocked: self.revoked_at.is_some() || self.held_at.is_some(),
        }
    }
}

/// The authority. Cheap to clone.
#[derive(Clone)]
pub struct Authority {
    store: Store,
    registry: Registry,
    hierarchy: Arc<Hierarchy>,
    profiles: Arc<profile::Profiles>,
    /// The issuing CA's name, DER.
    issuer_name: Arc<[u8]>,
    responder: Arc<ocsp::Responder>,
    sealer: Arc<Sealer>,
    journal: Journal,
    /// What the journal holds and the database does not yet.
    unsettled: Arc<Mutex<Vec<Entry>>>,
    /// Held by whoever decides on a revocation.
    deciding: Arc<tokio::sync::Mutex<()>>,
    lists: Arc<crl::Lists>,
    /// None where another process keeps the audit log: what is done here waits for it in the database.
    audit: Option<Audit>,
    config: Config,
}

impl Authority {
    /// Opens the authority: its tables in `db`, where the registry's are too, its keys in `vault`, its certificates in `folder`, its journal of revocations where the
    /// configuration says. What is missing is made. What the journal knows and the database forgot is put right before anything else.
    ///
    /// # Errors
    /// If the keys cannot be read, do not fit their certificates, the journal was changed, or the database cannot be used.
    pub async fn open(
        db: Database,
        registry: Registry,
        vault: &Vault,
        folder: &Path,
        config: Config,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let hierarchy = Arc::new(Hierarchy::open(vault, folder, config.demonstration, now)?);
        let (_, issuing) = x509_parser::parse_x509_certificate(&hierarchy.issuing.certificate).map_err(|_| Error::Cipher)?;
        let (issuer_name, responder) = (Arc::from(issuing.subject().as_raw()), Arc::new(ocsp::Responder::of(&issuing)));
        let beside = folder.join("journal");
        let place = if config.journal.as_os_str().is_empty() { &beside } else { &config.journal };
        let (journal, entries) = Journal::open(place)?;
        let authority = Self {
            store: Store::open(db).await?,
            registry,
            profiles: Arc::new(profile::Profiles::read()?),
            issuer_name,
            responder,
            sealer: Arc::new(Sealer::load_or_create(vault, "authority-seal")?),
            journal,
            unsettled: Arc::default(),
            deciding: Arc::default(),
            lists: Arc::default(),
            audit: None,
            hierarchy: Arc::clone(&hierarchy),
            config,
        };
        authority.replay(&entries, now).await?;
        authority.catch_journal_up(&entries).await?;
        authority.block_what_is_due(now).await?;
        // A restored database may hold keys that were handed out since it was copied.
        authority.store.empty_pool().await?;
        Ok(authority)
    }

    /// What an operator set.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The certificates that were made, oldest first.
    ///
    /// # Errors
    /// If the database could not say.
    pub async fn certificates(&self) -> Result<Vec<IssuedFact>, Error> {
        Ok(self.store.certificates().await?)
    }

    /// As [`certificates`](Self::certificates), without their texts: for lists and sums over many.
    ///
    /// # Errors
    /// If the database could not say.
    pub async fn certificate_outlines(&self) -> Result<Vec<IssuedFact>, Error> {
        Ok(self.store.outlines().await?)
    }

    /// The certificates above a terminal's: the issuing CA's, then the client root's.
    #[must_use]
    pub fn ca_chain(&self) -> [CertificateDer<'static>; 2] {
        [self.hierarchy.issuing.certificate.clone(), self.hierarchy.client_root.certificate.clone()]
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

/// The last moment of a certificate of ours.
fn end_of(certificate: &[u8]) -> Timestamp {
    let parsed = x509_parser::parse_x509_certificate(certificate).ok();
    let end = parsed.and_then(|(_, parsed)| Timestamp::from_second(parsed.validity().not_after.timestamp()).ok());
    end.unwrap_or(Timestamp::UNIX_EPOCH)
}

fn serial_of(certificate: &[u8]) -> String {
    x509_parser::parse_x509_certificate(certificate).map_or_else(|_| String::new(), |(_, parsed)| tls::serial_text(parsed.raw_serial()))
}
