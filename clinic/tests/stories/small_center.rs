//! A small HTTPS center in the same process: its own CA, the real host names, and a script of what it answers.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use clinic::config::{BridgeConfig, CenterConfig, Config};
use jiff::SignedDuration;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// One call as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) path: String,
    pub(crate) token: Option<String>,
    pub(crate) drop_id: Option<String>,
    pub(crate) body: Vec<u8>,
}

#[derive(Clone, Default)]
struct Desk {
    script: Arc<Mutex<VecDeque<(u16, String)>>>,
    calls: Arc<Mutex<Vec<Call>>>,
}

/// A center that answers each call with the next line of its script, the last one for ever.
pub(crate) struct SmallCenter {
    pub(crate) config: Config,
    pub(crate) issuer: Issuer<'static, KeyPair>,
    desk: Desk,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for SmallCenter {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl SmallCenter {
    pub(crate) async fn new(folder: &Path) -> Self {
        Self::valid_in(folder, 1975..=4096).await
    }

    /// With a certificate that is valid in these years only.
    pub(crate) async fn valid_in(folder: &Path, years: std::ops::RangeInclusive<i32>) -> Self {
        use manuals::hosts;
        let hosts =
            [hosts::web_api_login(), hosts::web_api_search(), hosts::authority(), hosts::line_portal(), hosts::line_notifier_east()];
        let hosts = hosts.map(|host| host.name);
        let mut root = CertificateParams::new(vec![]).unwrap();
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root_key = KeyPair::generate().unwrap();
        let root_certificate = root.self_signed(&root_key).unwrap();
        let issuer = Issuer::new(root, root_key);
        let key = KeyPair::generate().unwrap();
        let mut own = CertificateParams::new(hosts.map(str::to_owned).to_vec()).unwrap();
        own.not_before = rcgen::date_time_ymd(*years.start(), 1, 1);
        own.not_after = rcgen::date_time_ymd(*years.end(), 1, 1);
        let certificate = own.signed_by(&key, &issuer).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der())))
            .unwrap();
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = tcp.local_addr().unwrap();
        let desk = Desk::default();
        let app = Router::new().fallback(answer).with_state(desk.clone());
        let listener = Tls { tcp, tls: TlsAcceptor::from(Arc::new(tls)) };
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        std::fs::write(folder.join("roots.pem"), root_certificate.pem()).unwrap();
        std::fs::write(folder.join("password"), "ひみつ1234\r\n").unwrap();
        let center = CenterConfig {
            roots: folder.join("roots.pem"),
            root_fingerprints: vec![clinic::roots::fingerprint(root_certificate.der())],
            certificate: folder.join("keys").join("clinic.crt"),
            key: folder.join("keys").join("clinic.key"),
            account: "R000000001".to_owned(),
            password_file: folder.join("password"),
            addresses: hosts.into_iter().map(|host| (host.to_owned(), address)).collect(),
            connect_timeout: SignedDuration::from_secs(5),
            login_pause: SignedDuration::from_secs(30),
            proxy: String::new(),
            proxy_user: String::new(),
            proxy_password_file: std::path::PathBuf::new(),
            clock: chassis::clock::Clock::system(),
        };
        let config = Config {
            facility_code: "1310099999".to_owned(),
            center,
            bridge: BridgeConfig::under(folder),
            keeper: Default::default(),
            mail: Default::default(),
            site: Default::default(),
        };
        Self { config, issuer, desk, server }
    }

    /// What the next calls are answered with: HTTP status and body.
    pub(crate) fn will_say(&self, lines: impl IntoIterator<Item = (u16, String)>) {
        *self.desk.script.lock().unwrap() = lines.into_iter().collect();
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.desk.calls.lock().unwrap().clone()
    }

    /// A machine that already has its certificate.
    pub(crate) fn enrolled(self) -> Self {
        let (key, center) = (KeyPair::generate().unwrap(), &self.config.center);
        let certificate = CertificateParams::new(vec![]).unwrap().signed_by(&key, &self.issuer).unwrap();
        std::fs::create_dir_all(center.key.parent().unwrap()).unwrap();
        std::fs::write(&center.key, key.serialize_pem()).unwrap();
        std::fs::write(&center.certificate, certificate.pem()).unwrap();
        self
    }
}

async fn answer(State(desk): State<Desk>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    desk.calls.lock().unwrap().push(Call {
        path: uri.path().to_owned(),
        token: header("authorization"),
        drop_id: header(wire::header::DROP_ID),
        body: body.to_vec(),
    });
    let mut script = desk.script.lock().unwrap();
    let (status, body) = if script.len() > 1 { script.pop_front().unwrap() } else { script.front().cloned().unwrap() };
    (StatusCode::from_u16(status).unwrap(), [(wire::header::INCIDENT, "K7TQ-2MPA-9C")], body).into_response()
}

struct Tls {
    tcp: TcpListener,
    tls: TlsAcceptor,
}

impl axum::serve::Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = self.tcp.accept().await.unwrap();
            if let Ok(stream) = self.tls.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.tcp.local_addr()
    }
}
