//! Remembers orders, certificates, applications and revocations: every SQL statement of the authority.

mod acme;
mod applications;
mod certificates;
mod guesses;
mod orders;
mod pool;
mod records;
mod revocations;

use chassis::db::{Database, DbError, Migration, Row};
use jiff::Timestamp;

pub(crate) use certificates::Closing;
pub(crate) use orders::OrderRow;
pub(crate) use pool::PoolKey;

const MIGRATIONS: &[Migration] = &[
    Migration { number: 1, name: "certificates", sql: include_str!("../migrations/0001_certificates.sql") },
    Migration { number: 2, name: "orders", sql: include_str!("../migrations/0002_orders.sql") },
    Migration { number: 3, name: "acme", sql: include_str!("../migrations/0003_acme.sql") },
    Migration { number: 4, name: "listed", sql: include_str!("../migrations/0004_listed.sql") },
    Migration { number: 5, name: "records", sql: include_str!("../migrations/0005_records.sql") },
];

/// The authority's tables.
#[derive(Clone)]
pub(crate) struct Store {
    db: Database,
}

impl Store {
    pub(crate) async fn open(db: Database) -> Result<Self, DbError> {
        db.migrate("authority", MIGRATIONS).await?;
        Ok(Self { db })
    }
}

fn instant(row: &Row, index: usize) -> Result<Timestamp, DbError> {
    read_instant(row.int(index)?, index)
}

fn opt_instant(row: &Row, index: usize) -> Result<Option<Timestamp>, DbError> {
    row.opt_int(index)?.map(|found| read_instant(found, index)).transpose()
}

fn read_instant(found: i64, index: usize) -> Result<Timestamp, DbError> {
    Timestamp::from_millisecond(found).map_err(|_| DbError::Column { index, wanted: "an instant", found: "a number out of range" })
}

/// A word of a column that only this program writes.
fn word<T>(read: Option<T>, index: usize) -> Result<T, DbError> {
    read.ok_or(DbError::Column { index, wanted: "a known word", found: "another word" })
}
