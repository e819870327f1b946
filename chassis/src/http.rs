//! Makes the HTTPS client that trusts only the roots it is given, shows one certificate, and can be told where names live and which proxy leads out.

use std::net::SocketAddr;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

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
    client_through(config, None)
}

/// The same through a proxy, if there is one.
///
/// # Errors
/// [`ClientError`] names what cannot be used.
pub fn client_through(config: &ClientConfig, proxy: Option<&Proxy>) -> Result<reqwest::Client, ClientError> {
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
    if let Some(proxy) = proxy {
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
