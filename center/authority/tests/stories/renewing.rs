//! A terminal renews: on the web with a key of the authority's, interrupted and gone on with, or with a key of its own.

use authority::{Profile, State};
use chassis::on_both;
use chassis::pfx::Strength;
use manuals::situation::Situation;
use rcgen::PKCS_ECDSA_P256_SHA256;

use crate::town::{CODE, Town, csr_der, day, now};

const SOON: i64 = 1186 - 40;

on_both!(
    /// Rows: RN-07, RN-08, RN-09, RN-10
    a_renewal_on_the_web_goes_from_key_to_request_to_certificate_and_its_file_is_fetched,
    async |place| {
        let town = Town::begin(place).await;
        let old = town.terminal().await;
        let early = town.holder(&old.serial, day(10)).await;
        assert_eq!(town.authority.begin_renewal(&early, day(10)).await.unwrap().unwrap_err(), Situation::RenewalNotOpen);
        let holder = town.holder(&old.serial, day(SOON)).await;
        let accepted = town.authority.begin_renewal(&holder, day(SOON)).await.unwrap().unwrap();
        assert_eq!(accepted.subject.common_name, CODE);
        assert_eq!(accepted.order.renews.as_deref(), Some(old.serial.as_str()));
        let id = &accepted.order.request_id;
        assert!(manuals::certificate::is_request_id(id), "{id}");
        let mut walked = vec![accepted.order.state.status().unwrap()];
        for _ in 0..2 {
            walked.push(town.authority.advance(id, day(SOON)).await.unwrap().status().unwrap());
        }
        assert_eq!(walked, manuals::certificate::sheet().renewal.statuses);
        let file = town.authority.download_key(&holder, id, &"4071".into(), Strength::Modern, day(SOON)).await.unwrap().unwrap();
        assert!(file.len() > 2000);
        let superseded = town.holder(&old.serial, day(SOON)).await;
        assert!(superseded.superseded, "the older one still opens doors, but is never renewed again");
        let certificates = town.authority.certificates().await.unwrap();
        assert_eq!(certificates.len(), 2);
        assert_eq!(certificates[0].superseded_by.as_deref(), Some(certificates[1].serial.as_str()));
        assert_eq!(certificates[1].not_after, day(SOON + 1186));
        assert_eq!(town.is_let_in(&certificates[1].serial).await, Some(true));
    }
);

on_both!(
    /// Rows: RN-11
    an_interrupted_renewal_is_gone_on_with_and_its_key_is_fetched_again_until_the_window_ends,
    async |place| {
        let town = Town::begin(place).await;
        let old = town.terminal().await;
        let holder = town.holder(&old.serial, day(SOON)).await;
        assert_eq!(town.authority.renewals_of(&holder, day(SOON)).await.unwrap(), vec![], "not in the list: start again");
        let begun = town.authority.begin_renewal(&holder, day(SOON)).await.unwrap().unwrap();
        // The browser was closed. Asked again, the same order goes on, with the same two numbers.
        let again = town.authority.begin_renewal(&holder, day(SOON)).await.unwrap().unwrap();
        assert_eq!(again.order.request_id, begun.order.request_id);
        use secrecy::ExposeSecret;
        assert_eq!(again.reference_id.expose_secret(), begun.reference_id.expose_secret());
        // Nobody comes, and the chores finish it.
        for _ in 0..2 {
            town.authority.chores(day(SOON)).await.unwrap();
        }
        let listed = town.authority.renewals_of(&holder, day(SOON + 1)).await.unwrap();
        assert_eq!((listed.len(), listed[0].state), (1, State::Issued));
        let fetch = async |holder: &authority::Holder, at| {
            town.authority.download_key(holder, &begun.order.request_id, &"4071".into(), Strength::Modern, at).await.unwrap()
        };
        let certificate = |file: &[u8]| file.len();
        let first = fetch(&holder, day(SOON + 1)).await.unwrap();
        let second = fetch(&holder, day(SOON + 2)).await.unwrap();
        assert_eq!(certificate(&first), certificate(&second));
        let newer = town.holder(listed[0].serial.as_deref().unwrap(), day(SOON + 2)).await;
        assert!(fetch(&newer, day(SOON + 2)).await.is_ok(), "the new certificate opens its own key again");
        let stranger = town.terminal().await;
        let stranger = town.holder(&stranger.serial, day(SOON)).await;
        assert_eq!(fetch(&stranger, day(SOON + 2)).await.unwrap_err(), Situation::RenewalUnknown);
        let late = day(SOON + 181);
        town.authority.chores(late).await.unwrap();
        assert_eq!(fetch(&newer, late).await.unwrap_err(), Situation::NoticeExpired);
        assert_eq!(town.authority.renewals_of(&newer, late).await.unwrap(), vec![]);
        let kept = town.db().query("SELECT request_id FROM notice WHERE held_key IS NOT NULL", &[]).await.unwrap();
        assert!(kept.is_empty(), "a key whose window is over is destroyed");
    }
);

