//! The authority and the post as the keeper meets them, what it asks of them, and what their answers mean.

use jiff::Timestamp;
use manuals::situation::Situation;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use secrecy::SecretString;
use wire::enrolment::IssuedCertificate;

use super::leaf::Leaf;
use super::notes::{Letter, RenewalTime};
use crate::center::CenterError;

/// Why the authority was not even asked, or what it said instead of an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// The roots file cannot be trusted.
    #[error("{0}")]
    Roots(String),
    /// This machine has no pair that can be shown.
    #[error("{0}")]
    Identity(String),
    /// The center.
    #[error(transparent)]
    Center(#[from] CenterError),
}

/// An answer, and the center's time if it was heard.
#[derive(Clone, Debug)]
pub(crate) struct Heard<T> {
    /// By the center's clock.
    pub at: Option<Timestamp>,
    /// The answer.
    pub answer: Result<T, Obstacle>,
}

/// When the authority wants a renewal, and after how many seconds it wants to be asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    /// The window.
    pub window: RenewalTime,
    /// Seconds.
    pub again: Option<u64>,
}

/// The authority as the keeper asks it.
pub(crate) trait Issuer: Send + Sync {
    /// When to renew the certificate that `identity` holds; nothing from an authority that does not say.
    fn window(&self, leaf: &Leaf, identity: &SecretString) -> impl Future<Output = Heard<Option<Wish>>> + Send;
    /// A certificate over the request's key in place of the one that `identity` holds.
    fn renew(&self, identity: &SecretString, csr_pem: &str) -> impl Future<Output = Heard<IssuedCertificate>> + Send;
    /// Whether `identity` is let in.
    fn prove(&self, identity: &SecretString) -> impl Future<Output = Heard<()>> + Send;
    /// When the first of the roots ends by which the authority is known.
    fn roots_end(&self) -> Option<Timestamp>;
}

/// Who carries mail away.
pub(crate) trait Post: Send + Sync {
    /// Sends one letter; an error is one sentence.
    fn send(&self, letter: &Letter) -> impl Future<Output = Result<(), String>> + Send;
}

/// Refusals after which the same certificate is never asked about again.
pub(crate) fn is_final(code: &str) -> bool {
    FINAL.iter().any(|situation| situation.get().code == code)
}

const FINAL: [Situation; 2] = [Situation::BlockedTerminal, Situation::CertificateSuperseded];

pub(crate) fn is_about_key(code: &str) -> bool {
    [Situation::KeyAlreadyUsed, Situation::WeakKey, Situation::BadCsr].iter().any(|situation| situation.get().code == code)
}

/// The CSR. The authority takes the subject from its register; the name here only tells requests apart.
pub(crate) fn signing_request(key: &KeyPair, name: &str) -> Result<String, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.serialize_request(key)?.pem()
}
