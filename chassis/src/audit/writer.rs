//! Writes waiting records in batches, one commit each, and keeps the chain whole whatever the database does.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use data_encoding::HEXLOWER;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, oneshot, watch};

use super::chain::{self, Checkpoint, Record};
use super::keys::{AuditKeys, Sealer};
use super::store::{self, Kept};
use super::{Appended, AuditError, Entry, Settings, heads};
use crate::clock::{self, Clock};
use crate::db::lease::Leases;
use crate::db::{Database, Transaction};
use crate::random;

/// An idle writer looks this often for replies to forget.
const IDLE: Duration = Duration::from_secs(60);
/// A busy writer looks at most this often.
const BUSY: SignedDuration = SignedDuration::from_secs(1);

type Outcome = Result<Appended, AuditError>;

/// What callers ask of the writer.
pub(super) enum Order {
    Append(Entry, oneshot::Sender<Outcome>),
    Close(oneshot::Sender<()>),
}

/// The chain that is being written.
struct Chain {
    writer: String,
    seq: i64,
    hash: Vec<u8>,
    sealer: Sealer,
}

struct Writer {
    db: Database,
    keys: Arc<AuditKeys>,
    clock: Clock,
    settings: Settings,
    /// None before the first batch and after a failed one: what a failed commit left behind is unknown, so the next batch begins a new chain.
    chain: Option<Chain>,
    head: watch::Sender<Option<Checkpoint>>,
    leases: Leases,
    forgotten: Timestamp,
}

/// Starts the writer; it ends when it is told to, or when nobody can ask any more.
pub(super) fn start(
    orders: mpsc::Receiver<Order>,
    leases: Leases,
    db: Database,
    keys: Arc<AuditKeys>,
    heads: PathBuf,
    clock: Clock,
    settings: Settings,
) {
    let (head, newest) = watch::channel(None);
    let forgotten = Timestamp::MIN;
    let writer = Writer { db, keys, clock, settings, chain: None, head, leases, forgotten };
    let head_keeper = tokio::spawn(heads::keep(heads, newest));
    tokio::spawn(async move {
        let closing = writer.work(orders).await;
        // The last head is written before anyone hears that the log is closed.
        let _ended = head_keeper.await;
        drop(closing);
    });
}

impl Writer {
    /// Works until the end; dropping what it returns tells those who asked to close.
    async fn work(mut self, mut orders: mpsc::Receiver<Order>) -> Vec<oneshot::Sender<()>> {
        let mut closing = Vec::new();
        let mut waiting = Vec::new();
        let mut idle = tokio::time::interval(IDLE);
        loop {
            tokio::select! {
                biased;
                count = orders.recv_many(&mut waiting, self.settings.batch.max(1)) => if count == 0 { break },
                _ = idle.tick() => {}
            }
            let (mut entries, mut callers) = (Vec::with_capacity(waiting.len()), Vec::with_capacity(waiting.len()));
            for order in waiting.drain(..) {
                match order {
                    Order::Append(entry, caller) => {
                        entries.push(entry);
                        callers.push(caller);
                    }
                    Order::Close(asked) => {
                        orders.close();
                        closing.push(asked);
                    }
                }
            }
            self.answer(entries, callers).await;
            self.forget().await;
        }
        closing
    }

    async fn answer(&mut self, entries: Vec<Entry>, callers: Vec<oneshot::Sender<Outcome>>) {
        if entries.is_empty() {
            return;
        }
        metrics::histogram!("onshi_audit_batch_records").record(u32::try_from(entries.len()).unwrap_or(u32::MAX));
        let outcomes = match self.write(entries).await {
            Ok(outcomes) => outcomes,
            Err(error) => {
                tracing::error!(%error, records = callers.len(), "a batch of the audit log could not be written");
                metrics::counter!("onshi_audit_failures_total").increment(1);
                callers.iter().map(|_| Err(AuditError::NotWritten(error.to_string()))).collect()
            }
        };
        for (caller, outcome) in callers.into_iter().zip(outcomes) {
            // A caller who has stopped waiting is no reason to undo what is recorded.
            let _left = caller.send(outcome);
        }
    }

