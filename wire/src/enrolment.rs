//! How a terminal gets its client certificate: the numbers of the certificate notice go in, a certificate or a PFX comes out.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Asks for a certificate over a key that never leaves the terminal.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CsrRequest {
    /// The request id on the certificate notice.
    pub request_id: String,
    /// The reference id on the certificate notice: whoever knows both may fetch the certificate, so it is never printed.
    pub reference_id: String,
    /// The PKCS#10 request in PEM.
    pub csr: String,
}

impl fmt::Debug for CsrRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CsrRequest").field("request_id", &self.request_id).finish_non_exhaustive()
    }
}

/// Asks for a certificate with its key, made by the center, in one password-protected file.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PfxRequest {
    /// The request id on the certificate notice.
    pub request_id: String,
    /// The reference id on the certificate notice; never printed.
    pub reference_id: String,
    /// The password that will protect the file; printed as redacted.
    #[serde(serialize_with = "crate::secret::expose")]
    pub password: SecretString,
    /// Whether the file must open on systems that know only the older ciphers; absent means no.
    #[serde(default)]
    pub compatible: bool,
}

impl fmt::Debug for PfxRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("PfxRequest");
        shown.field("request_id", &self.request_id).field("compatible", &self.compatible).finish_non_exhaustive()
    }
}

/// The certificate that was issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IssuedCertificate {
    /// The terminal's certificate in PEM.
    pub certificate: String,
    /// The certificates above it in PEM, issuer first, without the root.
    pub chain: String,
}

/// Asks for the successor of the certificate that the connection was made with, over a key that never leaves the terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenewalRequest {
    /// The PKCS#10 request in PEM.
    pub csr: String,
}

/// Asks for the revocation of the certificate that the connection was made with.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevocationRequest {
    /// Where the word goes that it was done; never printed.
    pub mail: String,
}

impl fmt::Debug for RevocationRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RevocationRequest")
    }
}

/// A request for revocation that was taken: the terminal is blocked from this moment on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevocationAccepted {
    /// The request's number, for questions.
    pub number: String,
}

/// What the authority knows of the certificate that the connection was made with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OwnCertificate {
    /// Serial number, lower-case hexadecimal.
    pub serial: String,
    /// Whose terminal it is.
    pub facility_code: String,
    /// The terminal's name.
    pub terminal_name: String,
    /// Its last second, seconds since 1970.
    pub not_after: i64,
    /// Whether another certificate took its place.
    pub superseded: bool,
}

/// Why nothing was issued, or any other request of a program was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// The situation's code, for example `OQSC0001E`.
    pub code: String,
    /// One sentence for the front desk.
    pub message: String,
    /// One sentence for the vendor.
    pub vendor_message: String,
    /// The incident number in the center's log; the key is missing when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
    /// Whose job it is to mend it, Japanese.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Where it is mended: the line authentication portal, for a line that is not admitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub see: Option<String>,
}
