//! Revocations, requests for them, and the numbers of the lists.

use chassis::db::{DbError, Row, Transaction, values};
use chassis::mail::{Mail, MailError, Outbox};
use jiff::Timestamp;

use super::records::{Deed, note};
use super::{Store, instant, opt_instant, word};
use crate::journal::Entry;
use crate::revocation::{By, Reason, RequestState, RevocationRequest};

/// A request for revocation with what it is about.
pub(crate) type RequestRow = RevocationRequest;

/// An entry of a revocation list.
pub(crate) struct Listed {
    pub(crate) serial: String,
    pub(crate) at: Timestamp,
    pub(crate) reason: Reason,
}

const REQUESTS: &str = "SELECT r.number, r.serial, r.mail, r.proof, r.state, r.reason, r.asked_at, r.decided_at, c.facility_code,
  c.terminal_name FROM revocation_request r LEFT JOIN client_certificate c ON c.serial = r.serial";

impl Store {
    /// Notes a revocation; the first one counts. The answer is whether a certificate has that serial number.
    pub(crate) async fn revoke(&self, serial: &str, reason: Reason, at: Timestamp) -> Result<bool, DbError> {
        let mut tx = self.db.begin().await?;
        let known = revoke_in(&mut tx, serial, reason, at).await?;
        tx.commit().await?;
        Ok(known)
    }

    /// Keeps the memory of a revocation whose certificate this database does not know.
    pub(crate) async fn keep_lost(&self, entry: &Entry) -> Result<(), DbError> {
        let mut tx = self.db.begin().await?;
        let sql = "INSERT INTO lost_revocation (serial, revoked_at, reason, not_after, shard) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (serial) DO NOTHING";
        let values = values![entry.serial.as_str(), entry.at, entry.reason.code(), entry.not_after, entry.shard];
        if tx.execute(sql, &values).await? > 0 {
            moved(&mut tx).await?;
        }
        tx.commit().await
    }

    /// What is revoked or held, with all that the journal keeps of it.
    pub(crate) async fn closed(&self) -> Result<Vec<(String, Option<Timestamp>, Option<Timestamp>)>, DbError> {
        let sql = "SELECT serial, revoked_at, held_at FROM client_certificate WHERE revoked_at IS NOT NULL OR held_at IS NOT NULL
UNION ALL SELECT serial, revoked_at, NULL FROM lost_revocation";
        let rows = self.db.query(sql, &[]).await?;
        rows.iter().map(|row| Ok((row.text(0)?, opt_instant(row, 1)?, opt_instant(row, 2)?))).collect()
    }

    /// What stands on a list: the revoked and the provisionally blocked whose time is not long over.
    pub(crate) async fn listed(&self, shard: Option<i64>, ended_after: Timestamp) -> Result<Vec<Listed>, DbError> {
        // Each part by an index that holds all that is asked for: most of a certificate's row is its text.
        let sql = "SELECT serial, revoked_at, COALESCE(reason, 6) FROM client_certificate
WHERE revoked_at > 0 AND not_after >= $1 AND ($2 < 0 OR shard = $2)
UNION ALL SELECT serial, held_at, COALESCE(reason, 6) FROM client_certificate
WHERE held_at > 0 AND revoked_at IS NULL AND not_after >= $1 AND ($2 < 0 OR shard = $2)
UNION ALL SELECT serial, revoked_at, reason FROM lost_revocation WHERE not_after >= $1 AND ($2 < 0 OR shard = $2)";
        let rows = self.db.query(sql, &values![ended_after, shard.unwrap_or(-1)]).await?;
        rows.iter().map(|row| Ok(Listed { serial: row.text(0)?, at: instant(row, 1)?, reason: Reason::of(row.int(2)?) })).collect()
    }

    pub(crate) async fn lost_revocation(&self, serial: &str) -> Result<Option<Listed>, DbError> {
        let row = self.db.query_opt("SELECT serial, revoked_at, reason FROM lost_revocation WHERE serial = $1", &values![serial]).await?;
        row.map(|row| Ok(Listed { serial: row.text(0)?, at: instant(&row, 1)?, reason: Reason::of(row.int(2)?) })).transpose()
    }

