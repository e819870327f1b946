//! Someone who may change everything in the database, but has no key, is found out, and the verification says where.

use chassis::audit::{Appended, AuditKeys, Fault, FaultKind, verify};
use chassis::db::{Value, values};
use chassis::vault::Vault;
use data_encoding::HEXLOWER;

use crate::audit::Log;
use chassis::on_both;
use chassis::testing::Place;

/// Ten records, each with its own checkpoint; then the log is closed and its chain is named.
async fn written(place: &Place) -> (Log, String) {
    let log = Log::open(place).await;
    let mut chain = String::new();
    for i in 1..=10 {
        let Appended::New { writer, .. } = log.answer(&format!("question {i}"), &format!("answer {i}")).await.unwrap() else {
            panic!("new")
        };
        chain = writer;
    }
    log.audit.close().await;
    assert!(log.verify().await.is_sound());
    (log, chain)
}

async fn faults(log: &Log) -> Vec<(i64, i64, FaultKind)> {
    log.verify().await.faults.iter().map(|Fault { first, last, kind, .. }| (*first, *last, *kind)).collect()
}

async fn change(log: &Log, sql: &str, values: &[Value]) {
    assert!(log.db.execute(sql, values).await.unwrap() > 0, "nothing was changed by {sql}");
}

/// What the attacker knows from the public source: each field behind its length, SHA-256.
fn hash(fields: &[&[u8]]) -> Vec<u8> {
    let framed: Vec<u8> = fields.iter().flat_map(|field| [&(field.len() as u64).to_be_bytes(), *field].concat()).collect();
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &framed).as_ref().to_vec()
}

/// Makes all stored hashes of a chain fit its records again, numbered from 1.
async fn make_hashes_fit(log: &Log, chain: &str) {
    let mut before = vec![0; 32];
    let sql = "SELECT seq, written_at, payload, reply FROM audit_record WHERE writer = $1 ORDER BY seq";
    for (row, seq) in log.db.query(sql, &values![chain]).await.unwrap().iter().zip(1_i64..) {
        let (at, payload, reply) = (row.int(1).unwrap(), row.text(2).unwrap(), row.opt_bytes(3).unwrap());
        let tied = [u8::from(reply.is_some())];
        let reply = reply.unwrap_or_default();
        let fields: [&[u8]; 8] =
            [b"onshi audit record 1", chain.as_bytes(), &seq.to_be_bytes(), &before, &at.to_be_bytes(), &tied, &reply, payload.as_bytes()];
        before = hash(&fields);
        let fitted = values![seq, before.as_slice(), chain, row.int(0).unwrap()];
        change(log, "UPDATE audit_record SET seq = $1, hash = $2 WHERE writer = $3 AND seq = $4", &fitted).await;
    }
}

on_both!(making_hashes_fit_is_done_right_here, async |place: &Place| {
    let (log, chain) = written(place).await;
    make_hashes_fit(&log, &chain).await;
    assert_eq!(faults(&log).await, []);
});

on_both!(a_changed_record_is_named, async |place: &Place| {
    let (log, chain) = written(place).await;
    change(&log, "UPDATE audit_record SET payload = $2 WHERE writer = $1 AND seq = 4", &values![&chain, "{\"answered\":\"no\"}"]).await;
    assert_eq!(faults(&log).await, [(4, 4, FaultKind::RecordChanged)]);
    let fault = &log.verify().await.faults[0];
    assert_eq!(fault.writer, chain);
    assert!(fault.to_string().starts_with(&format!("{chain} 4: 記録が書き換えられています")), "{fault}");
});

on_both!(a_changed_time_is_a_changed_record, async |place: &Place| {
    let (log, _) = written(place).await;
    change(&log, "UPDATE audit_record SET written_at = written_at + 1 WHERE seq = 9", &[]).await;
    assert_eq!(faults(&log).await, [(9, 9, FaultKind::RecordChanged)]);
});

on_both!(a_changed_record_is_named_even_when_all_later_hashes_fit, async |place: &Place| {
    let (log, chain) = written(place).await;
    change(&log, "UPDATE audit_record SET payload = $2 WHERE writer = $1 AND seq = 4", &values![&chain, "{\"answered\":\"no\"}"]).await;
    make_hashes_fit(&log, &chain).await;
    // The records behind it are as signed, only their hashes are not, which is said once.
    assert_eq!(faults(&log).await, [(4, 4, FaultKind::RecordsRewritten), (5, 5, FaultKind::HashesRewritten)]);
});

