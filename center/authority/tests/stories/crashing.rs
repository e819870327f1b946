//! The program dies between any two of its statements and starts again: nothing is stuck, nothing doubled, nothing forgotten.

use authority::{Application, ApplicationState, Decision, List, Profile, Reason, RequestState, RevocationBy, State};
use chassis::on_both;
use chassis::pfx::Strength;
use chassis::testing::Place;
use manuals::situation::Situation;

use crate::town::{CODE, Town, csr, csr_der, day, killed_after, now};

/// More waits than any of these has: the last round is not killed.
const MOST: usize = 80;
const SOON: i64 = 1186 - 40;

/// What must hold of a town whatever happened to it.
async fn is_whole(town: &Town, at: jiff::Timestamp) {
    for _ in 0..3 {
        town.authority.chores(at).await.unwrap();
    }
    let certificates = town.authority.certificates().await.unwrap();
    for made in &certificates {
        let blocked = made.revoked_at.is_some() || made.held_at.is_some();
        assert_eq!(town.is_let_in(&made.serial).await, Some(!blocked), "the registry knows every certificate as it is");
        if let Some(newer) = &made.superseded_by {
            assert!(certificates.iter().any(|other| other.serial == *newer));
        }
    }
    let mut orders: Vec<&str> = certificates.iter().map(|made| made.request_id.as_str()).collect();
    orders.dedup();
    assert_eq!(orders.len(), certificates.len(), "no order has two certificates");
    let renewed: Vec<_> = certificates.iter().filter_map(|made| made.superseded_by.as_deref()).collect();
    assert_eq!(renewed.len(), renewed.iter().collect::<std::collections::BTreeSet<_>>().len());
    let sql = "SELECT request_id FROM notice WHERE state IN ('key', 'requested')";
    assert!(town.db().query(sql, &[]).await.unwrap().is_empty(), "nothing is under way any more");
    let listed = town.authority.crl(List::Full, at).await.unwrap();
    let (_, parsed) = x509_parser::parse_x509_crl(&listed.der).unwrap();
    let wanted = certificates.iter().filter(|made| made.revoked_at.is_some() || made.held_at.is_some()).count();
    assert_eq!(parsed.iter_revoked_certificates().count(), wanted);
}

on_both!(issuing_over_a_terminals_own_key_survives_a_kill_at_any_point, async |place| {
    let mut town = Town::begin(place).await;
    for waits in 1..=MOST {
        let notice = town.notice().await;
        let (_, request) = csr(&rcgen::PKCS_ECDSA_P256_SHA256);
        let asked = town.authority.issue_by_csr(&notice.request_id, &notice.reference_id, &request, now());
        let finished = killed_after(waits, asked).await.is_some();
        town = town.restarted(now()).await;
        is_whole(&town, now()).await;
        // The terminal never heard an answer and asks again.
        let again = town.authority.issue_by_csr(&notice.request_id, &notice.reference_id, &request, now()).await.unwrap();
        assert_eq!(town.is_let_in(&again.unwrap().serial).await, Some(true));
        assert_eq!(town.authority.certificates().await.unwrap().len(), waits);
        if finished {
            return;
        }
    }
    panic!("never finished");
});

on_both!(a_key_of_ours_survives_a_kill_at_any_point_and_is_handed_out_once, async |place| {
    let mut town = Town::begin(place).await;
    for waits in 1..=MOST {
        town.authority.chores(now()).await.unwrap();
        let notice = town.notice().await;
        let proof = town.proof(&notice).await;
        let password = "4071".into();
        let asked = town.authority.retrieve_pfx(&proof, &password, Strength::Compatible, now());
        let finished = killed_after(waits, asked).await.is_some();
        town = town.restarted(now()).await;
        is_whole(&town, now()).await;
        assert!(town.pfx(&notice, "4071", Strength::Compatible).await.is_ok());
        let certificates = town.authority.certificates().await.unwrap();
        let keys: std::collections::BTreeSet<_> = certificates.iter().map(|made| made.key_hash.as_str()).collect();
        assert_eq!((certificates.len(), keys.len()), (waits, waits));
        if finished {
            return;
        }
    }
    panic!("never finished");
});

