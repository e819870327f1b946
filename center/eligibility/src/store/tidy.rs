//! Clears up after imports, a little at a time, so that nobody waits for it: takes away what no longer counts, and merges what was brought in
//! beside the register into it. What is asked meanwhile has the same answer at every moment.

use std::sync::{Arc, Weak};
use std::time::Duration;

use chassis::clock::instant;
use chassis::db::{Row, Transaction, Value, values};
use chassis::lease::HELD;
use tokio::sync::Notify;

use super::lease::{IMPORT, SPAN, TIDY};
use super::{Shared, Store, read};
use crate::error::Error;

/// About how many rows of each table are taken away in one transaction.
const SWEPT: i64 = 2000;
/// How many persons are merged in one transaction.
const MERGED: i64 = 200;
/// How often it is looked whether another copy left something, when nothing is known to be left.
const ROUND: Duration = Duration::from_secs(60);

const BROUGHT: &str = "SELECT p.person_key, p.qualifications, s.sheet, s.body
FROM edition_person p CROSS JOIN edition_sheet s
WHERE p.edition = $1 AND s.edition = p.edition AND s.sheet = p.sheet AND s.person_key = p.person_key ORDER BY p.person_key LIMIT $2";

/// The rows below that stand for persons of the edition above, up to a key.
const REPLACED: &str = "SELECT b.person_key, b.qualifications, s.sheet, s.body
FROM edition_person a CROSS JOIN edition_person b CROSS JOIN edition_sheet s
WHERE b.edition = $1 AND a.edition = $2 AND a.person_key <= $3 AND b.person_key = a.person_key
  AND s.edition = b.edition AND s.sheet = b.sheet AND s.person_key = b.person_key";

const INSURERS: &str = "INSERT INTO edition_insurer (edition, insurer_number, name)
SELECT CAST($1 AS BIGINT), insurer_number, name FROM edition_insurer WHERE edition = $2
ON CONFLICT (edition, insurer_number) DO UPDATE SET name = excluded.name";

/// The editions but those of an importer that is at work: read with its lease at one moment, since an import may end between two.
const UNTIDY: &str =
    "SELECT edition, state, sheets, lookups, swept FROM edition WHERE state <> 'staged' OR NOT EXISTS ({held}) ORDER BY edition";

/// Whoever sees a new importer's edition sees its lease too, which was there first.
const GIVE_UP: &str = "UPDATE edition SET state = 'retired' WHERE state = 'staged' AND NOT EXISTS ({held})";

/// An edition that may need tidying.
struct Edition {
    number: i64,
    state: String,
    sheets: i64,
    lookups: i64,
    swept: i64,
}

/// Runs beside everything else for as long as the register is open.
async fn keep_tidy(shared: Weak<Shared>, wake: Arc<Notify>) {
    loop {
        let Some(shared) = shared.upgrade() else { return };
        let begun = instant();
        let outcome = Store { shared }.tidy_step().await;
        match outcome {
            // Half of the time is left to the others.
            Ok(true) => tokio::time::sleep(begun.elapsed()).await,
            Ok(false) => {
                let _woken = tokio::time::timeout(ROUND, wake.notified()).await;
            }
            Err(error) => {
                tracing::warn!(%error, "the register could not be tidied up; it will be tried again");
                let _woken = tokio::time::timeout(ROUND, wake.notified()).await;
            }
        }
    }
}

impl Store {
    pub(super) fn keep_tidy(&self) {
        tokio::spawn(keep_tidy(Arc::downgrade(&self.shared), Arc::clone(&self.shared.wake)));
    }

