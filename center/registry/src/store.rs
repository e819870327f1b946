//! Remembers who takes part: every SQL statement about callers, facilities and terminals.

mod accounts;
mod admission;
mod applications;
mod closures;
mod lines;
mod troubles;

use std::net::IpAddr;

use chassis::db::{Database, DbError, Migration, Row, Transaction, Value, values};
use jiff::Timestamp;
use jiff::civil::Date;

use crate::rules::admission_keys;
use crate::{Facility, Facts, SessionFact, Terminal, TerminalFact};

pub(crate) use applications::ApplicationRow;

const MIGRATIONS: &[Migration] = &[
    Migration { number: 1, name: "participants", sql: include_str!("../migrations/0001_participants.sql") },
    Migration { number: 2, name: "admission by line", sql: include_str!("../migrations/0002_admission_by_line.sql") },
    Migration { number: 3, name: "portal", sql: include_str!("../migrations/0003_portal.sql") },
    Migration { number: 4, name: "closures", sql: include_str!("../migrations/0004_closures.sql") },
    Migration { number: 5, name: "troubles", sql: include_str!("../migrations/0005_troubles.sql") },
];

/// The registry's tables.
#[derive(Clone)]
pub(crate) struct Store {
    db: Database,
}

// One row whatever is known: the caller's line, terminal, session and facility, in a single question.
const FACTS: &str = "SELECT a.line_id, t.serial, t.facility_code, t.blocked_at, t.not_after,
  s.account_id, s.facility_code, s.expires_at, f.valid_from, f.valid_until
FROM (SELECT 1 AS one) base
LEFT JOIN admission a ON a.prefix IN ($1, $2, $3, $4, $5)
LEFT JOIN terminal t ON t.serial = $6
LEFT JOIN session s ON s.token_hash = $7
LEFT JOIN facility f ON f.facility_code = COALESCE(t.facility_code, s.facility_code)
LIMIT 1";

impl Store {
    pub(crate) async fn open(db: Database) -> Result<Self, DbError> {
        db.migrate("registry", MIGRATIONS).await?;
        Ok(Self { db })
    }

    pub(crate) async fn facts(&self, address: IpAddr, serial: Option<&str>, token_hash: Option<&str>) -> Result<Facts, DbError> {
        let mut values: Vec<Value> = admission_keys(address).into_iter().map(Value::from).collect();
        // An empty text matches nothing; NULL would not tell PostgreSQL its type.
        values.push(serial.unwrap_or_default().into());
        values.push(token_hash.unwrap_or_default().into());
        let nothing = Facts { line_id: None, terminal: None, session: None, facility_validity: None };
        match self.db.query_opt(FACTS, &values).await? {
            Some(row) => read_facts(&row),
            None => Ok(nothing),
        }
    }

    pub(crate) async fn facility(&self, code: &str) -> Result<Option<Facility>, DbError> {
        let sql = "SELECT facility_code, name, region, valid_from, valid_until FROM facility WHERE facility_code = $1";
        self.db.query_opt(sql, &[code.into()]).await?.map(|row| read_facility(&row)).transpose()
    }

    pub(crate) async fn add_terminal(&self, terminal: &Terminal, now: Timestamp) -> Result<(), DbError> {
        let mut tx = self.db.begin().await?;
        add_terminal_in(&mut tx, terminal, now).await?;
        tx.commit().await
    }

    pub(crate) async fn set_blocked(&self, serial: &str, at: Option<Timestamp>) -> Result<u64, DbError> {
        let sql = "UPDATE terminal SET blocked_at = $1 WHERE serial = $2";
        self.db.execute(sql, &[at.map(|at| at.as_millisecond()).into(), serial.into()]).await
    }

    pub(crate) async fn terminals(&self, facility_code: Option<&str>) -> Result<Vec<Terminal>, DbError> {
        let sql = "SELECT serial, facility_code, name, not_after, blocked_at FROM terminal
WHERE $1 = '' OR facility_code = $1 ORDER BY enrolled_at, serial";
        let rows = self.db.query(sql, &[facility_code.unwrap_or_default().into()]).await?;
        rows.iter()
            .map(|row| {
                Ok(Terminal {
                    serial: row.text(0)?,
                    facility_code: row.text(1)?,
                    name: row.text(2)?,
                    not_after: instant(row.int(3)?)?,
                    blocked: row.opt_int(4)?.is_some(),
                })
            })
            .collect()
    }

    pub(crate) async fn admit(&self, prefix: &str, line_id: &str, now: Timestamp) -> Result<(), DbError> {
        let sql = "INSERT INTO admission (prefix, line_id, admitted_at) VALUES ($1, $2, $3)
ON CONFLICT (prefix) DO UPDATE SET line_id = excluded.line_id, admitted_at = excluded.admitted_at";
        self.db.execute(sql, &[prefix.into(), line_id.into(), now.as_millisecond().into()]).await.map(|_| ())
    }

    pub(crate) async fn dismiss(&self, prefix: &str) -> Result<u64, DbError> {
        self.db.execute("DELETE FROM admission WHERE prefix = $1", &[prefix.into()]).await
    }
}

fn read_facts(row: &Row) -> Result<Facts, DbError> {
    let terminal = match row.opt_text(1)? {
        None => None,
        Some(serial) => {
            Some(TerminalFact { serial, facility_code: row.text(2)?, blocked: row.opt_int(3)?.is_some(), not_after: instant(row.int(4)?)? })
        }
    };
    let session = match row.opt_text(5)? {
        None => None,
        Some(account_id) => Some(SessionFact { account_id, facility_code: row.text(6)?, expires_at: instant(row.int(7)?)? }),
    };
    let facility_validity = match row.opt_text(8)? {
        None => None,
        Some(from) => Some((day(&from)?, row.opt_text(9)?.map(|until| day(&until)).transpose()?)),
    };
    Ok(Facts { line_id: row.opt_text(0)?, terminal, session, facility_validity })
}

fn read_facility(row: &Row) -> Result<Facility, DbError> {
    Ok(Facility {
        facility_code: row.text(0)?,
        name: row.text(1)?,
        region: row.text(2)?,
        valid_from: day(&row.text(3)?)?,
        valid_until: row.opt_text(4)?.map(|until| day(&until)).transpose()?,
    })
}

pub(crate) fn instant(milliseconds: i64) -> Result<Timestamp, DbError> {
    Timestamp::from_millisecond(milliseconds).map_err(|_| unreadable("an instant"))
}

pub(crate) fn day(text: &str) -> Result<Date, DbError> {
    text.parse().map_err(|_| unreadable("a day"))
}

fn unreadable(wanted: &'static str) -> DbError {
    DbError::Column { index: 0, wanted, found: "something else" }
}

pub(crate) async fn add_terminal_in(tx: &mut Transaction, terminal: &Terminal, now: Timestamp) -> Result<(), DbError> {
    let sql = "INSERT INTO terminal (serial, facility_code, name, not_after, enrolled_at) VALUES ($1, $2, $3, $4, $5)";
    let values = values![terminal.serial.as_str(), terminal.facility_code.as_str(), terminal.name.as_str(), terminal.not_after, now];
    tx.execute(sql, &values).await.map(|_| ())
}
