//! Every documented test person is asked about as a file, on the command line, by curl, and by a plain Python program.

use serde_json::Value;

use crate::world::{SEARCH, World, question, question_xml, text};

/// The slow person answers after a second here, or after as many as `ONSHI_TEST_SLOW_SECONDS` says.
fn world() -> World {
    let seconds = std::env::var("ONSHI_TEST_SLOW_SECONDS").unwrap_or_else(|_| "1".to_owned());
    World::begin_with(&[("ONSHI_CENTER__ELIGIBILITY__SLOW_ANSWER_SECONDS", &seconds)])
}

struct Documented {
    case: String,
    insurer: String,
    symbol: Option<String>,
    number: String,
    branch: Option<String>,
    birthdate: String,
    validity: String,
    name: Option<String>,
}

/// The table of docs/test-people.md, as a developer reads it.
fn documented() -> Vec<Documented> {
    let document = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/test-people.md")).unwrap();
    let optional = |cell: &str| (cell != "なし").then(|| cell.to_owned());
    let rows: Vec<Documented> = document
        .lines()
        .filter(|line| line.starts_with("| ") && !line.contains("保険者番号"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>())
        .filter(|cells| cells.len() == 9)
        .map(|cells| Documented {
            case: cells[0].to_owned(),
            insurer: cells[1].to_owned(),
            symbol: optional(cells[2]),
            number: cells[3].to_owned(),
            branch: optional(cells[4]),
            birthdate: cells[5].to_owned(),
            validity: cells[6].chars().next().unwrap().to_string(),
            name: optional(cells[7]),
        })
        .collect();
    assert!(rows.len() >= 20, "the document's table has {} rows", rows.len());
    rows
}

fn failing(case: &str) -> bool {
    case == "処理エラー" || case == "壊れた応答"
}

#[test]
fn each_test_person_dropped_as_a_file_gives_its_documented_answer() {
    let world = world();
    for (place, person) in documented().iter().enumerate() {
        let xml = question_xml(&person.insurer, person.symbol.as_deref(), &person.number, person.branch.as_deref(), &person.birthdate);
        let bytes = world.drop_file(&format!("OQSsiquc01req_story{place:04}"), xml.as_bytes(), "xml");
        let result = wire::xml::read_check_result(&bytes);
        match person.case.as_str() {
            "壊れた応答" => assert!(result.is_err(), "{}", person.case),
            "処理エラー" => {
                let body = result.unwrap().body;
                assert_eq!((body.status.as_str(), body.code.is_some()), ("2", true));
            }
            _ => {
                let body = result.unwrap().body;
                assert_eq!(body.validity.as_deref(), Some(person.validity.as_str()), "{}", person.case);
                assert_eq!(body.records.first().map(|record| record.name.as_str()), person.name.as_deref(), "{}", person.case);
            }
        }
    }
}

#[test]
fn each_test_person_asked_by_curl_gives_its_documented_answer() {
    let world = world();
    let token = format!("Authorization: {}", world.token());
    for person in documented() {
        let body = question(&person.insurer, person.symbol.as_deref(), &person.number, person.branch.as_deref(), &person.birthdate);
        let (status, answer) = world.curl(SEARCH.0, SEARCH.1, &body.to_string(), &["--header", &token]);
        assert_eq!(status, "200", "{}: {answer}", person.case);
        let Ok(answer) = serde_json::from_str::<Value>(&answer) else {
            assert_eq!(person.case, "壊れた応答");
            continue;
        };
        let body = &answer["XmlMsg"]["MessageBody"];
        if failing(&person.case) {
            assert_eq!(body["ProcessingResultStatus"], "2");
            continue;
        }
        assert_eq!(body["QualificationValidity"], person.validity.as_str(), "{}", person.case);
        let name = &body["ResultList"][0]["ResultOfQualificationConfirmation"]["Name"];
        assert_eq!(name.as_str(), person.name.as_deref(), "{}", person.case);
    }
}

#[test]
fn the_command_line_asks_too_as_a_table_and_as_json() {
    let world = world();
    for person in documented().into_iter().filter(|person| !failing(&person.case)) {
        let mut arguments = vec!["ask", "--insurer", &person.insurer, "--number", &person.number, "--birthdate", &person.birthdate];
        arguments.extend(["--date", "2026-07-15"]);
        for (name, value) in [("--symbol", &person.symbol), ("--branch", &person.branch)] {
            if let Some(value) = value {
                arguments.extend([name, value]);
            }
        }
        let table = world.run(&arguments);
        assert_eq!(table.status.code(), Some(if person.validity == "1" { 0 } else { 4 }), "{}: {}", person.case, text(&table));
        if let Some(name) = &person.name {
            assert!(text(&table).contains(name.as_str()), "{}: {}", person.case, text(&table));
        }
        arguments.push("--json");
        assert_eq!(world.json(&arguments)["XmlMsg"]["MessageBody"]["QualificationValidity"], person.validity.as_str());
    }
}

#[test]
fn a_plain_python_program_asks_under_the_real_names() {
    let world = World::begin();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/ask.py");
    let output = world.run(&["names", "run", "--", "python3", script]);
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "1 試験　有効 試験健康保険組合\n");
}

#[test]
fn a_register_brought_in_from_a_file_is_asked_at_once_and_a_bad_line_changes_nothing() {
    let world = World::begin();
    let made = world.run(&["people", "generate", "--count", "300", "--seed", "7", "--output", "people.csv"]);
    assert!(made.status.success(), "{}", text(&made));
    let before = world.json(&["people", "count", "--json"])["persons"].as_u64().unwrap();
    let report = world.json(&["people", "import", "people.csv", "--json"]);
    assert_eq!((report["applied"].as_bool(), report["persons"].as_u64()), (Some(true), Some(300)));
    assert_eq!(world.json(&["people", "count", "--json"])["persons"], before + 300);
    let path = world.folder.path().join("people.csv");
    let spoilt = std::fs::read_to_string(&path).unwrap().replacen("person,", "persn,", 1);
    std::fs::write(&path, spoilt).unwrap();
    let refused = world.run(&["people", "import", "people.csv", "--replace"]);
    assert!(!refused.status.success(), "{}", text(&refused));
    assert_eq!(world.json(&["people", "count", "--json"])["persons"], before + 300);
}
