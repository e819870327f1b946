//! Writes one import: its people into an edition that does not count yet, in many small transactions, then the edition into the register in
//! one small one.

use std::collections::HashSet;

use chassis::db::{Transaction, Value, values};
use jiff::Timestamp;
use tokio::task::{JoinHandle, spawn_blocking};

use super::lease::Right;
use super::sorter::{Sorted, Sorter};
use super::{INSURERS, Store};
use crate::error::Error;
use crate::people::{Entry, Insurer};
use crate::register::PersonKey;

/// How many rows of a directory are written in one transaction.
const ROWS: usize = 8000;

const INSURER: &str = "INSERT INTO edition_insurer (edition, insurer_number, name) VALUES ($1, $2, $3)
ON CONFLICT (edition, insurer_number) DO UPDATE SET name = excluded.name";

/// Of the persons of an edition between two keys, those that count already, and their qualifications.
const KNOWN: &str = "SELECT COUNT(*), CAST(COALESCE(SUM(b.qualifications), 0) AS BIGINT)
FROM edition_person a CROSS JOIN edition e CROSS JOIN edition_person b
WHERE a.edition = $1 AND a.person_key >= $2 AND a.person_key <= $3 AND e.state = 'current'
  AND b.edition = e.edition AND b.person_key = a.person_key
  AND NOT EXISTS (SELECT 1 FROM edition n CROSS JOIN edition_person p
    WHERE n.state = 'current' AND n.edition > b.edition AND p.edition = n.edition AND p.person_key = b.person_key)";

const COUNTS: &str = "UPDATE register SET changes = changes + 1, adopted = 1, last_import_at = $1,
  persons = persons + $2, qualifications = qualifications + $3 WHERE one = 1";

/// Key, sheet, line, number of qualifications.
type PersonRecord = [u8; 36];
/// Lookup, key, sheet.
type LookupRecord = [u8; 32];

/// One import under way. Until [`count`](Self::count) it changes nothing that anyone sees; dropped before, it leaves only what is tidied up.
pub(crate) struct Importing {
    right: Right,
    replace: bool,
    insurers: HashSet<String>,
    stage: Option<Stage>,
    writing: Option<JoinHandle<Result<Stage, Error>>>,
    gained: Gained,
}

/// By how much the register grows.
#[derive(Clone, Copy, Default)]
struct Gained {
    persons: i64,
    qualifications: i64,
}

/// What came of writing the directories of an edition.
#[derive(Default)]
pub(crate) struct Whole {
    /// The lines of persons that stand a second time and were left out.
    pub(crate) again: Vec<u64>,
    /// How many qualifications were left out with them.
    pub(crate) qualifications_again: u64,
}

/// The edition as it is written. The sheets are written as they come; what leads to them is put in order first, so that it can be written from
/// the first to the last, which costs a fraction of writing it as it comes.
struct Stage {
    store: Store,
    edition: i64,
    sheets: u64,
    persons: Sorter<36>,
    lookups: Sorter<32>,
}

impl Store {
    /// Begins an import, unless another one is under way.
    pub(crate) async fn begin_import(&self, replace: bool) -> Result<Importing, Error> {
        let right = self.claim_import().await?;
        let mut insurers = HashSet::new();
        if !replace {
            for row in self.db().query(INSURERS, &[]).await? {
                insurers.insert(row.text(1)?);
            }
        }
        let (persons, lookups) = (Sorter::new(), Sorter::new());
        let stage = Stage { store: self.clone(), edition: right.edition, sheets: 0, persons, lookups };
        Ok(Importing { right, replace, insurers, stage: Some(stage), writing: None, gained: Gained::default() })
    }
}

impl Importing {
    /// The insurers the register knew when the import began, by canonical number.
    pub(crate) const fn insurers(&self) -> &HashSet<String> {
        &self.insurers
    }

    /// Has these written while the caller reads on; waits until those before are written.
    pub(crate) async fn put(&mut self, insurers: Vec<Insurer>, entries: Vec<Entry>) -> Result<(), Error> {
        let stage = self.written().await?;
        self.writing = Some(tokio::spawn(stage.write(insurers, entries)));
        Ok(())
    }

    async fn written(&mut self) -> Result<Stage, Error> {
        match self.writing.take() {
            Some(writing) => writing.await.map_err(|_| Error::Stopping)?,
            None => self.stage.take().ok_or(Error::Stopping),
        }
    }

