//! Admits the prefixes that a line's carrier proved the line to hold: each proof once, and the commits of many lines together.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use chassis::db::DbError;
use jiff::Timestamp;
use manuals::Region;
use tokio::sync::oneshot;

use crate::error::Error;
use crate::store::Store;
use crate::{Refusal, Registry, rules};

/// What a carrier says of the line that a terminal calls over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineProof {
    /// The line's id (お客さまID).
    pub line_id: String,
    /// The carrier's region.
    pub region: Region,
    /// Every prefix that the line holds now.
    pub prefixes: Vec<String>,
    /// Makes the proof good for one use.
    pub nonce: String,
    /// Until when the proof is good.
    pub expires_at: Timestamp,
}

/// What became of a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// The line's prefixes are on the list, and only these.
    Yes,
    /// No facility has applied for this line (LA-09).
    UnknownLine,
    /// The proof was used before.
    Used,
}

/// Lets callers that come at the same moment share one commit: the disk is slower than the line.
#[derive(Clone)]
pub(crate) struct Admitter {
    store: Store,
    waiting: Arc<Mutex<Vec<Waiting>>>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

struct Waiting {
    proof: LineProof,
    at: Timestamp,
    tell: oneshot::Sender<Result<Admitted, DbError>>,
}

/// As many as one transaction takes: it must not hold the writer for long.
const BATCH: usize = 500;

impl Admitter {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, waiting: Arc::default(), turn: Arc::default() }
    }

    async fn admit(&self, proof: LineProof, at: Timestamp) -> Result<Admitted, DbError> {
        let (tell, told) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(Waiting { proof, at, tell });
        // In a task of its own: a caller whose time is over takes nobody else's commit with it.
        let this = self.clone();
        tokio::spawn(async move { this.commit_some().await });
        told.await.unwrap_or(Err(DbError::GivenUp))
    }

    async fn commit_some(&self) {
        let _turn = self.turn.lock().await;
        let batch = self.next_batch();
        let Some(now) = batch.iter().map(|waiting| waiting.at).max() else { return };
        let proofs: Vec<&LineProof> = batch.iter().map(|waiting| &waiting.proof).collect();
        match self.store.admit_lines(&proofs, now).await {
            Ok(outcomes) => {
                for (waiting, outcome) in batch.into_iter().zip(outcomes) {
                    // Who no longer waits is admitted all the same.
                    let _waits = waiting.tell.send(Ok(outcome));
                }
            }
            Err(error) => {
                let passing = error.is_unavailable();
                for waiting in batch {
                    let said = error.to_string();
                    let error = if passing { DbError::Unavailable(said) } else { DbError::Statement(said) };
                    let _waits = waiting.tell.send(Err(error));
                }
            }
        }
    }

    /// Those who wait, no line twice: the prefixes of a line are replaced, so its second proof must come after the first.
    fn next_batch(&self) -> Vec<Waiting> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut batch, mut later) = (Vec::new(), Vec::new());
        let mut lines = std::collections::HashSet::new();
        for one in waiting.drain(..) {
            if batch.len() < BATCH && lines.insert(one.proof.line_id.clone()) { batch.push(one) } else { later.push(one) }
        }
        *waiting = later;
        // Always in the same order, so that two copies never wait for each other's rows.
        batch.sort_by(|one, other| one.proof.line_id.cmp(&other.proof.line_id));
        batch
    }
}

impl Registry {
    /// Admits the prefixes of a registered line in place of those it had before (LA-17): what its carrier no longer names is dropped.
    ///
    /// # Errors
    /// If a prefix is of no line's size, or the database could not say; an unknown line or a used proof is an answer.
    pub async fn admit_line(&self, proof: LineProof, now: Timestamp) -> Result<Admitted, Error> {
        for prefix in &proof.prefixes {
            rules::admission_prefix(prefix)?;
        }
        if proof.prefixes.is_empty() {
            return Ok(Admitted::UnknownLine);
        }
        let admitted = self.admitter.admit(proof, now).await?;
        if admitted == Admitted::Yes {
            self.note_change();
        }
        Ok(admitted)
    }

    /// Puts a line's prefix on the admission list, in place of what stood there under the same prefix.
    ///
    /// # Errors
    /// [`Refusal`] if the prefix is of no line's size or no such line works for anybody now.
    pub async fn admit(&self, line_id: &str, prefix: &str, now: Timestamp) -> Result<String, Error> {
        let prefix = rules::admission_prefix(prefix)?.to_string();
        if !self.store.line_works(line_id, now).await? {
            return Err(Refusal::Unknown("このお客さまID").into());
        }
        self.store.admit(&prefix, line_id, now).await?;
        self.note_change();
        Ok(prefix)
    }

    /// Takes the prefixes of lines that nobody uses any more off the admission list; says how many. To be called from time to time.
    ///
    /// # Errors
    /// If the database could not do it.
    pub async fn dismiss_ended(&self, now: Timestamp) -> Result<u64, Error> {
        let ended = self.store.dismiss_ended(now).await?;
        if ended > 0 {
            self.note_change();
        }
        Ok(ended)
    }

    /// Takes a prefix off the admission list.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] if it did not stand there.
    pub async fn dismiss(&self, prefix: &str) -> Result<(), Error> {
        let prefix = rules::admission_prefix(prefix)?.to_string();
        if self.store.dismiss(&prefix).await? == 0 {
            return Err(Refusal::Unknown("このプレフィックス").into());
        }
        self.note_change();
        Ok(())
    }

    /// The line an address belongs to, if its prefix is admitted.
    ///
    /// # Errors
    /// If the database could not say.
    pub async fn admitted_line(&self, address: IpAddr) -> Result<Option<String>, Error> {
        Ok(self.store.facts(address, None, None).await?.line_id)
    }

    /// Whether the prefix of an address is admitted: one short question.
    ///
    /// # Errors
    /// If the database could not say.
    pub async fn is_admitted(&self, address: IpAddr) -> Result<bool, Error> {
        Ok(self.admitted_line(address).await?.is_some())
    }

    /// The prefixes under which a line stands on the admission list.
    ///
    /// # Errors
    /// If the database could not say.
    pub async fn prefixes_of(&self, line_id: &str) -> Result<Vec<String>, Error> {
        Ok(self.store.prefixes_of(line_id).await?)
    }
}
