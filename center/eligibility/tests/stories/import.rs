//! Files are brought into the register: whole or not at all, replacing whom they name, and saying where a line is wrong without repeating it.

use eligibility::people::ImportOptions;
use tokio::io::AsyncWriteExt;

use crate::desk::{ask, import, import_with, now, open, said};
use chassis::on_both;
use chassis::testing::Place;

const HEADER: &str = "record,person,insurer_number,insurer_name,name,sex,birthdate,card,symbol,number,branch,qualification_date,\
disqualification_date,reason_of_loss,class,band,valid_from,ratio\n";
const INSURERS: &str = "insurer,,06990014,試験組合,,,,,,,,,,,,,,\ninsurer,,990010,試験市,,,,,,,,,,,,,,\n";
const HANAKO: &str = "person,hanako,,,架空　花子,2,19800510,,,,,,,,,,,\n\
qualification,hanako,06990014,,,,,01,99-1,5501,01,20200401,,,,,,\n\
limit,hanako,,,,,,,,,,,,,01,A03,20250801,\n";
const TARO: &str = "person,taro,,,架空　太郎,1,19790101,,,,,,,,,,,\nqualification,taro,990010,,,,,01,１,7,,20200401,,,,,,\n";
const ASK_HANAKO: [&str; 5] = ["06990014", "99-1", "5501", "", "19800510"];
const ASK_HANAKO_IN_TOWN: [&str; 5] = ["990010", "2", "88", "", "19800510"];
const ASK_TARO: [&str; 5] = ["990010", "1", "7", "", "19790101"];

fn file(parts: &[&str]) -> String {
    [&[HEADER, INSURERS], parts].concat().concat()
}

on_both!(people_of_a_file_are_answered_about, async |place: &Place| {
    let desk = open(place).await;
    assert_eq!(said(&ask(&desk, ASK_HANAKO).await), "4");
    let report = import(&desk, &file(&[HANAKO, TARO])).await;
    assert!(report.applied && report.refusals.is_empty());
    assert_eq!((report.lines, report.insurers, report.persons, report.qualifications), (8, 2, 2, 2));
    let answer = ask(&desk, ASK_HANAKO).await;
    assert_eq!(said(&answer), "1 06990014/架空　花子");
    let limit = answer.records[0].limit_certificate.as_ref().unwrap();
    assert_eq!((limit.classification.as_deref(), limit.classification_flag.as_deref()), (Some("01"), Some("A03")));
    assert_eq!(answer.records[0].limit_consent_time.as_deref(), Some("20261120100000"));
    assert_eq!(answer.records[0].insurer_name, "試験組合");
    assert_eq!(said(&ask(&desk, ASK_TARO).await), "1 990010/架空　太郎");
    let counts = desk.count().await.unwrap();
    assert_eq!((counts.insurers, counts.persons, counts.qualifications, counts.last_import_at), (2, 2, 2, Some(now())));
});

on_both!(a_person_of_a_later_file_is_replaced_as_a_whole, async |place: &Place| {
    let desk = open(place).await;
    import(&desk, &file(&[HANAKO, TARO])).await;
    let moved = "person,hanako,,,例示　花子,2,19800510,,,,,,,,,,,\n\
qualification,hanako,06990014,,,,,01,99-1,5501,01,20200401,20261001,03,,,,\n\
qualification,hanako,990010,,,,,01,2,88,01,20261001,,,,,,\n";
    assert!(import(&desk, &[HEADER, moved].concat()).await.applied, "the insurers are known from before");
    let answer = ask(&desk, ASK_HANAKO).await;
    assert_eq!(said(&answer), "3 06990014/例示　花子");
    assert!(answer.records[0].limit_certificate.is_none());
    assert_eq!(said(&ask(&desk, ASK_HANAKO_IN_TOWN).await), "1 990010/例示　花子");
    assert_eq!(said(&ask(&desk, ASK_TARO).await), "1 990010/架空　太郎", "whom the file does not name stays");

    let only_town = "person,hanako,,,例示　花子,2,19800510,,,,,,,,,,,\nqualification,hanako,990010,,,,,01,2,88,01,20261001,,,,,,\n";
    import(&desk, &[HEADER, only_town].concat()).await;
    assert_eq!(said(&ask(&desk, ASK_HANAKO).await), "4", "what the file leaves out is gone");
    let counts = desk.count().await.unwrap();
    assert_eq!((counts.persons, counts.qualifications), (2, 2));
});