    /// Writes by what the persons are found. Whoever stands twice is found out here: the first stays.
    pub(crate) async fn complete(&mut self) -> Result<Whole, Error> {
        let Stage { store, edition, persons, lookups, .. } = self.written().await?;
        let (mut whole, mut gained, mut left_out) = (Whole::default(), Gained::default(), HashSet::new());
        let mut before = None;
        let mut sorted = apart(|| persons.sorted()).await?;
        loop {
            let (rest, records) = next(sorted).await?;
            sorted = rest;
            if records.is_empty() {
                break;
            }
            let mut rows = Vec::with_capacity(records.len());
            let mut again = Vec::new();
            for record in &records {
                let (key, sheet, line, qualifications) = person_of(record);
                if before == Some(key) {
                    whole.again.push(line);
                    whole.qualifications_again += u64::from(qualifications);
                    left_out.insert(sheet);
                    again.push(values![edition, sheet, key].to_vec());
                    continue;
                }
                before = Some(key);
                gained.persons += 1;
                gained.qualifications += i64::from(qualifications);
                rows.push(values![edition, key, sheet, qualifications].to_vec());
            }
            let mut tx = store.write_edition(edition, 0, 0).await?;
            tx.insert_many("edition_person", &["edition", "person_key", "sheet", "qualifications"], rows).await?;
            tx.execute_many("DELETE FROM edition_sheet WHERE edition = $1 AND sheet = $2 AND person_key = $3", &again).await?;
            tx.commit().await?;
            if !self.replace
                && let (Some(first), Some(last)) = (records.first(), records.last())
            {
                let known = store.db().query_opt(KNOWN, &values![edition, person_of(first).0, person_of(last).0]).await?;
                let known = known.ok_or(Error::Unreadable)?;
                gained.persons -= known.int(0)?;
                gained.qualifications -= known.int(1)?;
            }
        }
        self.gained = gained;
        write_lookups(&store, edition, lookups, &left_out).await?;
        Ok(whole)
    }

    /// Makes the import count, all of it at once: from here on it is what is asked.
    pub(crate) async fn count(self, now: Timestamp) -> Result<(), Error> {
        let (store, edition) = (&self.right.store, self.right.edition);
        let mut tx = store.db().begin().await?;
        if !self.right.confirm(&mut tx).await? {
            return Err(Error::LeaseLost);
        }
        if self.replace {
            tx.execute("UPDATE register SET persons = 0, qualifications = 0 WHERE one = 1", &[]).await?;
        }
        tx.execute(COUNTS, &values![now, self.gained.persons, self.gained.qualifications]).await?;
        if self.replace {
            // One by one and in order, as whoever tidies up does it, so that neither waits for the other in a circle.
            for row in tx.query("SELECT edition FROM edition WHERE state = 'current' ORDER BY edition", &[]).await? {
                tx.execute("UPDATE edition SET state = 'retired' WHERE edition = $1", &values![row.int(0)?]).await?;
            }
        }
        let staged = "UPDATE edition SET state = 'current' WHERE edition = $1 AND state = 'staged'";
        if tx.execute(staged, &values![edition]).await? != 1 {
            return Err(Error::LeaseLost);
        }
        tx.commit().await?;
        self.right.end().await
    }

    /// Ends the import without a change.
    pub(crate) async fn give_up(mut self) -> Result<(), Error> {
        if let Some(writing) = self.writing.take() {
            // What it could still say is of no interest: the edition goes.
            let _ended = writing.await;
        }
        self.right.end().await
    }
}

async fn write_lookups(store: &Store, edition: i64, lookups: Sorter<32>, left_out: &HashSet<i64>) -> Result<(), Error> {
    let mut sorted = apart(|| lookups.sorted()).await?;
    loop {
        let (rest, records) = next(sorted).await?;
        sorted = rest;
        if records.is_empty() {
            return Ok(());
        }
        let kept = records.iter().map(lookup_of).filter(|(_, _, sheet)| !left_out.contains(sheet));
        let rows: Vec<Vec<Value>> = kept.map(|(lookup, key, sheet)| values![edition, lookup, key, sheet].to_vec()).collect();
        let mut tx = store.write_edition(edition, 0, rows.len()).await?;
        tx.insert_many("edition_lookup", &["edition", "lookup", "person_key", "sheet"], rows).await?;
        tx.commit().await?;
    }
}

impl Store {
    /// Begins one small transaction that writes an edition; refused when it was given up meanwhile.
    async fn write_edition(&self, edition: i64, sheets: usize, lookups: usize) -> Result<Transaction, Error> {
        let more = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let mut tx = self.db().begin().await?;
        let sql = "UPDATE edition SET sheets = sheets + $1, lookups = lookups + $2 WHERE edition = $3 AND state = 'staged'";
        if tx.execute(sql, &values![more(sheets), more(lookups), edition]).await? == 1 { Ok(tx) } else { Err(Error::LeaseLost) }
    }
}

