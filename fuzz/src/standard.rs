//! What holds of any input at the authority's doors for standard programs, ACME and EST: the claims that the fuzz targets attack and that the
//! program's stories check over the corpora.

use std::net::{IpAddr, Ipv6Addr};

use authority::acme::{self, Acme};
use authority::{Authority, Notice, est};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use axum::Router;
use axum::body::Body;
use chassis::clock::Clock;
use chassis::db::Database;
use chassis::serve::Caller;
use chassis::tls::PeerCertificate;
use chassis::vault::Vault;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use http::{HeaderMap, Request, StatusCode, header};
use jiff::Timestamp;
use registry::Registry;
use registry::applications::{FacilityApplication, LineApplication};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tower::ServiceExt;
use wire::number::FacilityCode;

const CODE: &str = "0110119153";
const NOW: Timestamp = Timestamp::constant(1_784_073_600, 0);
const LINE: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// The paths of ACME that take a signed request; `ORDER` stands for the number of an order that waits.
const PATHS: [&str; 8] = [
    "/acme/new-account",
    "/acme/new-order",
    "/acme/key-change",
    "/acme/revoke-cert",
    "/acme/account/ACCOUNT",
    "/acme/order/ORDER",
    "/acme/order/ORDER/finalize",
    "/acme/authorization/ORDER-0",
];

/// The doors, an account with an order that waits, and a notice that nobody has used.
pub struct Standard {
    runtime: tokio::runtime::Runtime,
    router: Router,
    authority: Authority,
    pair: EcdsaKeyPair,
    kid: String,
    order: String,
    waiting: Notice,
    _folder: tempfile::TempDir,
}

