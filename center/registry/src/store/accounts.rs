//! Remembers programs' accounts, their sessions and failed log-ins, and the operators.

use chassis::db::DbError;
use jiff::Timestamp;

use super::{Store, instant};

/// An account as it is kept.
pub(crate) struct AccountRow {
    pub(crate) facility_code: String,
    pub(crate) password_hash: String,
    pub(crate) character_code: String,
}

impl Store {
    pub(crate) async fn add_account(
        &self,
        account_id: &str,
        facility_code: &str,
        kind: &str,
        password_hash: &str,
        character_code: &str,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let sql = "INSERT INTO account (account_id, facility_code, kind, password_hash, character_code, created_at)
VALUES ($1, $2, $3, $4, $5, $6)";
        let values = [
            account_id.into(),
            facility_code.into(),
            kind.into(),
            password_hash.into(),
            character_code.into(),
            now.as_millisecond().into(),
        ];
        self.db.execute(sql, &values).await.map(|_| ())
    }

    pub(crate) async fn account(&self, account_id: &str) -> Result<Option<AccountRow>, DbError> {
        let sql = "SELECT facility_code, password_hash, character_code FROM account WHERE account_id = $1";
        let row = self.db.query_opt(sql, &[account_id.into()]).await?;
        row.map(|row| Ok(AccountRow { facility_code: row.text(0)?, password_hash: row.text(1)?, character_code: row.text(2)? })).transpose()
    }

    pub(crate) async fn failures(&self, account_id: &str, serial: &str) -> Result<Option<(i64, Timestamp)>, DbError> {
        let sql = "SELECT failures, last_at FROM login_failure WHERE account_id = $1 AND serial = $2";
        let row = self.db.query_opt(sql, &[account_id.into(), serial.into()]).await?;
        row.map(|row| Ok((row.int(0)?, instant(row.int(1)?)?))).transpose()
    }

    pub(crate) async fn note_failure(&self, account_id: &str, serial: &str, now: Timestamp) -> Result<(), DbError> {
        let sql = "INSERT INTO login_failure (account_id, serial, failures, last_at) VALUES ($1, $2, 1, $3)
ON CONFLICT (account_id, serial) DO UPDATE SET failures = login_failure.failures + 1, last_at = excluded.last_at";
        self.db.execute(sql, &[account_id.into(), serial.into(), now.as_millisecond().into()]).await.map(|_| ())
    }

    /// Begins a session, forgets the terminal's failures, and sweeps out sessions long over.
    pub(crate) async fn add_session(
        &self,
        token_hash: &str,
        account_id: &str,
        facility_code: &str,
        expires_at: Timestamp,
        serial: &str,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let mut tx = self.db.begin().await?;
        let sql = "INSERT INTO session (token_hash, account_id, facility_code, expires_at) VALUES ($1, $2, $3, $4)";
        tx.execute(sql, &[token_hash.into(), account_id.into(), facility_code.into(), expires_at.as_millisecond().into()]).await?;
        tx.execute("DELETE FROM login_failure WHERE account_id = $1 AND serial = $2", &[account_id.into(), serial.into()]).await?;
        // Expired sessions stay a day, so that their holders read "expired" and not "unknown".
        let long_over = now - jiff::SignedDuration::from_hours(24);
        tx.execute("DELETE FROM session WHERE expires_at < $1", &[long_over.as_millisecond().into()]).await?;
        tx.commit().await
    }

    pub(crate) async fn operators(&self) -> Result<i64, DbError> {
        match self.db.query_opt("SELECT COUNT(*) FROM operator", &[]).await? {
            Some(row) => row.int(0),
            None => Ok(0),
        }
    }

    pub(crate) async fn add_operator(&self, operator_id: &str, hash: &str, now: Timestamp) -> Result<(), DbError> {
        let sql = "INSERT INTO operator (operator_id, password_hash, created_at) VALUES ($1, $2, $3)";
        self.db.execute(sql, &[operator_id.into(), hash.into(), now.as_millisecond().into()]).await.map(|_| ())
    }

    pub(crate) async fn operator_hash(&self, operator_id: &str) -> Result<Option<String>, DbError> {
        let sql = "SELECT password_hash FROM operator WHERE operator_id = $1";
        self.db.query_opt(sql, &[operator_id.into()]).await?.map(|row| row.text(0)).transpose()
    }
}
