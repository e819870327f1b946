//! A machine keeps its certificate: renewed by the old one, copied, put back, reached through a proxy, and never lost on the way.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use chassis::clock::Clock;
use clinic::center::CenterError;
use clinic::certificate::{self, BackupError, EnrolConfig, EnrolError, KeepError, KeyKind, Obstacle, Protection};
use clinic::config::Config;
use manuals::situation::Situation;
use rcgen::{CertificateSigningRequestParams, KeyPair, PublicKeyData};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use wire::enrolment::{IssuedCertificate, OwnCertificate, RenewalRequest};

use crate::small_center::SmallCenter;

fn refusal(situation: Situation) -> (u16, String) {
    let said = situation.get();
    (said.status, serde_json::json!({ "code": said.code, "message": said.desk, "vendorMessage": said.vendor }).to_string())
}

fn own() -> (u16, String) {
    let own = OwnCertificate {
        serial: "0a".to_owned(),
        facility_code: "1310099999".to_owned(),
        terminal_name: "受付".to_owned(),
        not_after: 4_000_000_000,
        superseded: false,
    };
    (200, serde_json::to_string(&own).unwrap())
}

/// What the authority issues for the last renewal that was asked for.
fn issued_for_last(small: &SmallCenter) -> (u16, String) {
    let asked: RenewalRequest = serde_json::from_slice(&small.calls().last().unwrap().body).unwrap();
    let request = CertificateSigningRequestParams::from_pem(&asked.csr).unwrap();
    let certificate = request.signed_by(&small.issuer).unwrap().pem();
    (200, serde_json::to_string(&IssuedCertificate { certificate, chain: String::new() }).unwrap())
}

fn beside(config: &Config, suffix: &str) -> [PathBuf; 2] {
    [&config.center.key, &config.center.certificate].map(|path| {
        let mut name = path.clone().into_os_string();
        name.push(suffix);
        name.into()
    })
}

/// Rows: RN-02, RN-03, RN-14, RN-04
#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_certificate_takes_its_place_when_it_has_worked_and_only_then_the_old_one_goes() {
    let folder = tempfile::tempdir().unwrap();
    let small = SmallCenter::new(folder.path()).await.enrolled();
    let config = &small.config;
    let before = std::fs::read(&config.center.certificate).unwrap();
    small.will_say([refusal(Situation::RenewalNotOpen)]);
    let early = certificate::renew_now(config, Clock::system()).await.unwrap_err();
    assert!(
        matches!(&early, KeepError::Obstacle(Obstacle::Center(CenterError::Refused(said))) if said.code == Situation::RenewalNotOpen.get().code),
        "{early}"
    );
    // Issued, but the new one is not let in: the old one stays in use, and the new one waits.
    let waits = beside(config, ".pending");
    small.will_say([issued_for_last(&small), refusal(Situation::UnknownTerminal)]);
    let standing = certificate::renew_now(config, Clock::system()).await.unwrap();
    assert!(standing.coming.is_some() && waits.iter().all(|path| path.exists()), "{standing:?}");
    assert_eq!(std::fs::read(&config.center.certificate).unwrap(), before);
    // Let in at last, hours later.
    small.will_say([own()]);
    let later = Clock::driven(Clock::system().now() + jiff::SignedDuration::from_hours(8));
    let standing = certificate::keep_once(config, later).await.unwrap();
    assert!(standing.coming.is_none() && !standing.leftover, "{standing:?}");
    assert_ne!(std::fs::read(&config.center.certificate).unwrap(), before);
    let key = KeyPair::from_pem(&std::fs::read_to_string(&config.center.key).unwrap()).unwrap();
    let pem = std::fs::read(&config.center.certificate).unwrap();
    let (_, pem) = x509_parser::pem::parse_x509_pem(&pem).unwrap();
    assert_eq!(pem.parse_x509().unwrap().public_key().raw, key.subject_public_key_info());
    assert!([".pending", ".old"].iter().all(|suffix| beside(config, suffix).iter().all(|path| !path.exists())));
    let paths: Vec<String> = small.calls().into_iter().map(|call| call.path).collect();
    assert_eq!(paths.iter().filter(|path| path.ends_with("/renewal")).count(), 2, "the key of the refused try was used again: {paths:?}");
    assert_eq!(paths.iter().filter(|path| path.ends_with("/own")).count(), 3, "tried before its place and in it: {paths:?}");
}

