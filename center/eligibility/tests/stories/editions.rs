//! Imports run beside the questions: nobody sees half of one, one at a time is under way, and whatever becomes of it the register stays whole.

use std::time::Duration;

use chassis::db::{Database, values};
use chassis::on_both;
use chassis::testing::Place;
use eligibility::people::ImportOptions;
use eligibility::{Config, Eligibility, Error};
use tokio::io::{AsyncWriteExt, DuplexStream};
use tokio::task::JoinHandle;

use crate::desk::{ask, now, said};

const REPLACE: ImportOptions = ImportOptions { replace: true, accept_good_lines: false };
const ADD: ImportOptions = ImportOptions { replace: false, accept_good_lines: false };

/// A people CSV of these persons: everyone is insured under the own number and bears `family` as family name.
fn file(family: &str, persons: impl Iterator<Item = u32>) -> String {
    let header = "record,person,insurer_number,insurer_name,name,sex,birthdate,card,symbol,number,qualification_date\n";
    let mut text = format!("{header}insurer,,990010,{family}市,,,,,,,\n");
    for person in persons {
        let number = 1000 + person;
        text +=
            &format!("person,p{person},,,{family}　{person},1,19790101,,,,\nqualification,p{person},990010,,,,,01,1,{number},20200401\n");
    }
    text
}

/// Who is said to be insured under this person's number: the family name, or nobody.
async fn family(desk: &Eligibility, person: u32) -> Option<String> {
    let number = (1000 + person).to_string();
    let answer = ask(desk, ["990010", "1", &number, "", "19790101"]).await;
    let record = answer.records.first()?;
    let family = record.name.split('　').next().unwrap().to_owned();
    assert_eq!(record.insurer_name, format!("{family}市"), "the insurer's name is of the same moment");
    Some(family)
}

async fn register(db: &Database) -> Eligibility {
    Eligibility::open(db.clone(), Config::default()).await.unwrap()
}

async fn import(desk: &Eligibility, text: &str, options: ImportOptions) {
    assert!(desk.import(text.as_bytes(), options, now(), |_| ()).await.unwrap().applied);
}

/// An import whose file has begun to come and stands still: some of its people are written already.
async fn begun(desk: &Eligibility, text: &str, options: ImportOptions) -> (DuplexStream, JoinHandle<Result<bool, Error>>) {
    let (mut typing, reading) = tokio::io::duplex(1 << 22);
    let (told, mut progress) = tokio::sync::mpsc::unbounded_channel();
    let desk = desk.clone();
    let running = tokio::spawn(async move {
        let report = desk.import(reading, options, now(), |lines| told.send(lines).unwrap_or_default()).await?;
        Ok(report.applied)
    });
    typing.write_all(text.as_bytes()).await.unwrap();
    // The file is read in large blocks; blank lines fill one up and mean nothing.
    typing.write_all(&[b'\n'; 1 << 18]).await.unwrap();
    assert!(progress.recv().await.unwrap() > 2000);
    (typing, running)
}

async fn rows(db: &Database, table: &str) -> i64 {
    db.query_opt(&format!("SELECT COUNT(*) FROM {table}"), &[]).await.unwrap().unwrap().int(0).unwrap()
}

on_both!(while_a_register_is_replaced_others_write_and_every_answer_is_of_one_register, async |place: &Place| {
    let db = place.database().await;
    let desk = register(&db).await;
    import(&desk, &file("旧", 0..50), REPLACE).await;
    let (typing, running) = begun(&desk, &file("新", 0..5000), REPLACE).await;
    // The import stands still in the middle and holds nobody up, writers of the same database included.
    db.execute("CREATE TABLE other (id BIGINT)", &[]).await.unwrap();
    db.execute("INSERT INTO other (id) VALUES ($1)", &values![1]).await.unwrap();
    assert_eq!(family(&desk, 7).await.as_deref(), Some("旧"));
    assert_eq!(family(&desk, 4000).await, None);
    drop(typing);
    let mut last = "旧".to_owned();
    while !running.is_finished() {
        let (first, second) = (family(&desk, 7).await.unwrap(), family(&desk, 8).await.unwrap());
        assert!(last == "旧" || (first == "新" && second == "新"), "once the new register is seen, the old one never is again");
        assert!(first == "旧" || second == "新");
        last = second;
        tokio::task::yield_now().await;
    }
    assert!(running.await.unwrap().unwrap());
    assert_eq!(family(&desk, 4000).await.as_deref(), Some("新"));
    assert_eq!(desk.count().await.unwrap().persons, 5000);
    desk.tidied().await.unwrap();
    assert_eq!(rows(&db, "edition_sheet").await, 5000, "nothing of the old one is left");
    assert_eq!((rows(&db, "edition_person").await, rows(&db, "edition_lookup").await), (5000, 5000));
    assert_eq!((rows(&db, "edition").await, rows(&db, "edition_insurer").await), (1, 1));
});

