//! The client of the Web API against a real HTTPS server: logging in once, renewing, and telling every failure apart.

use clinic::ask::{AskError, Card, ask};
use clinic::center::{Answers, Center, CenterError, ConnectError};
use jiff::civil::date;
use wire::check::{CheckRequest, CheckResult, Echo};
use wire::code::Validity;

use crate::site::{question, record};
use crate::small_center::SmallCenter;

fn asked() -> CheckRequest {
    wire::xml::read_check_request(&question()).unwrap()
}

fn token(value: &str) -> (u16, String) {
    let tokens = r#"{"accessToken":"a","refreshToken":"r","idToken":"TOKEN","linkSysCharCd":"0"}"#.replace("TOKEN", value);
    (200, format!(r#"{{"status":"OK","msg":"","result":{tokens}}}"#))
}

fn valid() -> (u16, String) {
    let result = CheckResult::answer(date(2026, 7, 15).at(9, 15, 2, 0), Echo::from(&asked()), Validity::Valid, vec![record()]);
    (200, String::from_utf8(wire::json::write_check_result(&result)).unwrap())
}

fn refusal(status: u16, code: &str) -> (u16, String) {
    let result = CheckResult::refusal(date(2026, 7, 15).at(9, 15, 2, 0), Echo::from(&asked()), code, "できません。");
    (status, String::from_utf8(wire::json::write_check_result(&result)).unwrap())
}

async fn center(folder: &tempfile::TempDir) -> (SmallCenter, Center) {
    let small = SmallCenter::new(folder.path()).await.enrolled();
    let center = Center::connect(&small.config).unwrap();
    (small, center)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_login_serves_many_questions_and_the_raw_token_goes_with_each() {
    let folder = tempfile::tempdir().unwrap();
    let (small, center) = center(&folder).await;
    small.will_say([token("t-1"), valid()]);
    center.login().await.unwrap();
    for _ in 0..2 {
        assert_eq!(center.check(&asked(), Some("00ff")).await.unwrap().result.body.records.len(), 1);
    }
    let calls = small.calls();
    let paths: Vec<_> = calls.iter().map(|call| call.path.as_str()).collect();
    let search = "/oqs-api-pro/MSA01030/ILI01030SV01/search";
    assert_eq!(paths, ["/oqs-api-pro/MSA12020/ILI12020SV01/auth", search, search]);
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&calls[0].body).unwrap()["password"], "ひみつ1234");
    assert_eq!((calls[1].token.as_deref(), calls[1].drop_id.as_deref()), (Some("t-1"), Some("00ff")));
    assert_eq!(wire::json::read_check_request(&calls[2].body).unwrap(), asked());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ran_out_is_renewed_once_and_a_second_refusal_stands() {
    let folder = tempfile::tempdir().unwrap();
    let (small, center) = center(&folder).await;
    small.will_say([token("old"), refusal(401, "OQSA1013E"), token("new"), valid()]);
    center.check(&asked(), None).await.unwrap();
    let tokens: Vec<_> = small.calls().iter().filter_map(|call| call.token.clone()).collect();
    assert_eq!(tokens, ["old", "new"]);
    small.will_say([refusal(401, "OQSA1013E"), token("newer"), refusal(401, "OQSA1013E")]);
    let Err(CenterError::Refused(refusal)) = center.check(&asked(), None).await else { panic!("not refused") };
    assert_eq!((refusal.status, refusal.code.as_str()), (401, "OQSA1013E"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_login_is_told_and_not_repeated_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (small, center) = center(&folder).await;
    small.will_say([(401, r#"{"status":"OQSA1010E","msg":"ログインできません。"}"#.to_owned())]);
    for _ in 0..3 {
        let Err(CenterError::Refused(refusal)) = center.check(&asked(), None).await else { panic!("not refused") };
        assert_eq!((refusal.code.as_str(), refusal.incident.as_deref()), ("OQSA1010E", Some("K7TQ-2MPA-9C")));
    }
    assert_eq!(small.calls().len(), 1, "the account must not be locked by our own haste");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_met_an_overloaded_center_is_tried_again_at_the_next_question() {
    let folder = tempfile::tempdir().unwrap();
    let (small, center) = center(&folder).await;
    small.will_say([(503, r#"{"status":"OQSE3003E","msg":"混み合っています。"}"#.to_owned()), token("t"), valid()]);
    let Err(CenterError::Refused(busy)) = center.check(&asked(), None).await else { panic!("not refused") };
    assert_eq!(busy.status, 503);
    center.check(&asked(), None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_failure_has_its_own_name() {
    let folder = tempfile::tempdir().unwrap();
    let (small, center) = center(&folder).await;
    small.will_say([token("t"), (200, "{\"XmlMsg\":{".to_owned())]);
    assert_eq!(center.check(&asked(), None).await.unwrap_err(), CenterError::Unreadable { status: 200, bytes: 11 });
    small.will_say([refusal(503, "OQSE3003E")]);
    let CenterError::Refused(busy) = center.check(&asked(), None).await.unwrap_err() else { panic!("not refused") };
    assert_eq!((busy.status, busy.code.as_str()), (503, "OQSE3003E"));
    small.will_say([(403, r#"{"code":"OQSA1001E","message":"回線","vendorMessage":"v"}"#.to_owned())]);
    let CenterError::Refused(line) = center.check(&asked(), None).await.unwrap_err() else { panic!("not refused") };
    assert_eq!((line.code.as_str(), line.shown().as_str()), ("OQSA1001E", "回線（受付番号 K7TQ-2MPA-9C）"));
    drop(small);
    assert!(matches!(Center::connect(&dead(&folder)).unwrap().check(&asked(), None).await, Err(CenterError::Unreachable { .. })));
}

/// The same machine before a port where nobody listens.
fn dead(folder: &tempfile::TempDir) -> clinic::config::Config {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let text = std::fs::read(folder.path().join("roots.pem")).unwrap();
    let der = x509(&text);
    let center = clinic::config::CenterConfig {
        roots: folder.path().join("roots.pem"),
        root_fingerprints: vec![clinic::roots::fingerprint(&der)],
        certificate: folder.path().join("keys").join("clinic.crt"),
        key: folder.path().join("keys").join("clinic.key"),
        account: "R000000001".to_owned(),
        password_file: folder.path().join("password"),
        addresses: [manuals::hosts::web_api_login().name, manuals::hosts::web_api_search().name].map(|h| (h.to_owned(), nobody)).into(),
        connect_timeout: jiff::SignedDuration::from_secs(5),
        login_pause: jiff::SignedDuration::ZERO,
        proxy: String::new(),
        proxy_user: String::new(),
        proxy_password_file: std::path::PathBuf::new(),
        clock: chassis::clock::Clock::system(),
    };
    let bridge = clinic::config::BridgeConfig::under(folder.path());
    clinic::config::Config {
        facility_code: "1310099999".to_owned(),
        center,
        bridge,
        keeper: Default::default(),
        mail: Default::default(),
        site: Default::default(),
    }
}

fn x509(pem: &[u8]) -> Vec<u8> {
    x509_parser::pem::Pem::iter_from_buffer(pem).next().unwrap().unwrap().contents
}

#[tokio::test(flavor = "multi_thread")]
async fn a_center_whose_root_is_not_pinned_is_never_spoken_to() {
    let folder = tempfile::tempdir().unwrap();
    let mut small = SmallCenter::new(folder.path()).await.enrolled();
    small.config.center.root_fingerprints = vec!["00".repeat(32)];
    let said = Center::connect(&small.config).unwrap_err();
    assert!(matches!(said, ConnectError::Roots(_)) && said.to_string().contains("指紋"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_without_certificate_is_told_so_with_the_missing_file() {
    let folder = tempfile::tempdir().unwrap();
    let small = SmallCenter::new(folder.path()).await;
    let said = Center::connect(&small.config).unwrap_err().to_string();
    assert!(said.contains("OQSX5006E") && said.contains("clinic.crt"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_typed_card_is_asked_and_its_answer_read_as_rows() {
    let folder = tempfile::tempdir().unwrap();
    let (small, center) = center(&folder).await;
    small.will_say([token("t"), valid()]);
    let card = Card { insurer: "06990014".into(), number: "5501".into(), birthdate: "1980-05-10".into(), ..Card::default() };
    let result = ask(&center, &card, "1310099999", date(2026, 7, 15)).await.unwrap();
    let rows = clinic::table::rows(&result);
    assert!(rows.contains(&("資格有効性", "有効".to_owned())) && rows.contains(&("氏名", "架空　花子".to_owned())), "{rows:?}");
    let sent = wire::json::read_check_request(&small.calls()[1].body).unwrap();
    assert_eq!((sent.confirmation_date.as_str(), sent.search.birthdate.as_str()), ("20260715", "19800510"));
    let wrong = Card { insurer: "06990015".into(), ..card };
    assert!(matches!(ask(&center, &wrong, "1310099999", date(2026, 7, 15)).await, Err(AskError::Mistake(_))));
    assert_eq!(small.calls().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_out_of_its_time_makes_the_clinic_look_at_its_clock() {
    for years in [1990..=2001, 3990..=4001] {
        let folder = tempfile::tempdir().unwrap();
        let small = SmallCenter::valid_in(folder.path(), years).await.enrolled();
        let center = Center::connect(&small.config).unwrap();
        let said = center.check(&asked(), None).await.unwrap_err().to_string();
        assert!(said.contains("時計") && said.contains("日付と時刻"), "{said}");
        assert!(small.calls().is_empty(), "nothing is sent to such a center");
    }
}