    /// Moves with every revocation.
    pub(crate) async fn list_version(&self) -> Result<i64, DbError> {
        let row = self.db.query_opt("SELECT version FROM crl_state WHERE one = 1", &[]).await?;
        row.map_or(Ok(0), |row| row.int(0))
    }

    /// The number of the next revocation list: above every earlier one's, whatever copy made that and whatever backup this database came
    /// from, since it follows the clock.
    pub(crate) async fn next_list_number(&self, now: Timestamp) -> Result<i64, DbError> {
        let sql = "INSERT INTO revocation_list (number, made_at)
SELECT CASE WHEN COALESCE(MAX(number), 0) >= $1 THEN MAX(number) + 1 ELSE $1 END, $1 FROM revocation_list RETURNING number";
        loop {
            match self.db.query_opt(sql, &values![now]).await {
                Ok(row) => return row.map_or(Ok(1), |row| row.int(0)),
                // Another copy took the number at the same moment.
                Err(error) if error.is_unique_violation() => {}
                Err(error) => return Err(error),
            }
        }
    }

    pub(crate) async fn forget_list_numbers(&self) -> Result<(), DbError> {
        let sql = "DELETE FROM revocation_list WHERE number < (SELECT MAX(number) FROM revocation_list) - 1000";
        self.db.execute(sql, &[]).await.map(|_| ())
    }

    /// Keeps a request and blocks its certificate from this moment on: both or neither.
    pub(crate) async fn add_request(&self, request: &RequestRow, deadline: Timestamp) -> Result<(), DbError> {
        let mut tx = self.db.begin().await?;
        let sql = "INSERT INTO revocation_request (number, serial, mail, proof, state, reason, asked_at, deadline)
VALUES ($1, $2, $3, $4, 'asked', $5, $6, $7)";
        let values = values![
            request.number.as_str(),
            request.serial.as_str(),
            request.mail.as_str(),
            request.by.key(),
            request.reason.code(),
            request.asked_at,
            deadline,
        ];
        tx.execute(sql, &values).await?;
        let sql =
            "UPDATE client_certificate SET held_at = $1, registry_due = 1 WHERE serial = $2 AND held_at IS NULL AND revoked_at IS NULL";
        tx.execute(sql, &values![request.asked_at, request.serial.as_str()]).await?;
        note(&mut tx, &about(request, "certificate.revocation.ask"), request.asked_at).await?;
        moved(&mut tx).await?;
        tx.commit().await
    }

    pub(crate) async fn request(&self, number: &str) -> Result<Option<RequestRow>, DbError> {
        let row = self.db.query_opt(&format!("{REQUESTS} WHERE r.number = $1"), &values![number]).await?;
        row.as_ref().map(read).transpose()
    }

    pub(crate) async fn waiting_request(&self, serial: &str) -> Result<Option<RequestRow>, DbError> {
        let row = self.db.query_opt(&format!("{REQUESTS} WHERE r.serial = $1 AND r.state = 'asked'"), &values![serial]).await?;
        row.as_ref().map(read).transpose()
    }

    /// Those that wait first, then the newest of the others: at most 500.
    pub(crate) async fn requests(&self) -> Result<Vec<RequestRow>, DbError> {
        let sql = format!("{REQUESTS} ORDER BY CASE WHEN r.state = 'asked' THEN 0 ELSE 1 END, r.asked_at DESC, r.number LIMIT 500");
        self.db.query(&sql, &[]).await?.iter().map(read).collect()
    }

    pub(crate) async fn overdue_requests(&self, now: Timestamp) -> Result<Vec<RequestRow>, DbError> {
        let sql = format!("{REQUESTS} WHERE r.state = 'asked' AND r.deadline <= $1 ORDER BY r.deadline LIMIT 200");
        self.db.query(&sql, &values![now]).await?.iter().map(read).collect()
    }

