//! Remembers certificate notices, certificates and revocations: every SQL statement of the authority.

use chassis::db::{Database, DbError, Migration, Row};
use jiff::Timestamp;

use crate::{IssuedFact, Notice, NoticeRow, RevokedFact};

const MIGRATIONS: &[Migration] = &[Migration { number: 1, name: "certificates", sql: include_str!("../migrations/0001_certificates.sql") }];

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

    pub(crate) async fn add_notice(&self, notice: &Notice, reference_hash: &str, now: Timestamp) -> Result<(), DbError> {
        let sql = "INSERT INTO notice (request_id, reference_hash, facility_code, terminal_name, state, noticed_at, retrieve_until,
  valid_until, failures, failed_at) VALUES ($1, $2, $3, $4, 'open', $5, $6, $7, 0, 0)";
        let values = [
            notice.request_id.as_str().into(),
            reference_hash.into(),
            notice.facility_code.as_str().into(),
            notice.terminal_name.as_str().into(),
            now.as_millisecond().into(),
            notice.retrieve_until.as_millisecond().into(),
            notice.valid_until.as_millisecond().into(),
        ];
        self.db.execute(sql, &values).await.map(|_| ())
    }

    pub(crate) async fn notice(&self, request_id: &str) -> Result<Option<NoticeRow>, DbError> {
        let sql = "SELECT n.reference_hash, n.facility_code, n.terminal_name, n.retrieve_until, n.valid_until, n.failures, n.failed_at,
  c.key_hash FROM notice n LEFT JOIN client_certificate c ON c.request_id = n.request_id WHERE n.request_id = $1";
        let row = self.db.query_opt(sql, &[request_id.into()]).await?;
        row.map(|row| {
            Ok(NoticeRow {
                reference_hash: row.text(0)?,
                facility_code: row.text(1)?,
                terminal_name: row.text(2)?,
                valid_until: instant(&row, 4)?,
                fact: crate::rules::NoticeFact {
                    retrieve_until: instant(&row, 3)?,
                    issued_for: row.opt_text(7)?,
                    failures: row.int(5)?,
                    failed_at: instant(&row, 6)?,
                },
            })
        })
        .transpose()
    }

    pub(crate) async fn note_guess(&self, request_id: &str, now: Timestamp) -> Result<(), DbError> {
        let sql = "UPDATE notice SET failures = failures + 1, failed_at = $1 WHERE request_id = $2";
        self.db.execute(sql, &[now.as_millisecond().into(), request_id.into()]).await.map(|_| ())
    }

    /// Keeps a certificate and closes its notice, both or neither. A second certificate for the same notice or key is a broken uniqueness.
    pub(crate) async fn add_certificate(&self, request_id: &str, made: &IssuedFact, now: Timestamp) -> Result<(), DbError> {
        let mut tx = self.db.begin().await?;
        let sql = "INSERT INTO client_certificate (serial, request_id, facility_code, terminal_name, key_hash, der, issued_at, not_after)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let values = [
            made.serial.as_str().into(),
            request_id.into(),
            made.facility_code.as_str().into(),
            made.terminal_name.as_str().into(),
            made.key_hash.as_str().into(),
            made.der.clone().into(),
            now.as_millisecond().into(),
            made.not_after.as_millisecond().into(),
        ];
        tx.execute(sql, &values).await?;
        let sql = "UPDATE notice SET state = 'issued', serial = $1, failures = 0 WHERE request_id = $2";
        tx.execute(sql, &[made.serial.as_str().into(), request_id.into()]).await?;
        tx.commit().await
    }

    pub(crate) async fn certificate_of(&self, request_id: &str) -> Result<Option<IssuedFact>, DbError> {
        let sql = "SELECT serial, facility_code, terminal_name, key_hash, der, not_after, revoked_at FROM client_certificate WHERE request_id = $1";
        self.db.query_opt(sql, &[request_id.into()]).await?.map(|row| read(&row)).transpose()
    }

    pub(crate) async fn certificates(&self) -> Result<Vec<IssuedFact>, DbError> {
        let sql = "SELECT serial, facility_code, terminal_name, key_hash, der, not_after, revoked_at FROM client_certificate ORDER BY issued_at, serial";
        self.db.query(sql, &[]).await?.iter().map(read).collect()
    }

    /// Notes a revocation; the first one counts. Returns how many certificates have that serial number.
    pub(crate) async fn revoke(&self, serial: &str, reason: i64, now: Timestamp) -> Result<u64, DbError> {
        let sql = "UPDATE client_certificate SET revoked_at = COALESCE(revoked_at, $1), reason = COALESCE(reason, $2) WHERE serial = $3";
        self.db.execute(sql, &[now.as_millisecond().into(), reason.into(), serial.into()]).await
    }

    pub(crate) async fn revoked(&self) -> Result<Vec<RevokedFact>, DbError> {
        let sql = "SELECT serial, revoked_at, reason FROM client_certificate WHERE revoked_at IS NOT NULL ORDER BY serial";
        let rows = self.db.query(sql, &[]).await?;
        rows.iter().map(|row| Ok(RevokedFact { serial: row.text(0)?, at: instant(row, 1)?, reason: row.int(2)? })).collect()
    }

    /// The number of the next revocation list: one more than the last, whatever copy made that.
    pub(crate) async fn next_list_number(&self, now: Timestamp) -> Result<i64, DbError> {
        let sql =
            "INSERT INTO revocation_list (number, made_at) SELECT COALESCE(MAX(number), 0) + 1, $1 FROM revocation_list RETURNING number";
        match self.db.query_opt(sql, &[now.as_millisecond().into()]).await? {
            Some(row) => row.int(0),
            None => Ok(1),
        }
    }
}

fn read(row: &Row) -> Result<IssuedFact, DbError> {
    Ok(IssuedFact {
        serial: row.text(0)?,
        facility_code: row.text(1)?,
        terminal_name: row.text(2)?,
        key_hash: row.text(3)?,
        der: row.bytes(4)?,
        not_after: instant(row, 5)?,
        revoked: row.opt_int(6)?.is_some(),
    })
}

fn instant(row: &Row, index: usize) -> Result<Timestamp, DbError> {
    let found = row.int(index)?;
    Timestamp::from_millisecond(found).map_err(|_| DbError::Column { index, wanted: "an instant", found: "a number out of range" })
}
