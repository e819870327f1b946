//! A machine gets its certificate, however often it is interrupted, and never loses a working one.

use clinic::center::CenterError;
use clinic::certificate::{EnrolConfig, EnrolError, KeyKind, enrol};
use rcgen::{CertificateParams, CertificateSigningRequestParams, KeyPair, PublicKeyData};
use wire::enrolment::{CsrRequest, IssuedCertificate};

use crate::small_center::SmallCenter;

fn notice(small: &SmallCenter, key_kind: KeyKind, replace: bool) -> EnrolConfig {
    let center = small.config.center.clone();
    EnrolConfig { center, request_id: "A000000001".to_owned(), reference_id: "ひみつ".into(), key_kind, replace }
}

/// The certificate the authority would issue for the last request it got.
fn issued_for_last(small: &SmallCenter) -> String {
    let calls = small.calls();
    let asked: CsrRequest = serde_json::from_slice(&calls.last().unwrap().body).unwrap();
    assert_eq!((asked.request_id.as_str(), asked.reference_id.as_str()), ("A000000001", "ひみつ"));
    let request = CertificateSigningRequestParams::from_pem(&asked.csr).unwrap();
    let certificate = request.signed_by(&small.issuer).unwrap().pem();
    serde_json::to_string(&IssuedCertificate { certificate, chain: String::new() }).unwrap()
}

fn notice_unknown() -> (u16, String) {
    (404, r#"{"code":"OQSC4001E","message":"通知書の番号を確かめてください。","vendorMessage":"v"}"#.to_owned())
}

/// Enrols in two attempts: the first is refused, so that the key is known; the second gets a certificate for it.
async fn enrolled(small: &SmallCenter, notice: &EnrolConfig) -> clinic::certificate::Enrolled {
    small.will_say([notice_unknown()]);
    let refused = enrol(notice).await.unwrap_err();
    assert!(matches!(&refused, EnrolError::Center(CenterError::Refused(said)) if said.code == "OQSC4001E"), "{refused}");
    small.will_say([(200, issued_for_last(small))]);
    enrol(notice).await.unwrap()
}

fn public_key(path: &std::path::Path) -> Vec<u8> {
    KeyPair::from_pem(&std::fs::read_to_string(path).unwrap()).unwrap().subject_public_key_info()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_attempt_keeps_its_key_and_the_next_one_gets_the_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let small = SmallCenter::new(folder.path()).await;
    for kind in [KeyKind::P256, KeyKind::Rsa2048] {
        let got = enrolled(&small, &notice(&small, kind, true)).await;
        let pem = std::fs::read(&got.certificate).unwrap();
        let (_, pem) = x509_parser::pem::parse_x509_pem(&pem).unwrap();
        assert_eq!(clinic::roots::fingerprint(&pem.contents), got.fingerprint);
        assert_eq!(pem.parse_x509().unwrap().public_key().raw, public_key(&got.key));
        assert_eq!(std::fs::read_to_string(got.certificate.with_extension("crt.sha256")).unwrap().trim(), got.fingerprint);
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&got.key).unwrap().permissions()) & 0o777, 0o600);
    }
    let asked: Vec<CsrRequest> = small.calls().iter().map(|call| serde_json::from_slice(&call.body).unwrap()).collect();
    let keys: Vec<_> = asked
        .iter()
        .map(|asked| CertificateSigningRequestParams::from_pem(&asked.csr).unwrap().public_key.subject_public_key_info())
        .collect();
    assert!(keys[0] == keys[1] && keys[2] == keys[3] && keys[0] != keys[2]);
    assert!(small.calls().iter().all(|call| call.path == "/api/certificates"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_working_certificate_is_replaced_only_when_asked_and_only_by_a_whole_new_pair() {
    let folder = tempfile::tempdir().unwrap();
    let small = SmallCenter::new(folder.path()).await;
    let first = enrolled(&small, &notice(&small, KeyKind::P256, false)).await;
    let key = std::fs::read(&first.key).unwrap();
    let again = enrol(&notice(&small, KeyKind::P256, false)).await.unwrap_err();
    assert!(matches!(again, EnrolError::AlreadyEnrolled { .. }) && again.to_string().contains("置き換え"));
    small.will_say([notice_unknown()]);
    enrol(&notice(&small, KeyKind::P256, true)).await.unwrap_err();
    assert_eq!(std::fs::read(&first.key).unwrap(), key, "the old pair works until the new one is whole");
    let second = enrolled(&small, &notice(&small, KeyKind::P256, true)).await;
    assert_ne!(second.fingerprint, first.fingerprint);
    assert_ne!(std::fs::read(&first.key).unwrap(), key);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_stopped_before_the_last_renames_is_finished_without_asking() {
    let folder = tempfile::tempdir().unwrap();
    let small = SmallCenter::new(folder.path()).await;
    let notice = notice(&small, KeyKind::P256, false);
    let first = enrolled(&small, &notice).await;
    let calls = small.calls().len();
    for both in [true, false] {
        std::fs::rename(&first.certificate, first.certificate.with_extension("crt.pending")).unwrap();
        if both {
            std::fs::rename(&first.key, first.key.with_extension("key.pending")).unwrap();
        }
        assert_eq!(enrol(&notice).await.unwrap(), first);
    }
    assert_eq!(small.calls().len(), calls);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_for_another_key_is_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let small = SmallCenter::new(folder.path()).await;
    let stranger = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![]).unwrap().signed_by(&stranger, &small.issuer).unwrap().pem();
    small.will_say([(200, serde_json::to_string(&IssuedCertificate { certificate, chain: String::new() }).unwrap())]);
    let refused = enrol(&notice(&small, KeyKind::P256, false)).await.unwrap_err();
    assert!(matches!(refused, EnrolError::NotOurs), "{refused}");
    assert!(!small.config.center.certificate.exists());
}
