//! Keeps a record of every answer that nobody can change, remove or add to unnoticed, not even the keeper of the database.
//!
//! Each process writes a hash chain of its own. Records that wait at the same time are written together and share one wait for the disk; each
//! such batch ends with a checkpoint signed by a key outside the database, and the newest checkpoint is also kept in a file beside the keys.
//! [`verify`] goes through everything and names what is wrong; [`export`] writes it out.
//!
//! A record may carry the reply that was given. The same question asked again, to whichever copy, gets the first reply and no second record.

mod chain;
mod export;
mod heads;
mod keys;
mod store;
mod verify;
mod writer;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use jiff::SignedDuration;
use tokio::sync::{mpsc, oneshot};

pub use export::export;
pub use keys::{AuditKeys, PublicKey};
pub use verify::{Fault, FaultKind, VerifyReport, verify};

use crate::clock::Clock;
use crate::db::{Database, DbError};
use crate::files;
use crate::random::NoRandomness;
use crate::vault::VaultError;

/// What an operator may change.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How long a reply is kept for repeated questions. Default 48 hours.
    pub retention: SignedDuration,
    /// How many records share one commit at most. Default 512.
    pub batch: usize,
    /// How many records may wait; more wait outside. Default 4096.
    pub queue: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { retention: SignedDuration::from_hours(48), batch: 512, queue: 4096 }
    }
}

/// What is to be recorded.
pub struct Entry {
    /// What happened. People appear as [pseudonyms](Audit::pseudonym) only.
    pub payload: serde_json::Value,
    /// The reply that is given, when a repeated question shall get it again.
    pub reply: Option<Reply>,
}

/// A reply and the question it answers.
pub struct Reply {
    /// Whose questions these are, so that nobody gets the reply of another. Not empty.
    pub scope: String,
    /// Which question it is, chosen by the one who asks.
    pub key: String,
    /// The reply. It is stored sealed.
    pub body: Vec<u8>,
}

/// What became of an [`Entry`]; in both cases it is on the disk.
#[derive(PartialEq, Eq)]
pub enum Appended {
    /// It was recorded.
    New {
        /// The chain.
        writer: String,
        /// Its place in the chain: 1, 2, 3, …
        seq: i64,
    },
    /// The same question was answered and recorded before; nothing was added.
    Seen {
        /// The reply given then.
        body: Vec<u8>,
    },
}

impl fmt::Debug for Appended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New { writer, seq } => f.debug_struct("New").field("writer", writer).field("seq", seq).finish(),
            Self::Seen { .. } => f.debug_struct("Seen").finish_non_exhaustive(),
        }
    }
}

/// Why something could not be recorded or verified.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The batch it was in could not be written. When the connection was lost while committing, it may be recorded all the same; asking again
    /// with the same reply key tells.
    #[error("監査記録に書き込めませんでした。（{0}）")]
    NotWritten(String),
    /// The stored reply does not open: it was changed, or sealed with other keys.
    #[error("保存された応答を開けません。監査記録を検証してください。")]
    ReplyDamaged,
    /// The stored reply was forgotten at this very moment.
    #[error("保存された応答の期限がちょうど切れました。もう一度お尋ねください。")]
    ReplyExpired,
    /// The log was closed.
    #[error("停止中のため、監査記録は閉じられました。")]
    Closed,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
    /// The keys could not be read or made.
    #[error(transparent)]
    Keys(#[from] VaultError),
    /// The keys are not what they should be.
    #[error("監査記録の鍵が壊れています。控えから戻してください。")]
    KeysDamaged,
    /// No randomness for a key or a chain.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The folder of heads could not be used.
    #[error("監査記録の控え（audit-heads）を読み書きできません（{0}）。")]
    Heads(std::io::Error),
    /// The export could not be written.
    #[error("監査記録を書き出せません（{0}）。")]
    Export(std::io::Error),
}

/// The log, open for adding. Cloning is cheap. When the last clone is gone, what waits is still written.
#[derive(Clone)]
pub struct Audit {
    door: mpsc::Sender<writer::Order>,
    keys: Arc<AuditKeys>,
}

impl fmt::Debug for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Audit").field("keys", &self.keys).finish_non_exhaustive()
    }
}

impl Audit {
    /// Opens the log in a database of its own and starts its writer on the current tokio runtime. `heads` is a folder outside the database,
    /// best beside the keys (`<keys>/audit-heads`); copies may share it.
    ///
    /// # Errors
    /// [`AuditError::Database`] when the tables cannot be made, [`AuditError::Heads`] when the folder cannot.
    pub async fn open(db: Database, keys: AuditKeys, heads: &Path, clock: Clock, settings: Settings) -> Result<Self, AuditError> {
        db.migrate("audit", store::MIGRATIONS).await?;
        files::make_private_folder(heads).map_err(AuditError::Heads)?;
        let keys = Arc::new(keys);
        let (door, orders) = mpsc::channel(settings.queue.max(1));
        let leases = crate::lease::Leases::open(db.clone()).await?;
        writer::start(orders, leases, db, Arc::clone(&keys), heads.to_owned(), clock, settings);
        Ok(Self { door, keys })
    }

    /// Records an entry, or finds that its question was answered before. When this returns `Ok`, it is on the disk.
    ///
    /// # Errors
    /// [`AuditError::NotWritten`], [`AuditError::ReplyDamaged`], [`AuditError::ReplyExpired`], [`AuditError::Closed`].
    pub async fn append(&self, entry: Entry) -> Result<Appended, AuditError> {
        let (done, outcome) = oneshot::channel();
        self.door.send(writer::Order::Append(entry, done)).await.map_err(|_| AuditError::Closed)?;
        outcome.await.map_err(|_| AuditError::Closed)?
    }

    /// The name under which someone appears in the log: see [`AuditKeys::pseudonym`].
    #[must_use]
    pub fn pseudonym(&self, identifier: &[u8]) -> String {
        self.keys.pseudonym(identifier)
    }

    /// The key with which this log is verified.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        self.keys.public()
    }

    /// Writes what waits, and the head, then stops for all clones; returns when that is done.
    pub async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.door.send(writer::Order::Close(done)).await.is_ok() {
            // An error means that the writer is gone already, which is what was wanted.
            let _gone = closed.await;
        }
    }
}
