//! Reads what a certificate in a file says: whose serial number, from when until when, over which key.

use chassis::serial::serial_text;
use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use x509_parser::extensions::ParsedExtension;
use x509_parser::pem::Pem;

use super::notes::Held;
use crate::roots;

/// The first certificate of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Serial number and time.
    pub held: Held,
    /// SHA-256, lower-case hexadecimal.
    pub fingerprint: String,
    /// The issuer's name.
    pub issuer: String,
    /// The subject's name.
    pub subject: String,
    /// By which the authority's page of renewal times knows it (RFC 9773): key identifier and serial number.
    pub renewal_id: Option<String>,
    /// The public key, DER.
    pub(crate) public_key: Vec<u8>,
}

/// Reads the first certificate of a PEM text; nothing if there is none.
#[must_use]
pub(crate) fn read(pem: &[u8]) -> Option<Leaf> {
    let pem = Pem::iter_from_buffer(pem).next()?.ok()?;
    let certificate = pem.parse_x509().ok()?;
    let moment = |at: &x509_parser::time::ASN1Time| Timestamp::from_second(at.timestamp()).ok();
    let validity = certificate.validity();
    let issuer_key = certificate.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(issuer) => issuer.key_identifier.as_ref().map(|id| id.0),
        _ => None,
    });
    let serial = certificate.raw_serial();
    let coded = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    Some(Leaf {
        held: Held { serial: serial_text(serial), from: moment(&validity.not_before)?, until: moment(&validity.not_after)? },
        fingerprint: roots::fingerprint(&pem.contents),
        issuer: certificate.issuer().to_string(),
        subject: certificate.subject().to_string(),
        renewal_id: issuer_key.map(|key| format!("{}.{}", coded(key), coded(serial))),
        public_key: certificate.public_key().raw.to_vec(),
    })
}