on_both!(a_renewal_on_the_web_survives_a_kill_at_any_point, async |place| {
    let mut town = Town::begin(place).await;
    for waits in 1..=MOST {
        let serial = town.terminal().await.serial;
        let holder = town.holder(&serial, day(SOON)).await;
        let whole = async {
            let begun = town.authority.begin_renewal(&holder, day(SOON)).await.unwrap().unwrap();
            while town.authority.advance(&begun.order.request_id, day(SOON)).await.unwrap() != State::Issued {}
        };
        let finished = killed_after(waits, whole).await.is_some();
        town = town.restarted(day(SOON)).await;
        is_whole(&town, day(SOON)).await;
        // The browser comes back: the order is in the list, or the renewal is begun again.
        let begun = town.authority.begin_renewal(&holder, day(SOON)).await.unwrap().unwrap();
        while town.authority.advance(&begun.order.request_id, day(SOON)).await.unwrap() != State::Issued {}
        let listed = town.authority.renewals_of(&holder, day(SOON)).await.unwrap();
        assert_eq!((listed.len(), listed[0].request_id.as_str()), (1, begun.order.request_id.as_str()));
        assert_eq!(town.authority.certificates().await.unwrap().len(), 2 * waits, "one renewal, one certificate");
        if finished {
            return;
        }
    }
    panic!("never finished");
});

on_both!(a_renewal_over_a_terminals_own_key_survives_a_kill_at_any_point, async |place| {
    let mut town = Town::begin(place).await;
    for waits in 1..=MOST {
        let serial = town.terminal().await.serial;
        let holder = town.holder(&serial, day(SOON)).await;
        let request = csr_der();
        let asked = town.authority.renew_by_csr(&holder, &request, &Profile::Terminal, day(SOON));
        let finished = killed_after(waits, asked).await.is_some();
        town = town.restarted(day(SOON)).await;
        is_whole(&town, day(SOON)).await;
        let again = town.authority.renew_by_csr(&holder, &request, &Profile::Terminal, day(SOON)).await.unwrap().unwrap();
        assert_eq!(town.authority.certificates().await.unwrap().len(), 2 * waits);
        assert_eq!(town.is_let_in(&again.serial).await, Some(true));
        if finished {
            return;
        }
    }
    panic!("never finished");
});

on_both!(a_revocation_survives_a_kill_at_any_point_between_asking_and_completion, async |place| {
    let mut town = Town::begin(place).await;
    for waits in 1..=MOST {
        let serial = town.terminal().await.serial;
        let holder = town.holder(&serial, now()).await;
        let whole = async {
            let asked = town.authority.ask_revocation(RevocationBy::Possession(holder.clone()), "a@example.jp", now()).await.unwrap();
            town.authority.decide_revocation(&asked.unwrap(), &Decision::Approve, now()).await.unwrap();
        };
        let finished = killed_after(waits, whole).await.is_some();
        town = town.restarted(now()).await;
        is_whole(&town, now()).await;
        let about = async || {
            let requests = town.authority.revocation_requests().await.unwrap();
            requests.into_iter().filter(|request| request.serial == serial).collect::<Vec<_>>()
        };
        let known = about().await;
        assert!(known.len() <= 1, "asked once");
        if known.is_empty() {
            // Nothing was promised to anybody yet, and nothing is half done: the holder asks again.
            assert_eq!(town.is_let_in(&serial).await, Some(true));
            town.authority.ask_revocation(RevocationBy::Possession(holder), "a@example.jp", now()).await.unwrap().unwrap();
        }
        if let [request] = about().await.as_slice()
            && request.state == RequestState::Asked
        {
            assert_eq!(town.is_let_in(&serial).await, Some(false));
            town.authority.decide_revocation(&request.number, &Decision::Approve, now()).await.unwrap();
        }
        assert_eq!(town.authority.holder(&serial, now()).await.unwrap(), Err(Situation::BlockedTerminal));
        if finished {
            return;
        }
    }
    panic!("never finished");
});

