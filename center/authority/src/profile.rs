//! What stands in a terminal's certificate, read from data and turned into what is to be signed.

use jiff::Timestamp;
use manuals::certificate::Subject;
use rcgen::{
    CertificateParams, CrlDistributionPoint, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyUsagePurpose, SanType,
};
use serde::Deserialize;
use yasna::models::ObjectIdentifier;
use yasna::{Tag, construct_der};

use crate::error::Error;
use crate::hierarchy::{base, printable, serial_number};
use crate::rules::{self, KeyKind};

const TEXT: &str = include_str!("../profiles.toml");
/// id-pe-authorityInfoAccess
const INFORMATION_ACCESS: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 1, 1];
const SUBJECT_KEY_IDENTIFIER: &[u64] = &[2, 5, 29, 14];
const OCSP: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 48, 1];
const CA_ISSUERS: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 48, 2];

/// Which certificate a terminal gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Profile {
    /// The manuals' certificate.
    Terminal,
    /// The same with the terminal's pseudo-name, for clients of RFC 8555.
    TerminalAcme {
        /// The name, inside the CA's name constraints.
        dns: String,
    },
}

impl Profile {
    /// The profile's name in the data and in tables.
    #[must_use]
    pub fn key(&self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::TerminalAcme { .. } => "terminal-acme",
        }
    }

    pub(crate) fn dns(&self) -> Option<&str> {
        match self {
            Self::Terminal => None,
            Self::TerminalAcme { dns } => Some(dns),
        }
    }
}

/// `profiles.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Profiles {
    pub(crate) addresses: Addresses,
    terminal: Rules,
    terminal_acme: Rules,
}

/// Where lists and answers are found, on the host that publishes them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Addresses {
    pub(crate) crl_full: String,
    crl_shard: String,
    pub(crate) ocsp: String,
    pub(crate) issuer: String,
    /// Among how many lists certificates are spread.
    pub(crate) shards: u32,
}

/// One profile.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rules {
    /// Days a certificate may live at most, whatever the configuration says.
    pub(crate) longest_days: u32,
    pub(crate) keys: Vec<String>,
    usages: Vec<Usage>,
    usages_rsa: Vec<Usage>,
    purposes: Vec<Purpose>,
    pub(crate) names: Names,
    /// The short names of the subject's parts, in their order.
    pub(crate) subject: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Usage {
    DigitalSignature,
    KeyEncipherment,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Purpose {
    ClientAuth,
}

/// Which alternative names a certificate has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Names {
    None,
    OneDns,
}

impl Profiles {
    pub(crate) fn read() -> Result<Self, Error> {
        toml::from_str(TEXT).map_err(|error| Error::Profiles(error.to_string()))
    }

    pub(crate) fn of(&self, profile: &Profile) -> &Rules {
        match profile {
            Profile::Terminal => &self.terminal,
            Profile::TerminalAcme { .. } => &self.terminal_acme,
        }
    }
}

impl Rules {
    pub(crate) fn usages(&self, kind: KeyKind) -> &[Usage] {
        if kind == KeyKind::Rsa { &self.usages_rsa } else { &self.usages }
    }

    pub(crate) fn purposes(&self) -> &[Purpose] {
        &self.purposes
    }
}

impl Addresses {
    /// The path of one of the lists.
    pub(crate) fn shard(&self, shard: u32) -> String {
        self.crl_shard.replace("{shard}", &format!("{shard:02}"))
    }

    /// The shard whose path this is.
    pub(crate) fn shard_of(&self, path: &str) -> Option<u32> {
        let (before, after) = self.crl_shard.split_once("{shard}")?;
        let number = path.strip_prefix(before)?.strip_suffix(after)?;
        let shard = number.parse().ok().filter(|shard| *shard < self.shards)?;
        (self.shard(shard) == path).then_some(shard)
    }

    /// A path as certificates name it: plain HTTP, since a list cannot wait for a certificate to be checked.
    pub(crate) fn url(path: &str) -> String {
        format!("http://{}{path}", manuals::hosts::crl().name)
    }
}

