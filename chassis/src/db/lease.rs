//! Lets one of several copies do a job: whoever claims its name first holds it until a moment, and nobody else does it meanwhile.
//!
//! The copies compare moments of their own clocks, so these must agree much better than a lease is long. Work that must not overlap even
//! when they do not, or when a copy was asleep, confirms its lease inside its own transaction: see [`Lease::confirm`].

use std::fmt;

use data_encoding::HEXLOWER;
use jiff::{SignedDuration, Timestamp};

use super::{Database, DbError, Migration, Transaction, values};
use crate::random;

const TABLES: &[Migration] = &[Migration {
    number: 1,
    name: "leases",
    sql: "CREATE TABLE lease (name TEXT NOT NULL PRIMARY KEY, holder TEXT NOT NULL, until BIGINT NOT NULL)",
}];

/// One text for both engines, and one statement: two copies that ask at once cannot both be told yes.
const CLAIM: &str = "INSERT INTO lease (name, holder, until) VALUES ($1, $2, $3) \
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until WHERE lease.until <= $4 RETURNING until";
const EXTEND: &str = "UPDATE lease SET until = $3 WHERE name = $1 AND holder = $2 RETURNING until";
/// The row stays: its moment has passed, which is as good as gone.
const RELEASE: &str = "UPDATE lease SET until = 0 WHERE name = $1 AND holder = $2";

/// Finds a row when anybody holds the job `$1` at the moment `$2`: a condition of statements that must know it at the moment they act.
pub const HELD: &str = "SELECT 1 FROM lease WHERE name = $1 AND until > $2";

/// The leases kept in one database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Leases {
    db: Database,
}

impl Leases {
    /// Opens the leases in `db`, making their table at the first start.
    ///
    /// # Errors
    /// As [`Database::migrate`].
    pub async fn open(db: Database) -> Result<Self, DbError> {
        db.migrate("lease", TABLES).await?;
        Ok(Self { db })
    }

    /// Claims the job `name` from `now` for `span`, or `None` when another holds it, in this process or in any other.
    ///
    /// # Errors
    /// Any [`DbError`] of a statement. When the connection broke meanwhile the job may be held by nobody until `span` is over.
    pub async fn claim(&self, name: &str, now: Timestamp, span: SignedDuration) -> Result<Option<Lease>, DbError> {
        let token = random::bytes::<16>().map_err(|error| DbError::Unavailable(error.to_string()))?;
        let holder = HEXLOWER.encode(&token);
        let row = self.db.query_opt(CLAIM, &values![name, holder.as_str(), end(now, span), now]).await?;
        Ok(row.map(|_| Lease { db: self.db.clone(), name: name.to_owned(), holder }))
    }

    /// Takes the job `name` from a process that is gone for certain: where one process owns the database, whoever held it before this one
    /// started. On a shared database it does nothing.
    ///
    /// # Errors
    /// Any [`DbError`] of a statement.
    pub async fn bury(&self, name: &str) -> Result<(), DbError> {
        if self.db.is_exclusive() {
            self.db.execute("UPDATE lease SET until = 0 WHERE name = $1", &values![name]).await?;
        }
        Ok(())
    }

    /// Whether a job that is to be done once every `period` is this copy's to do now. It is told yes at most once a period, whoever asks, and
    /// asking again is the only thing needed: there is nothing to renew or to give back.
    ///
    /// # Errors
    /// Any [`DbError`] of a statement.
    pub async fn is_due(&self, name: &str, now: Timestamp, period: SignedDuration) -> Result<bool, DbError> {
        Ok(self.claim(name, now, period).await?.is_some())
    }
}

/// A job that this copy holds. Dropping it leaves it held until its moment has passed.
pub struct Lease {
    db: Database,
    name: String,
    holder: String,
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lease").field(&self.name).finish()
    }
}

impl Lease {
    /// Holds the job until `span` after `now`. `false` when it was lost to another copy: the work must stop.
    ///
    /// # Errors
    /// Any [`DbError`] of a statement.
    pub async fn renew(&self, now: Timestamp, span: SignedDuration) -> Result<bool, DbError> {
        let row = self.db.query_opt(EXTEND, &values![self.name.as_str(), self.holder.as_str(), end(now, span)]).await?;
        Ok(row.is_some())
    }

    /// As [`renew`](Self::renew), as a part of the work's own transaction: `true` means that nobody else can have taken the job before that
    /// transaction is committed, whatever the clocks say.
    ///
    /// # Errors
    /// Any [`DbError`] of a statement.
    pub async fn confirm(&self, tx: &mut Transaction, now: Timestamp, span: SignedDuration) -> Result<bool, DbError> {
        let row = tx.query_opt(EXTEND, &values![self.name.as_str(), self.holder.as_str(), end(now, span)]).await?;
        Ok(row.is_some())
    }

    /// Gives the job back, so that any copy may claim it at once.
    ///
    /// # Errors
    /// Any [`DbError`] of a statement; it is then held until its moment has passed.
    pub async fn release(self) -> Result<(), DbError> {
        self.db.execute(RELEASE, &values![self.name.as_str(), self.holder.as_str()]).await.map(drop)
    }
}

fn end(now: Timestamp, span: SignedDuration) -> Timestamp {
    now.checked_add(span).unwrap_or(Timestamp::MAX)
}
