//! A client of ACME gets its terminal's certificate, renews it, and loses nothing when it or the center is stopped in the middle.

use authority::acme::CertificateId;
use axum::body::Body;
use chassis::on_both;
use chassis::tls::PeerCertificate;
use http::Request;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::counter::{Answer, Counter, Hand, LINE, encoded, jose, path_of, request, request_over};
use crate::town::{CODE, killed_after, now};

/// The leaf of a chain: its DER.
fn leaf(chain: &Answer) -> Vec<u8> {
    assert_eq!(chain.header("content-type"), "application/pem-certificate-chain");
    let blocks = pem::parse_many(&chain.body).unwrap();
    assert_eq!(blocks.len(), 2, "the terminal's certificate and the CA above it");
    blocks[0].contents().to_vec()
}

fn serial(der: &[u8]) -> String {
    chassis::tls::serial_text(x509_parser::parse_x509_certificate(der).unwrap().1.raw_serial())
}

/// The name under which a certificate's renewal is asked about.
fn id_of(der: &[u8]) -> String {
    let (_, parsed) = x509_parser::parse_x509_certificate(der).unwrap();
    let issuer_key = parsed.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        x509_parser::extensions::ParsedExtension::AuthorityKeyIdentifier(id) => id.key_identifier.as_ref().map(|id| id.0.to_vec()),
        _ => None,
    });
    CertificateId { issuer_key: issuer_key.unwrap(), serial: serial(der) }.written().unwrap()
}

async fn fetch(counter: &Counter, hand: &Hand, order: &Value) -> Vec<u8> {
    let chain = counter.post(hand, &path_of(order["certificate"].as_str().unwrap()), &Value::Null).await;
    assert_eq!(chain.status, 200, "{}", chain.text());
    leaf(&chain)
}

/// A registered hand, and the certificate that it ordered.
async fn first(counter: &Counter) -> (Hand, Vec<u8>) {
    let mut hand = Hand::new();
    assert_eq!(counter.register(&mut hand, &counter.town.notice().await).await.status, 201);
    let der = again(counter, &hand).await;
    (hand, der)
}

/// One more certificate from order to download.
async fn again(counter: &Counter, hand: &Hand) -> Vec<u8> {
    let order = counter.order(hand).await;
    let done = counter.finalize(hand, &order, &request(&counter.name())).await;
    assert_eq!(done.json()["status"], "valid", "{}", done.text());
    fetch(counter, hand, &done.json()).await
}

/// So many days before a certificate's last moment.
fn days_before_the_end(der: &[u8], days: i64) -> Timestamp {
    let end = x509_parser::parse_x509_certificate(der).unwrap().1.validity().not_after.timestamp();
    Timestamp::from_second(end).unwrap() - SignedDuration::from_hours(24 * days)
}

on_both!(a_notice_becomes_an_account_and_the_account_a_certificate_of_the_terminal, async |place| {
    let counter = Counter::begin(place).await;
    let notice = counter.town.notice().await;
    let mut hand = Hand::new();
    let account = counter.register(&mut hand, &notice).await;
    assert_eq!((account.status, &account.json()["status"]), (201, &json!("valid")));
    // The answer was lost: the same key finds the same account, without the notice.
    let found = counter.post(&Hand { kid: None, ..hand }, "/acme/new-account", &json!({ "onlyReturnExisting": true })).await;
    assert_eq!((found.status, found.header("location")), (200, account.header("location")));
});

on_both!(
    /// Rows: CA-25
    an_order_is_ready_at_once_and_its_certificate_carries_the_pseudo_name_and_the_manuals_subject,
    async |place| {
    let counter = Counter::begin(place).await;
    let mut hand = Hand::new();
    counter.register(&mut hand, &counter.town.notice().await).await;
    let ordered = counter.post(&hand, "/acme/new-order", &counter.wanted()).await;
    let order = ordered.json();
    assert_eq!((ordered.status, &order["status"]), (201, &json!("ready")));
    let authorization = counter.post(&hand, &path_of(order["authorizations"][0].as_str().unwrap()), &Value::Null).await.json();
    assert_eq!((&authorization["status"], &authorization["identifier"]["value"]), (&json!("valid"), &json!(counter.name())));
    // Ordered again, the same order waits.
    let path = path_of(&ordered.header("location"));
    assert_eq!(counter.order(&hand).await, path);
    let csr = request(&counter.name());
    let done = counter.finalize(&hand, &path, &csr).await;
    assert_eq!((done.status, &done.json()["status"]), (200, &json!("valid")), "{}", done.text());
    // The answer was lost: the same request brings the same certificate, another one none.
    assert_eq!(counter.finalize(&hand, &path, &csr).await.json(), done.json());
    assert_eq!(counter.finalize(&hand, &path, &request(&counter.name())).await.problem(), "orderNotReady");
    let der = fetch(&counter, &hand, &done.json()).await;
    let (_, parsed) = x509_parser::parse_x509_certificate(&der).unwrap();
    assert_eq!(parsed.subject().to_string(), format!("C=JP, O=ReceiptOnline, OU=hokkaido, OU=medical, CN={CODE}"));
    let names = parsed.subject_alternative_name().unwrap().unwrap().value;
    assert_eq!(names.general_names, [x509_parser::extensions::GeneralName::DNSName(&counter.name())]);
    assert_eq!(counter.town.registry.terminals(Some(CODE)).await.unwrap()[0].serial, serial(&der));
    let listed = counter.post(&hand, &format!("{}/orders", path_of(hand.kid.as_ref().unwrap())), &Value::Null).await.json();
    assert_eq!(listed["orders"].as_array().unwrap().len(), 1);
});

