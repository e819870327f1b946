//! A certificate is revoked by an operator, or its revocation is asked for and decided: refused at once, on every later list, never doubled.

use authority::{Decision, List, Profile, Reason, RequestState, RevocationBy};
use chassis::on_both;
use manuals::situation::Situation;

use crate::town::{Town, csr, csr_der, day, now};

/// Number and serials of a list.
async fn listed(town: &Town, which: List, at: jiff::Timestamp) -> (String, Vec<String>) {
    let list = town.authority.crl(which, at).await.unwrap();
    let (_, parsed) = x509_parser::parse_x509_crl(&list.der).unwrap();
    let serials = parsed.iter_revoked_certificates().map(|entry| chassis::tls::serial_text(entry.raw_serial())).collect();
    (parsed.crl_number().unwrap().to_string(), serials)
}

on_both!(
    /// Rows: CA-23
    a_revoked_certificate_is_refused_at_once_and_stands_on_every_later_list,
    async |place| {
        let town = Town::begin(place).await;
        let issued = town.terminal().await;
        let (other_number, _) = listed(&town, List::Full, now()).await;
        let before = town.authority.crl(List::Full, now()).await.unwrap();
        assert_eq!(town.authority.crl(List::Full, day(0)).await.unwrap(), before, "nothing happened: the same list");
        town.authority.revoke(&issued.serial.to_uppercase(), Reason::KeyCompromise, now()).await.unwrap();
        town.authority.revoke(&issued.serial, Reason::Unspecified, now()).await.unwrap();
        let (number, serials) = listed(&town, List::Full, now()).await;
        assert_eq!(serials, vec![issued.serial.clone()]);
        assert!(number > other_number, "{number} {other_number}");
        let shard = town.authority.certificates().await.unwrap()[0].shard;
        let own = List::Shard(shard.try_into().unwrap());
        assert_eq!(listed(&town, own, now()).await.1, vec![issued.serial.clone()]);
        let another = List::Shard(((shard + 1) % 64).try_into().unwrap());
        assert!(listed(&town, another, now()).await.1.is_empty());
        assert_eq!(town.is_let_in(&issued.serial).await, Some(false));
        assert_eq!(town.authority.holder(&issued.serial, now()).await.unwrap(), Err(Situation::BlockedTerminal));
        assert!(town.authority.revoke("ffff", Reason::Unspecified, now()).await.is_err());
        // Half its life later it is made anew, and what ended long ago is left out.
        let (newer, _) = listed(&town, List::Full, day(1)).await;
        assert!(newer > number);
        assert_eq!(listed(&town, List::Full, day(1186 + 3)).await.1, Vec::<String>::new());
    }
);

on_both!(
    /// Rows: RN-12, RN-13, CA-23
    a_revocation_that_is_asked_for_blocks_at_once_and_is_completed_with_a_mail,
    async |place| {
        let town = Town::begin(place).await;
        let notice = town.notice().await;
        let (_, request) = csr(&rcgen::PKCS_ECDSA_P256_SHA256);
        let issued = town.authority.issue_by_csr(&notice.request_id, &notice.reference_id, &request, now()).await.unwrap().unwrap();
        let proof = town.proof(&notice).await;
        let ask = async |mail: &str| town.authority.ask_revocation(RevocationBy::Ids(proof.clone()), mail, now()).await.unwrap();
        assert_eq!(ask("nobody").await.unwrap_err(), Situation::BadMailAddress);
        let number = ask("hanako@example.jp").await.unwrap();
        assert_eq!(town.is_let_in(&issued.serial).await, Some(false), "before anybody decided");
        assert_eq!(listed(&town, List::Full, now()).await.1, vec![issued.serial.clone()]);
        assert_eq!(ask("hanako@example.jp").await.unwrap(), number, "asked twice is asked once");
        let request = &town.authority.revocation_requests().await.unwrap()[0];
        assert_eq!((request.number.as_str(), request.state, request.serial.as_str()), (number.as_str(), RequestState::Asked, issued.serial.as_str()));
        assert!(town.mails().await.is_empty());
        let done = town.authority.decide_revocation(&number, &Decision::Approve, now()).await.unwrap();
        assert_eq!(done.state, RequestState::Done);
        assert!(town.authority.decide_revocation(&number, &Decision::Approve, now()).await.is_err());
        let mails = town.mails().await;
        assert_eq!(mails.len(), 1);
        assert!(mails[0].0 == "hanako@example.jp" && mails[0].1.contains("失効が完了しました"), "{mails:?}");
        assert_eq!(town.authority.certificates().await.unwrap()[0].reason, Some(1));
    }
);

on_both!(a_revocation_that_is_refused_lets_the_terminal_in_again_and_one_that_nobody_decides_is_granted, async |place| {
    let town = Town::begin(place).await;
    let (one, other) = (town.terminal().await, town.terminal().await);
    let mut numbers = Vec::new();
    for issued in [&one, &other] {
        let holder = town.holder(&issued.serial, now()).await;
        let asked = town.authority.ask_revocation(RevocationBy::Possession(holder.clone()), "a@example.jp", now()).await.unwrap();
        numbers.push(asked.unwrap());
        let renewed = town.authority.renew_by_csr(&holder, &csr_der(), &Profile::Terminal, day(1150)).await.unwrap();
        assert_eq!(renewed.unwrap_err(), Situation::BlockedTerminal, "what may be in other hands is not renewed");
    }
    let refusal = Decision::Refuse { reason: "見つかったとの連絡がありました。".into() };
    town.authority.decide_revocation(&numbers[0], &refusal, now()).await.unwrap();
    assert_eq!((town.is_let_in(&one.serial).await, town.is_let_in(&other.serial).await), (Some(true), Some(false)));
    assert_eq!(listed(&town, List::Full, now()).await.1, vec![other.serial.clone()]);
    town.authority.chores(day(61)).await.unwrap();
    let states: Vec<_> = town.authority.revocation_requests().await.unwrap().into_iter().map(|request| request.state).collect();
    assert!(!states.contains(&RequestState::Asked), "{states:?}");
    assert_eq!(town.is_let_in(&other.serial).await, Some(false));
    assert_eq!(town.mails().await.len(), 2);
    // An operator who revokes by himself what was asked for has granted it.
    let holder = town.holder(&one.serial, now()).await;
    town.authority.ask_revocation(RevocationBy::Possession(holder), "a@example.jp", now()).await.unwrap().unwrap();
    town.authority.revoke(&one.serial, Reason::CessationOfOperation, now()).await.unwrap();
    assert_eq!(town.mails().await.len(), 3);
    assert_eq!(town.authority.summary(now()).await.unwrap().revocations, 0);
});
