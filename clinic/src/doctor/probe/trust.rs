//! Looks at the certificates that a server shows, whoever signed them, and judges them as this machine's programs would.

use std::fmt::Debug;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, TrustAnchor, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::reach;
use crate::doctor::recording::Outcome;

/// The roots that this machine trusts for the network.
#[derive(Clone, Debug, Default)]
pub struct Trust(Arc<Vec<TrustAnchor<'static>>>);

impl Trust {
    /// The certificates of a PEM text; what is none is left out.
    #[must_use]
    pub fn of_pem(pem: &[u8]) -> Self {
        Self::of(CertificateDer::pem_slice_iter(pem).filter_map(Result::ok))
    }

    /// The system's own store.
    #[must_use]
    pub fn of_the_system() -> Self {
        Self::of(rustls_native_certs::load_native_certs().certs)
    }

    fn of(roots: impl IntoIterator<Item = CertificateDer<'static>>) -> Self {
        let anchor = |root: CertificateDer<'static>| webpki::anchor_from_trusted_cert(&root).ok().map(|anchor| anchor.to_owned());
        Self(Arc::new(roots.into_iter().filter_map(anchor).collect()))
    }
}

/// This machine's certificate with its key, to be shown to servers that are trusted.
#[derive(Debug)]
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Reads the two files; `None` when there are none, or none that fit.
    #[must_use]
    pub fn read(certificate: &Path, key: &Path) -> Option<Self> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(certificate).ok()?.collect();
        Some(Self { chain: chain.ok()?, key: PrivateKeyDer::from_pem_file(key).ok()? })
    }
}

impl Identity {
    /// Whether the key is the certificate's.
    #[must_use]
    pub fn fits(&self) -> bool {
        CertifiedKey::from_der(self.chain.clone(), self.key.clone_key(), &aws_lc_rs::default_provider()).is_ok()
    }
}

/// Says of a server's certificates what they are: [`Outcome::Chain`], or [`Outcome::Untrusted`] with the reason that a chain does not tell.
#[must_use]
pub fn judge(chain: &[CertificateDer<'_>], host: &str, trust: &Trust, now: Timestamp) -> Outcome {
    let untrusted = |why: &str, issuer: String| Outcome::Untrusted { why: why.to_owned(), issuer };
    let Some((leaf, above)) = chain.split_first() else { return untrusted("no certificate was shown", String::new()) };
    let Ok((_, read)) = X509Certificate::from_der(leaf) else { return untrusted("the certificate cannot be read", String::new()) };
    let issuer = read.issuer().to_string();
    let moment = |at: &x509_parser::time::ASN1Time| Timestamp::from_second(at.timestamp()).unwrap_or_default();
    let (not_before, not_after) = (moment(&read.validity().not_before), moment(&read.validity().not_after));
    let last = chain.last().and_then(|last| X509Certificate::from_der(last).ok());
    let root = last.map_or_else(|| issuer.clone(), |(_, last)| last.issuer().to_string());
    let Ok(end) = webpki::EndEntityCert::try_from(leaf) else { return untrusted("the certificate is of no use for a server", issuer) };
    let names_host = ServerName::try_from(host).is_ok_and(|name| end.verify_is_valid_for_subject_name(&name).is_ok());
    // Whose it is, and whether it is in its time, are two questions: the first is asked of a moment within its time.
    let at = now.clamp(not_before, not_after.max(not_before));
    let at = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(at.as_second()).unwrap_or_default()));
    let usage = webpki::KeyUsage::server_auth();
    let path = end.verify_for_usage(webpki::ALL_VERIFICATION_ALGS, &trust.0, above, at, usage, None, None);
    match path.err() {
        None => Outcome::Chain { issuer, root, root_trusted: true, not_before, not_after, names_host },
        Some(webpki::Error::UnknownIssuer) => Outcome::Chain { issuer, root, root_trusted: false, not_before, not_after, names_host },
        Some(why) => untrusted(&why.to_string(), issuer),
    }
}

/// Whether programs would go on: a trusted root, the right name, in its time.
#[must_use]
pub fn is_good(judged: &Outcome, now: Timestamp) -> bool {
    matches!(judged, Outcome::Chain { root_trusted: true, names_host: true, not_before, not_after, .. } if (*not_before..=*not_after).contains(&now))
}

/// A handshake: the encrypted connection or why there is none, and the server's certificates as far as they were shown.
pub struct Shaken {
    /// The connection. Without an identity it is made whoever the server is, so that the page behind it can be read.
    pub stream: Result<TlsStream<TcpStream>, Outcome>,
    /// What the server showed.
    pub chain: Vec<CertificateDer<'static>>,
}

/// Greets a server. An identity is shown only to one whose certificates `judge` finds good.
pub async fn greet(
    stream: TcpStream,
    host: &str,
    trust: &Trust,
    identity: Option<&Identity>,
    now: Timestamp,
    patience: Duration,
) -> Shaken {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let strict = identity.is_some().then(|| (trust.clone(), now));
    let witness = Arc::new(Witness { shown: Mutex::default(), strict, host: host.to_owned(), provider: provider.clone() });
    let nothing = |why: String| Shaken { stream: Err(Outcome::Failed { why }), chain: Vec::new() };
    let builder = match ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions() {
        Ok(builder) => builder.dangerous().with_custom_certificate_verifier(witness.clone()),
        Err(error) => return nothing(error.to_string()),
    };
    let config = match identity {
        None => Ok(builder.with_no_client_auth()),
        Some(own) => builder.with_client_auth_cert(own.chain.clone(), own.key.clone_key()),
    };
    let mut config = match config {
        Ok(config) => config,
        Err(error) => return nothing(error.to_string()),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let Ok(name) = ServerName::try_from(host.to_owned()) else { return nothing("no name of a host".to_owned()) };
    let done = timeout(patience, TlsConnector::from(Arc::new(config)).connect(name, stream)).await;
    let stream = match done {
        Err(_) => Err(Outcome::TimedOut),
        Ok(Err(error)) => Err(broken(&error)),
        Ok(Ok(stream)) => Ok(stream),
    };
    let chain = witness.shown.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Shaken { stream, chain }
}

/// An alert of the other side is a refusal.
pub(super) fn broken(error: &std::io::Error) -> Outcome {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::AlertReceived(alert)) => Outcome::Refused { why: format!("{alert:?}") },
        Some(other) => Outcome::Untrusted { why: other.to_string(), issuer: String::new() },
        None => reach::said(error),
    }
}

