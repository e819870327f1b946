//! Writes the whole log out as lines of JSON, so that others can keep and check it without our program.

use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::chain::{Checkpoint, Record};
use super::{AuditError, store};
use crate::db::Database;

/// Writes every record as one line of JSON, chain by chain and in order, each checkpoint behind the record it covers. Bytes are hex; replies
/// are left out. Records added meanwhile may or may not be included. Returns how many records were written.
///
/// # Errors
/// [`AuditError::Database`], or [`AuditError::Export`] when the sink refuses.
pub async fn export(db: &Database, sink: &mut (impl AsyncWrite + Unpin)) -> Result<u64, AuditError> {
    let mut written = 0_u64;
    let mut passed: Option<String> = None;
    while let Some(writer) = store::next_writer(db, passed.as_deref()).await? {
        let (last, _) = store::ends(db, &writer).await?;
        let mut after = i64::MIN;
        loop {
            let records = store::records(db, &writer, after, last).await?;
            let Some(end) = records.last().map(|record| record.seq) else { break };
            let mut checkpoints = store::checkpoints(db, &writer, after, end).await?.into_iter().peekable();
            for record in records {
                line(sink, &record_line(&record)).await?;
                written = written.saturating_add(1);
                while let Some(checkpoint) = checkpoints.next_if(|checkpoint| checkpoint.seq <= record.seq) {
                    line(sink, &checkpoint_line(&checkpoint)).await?;
                }
            }
            after = end;
        }
        passed = Some(writer);
    }
    sink.flush().await.map_err(AuditError::Export)?;
    Ok(written)
}

fn record_line(record: &Record) -> Value {
    let payload = serde_json::from_str(&record.payload).unwrap_or_else(|_| Value::String(record.payload.clone()));
    json!({
        "writer": record.writer,
        "seq": record.seq,
        "at": record.at,
        "payload": payload,
        "reply": record.reply.as_deref().map(|digest| HEXLOWER.encode(digest)),
        "hash": HEXLOWER.encode(&record.hash),
    })
}

fn checkpoint_line(checkpoint: &Checkpoint) -> Value {
    json!({ "checkpoint": checkpoint })
}

async fn line(sink: &mut (impl AsyncWrite + Unpin), line: &Value) -> Result<(), AuditError> {
    sink.write_all(format!("{line}\n").as_bytes()).await.map_err(AuditError::Export)
}
