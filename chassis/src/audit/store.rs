//! Every SQL statement of the log.

use super::chain::{Checkpoint, Record};
use crate::db::{Database, DbError, Migration, Row, Transaction, Value, values};

/// Rows read at a time when the log is gone through from end to end.
pub(super) const PAGE: i64 = 1000;
/// Replies forgotten at a time.
const FORGOTTEN_AT_ONCE: i64 = 2000;

pub(super) const MIGRATIONS: &[Migration] = &[Migration { number: 1, name: "log", sql: include_str!("migrations/0001_log.sql") }];

/// A reply as it is stored.
pub(super) struct Kept {
    pub(super) scope: String,
    pub(super) key: String,
    pub(super) writer: String,
    pub(super) seq: i64,
    pub(super) at: i64,
    pub(super) sealed: Vec<u8>,
}

/// Stores replies and says of each whether it is new. In the order of their keys, so that two copies never wait for each other in a circle.
pub(super) async fn keep_replies(tx: &mut Transaction, replies: &[&Kept]) -> Result<Vec<bool>, DbError> {
    let rows: Vec<Vec<Value>> =
        replies.iter().map(|r| values![&r.scope, &r.key, &r.writer, r.seq, r.at, r.sealed.as_slice()].into()).collect();
    let sql =
        "INSERT INTO audit_reply (scope, reply_key, writer, seq, written_at, body) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    Ok(tx.execute_each(sql, &rows).await?.into_iter().map(|added| added == 1).collect())
}

/// Corrects the places of replies whose records moved up because others were repeats.
pub(super) async fn place_replies(tx: &mut Transaction, replies: &[&Kept]) -> Result<(), DbError> {
    let rows: Vec<Vec<Value>> = replies.iter().map(|reply| values![reply.seq, &reply.scope, &reply.key].into()).collect();
    tx.execute_many("UPDATE audit_reply SET seq = $1 WHERE scope = $2 AND reply_key = $3", &rows).await.map(drop)
}

/// The writer and the sealed body of the reply kept at this place.
pub(super) async fn reply(tx: &mut Transaction, scope: &str, key: &str) -> Result<Option<(String, Vec<u8>)>, DbError> {
    let row = tx.query_opt("SELECT writer, body FROM audit_reply WHERE scope = $1 AND reply_key = $2", &values![scope, key]).await?;
    row.map(|row| Ok((row.text(0)?, row.bytes(1)?))).transpose()
}

/// Forgets some of the replies written before `before` (Unix milliseconds), the oldest first; says how many.
pub(super) async fn forget_replies(db: &Database, before: i64) -> Result<u64, DbError> {
    let sql = "DELETE FROM audit_reply WHERE (scope, reply_key) IN (\
        SELECT scope, reply_key FROM audit_reply WHERE written_at < $1 ORDER BY written_at LIMIT $2)";
    db.execute(sql, &values![before, FORGOTTEN_AT_ONCE]).await
}

pub(super) async fn add_records(tx: &mut Transaction, records: &[Record]) -> Result<(), DbError> {
    let row = |r: &Record| values![&r.writer, r.seq, r.at, &r.payload, r.reply.clone(), r.hash.as_slice()].into();
    let rows: Vec<Vec<Value>> = records.iter().map(row).collect();
    let sql = "INSERT INTO audit_record (writer, seq, written_at, payload, reply, hash) VALUES ($1, $2, $3, $4, $5, $6)";
    tx.execute_many(sql, &rows).await.map(drop)
}

pub(super) async fn add_checkpoint(tx: &mut Transaction, end: &Checkpoint) -> Result<(), DbError> {
    let row = values![&end.writer, end.seq, end.at, end.hash.as_slice(), &end.signer, end.signature.as_slice()];
    let sql = "INSERT INTO audit_checkpoint (writer, seq, written_at, hash, signer, signature) VALUES ($1, $2, $3, $4, $5, $6)";
    tx.execute(sql, &row).await.map(drop)
}

/// The first writer after `after`, or the first of all, in the database's order of texts, that has records or checkpoints.
pub(super) async fn next_writer(db: &Database, after: Option<&str>) -> Result<Option<String>, DbError> {
    let (further, values) = after.map_or(("", Vec::new()), |after| ("WHERE writer > $1", values![after].into()));
    let sql = format!(
        "SELECT MIN(writer) FROM (SELECT MIN(writer) AS writer FROM audit_record {further} \
        UNION ALL SELECT MIN(writer) FROM audit_checkpoint {further}) AS next"
    );
    db.query_opt(&sql, &values).await?.map_or(Ok(None), |row| row.opt_text(0))
}

/// The last record and the last checkpoint of a writer, as of one moment; 0 where there is none.
pub(super) async fn ends(db: &Database, writer: &str) -> Result<(i64, i64), DbError> {
    let sql = "SELECT (SELECT MAX(seq) FROM audit_record WHERE writer = $1), (SELECT MAX(seq) FROM audit_checkpoint WHERE writer = $1)";
    let row = db.query_opt(sql, &values![writer]).await?;
    row.map_or(Ok((0, 0)), |row| Ok((row.opt_int(0)?.unwrap_or(0), row.opt_int(1)?.unwrap_or(0))))
}

/// The next records after `after`, not beyond `last`, at most a page.
pub(super) async fn records(db: &Database, writer: &str, after: i64, last: i64) -> Result<Vec<Record>, DbError> {
    let sql =
        "SELECT seq, written_at, payload, reply, hash FROM audit_record WHERE writer = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4";
    let record = |row: Row| {
        let (seq, at, payload, reply, hash) = (row.int(0)?, row.int(1)?, row.text(2)?, row.opt_bytes(3)?, row.bytes(4)?);
        Ok(Record { writer: writer.to_owned(), seq, at, payload, reply, hash })
    };
    db.query(sql, &values![writer, after, last, PAGE]).await?.into_iter().map(record).collect()
}

/// The next checkpoints after `after`, not beyond `last`, at most a page.
pub(super) async fn checkpoints(db: &Database, writer: &str, after: i64, last: i64) -> Result<Vec<Checkpoint>, DbError> {
    let sql = "SELECT seq, written_at, hash, signer, signature FROM audit_checkpoint \
        WHERE writer = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4";
    let checkpoint = |row: Row| {
        let (seq, at, hash, signer, signature) = (row.int(0)?, row.int(1)?, row.bytes(2)?, row.text(3)?, row.bytes(4)?);
        Ok(Checkpoint { writer: writer.to_owned(), seq, at, hash, signer, signature })
    };
    db.query(sql, &values![writer, after, last, PAGE]).await?.into_iter().map(checkpoint).collect()
}

/// The next kept replies after this place, at most a page, each with what its record says of it (`None` when there is no such record).
pub(super) async fn replies(db: &Database, after: (&str, &str)) -> Result<Vec<(Kept, Option<Vec<u8>>)>, DbError> {
    let sql = "SELECT r.scope, r.reply_key, r.writer, r.seq, r.written_at, r.body, a.reply FROM audit_reply r \
        LEFT JOIN audit_record a ON a.writer = r.writer AND a.seq = r.seq \
        WHERE (r.scope, r.reply_key) > ($1, $2) ORDER BY r.scope, r.reply_key LIMIT $3";
    let kept = |row: Row| {
        let (scope, key, writer) = (row.text(0)?, row.text(1)?, row.text(2)?);
        Ok((Kept { scope, key, writer, seq: row.int(3)?, at: row.int(4)?, sealed: row.bytes(5)? }, row.opt_bytes(6)?))
    };
    db.query(sql, &values![after.0, after.1, PAGE]).await?.into_iter().map(kept).collect()
}