    /// Writes one batch and returns when it is on the disk. After an error the chain is given up.
    async fn write(&mut self, entries: Vec<Entry>) -> Result<Vec<Outcome>, AuditError> {
        let mut chain = match self.chain.take() {
            Some(chain) => chain,
            None => self.begin()?,
        };
        let at = self.clock.now().as_millisecond();
        let mut batch = Batch::seal(entries, &mut chain, at)?;
        let started = clock::instant();
        let mut tx = self.db.begin().await?;
        batch.keep_replies(&mut tx).await?;
        let (records, mut outcomes) = batch.records(&mut chain);
        batch.place_replies(&mut tx).await?;
        for (outcome, entry) in outcomes.iter_mut().zip(&batch.entries) {
            if let (None, Some(reply)) = (&outcome, &entry.reply) {
                *outcome = Some(match store::reply(&mut tx, &reply.scope, &reply.key).await? {
                    Some((writer, body)) => self.keys.open(&writer, &reply.scope, &reply.key, &body).map(|body| Appended::Seen { body }),
                    None => Err(AuditError::ReplyExpired),
                });
            }
        }
        if let Some(last) = records.last() {
            store::add_records(&mut tx, &records).await?;
            let end = self.keys.sign(&chain.writer, last.seq, at, &last.hash);
            store::add_checkpoint(&mut tx, &end).await?;
            tx.commit().await?;
            self.head.send_replace(Some(end));
        } else {
            tx.commit().await?;
        }
        metrics::histogram!("onshi_audit_commit_seconds").record(started.elapsed().as_secs_f64());
        metrics::counter!("onshi_audit_records_total").increment(u64::try_from(records.len()).unwrap_or(u64::MAX));
        self.chain = Some(chain);
        Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or(Err(AuditError::ReplyExpired))).collect())
    }

    fn begin(&self) -> Result<Chain, AuditError> {
        let writer = HEXLOWER.encode(&random::bytes::<16>()?);
        let sealer = self.keys.sealer(&writer)?;
        Ok(Chain { writer, seq: 0, hash: chain::BEGINNING.to_vec(), sealer })
    }

    /// Forgets replies that are too old. Failing is no harm: it is tried again.
    async fn forget(&mut self) {
        let now = self.clock.now();
        let since = now.duration_since(self.forgotten);
        if since >= SignedDuration::ZERO && since < BUSY {
            return;
        }
        self.forgotten = now;
        // Of several copies on one database, one does it.
        let mine = self.db.is_exclusive()
            || match self.leases.is_due("audit-replies", now, BUSY).await {
                Ok(mine) => mine,
                Err(error) => return tracing::warn!(%error, "old replies could not be forgotten yet"),
            };
        if !mine {
            return;
        }
        let before = now.checked_sub(self.settings.retention).unwrap_or(Timestamp::MIN);
        if let Err(error) = store::forget_replies(&self.db, before.as_millisecond()).await {
            tracing::warn!(%error, "old replies could not be forgotten yet");
        }
    }
}

/// Entries on their way into the chain.
struct Batch {
    entries: Vec<Prepared>,
    at: i64,
}

struct Prepared {
    payload: String,
    reply: Option<Kept>,
    /// Its question was asked before.
    repeated: bool,
}

impl Batch {
    /// Seals the replies and gives each the place it has if none is a repeat.
    fn seal(entries: Vec<Entry>, chain: &mut Chain, at: i64) -> Result<Self, AuditError> {
        let prepare = |(entry, seq): (Entry, i64)| {
            let sealed = |reply: super::Reply| {
                let sealed = chain.sealer.seal(&reply.scope, &reply.key, &reply.body)?;
                Ok::<_, AuditError>(Kept { scope: reply.scope, key: reply.key, writer: chain.writer.clone(), seq, at, sealed })
            };
            Ok(Prepared { payload: entry.payload.to_string(), reply: entry.reply.map(sealed).transpose()?, repeated: false })
        };
        let entries = entries.into_iter().zip(chain.seq.saturating_add(1)..).map(prepare).collect::<Result<_, AuditError>>()?;
        Ok(Self { entries, at })
    }

    async fn keep_replies(&mut self, tx: &mut Transaction) -> Result<(), AuditError> {
        let mut replies: Vec<(&Kept, &mut bool)> =
            self.entries.iter_mut().filter_map(|entry| Some((entry.reply.as_ref()?, &mut entry.repeated))).collect();
        replies.sort_by(|(a, _), (b, _)| (&a.scope, &a.key).cmp(&(&b.scope, &b.key)));
        let kept: Vec<&Kept> = replies.iter().map(|(reply, _)| *reply).collect();
        for (new, (_, repeated)) in store::keep_replies(tx, &kept).await?.into_iter().zip(replies) {
            *repeated = !new;
        }
        Ok(())
    }

    /// Chains what is new and says so; outcomes of repeats stay open.
    fn records(&mut self, chain: &mut Chain) -> (Vec<Record>, Vec<Option<Outcome>>) {
        let mut records = Vec::with_capacity(self.entries.len());
        let outcome = |entry: &mut Prepared| {
            if entry.repeated {
                return None;
            }
            let reply = entry.reply.as_ref().map(|reply| chain::reply_digest(&reply.scope, &reply.key, &reply.sealed));
            let (writer, seq) = (chain.writer.clone(), chain.seq.saturating_add(1));
            // Nobody looks at the payload again.
            let payload = std::mem::take(&mut entry.payload);
            let mut record = Record { writer: writer.clone(), seq, at: self.at, payload, reply, hash: Vec::new() };
            record.hash = record.hash_after(&chain.hash);
            chain.hash.clone_from(&record.hash);
            chain.seq = seq;
            records.push(record);
            Some(Ok(Appended::New { writer, seq }))
        };
        let outcomes = self.entries.iter_mut().map(outcome).collect();
        (records, outcomes)
    }

    /// Repeats took no place, so replies behind them moved up.
    async fn place_replies(&mut self, tx: &mut Transaction) -> Result<(), AuditError> {
        let mut repeats = 0;
        let mut moved = Vec::new();
        for entry in &mut self.entries {
            match &mut entry.reply {
                _ if entry.repeated => repeats += 1,
                Some(reply) if repeats > 0 => {
                    reply.seq -= repeats;
                    moved.push(&*reply);
                }
                _ => {}
            }
        }
        if moved.is_empty() { Ok(()) } else { Ok(store::place_replies(tx, &moved).await?) }
    }
}