impl Stage {
    async fn write(self, insurers: Vec<Insurer>, entries: Vec<Entry>) -> Result<Self, Error> {
        let edition = self.edition;
        let insurers: Vec<Vec<Value>> = insurers.iter().map(|one| values![edition, one.number.canonical(), &one.name].to_vec()).collect();
        let (stage, rows) = spawn_blocking(move || self.sheets(&entries)).await.map_err(|_| Error::Stopping)??;
        let mut tx = stage.store.write_edition(edition, rows.len(), 0).await?;
        tx.execute_many(INSURER, &insurers).await?;
        tx.insert_many("edition_sheet", &["edition", "sheet", "person_key", "body"], rows).await?;
        tx.commit().await?;
        Ok(stage)
    }

    /// Writes down the persons, and remembers by what each is found.
    fn sheets(mut self, entries: &[Entry]) -> Result<(Self, Vec<Vec<Value>>), Error> {
        let mut rows = Vec::with_capacity(entries.len());
        for Entry { line, dossier } in entries {
            let (key, sheet) = (dossier.key(), i64::try_from(self.sheets).map_err(|_| Error::Unreadable)?);
            let qualifications = u32::try_from(dossier.qualifications.len()).unwrap_or(u32::MAX);
            self.persons.push(person_record(key, sheet, *line, qualifications)).map_err(Error::Aside)?;
            for lookup in dossier.lookups() {
                self.lookups.push(lookup_record(lookup, key, sheet)).map_err(Error::Aside)?;
            }
            let body = serde_json::to_string(dossier).map_err(|_| Error::Unreadable)?;
            rows.push(values![self.edition, sheet, key.bytes(), body].to_vec());
            self.sheets += 1;
        }
        Ok((self, rows))
    }
}

fn person_record(key: PersonKey, sheet: i64, line: u64, qualifications: u32) -> PersonRecord {
    let mut record = [0; 36];
    let parts = key.bytes().into_iter().chain(sheet.to_be_bytes()).chain(line.to_be_bytes()).chain(qualifications.to_be_bytes());
    record.iter_mut().zip(parts).for_each(|(byte, part)| *byte = part);
    record
}

fn person_of(record: &PersonRecord) -> ([u8; 16], i64, u64, u32) {
    (part(record, 0), i64::from_be_bytes(part(record, 16)), u64::from_be_bytes(part(record, 24)), u32::from_be_bytes(part(record, 32)))
}

/// The lookup's sign is turned, so that the order of the bytes is that of the numbers.
fn lookup_record(lookup: i64, key: PersonKey, sheet: i64) -> LookupRecord {
    let mut record = [0; 32];
    let parts = (lookup ^ i64::MIN).to_be_bytes().into_iter().chain(key.bytes()).chain(sheet.to_be_bytes());
    record.iter_mut().zip(parts).for_each(|(byte, part)| *byte = part);
    record
}

fn lookup_of(record: &LookupRecord) -> (i64, [u8; 16], i64) {
    (i64::from_be_bytes(part(record, 0)) ^ i64::MIN, part(record, 8), i64::from_be_bytes(part(record, 24)))
}

fn part<const N: usize>(record: &[u8], from: usize) -> [u8; N] {
    record.get(from..).and_then(<[u8]>::first_chunk).copied().unwrap_or([0; N])
}

/// Sorting and reading back are done where waiting for a processor or a disk delays nobody.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> std::io::Result<T> + Send + 'static) -> Result<T, Error> {
    spawn_blocking(work).await.map_err(|_| Error::Stopping)?.map_err(Error::Aside)
}

async fn next<const N: usize>(mut sorted: Sorted<N>) -> Result<(Sorted<N>, Vec<[u8; N]>), Error> {
    apart(move || sorted.take(ROWS).map(|records| (sorted, records))).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_keep_what_they_are_given_and_the_order_of_lookups() {
        let key = PersonKey::of("somebody");
        assert_eq!(person_of(&person_record(key, 7, 1 << 40, 3)), (key.bytes(), 7, 1 << 40, 3));
        let numbers = [i64::MIN, -5, 0, 5, i64::MAX];
        let records = numbers.map(|lookup| lookup_record(lookup, key, 9));
        assert!(records.is_sorted());
        assert_eq!(records.map(|record| lookup_of(&record).0), numbers);
        assert_eq!(lookup_of(&records[0]), (i64::MIN, key.bytes(), 9));
    }
}
