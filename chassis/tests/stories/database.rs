//! What is written together is there together, or not at all; and no program spoils tables it does not know.

use chassis::clock::{self, Clock};
use chassis::db::{Database, DbError, Migration, Value, values};

use chassis::on_both;
use chassis::testing::Place;

const FIRST: Migration = Migration {
    number: 1,
    name: "shelf",
    sql: "CREATE TABLE shelf (id BIGINT PRIMARY KEY, label TEXT NOT NULL, body BYTEA); CREATE INDEX shelf_label ON shelf (label)",
};
const SECOND: Migration = Migration { number: 2, name: "weight", sql: "ALTER TABLE shelf ADD COLUMN weight BIGINT" };

const PUT: &str = "INSERT INTO shelf (id, label, body) VALUES ($1, $2, $3)";

async fn count(db: &Database) -> i64 {
    db.query_opt("SELECT COUNT(*) FROM shelf", &[]).await.unwrap().unwrap().int(0).unwrap()
}

on_both!(tables_are_made_once_however_often_the_program_starts, async |place: &Place| {
    let url = place.url().await;
    let db = Database::open(&url).await.unwrap();
    db.migrate("store", &[FIRST]).await.unwrap();
    db.execute(PUT, &values![1, "pear", None::<Vec<u8>>]).await.unwrap();
    let (a, b) = tokio::join!(db.migrate("store", &[FIRST, SECOND]), db.migrate("store", &[FIRST, SECOND]));
    a.unwrap();
    b.unwrap();
    drop(db);
    let db = Database::open(&url).await.unwrap();
    db.migrate("store", &[FIRST, SECOND]).await.unwrap();
    let row = db.query_opt("SELECT label, weight, body FROM shelf", &[]).await.unwrap().unwrap();
    assert_eq!((row.text(0).unwrap(), row.opt_int(1).unwrap(), row.opt_bytes(2).unwrap()), ("pear".to_owned(), None, None));
    let applied = db.query("SELECT number FROM schema_version WHERE room = $1", &values!["store"]).await.unwrap();
    assert_eq!(applied.len(), 2);
});

on_both!(an_older_program_refuses_newer_tables, async |place: &Place| {
    let db = place.database().await;
    db.migrate("store", &[FIRST, SECOND]).await.unwrap();
    let refusal = db.migrate("store", &[FIRST]).await.unwrap_err();
    assert!(matches!(refusal, DbError::NewerSchema { found: 2, known: 1, .. }), "{refusal}");
    assert!(refusal.to_string().contains("start a program at least as new"), "{refusal}");
});

on_both!(a_migration_changed_afterwards_is_noticed, async |place: &Place| {
    let db = place.database().await;
    db.migrate("store", &[FIRST]).await.unwrap();
    let windows = FIRST.sql.replace("; ", ";\r\n");
    let changed = Migration { sql: Box::leak(windows.into_boxed_str()), ..FIRST };
    let refusal = db.migrate("store", &[changed]).await.unwrap_err();
    assert!(matches!(&refusal, DbError::ChangedMigration { number: 1, name, .. } if name == "shelf"), "{refusal}");
    let gap = db.migrate("other", &[SECOND]).await.unwrap_err();
    assert!(matches!(gap, DbError::MigrationOrder { number: 2, .. }), "{gap}");
});

on_both!(a_migration_that_fails_half_way_leaves_nothing, async |place: &Place| {
    let db = place.database().await;
    let broken = Migration { number: 2, name: "broken", sql: "CREATE TABLE half (id BIGINT); CREATE TABLE shelf (id BIGINT)" };
    db.migrate("store", &[FIRST, broken]).await.unwrap_err();
    db.migrate("store", &[FIRST, SECOND]).await.unwrap();
    assert!(db.query("SELECT id FROM half", &[]).await.is_err());
});

on_both!(a_transaction_that_is_dropped_never_happened, async |place: &Place| {
    let db = place.database().await;
    db.migrate("store", &[FIRST]).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    tx.execute(PUT, &values![1, "pear", vec![1_u8]]).await.unwrap();
    assert_eq!(tx.query("SELECT id FROM shelf", &[]).await.unwrap().len(), 1);
    assert_eq!(count(&db).await, 0, "others do not see it yet");
    drop(tx);
    let mut tx = db.begin().await.unwrap();
    let rows: Vec<_> = (1..=2500).map(|id| values![id, format!("label {id}"), vec![0_u8, 255]].to_vec()).collect();
    assert_eq!(tx.execute_many(PUT, &rows).await.unwrap(), 2500);
    tx.commit().await.unwrap();
    assert_eq!(count(&db).await, 2500);
});

