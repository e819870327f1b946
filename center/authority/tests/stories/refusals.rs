//! Every kind of bad request to the standard doors, from a table: each is refused with the right word, and none leaves anything behind.

use authority::Notice;
use axum::body::Body;
use chassis::on_both;
use chassis::testing::Place;
use chassis::tls::PeerCertificate;
use data_encoding::BASE64;
use http::{Request, header};
use jiff::SignedDuration;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::counter::{Answer, Counter, Hand, LINE, bound, encoded, jose, origin, path_of, request, request_over, text};
use crate::town::{CODE, now};

/// The other facility of the examples.
const OTHER: &str = "1310099999";

/// A town in which everything that can be asked for exists once, and the tally of what was refused.
struct Table {
    counter: Counter,
    /// Registered, with an order that waits.
    hand: Hand,
    order: String,
    /// Registered for another notice, with a certificate that it has fetched.
    other: Hand,
    other_order: String,
    certificate: Vec<u8>,
    waiting: Notice,
    used: Notice,
    refused: Vec<String>,
}

impl Table {
    async fn lay(place: &Place) -> Self {
        let counter = Counter::begin(place).await;
        let (used, second, waiting) = (counter.town.notice().await, counter.town.notice().await, counter.town.notice().await);
        let (mut hand, mut other) = (Hand::new(), Hand::new());
        counter.register(&mut other, &used).await;
        let other_order = counter.order(&other).await;
        let done = counter.finalize(&other, &other_order, &request(&counter.name())).await.json();
        let chain = counter.post(&other, &path_of(done["certificate"].as_str().unwrap()), &Value::Null).await;
        let certificate = pem::parse_many(&chain.body).unwrap()[0].contents().to_vec();
        counter.register(&mut hand, &second).await;
        let order = counter.order(&hand).await;
        Self { counter, hand, order, other, other_order, certificate, waiting, used, refused: Vec::new() }
    }

