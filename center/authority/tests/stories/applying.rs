//! A facility applies for certificates, an operator decides, and each terminal gets a notice of its own.

use authority::{Application, ApplicationState, Decision};
use chassis::on_both;
use secrecy::ExposeSecret;

use crate::town::{CODE, Town, csr, day, now};

fn application(form_id: &str) -> Application {
    Application {
        facility_code: CODE.into(),
        terminals: vec!["受付".into(), "診察室".into()],
        contact: "架空 花子".into(),
        mail: "hanako@example.jp".into(),
        form_id: form_id.into(),
    }
}

on_both!(
    /// Rows: CA-06, CA-30
    an_application_is_received_approved_and_becomes_a_notice_for_each_terminal,
    async |place| {
        let town = Town::begin(place).await;
        let number = town.authority.apply(&application("one"), now()).await.unwrap().unwrap();
        assert_eq!(town.authority.apply(&application("one"), now()).await.unwrap().unwrap(), number, "two clicks are one application");
        let row = &town.authority.applications().await.unwrap()[0];
        assert_eq!((row.number.as_str(), row.state), (number.as_str(), ApplicationState::Waiting));
        assert_eq!(town.authority.summary(now()).await.unwrap().applications, 1);
        let notices = town.authority.decide_application(&number, &Decision::Approve, now()).await.unwrap();
        let names: Vec<_> = notices.iter().map(|notice| notice.terminal_name.as_str()).collect();
        assert_eq!(names, ["受付", "診察室"]);
        // The answer to the operator was lost: the same notices come again, and no new ones.
        let again = town.authority.decide_application(&number, &Decision::Approve, now()).await.unwrap();
        for (one, other) in notices.iter().zip(&again) {
            assert_eq!(one.request_id, other.request_id);
            assert_eq!(one.reference_id.expose_secret(), other.reference_id.expose_secret());
            assert_eq!(one.binding.mac_key.expose_secret(), other.binding.mac_key.expose_secret());
        }
        let (_, request) = csr(&rcgen::PKCS_ECDSA_P256_SHA256);
        let first = &notices[0];
        town.authority.issue_by_csr(&first.request_id, &first.reference_id, &request, now()).await.unwrap().unwrap();
        let left = town.authority.decide_application(&number, &Decision::Approve, now()).await.unwrap();
        assert_eq!((left.len(), left[0].terminal_name.as_str()), (1, "診察室"), "a secret that was used is kept no longer");
        let mails = town.mails().await;
        assert_eq!(mails.len(), 2);
        assert!(mails.iter().all(|(to, subject)| to == "hanako@example.jp" && subject.contains(&number)), "{mails:?}");
    }
);

on_both!(an_application_is_refused_with_its_reason_or_lapses_when_nobody_decides, async |place| {
    let town = Town::begin(place).await;
    let refused = town.authority.apply(&application("one"), now()).await.unwrap().unwrap();
    let decision = Decision::Refuse { reason: "端末の名称が分かりません。".into() };
    assert!(town.authority.decide_application(&refused, &decision, now()).await.unwrap().is_empty());
    assert!(town.authority.decide_application(&refused, &Decision::Approve, now()).await.is_err(), "decided is decided");
    assert!(town.authority.decide_application("A20260715-000000", &Decision::Approve, now()).await.is_err());
    let forgotten = town.authority.apply(&application("two"), now()).await.unwrap().unwrap();
    town.authority.chores(day(59)).await.unwrap();
    let state = async |number: &str| {
        let rows = town.authority.applications().await.unwrap();
        rows.into_iter().find(|row| row.number == number).unwrap().state
    };
    assert_eq!(state(&forgotten).await, ApplicationState::Waiting);
    town.authority.chores(day(61)).await.unwrap();
    assert_eq!((state(&refused).await, state(&forgotten).await), (ApplicationState::Refused, ApplicationState::Lapsed));
    assert_eq!(town.mails().await.len(), 4);
    let mistakes = town.authority.apply(&Application { mail: "花子".into(), ..application("three") }, now()).await.unwrap().unwrap_err();
    assert_eq!(mistakes.iter().map(|mistake| mistake.field).collect::<Vec<_>>(), ["mail"]);
});
