//! Remembers outside the database how far each chain has come, so that cutting off its end is noticed.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::watch;

use super::AuditError;
use super::chain::Checkpoint;
use crate::files;

/// The shortest time between two heads: a busy log has a commit every millisecond, and each head costs a file.
const PAUSE: Duration = Duration::from_millis(20);

/// Writes each new head to `folder`. When heads come faster than every [`PAUSE`], only the newest is written. Ends with its sender, after the
/// last head.
pub(super) async fn keep(folder: PathBuf, mut newest: watch::Receiver<Option<Checkpoint>>) {
    while newest.changed().await.is_ok() {
        let Some(head) = newest.borrow_and_update().clone() else { continue };
        let path = folder.join(format!("{}.json", head.writer));
        let written = tokio::task::spawn_blocking(move || files::write_private(&path, &serde_json::to_vec(&head)?)).await;
        if let Ok(Err(error)) = written {
            tracing::error!(%error, "the head of the audit log could not be written; cutting off its end would go unnoticed");
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            // The log is closing: what came meanwhile is written at once.
            () = ended(newest.clone()) => {}
        }
    }
}

/// Returns when the sender is gone.
async fn ended(mut newest: watch::Receiver<Option<Checkpoint>>) {
    while newest.changed().await.is_ok() {}
}

/// All heads by writer; `None` where a file cannot be read as one.
pub(super) fn read(folder: &Path) -> Result<BTreeMap<String, Option<Checkpoint>>, AuditError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(AuditError::Heads(error)),
    };
    let mut heads = BTreeMap::new();
    for entry in entries {
        let path = entry.map_err(AuditError::Heads)?.path();
        let (Some(writer), Some("json")) = (path.file_stem().and_then(|s| s.to_str()), path.extension().and_then(|s| s.to_str())) else {
            continue;
        };
        let head = std::fs::read(&path).map_err(AuditError::Heads)?;
        let head = serde_json::from_slice(&head).ok().filter(|head: &Checkpoint| head.writer == writer);
        heads.insert(writer.to_owned(), head);
    }
    Ok(heads)
}