    /// Holds an ACME answer to its status and type, and its words to being words.
    fn expect(&mut self, name: &str, answer: &Answer, status: u16, kind: &str) {
        assert_eq!((answer.status, answer.problem().as_str()), (status, kind), "{name}: {}", answer.text());
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.chars().any(|letter| ('ぁ'..='ん').contains(&letter)), "{name}: {detail}");
        assert!(!answer.header("replay-nonce").is_empty() && answer.header("link").contains("/acme/directory"), "{name}");
        self.refused.push(format!("{name}: {status} {kind}"));
    }

    /// Holds an EST answer to its status and the code of its situation, or the words that take the code's place.
    fn expect_plain(&mut self, name: &str, answer: &Answer, status: u16, word: &str) {
        let said = answer.text();
        assert!(answer.status == status && said.contains(word), "{name}: {} {said}", answer.status);
        assert!(answer.header("content-type").starts_with("text/plain"), "{name}");
        assert_eq!(answer.status == 401, answer.headers.contains_key(header::WWW_AUTHENTICATE), "{name}");
        self.refused.push(format!("{name}: {status}"));
    }

    async fn raw(&mut self, name: &str, path: &str, body: impl Into<Body>, status: u16, kind: &str) {
        let answer = self.counter.send(jose(path, body)).await;
        self.expect(name, &answer, status, kind);
    }

    async fn signed(&mut self, name: &str, path: &str, payload: &Value, (status, kind): (u16, &str)) {
        let answer = self.counter.post(&self.hand, path, payload).await;
        self.expect(name, &answer, status, kind);
    }

    /// Every way in which the signature and what stands around it can be wrong, at one path.
    async fn envelope(&mut self, path: &str) {
        let nonce = self.counter.nonce().await;
        let good = self.hand.header(path, &nonce);
        let with = |name: &str, value: Value| {
            let mut header = good.clone();
            header[name] = value;
            header
        };
        let without = |name: &str| {
            let mut header = good.clone();
            header.as_object_mut().unwrap().remove(name);
            header
        };
        let both = with("jwk", self.hand.jwk.clone());
        let headers = [
            ("no algorithm", without("alg"), 400, "malformed"),
            ("no signature at all", with("alg", json!("none")), 400, "badSignatureAlgorithm"),
            ("a shared key", with("alg", json!("HS256")), 400, "badSignatureAlgorithm"),
            ("another curve", with("alg", json!("ES384")), 400, "badSignatureAlgorithm"),
            ("another kind of key", with("alg", json!("RS256")), 400, "malformed"),
            ("no number", without("nonce"), 400, "malformed"),
            ("a number of nobody", with("nonce", json!("AAAA")), 400, "badNonce"),
            ("a forged number", with("nonce", json!(encoded([7; 36]))), 400, "badNonce"),
            ("no address", without("url"), 400, "malformed"),
            ("an address elsewhere", with("url", json!(format!("https://www.example{path}"))), 403, "unauthorized"),
            ("another path", with("url", json!(format!("{}/acme/new-nonce", origin()))), 403, "unauthorized"),
            ("nobody's key", without("kid"), 400, "malformed"),
            ("two keys", both, 400, "malformed"),
            ("an unknown account", with("kid", json!(format!("{}/acme/account/nobody", origin()))), 400, "accountDoesNotExist"),
            ("an account elsewhere", with("kid", json!("https://www.example/acme/account/1")), 400, "accountDoesNotExist"),
            ("what must be understood", with("crit", json!(["exp"])), 400, "malformed"),
            ("a number as key", with("kid", json!(7)), 400, "malformed"),
        ];
        for (name, header, status, kind) in headers {
            // Some paths take either a key or an account: for them an unknown one is told apart from a wrong one.
            let body = self.hand.sign(&header, "{}");
            let kind = if name == "nobody's key" && status == 400 { "malformed" } else { kind };
            self.raw(&format!("{path}: {name}"), path, body, status, kind).await;
        }
        self.broken_bodies(path, &good).await;
    }

    async fn broken_bodies(&mut self, path: &str, good: &Value) {
        let sound: Value = serde_json::from_str(&self.hand.sign(good, "{}")).unwrap();
        let with = |name: &str, value: Value| {
            let mut body = sound.clone();
            body[name] = value;
            body.to_string()
        };
        let cut = sound["signature"].as_str().unwrap().split_at(40).0.to_owned();
        let bodies = [
            ("nothing", String::new()),
            ("no JSON", "certificate, please".to_owned()),
            ("a list", "[1, 2, 3]".to_owned()),
            ("compact form", "a.b.c".to_owned()),
            ("no signature", json!({ "protected": sound["protected"], "payload": "" }).to_string()),
            ("an open header", with("header", json!({ "kid": "x" }))),
            ("many signatures", with("signatures", json!([]))),
            ("padding", with("payload", json!("e30="))),
            ("a header that is none", with("protected", json!("AAAA"))),
            ("a header outside the alphabet", with("protected", json!("%%%"))),
            ("another payload", with("payload", json!(encoded("{\"status\":\"deactivated\"}")))),
            ("half a signature", with("signature", json!(cut))),
            ("somebody's signature", with("signature", json!(encoded([1; 64])))),
        ];
        for (name, body) in bodies {
            self.raw(&format!("{path}: {name}"), path, body, 400, "malformed").await;
        }
        self.raw(&format!("{path}: no text"), path, vec![0xff, 0xfe, 0x00], 400, "malformed").await;
        self.raw(&format!("{path}: too large"), path, vec![b'a'; 64 * 1024], 413, "malformed").await;
        let form = Request::post(path).header(header::CONTENT_TYPE, "application/json").body(Body::from(sound.to_string())).unwrap();
        let answer = self.counter.send(form).await;
        self.expect(&format!("{path}: as plain JSON"), &answer, 415, "malformed");
        let answer = self.counter.get(path).await;
        self.expect(&format!("{path}: asked instead of sent"), &answer, 405, "malformed");
    }

    /// Numbers that are ours and may not be used any more.
    async fn repeated(&mut self) {
        let path = path_of(self.hand.kid.as_ref().unwrap());
        let nonce = self.counter.nonce().await;
        let body = self.hand.sign(&self.hand.header(&path, &nonce), "");
        assert_eq!(self.counter.send(jose(&path, body.clone())).await.status, 200);
        self.raw("the same request again", &path, body, 400, "badNonce").await;
        let other = self.hand.sign(&self.hand.header(&self.order, &nonce), "");
        let order = self.order.clone();
        self.raw("the same number for something else", &order, other, 400, "badNonce").await;
        let old = self.counter.nonce().await;
        self.counter.clock.advance(SignedDuration::from_mins(61));
        let body = self.hand.sign(&self.hand.header(&path, &old), "");
        self.raw("a number of an hour ago", &path, body, 400, "badNonce").await;
        self.counter.clock.set(now());
    }

    async fn new_account(&mut self, name: &str, hand: &Hand, payload: &Value, status: u16, kind: &str) {
        let answer = self.counter.post(hand, "/acme/new-account", payload).await;
        self.expect(&format!("new account: {name}"), &answer, status, kind);
    }

    async fn accounts(&mut self) {
        let path = "/acme/new-account";
        let rsa = |bytes: usize, exponent: &str| json!({ "kty": "RSA", "n": encoded(vec![0xc3; bytes]), "e": exponent });
        let keys = [
            ("a short RSA key", rsa(128, "AQAB")),
            ("a huge RSA key", rsa(1024, "AQAB")),
            ("a small exponent", rsa(256, "Aw")),
            ("an even exponent", rsa(256, "AQAA")),
            ("another curve", json!({ "kty": "EC", "crv": "P-384", "x": "AA", "y": "AA" })),
            ("half a point", json!({ "kty": "EC", "crv": "P-256", "x": encoded([1; 32]) })),
            ("a shared key", json!({ "kty": "oct", "k": "AAAA" })),
            ("a private key", json!({ "kty": "OKP", "crv": "Ed25519", "x": encoded([1; 32]), "d": encoded([1; 32]) })),
            ("no key", json!("key")),
        ];
        for (name, jwk) in keys {
            let hand = Hand { jwk, ..Hand::new() };
            self.new_account(name, &hand, &json!({}), 400, "badPublicKey").await;
        }
        // No point of the curve: it is of the right size, and no signature fits it.
        let nowhere = Hand { jwk: json!({ "kty": "EC", "crv": "P-256", "x": encoded([1; 32]), "y": encoded([1; 32]) }), ..Hand::new() };
        self.new_account("a point off the curve", &nowhere, &json!({}), 400, "malformed").await;
        let hand = Hand::new();
        self.new_account("nobody known", &hand, &json!({ "onlyReturnExisting": true }), 400, "accountDoesNotExist").await;
        self.new_account("no binding", &hand, &json!({}), 403, "externalAccountRequired").await;
        self.new_account("a text for a payload", &hand, &json!("account"), 400, "malformed").await;
        let contacts: [(&str, &[&str], &str); 5] = [
            ("a telephone", &["tel:+81-3-0000-0000"], "unsupportedContact"),
            ("no scheme", &["it@clinic.example"], "unsupportedContact"),
            ("no address", &["mailto:it"], "invalidContact"),
            ("headers in an address", &["mailto:it@clinic.example?subject=x"], "invalidContact"),
            ("too many", &["mailto:it@clinic.example"; 6], "invalidContact"),
        ];
        for (name, contact, kind) in contacts {
            let payload = json!({ "contact": contact, "externalAccountBinding": hand.bound(&self.waiting) });
            self.new_account(name, &hand, &payload, 400, kind).await;
        }
        self.bindings(path).await;
    }

    async fn bindings(&mut self, path: &str) {
        let (hand, secret) = (Hand::new(), self.waiting.binding.mac_key.expose_secret().to_owned());
        let wrong_secret = encoded([9; 32]);
        let good = json!({ "alg": "HS256", "kid": self.waiting.binding.key_id, "url": format!("{}{path}", origin()) });
        let with = |name: &str, value: Value| {
            let mut header = good.clone();
            header[name] = value;
            header
        };
        let stranger = Hand::new().jwk;
        let bindings = [
            ("no binding in it", json!({}), 400, "malformed"),
            ("another secret", bound(&good, &hand.jwk, &wrong_secret), 403, "unauthorized"),
            ("an unknown notice", bound(&with("kid", json!("202607159999999")), &hand.jwk, &secret), 403, "unauthorized"),
            ("no notice's number", bound(&with("kid", json!("' OR 1=1 --")), &hand.jwk, &secret), 403, "unauthorized"),
            ("another algorithm", bound(&with("alg", json!("HS512")), &hand.jwk, &secret), 400, "badSignatureAlgorithm"),
            ("no algorithm", bound(&with("alg", json!("none")), &hand.jwk, &secret), 400, "badSignatureAlgorithm"),
            ("another address", bound(&with("url", json!("https://www.example/")), &hand.jwk, &secret), 400, "malformed"),
            ("a number", bound(&with("nonce", json!("AAAA")), &hand.jwk, &secret), 400, "malformed"),
            ("somebody's key", bound(&good, &stranger, &secret), 400, "malformed"),
            ("no key", bound(&good, &json!({}), &secret), 400, "malformed"),
            ("signed by the key itself", serde_json::from_str(&hand.sign(&hand.header(path, "AAAA"), "{}")).unwrap(), 400, "malformed"),
            ("a notice that is used", hand.bound(&self.used), 409, "unauthorized"),
        ];
        for (name, binding, status, kind) in bindings {
            self.new_account(&format!("binding: {name}"), &hand, &json!({ "externalAccountBinding": binding }), status, kind).await;
        }
        self.counter.clock.advance(SignedDuration::from_hours(24 * 181));
        let late = json!({ "externalAccountBinding": hand.bound(&self.waiting) });
        self.new_account("binding: a notice whose days are over", &hand, &late, 410, "unauthorized").await;
        self.counter.clock.set(now());
    }

    async fn orders(&mut self) {
        let name = self.counter.name();
        let path = "/acme/new-order";
        let dns = |value: &str| json!({ "identifiers": [{ "type": "dns", "value": value }] });
        let with = |member: &str, value: Value| {
            let mut wanted = dns(&name);
            wanted[member] = value;
            wanted
        };
        let strangers = format!("{}x", self.certificate_id());
        let orders = [
            ("no payload", Value::Null, 400, "malformed"),
            ("no names", json!({}), 400, "malformed"),
            ("an empty list", json!({ "identifiers": [] }), 400, "rejectedIdentifier"),
            ("another terminal", dns(&name.replacen("t-", "u-", 1)), 400, "rejectedIdentifier"),
            ("another facility", dns(&name.replace(CODE, OTHER)), 400, "rejectedIdentifier"),
            ("all terminals", dns(&name.replacen(name.split('.').next().unwrap(), "*", 1)), 400, "rejectedIdentifier"),
            ("the authority's own host", dns(manuals::hosts::authority().name), 400, "rejectedIdentifier"),
            ("the world's", dns("www.example"), 400, "rejectedIdentifier"),
            ("a name with a dot at its end", dns(&format!("{name}.")), 400, "rejectedIdentifier"),
            (
                "two names",
                json!({ "identifiers": [dns(&name)["identifiers"][0], dns(&name)["identifiers"][0]] }),
                400,
                "rejectedIdentifier",
            ),
            ("the facility's code alone", dns(CODE), 400, "rejectedIdentifier"),
            (
                "another facility's code beside it",
                json!({ "identifiers": [dns(&name)["identifiers"][0], dns(OTHER)["identifiers"][0]] }),
                400,
                "rejectedIdentifier",
            ),
            ("an address", json!({ "identifiers": [{ "type": "ip", "value": "10.0.0.1" }] }), 400, "unsupportedIdentifier"),
            ("a mail address", json!({ "identifiers": [{ "type": "email", "value": "a@b.example" }] }), 400, "unsupportedIdentifier"),
            ("a name without a kind", json!({ "identifiers": [{ "value": name }] }), 400, "malformed"),
            ("a beginning", with("notBefore", json!("2027-01-01T00:00:00Z")), 400, "malformed"),
            ("an end", with("notAfter", json!("2099-01-01T00:00:00Z")), 400, "malformed"),
            ("replaces no certificate", with("replaces", json!("x")), 400, "malformed"),
            ("replaces another CA's", with("replaces", json!("AAAA.AQ")), 400, "malformed"),
            ("replaces an unknown one", with("replaces", json!(strangers)), 400, "malformed"),
        ];
        for (name, wanted, status, kind) in orders {
            self.signed(&format!("new order: {name}"), path, &wanted, (status, kind)).await;
        }
        let early = self.counter.post(&self.other, path, &self.counter.wanted()).await;
        self.expect("new order: long before its time", &early, 429, "rateLimited");
    }

    /// The name of the certificate that exists, as renewals are asked about.
    fn certificate_id(&self) -> String {
        let (_, parsed) = x509_parser::parse_x509_certificate(&self.certificate).unwrap();
        let issuer_key = parsed.extensions().iter().find_map(|extension| match extension.parsed_extension() {
            x509_parser::extensions::ParsedExtension::AuthorityKeyIdentifier(id) => id.key_identifier.as_ref().map(|id| id.0.to_vec()),
            _ => None,
        });
        let serial = chassis::tls::serial_text(parsed.raw_serial());
        authority::acme::CertificateId { issuer_key: issuer_key.unwrap(), serial }.written().unwrap()
    }

    async fn requests(&mut self) {
        let name = self.counter.name();
        let path = format!("{}/finalize", self.order);
        let key = |algorithm| KeyPair::generate_for(algorithm).unwrap();
        let p256 = key(&PKCS_ECDSA_P256_SHA256);
        let good = request_over(&p256, &[&name], None);
        let own = KeyPair::try_from(self.hand.key().as_slice()).unwrap();
        let mut forged = good.clone();
        *forged.last_mut().unwrap() ^= 1;
        let requests: Vec<(&str, Vec<u8>)> = vec![
            ("nothing", Vec::new()),
            ("text", b"certificate, please".to_vec()),
            ("PEM", pem::encode(&pem::Pem::new("CERTIFICATE REQUEST", good.clone())).into_bytes()),
            ("half of it", good[..good.len() / 2].to_vec()),
            ("more than it", [&good[..], b"more"].concat()),
            ("a certificate", self.certificate.clone()),
            ("too large", vec![0x30; 9 * 1024]),
            ("a forged signature", forged),
            ("no name", request_over(&p256, &[], None)),
            ("the facility's code alone", request_over(&p256, &[], Some(CODE))),
            ("another facility", request_over(&p256, &[&name], Some(OTHER))),
            ("another facility's terminal", request_over(&p256, &[&name.replace(CODE, OTHER)], None)),
            ("one name more", request_over(&p256, &[&name, "www.example"], None)),
            ("an address more", request_over(&p256, &[&name, "10.0.0.1"], None)),
            ("all names", request_over(&p256, &["*"], None)),
            ("the account's key", request_over(&own, &[&name], None)),
            ("P-384", request_over(&key(&PKCS_ECDSA_P384_SHA384), &[&name], None)),
            ("Ed25519", request_over(&key(&PKCS_ED25519), &[&name], None)),
        ];
        for (kind, csr) in requests {
            self.signed(&format!("finalize: {kind}"), &path, &json!({ "csr": encoded(csr) }), (400, "badCSR")).await;
        }
        for (kind, csr) in openssl_requests(&name) {
            self.signed(&format!("finalize: {kind}"), &path, &json!({ "csr": encoded(csr) }), (400, "badCSR")).await;
        }
        for (kind, payload) in [("no request", json!({})), ("standard Base64", json!({ "csr": "ab+/" })), ("a number", json!({ "csr": 7 }))]
        {
            self.signed(&format!("finalize: {kind}"), &path, &payload, (400, "malformed")).await;
        }
    }

    /// What belongs to others, is not there yet, or is not at all.
    async fn places(&mut self) {
        let (order, theirs) = (self.order.clone(), self.other_order.clone());
        let id = order.rsplit('/').next().unwrap().to_owned();
        let their_id = theirs.rsplit('/').next().unwrap().to_owned();
        let account = path_of(self.hand.kid.as_ref().unwrap());
        let their_account = path_of(self.other.kid.as_ref().unwrap());
        let csr = json!({ "csr": encoded(request(&self.counter.name())) });
        let asked = [
            ("another's account", their_account.clone(), Value::Null, 403, "unauthorized"),
            ("another's orders", format!("{their_account}/orders"), Value::Null, 403, "unauthorized"),
            ("another's order", theirs.clone(), Value::Null, 403, "unauthorized"),
            ("another's authorization", format!("/acme/authorization/{their_id}-0"), Value::Null, 403, "unauthorized"),
            ("another's certificate", format!("/acme/certificate/{their_id}"), Value::Null, 403, "unauthorized"),
            ("another's finalization", format!("{theirs}/finalize"), csr, 403, "unauthorized"),
            ("no order", "/acme/order/nothing".to_owned(), Value::Null, 404, "malformed"),
            ("an authorization of no name", format!("/acme/authorization/{id}-1"), Value::Null, 404, "malformed"),
            ("no authorization", format!("/acme/authorization/{id}"), Value::Null, 404, "malformed"),
            ("no certificate yet", format!("/acme/certificate/{id}"), Value::Null, 403, "orderNotReady"),
            ("a payload to read an order", order.clone(), json!({}), 400, "malformed"),
            ("an unknown state", account.clone(), json!({ "status": "revoked" }), 400, "malformed"),
            ("a text for contacts", account.clone(), json!({ "contact": "it@clinic.example" }), 400, "malformed"),
            ("a telephone for a contact", account, json!({ "contact": ["tel:1"] }), 400, "unsupportedContact"),
            ("an authorization's own state", format!("/acme/authorization/{id}-0"), json!({ "status": "valid" }), 400, "malformed"),
        ];
        for (name, path, payload, status, kind) in asked {
            self.signed(name, &path, &payload, (status, kind)).await;
        }
        let twice = format!("{theirs}/finalize");
        let answer = self.counter.post(&self.other, &twice, &json!({ "csr": encoded(request(&self.counter.name())) })).await;
        self.expect("an order that is done", &answer, 403, "orderNotReady");
        for path in ["/acme/nothing", "/acme/order", "/acme/renewal-info/a/b"] {
            let answer = self.counter.get(path).await;
            self.expect(path, &answer, 404, "malformed");
        }
        for (id, status) in [("x", 400), ("AAAA.AQ", 404), ("..", 400), ("%00", 400), (&self.certificate_id().replace('.', ".AA"), 400)] {
            let answer = self.counter.get(&format!("/acme/renewal-info/{id}")).await;
            self.expect(&format!("renewal of {id}"), &answer, status, "malformed");
        }
    }

    async fn revocations(&mut self) {
        let path = "/acme/revoke-cert";
        let theirs = encoded(&self.certificate);
        let stranger = rcgen::generate_simple_self_signed(["a.example".to_owned()]).unwrap().cert.der().to_vec();
        let mut altered = self.certificate.clone();
        *altered.last_mut().unwrap() ^= 1;
        let asked = [
            ("nothing", json!({}), 400, "malformed"),
            ("no Base64url", json!({ "certificate": "a+b=" }), 400, "malformed"),
            ("no certificate", json!({ "certificate": "AAAA" }), 404, "malformed"),
            ("a stranger's", json!({ "certificate": encoded(stranger) }), 404, "malformed"),
            ("an altered one", json!({ "certificate": encoded(altered) }), 404, "malformed"),
        ];
        for (name, payload, status, kind) in asked {
            self.signed(&format!("revoke: {name}"), path, &payload, (status, kind)).await;
        }
        for reason in [-1, 2, 6, 7, 8, 9, 10, 99] {
            let answer = self.counter.post(&self.other, path, &json!({ "certificate": theirs, "reason": reason })).await;
            self.expect(&format!("revoke: reason {reason}"), &answer, 400, "badRevocationReason");
        }
        let answer = self.counter.post(&Hand::new(), path, &json!({ "certificate": theirs })).await;
        self.expect("revoke: by somebody's key", &answer, 403, "unauthorized");
    }

    async fn key_changes(&mut self) {
        let path = "/acme/key-change";
        let new = Hand::new();
        let header = json!({ "alg": "ES256", "jwk": new.jwk, "url": format!("{}{path}", origin()) });
        let right = json!({ "account": self.hand.kid, "oldKey": self.hand.jwk });
        let inner =
            |hand: &Hand, header: &Value, payload: &Value| serde_json::from_str::<Value>(&hand.sign(header, &text(payload))).unwrap();
        let with = |name: &str, value: Value| {
            let mut header = header.clone();
            header[name] = value;
            header
        };
        let by_name = json!({ "alg": "ES256", "kid": self.hand.kid, "url": header["url"] });
        let changes = [
            ("nothing", json!({}), 400),
            ("by an account", inner(&new, &by_name, &right), 400),
            ("with a number", inner(&new, &with("nonce", json!("AAAA")), &right), 400),
            ("for another address", inner(&new, &with("url", json!("https://www.example/")), &right), 400),
            ("not signed by the new key", inner(&self.hand, &header, &right), 400),
            ("no account", inner(&new, &header, &json!({ "oldKey": self.hand.jwk })), 400),
            ("another's account", inner(&new, &header, &json!({ "account": self.other.kid, "oldKey": self.hand.jwk })), 400),
            ("not its old key", inner(&new, &header, &json!({ "account": self.hand.kid, "oldKey": self.other.jwk })), 400),
        ];
        for (name, payload, status) in changes {
            self.signed(&format!("key change: {name}"), path, &payload, (status, "malformed")).await;
        }
        let taken = inner(&self.other, &json!({ "alg": "ES256", "jwk": self.other.jwk, "url": header["url"] }), &right);
        self.signed("key change: a key that has an account", path, &taken, (409, "malformed")).await;
    }

    async fn est(&mut self) {
        let numbers = |id: &str, reference: &str| format!("Basic {}", BASE64.encode(format!("{id}:{reference}").as_bytes()));
        let (id, reference) = (self.waiting.request_id.clone(), self.waiting.reference_id.expose_secret().to_owned());
        let used = numbers(&self.used.request_id, self.used.reference_id.expose_secret());
        let right = numbers(&id, &reference);
        let good = BASE64.encode(&request_over(&KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap(), &[], Some(CODE)));
        let send = |path: &str, authorization: Option<&str>, kind: &str, body: Vec<u8>| {
            let mut request = Request::post(format!("/.well-known/est/{path}")).header(header::CONTENT_TYPE, kind);
            if let Some(authorization) = authorization {
                request = request.header(header::AUTHORIZATION, authorization);
            }
            request.body(Body::from(body)).unwrap()
        };
        for path in ["simpleenroll", "serverkeygen"] {
            let callers = [
                ("nobody", None, 401, "リクエストID"),
                ("another scheme", Some("Bearer abc".to_owned()), 401, "リクエストID"),
                ("no Base64", Some("Basic ???".to_owned()), 401, "リクエストID"),
                ("one number", Some(format!("Basic {}", BASE64.encode(id.as_bytes()))), 401, "リクエストID"),
                ("a wrong reference", Some(numbers(&id, "XXXXXXXXXX")), 401, "OQSC"),
                ("an unknown request", Some(numbers("202607159999999", &reference)), 401, "OQSC"),
                ("full-width digits", Some(numbers("２０２６０７１５０００００００", &reference)), 401, "OQSC"),
            ];
            for (name, authorization, status, word) in callers {
                // From another network each, so that nobody has to wait for somebody else's wrong guesses.
                let request = send(path, authorization.as_deref(), "application/pkcs10", good.clone().into_bytes());
                let answer = self.counter.send(request).await;
                self.expect_plain(&format!("EST {path}: {name}"), &answer, status, word);
            }
        }
        let used_up = self.counter.send(send("simpleenroll", Some(&used), "application/pkcs10", good.clone().into_bytes())).await;
        self.expect_plain("EST: a notice that is used", &used_up, 409, "OQSC");
        self.est_bodies(&right, &send).await;
    }

    async fn est_bodies(&mut self, right: &str, send: &impl Fn(&str, Option<&str>, &str, Vec<u8>) -> Request<Body>) {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let sound = request_over(&key, &[], Some(CODE));
        let code = |der: &[u8]| BASE64.encode(der).into_bytes();
        let bodies: Vec<(&str, Vec<u8>, &str)> = vec![
            ("nothing", Vec::new(), "Base64"),
            ("DER itself", sound.clone(), "Base64"),
            ("PEM", pem::encode(&pem::Pem::new("CERTIFICATE REQUEST", sound.clone())).into_bytes(), "PEM"),
            ("no request", code(b"certificate"), "OQSC"),
            ("half of it", code(&sound[..sound.len() / 2]), "OQSC"),
            ("another facility", code(&request_over(&key, &[], Some(OTHER))), CODE),
            ("a host's name", code(&request_over(&key, &["www.example"], Some(CODE))), CODE),
            ("an address", code(&request_over(&key, &["10.0.0.1"], Some(CODE))), CODE),
        ];
        for path in ["simpleenroll", "serverkeygen"] {
            for (name, body, word) in bodies.clone() {
                let answer = self.counter.send(send(path, Some(right), "application/pkcs10", body)).await;
                self.expect_plain(&format!("EST {path}: {name}"), &answer, 400, word);
            }
            let answer = self.counter.send(send(path, Some(right), "application/json", code(&sound))).await;
            self.expect_plain(&format!("EST {path}: as JSON"), &answer, 415, "application/pkcs10");
            let answer = self.counter.send(send(path, Some(right), "application/pkcs10", vec![b'A'; 20 * 1024])).await;
            self.expect_plain(&format!("EST {path}: too large"), &answer, 413, "OQS");
        }
        let weak = [&PKCS_ECDSA_P384_SHA384, &PKCS_ED25519].map(|kind| request_over(&KeyPair::generate_for(kind).unwrap(), &[], None));
        for csr in weak {
            let answer = self.counter.send(send("simpleenroll", Some(right), "application/pkcs10", code(&csr))).await;
            self.expect_plain("EST: a key of another kind", &answer, 400, "OQSC");
        }
        let serial: std::sync::Arc<str> = {
            let (_, parsed) = x509_parser::parse_x509_certificate(&self.certificate).unwrap();
            chassis::tls::serial_text(parsed.raw_serial()).into()
        };
        let callers = [
            ("nobody", PeerCertificate::Absent, 403),
            ("a stranger", PeerCertificate::Foreign, 403),
            ("a certificate that is over", PeerCertificate::OutOfTime { serial: serial.clone() }, 403),
            ("a certificate that nobody knows", PeerCertificate::Trusted { serial: "77".into() }, 403),
            ("a certificate long before its time", PeerCertificate::Trusted { serial }, 409),
        ];
        for (name, certificate, status) in callers {
            let answer = self.counter.send_as(send("simplereenroll", None, "application/pkcs10", code(&sound)), LINE, certificate).await;
            self.expect_plain(&format!("EST renewal: {name}"), &answer, status, "OQS");
        }
        for (path, method) in [("cacerts", "POST"), ("simpleenroll", "GET"), ("simplereenroll", "PUT"), ("serverkeygen", "DELETE")] {
            let request = Request::builder().method(method).uri(format!("/.well-known/est/{path}")).body(Body::empty()).unwrap();
            let answer = self.counter.send(request).await;
            self.expect_plain(&format!("EST: {method} {path}"), &answer, 405, "OQS");
        }
        for path in ["/.well-known/est/nothing", "/.well-known/est/label/cacerts", "/.well-known/est/fullcmc"] {
            let answer = self.counter.get(path).await;
            self.expect_plain(path, &answer, 404, "OQS");
        }
    }

    /// Lines that are not admitted learn nothing, not even which paths there are.
    async fn strangers(&mut self) {
        let away = "2001:db8:ffff::1".parse().unwrap();
        for path in ["/acme/directory", "/acme/new-nonce", "/acme/new-account", "/acme/nothing", "/acme/renewal-info/x"] {
            let answer = self.counter.send_as(Request::get(path).body(Body::empty()).unwrap(), away, PeerCertificate::Absent).await;
            self.expect(&format!("from outside: {path}"), &answer, 403, "unauthorized");
        }
        for path in ["cacerts", "csrattrs", "simpleenroll", "nothing"] {
            let request = Request::get(format!("/.well-known/est/{path}")).body(Body::empty()).unwrap();
            let answer = self.counter.send_as(request, away, PeerCertificate::Absent).await;
            self.expect_plain(&format!("from outside: EST {path}"), &answer, 403, "OQSA1001E");
        }
    }
}

