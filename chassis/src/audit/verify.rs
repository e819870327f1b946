//! Goes through the whole log and names everything that is not as it was written.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use super::chain::{self, Checkpoint, Record};
use super::keys::PublicKey;
use super::{AuditError, heads, store};
use crate::db::Database;

/// Faults listed one by one; beyond that they are only counted.
const LISTED: usize = 1000;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub enum FaultKind {
    /// The content of this record does not give its hash.
    RecordChanged,
    /// These records, between two signed checkpoints, are not those that were signed; hashes were made to fit.
    RecordsRewritten,
    /// The content is as signed, but the stored hashes are not.
    HashesRewritten,
    /// Records are missing in between.
    RecordsMissing,
    /// The end of the chain was cut off: a checkpoint, or the head outside the database, has seen more.
    TailCut,
    /// The whole chain is missing; only its head outside the database is left.
    WriterMissing,
    /// No valid checkpoint covers these records.
    NotCovered,
    /// The signature of this checkpoint is wrong.
    CheckpointForged,
    /// This checkpoint, or head, was signed with a key that is not ours.
    UnknownKey,
    /// The head outside the database cannot be read, or its signature is wrong.
    HeadDamaged,
    /// The stored reply of this record is not the one that was given.
    ReplyChanged,
    /// A reply is stored for a record that does not exist.
    ReplyWithoutRecord,
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RecordChanged => "記録が書き換えられています。内容とハッシュが合いません。",
            Self::RecordsRewritten => "署名された時点の記録と違います。書き換えまたは削除のあと、ハッシュが作り直されています。",
            Self::HashesRewritten => "保存されたハッシュが書き換えられています。内容は署名のとおりです。",
            Self::RecordsMissing => "記録が抜けています。",
            Self::TailCut => "末尾の記録が切り取られています。",
            Self::WriterMissing => "この系列の記録がすべて失われ、データベースの外の控えだけが残っています。",
            Self::NotCovered => "正しい署名で守られていない記録です。",
            Self::CheckpointForged => "チェックポイントの署名が正しくありません。",
            Self::UnknownKey => "知らない鍵で署名されています。",
            Self::HeadDamaged => "データベースの外の控えが読めないか、署名が正しくありません。",
            Self::ReplyChanged => "保存された応答が書き換えられています。",
            Self::ReplyWithoutRecord => "記録のない応答が保存されています。",
        })
    }
}

/// One fault and where it is.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    /// The chain.
    pub writer: String,
    /// The first record concerned.
    pub first: i64,
    /// The last record concerned; often the same.
    pub last: i64,
    /// What is wrong.
    pub kind: FaultKind,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { writer, first, last, kind } = self;
        if first == last {
            write!(f, "{writer} {first}: {kind} ({kind:?})")
        } else {
            write!(f, "{writer} {first}-{last}: {kind} ({kind:?})")
        }
    }
}

/// The outcome of a verification.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct VerifyReport {
    /// Chains gone through.
    pub writers: u64,
    /// Records gone through.
    pub records: u64,
    /// Checkpoints gone through.
    pub checkpoints: u64,
    /// Stored replies gone through.
    pub replies: u64,
    /// What is wrong, at most the first 1000.
    pub faults: Vec<Fault>,
    /// How many more faults there are.
    pub faults_left_out: u64,
}

impl VerifyReport {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }

    fn fault(&mut self, writer: &str, first: i64, last: i64, kind: FaultKind) {
        if self.faults.len() < LISTED {
            self.faults.push(Fault { writer: writer.to_owned(), first, last, kind });
        } else {
            self.faults_left_out = self.faults_left_out.saturating_add(1);
        }
    }

    /// Whether a checkpoint was signed by one of `keys`; if not, that is a fault.
    fn trusts(&mut self, keys: &[PublicKey], checkpoint: &Checkpoint, forged: FaultKind) -> bool {
        let kind = match keys.iter().find(|key| key.id() == checkpoint.signer) {
            None => FaultKind::UnknownKey,
            Some(key) if key.signed(checkpoint) => return true,
            Some(_) => forged,
        };
        self.fault(&checkpoint.writer, checkpoint.seq, checkpoint.seq, kind);
        false
    }
}

/// Verifies the log against the public keys that have signed it over the years and the heads outside the database. The log may be written to
/// meanwhile. Memory stays bounded however long it is.
///
/// # Errors
/// [`AuditError::Database`] or [`AuditError::Heads`] when something cannot be read: then nothing is known. Faults are no error.
pub async fn verify(db: &Database, keys: &[PublicKey], heads: &Path) -> Result<VerifyReport, AuditError> {
    let mut report = VerifyReport::default();
    // The heads first: the database only grows, so it must have all they have.
    let mut trusted = BTreeMap::new();
    for (writer, head) in heads::read(heads)? {
        match head {
            Some(head) if report.trusts(keys, &head, FaultKind::HeadDamaged) => _ = trusted.insert(writer, head),
            Some(_) => {}
            None => report.fault(&writer, 0, 0, FaultKind::HeadDamaged),
        }
    }
    let mut passed: Option<String> = None;
    while let Some(writer) = store::next_writer(db, passed.as_deref()).await? {
        let head = trusted.remove(&writer);
        Walk::new(&writer, keys, head.as_ref(), &mut report).go(db).await?;
        passed = Some(writer);
    }
    for (writer, head) in trusted {
        report.fault(&writer, 1, head.seq, FaultKind::WriterMissing);
    }
    verify_replies(db, &mut report).await?;
    Ok(report)
}

