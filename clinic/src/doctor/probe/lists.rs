//! Fetches the revocation list that this machine's certificate names, and looks whether the certificate stands in it.

use manuals::hosts;
use x509_parser::extensions::{DistributionPointName, GeneralName, ParsedExtension};
use x509_parser::pem::Pem;
use x509_parser::prelude::{CertificateRevocationList, FromDer};

use super::Settings;
use super::doors::{Doors, PATIENCE};
use super::page::{self, Ask};
use crate::doctor::recording::{Outcome, What};

/// The longest list that is read: one of a hundred thousand entries has a tenth of it.
pub const LONGEST_LIST: usize = 32 * 1024 * 1024;

/// Asks for the list and writes down what it says.
pub async fn revocations(doors: &Doors<'_>, settings: &Settings) {
    let own = settings.config.as_ref().and_then(|config| std::fs::read(&config.center.certificate).ok()).and_then(|pem| own(&pem));
    let host = hosts::crl();
    let path = own.as_ref().and_then(|own| own.path.clone()).unwrap_or_else(|| "/".to_owned());
    let ticket = doors.board.put(What::Lists);
    let outcome = match doors.connect(host.name, host.port).await {
        Err(_) => Outcome::NotAsked { why: "no connection".to_owned() },
        Ok((_, stream)) => {
            let ask = Ask { accept: "application/pkix-crl, */*", longest: LONGEST_LIST, ..Ask::page(host.name, &path) };
            match page::ask(stream, ask, PATIENCE).await {
                Err(outcome) => outcome,
                Ok(heard) => own.and_then(|own| stands_in(&heard.body, &own.serial)).unwrap_or_else(|| heard.outcome(doors.clock.now())),
            }
        }
    };
    doors.board.done(ticket, outcome);
}

/// What a certificate says about where its revocation would stand.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Own {
    serial: Vec<u8>,
    /// On the manuals' host for lists; other hosts are not asked.
    path: Option<String>,
}

fn own(pem: &[u8]) -> Option<Own> {
    let pem = Pem::iter_from_buffer(pem).next()?.ok()?;
    let certificate = pem.parse_x509().ok()?;
    let points = certificate.extensions().iter().filter_map(|extension| match extension.parsed_extension() {
        ParsedExtension::CRLDistributionPoints(points) => Some(points.iter()),
        _ => None,
    });
    let names = points.flatten().filter_map(|point| match &point.distribution_point {
        Some(DistributionPointName::FullName(names)) => Some(names.iter()),
        _ => None,
    });
    let path = names.flatten().find_map(|name| match name {
        GeneralName::URI(url) => {
            let rest = url.strip_prefix("http://")?.strip_prefix(hosts::crl().name)?;
            rest.starts_with('/').then(|| rest.to_owned())
        }
        _ => None,
    });
    Some(Own { serial: certificate.raw_serial().to_vec(), path })
}

/// What a list says of a serial number; `None` when the bytes are no list.
#[must_use]
pub fn stands_in(list: &[u8], serial: &[u8]) -> Option<Outcome> {
    let (_, list) = CertificateRevocationList::from_der(list).ok()?;
    let revoked = list.iter_revoked_certificates().any(|entry| plain(entry.raw_serial()) == plain(serial));
    let next_update = list.next_update().and_then(|at| jiff::Timestamp::from_second(at.timestamp()).ok());
    Some(Outcome::Listed { revoked, next_update })
}

/// A number without the noughts before it.
fn plain(serial: &[u8]) -> &[u8] {
    let noughts = serial.iter().take_while(|byte| **byte == 0).count();
    serial.get(noughts..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{
        BasicConstraints, CertificateParams, CertificateRevocationListParams, CrlDistributionPoint, IsCa, Issuer, KeyIdMethod, KeyPair,
        KeyUsagePurpose, RevokedCertParams, SerialNumber,
    };

    #[test]
    fn a_certificate_names_its_list_and_the_list_names_what_was_revoked() {
        let key = KeyPair::generate().unwrap();
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::CrlSign];
        let issuer = Issuer::new(authority, key);
        let mut leaf = CertificateParams::default();
        leaf.serial_number = Some(SerialNumber::from(vec![0x40, 1, 2]));
        let url = format!("http://{}/crl/common.crl", hosts::crl().name);
        leaf.crl_distribution_points = vec![CrlDistributionPoint { uris: vec!["http://elsewhere.test/x".to_owned(), url] }];
        let pem = leaf.signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap().pem();
        let own = own(pem.as_bytes()).unwrap();
        assert_eq!(own, Own { serial: vec![0x40, 1, 2], path: Some("/crl/common.crl".to_owned()) });

        let at = time::OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
        let list = |serials: &[u8]| {
            let revoked_certs = serials
                .iter()
                .map(|last| RevokedCertParams {
                    serial_number: SerialNumber::from(vec![0x40, 1, *last]),
                    revocation_time: at,
                    reason_code: None,
                    invalidity_date: None,
                })
                .collect();
            let list = CertificateRevocationListParams {
                this_update: at,
                next_update: at + time::Duration::hours(1),
                crl_number: SerialNumber::from(1),
                issuing_distribution_point: None,
                revoked_certs,
                key_identifier_method: KeyIdMethod::Sha256,
            };
            list.signed_by(&issuer).unwrap().der().to_vec()
        };
        let next_update = jiff::Timestamp::from_second(1_800_003_600).ok();
        assert_eq!(stands_in(&list(&[1, 3]), &own.serial), Some(Outcome::Listed { revoked: false, next_update }));
        assert_eq!(stands_in(&list(&[1, 2]), &own.serial), Some(Outcome::Listed { revoked: true, next_update }));
        assert_eq!(stands_in(b"<html>404</html>", &own.serial), None);
    }
}
