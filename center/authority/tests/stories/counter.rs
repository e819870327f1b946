//! The standard doors of an authority without a network around them, and a hand that signs requests for them as it is told to, rightly or wrongly.

use std::net::{IpAddr, Ipv6Addr};

use authority::acme::{self, Acme};
use authority::{Notice, est};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use axum::Router;
use axum::body::Body;
use chassis::clock::Clock;
use chassis::serve::Caller;
use chassis::testing::Place;
use chassis::tls::PeerCertificate;
use chassis::vault::Vault;
use data_encoding::BASE64URL_NOPAD;
use http::{HeaderMap, Request, header};
use http_body_util::BodyExt;
use jiff::Timestamp;
use registry::applications::LineApplication;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::town::{CODE, Town, now};

pub(crate) const LINE: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 1, 0x100, 0, 0, 0, 7));

/// A line of the town's facility, admitted under a prefix.
pub(crate) async fn admit_line(town: &Town, prefix: &str, at: Timestamp) {
    let line = LineApplication { facility_code: CODE.to_owned(), line_id: "CAF0123456789".to_owned(), line_type: "next-family".to_owned() };
    let number = town.registry.apply_for_line(&line, at).await.unwrap();
    town.registry.approve(&number, at).await.unwrap();
    town.registry.admit(&line.line_id, prefix, at).await.unwrap();
}

pub(crate) fn origin() -> String {
    format!("https://{}", manuals::hosts::authority().name)
}

pub(crate) fn encoded(bytes: impl AsRef<[u8]>) -> String {
    BASE64URL_NOPAD.encode(bytes.as_ref())
}

/// The doors, and an admitted line before them.
pub(crate) struct Counter {
    pub(crate) town: Town,
    pub(crate) clock: Clock,
    router: Router,
}

/// What a door answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> String {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}: {self:?}")).to_str().unwrap().to_owned()
    }

    /// The end of a problem's type.
    pub(crate) fn problem(&self) -> String {
        let document = self.json();
        assert_eq!(document["status"], self.status, "{document}");
        document["type"].as_str().unwrap().strip_prefix("urn:ietf:params:acme:error:").unwrap().to_owned()
    }
}

impl Counter {
    pub(crate) async fn begin(place: &Place) -> Self {
        let town = Town::begin(place).await;
        admit_line(&town, "2001:db8:1:100::/56", now()).await;
        Self::over(town, place)
    }

    fn over(town: Town, place: &Place) -> Self {
        let clock = Clock::driven(now());
        let vault = Vault::open(&place.folder.path().join("keys"), None).unwrap();
        let acme = Acme::open(&town.authority, &vault).unwrap();
        let router = acme::routes(acme, town.registry.clone(), clock.clone()).merge(est::routes(
            town.authority.clone(),
            town.registry.clone(),
            clock.clone(),
        ));
        Self { town, clock, router }
    }

    /// Another program over the same tables and keys: a copy beside this one, or this one started again.
    pub(crate) async fn another(&self, place: &Place) -> Self {
        Self::over(self.town.restarted(self.clock.now()).await, place)
    }

    /// The name that the terminal of [`Town::notice`] orders by ACME.
    pub(crate) fn name(&self) -> String {
        acme::name_of(CODE, "受付端末")
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        self.send_as(request, LINE, PeerCertificate::Absent).await
    }

    pub(crate) async fn send_as(&self, mut request: Request<Body>, address: IpAddr, certificate: PeerCertificate) -> Answer {
        let host = manuals::hosts::authority().name;
        request.headers_mut().insert(header::HOST, host.parse().unwrap());
        request.extensions_mut().insert(Caller { address, host: host.into(), certificate });
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, body: response.into_body().collect().await.unwrap().to_bytes().to_vec() }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn nonce(&self) -> String {
        let request = Request::head("/acme/new-nonce").body(Body::empty()).unwrap();
        self.send(request).await.header("replay-nonce")
    }

    /// A rightly signed request, sent. `payload` is JSON, or null for a request that only reads.
    pub(crate) async fn post(&self, hand: &Hand, path: &str, payload: &Value) -> Answer {
        let header = hand.header(path, &self.nonce().await);
        self.send(jose(path, hand.sign(&header, &text(payload)))).await
    }

