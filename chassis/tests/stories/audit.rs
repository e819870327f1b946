//! Every answer is recorded once and for good, however many ask at once and whatever the database does.

use std::path::PathBuf;

use chassis::audit::{Appended, Audit, AuditError, AuditKeys, Entry, PublicKey, Reply, Settings, VerifyReport, export, verify};
use chassis::clock::Clock;
use chassis::db::{Database, values};
use chassis::vault::Vault;
use jiff::SignedDuration;
use serde_json::json;

use chassis::on_both;
use chassis::testing::Place;

/// A log in a place of its own.
pub(crate) struct Log {
    pub(crate) db: Database,
    pub(crate) audit: Audit,
    pub(crate) clock: Clock,
    folder: PathBuf,
}

impl Log {
    pub(crate) async fn open(place: &Place) -> Self {
        Self::open_at(place, place.database().await).await
    }

    /// As [`open_at`](Self::open_at), but a few records share a commit at most.
    async fn open_in_small_batches(place: &Place, db: Database) -> Self {
        Self::open_with(place, db, Settings { batch: 8, ..Settings::default() }).await
    }

    /// A process (one more) that writes to the log in `db`, with the keys of this place.
    pub(crate) async fn open_at(place: &Place, db: Database) -> Self {
        Self::open_with(place, db, Settings::default()).await
    }

    async fn open_with(place: &Place, db: Database, settings: Settings) -> Self {
        Self::start(place.folder.path().to_owned(), db, settings).await
    }

    pub(crate) async fn open_in(folder: PathBuf, db: Database) -> Self {
        Self::start(folder, db, Settings::default()).await
    }

    async fn start(folder: PathBuf, db: Database, settings: Settings) -> Self {
        let clock = Clock::driven("2026-11-20T01:00:00Z".parse().unwrap());
        let keys = AuditKeys::load_or_create(&Vault::open(&folder.join("keys"), None).unwrap()).unwrap();
        let heads = folder.join("keys/audit-heads");
        let audit = Audit::open(db.clone(), keys, &heads, clock.clone(), settings).await.unwrap();
        Self { db, audit, clock, folder }
    }

    pub(crate) fn heads(&self) -> PathBuf {
        self.folder.join("keys/audit-heads")
    }

    pub(crate) fn public(&self) -> PublicKey {
        self.audit.public_key().clone()
    }

    pub(crate) async fn verify(&self) -> VerifyReport {
        verify(&self.db, &[self.public()], &self.heads()).await.unwrap()
    }

    /// Records `name`, alone in its batch.
    pub(crate) async fn record(&self, name: &str) -> Appended {
        self.audit.append(Entry { payload: json!({ "what": name }), reply: None }).await.unwrap()
    }

    /// Records the answer `body` to the question `key`.
    pub(crate) async fn answer(&self, key: &str, body: &str) -> Result<Appended, AuditError> {
        answer(&self.audit, key, body).await
    }

    pub(crate) async fn count(&self, table: &str) -> i64 {
        self.db.query_opt(&format!("SELECT COUNT(*) FROM {table}"), &[]).await.unwrap().unwrap().int(0).unwrap()
    }
}

async fn answer(audit: &Audit, key: &str, body: &str) -> Result<Appended, AuditError> {
    let reply = Reply { scope: "desk".into(), key: key.into(), body: body.into() };
    audit.append(Entry { payload: json!({ "answered": body }), reply: Some(reply) }).await
}

fn seen(outcome: Result<Appended, AuditError>) -> String {
    match outcome.unwrap() {
        Appended::Seen { body } => String::from_utf8(body).unwrap(),
        new @ Appended::New { .. } => panic!("{new:?}"),
    }
}

on_both!(many_at_once_form_one_chain_and_share_commits, async |place: &Place| {
    let log = Log::open(place).await;
    let tasks: Vec<_> = (0..400)
        .map(|i| {
            let audit = log.audit.clone();
            tokio::spawn(async move { audit.append(Entry { payload: json!({ "i": i }), reply: None }).await.unwrap() })
        })
        .collect();
    let mut places = Vec::new();
    let mut writers = std::collections::BTreeSet::new();
    for task in tasks {
        let Appended::New { writer, seq } = task.await.unwrap() else { panic!("nothing was asked twice") };
        places.push(seq);
        writers.insert(writer);
    }
    places.sort_unstable();
    assert_eq!(places, (1..=400).collect::<Vec<_>>());
    assert_eq!(writers.len(), 1);
    let report = log.verify().await;
    assert!(report.is_sound(), "{:?}", report.faults);
    assert_eq!((report.writers, report.records), (1, 400));
    assert!(report.checkpoints <= 100, "{} commits for 400 records", report.checkpoints);
});