on_both!(an_operators_revocation_and_approval_survive_a_kill_at_any_point, async |place| {
    let mut town = Town::begin(place).await;
    let mut done = (false, false);
    for waits in 1..=MOST {
        let serial = town.terminal().await.serial;
        done.0 |= killed_after(waits, town.authority.revoke(&serial, Reason::KeyCompromise, now())).await.is_some();
        let wanted = Application {
            facility_code: CODE.into(),
            terminals: vec!["一".into(), "二".into()],
            contact: "花子".into(),
            mail: "a@example.jp".into(),
            form_id: format!("form {waits}"),
        };
        let whole = async {
            let number = town.authority.apply(&wanted, now()).await.unwrap().unwrap();
            town.authority.decide_application(&number, &Decision::Approve, now()).await.unwrap();
        };
        done.1 |= killed_after(waits, whole).await.is_some();
        town = town.restarted(now()).await;
        // What is blocked and not revoked was killed before the journal: the operator heard nothing and asks again.
        town.authority.revoke(&serial, Reason::KeyCompromise, now()).await.unwrap();
        is_whole(&town, now()).await;
        let number = town.authority.apply(&wanted, now()).await.unwrap().unwrap();
        let notices = town.authority.decide_application(&number, &Decision::Approve, now()).await.unwrap();
        assert_eq!(notices.len(), 2, "two terminals, two notices");
        let rows = town.authority.applications().await.unwrap();
        assert_eq!(rows.iter().filter(|row| row.state == ApplicationState::Approved).count(), waits);
        assert_eq!(town.mails().await.len().min(200), (2 * waits).min(200));
        if done == (true, true) {
            return;
        }
    }
    panic!("never finished");
});

#[tokio::test]
async fn a_disk_that_is_full_in_the_middle_loses_nothing_and_goes_on_when_there_is_room() {
    let place = Place::sqlite();
    let town = Town::begin(&place).await;
    town.authority.chores(now()).await.unwrap();
    // The limit is the writing connection's, and transactions run on that.
    let limit = async |pages: i64| {
        let mut tx = town.db().begin().await.unwrap();
        let row = tx.query(&format!("PRAGMA max_page_count = {pages}"), &[]).await.unwrap();
        tx.commit().await.unwrap();
        row[0].int(0).unwrap()
    };
    let mut terminals = Vec::new();
    for _ in 0..30 {
        terminals.push((town.notice().await, csr(&rcgen::PKCS_ECDSA_P256_SHA256).1));
    }
    // Asked for less than there is, the limit becomes what there is.
    limit(1).await;
    let (mut served, mut turned_away) = (0, 0);
    for (notice, request) in &terminals {
        match town.authority.issue_by_csr(&notice.request_id, &notice.reference_id, request, now()).await {
            Ok(issued) => served += usize::from(issued.is_ok()),
            Err(error) => {
                assert!(error.to_string().contains("full"), "{error}");
                turned_away += 1;
            }
        }
    }
    assert!(turned_away > 10, "the disk was never full");
    assert_eq!(town.authority.certificates().await.unwrap().len(), served, "half a certificate is none");
    limit(1_000_000).await;
    let town = town.restarted(now()).await;
    is_whole(&town, now()).await;
    for (notice, request) in &terminals {
        town.authority.issue_by_csr(&notice.request_id, &notice.reference_id, request, now()).await.unwrap().unwrap();
    }
    assert_eq!(town.authority.certificates().await.unwrap().len(), terminals.len());
}

#[tokio::test]
async fn a_journal_that_cannot_be_written_keeps_the_revocation_from_being_said_and_the_terminal_out() {
    let place = Place::sqlite();
    let town = Town::begin(&place).await;
    let (one, other) = (town.terminal().await.serial, town.terminal().await.serial);
    let aside = town.journal().with_extension("aside");
    std::fs::rename(town.journal(), &aside).unwrap();
    std::fs::create_dir(town.journal()).unwrap();
    let failed = town.authority.revoke(&one, Reason::KeyCompromise, now()).await;
    assert!(matches!(failed, Err(authority::Error::Journal(..))), "{failed:?}");
    assert_eq!(town.is_let_in(&one).await, Some(false), "refused all the same");
    let holder = town.holder(&other, now()).await;
    let asked = town.authority.ask_revocation(RevocationBy::Possession(holder.clone()), "a@example.jp", now()).await;
    assert!(asked.is_err() && town.authority.revocation_requests().await.unwrap().is_empty());
    std::fs::remove_dir(town.journal()).unwrap();
    std::fs::rename(aside, town.journal()).unwrap();
    town.authority.revoke(&one, Reason::KeyCompromise, now()).await.unwrap();
    town.authority.ask_revocation(RevocationBy::Possession(holder), "a@example.jp", now()).await.unwrap().unwrap();
    is_whole(&town, now()).await;
}