impl Standard {
    /// Opens them.
    pub fn open() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let (authority, router, bound, waiting) = runtime.block_on(async {
            let db = Database::open(&format!("sqlite:{}", folder.path().join("center.db").display())).await.expect("a database");
            let registry = Registry::open(db.clone(), registry::Config::default()).await.expect("a registry");
            admit(&registry).await;
            let vault = Vault::open(&folder.path().join("keys"), None).expect("a vault");
            let config = authority::Config { demonstration: true, ..authority::Config::default() };
            let authority = Authority::open(db, registry.clone(), &vault, folder.path(), config, NOW).await.expect("an authority");
            let clock = Clock::driven(NOW);
            let acme = Acme::open(&authority, &vault).expect("a door");
            let router = acme::routes(acme, registry.clone(), clock.clone()).merge(est::routes(authority.clone(), registry, clock));
            let code = FacilityCode::parse(CODE).expect("a code");
            let bound = authority.notice(&code, "one", NOW).await.expect("a notice");
            let waiting = authority.notice(&code, "two", NOW).await.expect("a notice");
            (authority, router, bound, waiting)
        });
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        let mut doors = Self { runtime, router, authority, pair, kid: String::new(), order: String::new(), waiting, _folder: folder };
        let payload = json!({ "externalAccountBinding": doors.binding(&bound) }).to_string();
        doors.kid = location(&doors.signed("/acme/new-account", payload.as_bytes()).1);
        let wanted = json!({ "identifiers": [{ "type": "dns", "value": acme::name_of(CODE, "one") }] }).to_string();
        let order = location(&doors.signed("/acme/new-order", wanted.as_bytes()).1);
        doors.order = order.rsplit('/').next().expect("a number").to_owned();
        doors
    }

    /// Whatever is sent to ACME, signed rightly or not at all, gets an answer that is none of our failures, and makes no certificate.
    pub fn acme_request(&self, bytes: &[u8]) {
        for path in PATHS {
            let path = self.path(path);
            let (status, _) = self.send(jose(&path, bytes.to_vec()));
            assert!(status.is_client_error(), "{path}: a stranger was answered with {status}");
            // A whole order may come of chance; what ends the account would end the claims.
            if !bytes.windows(11).any(|word| word == b"deactivated") {
                let (status, _) = self.signed(&path, bytes);
                assert!(!status.is_server_error(), "{path}: {status}");
            }
        }
        let name: String =
            String::from_utf8_lossy(bytes).chars().filter(|letter| letter.is_ascii_alphanumeric() || "._-".contains(*letter)).collect();
        let (status, _) = self.send(Request::get(format!("/acme/renewal-info/{name}")).body(Body::empty()).expect("a request"));
        assert!(status.is_client_error(), "nobody's certificate has a window: {status}");
        assert_eq!(self.certificates(), 0);
    }

    /// Whatever is sent to EST is refused in words or gets the one certificate of its notice.
    pub fn est_request(&self, bytes: &[u8]) {
        let numbers = format!("{}:{}", self.waiting.request_id, self.waiting.reference_id.expose_secret());
        let right = format!("Basic {}", BASE64.encode(numbers.as_bytes()));
        let guessed = format!("Basic {}", BASE64.encode(bytes.get(..bytes.len().min(500)).unwrap_or_default()));
        for path in ["simpleenroll", "simplereenroll"] {
            for authorization in [&right, &guessed] {
                let request = Request::post(format!("/.well-known/est/{path}"))
                    .header(header::CONTENT_TYPE, "application/pkcs10")
                    .header(header::AUTHORIZATION, authorization)
                    .body(Body::from(bytes.to_vec()))
                    .expect("a request");
                let (status, _) = self.send(request);
                assert!(!status.is_server_error(), "{path}: {status}");
            }
        }
        assert!(self.certificates() <= 1);
    }

    fn certificates(&self) -> usize {
        self.runtime.block_on(self.authority.certificates()).expect("the authority can answer").len()
    }

    fn path(&self, path: &str) -> String {
        path.replace("ORDER", &self.order).replace("ACCOUNT", self.kid.rsplit('/').next().unwrap_or_default())
    }

    fn send(&self, mut request: Request<Body>) -> (StatusCode, HeaderMap) {
        let host = manuals::hosts::authority().name;
        request.headers_mut().insert(header::HOST, host.parse().expect("a host"));
        request.extensions_mut().insert(Caller { address: LINE, host: host.into(), certificate: PeerCertificate::Absent });
        let answer = self.runtime.block_on(self.router.clone().oneshot(request)).expect("a door always answers");
        (answer.status(), answer.headers().clone())
    }

    fn jwk(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        let (x, y) = (&point[1..33], &point[33..]);
        json!({ "kty": "EC", "crv": "P-256", "x": BASE64URL_NOPAD.encode(x), "y": BASE64URL_NOPAD.encode(y) })
    }

    /// A payload under a right signature and a fresh number.
    fn signed(&self, path: &str, payload: &[u8]) -> (StatusCode, HeaderMap) {
        let (_, headers) = self.send(Request::head("/acme/new-nonce").body(Body::empty()).expect("a request"));
        let nonce = headers["replay-nonce"].to_str().expect("a number").to_owned();
        let mut head = json!({ "alg": "ES256", "nonce": nonce, "url": url(path) });
        if path == "/acme/new-account" {
            head["jwk"] = self.jwk()
        } else {
            head["kid"] = json!(self.kid)
        }
        let (protected, payload) = (BASE64URL_NOPAD.encode(head.to_string().as_bytes()), BASE64URL_NOPAD.encode(payload));
        let signature = self.pair.sign(&SystemRandom::new(), format!("{protected}.{payload}").as_bytes()).expect("a signature");
        let body = json!({ "protected": protected, "payload": payload, "signature": BASE64URL_NOPAD.encode(signature.as_ref()) });
        self.send(jose(path, body.to_string().into_bytes()))
    }

    fn binding(&self, notice: &Notice) -> Value {
        let head = json!({ "alg": "HS256", "kid": notice.binding.key_id, "url": url("/acme/new-account") }).to_string();
        let (protected, payload) = (BASE64URL_NOPAD.encode(head.as_bytes()), BASE64URL_NOPAD.encode(self.jwk().to_string().as_bytes()));
        let secret = BASE64URL_NOPAD.decode(notice.binding.mac_key.expose_secret().as_bytes()).expect("a key");
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), format!("{protected}.{payload}").as_bytes());
        json!({ "protected": protected, "payload": payload, "signature": BASE64URL_NOPAD.encode(tag.as_ref()) })
    }
}

async fn admit(registry: &Registry) {
    let facility = FacilityApplication {
        facility_code: CODE.to_owned(),
        name: "架空医院".to_owned(),
        valid_from: jiff::civil::date(2020, 4, 1),
        valid_until: None,
    };
    let line = LineApplication { facility_code: CODE.to_owned(), line_id: "CAF0123456789".to_owned(), line_type: "next-family".to_owned() };
    let number = registry.apply_for_facility(&facility, NOW).await.expect("a number");
    registry.approve(&number, NOW).await.expect("an approval");
    let number = registry.apply_for_line(&line, NOW).await.expect("a number");
    registry.approve(&number, NOW).await.expect("an approval");
    registry.admit(&line.line_id, "::1/128", NOW).await.expect("an admission");
}

fn url(path: &str) -> String {
    format!("https://{}{path}", manuals::hosts::authority().name)
}

fn jose(path: &str, body: Vec<u8>) -> Request<Body> {
    Request::post(path).header(header::CONTENT_TYPE, "application/jose+json").body(Body::from(body)).expect("a request")
}

fn location(headers: &HeaderMap) -> String {
    headers[header::LOCATION].to_str().expect("an address").to_owned()
}
