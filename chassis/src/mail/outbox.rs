//! Keeps mail in a table until it has left: a mail is promised in the transaction of what it tells of.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use lettre::message::Mailbox;

use super::{Config, Mail, MailError, written};
use crate::db::{Database, DbError, Migration, Row, Transaction, values};
use crate::random;

const TABLES: &[Migration] = &[Migration {
    number: 1,
    name: "outbox",
    sql: "CREATE TABLE mail_outbox (mail_id TEXT NOT NULL PRIMARY KEY, recipient TEXT NOT NULL, subject TEXT NOT NULL, message BYTEA, \
          state TEXT NOT NULL, tries BIGINT NOT NULL, next_at BIGINT NOT NULL, made_at BIGINT NOT NULL, done_at BIGINT, problem TEXT);
          CREATE INDEX mail_outbox_by_turn ON mail_outbox (state, next_at);
          CREATE INDEX mail_outbox_by_age ON mail_outbox (made_at)",
}];

const PUT: &str = "INSERT INTO mail_outbox (mail_id, recipient, subject, message, state, tries, next_at, made_at) \
    VALUES ($1, $2, $3, $4, 'waiting', 0, $5, $6)";
const DUE: &str = "SELECT mail_id, recipient, message, tries, made_at FROM mail_outbox WHERE state = 'waiting' AND next_at <= $1 \
    ORDER BY next_at LIMIT 20";
/// The try is written down before it is made, so that whoever dies in it leaves the mail its next turn, and no other copy makes the same try.
const TRY: &str = "UPDATE mail_outbox SET tries = tries + 1, next_at = $3 WHERE mail_id = $1 AND tries = $2 AND state = 'waiting'";
/// What was said is no longer kept here once it has left.
const SENT: &str = "UPDATE mail_outbox SET state = 'sent', done_at = $2, problem = NULL, message = NULL WHERE mail_id = $1";
const FAILED: &str = "UPDATE mail_outbox SET problem = $2 WHERE mail_id = $1";
const GIVEN_UP: &str = "UPDATE mail_outbox SET state = 'given-up', done_at = $2, problem = $3 WHERE mail_id = $1";
const LIST: &str = "SELECT mail_id, recipient, subject, state, tries, made_at, done_at, problem FROM mail_outbox \
    WHERE $1 = '' OR mail_id = $1 ORDER BY made_at DESC, mail_id LIMIT 200";

/// The mail that is to leave. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Outbox {
    db: Database,
    from: Arc<Mailbox>,
}

/// A mail in the outbox as an operator sees it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Kept {
    /// Its name here, before the `@` of its Message-ID.
    pub mail_id: String,
    /// To whom.
    pub to: String,
    /// What about.
    pub subject: String,
    /// `waiting`, `sent` or `given-up`.
    pub state: String,
    /// How often it was tried.
    pub tries: i64,
    /// When it was written.
    pub made_at: Timestamp,
    /// When it left or was given up.
    pub done_at: Option<Timestamp>,
    /// What the last try ran into.
    pub problem: Option<String>,
}

/// A mail whose turn it is.
pub(super) struct Turn {
    pub(super) mail_id: String,
    pub(super) recipient: String,
    pub(super) message: Vec<u8>,
    pub(super) tries: i64,
    pub(super) made_at: Timestamp,
}

impl Outbox {
    /// Opens the outbox in `db`, making its table at the first start.
    ///
    /// # Errors
    /// [`MailError::Config`] when the sender cannot be read, else as [`Database::migrate`].
    pub async fn open(db: Database, config: &Config) -> Result<Self, MailError> {
        let from = Arc::new(config.sender()?);
        db.migrate("mail", TABLES).await?;
        Ok(Self { db, from })
    }

    /// Promises a mail as a part of `tx`: it is sent if, and only if, `tx` is committed. The answer is its name.
    ///
    /// # Errors
    /// [`MailError::Unwritable`], or any [`DbError`] of a statement.
    pub async fn put(&self, tx: &mut Transaction, mail: &Mail, now: Timestamp) -> Result<String, MailError> {
        let mail_id = data_encoding::HEXLOWER.encode(&random::bytes::<12>()?);
        let message_id = format!("<{mail_id}@{}>", self.from.email.domain());
        let message = written(mail, &self.from, &message_id, now)?;
        let row = values![mail_id.as_str(), mail.to.as_str(), mail.subject.as_str(), message, now, now];
        tx.execute(PUT, &row).await?;
        Ok(mail_id)
    }