on_both!(a_removed_record_is_named, async |place: &Place| {
    let (log, chain) = written(place).await;
    change(&log, "DELETE FROM audit_record WHERE writer = $1 AND seq = 6", &values![&chain]).await;
    let found = faults(&log).await;
    assert!(found.contains(&(6, 6, FaultKind::RecordsMissing)), "{found:?}");
    assert!(found.contains(&(6, 6, FaultKind::ReplyWithoutRecord)), "{found:?}");
});

on_both!(a_removed_record_is_noticed_even_when_the_others_close_up, async |place: &Place| {
    let (log, chain) = written(place).await;
    change(&log, "DELETE FROM audit_reply WHERE writer = $1", &values![&chain]).await;
    change(&log, "DELETE FROM audit_record WHERE writer = $1 AND seq = 6", &values![&chain]).await;
    make_hashes_fit(&log, &chain).await;
    let found = faults(&log).await;
    assert_eq!(found[0], (6, 6, FaultKind::RecordsRewritten), "{found:?}");
    assert_eq!(found.last().unwrap(), &(10, 10, FaultKind::TailCut), "{found:?}");
});

on_both!(a_tail_cut_with_its_checkpoints_is_named, async |place: &Place| {
    let (log, _) = written(place).await;
    for table in ["audit_record", "audit_checkpoint", "audit_reply"] {
        change(&log, &format!("DELETE FROM {table} WHERE seq > 7"), &[]).await;
    }
    assert_eq!(faults(&log).await, [(8, 10, FaultKind::TailCut)]);
});

on_both!(a_tail_rewritten_behind_a_removed_checkpoint_is_named, async |place: &Place| {
    let (log, chain) = written(place).await;
    change(&log, "DELETE FROM audit_checkpoint WHERE seq > 7", &[]).await;
    change(&log, "UPDATE audit_record SET payload = '{}' WHERE seq = 9", &[]).await;
    make_hashes_fit(&log, &chain).await;
    // The head outside the database still knows the end.
    assert_eq!(faults(&log).await, [(8, 10, FaultKind::RecordsRewritten)]);
});

on_both!(records_added_without_a_checkpoint_are_named, async |place: &Place| {
    let (log, chain) = written(place).await;
    let forged = values![&chain, 11, 0, "{}", vec![0_u8; 32]];
    let sql = "INSERT INTO audit_record (writer, seq, written_at, payload, hash) VALUES ($1, $2, $3, $4, $5)";
    change(&log, sql, &forged).await;
    make_hashes_fit(&log, &chain).await;
    assert_eq!(faults(&log).await, [(11, 11, FaultKind::NotCovered)]);
    let forged = values!["a chain of his own", 1, 0, "{}", vec![0_u8; 32]];
    change(&log, sql, &forged).await;
    make_hashes_fit(&log, "a chain of his own").await;
    // Not even a name that sorts before all others escapes.
    change(&log, sql, &values!["", 1, 0, "{}", vec![0_u8; 32]]).await;
    make_hashes_fit(&log, "").await;
    assert_eq!(log.verify().await.faults.iter().filter(|fault| fault.kind == FaultKind::NotCovered).count(), 3);
    change(&log, sql, &values![&chain, 0, 0, "{}", vec![0_u8; 32]]).await;
    assert!(faults(&log).await.contains(&(0, 0, FaultKind::RecordChanged)));
});

on_both!(a_whole_chain_removed_is_named, async |place: &Place| {
    let (log, chain) = written(place).await;
    let other = Log::open_at(place, log.db.clone()).await;
    other.record("another chain stays").await;
    other.audit.close().await;
    for table in ["audit_record", "audit_checkpoint", "audit_reply"] {
        change(&log, &format!("DELETE FROM {table} WHERE writer = $1"), &values![&chain]).await;
    }
    let report = log.verify().await;
    assert_eq!(report.faults, [Fault { writer: chain.clone(), first: 1, last: 10, kind: FaultKind::WriterMissing }]);
    assert_eq!(report.writers, 1);
});