    /// Registers a hand with the key of a notice.
    pub(crate) async fn register(&self, hand: &mut Hand, notice: &Notice) -> Answer {
        let payload = json!({ "contact": ["mailto:it@clinic.example"], "externalAccountBinding": hand.bound(notice) });
        let answer = self.post(hand, "/acme/new-account", &payload).await;
        if answer.status < 300 {
            hand.kid = Some(answer.header("location"));
        }
        answer
    }

    /// A new order of the terminal's own name; its path.
    pub(crate) async fn order(&self, hand: &Hand) -> String {
        let answer = self.post(hand, "/acme/new-order", &self.wanted()).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        path_of(&answer.header("location"))
    }

    pub(crate) fn wanted(&self) -> Value {
        json!({ "identifiers": [{ "type": "dns", "value": self.name() }] })
    }

    /// Sends a certificate request to an order.
    pub(crate) async fn finalize(&self, hand: &Hand, order: &str, csr: &[u8]) -> Answer {
        self.post(hand, &format!("{order}/finalize"), &json!({ "csr": encoded(csr) })).await
    }
}

/// The payload of a value: nothing for null.
pub(crate) fn text(payload: &Value) -> String {
    if payload.is_null() { String::new() } else { payload.to_string() }
}

pub(crate) fn path_of(address: &str) -> String {
    address.strip_prefix(&origin()).unwrap_or_else(|| panic!("{address} leads elsewhere")).to_owned()
}

pub(crate) fn jose(path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path).header(header::CONTENT_TYPE, "application/jose+json").body(body.into()).unwrap()
}

/// A client's key and, once it is registered, its account.
pub(crate) struct Hand {
    pub(crate) pair: EcdsaKeyPair,
    pub(crate) jwk: Value,
    pub(crate) kid: Option<String>,
}

impl Hand {
    pub(crate) fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let point = pair.public_key().as_ref();
        let jwk = json!({ "kty": "EC", "crv": "P-256", "x": encoded(&point[1..33]), "y": encoded(&point[33..]) });
        Self { pair, jwk, kid: None }
    }

    /// PKCS#8 of its key.
    pub(crate) fn key(&self) -> Vec<u8> {
        self.pair.to_pkcs8v1().unwrap().as_ref().to_vec()
    }

    /// The protected header of a request to a path.
    pub(crate) fn header(&self, path: &str, nonce: &str) -> Value {
        let mut header = json!({ "alg": "ES256", "nonce": nonce, "url": format!("{}{path}", origin()) });
        match &self.kid {
            Some(kid) => header["kid"] = json!(kid),
            None => header["jwk"] = self.jwk.clone(),
        }
        header
    }

    pub(crate) fn sign(&self, header: &Value, payload: &str) -> String {
        let (protected, payload) = (encoded(header.to_string()), encoded(payload));
        let signature = self.pair.sign(&SystemRandom::new(), format!("{protected}.{payload}").as_bytes()).unwrap();
        json!({ "protected": protected, "payload": payload, "signature": encoded(signature) }).to_string()
    }

    /// Its key, signed with the key of a notice.
    pub(crate) fn bound(&self, notice: &Notice) -> Value {
        let header = json!({ "alg": "HS256", "kid": notice.binding.key_id, "url": format!("{}/acme/new-account", origin()) });
        bound(&header, &self.jwk, notice.binding.mac_key.expose_secret())
    }
}

/// A binding as it is told to be.
pub(crate) fn bound(header: &Value, key: &Value, secret: &str) -> Value {
    let (protected, payload) = (encoded(header.to_string()), encoded(key.to_string()));
    let secret = hmac::Key::new(hmac::HMAC_SHA256, &BASE64URL_NOPAD.decode(secret.as_bytes()).unwrap());
    let tag = hmac::sign(&secret, format!("{protected}.{payload}").as_bytes());
    json!({ "protected": protected, "payload": payload, "signature": encoded(tag) })
}

/// A certificate request for a name of hosts, DER, with a new P-256 key.
pub(crate) fn request(name: &str) -> Vec<u8> {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    request_over(&key, &[name], None)
}

/// A certificate request over a key, DER.
pub(crate) fn request_over(key: &rcgen::KeyPair, names: &[&str], common: Option<&str>) -> Vec<u8> {
    let mut params = rcgen::CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    if let Some(common) = common {
        params.distinguished_name.push(rcgen::DnType::CommonName, common);
    }
    params.serialize_request(key).unwrap().der().to_vec()
}
