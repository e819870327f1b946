//! An invented country is asked thousands of questions, and each answer is held against a second program that was written from the rules alone.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use eligibility::people::{Plan, generate};
use eligibility::{Answer, Eligibility};
use wire::number::InsurerNumber;

use crate::desk::{import, now, open, question};
use chassis::on_both;
use chassis::testing::Place;

/// How many people; `ONSHI_TEST_PEOPLE` raises it.
fn people() -> u64 {
    std::env::var("ONSHI_TEST_PEOPLE").map_or(2000, |count| count.parse().unwrap())
}

on_both!(every_answer_is_the_one_of_the_independent_oracle, async |place: &Place| {
    let desk = open(place).await;
    let folder = place.folder.path();
    let plan = Plan::new(people(), 20261120);
    let mut csv = Vec::new();
    generate(&plan, &mut csv).unwrap();
    std::fs::write(folder.join("people.csv"), &csv).unwrap();
    let report = import(&desk, std::str::from_utf8(&csv).unwrap()).await;
    assert!(report.applied, "{:?}", report.refusals);
    assert_eq!(report.persons, plan.count);

    let count = (people() * 2).to_string();
    oracle(folder, &["questions", "people.csv", "--count", &count, "--seed", "1"], "questions.csv");
    oracle(folder, &["answers", "people.csv", "questions.csv"], "answers.csv");
    let (questions, expected) = (rows(&folder.join("questions.csv")), rows(&folder.join("answers.csv")));
    assert_eq!((questions.len(), expected.len()), (usize::try_from(people() * 2).unwrap(), questions.len()));
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for (question, expected) in questions.iter().zip(&expected) {
        assert_eq!(&answered(&desk, question).await, expected, "{question:?}");
        *seen.entry(expected["validity"].clone()).or_default() += 1;
        for (part, shown) in expected {
            *seen.entry(part.clone()).or_default() += u32::from(!shown.is_empty());
        }
    }
    // The questions must reach every kind of answer, else agreeing means little.
    for kind in ["1", "2", "3", "4", "5", "limit", "elderly", "diseases", "tickets", "second", "preschool", "ratio"] {
        assert!(seen.get(kind).is_some_and(|times| *times > 0), "no question led to {kind}: {seen:?}");
    }
});

/// Runs the oracle in `folder` and keeps what it prints.
fn oracle(folder: &Path, words: &[&str], into: &str) {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/oracle.py");
    let run = Command::new("python3").arg(program).args(words).current_dir(folder).output().expect("the oracle needs python3");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    std::fs::write(folder.join(into), run.stdout).unwrap();
}

fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    csv::Reader::from_path(path).unwrap().deserialize().map(Result::unwrap).collect()
}

/// Our answer in the oracle's words.
async fn answered(desk: &Eligibility, row: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let typed = ["insurer_number", "symbol", "number", "branch", "birthdate"].map(|column| row[column].as_str());
    match question(&row["date"], typed, &row["consent"]) {
        Some(asked) => words(&desk.answer(&asked, now()).await.unwrap()),
        None => shown([("validity", "refused".to_owned()), ("records", "0".to_owned())]),
    }
}

fn shown<const N: usize>(parts: [(&str, String); N]) -> BTreeMap<String, String> {
    let columns = [
        "validity",
        "records",
        "insurer_number",
        "number",
        "name",
        "lost",
        "reason",
        "ratio",
        "preschool",
        "limit",
        "elderly",
        "diseases",
        "tickets",
        "second",
    ];
    let mut all: BTreeMap<String, String> = columns.map(|column| (column.to_owned(), String::new())).into();
    all.extend(parts.map(|(column, value)| (column.to_owned(), value)));
    all
}

fn words(answer: &Answer) -> BTreeMap<String, String> {
    let (validity, records) = (answer.validity.code().to_owned(), answer.records.len().to_string());
    let Some(first) = answer.records.first() else { return shown([("validity", validity), ("records", records)]) };
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let limit = first.limit_certificate.as_ref();
    let tickets: usize = answer.records.iter().map(|record| record.medical_tickets.len()).sum();
    shown([
        ("validity", validity),
        ("records", records),
        ("insurer_number", InsurerNumber::parse(first.insurer_number.as_ref().unwrap()).unwrap().canonical().to_owned()),
        ("number", text(&first.number)),
        ("name", first.name.clone()),
        ("lost", text(&first.disqualification_date)),
        ("reason", text(&first.reason_of_loss)),
        ("ratio", text(&first.contribution_ratio)),
        ("preschool", text(&first.preschool)),
        ("limit", limit.map(|limit| text(&limit.classification) + &text(&limit.classification_flag)).unwrap_or_default()),
        ("elderly", first.elderly.as_ref().map(|elderly| text(&elderly.contribution_ratio)).unwrap_or_default()),
        ("diseases", first.specific_diseases.iter().map(|disease| text(&disease.category)).collect()),
        ("tickets", if tickets == 0 { String::new() } else { tickets.to_string() }),
        ("second", answer.records.get(1).map(|second| text(&second.number)).unwrap_or_default()),
    ])
}