on_both!(people_brought_in_beside_the_register_are_seen_all_at_once_and_merged, async |place: &Place| {
    let db = place.database().await;
    let desk = register(&db).await;
    import(&desk, &file("旧", 0..600), REPLACE).await;
    let (typing, running) = begun(&desk, &file("新", 300..3000), ADD).await;
    assert_eq!((family(&desk, 300).await.as_deref(), family(&desk, 2000).await), (Some("旧"), None));
    drop(typing);
    assert!(running.await.unwrap().unwrap());
    // At every moment of the merging the answers are the same.
    let merging = tokio::spawn({
        let desk = desk.clone();
        async move { desk.tidied().await.unwrap() }
    });
    loop {
        let over = merging.is_finished();
        for person in [300, 301, 599, 600, 2999] {
            assert_eq!(family_name(&desk, person).await.as_deref(), Some("新"), "{person}");
        }
        assert_eq!(family_name(&desk, 299).await.as_deref(), Some("旧"));
        if over {
            break;
        }
        tokio::task::yield_now().await;
    }
    merging.await.unwrap();
    let counts = desk.count().await.unwrap();
    assert_eq!((counts.persons, counts.qualifications, counts.insurers), (3000, 3000, 1));
    for table in ["edition_sheet", "edition_person", "edition_lookup"] {
        assert_eq!(rows(&db, table).await, 3000, "{table}");
    }
    assert_eq!(rows(&db, "edition").await, 1);
});

/// As [`family`]; the insurer of the older people was renamed with the newer ones.
async fn family_name(desk: &Eligibility, person: u32) -> Option<String> {
    let number = (1000 + person).to_string();
    let answer = ask(desk, ["990010", "1", &number, "", "19790101"]).await;
    assert_eq!(answer.records.first()?.insurer_name, "新市");
    answer.records.first()?.name.split('　').next().map(str::to_owned)
}

on_both!(several_files_in_a_row_leave_what_the_last_one_says_of_each, async |place: &Place| {
    let db = place.database().await;
    let desk = register(&db).await;
    for (family, persons) in [("一", 0..40), ("二", 10..50), ("三", 20..30), ("四", 45..60)] {
        import(&desk, &file(family, persons), ADD).await;
    }
    for _ in 0..2 {
        for (person, expected) in [(0, "一"), (10, "二"), (25, "三"), (44, "二"), (45, "四"), (59, "四")] {
            let answer = ask(&desk, ["990010", "1", &(1000 + person).to_string(), "", "19790101"]).await;
            assert_eq!(said(&answer), format!("1 990010/{expected}　{person}"));
        }
        let counts = desk.count().await.unwrap();
        assert_eq!((counts.persons, counts.qualifications), (60, 60));
        desk.tidied().await.unwrap();
    }
    assert_eq!(rows(&db, "edition_sheet").await, 60);
});

on_both!(a_second_import_at_once_is_refused_with_a_sentence, async |place: &Place| {
    let db = place.database().await;
    let (one, other) = (register(&db).await, register(&db).await);
    let (typing, running) = begun(&one, &file("新", 0..3000), REPLACE).await;
    let refusal = other.import(file("別", 0..5).as_bytes(), ADD, now(), |_| ()).await.unwrap_err();
    assert!(matches!(refusal, Error::ImportUnderWay { seconds: 30 }), "{refusal}");
    assert!(refusal.to_string().contains("別の取り込みが進行中です"), "{refusal}");
    drop(typing);
    assert!(running.await.unwrap().unwrap());
    import(&other, &file("別", 0..5), ADD).await;
    assert_eq!((family_of(&one, 3).await, family_of(&one, 5).await), ("別".to_owned(), "新".to_owned()));
});

/// The family name alone.
async fn family_of(desk: &Eligibility, person: u32) -> String {
    let answer = ask(desk, ["990010", "1", &(1000 + person).to_string(), "", "19790101"]).await;
    answer.records[0].name.split('　').next().unwrap().to_owned()
}