on_both!(replacing_the_register_leaves_nothing_of_before, async |place: &Place| {
    let desk = open(place).await;
    import(&desk, &file(&[HANAKO, TARO])).await;
    let replace = ImportOptions { replace: true, ..ImportOptions::default() };
    let unknown = import_with(&desk, &[HEADER, TARO].concat(), replace).await;
    assert!(!unknown.applied, "its insurer would be gone");
    assert_eq!(said(&ask(&desk, ASK_HANAKO).await), "1 06990014/架空　花子");
    assert!(import_with(&desk, &file(&[TARO]), replace).await.applied);
    assert_eq!(said(&ask(&desk, ASK_HANAKO).await), "4");
    assert_eq!(said(&ask(&desk, ASK_TARO).await), "1 990010/架空　太郎");
    assert_eq!(desk.count().await.unwrap().persons, 1);
});

on_both!(one_wrong_line_refuses_the_file_unless_the_good_ones_are_asked_for, async |place: &Place| {
    let desk = open(place).await;
    let wrong = "person,jiro,,,架空　次郎,1,19790101,,,,,,,,,,,\n\
qualification,jiro,06990014,,,,,01,1,9,,20200401,,,,,,\n\
qualification,jiro,06990015,,,,,01,1,10,,20200401,,,,,,\n";
    let text = file(&[HANAKO, wrong, TARO]);
    let report = import(&desk, &text).await;
    assert!(!report.applied);
    assert_eq!((report.refused, report.persons_left_out), (1, 1));
    assert_eq!((report.refusals[0].line, report.refusals[0].column), (9, Some("insurer_number")));
    assert_eq!(desk.count().await.unwrap(), eligibility::Counts::default());

    let good = ImportOptions { accept_good_lines: true, ..ImportOptions::default() };
    let report = import_with(&desk, &text, good).await;
    assert!(report.applied);
    assert_eq!((report.persons, report.persons_left_out), (2, 1));
    assert_eq!(said(&ask(&desk, ["06990014", "1", "9", "", "19790101"]).await), "4", "a person is never brought in by half");
    assert_eq!(said(&ask(&desk, ASK_TARO).await), "1 990010/架空　太郎");
});

on_both!(a_person_that_stands_twice_is_refused, async |place: &Place| {
    let desk = open(place).await;
    let text = file(&[HANAKO, TARO, HANAKO]);
    let report = import(&desk, &text).await;
    assert!(!report.applied);
    assert_eq!((report.refusals[0].line, report.refusals[0].column), (9, Some("person")));
    let good = ImportOptions { accept_good_lines: true, ..ImportOptions::default() };
    assert!(import_with(&desk, &text, good).await.applied);
    assert_eq!(said(&ask(&desk, ASK_HANAKO).await), "1 06990014/架空　花子", "the first one stands");
    assert!(ask(&desk, ASK_HANAKO).await.records[0].limit_certificate.is_some());
});

on_both!(an_answer_comes_from_before_or_from_after_an_import, async |place: &Place| {
    let desk = open(place).await;
    import(&desk, &file(&[HANAKO, TARO])).await;
    let (mut typing, reading) = tokio::io::duplex(1 << 20);
    let replace = ImportOptions { replace: true, ..ImportOptions::default() };
    let (told, mut progress) = tokio::sync::mpsc::unbounded_channel();
    let running = tokio::spawn({
        let desk = desk.clone();
        async move { desk.import(reading, replace, now(), |lines| told.send(lines).unwrap()).await.unwrap() }
    });
    // Enough that some of it is written to the database while the file is still coming.
    let mut many = file(&[]);
    for person in 0..3000 {
        many.push_str(&format!(
            "person,p{person},,,架空　{person},1,19790101,,,,,,,,,,,\nqualification,p{person},990010,,,,,01,1,{},,20200401,,,,,,\n",
            1000 + person
        ));
    }
    typing.write_all(many.as_bytes()).await.unwrap();
    assert!(progress.recv().await.unwrap() > 1000);
    assert_eq!(said(&ask(&desk, ASK_HANAKO).await), "1 06990014/架空　花子");
    assert_eq!(said(&ask(&desk, ["990010", "1", "1001", "", "19790101"]).await), "4");
    drop(typing);
    assert_eq!(running.await.unwrap().persons, 3000);
    assert_eq!(said(&ask(&desk, ASK_HANAKO).await), "4");
    assert_eq!(said(&ask(&desk, ["990010", "1", "1001", "", "19790101"]).await), "1 990010/架空　1");
});