on_both!(a_transaction_with_a_failed_statement_cannot_be_committed, async |place: &Place| {
    let db = place.database().await;
    db.migrate("store", &[FIRST]).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    tx.execute(PUT, &values![1, "pear", None::<Vec<u8>>]).await.unwrap();
    assert!(tx.execute(PUT, &values![1, "plum", None::<Vec<u8>>]).await.unwrap_err().is_unique_violation());
    assert!(matches!(tx.query("SELECT 1", &[]).await.unwrap_err(), DbError::GivenUp));
    assert!(matches!(tx.commit().await.unwrap_err(), DbError::GivenUp));
    assert_eq!(count(&db).await, 0);
});

on_both!(a_second_row_with_the_same_key_is_told_apart_and_names_no_value, async |place: &Place| {
    let db = place.database().await;
    db.migrate("store", &[FIRST]).await.unwrap();
    db.execute(PUT, &values![77_001_234, "pear", None::<Vec<u8>>]).await.unwrap();
    let twice = db.execute(PUT, &values![77_001_234, "pear", None::<Vec<u8>>]).await.unwrap_err();
    assert!(twice.is_unique_violation(), "{twice}");
    assert!(!format!("{twice} {twice:?}").contains("77001234"));
    let without = db.execute(PUT, &values![77_001_235, Value::Null, None::<Vec<u8>>]).await.unwrap_err();
    assert!(matches!(without, DbError::Constraint { .. }), "{without}");
    let sql = "INSERT INTO shelf (id, label) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id";
    assert!(db.query_opt(sql, &values![77_001_234, "plum"]).await.unwrap().is_none());
    assert_eq!(db.query_opt(sql, &values![5, "plum"]).await.unwrap().unwrap().int(0).unwrap(), 5);
    let mut tx = db.begin().await.unwrap();
    let sql = "INSERT INTO shelf (id, label) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    let rows = [values![6, "fig"].to_vec(), values![5, "fig"].to_vec(), values![7, "fig"].to_vec(), values![6, "fig"].to_vec()];
    assert_eq!(tx.execute_each(sql, &rows).await.unwrap(), [1, 0, 1, 0]);
});

on_both!(parameters_are_bound_by_their_number, async |place: &Place| {
    let db = place.database().await;
    db.migrate("store", &[FIRST]).await.unwrap();
    db.execute("INSERT INTO shelf (body, label, id) VALUES ($3, $2, $1)", &values![9, "pear", vec![7_u8]]).await.unwrap();
    let row = db
        .query_opt("SELECT id, body FROM shelf WHERE label = $2 AND id = $1 AND id < $1 + 1", &values![9, "pear"])
        .await
        .unwrap()
        .unwrap();
    assert_eq!((row.int(0).unwrap(), row.bytes(1).unwrap()), (9, vec![7]));
    assert!(matches!(row.text(0).unwrap_err(), DbError::Column { index: 0, wanted: "TEXT", found: "BIGINT" }));
    assert!(matches!(row.int(2).unwrap_err(), DbError::Column { index: 2, .. }));
    let few = db.query("SELECT id FROM shelf WHERE id = $1", &[]).await.unwrap_err();
    assert!(few.to_string().contains("takes 1 values, 0 were given"), "{few}");
    assert!(db.size().await.unwrap() > 0);
    db.ping().await.unwrap();
});

on_both!(a_long_read_is_answered_too_and_others_are_not_kept_waiting, async |place: &Place| {
    let db = place.database().await;
    db.migrate("store", &[FIRST]).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    let rows: Vec<_> = (1..=3000).map(|id| values![id, "pear", None::<Vec<u8>>].to_vec()).collect();
    tx.execute_many(PUT, &rows).await.unwrap();
    let pairs = "SELECT COUNT(*) FROM shelf a, shelf b WHERE a.label = b.label AND a.id + b.id > $1";
    assert_eq!(tx.query(pairs, &values![0]).await.unwrap()[0].int(0).unwrap(), 9_000_000);
    tx.commit().await.unwrap();
    let finished = std::sync::Mutex::new(Vec::new());
    let long = async {
        assert_eq!(db.query_opt(pairs, &values![0]).await.unwrap().unwrap().int(0).unwrap(), 9_000_000);
        finished.lock().unwrap().push("long");
    };
    let short = async {
        assert_eq!(count(&db).await, 3000);
        finished.lock().unwrap().push("short");
    };
    tokio::join!(long, short);
    assert_eq!(*finished.lock().unwrap(), ["short", "long"]);
});