/// Rows: CA-22, RN-05, X-11
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_under_a_strong_password_or_four_digits_brings_the_certificate_back_on_another_machine() {
    let folder = tempfile::tempdir().unwrap();
    let small = SmallCenter::new(folder.path()).await.enrolled();
    let now = Clock::system().now();
    let serial = certificate::standing(&small.config, now).unwrap().leaf.held.serial;
    let copies = [("strong.pfx", Protection::Strong, "Kusuri-7-hako"), ("four.pfx", Protection::FourDigits, "0042")];
    for (name, protection, password) in copies {
        let copy = folder.path().join(name);
        let weak = certificate::backup(&small.config, &copy, &"12345".into(), protection).unwrap_err();
        assert!(matches!(weak, BackupError::Password(_)) && !copy.exists(), "{weak}");
        certificate::backup(&small.config, &copy, &password.into(), protection).unwrap();
        let again = certificate::backup(&small.config, &copy, &password.into(), protection).unwrap_err();
        assert!(matches!(again, BackupError::Exists(_)), "a copy is never written over: {again}");
        let other = tempfile::tempdir().unwrap();
        let mut config = small.config.clone();
        (config.center.key, config.center.certificate) = (other.path().join("k"), other.path().join("c"));
        assert!(matches!(certificate::restore(&config, &copy, &"0000".into(), false, now), Err(BackupError::Unopened(_))));
        let restored = certificate::restore(&config, &copy, &password.into(), false, now).unwrap();
        assert_eq!(certificate::standing(&config, now).unwrap().leaf.held.serial, serial);
        // Windows ends lines in its own way.
        let text = |path: &Path| std::fs::read_to_string(path).unwrap().replace("\r\n", "\n");
        assert_eq!(text(&restored.certificate), text(&small.config.center.certificate));
    }
}

/// Rows: CA-31
#[tokio::test(flavor = "multi_thread")]
async fn what_is_damaged_expired_or_deleted_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let small = SmallCenter::new(folder.path()).await.enrolled();
    let (copy, password) = (folder.path().join("copy.pfx"), "Kusuri-7-hako");
    certificate::backup(&small.config, &copy, &password.into(), Protection::Strong).unwrap();
    let whole = std::fs::read(&copy).unwrap();
    let now = Clock::system().now();
    let before = std::fs::read(&small.config.center.certificate).unwrap();
    for cut in [0, 1, 100, whole.len() - 1] {
        std::fs::write(&copy, &whole[..cut]).unwrap();
        let said = certificate::restore(&small.config, &copy, &password.into(), true, now).unwrap_err();
        assert!(matches!(said, BackupError::Unopened(_)), "{said}");
    }
    std::fs::write(&copy, &whole).unwrap();
    let late = "5000-01-01T00:00:00Z".parse().unwrap();
    let said = certificate::restore(&small.config, &copy, &password.into(), true, late).unwrap_err();
    assert!(matches!(said, BackupError::Expired(_)), "{said}");
    assert_eq!(std::fs::read(&small.config.center.certificate).unwrap(), before, "what worked is as it was");
    certificate::delete(&small.config).unwrap();
    assert!(matches!(certificate::standing(&small.config, now), Err(KeepError::None)));
    let said = clinic::center::Center::connect(&small.config).unwrap_err().to_string();
    assert!(said.contains(Situation::BridgeNotEnrolled.get().code), "{said}");
}

/// A proxy that asks for a name and password, and leads everything to one address. It notes what it was told.
async fn proxy(to: std::net::SocketAddr, told: Arc<Mutex<Vec<String>>>) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let told = told.clone();
            tokio::spawn(async move {
                let mut stream = BufReader::new(stream);
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") && stream.read_line(&mut head).await.unwrap() > 0 {}
                let right = head.to_lowercase().contains("proxy-authorization: basic y2xpbmljonn1z29p");
                told.lock().unwrap().push(head.lines().next().unwrap_or_default().to_owned());
                if !right {
                    let answer =
                        b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"a\"\r\nContent-Length: 0\r\n\r\n";
                    stream.write_all(answer).await.unwrap();
                    return;
                }
                stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
                let mut onward = TcpStream::connect(to).await.unwrap();
                let _ended = tokio::io::copy_bidirectional(&mut stream, &mut onward).await;
            });
        }
    });
    address
}

/// Rows: MP-05, X-12
#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_with_a_name_and_password_leads_to_the_authority_and_without_them_nothing_does() {
    let folder = tempfile::tempdir().unwrap();
    let small = SmallCenter::new(folder.path()).await;
    small.will_say([refusal(Situation::NoticeUnknown)]);
    let told = Arc::new(Mutex::new(Vec::new()));
    let to = *small.config.center.addresses.values().next().unwrap();
    let mut center = small.config.center.clone();
    center.addresses.clear();
    center.proxy = format!("http://{}", proxy(to, told.clone()).await);
    let ask = async |center: &clinic::config::CenterConfig| {
        let asked = EnrolConfig {
            center: center.clone(),
            request_id: "A000000001".to_owned(),
            reference_id: "ひみつ".into(),
            key_kind: KeyKind::P256,
            replace: false,
        };
        certificate::enrol(&asked).await.unwrap_err()
    };
    let turned_away = ask(&center).await;
    assert!(matches!(turned_away, EnrolError::Center(CenterError::Unreachable { .. })), "{turned_away}");
    center.proxy_user = "clinic".to_owned();
    center.proxy_password_file = folder.path().join("proxy");
    std::fs::write(&center.proxy_password_file, "sugoi\n").unwrap();
    let reached = ask(&center).await;
    assert!(
        matches!(&reached, EnrolError::Center(CenterError::Refused(said)) if said.code == Situation::NoticeUnknown.get().code),
        "{reached}"
    );
    let told = told.lock().unwrap();
    assert!(told.iter().all(|line| line.starts_with("CONNECT cert.obn.managedpki.ne.jp:443 ")), "{told:?}");
}