/// The way along one chain.
struct Walk<'a> {
    writer: &'a str,
    keys: &'a [PublicKey],
    head: Option<&'a Checkpoint>,
    report: &'a mut VerifyReport,
    /// The last record passed.
    seq: i64,
    /// The hash stored with it.
    stored: Vec<u8>,
    /// The hash it should have, counted from the last trusted checkpoint.
    signed: Vec<u8>,
    /// The record of the last trusted checkpoint.
    covered: i64,
    /// The furthest record that a trusted checkpoint or head has seen.
    furthest: i64,
    /// A fault was found since the last trusted checkpoint.
    faulty: bool,
    hashes_rewritten: bool,
}

impl<'a> Walk<'a> {
    fn new(writer: &'a str, keys: &'a [PublicKey], head: Option<&'a Checkpoint>, report: &'a mut VerifyReport) -> Self {
        let (stored, signed) = (chain::BEGINNING.to_vec(), chain::BEGINNING.to_vec());
        let furthest = head.map_or(0, |head| head.seq);
        Self { writer, keys, head, report, seq: 0, stored, signed, covered: 0, furthest, faulty: false, hashes_rewritten: false }
    }

    async fn go(mut self, db: &Database) -> Result<(), AuditError> {
        self.report.writers = self.report.writers.saturating_add(1);
        let (last_record, last_checkpoint) = store::ends(db, self.writer).await?;
        let mut after = i64::MIN;
        loop {
            let records = store::records(db, self.writer, after, last_record).await?;
            let end = records.last().map(|record| record.seq);
            // Behind the last record there may be checkpoints still.
            let until = end.unwrap_or(last_checkpoint);
            let checkpoints = self.trusted_checkpoints(db, after, until).await?;
            records.iter().for_each(|record| self.pass(record, &checkpoints));
            let Some(end) = end else { break };
            after = end;
        }
        if self.seq > self.covered {
            self.report.fault(self.writer, self.covered.saturating_add(1), self.seq, FaultKind::NotCovered);
        }
        if self.furthest > self.seq {
            let kind = if self.seq == 0 { FaultKind::WriterMissing } else { FaultKind::TailCut };
            self.report.fault(self.writer, self.seq.saturating_add(1), self.furthest, kind);
        }
        Ok(())
    }

    /// The hashes that trusted checkpoints of these records have signed.
    async fn trusted_checkpoints(&mut self, db: &Database, mut after: i64, until: i64) -> Result<BTreeMap<i64, Vec<u8>>, AuditError> {
        let mut signed = BTreeMap::new();
        loop {
            let page = store::checkpoints(db, self.writer, after, until).await?;
            let Some(end) = page.last().map(|checkpoint| checkpoint.seq) else { return Ok(signed) };
            after = end;
            for checkpoint in page {
                self.report.checkpoints = self.report.checkpoints.saturating_add(1);
                if self.report.trusts(self.keys, &checkpoint, FaultKind::CheckpointForged) {
                    self.furthest = self.furthest.max(checkpoint.seq);
                    signed.insert(checkpoint.seq, checkpoint.hash);
                }
            }
        }
    }

    fn pass(&mut self, record: &Record, checkpoints: &BTreeMap<i64, Vec<u8>>) {
        self.report.records = self.report.records.saturating_add(1);
        let expected = self.seq.saturating_add(1);
        if record.seq > expected {
            self.local_fault(expected, record.seq.saturating_sub(1), FaultKind::RecordsMissing);
        }
        if record.hash_after(&self.stored) != record.hash || record.seq < expected {
            self.local_fault(record.seq, record.seq, FaultKind::RecordChanged);
        }
        self.seq = record.seq.max(self.seq);
        self.signed = record.hash_after(&self.signed);
        self.stored.clone_from(&record.hash);
        let head = self.head.filter(|head| head.seq == record.seq).map(|head| &head.hash);
        for hash in checkpoints.get(&record.seq).into_iter().chain(head) {
            self.compare(hash);
        }
    }

    /// Compares the chain with what was signed at the record just passed, and goes on from there: a fault is told once.
    fn compare(&mut self, hash: &[u8]) {
        if self.signed != hash && !self.faulty {
            self.report.fault(self.writer, self.covered.saturating_add(1), self.seq, FaultKind::RecordsRewritten);
        } else if self.signed == hash && self.stored != hash && !self.hashes_rewritten {
            self.hashes_rewritten = true;
            self.report.fault(self.writer, self.seq, self.seq, FaultKind::HashesRewritten);
        }
        self.signed = hash.to_vec();
        self.covered = self.seq;
        self.faulty = false;
    }

    fn local_fault(&mut self, first: i64, last: i64, kind: FaultKind) {
        self.faulty = true;
        self.report.fault(self.writer, first, last, kind);
    }
}

async fn verify_replies(db: &Database, report: &mut VerifyReport) -> Result<(), AuditError> {
    let (mut scope, mut key) = (String::new(), String::new());
    loop {
        let page = store::replies(db, (&scope, &key)).await?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        (scope, key) = (last.scope.clone(), last.key.clone());
        for (kept, recorded) in page {
            report.replies = report.replies.saturating_add(1);
            match recorded {
                Some(digest) if digest == chain::reply_digest(&kept.scope, &kept.key, &kept.sealed) => {}
                Some(_) => report.fault(&kept.writer, kept.seq, kept.seq, FaultKind::ReplyChanged),
                None => report.fault(&kept.writer, kept.seq, kept.seq, FaultKind::ReplyWithoutRecord),
            }
        }
    }
}
