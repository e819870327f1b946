//! Remembers who is insured: how the register is looked up, and which of its editions count. What writes them stands below `store/`.

mod former;
mod lease;
mod sorter;
mod staging;
mod tidy;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use chassis::clock::Clock;
use chassis::db::lease::Leases;
use chassis::db::{Database, Migration, values};
use tokio::sync::Notify;
use wire::check::SearchKey;

use crate::error::Error;
use crate::register::{Dossier, lookup};

pub(crate) use staging::Importing;

const MIGRATIONS: &[Migration] = &[
    Migration { number: 1, name: "register", sql: include_str!("../migrations/0001_register.sql") },
    Migration { number: 2, name: "editions", sql: include_str!("../migrations/0002_editions.sql") },
];

/// Everyone who may be meant, each from the newest current edition that has the person. One statement sees one moment of the database, so what
/// it finds is wholly from before an import or wholly from after it. `CROSS JOIN` keeps SQLite from turning the order around, which would mean
/// to go through everyone.
const FIND: &str = "SELECT r.changes, s.body
FROM register r CROSS JOIN edition e CROSS JOIN edition_lookup l CROSS JOIN edition_sheet s
WHERE r.one = 1 AND e.state = 'current' AND l.edition = e.edition AND l.lookup = $1
  AND s.edition = l.edition AND s.sheet = l.sheet AND s.person_key = l.person_key
  AND NOT EXISTS (SELECT 1 FROM edition n CROSS JOIN edition_person p
    WHERE n.state = 'current' AND n.edition > l.edition AND p.edition = n.edition AND p.person_key = l.person_key)";

/// The insurers of the current editions, those of newer ones later.
const INSURERS: &str = "SELECT r.changes, i.insurer_number, i.name
FROM register r CROSS JOIN edition e CROSS JOIN edition_insurer i
WHERE r.one = 1 AND e.state = 'current' AND i.edition = e.edition ORDER BY e.edition";

/// The room's tables. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    db: Database,
    leases: Leases,
    /// The names of insurers are few and asked for with every answer, so they are kept until the register changes.
    insurers: RwLock<Arc<Insurers>>,
    /// Leases are held against each other by the real time, whatever the time of the questions is.
    clock: Clock,
    /// Woken when there may be something to tidy up, and at the end.
    wake: Arc<Notify>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.wake.notify_one();
    }
}

/// The insurers as they stood after so many changes of the register.
#[derive(Default)]
pub(crate) struct Insurers {
    changes: Option<i64>,
    names: HashMap<String, String>,
}

impl Insurers {
    /// What the body with this canonical number is called.
    ///
    /// # Errors
    /// When the register holds no such body, though it holds a qualification of it.
    pub(crate) fn name(&self, canonical: &str) -> Result<&str, Error> {
        self.names.get(canonical).map(String::as_str).ok_or(Error::Unreadable)
    }
}

/// How much the register holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Counts {
    /// Bodies that insure (保険者).
    pub insurers: u64,
    /// Insured persons.
    pub persons: u64,
    /// Qualifications, past ones included.
    pub qualifications: u64,
    /// When the register was last changed.
    pub last_import_at: Option<jiff::Timestamp>,
}

impl Store {
    pub(crate) async fn open(db: Database) -> Result<Self, Error> {
        let store = Self::prepare(db).await?;
        store.keep_tidy();
        Ok(store)
    }

    async fn prepare(db: Database) -> Result<Self, Error> {
        db.migrate("eligibility", MIGRATIONS).await?;
        let leases = Leases::open(db.clone()).await?;
        leases.bury(lease::IMPORT).await?;
        leases.bury(lease::TIDY).await?;
        let shared = Shared { db, leases, insurers: RwLock::default(), clock: Clock::system(), wake: Arc::default() };
        let store = Self { shared: Arc::new(shared) };
        store.adopt().await?;
        Ok(store)
    }

    fn db(&self) -> &Database {
        &self.shared.db
    }

    /// Everyone who could be meant, with all their qualifications, and the insurers of the same moment; nothing when an import was just then
    /// made to count, so that the question has to be put again.
    pub(crate) async fn dossiers(&self, asked: &SearchKey) -> Result<Option<(Vec<Dossier>, Arc<Insurers>)>, Error> {
        let rows = self.db().query(FIND, &values![lookup(&asked.insurer, &asked.number, asked.birthdate)]).await?;
        let Some(first) = rows.first() else { return Ok(Some((Vec::new(), self.kept_insurers()))) };
        let changes = Some(first.int(0)?);
        let mut insurers = self.kept_insurers();
        if insurers.changes != changes {
            insurers = Arc::new(self.read_insurers().await?);
            *self.shared.insurers.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&insurers);
        }
        if insurers.changes != changes {
            return Ok(None);
        }
        let dossiers = rows.iter().map(|row| read(&row.text(1)?)).collect::<Result<_, _>>()?;
        Ok(Some((dossiers, insurers)))
    }

    fn kept_insurers(&self) -> Arc<Insurers> {
        Arc::clone(&self.shared.insurers.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn read_insurers(&self) -> Result<Insurers, Error> {
        let mut insurers = Insurers::default();
        for row in self.db().query(INSURERS, &[]).await? {
            insurers.changes = Some(row.int(0)?);
            insurers.names.insert(row.text(1)?, row.text(2)?);
        }
        Ok(insurers)
    }

    pub(crate) async fn counts(&self) -> Result<Counts, Error> {
        let sql = "SELECT r.persons, r.qualifications, r.last_import_at,
  (SELECT COUNT(DISTINCT i.insurer_number) FROM edition e CROSS JOIN edition_insurer i WHERE e.state = 'current' AND i.edition = e.edition)
FROM register r WHERE r.one = 1";
        let Some(row) = self.db().query_opt(sql, &[]).await? else { return Ok(Counts::default()) };
        let count = |i| row.int(i).map(|count| u64::try_from(count).unwrap_or(0));
        let last_import_at = row.opt_int(2)?.and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
        Ok(Counts { insurers: count(3)?, persons: count(0)?, qualifications: count(1)?, last_import_at })
    }
}

/// A sheet as it stands in a table.
fn read(body: &str) -> Result<Dossier, Error> {
    serde_json::from_str(body).map_err(|_| Error::Unreadable)
}

#[cfg(test)]
mod tests {
    use chassis::testing::Place;

    use super::*;

    #[tokio::test]
    async fn sqlite_goes_straight_to_the_person() {
        let place = Place::sqlite();
        let db = place.database().await;
        db.migrate("eligibility", MIGRATIONS).await.unwrap();
        let plan = db.query(&format!("EXPLAIN QUERY PLAN {FIND}"), &values![1]).await.unwrap();
        let steps: Vec<String> = plan.iter().map(|row| row.text(3).unwrap()).collect();
        let searched = |table: &str| steps.iter().any(|step| step.starts_with(&format!("SEARCH {table} ")));
        assert!(searched("l") && searched("s") && searched("p"), "{steps:#?}");
    }
}
