//! A terminal fetches its certificate with the two numbers of its notice: once, for one key, and never for somebody else.

use chassis::on_both;
use jiff::SignedDuration;
use manuals::situation::Situation;
use rcgen::{PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384};
use secrecy::ExposeSecret;

use crate::town::{CODE, Town, csr, now};

on_both!(
    /// Rows: CA-02, CA-04, CA-05, CA-25, CA-30
    a_notice_becomes_a_certificate_of_the_layout_and_a_registered_terminal,
    async |place| {
        let town = Town::begin(place).await;
        let notice = town.notice().await;
        assert_eq!(notice.issuer, "Online Billing NW Common Root CA - 01");
        assert!(manuals::certificate::is_request_id(&notice.request_id) && notice.request_id.starts_with("20260715"));
        assert!(manuals::certificate::is_reference_id(notice.reference_id.expose_secret()));
        let (_, request) = csr(&PKCS_ECDSA_P256_SHA256);
        let issued = town.authority.issue_by_csr(&notice.request_id, &notice.reference_id, &request, now()).await.unwrap().unwrap();
        let block = pem::parse(&issued.certificate).unwrap();
        let (_, parsed) = x509_parser::parse_x509_certificate(block.contents()).unwrap();
        assert_eq!(parsed.subject().to_string(), format!("C=JP, O=ReceiptOnline, OU=hokkaido, OU=medical, CN={CODE}"));
        assert!(parsed.issuer().to_string().ends_with("CN=Online Billing NW Common Root CA - 01"));
        assert!(parsed.issuer().to_string().contains("試験用"));
        let terminals = town.registry.terminals(Some(CODE)).await.unwrap();
        assert_eq!((terminals.len(), terminals[0].serial.as_str()), (1, issued.serial.as_str()));
        assert_eq!(terminals[0].name, "受付端末");
    }
);

on_both!(an_answer_lost_on_the_way_is_asked_for_again_by_the_same_key_only, async |place| {
    let town = Town::begin(place).await;
    let notice = town.notice().await;
    let (_, request) = csr(&PKCS_ECDSA_P256_SHA256);
    let ask = async |request: &str| town.authority.issue_by_csr(&notice.request_id, &notice.reference_id, request, now()).await.unwrap();
    let first = ask(&request).await.unwrap();
    assert_eq!(ask(&request).await.unwrap().certificate, first.certificate);
    let (_, other) = csr(&PKCS_ECDSA_P256_SHA256);
    assert_eq!(ask(&other).await.unwrap_err(), Situation::NoticeUsed);
    assert_eq!(town.registry.terminals(None).await.unwrap().len(), 1);
    let second = town.notice().await;
    let again = town.authority.issue_by_csr(&second.request_id, &second.reference_id, &request, now()).await.unwrap();
    assert_eq!(again.unwrap_err(), Situation::KeyAlreadyUsed);
});

on_both!(two_terminals_that_race_with_one_notice_get_one_certificate, async |place| {
    let town = Town::begin(place).await;
    let notice = town.notice().await;
    let requests: Vec<String> = (0..8).map(|_| csr(&PKCS_ECDSA_P256_SHA256).1).collect();
    let asked = requests.iter().map(|request| town.authority.issue_by_csr(&notice.request_id, &notice.reference_id, request, now()));
    let answers = futures_util::future::join_all(asked).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().map(Result::unwrap).partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 7));
    assert!(lost.into_iter().all(|answer| answer.unwrap_err() == Situation::NoticeUsed));
    assert_eq!(town.authority.certificates().await.unwrap().len(), 1);
});

on_both!(
    /// Rows: CA-03
    bad_requests_are_refused_with_their_reason_and_the_notice_stays_good,
    async |place| {
        let town = Town::begin(place).await;
        let notice = town.notice().await;
        let (_, right) = csr(&PKCS_ECDSA_P256_SHA256);
        let ask = async |id: &str, reference: &str, request: &str, at| {
            town.authority.issue_by_csr(id, &reference.into(), request, at).await.unwrap().map(|_| ())
        };
        let (id, reference) = (notice.request_id.as_str(), notice.reference_id.expose_secret());
        assert_eq!(ask(id, reference, "no request", now()).await, Err(Situation::BadCsr));
        assert_eq!(ask(id, reference, &right.replace("MI", "MJ"), now()).await, Err(Situation::BadCsr));
        assert_eq!(ask(id, reference, &csr(&PKCS_ECDSA_P384_SHA384).1, now()).await, Err(Situation::WeakKey));
        assert_eq!(ask("202607150000000", reference, &right, now()).await, Err(Situation::NoticeUnknown));
        let late = now() + SignedDuration::from_hours(24 * 181);
        assert_eq!(ask(id, reference, &right, late).await, Err(Situation::NoticeExpired));
        for _ in 0..3 {
            assert_eq!(ask(id, "XXXXXXXXXX", &right, now()).await, Err(Situation::NoticeUnknown));
        }
        assert_eq!(ask(id, reference, &right, now()).await, Err(Situation::AccountLocked));
        let rested = now() + SignedDuration::from_mins(16);
        assert_eq!(ask(id, reference, &right, rested).await, Ok(()));
    }
);