on_both!(an_import_that_is_dropped_in_the_middle_leaves_the_old_register_and_the_next_one_succeeds, async |place: &Place| {
    let db = place.database().await;
    let desk = register(&db).await;
    import(&desk, &file("旧", 0..50), REPLACE).await;
    let (_typing, running) = begun(&desk, &file("新", 0..3000), REPLACE).await;
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    assert_eq!(family(&desk, 7).await.as_deref(), Some("旧"));
    // The lease is given back in the background; until then the next one is refused, not spoilt.
    tokio::time::timeout(Duration::from_secs(20), async {
        let text = file("次", 0..60);
        while let Err(refusal) = desk.import(text.as_bytes(), REPLACE, now(), |_| ()).await {
            assert!(matches!(refusal, Error::ImportUnderWay { .. }), "{refusal}");
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    assert_eq!(family(&desk, 7).await.as_deref(), Some("次"));
    desk.tidied().await.unwrap();
    assert_eq!((rows(&db, "edition").await, rows(&db, "edition_sheet").await), (1, 60));
});

on_both!(the_lease_of_an_importer_that_died_runs_out, async |place: &Place| {
    let db = place.database().await;
    let desk = register(&db).await;
    import(&desk, &file("旧", 0..50), REPLACE).await;
    let (typing, running) = begun(&desk, &file("新", 0..3000), REPLACE).await;
    // As after a death: no sign of life came for long, and whatever the importer does yet it does without the lease.
    db.execute("UPDATE lease SET until = 1, holder = 'nobody'", &[]).await.unwrap();
    let other = register(&db).await;
    import(&other, &file("次", 0..60), REPLACE).await;
    assert_eq!(family(&desk, 7).await.as_deref(), Some("次"));
    // The one that was only slow finds out, and spoils nothing.
    drop(typing);
    assert!(matches!(running.await.unwrap(), Err(Error::LeaseLost)));
    assert_eq!(family(&desk, 7).await.as_deref(), Some("次"));
    desk.tidied().await.unwrap();
    assert_eq!((rows(&db, "edition").await, rows(&db, "edition_sheet").await), (1, 60));
});

on_both!(a_register_of_the_first_version_is_brought_over_and_older_copies_go_on_answering_from_it, async |place: &Place| {
    let db = place.database().await;
    let first = chassis::db::Migration { number: 1, name: "register", sql: include_str!("../../migrations/0001_register.sql") };
    db.migrate("eligibility", &[first]).await.unwrap();
    for sql in [
        "INSERT INTO insurer (insurer_number, name) VALUES ('06990014', '試験組合')",
        "INSERT INTO insured (person_key, person, import_number, name, sex, birthdate) VALUES ('aa', 'hanako', 1, '架空　花子', '2', '1980-05-10')",
        "INSERT INTO insured (person_key, person, import_number, name, sex, birthdate) VALUES ('bb', 'taro', 1, '架空　太郎', '1', '1979-01-01')",
        "INSERT INTO qualification (person_key, place, import_number, lookup_hash, has_certificates, card, insurer_number, symbol, number, branch, acquired)
         VALUES ('aa', 0, 1, 'x', 1, '01', '06990014', '99-1', '5501', '01', '2020-04-01')",
        "INSERT INTO qualification (person_key, place, import_number, lookup_hash, has_certificates, card, insurer_number, number, acquired, lost)
         VALUES ('bb', 0, 1, 'x', 0, '01', '06990014', '7', '2020-04-01', '2026-04-01')",
        "INSERT INTO certificate (person_key, place, nth, import_number, kind, valid_from, class, band)
         VALUES ('aa', 0, 0, 1, 'limit', '2025-08-01', '01', 'A03')",
        "UPDATE register_state SET imports = 1, last_import_at = 1000",
    ] {
        db.execute(sql, &[]).await.unwrap();
    }
    let (one, other) = tokio::join!(register(&db), register(&db));
    for desk in [&one, &other] {
        let answer = ask(desk, ["06990014", "99-1", "5501", "", "19800510"]).await;
        assert_eq!(said(&answer), "1 06990014/架空　花子");
        assert_eq!(answer.records[0].limit_certificate.as_ref().unwrap().classification_flag.as_deref(), Some("A03"));
        assert_eq!(answer.records[0].insurer_name, "試験組合");
        assert_eq!(said(&ask(desk, ["06990014", "", "7", "", "19790101"]).await), "2 06990014/架空　太郎");
        let counts = desk.count().await.unwrap();
        assert_eq!((counts.insurers, counts.persons, counts.qualifications), (1, 2, 2));
        assert_eq!(counts.last_import_at.unwrap().as_millisecond(), 1000);
    }
    assert_eq!((rows(&db, "insured").await, rows(&db, "qualification").await), (2, 2), "an older copy still finds everyone");
    assert_eq!(rows(&db, "register_state").await, 0, "and brings nobody in any more");
});