on_both!(an_answer_never_mixes_two_imports, async |place: &Place| {
    let desk = open(place).await;
    let version = |name: &str, band: &str| file(&[HANAKO]).replace("架空　花子", name).replace("A03", band);
    let versions = [version("一版　花子", "A01"), version("二版　花子", "A02")];
    import(&desk, &versions[0]).await;
    let importing = tokio::spawn({
        let desk = desk.clone();
        async move {
            for version in versions.iter().cycle().take(24) {
                import(&desk, version).await;
            }
        }
    });
    while !importing.is_finished() {
        let answer = ask(&desk, ASK_HANAKO).await;
        let band = answer.records[0].limit_certificate.as_ref().unwrap().classification_flag.as_deref();
        assert_eq!(band, Some(if answer.records[0].name == "一版　花子" { "A01" } else { "A02" }));
        tokio::task::yield_now().await;
    }
    importing.await.unwrap();
});

on_both!(a_stream_that_breaks_off_changes_nothing, async |place: &Place| {
    let desk = open(place).await;
    import(&desk, &file(&[TARO])).await;
    let broken = tokio_util::io::StreamReader::new(futures_util::stream::iter([
        Ok(file(&[HANAKO]).into_bytes().into_iter().collect::<bytes::Bytes>()),
        Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
    ]));
    let replace = ImportOptions { replace: true, ..ImportOptions::default() };
    assert!(matches!(desk.import(broken, replace, now(), |_| ()).await, Err(eligibility::Error::Source(_))));
    assert_eq!(said(&ask(&desk, ASK_TARO).await), "1 990010/架空　太郎");
    assert_eq!(said(&ask(&desk, ASK_HANAKO).await), "4");
});

/// What is said of one wrong line after the insurers: its column and its sentence.
async fn refusal_of(line: &str) -> (Option<&'static str>, String) {
    let place = Place::sqlite();
    let desk = open(&place).await;
    let report = import(&desk, &file(&[HANAKO, line, "\n"])).await;
    assert!(!report.applied, "{line}");
    assert_eq!(report.refusals[0].line, 7, "{line}");
    (report.refusals[0].column, report.refusals[0].problem.clone())
}

#[tokio::test]
async fn every_mistake_is_named_with_its_column_and_never_with_its_value() {
    let table = [
        ("persona,x,,,名,1,19790101,,,,,,,,,,,", Some("record"), "種類"),
        ("person,,,,名,1,19790101,,,,,,,,,,,", Some("person"), "値がありません"),
        ("person,x,,,名,8,19790101,,,,,,,,,,,", Some("sex"), "1、2、3"),
        ("person,x,,,名,1,19790231,,,,,,,,,,,", Some("birthdate"), "実在しない"),
        ("person,x,,,名,1,1979,,,,,,,,,,,", Some("birthdate"), "yyyyMMdd"),
        ("person,x,,,名,1,20270101,,,,,,,,,,,", Some("birthdate"), "今日より後"),
        ("person,x,,,名,1,19790101,01,,,,,,,,,,", Some("card"), "使わない列"),
        ("person,x,,,名,1,19790101", None, "列の数が7"),
        ("qualification,other,06990014,,,,,01,1,9,,20200401,,,,,,", Some("person"), "続けて書き"),
        ("qualification,hanako,39990015,,,,,01,1,9,,20200401,,,,,,", Some("insurer_number"), "登録されていません"),
        ("qualification,hanako,06990014,,,,,01,1,9,,19700401,,,,,,", Some("qualification_date"), "生年月日より前"),
        ("qualification,hanako,06990014,,,,,01,1,9,,20200401,20200331,03,,,,", Some("disqualification_date"), "より前"),
        ("qualification,hanako,06990014,,,,,01,1,9,,20200401,,03,,,,", Some("reason_of_loss"), "喪失日がない"),
        ("qualification,hanako,06990014,,,,,A1,1,9,,20200401,,,,,,", Some("card"), "法別番号"),
        ("qualification,hanako,06990014,,,,,01,1,9,123,20200401,,,,,,", Some("branch"), "2桁"),
        ("qualification,hanako,06990014,,,,,01,1,123456789012345678901,,20200401,,,,,,", Some("number"), "長すぎます"),
        ("elderly,hanako,,,,,,,,,,,,,,,20250801,040", Some("ratio"), "010"),
        ("limit,hanako,,,,,,,,,,,,,01,Z09,20250801,", Some("band"), "OQSCD012"),
        ("person,\"x,,,名,1,19790101,,,,,,,,,,,", None, "引用符"),
    ];
    for (line, column, problem) in table {
        let (named, said) = refusal_of(line).await;
        assert_eq!(named, column, "{line}");
        assert!(said.contains(problem), "{line}: {said}");
    }
    let (_, said) = refusal_of("person,x,,,名,1,19790231,,,,,,,,,,,").await;
    assert!(!said.contains("1979"), "{said}");
}

