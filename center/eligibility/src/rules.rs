//! Decides what the center answers about a person's eligibility: which qualification was meant, and whether it is valid on the asked day.

mod record;

use std::cmp::Ordering;

use jiff::civil::Date;
use wire::check::SearchKey;
use wire::code::Validity;
use wire::number::{Branch, CardNumber, CardSymbol};

use crate::register::{Dossier, Person, Qualification};

pub(crate) use record::{Consent, record};

/// Whom the question is about, and how that qualification stands.
#[derive(Clone, Copy)]
pub(crate) enum Finding<'a> {
    /// No qualification is written as asked (4 該当資格なし).
    Nobody,
    /// More than one person could be meant (5 複数該当); which ones is not disclosed.
    Several,
    /// One person.
    One(Found<'a>),
}

/// One person's qualification, as it was asked for.
#[derive(Clone, Copy)]
pub(crate) struct Found<'a> {
    pub(crate) validity: Validity,
    pub(crate) person: &'a Person,
    pub(crate) qualification: &'a Qualification,
    /// Medical assistance (医療扶助) that is valid on the asked day beside a valid insurance.
    pub(crate) assistance: Option<&'a Qualification>,
}

/// Finds who is meant by `asked` among `found` and how that qualification stands on `day`.
///
/// `found` may hold people who do not match: what counts is decided here, from contents alone. Neither its order nor any key matters.
pub(crate) fn decide<'a>(asked: &SearchKey, day: Date, found: &'a [Dossier]) -> Finding<'a> {
    let mut meant = found.iter().filter_map(|dossier| {
        let candidates: Vec<&Qualification> = match dossier.person.birthdate == asked.birthdate {
            true => dossier.qualifications.iter().filter(|held| matches(asked, held)).collect(),
            false => Vec::new(),
        };
        best(candidates, day).map(|best| (dossier, best))
    });
    let Some((dossier, qualification)) = meant.next() else { return Finding::Nobody };
    if meant.next().is_some() {
        return Finding::Several;
    }
    let validity = if valid_on(qualification, day) {
        Validity::Valid
    } else if dossier.qualifications.iter().any(|other| supersedes(other, qualification, day)) {
        Validity::InvalidWithNewer
    } else {
        Validity::Invalid
    };
    let assistance = match validity {
        Validity::Valid if !qualification.is_assistance() => {
            let valid = dossier.qualifications.iter().filter(|held| held.is_assistance() && valid_on(held, day));
            valid.max_by(|one, other| by_content(one, other))
        }
        _ => None,
    };
    Finding::One(Found { validity, person: &dossier.person, qualification, assistance })
}

/// Whether a qualification is written as asked: insurer and number always, the symbol when one was asked for, the branch when both have one.
fn matches(asked: &SearchKey, held: &Qualification) -> bool {
    held.insurer == asked.insurer
        && CardNumber::parse(&held.number).is_ok_and(|number| number == asked.number)
        && asked.symbol.as_ref().is_none_or(|symbol| symbol_of(held).as_ref() == Some(symbol))
        && match (asked.branch, held.branch.as_deref().and_then(|branch| Branch::parse(branch).ok())) {
            (Some(asked), Some(held)) => asked == held,
            _ => true,
        }
}

fn symbol_of(held: &Qualification) -> Option<CardSymbol> {
    held.symbol.as_deref().and_then(|symbol| CardSymbol::parse(symbol).ok())
}

/// The first day counts, the day of loss (資格喪失年月日) is the first day without, the card's last day counts.
pub(crate) fn valid_on(held: &Qualification, day: Date) -> bool {
    held.acquired <= day && held.lost.is_none_or(|lost| day < lost) && held.valid_to.is_none_or(|last| day <= last)
}

/// Of several qualifications of one person that match: the one valid on the day, else the one acquired last; see [`by_content`].
fn best(candidates: Vec<&Qualification>, day: Date) -> Option<&Qualification> {
    candidates.into_iter().max_by(|one, other| valid_on(one, day).cmp(&valid_on(other, day)).then_with(|| by_content(one, other)))
}