on_both!(a_renewal_with_the_terminals_own_key_gives_the_same_certificate_for_the_same_key_and_none_for_another, async |place| {
    let town = Town::begin(place).await;
    let old = town.terminal().await;
    let holder = town.holder(&old.serial, day(SOON)).await;
    let request = csr_der();
    let renew = async |request: &[u8]| town.authority.renew_by_csr(&holder, request, &Profile::Terminal, day(SOON)).await.unwrap();
    let first = renew(&request).await.unwrap();
    assert_eq!(renew(&request).await.unwrap().serial, first.serial);
    assert_eq!(renew(&csr_der()).await.unwrap_err(), Situation::CertificateSuperseded);
    let newer = town.holder(&first.serial, day(SOON)).await;
    let again = town.authority.renew_by_csr(&newer, &request, &Profile::Terminal, day(SOON + 1186 - 10)).await.unwrap();
    assert_eq!(again.unwrap_err(), Situation::KeyAlreadyUsed, "each renewal wants a new key");
    assert_eq!(town.authority.begin_renewal(&holder, day(SOON)).await.unwrap().unwrap_err(), Situation::CertificateSuperseded);
});

on_both!(a_renewal_begun_on_the_web_is_finished_by_the_terminals_own_key_and_eight_at_once_get_one_certificate, async |place| {
    let town = Town::begin(place).await;
    let old = town.terminal().await;
    let holder = town.holder(&old.serial, day(SOON)).await;
    let begun = town.authority.begin_renewal(&holder, day(SOON)).await.unwrap().unwrap();
    let requests: Vec<_> = (0..8).map(|_| csr_der()).collect();
    let asked = requests.iter().map(|request| town.authority.renew_by_csr(&holder, request, &Profile::Terminal, day(SOON)));
    let answers = futures_util::future::join_all(asked).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().map(Result::unwrap).partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 7));
    assert!(lost.into_iter().all(|answer| answer.unwrap_err() == Situation::CertificateSuperseded));
    let certificates = town.authority.certificates().await.unwrap();
    assert_eq!((certificates.len(), certificates[1].request_id.as_str()), (2, begun.order.request_id.as_str()));
});

