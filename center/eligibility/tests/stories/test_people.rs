//! The documented test people are brought in, and each documented question is answered as the document says.

use eligibility::people::ImportOptions;
use eligibility::staged::{Staged, documented};
use eligibility::{Config, Eligibility};
use wire::code::Validity;

use crate::desk::{import_with, now, open, question, said};
use chassis::on_both;
use chassis::testing::Place;

on_both!(every_documented_question_has_its_documented_answer, async |place: &Place| {
    let desk = open(place).await;
    let first = desk.seed_test_people(now()).await.unwrap();
    assert!(first.applied, "{:?}", first.refusals);
    let counts = desk.count().await.unwrap();
    assert!(desk.seed_test_people(now()).await.unwrap().applied, "a second time changes nothing");
    assert_eq!(desk.count().await.unwrap(), counts);
    for day in ["20250801", "20261120", "20301231"] {
        for person in documented() {
            let (symbol, branch) = (person.symbol.unwrap_or_default(), person.branch.unwrap_or_default());
            let asked = question(day, [person.insurer_number, symbol, person.number, branch, person.birthdate], "1").unwrap();
            let answer = desk.answer(&asked, now()).await.unwrap();
            assert_eq!(answer.validity, person.validity, "{} on {day}", person.case);
            assert_eq!(answer.records.first().map(|record| record.name.as_str()), person.name, "{} on {day}", person.case);
            assert_eq!(desk.staged(&asked), person.staged, "{} on {day}", person.case);
        }
    }
});

on_both!(the_records_of_test_people_show_what_they_are_there_for, async |place: &Place| {
    let desk = open(place).await;
    desk.seed_test_people(now()).await.unwrap();
    let of = async |symbol: &str, consent: &str| {
        let person = documented().iter().find(|person| person.symbol == Some(symbol)).unwrap();
        let typed = [person.insurer_number, symbol, person.number, person.branch.unwrap_or_default(), person.birthdate];
        desk.answer(&question("20261120", typed, consent).unwrap(), now()).await.unwrap().records
    };
    assert_eq!(of("11", "1").await[0].limit_certificate.as_ref().unwrap().classification_flag.as_deref(), Some("A03"));
    assert!(of("11", "0").await[0].limit_certificate.is_none());
    assert_eq!(of("12", "1").await[0].specific_diseases[0].self_pay.as_deref(), Some("10000"));
    assert!(of("12", "0").await[0].specific_diseases.is_empty(), "a specific disease is never shown without consent");
    assert_eq!(of("13", "0").await[0].elderly.as_ref().unwrap().contribution_ratio.as_deref(), Some("020"));
    let assisted = of("14", "0").await;
    assert_eq!((assisted.len(), assisted[1].card_classification.as_str(), assisted[1].medical_tickets.len()), (2, "A1", 1));
    assert_eq!(of("7", "0").await[0].preschool.as_deref(), Some("1"));
    assert_eq!(of("3", "0").await[0].disqualification_date.as_deref(), Some("20250401"));
    assert!(of("15", "0").await[0].name.contains('\u{20bb7}'));
});

on_both!(nobody_acts_up_where_patients_are_real, async |place: &Place| {
    let real = Eligibility::open(place.database().await, Config::default()).await.unwrap();
    for person in documented().iter().filter(|person| person.staged.is_some()) {
        let typed = [person.insurer_number, person.symbol.unwrap(), person.number, "", person.birthdate];
        let asked = question("20261120", typed, "0").unwrap();
        assert_eq!(real.staged(&asked), None);
        assert_eq!(real.answer(&asked, now()).await.unwrap().validity, Validity::NotFound);
    }
});

#[tokio::test]
async fn only_the_symbols_of_the_test_insurer_are_staged() {
    let place = Place::sqlite();
    let desk = open(&place).await;
    let staged = |insurer, symbol| desk.staged(&question("20261120", [insurer, symbol, "1", "", "19700101"], "0").unwrap());
    assert_eq!(staged("06990014", "９０"), Some(Staged::SlowAnswer));
    assert_eq!(staged("06990014", "1"), None);
    assert_eq!(staged("06990014", ""), None);
    assert_eq!(staged("990010", "90"), None);
    assert_eq!(staged("01990019", "91"), None);
}

#[tokio::test]
async fn whom_an_answer_is_about_is_the_same_under_every_spelling() {
    let place = Place::sqlite();
    let desk = open(&place).await;
    desk.seed_test_people(now()).await.unwrap();
    let subject = async |typed| desk.answer(&question("20261120", typed, "0").unwrap(), now()).await.unwrap().subject;
    let one = subject(["06990014", "1", "1001", "00", "19800101"]).await;
    assert_eq!(one, subject(["6990014", "０１", "１００１", "", "19800101"]).await);
    assert_ne!(one, subject(["06990014", "2", "1002", "00", "19800202"]).await);
    let nobody = subject(["06990014", "4", "1004", "", "19800404"]).await;
    assert_eq!(nobody, subject(["06990014", "４", "1-004", "", "19800404"]).await);
    assert_ne!(nobody, subject(["06990014", "4", "1004", "", "19800405"]).await);
    assert!(!format!("{one:?}{nobody:?}").contains("100"));
    let replace = ImportOptions { replace: true, ..ImportOptions::default() };
    assert!(import_with(&desk, "record,person\n", replace).await.applied);
    assert_eq!(
        said(&desk.answer(&question("20261120", ["06990014", "1", "1001", "", "19800101"], "0").unwrap(), now()).await.unwrap()),
        "4"
    );
}