/// Which of two comes first when nothing else decides (the greater): acquired later; then lost later, not lost being latest; then a card that
/// ends later; then issued later; then the smaller branch, symbol, number, and insurer number as text, none before any.
fn by_content(one: &Qualification, other: &Qualification) -> Ordering {
    let open_end = |day: Option<Date>| day.unwrap_or(Date::MAX);
    one.acquired
        .cmp(&other.acquired)
        .then_with(|| open_end(one.lost).cmp(&open_end(other.lost)))
        .then_with(|| open_end(one.valid_to).cmp(&open_end(other.valid_to)))
        .then_with(|| one.issued.cmp(&other.issued))
        .then_with(|| other.branch.cmp(&one.branch))
        .then_with(|| other.symbol.cmp(&one.symbol))
        .then_with(|| other.number.cmp(&one.number))
        .then_with(|| other.insurer.cmp(&one.insurer))
}

/// Whether `other` is a newer qualification: another insurer, symbol or number, acquired later, valid on the day.
fn supersedes(other: &Qualification, asked: &Qualification, day: Date) -> bool {
    let same = other.insurer == asked.insurer
        && symbol_of(other) == symbol_of(asked)
        && CardNumber::parse(&other.number).ok() == CardNumber::parse(&asked.number).ok();
    !same && other.acquired > asked.acquired && valid_on(other, day)
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use jiff::civil::{DateTime, date};
    use proptest::prelude::*;
    use wire::number::InsurerNumber;

    use super::*;
    use crate::register::{Certificates, Disease, Elderly, Limit, Period, Ticket};

    const BORN: Date = date(1980, 5, 10);
    const DAY: Date = date(2026, 7, 15);

    fn held(insurer: &str, symbol: &str, number: &str, branch: &str, acquired: Date, lost: Option<Date>) -> Qualification {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Qualification {
            card: if insurer.starts_with("12") { "A1" } else { "01" }.to_owned(),
            insurer: InsurerNumber::parse(insurer).unwrap(),
            symbol: text(symbol),
            number: number.to_owned(),
            branch: text(branch),
            relation: None,
            insured_name: None,
            acquired,
            lost,
            reason_of_loss: lost.map(|_| "03".to_owned()),
            issued: None,
            valid_from: None,
            valid_to: None,
            ratio: None,
            under: Certificates::default(),
        }
    }

    fn dossier(key: &str, birthdate: Date, qualifications: Vec<Qualification>) -> Dossier {
        let person = Person {
            known_as: key.to_owned(),
            name: format!("架空　{key}"),
            name_kana: None,
            name_other: None,
            name_other_kana: None,
            sex: "2".to_owned(),
            sex_back: None,
            birthdate,
            post_number: None,
            address: None,
        };
        Dossier { person, qualifications }
    }

    fn key(insurer: &str, symbol: &str, number: &str, branch: &str) -> SearchKey {
        SearchKey {
            insurer: InsurerNumber::parse(insurer).unwrap(),
            symbol: CardSymbol::parse(symbol).ok(),
            number: CardNumber::parse(number).unwrap(),
            branch: Branch::parse(branch).ok(),
            birthdate: BORN,
        }
    }

    const SOCIETY: &str = "06990014";
    const ASSOCIATION: &str = "01990019";
    const WELFARE: &str = "12990016";

    fn ours(acquired: Date, lost: Option<Date>) -> Qualification {
        held(SOCIETY, "99-1", "5501", "01", acquired, lost)
    }

    fn validity(asked: &SearchKey, day: Date, found: &[Dossier]) -> Validity {
        match decide(asked, day, found) {
            Finding::Nobody => Validity::NotFound,
            Finding::Several => Validity::Several,
            Finding::One(found) => found.validity,
        }
    }

    #[test]
    fn which_cards_match_which_questions() {
        let since = date(2024, 4, 1);
        let found = [dossier("a", BORN, vec![ours(since, None)])];
        let table = [
            (key(SOCIETY, "99-1", "5501", "01"), Validity::Valid, "as on the card"),
            (key(SOCIETY, "９９　１", "０５５０１", "1"), Validity::Valid, "in other spellings"),
            (key(SOCIETY, "", "5501", "01"), Validity::Valid, "without symbol"),
            (key(SOCIETY, "99-1", "5501", ""), Validity::Valid, "without branch"),
            (key(SOCIETY, "99-2", "5501", "01"), Validity::NotFound, "another symbol"),
            (key(SOCIETY, "99-1", "5502", "01"), Validity::NotFound, "another number"),
            (key(SOCIETY, "99-1", "5501", "02"), Validity::NotFound, "another branch"),
            (key(ASSOCIATION, "99-1", "5501", "01"), Validity::NotFound, "another insurer"),
            (SearchKey { birthdate: date(1980, 5, 11), ..key(SOCIETY, "99-1", "5501", "01") }, Validity::NotFound, "another birth date"),
        ];
        for (asked, expected, case) in table {
            assert_eq!(validity(&asked, DAY, &found), expected, "{case}");
        }
        let bare = [dossier("a", BORN, vec![held(SOCIETY, "", "5501", "", since, None)])];
        assert_eq!(
            validity(&key(SOCIETY, "99-1", "5501", ""), DAY, &bare),
            Validity::NotFound,
            "a symbol was asked for, the card has none"
        );
        assert_eq!(validity(&key(SOCIETY, "", "5501", "07"), DAY, &bare), Validity::Valid, "the card has no branch to differ");
        assert_eq!(validity(&key(SOCIETY, "", "5501", ""), DAY, &[]), Validity::NotFound);
    }

    #[test]
    fn the_first_day_counts_and_the_day_of_loss_does_not() {
        let found = [dossier("a", BORN, vec![ours(date(2024, 4, 1), Some(date(2025, 4, 1)))])];
        let asked = key(SOCIETY, "99-1", "5501", "01");
        let table = [
            (date(2024, 3, 31), Validity::Invalid),
            (date(2024, 4, 1), Validity::Valid),
            (date(2025, 3, 31), Validity::Valid),
            (date(2025, 4, 1), Validity::Invalid),
        ];
        for (day, expected) in table {
            assert_eq!(validity(&asked, day, &found), expected, "{day}");
        }
    }

    #[test]
    fn a_card_is_good_to_its_last_day() {
        let card = Qualification { valid_to: Some(date(2026, 7, 31)), ..ours(date(2024, 4, 1), None) };
        let found = [dossier("a", BORN, vec![card])];
        let asked = key(SOCIETY, "99-1", "5501", "01");
        assert_eq!(validity(&asked, date(2026, 7, 31), &found), Validity::Valid);
        assert_eq!(validity(&asked, date(2026, 8, 1), &found), Validity::Invalid);
    }

    #[test]
    fn twins_need_their_branch() {
        let since = date(2024, 4, 1);
        let twin = |branch| held(SOCIETY, "99-1", "5501", branch, since, None);
        let found = [dossier("a", BORN, vec![twin("01")]), dossier("b", BORN, vec![twin("02")])];
        assert_eq!(validity(&key(SOCIETY, "99-1", "5501", ""), DAY, &found), Validity::Several);
        for (branch, name) in [("01", "架空　a"), ("02", "架空　b")] {
            let Finding::One(one) = decide(&key(SOCIETY, "99-1", "5501", branch), DAY, &found) else { panic!("{branch}") };
            assert_eq!((one.validity, one.person.name.as_str()), (Validity::Valid, name));
        }
        let unmarked = [dossier("a", BORN, vec![twin("01")]), dossier("b", BORN, vec![twin("")])];
        assert_eq!(validity(&key(SOCIETY, "99-1", "5501", "01"), DAY, &unmarked), Validity::Several, "the other has no branch to differ");
    }

    #[test]
    fn a_newer_qualification_is_told_but_not_shown() {
        let moved = date(2025, 4, 1);
        let old = ours(date(2020, 4, 1), Some(moved));
        let newer = held(ASSOCIATION, "1", "7", "", moved, None);
        let found = [dossier("a", BORN, vec![newer.clone(), old.clone()])];
        let asked = key(SOCIETY, "99-1", "5501", "01");
        let Finding::One(one) = decide(&asked, DAY, &found) else { panic!("one person") };
        assert_eq!(one.validity, Validity::InvalidWithNewer);
        let shown = record(&one, one.qualification, "架空", DAY, Consent::Refused);
        assert_eq!(shown.insurer_number.as_deref(), Some(SOCIETY));
        assert_eq!((shown.disqualification_date.as_deref(), shown.reason_of_loss.as_deref()), (Some("20250401"), Some("03")));
        assert_eq!(validity(&asked, date(2020, 3, 31), &found), Validity::Invalid, "before both");

        let also_lost = Qualification { lost: Some(date(2026, 1, 1)), ..newer };
        let found = [dossier("a", BORN, vec![old.clone(), also_lost])];
        assert_eq!(validity(&asked, DAY, &found), Validity::Invalid, "the newer one is lost as well");
        let earlier = held(ASSOCIATION, "1", "7", "", date(2019, 4, 1), None);
        let same_day = Qualification { acquired: old.acquired, ..earlier.clone() };
        let found = [dossier("a", BORN, vec![old.clone(), same_day])];
        assert_eq!(validity(&asked, DAY, &found), Validity::Invalid, "acquired on the same day is not newer");
        let found = [dossier("a", BORN, vec![old.clone(), earlier])];
        assert_eq!(validity(&asked, DAY, &found), Validity::Invalid, "the other one is older");
        let reissued = held(SOCIETY, "９９１", "05501", "02", moved, None);
        let found = [dossier("a", BORN, vec![old, reissued])];
        assert_eq!(validity(&asked, DAY, &found), Validity::Invalid, "the same numbers under another branch are not another qualification");
    }

    #[test]
    fn of_several_the_valid_one_is_meant_else_the_one_acquired_last() {
        let past = ours(date(2015, 4, 1), Some(date(2018, 4, 1)));
        let last = ours(date(2020, 4, 1), Some(date(2022, 4, 1)));
        let found = [dossier("a", BORN, vec![last.clone(), past.clone()])];
        let asked = key(SOCIETY, "99-1", "5501", "01");
        let Finding::One(one) = decide(&asked, DAY, &found) else { panic!("one person") };
        assert_eq!((one.validity, one.qualification.acquired), (Validity::Invalid, last.acquired));
        let Finding::One(one) = decide(&asked, date(2017, 1, 1), &found) else { panic!("one person") };
        assert_eq!((one.validity, one.qualification.acquired), (Validity::Valid, past.acquired));
    }

    #[test]
    fn medical_assistance_follows_a_valid_insurance() {
        let aid = held(WELFARE, "", "1400019", "", date(2024, 5, 1), None);
        let asked = key(SOCIETY, "99-1", "5501", "01");
        let found = [dossier("a", BORN, vec![aid.clone(), ours(date(2024, 4, 1), None)])];
        let Finding::One(one) = decide(&asked, DAY, &found) else { panic!("one person") };
        assert_eq!(one.assistance.map(|held| held.number.as_str()), Some("1400019"));
        let Finding::One(one) = decide(&asked, date(2024, 4, 30), &found) else { panic!("one person") };
        assert!(one.assistance.is_none(), "not yet given");
        let Finding::One(one) = decide(&key(WELFARE, "", "1400019", ""), DAY, &found) else { panic!("one person") };
        assert!((one.validity, one.qualification.is_assistance(), one.assistance.is_none()) == (Validity::Valid, true, true));
        let found = [dossier("a", BORN, vec![aid, ours(date(2020, 4, 1), Some(date(2024, 5, 1)))])];
        let Finding::One(one) = decide(&asked, DAY, &found) else { panic!("one person") };
        assert!(one.validity == Validity::InvalidWithNewer && one.assistance.is_none());
    }

    fn period(from: Date, to: Option<Date>) -> Period {
        Period { issued: Some(from), from, to }
    }

    fn everything() -> Certificates {
        let limit =
            |from, to, band: &str| Limit { valid: period(from, to), class: "01".to_owned(), band: band.to_owned(), long_term: None };
        let (from, to) = (date(2025, 8, 1), Some(date(2026, 7, 31)));
        let mut ticket = Ticket {
            valid: period(from, to),
            class: "01".to_owned(),
            issue_number: None,
            treatment_month: None,
            facility_code: None,
            facility_name: None,
            treatment_type: None,
            single_or_combined: None,
            self_pay: None,
        };
        ticket.issue_number = Some("7".to_owned());
        Certificates {
            limits: vec![
                limit(from, to, "A02"),
                limit(date(2024, 8, 1), Some(date(2025, 7, 31)), "A01"),
                limit(date(2024, 8, 1), None, "A04"),
            ],
            elderly: vec![Elderly { valid: period(from, to), ratio: "020".to_owned() }],
            diseases: vec![
                Disease { valid: period(from, to), class: "1".to_owned(), self_pay: None },
                Disease { valid: period(date(2020, 1, 1), None), class: "2".to_owned(), self_pay: None },
            ],
            tickets: vec![ticket],
        }
    }

    #[test]
    fn certificates_are_shown_while_they_and_the_qualification_are_valid() {
        let found = [dossier("a", BORN, vec![Qualification { under: everything(), ..ours(date(2024, 4, 1), Some(date(2026, 10, 1))) }])];
        let asked = key(SOCIETY, "99-1", "5501", "01");
        let at: DateTime = date(2026, 7, 15).at(9, 15, 2, 0);
        let on = |day, consent| {
            let Finding::One(one) = decide(&asked, day, &found) else { panic!("one person") };
            record(&one, one.qualification, "架空", day, consent)
        };
        let shown = on(DAY, Consent::Given(at));
        assert_eq!(shown.limit_certificate.unwrap().classification_flag.as_deref(), Some("A02"), "the one that began last");
        assert_eq!((shown.limit_consent.as_deref(), shown.limit_consent_time.as_deref()), (Some("1"), Some("20260715091502")));
        assert_eq!((shown.elderly.is_some(), shown.specific_diseases.len(), shown.medical_tickets.len()), (true, 2, 1));
        let shown = on(DAY, Consent::Refused);
        assert!(shown.limit_certificate.is_none() && shown.limit_consent.is_none() && shown.elderly.is_some());
        assert!(shown.specific_diseases.is_empty(), "a specific disease is never shown without consent");
        let shown = on(date(2026, 8, 1), Consent::Given(at));
        assert_eq!(shown.limit_certificate.unwrap().classification_flag.as_deref(), Some("A04"));
        assert_eq!((shown.elderly.is_some(), shown.specific_diseases.len(), shown.medical_tickets.len()), (false, 1, 0));
        let shown = on(date(2026, 10, 1), Consent::Given(at));
        assert!(shown.limit_certificate.is_none() && shown.specific_diseases.is_empty(), "the qualification is lost");
    }

    #[test]
    fn a_child_is_before_school_up_to_the_end_of_march() {
        let table = [
            (date(2020, 4, 1), date(2026, 3, 31), true),
            (date(2020, 4, 1), date(2026, 4, 1), false),
            (date(2020, 4, 2), date(2027, 3, 31), true),
            (date(2020, 4, 2), date(2027, 4, 1), false),
            (date(2020, 2, 29), date(2026, 3, 31), true),
            (date(2020, 2, 29), date(2026, 4, 1), false),
        ];
        for (birthdate, day, expected) in table {
            let found = [dossier("a", birthdate, vec![ours(birthdate, None)])];
            let Finding::One(one) = decide(&SearchKey { birthdate, ..key(SOCIETY, "99-1", "5501", "") }, day, &found) else {
                panic!("one")
            };
            let shown = record(&one, one.qualification, "架空", day, Consent::Refused);
            assert_eq!(shown.preschool.is_some(), expected, "born {birthdate}, asked for {day}");
        }
    }

    fn some_held() -> impl Strategy<Value = Qualification> {
        let insurer = prop::sample::select(vec![SOCIETY, ASSOCIATION, WELFARE]);
        let symbol = prop::sample::select(vec!["", "1", "2"]);
        let number = prop::sample::select(vec!["5", "6"]);
        let branch = prop::sample::select(vec!["", "01", "02"]);
        (insurer, symbol, number, branch, 0..100_i32, prop::option::of(0..100_i32), prop::option::of(0..100_i32)).prop_map(
            |(insurer, symbol, number, branch, acquired, lasts, expires)| {
                let acquired = date(2026, 1, 1).saturating_add(acquired.days());
                let later = |days: i32| acquired.saturating_add(days.days());
                Qualification { valid_to: expires.map(later), ..held(insurer, symbol, number, branch, acquired, lasts.map(later)) }
            },
        )
    }

    fn some_people() -> impl Strategy<Value = Vec<Dossier>> {
        let birthdate = prop::sample::select(vec![BORN, date(1990, 1, 1)]);
        prop::collection::vec((birthdate, prop::collection::vec(some_held(), 0..5)), 0..4).prop_map(|people| {
            people.into_iter().zip(["a", "b", "c", "d"]).map(|((birthdate, held), key)| dossier(key, birthdate, held)).collect()
        })
    }

    fn some_question() -> impl Strategy<Value = (SearchKey, Date)> {
        let symbol = prop::sample::select(vec!["", "1", "2"]);
        let branch = prop::sample::select(vec!["", "01", "02"]);
        (prop::sample::select(vec![SOCIETY, ASSOCIATION, WELFARE]), symbol, prop::sample::select(vec!["5", "6"]), branch, 0..200_i32)
            .prop_map(|(insurer, symbol, number, branch, day)| {
                (key(insurer, symbol, number, branch), date(2026, 1, 1).saturating_add(day.days()))
            })
    }

    proptest! {
        #[test]
        fn neither_order_nor_keys_change_the_answer(people in some_people(), (asked, day) in some_question(), turn in 0..5_usize) {
            let mut turned = people.clone();
            turned.reverse();
            for (dossier, key) in turned.iter_mut().zip(["z", "y", "x", "w"]) {
                dossier.person.known_as = key.to_owned();
                let length = dossier.qualifications.len().max(1);
                dossier.qualifications.rotate_left(turn % length);
            }
            let contents = |found: &[Dossier]| match decide(&asked, day, found) {
                Finding::One(one) => {
                    let second = one.assistance.map(|held| record(&one, held, "架空", day, Consent::Refused));
                    Some((one.validity, record(&one, one.qualification, "架空", day, Consent::Refused), second))
                }
                _ => None,
            };
            prop_assert_eq!(validity(&asked, day, &people), validity(&asked, day, &turned));
            prop_assert!(contents(&people) == contents(&turned));
        }

        #[test]
        fn valid_is_said_exactly_when_a_matching_qualification_is_valid(people in some_people(), (asked, day) in some_question()) {
            let meant: Vec<&Dossier> = people
                .iter()
                .filter(|dossier| dossier.person.birthdate == BORN && dossier.qualifications.iter().any(|held| matches(&asked, held)))
                .collect();
            let said = validity(&asked, day, &people);
            let expected = match meant.as_slice() {
                [] => said == Validity::NotFound,
                [one] => {
                    let valid = one.qualifications.iter().any(|held| matches(&asked, held) && valid_on(held, day));
                    valid == (said == Validity::Valid) && matches!(said, Validity::Valid | Validity::Invalid | Validity::InvalidWithNewer)
                }
                _ => said == Validity::Several,
            };
            prop_assert!(expected, "{said:?} with {} people meant", meant.len());
        }

        #[test]
        fn saying_less_never_hides_anyone(people in some_people(), (asked, day) in some_question()) {
            let less = SearchKey { symbol: None, branch: None, ..asked.clone() };
            if validity(&asked, day, &people) != Validity::NotFound {
                prop_assert_ne!(validity(&less, day, &people), Validity::NotFound);
            }
            if validity(&asked, day, &people) == Validity::Several {
                prop_assert_eq!(validity(&less, day, &people), Validity::Several);
            }
        }
    }
}