    /// The newest mails, at most 200.
    ///
    /// # Errors
    /// Any [`DbError`] of a statement.
    pub async fn list(&self) -> Result<Vec<Kept>, DbError> {
        self.db.query(LIST, &values![""]).await?.iter().map(kept).collect()
    }

    /// One mail.
    ///
    /// # Errors
    /// Any [`DbError`] of a statement.
    pub async fn find(&self, mail_id: &str) -> Result<Option<Kept>, DbError> {
        if mail_id.is_empty() {
            return Ok(None);
        }
        self.db.query_opt(LIST, &values![mail_id]).await?.as_ref().map(kept).transpose()
    }

    /// What a mail that has not left says, as it will cross the wire.
    ///
    /// # Errors
    /// Any [`DbError`] of a statement.
    pub async fn message(&self, mail_id: &str) -> Result<Option<Vec<u8>>, DbError> {
        let row = self.db.query_opt("SELECT message FROM mail_outbox WHERE mail_id = $1", &values![mail_id]).await?;
        row.map_or(Ok(None), |row| row.opt_bytes(0))
    }

    pub(super) fn sender(&self) -> lettre::Address {
        self.from.email.clone()
    }

    pub(super) async fn due(&self, now: Timestamp) -> Result<Vec<Turn>, DbError> {
        let rows = self.db.query(DUE, &values![now]).await?;
        rows.iter()
            .map(|row| {
                Ok(Turn {
                    mail_id: row.text(0)?,
                    recipient: row.text(1)?,
                    message: row.opt_bytes(2)?.unwrap_or_default(),
                    tries: row.int(3)?,
                    made_at: instant(row.int(4)?)?,
                })
            })
            .collect()
    }

    /// Writes a try down before it is made; `false` when another copy made it.
    pub(super) async fn begin(&self, turn: &Turn, now: Timestamp) -> Result<bool, DbError> {
        let next = now.checked_add(pause(turn.tries)).unwrap_or(Timestamp::MAX);
        Ok(self.db.execute(TRY, &values![turn.mail_id.as_str(), turn.tries, next]).await? == 1)
    }

    pub(super) async fn sent(&self, mail_id: &str, now: Timestamp) -> Result<(), DbError> {
        self.db.execute(SENT, &values![mail_id, now]).await.map(drop)
    }

    pub(super) async fn failed(&self, mail_id: &str, problem: &str) -> Result<(), DbError> {
        self.db.execute(FAILED, &values![mail_id, problem]).await.map(drop)
    }

    pub(super) async fn given_up(&self, mail_id: &str, now: Timestamp, problem: &str) -> Result<(), DbError> {
        self.db.execute(GIVEN_UP, &values![mail_id, now, problem]).await.map(drop)
    }
}

/// How long a mail waits after its n-th try (from 0): one minute, doubled each time, four hours at most.
fn pause(tries: i64) -> SignedDuration {
    let doubled = u32::try_from(tries).map_or(8, |tries| tries.min(8));
    SignedDuration::from_mins(1_i64 << doubled).min(SignedDuration::from_hours(4))
}

fn kept(row: &Row) -> Result<Kept, DbError> {
    Ok(Kept {
        mail_id: row.text(0)?,
        to: row.text(1)?,
        subject: row.text(2)?,
        state: row.text(3)?,
        tries: row.int(4)?,
        made_at: instant(row.int(5)?)?,
        done_at: row.opt_int(6)?.map(instant).transpose()?,
        problem: row.opt_text(7)?,
    })
}

fn instant(milliseconds: i64) -> Result<Timestamp, DbError> {
    Timestamp::from_millisecond(milliseconds).map_err(|_| DbError::Column { index: 0, wanted: "an instant", found: "something else" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_waits_longer_after_each_try_and_never_longer_than_four_hours() {
        let minutes: Vec<i64> = (0..12).map(|tries| pause(tries).as_mins()).collect();
        assert_eq!(minutes, [1, 2, 4, 8, 16, 32, 64, 128, 240, 240, 240, 240]);
        assert_eq!(pause(i64::MAX).as_hours(), 4);
    }
}