#[tokio::test]
async fn one_process_owns_a_file() {
    let place = Place::sqlite();
    let url = place.url().await;
    let db = Database::open(&url).await.unwrap();
    let refusal = Database::open(&url).await.unwrap_err().to_string();
    assert!(refusal.contains(&format!("another onshi process (pid {}) holds this database", std::process::id())), "{refusal}");
    drop(db);
    Database::open(&url).await.unwrap();
}

#[tokio::test]
async fn an_address_never_shows_its_password() {
    for url in ["postgres://ada:s3cret@127.0.0.1:1/onshi", "postgres://ada:s3cret@127.0.0.1:x1/onshi", "mysql://ada:s3cret@h/onshi"] {
        let refusal = Database::open(url).await.unwrap_err();
        assert!(!format!("{refusal} {refusal:?}").contains("s3cret"));
    }
    if let Some(place) = Place::postgres() {
        let db = Database::open(&place.url().await.replacen("postgres@", "postgres:s3cret@", 1)).await.unwrap();
        assert!(db.url_without_secret().starts_with("postgres://postgres@"), "{db:?}");
        assert!(!format!("{db:?}").contains("s3cret"));
    }
}

/// The file itself is no one else's to read.
#[cfg(unix)]
#[tokio::test]
async fn the_file_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::sqlite();
    let _db = place.database().await;
    for file in std::fs::read_dir(place.folder.path()).unwrap() {
        assert_eq!(file.unwrap().metadata().unwrap().permissions().mode() & 0o077, 0);
    }
}

on_both!(instants_and_days_go_in_and_come_out, async |place: &Place| {
    let clock = Clock::driven("2026-03-31T15:00:00.123Z".parse().unwrap());
    let db = place.database().await;
    db.migrate("diary", &[Migration { number: 1, name: "diary", sql: "CREATE TABLE diary (at BIGINT, day TEXT)" }]).await.unwrap();
    db.execute("INSERT INTO diary (at, day) VALUES ($1, $2)", &values![clock.now(), clock::japan_date(clock.now())]).await.unwrap();
    let row = db.query_opt("SELECT at, day FROM diary", &[]).await.unwrap().unwrap();
    assert_eq!(row.int(0).unwrap(), clock.now().as_millisecond());
    assert_eq!(row.text(1).unwrap(), "2026-04-01");
});

on_both!(many_rows_come_in_at_once_and_all_or_none, async |place: &Place| {
    let db = place.database().await;
    db.migrate("store", &[FIRST]).await.unwrap();
    let rows = |ids: std::ops::Range<i64>| ids.map(|id| values![id, format!("label {id}"), vec![id.to_be_bytes()[7]]].to_vec()).collect();
    let columns = ["id", "label", "body"];
    let mut tx = db.begin().await.unwrap();
    for some in [0..1, 1..1, 1..300, 300..1700] {
        tx.insert_many("shelf", &columns, rows(some)).await.unwrap();
    }
    assert_eq!(count(&db).await, 0, "others do not see them yet");
    tx.commit().await.unwrap();
    assert_eq!(count(&db).await, 1700);
    let row = db.query_opt("SELECT label, body FROM shelf WHERE id = $1", &values![777]).await.unwrap().unwrap();
    assert_eq!((row.text(0).unwrap(), row.bytes(1).unwrap()), ("label 777".to_owned(), vec![9]));
    let mut tx = db.begin().await.unwrap();
    assert!(tx.insert_many("shelf", &columns, rows(1600..2000)).await.unwrap_err().is_unique_violation());
    assert!(matches!(tx.commit().await.unwrap_err(), DbError::GivenUp));
    let mut tx = db.begin().await.unwrap();
    let short = tx.insert_many("shelf", &columns, vec![values![5000, "short"].to_vec()]).await.unwrap_err();
    assert!(short.to_string().contains("3 values"), "{short}");
    drop(tx);
    assert_eq!(count(&db).await, 1700);
});