    /// Waits until nothing is left to tidy up, helping with it.
    pub(crate) async fn tidied(&self) -> Result<(), Error> {
        while !self.untidy().await?.is_empty() {
            if !self.tidy_step().await? {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Ok(())
    }

    /// Does a little, if there is something to do and no other copy is at it.
    async fn tidy_step(&self) -> Result<bool, Error> {
        let editions = self.untidy().await?;
        if editions.is_empty() {
            return Ok(false);
        }
        let Some(lease) = self.shared.leases.claim(TIDY, self.now(), SPAN).await? else { return Ok(false) };
        let outcome = self.tidy_something(&editions).await;
        lease.release().await?;
        outcome
    }

    async fn tidy_something(&self, editions: &[Edition]) -> Result<bool, Error> {
        if editions.iter().any(|edition| edition.state == "staged") {
            return self.give_up_the_dead().await;
        }
        if let Some(retired) = editions.iter().find(|edition| edition.state == "retired") {
            return self.sweep(retired).await;
        }
        match editions {
            [lowest, above, ..] => self.merge(above.number, lowest.number).await,
            _ => Ok(false),
        }
    }

    /// The editions because of which there is something to do, from the oldest.
    async fn untidy(&self) -> Result<Vec<Edition>, Error> {
        let rows = self.db().query(&UNTIDY.replace("{held}", HELD), &values![IMPORT, self.now()]).await?;
        let edition = |row: &Row| {
            let (number, state) = (row.int(0)?, row.text(1)?);
            Ok(Edition { number, state, sheets: row.int(2)?, lookups: row.int(3)?, swept: row.int(4)? })
        };
        let editions = rows.iter().map(edition).collect::<Result<Vec<_>, Error>>()?;
        let settled = editions.len() == 1 && editions.iter().all(|edition| edition.state == "current");
        Ok(if settled { Vec::new() } else { editions })
    }

    /// Retires what an importer left that gives no sign of life. The lease itself is not taken for it: an import that comes just now would be
    /// told that another one is under way.
    async fn give_up_the_dead(&self) -> Result<bool, Error> {
        self.db().execute(&GIVE_UP.replace("{held}", HELD), &values![IMPORT, self.now()]).await?;
        Ok(true)
    }

    /// Takes away one piece of an edition that no longer counts; with the last one the edition itself.
    async fn sweep(&self, edition: &Edition) -> Result<bool, Error> {
        let steps = (edition.sheets.max(edition.lookups) / SWEPT).max(0) + 1;
        let (step, number) = (edition.swept, edition.number);
        let mut tx = self.db().begin().await?;
        let next = "UPDATE edition SET swept = swept + 1 WHERE edition = $1 AND swept = $2 AND state = 'retired'";
        if tx.execute(next, &values![number, step]).await? != 1 {
            return Ok(true);
        }
        let share = |step: i64| i64::try_from(i128::from(edition.sheets) * i128::from(step) / i128::from(steps)).unwrap_or(i64::MAX);
        let sql = "DELETE FROM edition_sheet WHERE edition = $1 AND sheet >= $2 AND sheet < $3";
        tx.execute(sql, &values![number, share(step), share(step + 1)]).await?;
        let sql = "DELETE FROM edition_person WHERE edition = $1 AND person_key >= $2 AND person_key <= $3";
        let keys = |hash: u64, rest: u8| [hash.to_be_bytes(), [rest; 8]].concat();
        let (first, last) = hashes(step, steps);
        tx.execute(sql, &values![number, keys(first, 0), keys(last, u8::MAX)]).await?;
        let sql = "DELETE FROM edition_lookup WHERE edition = $1 AND lookup >= $2 AND lookup <= $3";
        let signed = |hash: u64| hash.cast_signed() ^ i64::MIN;
        tx.execute(sql, &values![number, signed(first), signed(last)]).await?;
        if step + 1 >= steps {
            tx.execute("DELETE FROM edition_insurer WHERE edition = $1", &values![number]).await?;
            tx.execute("DELETE FROM edition WHERE edition = $1", &values![number]).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Moves some persons of the second oldest current edition down into the oldest, in the place of what that had of them. Each person stands
    /// in one of the two at every moment; when none is left above, the edition goes.
    async fn merge(&self, above: i64, below: i64) -> Result<bool, Error> {
        let mut tx = self.db().begin().await?;
        // Held until the end, from the older to the newer, so that no import makes another register count meanwhile.
        for edition in [below, above] {
            let hold = "UPDATE edition SET state = 'current' WHERE edition = $1 AND state = 'current'";
            if tx.execute(hold, &values![edition]).await? != 1 {
                return Ok(true);
            }
        }
        let brought = stored(&tx.query(BROUGHT, &values![above, MERGED]).await?)?;
        if let Some(last) = brought.last() {
            let replaced = stored(&tx.query(REPLACED, &values![below, above, last.key.clone()]).await?)?;
            remove(&mut tx, below, &replaced).await?;
            remove(&mut tx, above, &brought).await?;
            insert(&mut tx, below, &brought).await?;
        } else {
            tx.execute(INSURERS, &values![below, above]).await?;
            tx.execute("DELETE FROM edition_insurer WHERE edition = $1", &values![above]).await?;
            tx.execute("DELETE FROM edition WHERE edition = $1", &values![above]).await?;
        }
        tx.commit().await?;
        Ok(true)
    }
}

/// The first and the last of the hashes of one step, when all that there can be are shared out evenly.
fn hashes(step: i64, steps: i64) -> (u64, u64) {
    let all = u128::from(u64::MAX) + 1;
    let first = |step: i64| all * u128::from(step.unsigned_abs()) / u128::from(steps.unsigned_abs().max(1));
    let bound = |hash: u128| u64::try_from(hash).unwrap_or(u64::MAX);
    (bound(first(step)), bound(first(step.saturating_add(1)).saturating_sub(1)))
}

/// A person as it stands in an edition.
struct Stored {
    key: Vec<u8>,
    qualifications: i64,
    sheet: i64,
    body: String,
    lookups: Vec<i64>,
}

fn stored(rows: &[Row]) -> Result<Vec<Stored>, Error> {
    let stored = rows.iter().map(|row| {
        let body = row.text(3)?;
        let lookups = read(&body)?.lookups();
        Ok(Stored { key: row.bytes(0)?, qualifications: row.int(1)?, sheet: row.int(2)?, body, lookups })
    });
    stored.collect()
}

async fn remove(tx: &mut Transaction, edition: i64, persons: &[Stored]) -> Result<(), Error> {
    let rows = |row: fn(i64, &Stored) -> Vec<Value>| persons.iter().map(|one| row(edition, one)).collect::<Vec<_>>();
    let lookups =
        persons.iter().flat_map(|one| one.lookups.iter().map(|lookup| values![edition, *lookup, one.key.clone(), one.sheet].to_vec()));
    let sql = "DELETE FROM edition_lookup WHERE edition = $1 AND lookup = $2 AND person_key = $3 AND sheet = $4";
    tx.execute_many(sql, &lookups.collect::<Vec<_>>()).await?;
    let sql = "DELETE FROM edition_sheet WHERE edition = $1 AND sheet = $2 AND person_key = $3";
    tx.execute_many(sql, &rows(|edition, one| values![edition, one.sheet, one.key.clone()].to_vec())).await?;
    let sql = "DELETE FROM edition_person WHERE edition = $1 AND person_key = $2";
    tx.execute_many(sql, &rows(|edition, one| values![edition, one.key.clone()].to_vec())).await?;
    Ok(())
}

async fn insert(tx: &mut Transaction, edition: i64, persons: &[Stored]) -> Result<(), Error> {
    let count = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
    let lookups: usize = persons.iter().map(|one| one.lookups.len()).sum();
    let sql = "UPDATE edition SET sheets = sheets + $1, lookups = lookups + $2 WHERE edition = $3 RETURNING sheets";
    let row = tx.query_opt(sql, &values![count(persons.len()), count(lookups), edition]).await?.ok_or(Error::Unreadable)?;
    let first = row.int(0)? - count(persons.len());
    let (mut sheets, mut keys, mut found_by) = (Vec::new(), Vec::new(), Vec::new());
    for (one, sheet) in persons.iter().zip(first..) {
        sheets.push(values![edition, sheet, one.key.clone(), &one.body].to_vec());
        keys.push(values![edition, one.key.clone(), sheet, one.qualifications].to_vec());
        found_by.extend(one.lookups.iter().map(|lookup| values![edition, *lookup, one.key.clone(), sheet].to_vec()));
    }
    tx.insert_many("edition_sheet", &["edition", "sheet", "person_key", "body"], sheets).await?;
    tx.insert_many("edition_person", &["edition", "person_key", "sheet", "qualifications"], keys).await?;
    tx.insert_many("edition_lookup", &["edition", "lookup", "person_key", "sheet"], found_by).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use chassis::on_both;
    use chassis::testing::Place;

    use super::*;

    #[test]
    fn the_steps_cover_every_hash_once() {
        for steps in [1, 2, 3, 7, 1000] {
            assert_eq!((hashes(0, steps).0, hashes(steps - 1, steps).1), (0, u64::MAX));
            assert!((1..steps).all(|step| hashes(step, steps).0 == hashes(step - 1, steps).1 + 1), "{steps}");
        }
    }

    /// Rows of a table.
    async fn rows(store: &Store, table: &str) -> i64 {
        store.db().query_opt(&format!("SELECT COUNT(*) FROM {table}"), &[]).await.unwrap().unwrap().int(0).unwrap()
    }

    on_both!(an_old_edition_is_taken_away_in_bounded_steps, async |place: &Place| {
        let store = Store::prepare(place.database().await).await.unwrap();
        let count = SWEPT * 3;
        let sql = "INSERT INTO edition (edition, state, sheets, lookups, swept) VALUES (7, 'retired', $1, $1, 0)";
        store.db().execute(sql, &values![count]).await.unwrap();
        let mut tx = store.db().begin().await.unwrap();
        let (mut sheets, mut keys, mut lookups) = (Vec::new(), Vec::new(), Vec::new());
        for sheet in 0..count {
            let key = crate::register::PersonKey::of(&sheet.to_string()).bytes();
            let lookup = i64::from_be_bytes(*key.first_chunk().unwrap());
            sheets.push(values![7, sheet, key, "{}"].to_vec());
            keys.push(values![7, key, sheet, 1].to_vec());
            lookups.push(values![7, lookup, key, sheet].to_vec());
        }
        tx.insert_many("edition_sheet", &["edition", "sheet", "person_key", "body"], sheets).await.unwrap();
        tx.insert_many("edition_person", &["edition", "person_key", "sheet", "qualifications"], keys).await.unwrap();
        tx.insert_many("edition_lookup", &["edition", "lookup", "person_key", "sheet"], lookups).await.unwrap();
        tx.commit().await.unwrap();
        let tables = ["edition_sheet", "edition_person", "edition_lookup"];
        let mut left = [count; 3];
        let mut steps = 0;
        while store.tidy_step().await.unwrap() {
            steps += 1;
            for (table, before) in tables.into_iter().zip(&mut left) {
                let after = rows(&store, table).await;
                // Hashes are spread evenly, so that one step has a few more and another a few less.
                assert!(*before - after <= SWEPT + SWEPT / 5, "step {steps} took {} rows of {table}", *before - after);
                *before = after;
            }
        }
        assert_eq!((left, steps), ([0; 3], 4));
        assert_eq!(rows(&store, "edition").await, 0);
    });
}