on_both!(a_chain_of_which_only_checkpoints_are_left_is_named, async |place: &Place| {
    let (log, _) = written(place).await;
    change(&log, "DELETE FROM audit_record", &[]).await;
    change(&log, "DELETE FROM audit_reply", &[]).await;
    assert_eq!(faults(&log).await, [(1, 10, FaultKind::WriterMissing)]);
});

on_both!(a_checkpoint_signed_with_another_key_is_named, async |place: &Place| {
    let (log, chain) = written(place).await;
    // The attacker changes the last record, makes the hashes fit, and signs with a key of his own, in the database and in the head.
    let elsewhere = Place::sqlite();
    let his = Log::open_at(&elsewhere, place.database().await).await;
    his.record("x").await;
    his.audit.close().await;
    let row = his.db.query_opt("SELECT signer, signature FROM audit_checkpoint", &[]).await.unwrap().unwrap();
    let (signer, signature) = (row.text(0).unwrap(), row.bytes(1).unwrap());
    change(&log, "UPDATE audit_checkpoint SET signer = $1, signature = $2 WHERE seq = 10", &values![&signer, signature.as_slice()]).await;
    assert_eq!(faults(&log).await, [(10, 10, FaultKind::UnknownKey)], "the head still covers it");
    change(&log, "UPDATE audit_checkpoint SET signer = $1 WHERE seq = 10", &values![log.public().id()]).await;
    assert_eq!(faults(&log).await, [(10, 10, FaultKind::CheckpointForged)]);
    // Whoever verifies with the wrong key trusts nothing.
    let wrong = verify(&log.db, &[his.public()], &log.heads()).await.unwrap();
    assert!(wrong.faults.iter().any(|fault| (fault.first, fault.last, fault.kind) == (1, 10, FaultKind::NotCovered)), "{:?}", wrong.faults);
    // Keys of former years may be given too.
    change(&log, "DELETE FROM audit_checkpoint WHERE seq = 10", &[]).await;
    assert!(verify(&log.db, &[his.public(), log.public()], &log.heads()).await.unwrap().is_sound(), "{chain}");
});

on_both!(a_damaged_or_forged_head_is_named, async |place: &Place| {
    let (log, chain) = written(place).await;
    let path = log.heads().join(format!("{chain}.json"));
    let head = std::fs::read_to_string(&path).unwrap();
    for damaged in [head.replace("\"seq\":10", "\"seq\":9"), head.replace(&chain, "someone"), "{".to_owned(), String::new()] {
        assert_ne!(damaged, head);
        std::fs::write(&path, damaged).unwrap();
        let found = faults(&log).await;
        assert!(matches!(found[..], [(_, _, FaultKind::HeadDamaged)]), "{found:?}");
    }
});

on_both!(a_changed_reply_is_named_and_never_given, async |place: &Place| {
    let (log, _) = written(place).await;
    // He cannot seal a reply of his own, but he can put the answer of one question at another.
    let row = log.db.query_opt("SELECT body FROM audit_reply WHERE seq = 2", &[]).await.unwrap().unwrap();
    change(&log, "UPDATE audit_reply SET body = $1 WHERE seq = 5", &values![row.bytes(0).unwrap()]).await;
    assert_eq!(faults(&log).await, [(5, 5, FaultKind::ReplyChanged)]);
    let again = Log::open_at(place, log.db.clone()).await;
    let refused = again.answer("question 5", "anything").await.unwrap_err();
    assert!(matches!(refused, chassis::audit::AuditError::ReplyDamaged), "{refused}");
    assert!(matches!(again.answer("question 6", "anything").await.unwrap(), Appended::Seen { body } if body == b"answer 6"));
});

/// The pseudonym is what the keyed hash says, so that an auditor with the key can find a person.
#[test]
fn a_pseudonym_is_the_first_half_of_a_keyed_hash() {
    let folder = tempfile::tempdir().unwrap();
    let vault = Vault::open(folder.path(), None).unwrap();
    let keys = AuditKeys::load_or_create(&vault).unwrap();
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &vault.get("audit-pseudonym").unwrap().unwrap());
    let whole = HEXLOWER.encode(aws_lc_rs::hmac::sign(&key, b"someone").as_ref());
    assert_eq!(keys.pseudonym(b"someone"), whole[..32]);
}
