//! Makes and keeps the two roots and the issuing CA, and builds the profile of every certificate below them.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;

use chassis::files;
use chassis::random;
use chassis::vault::Vault;
use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, DnValue, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, NameConstraints, PKCS_ECDSA_P256_SHA256, SerialNumber,
};
use rustls_pki_types::CertificateDer;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::error::Error;

/// One CA: its certificate and the key that signs below it.
pub(crate) struct Ca {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) issuer: Issuer<'static, KeyPair>,
}

/// The roots and the issuing CA.
pub(crate) struct Hierarchy {
    pub(crate) client_root: Ca,
    pub(crate) issuing: Ca,
    pub(crate) server_root: Ca,
    /// Has the issuing CA's name and signs with a key that nobody trusts and nobody keeps: what is linted is signed with it first.
    pub(crate) rehearsal: Issuer<'static, KeyPair>,
}

/// A terminal's clock that runs slow must not find its new certificate in the future.
pub(crate) const BEFORE_NOW: SignedDuration = SignedDuration::from_mins(5);
const YEARS_OF_A_ROOT: i64 = 30;
/// No certificate outlives its CA: long before its end, another must issue.
const YEARS_OF_THE_ISSUING_CA: i64 = 20;

impl Hierarchy {
    /// Reads the CAs from `vault` (keys) and `folder` (certificates), making those that are missing.
    pub(crate) fn open(vault: &Vault, folder: &Path, demonstration: bool, now: Timestamp) -> Result<Self, Error> {
        files::make_private_folder(folder).map_err(|error| Error::File(folder.display().to_string(), error))?;
        let place = Place { vault, folder };
        let client_root = place.ca("client-root", None, || {
            let purposes = vec![ExtendedKeyUsagePurpose::ClientAuth];
            ca_profile("Onshi Common Root CA", demonstration, BasicConstraints::Constrained(1), purposes, YEARS_OF_A_ROOT, now)
        })?;
        let issuing = place.ca("issuing-01", Some(&client_root.issuer), || {
            let name = manuals::certificate::sheet().issuer_on_notice;
            let purposes = vec![ExtendedKeyUsagePurpose::ClientAuth];
            ca_profile(name, demonstration, BasicConstraints::Constrained(0), purposes, YEARS_OF_THE_ISSUING_CA, now)
        })?;
        let server_root = place.ca("server-root", None, || {
            let purposes = vec![ExtendedKeyUsagePurpose::ServerAuth];
            ca_profile("Onshi Server Root CA", demonstration, BasicConstraints::Constrained(0), purposes, YEARS_OF_A_ROOT, now)
        })?;
        let rehearsal = Issuer::from_ca_cert_der(&issuing.certificate, KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?)?;
        Ok(Self { client_root, issuing, server_root, rehearsal })
    }
}

struct Place<'a> {
    vault: &'a Vault,
    folder: &'a Path,
}

impl Place<'_> {
    fn ca(
        &self,
        name: &str,
        above: Option<&Issuer<'static, KeyPair>>,
        profile: impl FnOnce() -> Result<CertificateParams, Error>,
    ) -> Result<Ca, Error> {
        let path = self.folder.join(format!("{name}.pem"));
        let shown = path.display().to_string();
        let key = self.vault.get_or_make(name, || -> Result<_, Error> {
            Ok(Zeroizing::new(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?.serialize_der()))
        })?;
        let key = KeyPair::try_from(key.as_slice())?;
        let certificate = match std::fs::read(&path) {
            Ok(text) => {
                let block = pem::parse(&text).map_err(|_| Error::Mismatch(shown.clone()))?;
                CertificateDer::from(block.into_contents())
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let params = profile()?;
                let made = match above {
                    Some(issuer) => params.signed_by(&key, issuer)?,
                    None => params.self_signed(&key)?,
                };
                files::write_whole(&path, made.pem().as_bytes()).map_err(|error| Error::File(shown.clone(), error))?;
                made.der().clone()
            }
            Err(error) => return Err(Error::File(shown, error)),
        };
        let belongs = x509_parser::parse_x509_certificate(&certificate)
            .is_ok_and(|(_, parsed)| parsed.public_key().subject_public_key.data.as_ref() == key.public_key_raw());
        if !belongs {
            return Err(Error::Mismatch(shown));
        }
        let issuer = Issuer::from_ca_cert_der(&certificate, key)?;
        Ok(Ca { certificate, issuer })
    }
}

fn ca_profile(
    name: &str,
    demonstration: bool,
    depth: BasicConstraints,
    purposes: Vec<ExtendedKeyUsagePurpose>,
    years: i64,
    now: Timestamp,
) -> Result<CertificateParams, Error> {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CountryName, printable("JP")?);
    subject.push(DnType::OrganizationName, "Onshi");
    if demonstration {
        subject.push(DnType::OrganizationalUnitName, "試験用 (TEST ONLY)");
    }
    subject.push(DnType::CommonName, name);
    let mut params = base(subject, serial_number()?, now, SignedDuration::from_hours(24 * 365 * years));
    params.is_ca = IsCa::Ca(depth);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.extended_key_usages = purposes;
    params.name_constraints = Some(only_this_network());
    Ok(params)
}

/// The names of the network's domains and of a demonstration on one machine; no IP address at all.
fn only_this_network() -> NameConstraints {
    NameConstraints {
        permitted_subtrees: manuals::domains::permitted_name_constraints()
            .into_iter()
            .map(|domain| GeneralSubtree::DnsName(domain.to_owned()))
            .collect(),
        excluded_subtrees: vec![
            GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(Ipv4Addr::UNSPECIFIED.into(), 0)),
            GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(Ipv6Addr::UNSPECIFIED.into(), 0)),
        ],
    }
}

/// The profile of one of the center's own hosts, under all its names.
pub(crate) fn host_profile(names: &[String], days: u32, now: Timestamp) -> Result<CertificateParams, Error> {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CountryName, printable("JP")?);
    subject.push(DnType::OrganizationName, "Onshi");
    if let Some(name) = names.first() {
        subject.push(DnType::CommonName, name.as_str());
    }
    let mut params = base(subject, serial_number()?, now, SignedDuration::from_hours(24 * i64::from(days)));
    params.subject_alt_names =
        names.iter().map(|name| Ok(rcgen::SanType::DnsName(name.as_str().try_into()?))).collect::<Result<_, rcgen::Error>>()?;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}

/// What every certificate has: a name, a serial number, its time, and whose key signed it.
pub(crate) fn base(subject: DistinguishedName, serial: SerialNumber, now: Timestamp, life: SignedDuration) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = subject;
    params.serial_number = Some(serial);
    params.not_before = offset(now - BEFORE_NOW);
    params.not_after = offset(now + life);
    params.use_authority_key_identifier_extension = true;
    params
}

/// 127 random bits, never zero, always positive.
pub(crate) fn serial_number() -> Result<SerialNumber, Error> {
    let mut bytes = random::bytes::<16>()?;
    if let Some(first) = bytes.first_mut() {
        *first = (*first & 0x7f) | 0x40;
    }
    Ok(SerialNumber::from_slice(&bytes))
}

pub(crate) fn offset(at: Timestamp) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(at.as_second()).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

pub(crate) fn printable(text: &str) -> Result<DnValue, Error> {
    Ok(DnValue::PrintableString(text.try_into()?))
}