#[tokio::test]
async fn a_certificate_needs_a_qualification_above_it() {
    let place = Place::sqlite();
    let desk = open(&place).await;
    let text = file(&["person,x,,,名,1,19790101,,,,,,,,,,,\nlimit,x,,,,,,,,,,,,,01,A03,20250801,\n"]);
    let report = import(&desk, &text).await;
    assert_eq!((report.refusals[0].line, report.refusals[0].column), (5, Some("record")));
    let text = file(&[HANAKO, "ticket,hanako,,,,,,,,,,,,,01,,20250801,\n"]);
    assert!(!import(&desk, &text).await.applied, "a ticket under an insurance");
}

#[tokio::test]
async fn a_file_in_shift_jis_is_refused_with_one_clear_sentence() {
    let place = Place::sqlite();
    let desk = open(&place).await;
    let mut bytes = [HEADER.as_bytes(), b"insurer,,06990014,"].concat();
    bytes.extend(b"\x8e\x8e\x8c\xb1,,,,,,,,,,,,,,\n");
    let options = ImportOptions { accept_good_lines: true, ..ImportOptions::default() };
    let report = desk.import(bytes.as_slice(), options, now(), |_| ()).await.unwrap();
    assert!(!report.applied);
    assert_eq!((report.refused, report.refusals[0].line), (1, 2));
    assert!(report.refusals[0].problem.contains("UTF-8で保存し直して"), "{}", report.refusals[0].problem);
}

#[tokio::test]
async fn a_file_that_is_no_people_csv_is_refused_at_its_first_line() {
    let place = Place::sqlite();
    let desk = open(&place).await;
    for (text, problem) in
        [("", "空です"), ("a,b\n1,2\n", "使えません"), ("record,name\n", "この列がありません"), ("record,person,person\n", "同じ列")]
    {
        let report = import(&desk, text).await;
        assert!(!report.applied && report.refusals[0].line == 1, "{text}");
        assert!(report.refusals[0].problem.contains(problem), "{text}: {}", report.refusals[0].problem);
    }
}

#[tokio::test]
async fn a_byte_order_mark_and_other_line_ends_are_taken() {
    let place = Place::sqlite();
    let desk = open(&place).await;
    let text = format!("\u{feff}{}", file(&[HANAKO, "\n", TARO]).replace('\n', "\r\n"));
    assert!(import(&desk, text.trim_end()).await.applied);
    assert_eq!(said(&ask(&desk, ASK_TARO).await), "1 990010/架空　太郎");
}

#[tokio::test]
async fn a_report_shows_a_hundred_lines_and_counts_all() {
    let place = Place::sqlite();
    let desk = open(&place).await;
    let wrong = "person,x,,,名,9,19790101,,,,,,,,,,,\n".repeat(250);
    let report = import(&desk, &file(&[&wrong])).await;
    assert_eq!((report.refused, report.refusals.len(), report.persons_left_out), (250, 100, 250));
}
