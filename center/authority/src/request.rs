//! Reads what a certificate request (PKCS#10) asks for beside its key: the names in it, which the authority compares and never copies.

use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer;

/// Largest request in bytes; one with an RSA key of 4096 bits takes some 1,700.
pub const LARGEST: usize = 8 * 1024;

/// The names in a certificate request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Common names of the subject.
    pub common: Vec<String>,
    /// Names of hosts among the alternative names.
    pub dns: Vec<String>,
    /// How many alternative names are something else, and how many common names are no text.
    pub other: usize,
}

/// A certificate request, read but not yet checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its names.
    pub names: Names,
    /// The bits of its public key.
    pub key: Vec<u8>,
}

/// Reads a request; `None` when it is none, carries more than a request, or is too large.
#[must_use]
pub fn read(der: &[u8]) -> Option<Asked> {
    if der.len() > LARGEST {
        return None;
    }
    let (rest, request) = X509CertificationRequest::from_der(der).ok()?;
    if !rest.is_empty() {
        return None;
    }
    let info = &request.certification_request_info;
    let mut names = Names::default();
    for common in info.subject.iter_common_name() {
        match common.as_str() {
            Ok(text) => names.common.push(text.to_owned()),
            Err(_) => names.other += 1,
        }
    }
    for extension in request.requested_extensions().into_iter().flatten() {
        if let ParsedExtension::SubjectAlternativeName(alternative) = extension {
            for name in &alternative.general_names {
                match name {
                    GeneralName::DNSName(name) => names.dns.push((*name).to_owned()),
                    _ => names.other += 1,
                }
            }
        }
    }
    Some(Asked { names, key: info.subject_pki.subject_public_key.data.to_vec() })
}

impl Asked {
    /// Whether a common name is the code of another facility than this one: a request that was made for somebody else.
    #[must_use]
    pub fn is_of_another(&self, facility_code: &str) -> bool {
        self.names.common.iter().any(|name| name != facility_code && wire::number::FacilityCode::parse(name).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, DnType, KeyPair, PKCS_ECDSA_P256_SHA256};

    #[test]
    fn the_names_of_a_request_are_read_and_a_strangers_code_is_seen() {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let mut params = CertificateParams::new(["a.example".to_owned(), "10.0.0.1".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "0110119153");
        let der = params.serialize_request(&key).unwrap();
        let asked = read(der.der()).unwrap();
        assert_eq!(asked.names, Names { common: vec!["0110119153".into()], dns: vec!["a.example".into()], other: 1 });
        assert_eq!(asked.key, key.public_key_raw());
        assert!(!asked.is_of_another("0110119153") && asked.is_of_another("1310099999"));
        assert_eq!(read(&[der.der().as_ref(), b"more"].concat()), None);
        assert_eq!(read(&der.der()[..40]), None);
    }
}
