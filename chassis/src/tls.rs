//! Answers each host name with its own certificate, asks for client certificates where a host wants them, and judges the ones shown.
//!
//! A certificate that is foreign or expired does not break the handshake: it is judged here and refused by the door behind it, in words
//! that say what to do. Only the proof that the caller holds the key is demanded by the handshake itself.

use std::collections::HashMap;
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, TrustAnchor, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, ServerConfig, SignatureScheme};
use webpki::{EndEntityCert, KeyUsage};

/// Why TLS could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate and key of a host do not belong together or cannot be read.
    #[error("{0} の証明書と鍵を使えません（{1}）。")]
    Host(String, rustls::Error),
    /// A root certificate cannot be read.
    #[error("ルート証明書を読めません。")]
    Root,
}

/// What a caller showed of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeerCertificate {
    /// Nothing: the host did not ask, or the caller had none.
    Absent,
    /// A certificate of ours, in its time.
    Trusted {
        /// The serial number, lower-case hexadecimal without leading zeros.
        serial: Arc<str>,
    },
    /// A certificate of ours whose time is over, or has not begun.
    OutOfTime {
        /// The serial number, as above.
        serial: Arc<str>,
    },
    /// A certificate of somebody else, or none that can be read.
    Foreign,
}

pub use crate::serial::serial_text;

/// Judges a chain against the roots of client certificates at `now`.
#[must_use]
pub fn judge(chain: &[CertificateDer<'_>], roots: &[TrustAnchor<'_>], now: jiff::Timestamp) -> PeerCertificate {
    let Some((leaf, others)) = chain.split_first() else {
        return PeerCertificate::Absent;
    };
    let Ok(certificate) = EndEntityCert::try_from(leaf) else {
        return PeerCertificate::Foreign;
    };
    let serial: Arc<str> = serial_text(certificate.serial()).into();
    let seconds = u64::try_from(now.as_second()).unwrap_or_default();
    let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    let verdict = certificate.verify_for_usage(webpki::ALL_VERIFICATION_ALGS, roots, others, time, KeyUsage::client_auth(), None, None);
    match verdict {
        Ok(_) => PeerCertificate::Trusted { serial },
        Err(webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. }) => PeerCertificate::OutOfTime { serial },
        Err(_) => PeerCertificate::Foreign,
    }
}

/// Takes any certificate whose key the caller proves to hold; [`judge`] says afterwards what it is worth.
#[derive(Debug)]
struct ProofOfKey {
    provider: Arc<CryptoProvider>,
    issuers: Vec<DistinguishedName>,
}

impl ClientCertVerifier for ProofOfKey {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.issuers
    }
    fn client_auth_mandatory(&self) -> bool {
        false
    }
    fn verify_client_cert(
        &self,
        _leaf: &CertificateDer<'_>,
        _others: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, signed, &self.provider.signature_verification_algorithms)
    }
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, signed, &self.provider.signature_verification_algorithms)
    }
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// The certificate and key of one host.
pub struct HostIdentity {
    /// Leaf first, then the issuers.
    pub chain: Vec<CertificateDer<'static>>,
    /// The leaf's private key.
    pub key: PrivateKeyDer<'static>,
}

/// Reads the roots that client certificates must lead to.
///
/// # Errors
/// [`TlsError::Root`] if one is no certificate.
pub fn trust_anchors(roots: &[CertificateDer<'static>]) -> Result<Vec<TrustAnchor<'static>>, TlsError> {
    roots.iter().map(|root| webpki::anchor_from_trusted_cert(root).map(|anchor| anchor.to_owned()).map_err(|_| TlsError::Root)).collect()
}

/// Builds the TLS side of one host. `client_issuers` are the roots and issuing CAs whose certificates callers may show; `None` for a
/// host that never asks.
///
/// # Errors
/// [`TlsError::Host`] if certificate and key do not fit.
pub fn server_config(
    name: &str,
    identity: &HostIdentity,
    client_issuers: Option<Vec<DistinguishedName>>,
) -> Result<Arc<ServerConfig>, TlsError> {
    let wrong = |error| TlsError::Host(name.to_owned(), error);
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions().map_err(wrong)?;
    let builder = match client_issuers {
        Some(issuers) => builder.with_client_cert_verifier(Arc::new(ProofOfKey { provider, issuers })),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_single_cert(identity.chain.clone(), identity.key.clone_key()).map_err(wrong)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.ticketer = aws_lc_rs::Ticketer::new().map_err(wrong)?;
    Ok(Arc::new(config))
}

/// The TLS side of every host, found by the name the caller asks for.
#[derive(Clone, Default)]
pub struct ByName {
    configs: HashMap<String, (Arc<str>, Arc<ServerConfig>)>,
    otherwise: Option<(Arc<str>, Arc<ServerConfig>)>,
}

impl ByName {
    /// Serves `names` (the first is the host's own name) with `config`. The first host added also answers callers who name no host of
    /// ours, so that they get words instead of silence.
    pub fn add(&mut self, names: &[String], config: &Arc<ServerConfig>) {
        let Some(own) = names.first() else { return };
        let own: Arc<str> = own.as_str().into();
        for name in names {
            self.configs.insert(name.to_ascii_lowercase(), (Arc::clone(&own), Arc::clone(config)));
        }
        self.otherwise.get_or_insert_with(|| ("".into(), Arc::clone(config)));
    }

    /// The host's own name (empty if the caller named none of ours) and its TLS side.
    #[must_use]
    pub fn find(&self, asked: Option<&str>) -> Option<(Arc<str>, Arc<ServerConfig>)> {
        let known = asked.and_then(|name| self.configs.get(&name.to_ascii_lowercase()));
        known.or(self.otherwise.as_ref()).cloned()
    }

    /// The host's own name for one of its names.
    #[must_use]
    pub fn own_name(&self, name: &str) -> Option<&Arc<str>> {
        self.configs.get(&name.to_ascii_lowercase()).map(|(own, _)| own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_numbers_have_one_spelling() {
        assert_eq!(serial_text(&[0, 0x0a, 0xff]), "aff");
        assert_eq!(serial_text(&[0]), "0");
    }

    #[test]
    fn nothing_and_nonsense_are_told_apart() {
        let now = jiff::Timestamp::UNIX_EPOCH;
        assert_eq!(judge(&[], &[], now), PeerCertificate::Absent);
        assert_eq!(judge(&[CertificateDer::from(vec![1, 2, 3])], &[], now), PeerCertificate::Foreign);
    }
}