on_both!(a_repeated_question_gets_the_first_reply_and_no_second_record, async |place: &Place| {
    let log = Log::open(place).await;
    let (first, second) = tokio::join!(log.answer("q1", "yes"), log.answer("q1", "no"));
    assert!(matches!(first.unwrap(), Appended::New { seq: 1, .. }));
    assert_eq!(seen(second), "yes", "also within one batch");
    assert_eq!(seen(log.answer("q1", "perhaps").await), "yes");
    // In one batch: a repeat between new ones takes no place in the chain.
    let (a, b, c, d) =
        tokio::join!(log.answer("q3", "three"), log.answer("q1", "no"), log.answer("q2", "two"), log.record("something else"));
    assert!(matches!(a.unwrap(), Appended::New { seq: 2, .. }));
    assert_eq!(seen(b), "yes");
    assert!(matches!(c.unwrap(), Appended::New { seq: 3, .. }));
    assert!(matches!(d, Appended::New { seq: 4, .. }));
    assert_eq!(seen(log.answer("q2", "no").await), "two");
    let stored = log.db.query("SELECT body FROM audit_reply", &[]).await.unwrap();
    assert!(stored.iter().all(|row| !row.bytes(0).unwrap().windows(3).any(|part| part == b"yes")), "replies are sealed");
    let report = log.verify().await;
    assert!(report.is_sound(), "{:?}", report.faults);
    assert_eq!((report.records, report.replies), (4, 3));
});

on_both!(two_copies_answer_a_question_once, async |place: &Place| {
    let one = Log::open_in_small_batches(place, place.database().await).await;
    let two = Log::open_in_small_batches(place, one.db.clone()).await;
    let mut answered = 0;
    for round in 0..25 {
        // Both copies are asked the same eight questions at once, in opposite orders; neither may wait for the other for ever.
        let ask = |audit: &Audit, i: i64| {
            let (audit, question) = (audit.clone(), format!("question {i} of round {round}"));
            tokio::spawn(async move { answer(&audit, &question, "reply").await.unwrap() })
        };
        let tasks: Vec<_> = (0..8).map(|i| ask(&one.audit, i)).chain((0..8).rev().map(|i| ask(&two.audit, i))).collect();
        for task in tasks {
            answered += i64::from(matches!(task.await.unwrap(), Appended::New { .. }));
        }
    }
    assert_eq!(answered, 200);
    let report = one.verify().await;
    assert!(report.is_sound(), "{:?}", report.faults);
    assert_eq!((report.records, report.replies), (200, 200));
});

on_both!(old_replies_are_forgotten_and_records_are_not, async |place: &Place| {
    let log = Log::open(place).await;
    log.answer("q", "first").await.unwrap();
    log.clock.advance(SignedDuration::from_hours(47));
    assert_eq!(seen(log.answer("q", "second").await), "first");
    log.clock.advance(SignedDuration::from_hours(2));
    log.record("meanwhile").await;
    assert!(matches!(log.answer("q", "third").await.unwrap(), Appended::New { seq: 3, .. }));
    assert_eq!((log.count("audit_reply").await, log.count("audit_record").await), (1, 3));
    assert!(log.verify().await.is_sound());
});

on_both!(a_failing_database_acknowledges_nothing_and_the_log_goes_on, async |place: &Place| {
    let log = Log::open(place).await;
    log.answer("before", "yes").await.unwrap();
    log.db.execute("ALTER TABLE audit_checkpoint RENAME TO away", &[]).await.unwrap();
    let (a, b) = tokio::join!(log.answer("during", "yes"), log.answer("during too", "yes"));
    assert!(matches!(a.unwrap_err(), AuditError::NotWritten(_)));
    assert!(matches!(b.unwrap_err(), AuditError::NotWritten(_)));
    assert_eq!((log.count("audit_record").await, log.count("audit_reply").await), (1, 1));
    log.db.execute("ALTER TABLE away RENAME TO audit_checkpoint", &[]).await.unwrap();
    assert!(matches!(log.answer("during", "yes").await.unwrap(), Appended::New { seq: 1, .. }), "a chain of its own");
    assert_eq!(seen(log.answer("before", "no").await), "yes");
    let report = log.verify().await;
    assert!(report.is_sound(), "{:?}", report.faults);
    assert_eq!((report.writers, report.records), (2, 2));
});