/// Remembers what a server shows. Without `strict` everybody is let pass, because nothing secret is told: the judgement comes afterwards.
struct Witness {
    shown: Mutex<Vec<CertificateDer<'static>>>,
    strict: Option<(Trust, Timestamp)>,
    host: String,
    provider: Arc<CryptoProvider>,
}

impl Debug for Witness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Witness").field("host", &self.host).finish_non_exhaustive()
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        above: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let chain: Vec<CertificateDer<'static>> = std::iter::once(leaf).chain(above).map(|one| one.clone().into_owned()).collect();
        let good = self.strict.as_ref().is_none_or(|(trust, now)| is_good(&judge(&chain, &self.host, trust, *now), *now));
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = chain;
        if good { Ok(ServerCertVerified::assertion()) } else { Err(rustls::Error::General("the server is not trusted".to_owned())) }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
    use std::net::Ipv6Addr;
    use tokio::net::TcpListener;

    const HOST: &str = "www.clinic.test";

    struct Made {
        root: String,
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    }

    fn made(root_name: &str) -> Made {
        let root_key = KeyPair::generate().unwrap();
        let mut root = CertificateParams::default();
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        root.distinguished_name.push(DnType::CommonName, root_name);
        let root_certificate = root.self_signed(&root_key).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut leaf = CertificateParams::new(vec![HOST.to_owned()]).unwrap();
        leaf.not_before = time::OffsetDateTime::from_unix_timestamp(1_700_000_000).unwrap();
        leaf.not_after = time::OffsetDateTime::from_unix_timestamp(1_900_000_000).unwrap();
        let leaf = leaf.signed_by(&key, &Issuer::new(root, root_key)).unwrap();
        Made { root: root_certificate.pem(), chain: vec![leaf.der().clone()], key: PrivateKeyDer::try_from(key.serialize_der()).unwrap() }
    }

    fn now() -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    fn facts(outcome: &Outcome) -> (bool, bool, bool) {
        match outcome {
            Outcome::Chain { root_trusted, names_host, .. } => (*root_trusted, *names_host, is_good(outcome, now())),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_unknown_root_a_strange_name_and_a_wrong_time_are_told_apart() {
        let (own, other) = (made("Root of the Network"), made("Root of a Box in Between"));
        let trust = Trust::of_pem(own.root.as_bytes());
        assert_eq!(facts(&judge(&own.chain, HOST, &trust, now())), (true, true, true));
        assert_eq!(facts(&judge(&own.chain, "www.other.test", &trust, now())), (true, false, false));
        let strange = judge(&other.chain, HOST, &trust, now());
        assert_eq!(facts(&strange), (false, true, false));
        assert!(matches!(&strange, Outcome::Chain { root, .. } if root.contains("Root of a Box in Between")), "{strange:?}");
        for days in [-2_000_i64, 5_000] {
            let wrong = now() + SignedDuration::from_hours(24 * days);
            let judged = judge(&own.chain, HOST, &trust, wrong);
            assert!(matches!(judged, Outcome::Chain { root_trusted: true, .. }) && !is_good(&judged, wrong), "{days}: {judged:?}");
        }
        assert!(matches!(judge(&[], HOST, &trust, now()), Outcome::Untrusted { .. }));
        assert!(matches!(judge(&[CertificateDer::from(vec![1, 2, 3])], HOST, &trust, now()), Outcome::Untrusted { .. }));
        assert!(!facts(&judge(&own.chain, HOST, &Trust::default(), now())).0);
    }

    #[test]
    fn a_key_fits_its_own_certificate_only() {
        let (own, other) = (made("Ours"), made("Ours"));
        assert!(Identity { chain: own.chain.clone(), key: own.key }.fits());
        assert!(!Identity { chain: own.chain, key: other.key }.fits());
    }

    #[tokio::test]
    async fn a_stranger_is_looked_at_but_never_shown_our_certificate() {
        let (server, client) = (made("A Stranger"), made("Ours"));
        let config = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(server.chain.clone(), server.key).unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await.unwrap();
        let at = listener.local_addr().unwrap();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let _refused_by_the_caller = acceptor.accept(stream).await;
            }
        });
        let trust = Trust::of_pem(client.root.as_bytes());
        let identity = Identity { chain: client.chain, key: client.key };
        let patience = Duration::from_secs(5);
        let look = greet(TcpStream::connect(at).await.unwrap(), HOST, &trust, None, now(), patience).await;
        assert!(look.stream.is_ok() && look.chain == server.chain);
        let shown = greet(TcpStream::connect(at).await.unwrap(), HOST, &trust, Some(&identity), now(), patience).await;
        assert!(matches!(shown.stream, Err(Outcome::Untrusted { .. })));
    }
}