on_both!(a_certificate_is_renewed_in_its_time_named_or_not_and_never_twice, async |place| {
    let counter = Counter::begin(place).await;
    let (hand, der) = first(&counter).await;
    let early = counter.post(&hand, "/acme/new-order", &counter.wanted()).await;
    assert_eq!((early.status, early.problem().as_str()), (429, "rateLimited"));
    assert!(early.header("retry-after").parse::<i64>().unwrap() > 1000 * 24 * 3600, "{early:?}");
    counter.clock.set(days_before_the_end(&der, 29));
    let mut wanted = counter.wanted();
    wanted["replaces"] = json!(id_of(&der));
    let ordered = counter.post(&hand, "/acme/new-order", &wanted).await;
    assert_eq!((ordered.status, &ordered.json()["replaces"]), (201, &wanted["replaces"]), "{}", ordered.text());
    let done = counter.finalize(&hand, &path_of(&ordered.header("location")), &request(&counter.name())).await;
    let second = fetch(&counter, &hand, &done.json()).await;
    assert_ne!(serial(&second), serial(&der));
    let twice = counter.post(&hand, "/acme/new-order", &wanted).await;
    assert_eq!((twice.status, twice.problem().as_str()), (409, "alreadyReplaced"));
    // A client that knows no replacing gets the next one too.
    counter.clock.set(days_before_the_end(&second, 29));
    let third = again(&counter, &hand).await;
    assert_eq!(counter.town.authority.certificates().await.unwrap().len(), 3);
    assert!(days_before_the_end(&third, 0) > days_before_the_end(&second, 0));
});

on_both!(the_window_of_renewal_is_told_to_anybody_and_moves_into_the_past_when_a_certificate_is_to_be_replaced, async |place| {
    let counter = Counter::begin(place).await;
    let (_, der) = first(&counter).await;
    let path = format!("/acme/renewal-info/{}", id_of(&der));
    let told = counter.get(&path).await;
    assert_eq!((told.status, told.header("retry-after").as_str()), (200, "21600"));
    let at = |answer: &Answer, end: &str| answer.json()["suggestedWindow"][end].as_str().unwrap().parse::<Timestamp>().unwrap();
    assert!(at(&told, "start") >= days_before_the_end(&der, 60) && at(&told, "end") <= days_before_the_end(&der, 30));
    assert!(at(&told, "start") < at(&told, "end"));
    counter.town.authority.ask_replacement(&[serial(&der)], now()).await.unwrap();
    assert!(at(&counter.get(&path).await, "end") < now());
    // Whoever shows the certificate itself gives a sign of life with it.
    assert_eq!(counter.town.authority.certificates().await.unwrap()[0].keeper_seen_at, None);
    let shown = PeerCertificate::Trusted { serial: serial(&der).into() };
    counter.send_as(Request::get(&path).body(Body::empty()).unwrap(), LINE, shown).await;
    assert_eq!(counter.town.authority.certificates().await.unwrap()[0].keeper_seen_at, Some(now()));
});

on_both!(a_client_stopped_before_it_fetched_its_certificate_orders_another_over_a_new_key, async |place| {
    let counter = Counter::begin(place).await;
    let mut hand = Hand::new();
    counter.register(&mut hand, &counter.town.notice().await).await;
    let order = counter.order(&hand).await;
    let done = counter.finalize(&hand, &order, &request(&counter.name())).await;
    assert_eq!(done.json()["status"], "valid");
    // It is killed here; its key was in memory only. Started again, it knows its account and nothing else.
    let der = again(&counter, &hand).await;
    let made = counter.town.authority.certificates().await.unwrap();
    let first = made.iter().find(|made| made.serial != serial(&der)).unwrap();
    assert_eq!((made.len(), first.superseded_by.clone()), (2, Some(serial(&der))));
    // What was fetched is not made anew.
    assert_eq!(counter.post(&hand, "/acme/new-order", &counter.wanted()).await.problem(), "rateLimited");
});