on_both!(what_waits_is_written_before_the_log_closes, async |place: &Place| {
    let log = Log::open(place).await;
    let (a, b) = tokio::join!(log.record("one"), log.record("two"));
    log.audit.close().await;
    assert!(matches!((a, b), (Appended::New { .. }, Appended::New { .. })));
    let refused = log.audit.append(Entry { payload: json!({}), reply: None }).await.unwrap_err();
    assert!(matches!(refused, AuditError::Closed));
    let heads: Vec<_> = std::fs::read_dir(log.heads()).unwrap().collect();
    assert_eq!(heads.len(), 1);
    let head: serde_json::Value = serde_json::from_slice(&std::fs::read(heads[0].as_ref().unwrap().path()).unwrap()).unwrap();
    assert_eq!(head["seq"], 2);
    let again = Log::open_at(place, log.db.clone()).await;
    again.record("three").await;
    assert_eq!(again.verify().await.writers, 2);
});

on_both!(a_crash_between_the_commit_and_the_head_is_no_fault, async |place: &Place| {
    let log = Log::open(place).await;
    let Appended::New { writer, .. } = log.record("one").await else { panic!("new") };
    log.audit.close().await;
    let head = log.heads().join(format!("{writer}.json"));
    let older = std::fs::read(&head).unwrap();
    // The process that wrote the newest batch was killed before it wrote its head: the head is older, or there is none yet.
    let next = Log::open_at(place, log.db.clone()).await;
    for name in ["two", "three"] {
        next.record(name).await;
    }
    next.audit.close().await;
    for entry in std::fs::read_dir(log.heads()).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
    std::fs::write(&head, older).unwrap();
    std::fs::write(log.heads().join("half.json.new"), b"{").unwrap();
    let report = log.verify().await;
    assert!(report.is_sound(), "{:?}", report.faults);
    assert_eq!(report.records, 3);
});

on_both!(the_log_is_exported_in_order, async |place: &Place| {
    let log = Log::open(place).await;
    for i in 0..3 {
        log.record(&format!("number {i}")).await;
    }
    log.answer("q", "a secret reply").await.unwrap();
    let mut sink = Vec::new();
    assert_eq!(export(&log.db, &mut sink).await.unwrap(), 4);
    let text = String::from_utf8(sink).unwrap();
    assert!(!text.contains("\"q\""));
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let order: Vec<_> = lines.iter().map(|line| line["seq"].as_i64().or(line["checkpoint"]["seq"].as_i64()).unwrap()).collect();
    assert_eq!(order, [1, 1, 2, 2, 3, 3, 4, 4]);
    assert_eq!(lines[2]["payload"]["what"], "number 1");
    assert_eq!(lines[3]["checkpoint"]["hash"], lines[2]["hash"]);
    assert!(lines[6]["reply"].is_string() && lines[0]["reply"].is_null());
});

on_both!(a_long_log_is_verified_page_by_page, async |place: &Place| {
    let log = Log::open(place).await;
    let all: Vec<_> = (0..2500).map(|i| answer(&log.audit, "same", if i == 0 { "first" } else { "other" })).collect();
    futures_util::future::join_all(all).await;
    let all: Vec<_> = (0..2500).map(|i| log.audit.append(Entry { payload: json!({ "i": i }), reply: None })).collect();
    futures_util::future::join_all(all).await;
    let report = log.verify().await;
    assert!(report.is_sound(), "{:?}", report.faults);
    assert_eq!((report.records, report.replies), (2501, 1));
    let keys = log.db.query("SELECT DISTINCT signer FROM audit_checkpoint", &values![]).await.unwrap();
    assert_eq!(keys[0].text(0).unwrap(), log.public().id());
});