    /// Ends a request, revokes or lets in again, and promises the mail: all or nothing. Whether it was still waiting.
    pub(crate) async fn decide_request(
        &self,
        request: &RequestRow,
        revoke: bool,
        mail: Option<(&Outbox, &Mail)>,
        now: Timestamp,
    ) -> Result<bool, MailError> {
        let mut tx = self.db.begin().await?;
        let state = if revoke { RequestState::Done } else { RequestState::Refused };
        let sql = "UPDATE revocation_request SET state = $1, decided_at = $2, deadline = NULL WHERE number = $3 AND state = 'asked'";
        if tx.execute(sql, &values![state.key(), now, request.number.as_str()]).await? == 0 {
            return Ok(false);
        }
        if revoke {
            revoke_in(&mut tx, &request.serial, request.reason, now).await?;
        } else {
            let sql = "UPDATE client_certificate SET held_at = NULL, registry_due = 2 WHERE serial = $1 AND held_at IS NOT NULL AND revoked_at IS NULL";
            tx.execute(sql, &values![request.serial.as_str()]).await?;
            note(&mut tx, &about(request, "certificate.revocation.refuse"), now).await?;
            moved(&mut tx).await?;
        }
        if let Some((outbox, mail)) = mail {
            outbox.put(&mut tx, mail, now).await?;
        }
        tx.commit().await?;
        Ok(true)
    }
}

/// What was done to a request for revocation.
fn about<'a>(request: &'a RequestRow, action: &'static str) -> Deed<'a> {
    Deed { action, subject: &request.number, serial: Some(&request.serial), number: Some(&request.number), ..Deed::default() }
}

async fn revoke_in(tx: &mut Transaction, serial: &str, reason: Reason, at: Timestamp) -> Result<bool, DbError> {
    let sql = "SELECT facility_code, terminal_name FROM client_certificate WHERE serial = $1 AND revoked_at IS NULL";
    if let Some(row) = tx.query_opt(sql, &values![serial]).await? {
        let (facility_code, terminal_name) = (row.text(0)?, row.text(1)?);
        let (facility_code, terminal_name) = (Some(facility_code.as_str()), Some(terminal_name.as_str()));
        let (action, serial, reason) = ("certificate.revoke", Some(serial), Some(reason.code()));
        let deed = Deed { action, subject: serial.unwrap_or_default(), facility_code, terminal_name, serial, reason, ..Deed::default() };
        note(tx, &deed, at).await?;
    }
    let sql = "UPDATE client_certificate SET revoked_at = COALESCE(revoked_at, $1), reason = COALESCE(reason, $2), held_at = NULL,
  registry_due = 1 WHERE serial = $3";
    let known = tx.execute(sql, &values![at, reason.code(), serial]).await? > 0;
    // What is revoked is revoked: nobody need decide any more.
    let sql = "UPDATE revocation_request SET state = 'done', decided_at = $1, deadline = NULL WHERE serial = $2 AND state = 'asked'";
    tx.execute(sql, &values![at, serial]).await?;
    moved(tx).await?;
    Ok(known)
}

async fn moved(tx: &mut Transaction) -> Result<(), DbError> {
    tx.execute("UPDATE crl_state SET version = version + 1 WHERE one = 1", &[]).await.map(|_| ())
}

fn read(row: &Row) -> Result<RequestRow, DbError> {
    Ok(RevocationRequest {
        number: row.text(0)?,
        serial: row.text(1)?,
        mail: row.text(2)?,
        by: word(By::of(&row.text(3)?), 3)?,
        state: word(RequestState::of(&row.text(4)?), 4)?,
        reason: Reason::of(row.int(5)?),
        asked_at: instant(row, 6)?,
        decided_at: opt_instant(row, 7)?,
        facility_code: row.opt_text(8)?.unwrap_or_default(),
        terminal_name: row.opt_text(9)?.unwrap_or_default(),
    })
}
