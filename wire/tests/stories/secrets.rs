//! Nothing that identifies a patient or opens a door is ever printed.

use crate::people::{hanako, hanako_asked, now};
use secrecy::ExposeSecret;
use wire::check::{CheckResult, Echo};
use wire::code::Validity;
use wire::enrolment::{CsrRequest, PfxRequest, Refusal};
use wire::login::{LoginReply, LoginRequest};

#[test]
fn debug_of_a_message_shows_nobody() {
    let request = hanako_asked();
    let answer = CheckResult::answer(now(), Echo::from(&request), Validity::Valid, vec![hanako()]);
    let shown = format!("{request:?} {answer:?} {:?} {:?} {:?} {:?}", request.search, answer.body, hanako(), request.validate());
    for value in ["花子", "ﾊﾅｺ", "5501", "1980", "架空", "９９"] {
        assert!(!shown.contains(value), "{value} in {shown}");
    }
}

#[test]
fn debug_of_login_and_enrolment_shows_no_secret() {
    let login: LoginRequest = serde_json::from_str(r#"{"userId":"R01310099999","password":"hunter2"}"#).unwrap();
    let reply = r#"{"status":"OK","msg":"","result":{"accessToken":"tok1","refreshToken":"tok2","idToken":"tok3","linkSysCharCd":"0"}}"#;
    let reply: LoginReply = serde_json::from_str(reply).unwrap();
    let csr: CsrRequest = serde_json::from_str(r#"{"requestId":"r","referenceId":"sesame","csr":"PEM"}"#).unwrap();
    let pfx: PfxRequest = serde_json::from_str(r#"{"requestId":"r","referenceId":"sesame","password":"hunter2"}"#).unwrap();
    let shown = format!("{login:?} {reply:?} {csr:?} {pfx:?}");
    for secret in ["hunter2", "tok1", "tok2", "tok3", "sesame"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    assert!(!pfx.compatible);
    assert_eq!((login.password.expose_secret(), reply.result.unwrap().id_token.expose_secret()), ("hunter2", "tok3"));
}

#[test]
fn login_and_enrolment_are_written_as_they_are_read() {
    let text = r#"{"userId":"R01310099999","password":"hunter2"}"#;
    assert_eq!(serde_json::to_string(&serde_json::from_str::<LoginRequest>(text).unwrap()).unwrap(), text);
    for text in [
        r#"{"status":"OK","msg":"","result":{"accessToken":"a","refreshToken":"b","idToken":"c","linkSysCharCd":"1"}}"#,
        r#"{"status":"OQSA0010E","msg":"IDかパスワードが違います。"}"#,
    ] {
        assert_eq!(serde_json::to_string(&serde_json::from_str::<LoginReply>(text).unwrap()).unwrap(), text);
    }
    let text = r#"{"code":"OQSC0001E","message":"m","vendorMessage":"v","incident":"i"}"#;
    assert_eq!(serde_json::to_string(&serde_json::from_str::<Refusal>(text).unwrap()).unwrap(), text);
}