on_both!(renewal_windows_move_into_the_past_for_what_is_revoked_or_to_be_replaced, async |place| {
    let town = Town::begin(place).await;
    let old = town.terminal().await;
    let usual = town.authority.renewal_window(&old.serial, now()).await.unwrap().unwrap();
    assert!(usual.start >= day(1186 - 60) && usual.end <= day(1186 - 30), "{usual:?}");
    assert_eq!(town.authority.ask_replacement(&[old.serial.to_uppercase(), "ff".into()], now()).await.unwrap(), 1);
    let asked = town.authority.renewal_window(&old.serial, now()).await.unwrap().unwrap();
    assert!(asked.end < now(), "{asked:?}");
    let holder = town.holder(&old.serial, now()).await;
    let (key, _) = crate::town::csr(&PKCS_ECDSA_P256_SHA256);
    let wished = rcgen::CertificateParams::new(vec!["www.example.jp".into()]).unwrap().serialize_request(&key).unwrap();
    let profile = Profile::TerminalAcme { dns: "uketsuke.0110119153.terminals.obn.managedpki.ne.jp".into() };
    let renewed = town.authority.renew_by_csr(&holder, wished.der(), &profile, now()).await.unwrap().unwrap();
    let (_, parsed) = x509_parser::parse_x509_certificate(&renewed.der).unwrap();
    let names = format!("{:?}", parsed.subject_alternative_name().unwrap().unwrap().value.general_names);
    assert_eq!(names, r#"[DNSName("uketsuke.0110119153.terminals.obn.managedpki.ne.jp")]"#, "the profile's name, not the request's");
    assert_eq!(town.authority.renewal_window("ff", now()).await.unwrap(), None);
    let summary = town.authority.summary(now()).await.unwrap();
    assert_eq!((summary.valid, summary.superseded, summary.silent.len()), (1, 1, 0));
    town.authority.note_keeper(&renewed.serial, now()).await.unwrap();
    let later = town.authority.summary(day(30)).await.unwrap();
    assert_eq!(later.silent.len(), 1);
    assert_eq!(later.by_days_left.iter().map(|column| column.count).sum::<usize>(), 1);
});

on_both!(a_renewal_whose_older_certificate_is_revoked_on_the_way_ends_without_a_certificate, async |place| {
    let town = Town::begin(place).await;
    let old = town.terminal().await;
    let holder = town.holder(&old.serial, day(SOON)).await;
    let begun = town.authority.begin_renewal(&holder, day(SOON)).await.unwrap().unwrap();
    assert_eq!(town.authority.advance(&begun.order.request_id, day(SOON)).await.unwrap(), State::Requested);
    town.authority.revoke(&old.serial, authority::Reason::KeyCompromise, day(SOON)).await.unwrap();
    town.authority.chores(day(SOON)).await.unwrap();
    assert_eq!(town.authority.advance(&begun.order.request_id, day(SOON)).await.unwrap(), State::Lapsed);
    assert_eq!(town.authority.certificates().await.unwrap().len(), 1);
    // A renewal that nobody fetched in time, over a certificate that still lives, may be begun anew.
    let other = town.terminal().await;
    let holder = town.holder(&other.serial, day(SOON)).await;
    town.authority.ask_replacement(&[other.serial], now()).await.unwrap();
    let first = town.authority.begin_renewal(&holder, day(1)).await.unwrap().unwrap();
    town.authority.chores(day(1 + 181)).await.unwrap();
    assert_eq!(town.authority.advance(&first.order.request_id, day(182)).await.unwrap(), State::Lapsed);
    let second = town.authority.begin_renewal(&holder, day(182)).await.unwrap().unwrap();
    assert_ne!(first.order.request_id, second.order.request_id);
});

/// A day has seven digits of numbers. With many of them taken, one in twenty that are drawn is another order's.
#[tokio::test]
async fn a_renewal_whose_number_is_taken_draws_another() {
    let place = chassis::testing::Place::sqlite();
    let town = Town::begin(&place).await;
    let at = day(SOON);
    let date = chassis::clock::japan_date(at).strftime("%Y%m%d").to_string();
    let taken = "WITH RECURSIVE number(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n < 499999)
INSERT INTO notice (request_id, reference_hash, facility_code, terminal_name, state, noticed_at, retrieve_until, valid_until, failures, failed_at)
SELECT $1 || substr('0000000' || (n * 20), -7), '', '', '', 'lapsed', 0, 0, 0, 0, 0 FROM number";
    town.db().execute(taken, &chassis::db::values![date]).await.unwrap();
    for _ in 0..60 {
        let old = town.terminal().await;
        let renewed = town.authority.renew_by_csr(&town.holder(&old.serial, at).await, &csr_der(), &Profile::Terminal, at).await.unwrap();
        renewed.unwrap();
    }
}
