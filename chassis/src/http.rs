//! Makes the HTTPS client that trusts only the roots it is given, shows one certificate, and can be told where names live and which proxy leads out.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use secrecy::{ExposeSecret, SecretString};

use crate::clock::Clock;

/// What a client trusts, shows and waits for.
#[derive(Debug)]
pub struct ClientConfig {
    /// The roots, PEM; nothing else is trusted.
    pub roots_pem: Vec<u8>,
    /// Certificate chain and private key, PEM, if the client has one to show.
    pub identity_pem: Option<SecretString>,
    /// Names and where they live; others are asked of the system.
    pub resolve: Vec<(String, SocketAddr)>,
    /// How long a connection may take.
    pub connect_timeout: Duration,
    /// How long a whole request may take.
    pub timeout: Duration,
}

/// What is different around a client.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The proxy that leads out, if there is one.
    pub proxy: Option<Proxy>,
    /// By which the other side's certificate is judged.
    pub clock: Clock,
}

impl Default for Surroundings {
    fn default() -> Self {
        Self { proxy: None, clock: Clock::system() }
    }
}

/// A proxy that connects to other hosts, with the name and password it asks for (Basic).
#[derive(Clone, Debug)]
pub struct Proxy {
    /// `http://host:port`.
    pub url: String,
    /// Name and password.
    pub login: Option<(String, SecretString)>,
}

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The roots are no PEM certificates.
    #[error("ルート証明書のファイルを読めません。センターから受け取った PEM 形式のファイルか確かめてください。")]
    Roots,
    /// Certificate or key cannot be used.
    #[error("クライアント証明書か鍵を読めません。証明書を取り直してください。")]
    Identity,
    /// The proxy's address is none.
    #[error("プロキシのアドレスを読めません。http://名前:ポート の形で書いてください。")]
    Proxy,
    /// The rest.
    #[error("通信の準備ができません（{0}）。")]
    Other(reqwest::Error),
}

/// A client that speaks HTTPS only, follows no redirection and uses no proxy of the environment.
///
/// # Errors
/// [`ClientError`] names the file that cannot be used.
pub fn client(config: &ClientConfig) -> Result<reqwest::Client, ClientError> {
    client_within(config, &Surroundings::default())
}

/// The same within other surroundings.
///
/// # Errors
/// [`ClientError`] names what cannot be used.
pub fn client_within(config: &ClientConfig, around: &Surroundings) -> Result<reqwest::Client, ClientError> {
    let roots = reqwest::Certificate::from_pem_bundle(&config.roots_pem).map_err(|_| ClientError::Roots)?;
    if roots.is_empty() {
        return Err(ClientError::Roots);
    }
    let mut builder = reqwest::Client::builder()
        .tls_certs_only(roots)
        .https_only(true)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(config.connect_timeout)
        .timeout(config.timeout)
        .tcp_nodelay(true);
    if let Some(identity) = &config.identity_pem {
        let identity = reqwest::Identity::from_pem(identity.expose_secret().as_bytes()).map_err(|_| ClientError::Identity)?;
        builder = builder.identity(identity);
    }
    if around.clock.is_driven() {
        builder = builder.tls_backend_preconfigured(driven(config, &around.clock)?);
    }
    if let Some(proxy) = &around.proxy {
        let mut leads = reqwest::Proxy::all(&proxy.url).map_err(|_| ClientError::Proxy)?;
        if let Some((user, password)) = &proxy.login {
            leads = leads.basic_auth(user, password.expose_secret());
        }
        builder = builder.proxy(leads);
    }
    for (name, address) in &config.resolve {
        builder = builder.resolve(name, *address);
    }
    builder.build().map_err(ClientError::Other)
}

/// The same TLS, judged by a clock that is driven: for rehearsals of years to come.
fn driven(config: &ClientConfig, clock: &Clock) -> Result<rustls::ClientConfig, ClientError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    for root in CertificateDer::pem_slice_iter(&config.roots_pem) {
        roots.add(root.map_err(|_| ClientError::Roots)?).map_err(|_| ClientError::Roots)?;
    }
    let builder = rustls::ClientConfig::builder_with_details(provider, Arc::new(Driven(clock.clone())))
        .with_safe_default_protocol_versions()
        .map_err(|_| ClientError::Identity)?
        .with_root_certificates(roots);
    let mut tls = match &config.identity_pem {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let pem = identity.expose_secret().as_bytes();
            let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
            let key = PrivateKeyDer::from_pem_slice(pem).map_err(|_| ClientError::Identity)?;
            builder.with_client_auth_cert(chain.map_err(|_| ClientError::Identity)?, key).map_err(|_| ClientError::Identity)?
        }
    };
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(tls)
}

#[derive(Debug)]
struct Driven(Clock);

impl rustls::time_provider::TimeProvider for Driven {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.now().as_second()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

/// Whether a request failed because the other side's certificate is not valid at this machine's time: then its clock is the first suspect.
#[must_use]
pub fn is_out_of_time(error: &reqwest::Error) -> bool {
    use rustls::CertificateError as Fault;
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(cause) = next {
        if let Some(rustls::Error::InvalidCertificate(fault)) = cause.downcast_ref() {
            return matches!(fault, Fault::Expired | Fault::ExpiredContext { .. } | Fault::NotValidYet | Fault::NotValidYetContext { .. });
        }
        // An input-output error hides what it wraps from its list of sources.
        let wrapped = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = wrapped.map(|wrapped| wrapped as &(dyn std::error::Error + 'static)).or_else(|| cause.source());
    }
    false
}