/// Requests with keys that our own library does not make.
fn openssl_requests(name: &str) -> Vec<(&'static str, Vec<u8>)> {
    let folder = tempfile::tempdir().unwrap();
    let make = |kind: &[&str]| {
        let mut command = std::process::Command::new("openssl");
        command.args(["req", "-new", "-nodes", "-subj", "/", "-outform", "DER", "-keyout", "key.pem", "-out", "request.der"]);
        command.args(["-addext", &format!("subjectAltName=DNS:{name}")]).args(kind).current_dir(folder.path());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::read(folder.path().join("request.der")).unwrap()
    };
    vec![
        ("RSA of 1024 bits", make(&["-newkey", "rsa:1024"])),
        ("RSA with exponent 3", make(&["-newkey", "rsa:2048", "-pkeyopt", "rsa_keygen_pubexp:3"])),
        ("RSA of 512 bits", make(&["-newkey", "rsa:512"])),
        ("an unusual curve", make(&["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"])),
        ("a curve written out", make(&["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit"])),
    ]
}

on_both!(
    /// Rows: RN-16
    two_hundred_bad_requests_are_refused_each_with_its_word_and_change_nothing,
    async |place| {
    let mut table = Table::lay(place).await;
    for path in ["/acme/new-order", "/acme/key-change"] {
        table.envelope(path).await;
    }
    let order = table.order.clone();
    table.envelope(&format!("{order}/finalize")).await;
    table.repeated().await;
    table.accounts().await;
    table.orders().await;
    table.requests().await;
    table.places().await;
    table.revocations().await;
    table.key_changes().await;
    table.est().await;
    table.strangers().await;
    assert!(table.refused.len() >= 200, "{} were refused", table.refused.len());
    let mut names = table.refused.clone();
    names.sort();
    names.dedup();
    assert!(names.len() >= 200, "{} of them are different", names.len());
    println!("{} bad requests were refused, {} of them different", table.refused.len(), names.len());
    // Nothing came of any of it, and the right request is still taken.
    let authority = &table.counter.town.authority;
    assert_eq!(authority.certificates().await.unwrap().len(), 1);
    let done = table.counter.finalize(&table.hand, &table.order, &request(&table.counter.name())).await;
    assert_eq!(done.json()["status"], "valid", "{}", done.text());
    assert_eq!(table.counter.register(&mut Hand::new(), &table.waiting).await.status, 201);
});
