//! Opens a register for a story and asks it as a clinic would.

use eligibility::people::{ImportOptions, ImportReport};
use eligibility::{Answer, Config, Eligibility};
use jiff::Timestamp;
use wire::check::{Asked, CheckRequest, SearchInfo};

use chassis::testing::Place;

/// A register with the documented test people acting up.
pub(crate) async fn open(place: &Place) -> Eligibility {
    let config = Config { test_people: true, ..Config::default() };
    Eligibility::open(place.database().await, config).await.unwrap()
}

/// The 20th of November 2026, 10:00 in Japan.
pub(crate) fn now() -> Timestamp {
    "2026-11-20T01:00:00Z".parse().unwrap()
}

/// Brings a people CSV in, with nothing asked for beside.
pub(crate) async fn import(desk: &Eligibility, csv: &str) -> ImportReport {
    import_with(desk, csv, ImportOptions::default()).await
}

/// As [`import`], with options.
pub(crate) async fn import_with(desk: &Eligibility, csv: &str, options: ImportOptions) -> ImportReport {
    desk.import(csv.as_bytes(), options, now(), |_| ()).await.unwrap()
}

/// What a clinic types: insurer, symbol, number, branch (empty when it is not typed), birth date.
pub(crate) type Typed<'a> = [&'a str; 5];

/// The question for `date`, or nothing when it cannot be asked.
pub(crate) fn question(date: &str, [insurer, symbol, number, branch, birthdate]: Typed<'_>, consent: &str) -> Option<Asked> {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let search = SearchInfo {
        insurer_number: insurer.to_owned(),
        symbol: some(symbol),
        number: number.to_owned(),
        branch: some(branch),
        birthdate: birthdate.to_owned(),
        limit_consent: consent.to_owned(),
        arbitrary_identifier: None,
    };
    let facility_code = "1312345678".to_owned();
    CheckRequest { confirmation_date: date.to_owned(), facility_code, file_identifier: None, search }.validate().ok()
}

/// The answer for the day of the story, with consent.
pub(crate) async fn ask(desk: &Eligibility, typed: Typed<'_>) -> Answer {
    desk.answer(&question("20261120", typed, "1").unwrap(), now()).await.unwrap()
}

/// The answer's code and the insurer numbers and names of its records.
pub(crate) fn said(answer: &Answer) -> String {
    let records =
        answer.records.iter().map(|record| format!(" {}/{}", record.insurer_number.as_deref().unwrap_or("-").trim(), record.name));
    format!("{}{}", answer.validity.code(), records.collect::<String>())
}