on_both!(an_account_is_changed_given_another_key_and_ended, async |place| {
    let counter = Counter::begin(place).await;
    let (mut hand, _) = first(&counter).await;
    let account = path_of(hand.kid.as_ref().unwrap());
    let changed = counter.post(&hand, &account, &json!({ "contact": ["mailto:new@clinic.example"] })).await;
    assert_eq!(changed.json()["contact"], json!(["mailto:new@clinic.example"]));
    let new = Hand::new();
    let inner = json!({ "alg": "ES256", "jwk": new.jwk, "url": format!("{}/acme/key-change", crate::counter::origin()) });
    let inner = new.sign(&inner, &json!({ "account": hand.kid, "oldKey": hand.jwk }).to_string());
    let moved = counter.post(&hand, "/acme/key-change", &serde_json::from_str(&inner).unwrap()).await;
    assert_eq!(moved.status, 200, "{}", moved.text());
    assert_eq!(counter.post(&hand, &account, &Value::Null).await.problem(), "malformed", "the old key signs no more");
    hand = Hand { kid: hand.kid, ..new };
    assert_eq!(counter.post(&hand, &account, &Value::Null).await.status, 200);
    assert_eq!(counter.post(&hand, &account, &json!({ "status": "deactivated" })).await.json()["status"], "deactivated");
    let after = counter.post(&hand, &account, &Value::Null).await;
    assert_eq!((after.status, after.problem().as_str()), (401, "unauthorized"));
});

on_both!(a_certificate_is_revoked_by_its_account_or_by_its_own_key_and_its_terminal_is_out, async |place| {
    let counter = Counter::begin(place).await;
    let (hand, der) = first(&counter).await;
    let revoked = counter.post(&hand, "/acme/revoke-cert", &json!({ "certificate": encoded(&der), "reason": 1 })).await;
    assert_eq!(revoked.status, 200, "{}", revoked.text());
    assert!(counter.town.registry.terminals(Some(CODE)).await.unwrap()[0].blocked);
    let twice = counter.post(&hand, "/acme/revoke-cert", &json!({ "certificate": encoded(&der) })).await;
    assert_eq!(twice.problem(), "alreadyRevoked");
    assert_eq!(counter.post(&hand, "/acme/new-order", &counter.wanted()).await.problem(), "unauthorized");

    let mut second = Hand::new();
    counter.register(&mut second, &counter.town.notice().await).await;
    let own = Hand::new();
    let pair = rcgen::KeyPair::try_from(own.key().as_slice()).unwrap();
    let order = counter.order(&second).await;
    let done = counter.finalize(&second, &order, &request_over(&pair, &[&counter.name()], None)).await;
    let der = fetch(&counter, &second, &done.json()).await;
    let revoked = counter.post(&own, "/acme/revoke-cert", &json!({ "certificate": encoded(&der) })).await;
    assert_eq!(revoked.status, 200, "{}", revoked.text());
});

on_both!(a_number_of_one_copy_is_good_at_another_once_and_at_none_a_second_time, async |place| {
    let here = Counter::begin(place).await;
    let there = here.another(place).await;
    let mut hand = Hand::new();
    here.register(&mut hand, &here.town.notice().await).await;
    let path = path_of(hand.kid.as_ref().unwrap());
    let body = hand.sign(&hand.header(&path, &here.nonce().await), "");
    assert_eq!(there.send(jose(&path, body.clone())).await.status, 200);
    for copy in [&here, &there] {
        assert_eq!(copy.send(jose(&path, body.clone())).await.problem(), "badNonce");
    }
});

on_both!(an_order_survives_a_kill_of_the_center_at_any_point_whatever_its_client_does_then, async |place| {
    let mut counter = Counter::begin(place).await;
    for waits in 1..=80 {
        let mut hand = Hand::new();
        counter.register(&mut hand, &counter.town.notice().await).await;
        let path = counter.order(&hand).await;
        let csr = request(&counter.name());
        let finished = killed_after(waits, counter.finalize(&hand, &path, &csr)).await.is_some();
        counter = counter.another(place).await;
        let der = if waits % 2 == 0 {
            // The client was lost with it and begins again, with a key of its own making.
            again(&counter, &hand).await
        } else {
            let mut seen = counter.post(&hand, &path, &Value::Null).await.json();
            if seen["status"] == "ready" {
                seen = counter.finalize(&hand, &path, &csr).await.json();
            }
            assert_eq!(seen["status"], "valid", "after {waits} steps: {seen}");
            fetch(&counter, &hand, &seen).await
        };
        let made = counter.town.authority.certificates().await.unwrap();
        assert!(made.iter().any(|made| made.der == der));
        assert_eq!(counter.town.is_let_in(&serial(&der)).await, Some(true));
        assert!(made.len() <= 2 * waits, "one more at most for a client that was lost");
        if finished {
            return;
        }
    }
    panic!("never finished");
});