/// What is to be signed for a terminal, its serial number and its revocation list.
pub(crate) struct ToBeSigned {
    pub(crate) params: CertificateParams,
    pub(crate) shard: u32,
}

/// The certificate of a terminal over a key, given by its kind and bits (CA-25): the facility's code as common name, `medical` and the prefecture as units.
pub(crate) fn terminal(
    profiles: &Profiles,
    profile: &Profile,
    layout: &Subject,
    (kind, key): (KeyKind, &[u8]),
    now: Timestamp,
    until: Timestamp,
) -> Result<ToBeSigned, Error> {
    let rules = profiles.of(profile);
    let [unit, prefecture] = layout.organizational_units;
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CountryName, printable(layout.country)?);
    subject.push(DnType::OrganizationName, layout.organization);
    // The layout has two units, and the library keeps one value a type: the second goes by its object identifier.
    subject.push(DnType::OrganizationalUnitName, prefecture);
    subject.push(DnType::CustomDnType(vec![2, 5, 4, 11]), unit);
    subject.push(DnType::CommonName, layout.common_name.as_str());
    let serial = serial_number()?;
    let shard = rules::shard(&data_encoding::HEXLOWER.encode(serial.as_ref()), profiles.addresses.shards);
    let mut params = base(subject, serial, now, until.duration_since(now));
    params.key_usages = rules.usages(kind).iter().map(|usage| usage.of_library()).collect();
    params.extended_key_usages = rules.purposes().iter().map(|Purpose::ClientAuth| ExtendedKeyUsagePurpose::ClientAuth).collect();
    if let (Names::OneDns, Some(dns)) = (rules.names, profile.dns()) {
        params.subject_alt_names = vec![SanType::DnsName(dns.try_into()?)];
    }
    let list = Addresses::url(&profiles.addresses.shard(shard));
    params.crl_distribution_points = vec![CrlDistributionPoint { uris: vec![list] }];
    params.custom_extensions = vec![information_access(&profiles.addresses), key_identifier(key)];
    Ok(ToBeSigned { params, shard })
}

impl Usage {
    fn of_library(self) -> KeyUsagePurpose {
        match self {
            Self::DigitalSignature => KeyUsagePurpose::DigitalSignature,
            Self::KeyEncipherment => KeyUsagePurpose::KeyEncipherment,
        }
    }
}

/// Names the key (RFC 7093, method 1): the first 160 bits of the SHA-256 of its bits.
fn key_identifier(key: &[u8]) -> CustomExtension {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, key);
    let content = construct_der(|writer| writer.write_bytes(hash.as_ref().get(..20).unwrap_or_default()));
    CustomExtension::from_oid_content(SUBJECT_KEY_IDENTIFIER, content)
}

/// Where the state of the certificate is asked for, and where its issuer's certificate lies (RFC 5280, 4.2.2.1).
fn information_access(addresses: &Addresses) -> CustomExtension {
    let content = construct_der(|writer| {
        writer.write_sequence_of(|descriptions| {
            for (method, path) in [(OCSP, &addresses.ocsp), (CA_ISSUERS, &addresses.issuer)] {
                descriptions.next().write_sequence(|description| {
                    description.next().write_oid(&ObjectIdentifier::from_slice(method));
                    let url = Addresses::url(path);
                    description.next().write_tagged_implicit(Tag::context(6), |name| name.write_ia5_string(&url));
                });
            }
        });
    });
    CustomExtension::from_oid_content(INFORMATION_ACCESS, content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delivered_profiles_are_read_and_lists_are_found_by_their_paths() {
        let profiles = Profiles::read().unwrap();
        let addresses = &profiles.addresses;
        for shard in [0, 9, 63] {
            assert_eq!(addresses.shard_of(&addresses.shard(shard)), Some(shard));
        }
        for wrong in
            ["/crl/issuing-01.crl", "/crl/issuing-01-64.crl", "/crl/issuing-01-9.crl", "/crl/issuing-01-+9.crl", "/crl/issuing-01-.crl"]
        {
            assert_eq!(addresses.shard_of(wrong), None, "{wrong}");
        }
    }
}
