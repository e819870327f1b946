//! Tries the rules at their edges.

use super::*;

const NOW: Timestamp = Timestamp::constant(1_784_073_600, 0);

fn order(state: State) -> OrderFact<'static> {
    OrderFact { state, retrieve_until: NOW + days(180), issued_for: None, key_held: false, held_until: None }
}

/// Rows: CA-03
#[test]
fn a_certificate_is_fetched_within_180_days_and_again_by_the_same_key_at_any_time() {
    let open = order(State::Open);
    let last = open.retrieve_until;
    assert_eq!(hand_out(&open, Over::Theirs("k"), last), Ok(HandOut::Make));
    let late = last + SignedDuration::from_secs(1);
    assert_eq!(hand_out(&open, Over::Theirs("k"), late), Err(Situation::NoticeExpired));
    let issued = OrderFact { issued_for: Some("k"), ..order(State::Issued) };
    assert_eq!(hand_out(&issued, Over::Theirs("k"), late), Ok(HandOut::Again));
    assert_eq!(hand_out(&issued, Over::Theirs("other"), NOW), Err(Situation::NoticeUsed));
    assert_eq!(hand_out(&issued, Over::Ours, NOW), Err(Situation::NoticeUsed));
    let held = OrderFact { key_held: true, held_until: Some(last), ..issued };
    assert_eq!(hand_out(&held, Over::Ours, last), Ok(HandOut::Again));
    assert_eq!(hand_out(&held, Over::Ours, late), Err(Situation::NoticeExpired));
}

/// Rows: RN-09
#[test]
fn every_state_has_a_next_step_and_a_time_for_it() {
    for state in State::ALL {
        for held_until in [None, Some(NOW + days(180))] {
            let fact = OrderFact { key_held: held_until.is_some(), held_until, ..order(state) };
            let (early, late) = (next(&fact, NOW), next(&fact, NOW + days(181)));
            let rests = |step| matches!(step, Step::Nothing);
            // What waits today acts when its time is over; what rests, rests for ever.
            assert_eq!(rests(early), rests(late), "{fact:?}");
            assert!(!matches!(late, Step::Wait(_)), "{fact:?} is stuck");
        }
    }
    assert_eq!(next(&order(State::Key), NOW), Step::TakeKey);
    assert_eq!(next(&order(State::Requested), NOW), Step::Sign);
    assert_eq!(next(&order(State::Requested), NOW + days(181)), Step::Lapse);
}

/// Rows: CA-15
#[test]
fn a_pfx_password_is_four_half_width_digits() {
    assert_eq!(pfx_password("0123"), Ok(()));
    for wrong in ["012", "01234", "０１２３", "abcd", "12 4", ""] {
        assert_eq!(pfx_password(wrong), Err(Situation::BadPfxPassword), "{wrong}");
    }
}

#[test]
fn weak_keys_are_refused() {
    assert_eq!(key_kind("1.2.840.10045.2.1", 256), Ok(KeyKind::P256));
    assert_eq!(key_kind("1.2.840.113549.1.1.1", 2048), Ok(KeyKind::Rsa));
    assert_eq!(key_kind("1.2.840.113549.1.1.1", 1024), Err(Situation::WeakKey));
    assert_eq!(key_kind("1.2.840.10045.2.1", 521), Err(Situation::WeakKey));
}

#[test]
fn who_guesses_rests_and_wakes_again() {
    let config = Config { guesses: 3, rest_minutes: 15, ..Config::default() };
    let guessed = |failures| Some((failures, NOW));
    let at_one = Guesses { at_this_order: guessed(3), in_all: guessed(3) };
    assert_eq!(may_try(&at_one, &config, NOW), Err(Situation::AccountLocked));
    assert_eq!(may_try(&at_one, &config, NOW + SignedDuration::from_mins(15)), Ok(()));
    // The same line may still try another terminal's notice, but not for ever.
    assert_eq!(may_try(&Guesses { at_this_order: None, in_all: guessed(14) }, &config, NOW), Ok(()));
    assert_eq!(may_try(&Guesses { at_this_order: None, in_all: guessed(15) }, &config, NOW), Err(Situation::AccountLocked));
}

fn certificate() -> RenewalFact {
    RenewalFact { issued_at: NOW - days(1000), not_after: NOW + days(80), blocked: false, superseded: false, replace_from: None }
}

#[test]
fn a_certificate_is_renewed_in_its_last_ninety_days_once_and_never_when_blocked() {
    let config = Config::default();
    let good = certificate();
    assert_eq!(may_renew(&good, &config, NOW), Ok(()));
    assert_eq!(may_renew(&good, &config, NOW - days(11)), Err(Situation::RenewalNotOpen));
    assert_eq!(may_renew(&good, &config, NOW + days(81)), Err(Situation::ExpiredCertificate));
    let asked = RenewalFact { replace_from: Some(NOW - days(11)), ..good };
    assert_eq!(may_renew(&asked, &config, NOW - days(11)), Ok(()));
    assert_eq!(may_renew(&RenewalFact { superseded: true, ..good }, &config, NOW), Err(Situation::CertificateSuperseded));
    assert_eq!(may_renew(&RenewalFact { blocked: true, ..good }, &config, NOW), Err(Situation::BlockedTerminal));
}

#[test]
fn windows_are_spread_between_sixty_and_thirty_days_before_the_end() {
    let good = certificate();
    let starts: Vec<i64> = (0..1000_u64)
        .map(|seed| {
            let serial = format!("4000{:028x}", seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let window = window(&serial, &good, NOW);
            assert!(window.start >= good.not_after - days(60) && window.end <= good.not_after - days(30), "{window:?}");
            window.start.as_second()
        })
        .collect();
    let third = |from: u32| {
        let at = (good.not_after - days(from)).as_second();
        starts.iter().filter(|start| **start < at).count()
    };
    assert!((200..500).contains(&third(50)) && (550..850).contains(&third(40)), "{} {}", third(50), third(40));
    let blocked = window("40", &RenewalFact { blocked: true, ..good }, NOW);
    let replaced = window("40", &RenewalFact { replace_from: Some(NOW), ..good }, NOW);
    assert!(blocked.end < NOW && replaced.end < NOW);
    let short = RenewalFact { issued_at: NOW, not_after: NOW + days(8), ..good };
    let narrow = window("40ff", &short, NOW);
    assert!(narrow.start >= NOW + days(4) && narrow.end <= NOW + days(6), "{narrow:?}");
}

/// Rows: CA-06, CA-30
#[test]
fn an_application_names_each_terminal_once_and_all_its_mistakes_are_told() {
    let good = Application {
        facility_code: "0110119153".into(),
        terminals: vec!["受付".into(), "診察室".into()],
        contact: "恩師 花子".into(),
        mail: "hanako@example.jp".into(),
        form_id: "f".into(),
    };
    assert_eq!(mistakes(&good, true, true), vec![]);
    let twice = Application { terminals: vec!["受付".into(), "受付 ".into()], ..good.clone() };
    assert_eq!(mistakes(&twice, true, true).len(), 1);
    let empty = Application { terminals: vec![], contact: " ".into(), ..good };
    let fields: Vec<_> = mistakes(&empty, false, false).into_iter().map(|mistake| mistake.field).collect();
    assert_eq!(fields, ["facility_code", "terminals", "contact", "mail"]);
}
