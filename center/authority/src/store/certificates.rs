//! Certificates that were made, and what the registry must still be told of them.

use chassis::db::{DbError, Row, values};
use jiff::Timestamp;
use registry::Registry;

use super::records::{Deed, note};
use super::{OrderRow, Store, instant, opt_instant};
use crate::IssuedFact;

/// How a certificate closes its order.
pub(crate) struct Closing<'a> {
    pub(crate) request_id: &'a str,
    /// The order, where it begins and ends with this certificate.
    pub(crate) new_order: Option<&'a OrderRow>,
    /// Whether the key of ours stays for later downloads.
    pub(crate) keep_key: bool,
    /// The certificate that it replaces.
    pub(crate) renews: Option<&'a str>,
}

const OUTLINE: &str = "SELECT serial, request_id, facility_code, terminal_name, key_hash, issued_at, not_after, revoked_at, reason,
  superseded_by, profile, key_kind, keeper_seen_at, held_at, shard, replace_from";

impl Store {
    /// Keeps a certificate, registers its terminal, closes its order and marks the certificate that it replaces: all or nothing. The answer is whether the order
    /// and the older certificate were still there for it; a second certificate for the same order or key is a broken uniqueness.
    pub(crate) async fn add_certificate(&self, made: &IssuedFact, closing: &Closing<'_>) -> Result<bool, DbError> {
        let mut tx = self.db.begin().await?;
        if let Some(row) = closing.new_order {
            self.add_order_in(&mut tx, row, None).await?;
        }
        let sql = "INSERT INTO client_certificate (serial, request_id, facility_code, terminal_name, key_hash, der, issued_at, not_after,
  profile, key_kind, shard, registry_due) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0)";
        let values = values![
            made.serial.as_str(),
            closing.request_id,
            made.facility_code.as_str(),
            made.terminal_name.as_str(),
            made.key_hash.as_str(),
            made.der.as_slice(),
            made.issued_at,
            made.not_after,
            made.profile.as_str(),
            made.key_kind.as_str(),
            made.shard,
        ];
        tx.execute(sql, &values).await?;
        let sql = if closing.keep_key {
            "UPDATE notice SET state = 'issued', serial = $1, deadline = held_until WHERE request_id = $2 AND state = 'requested'
  AND held_key IS NOT NULL"
        } else {
            "UPDATE notice SET state = 'issued', serial = $1, deadline = NULL, held_key = NULL, held_until = NULL, reference_sealed = NULL
WHERE request_id = $2 AND state IN ('open', 'key', 'requested')"
        };
        if tx.execute(sql, &values![made.serial.as_str(), closing.request_id]).await? == 0 {
            return Ok(false);
        }
        Registry::enrol_terminal_in(&mut tx, &made.terminal(), made.issued_at).await?;
        if let Some(older) = closing.renews {
            let sql = "UPDATE client_certificate SET superseded_by = $1
WHERE serial = $2 AND superseded_by IS NULL AND revoked_at IS NULL AND held_at IS NULL";
            if tx.execute(sql, &values![made.serial.as_str(), older]).await? == 0 {
                return Ok(false);
            }
        }
        let deed = Deed {
            action: if closing.renews.is_some() { "certificate.renew" } else { "certificate.issue" },
            subject: &made.serial,
            facility_code: Some(&made.facility_code),
            terminal_name: Some(&made.terminal_name),
            serial: Some(&made.serial),
            renews: closing.renews,
            request_id: Some(closing.request_id),
            ..Deed::default()
        };
        note(&mut tx, &deed, made.issued_at).await?;
        tx.commit().await?;
        Ok(true)
    }

    pub(crate) async fn certificate(&self, serial: &str) -> Result<Option<IssuedFact>, DbError> {
        self.one_certificate("serial = $1", serial).await
    }

    pub(crate) async fn certificate_of(&self, request_id: &str) -> Result<Option<IssuedFact>, DbError> {
        self.one_certificate("request_id = $1", request_id).await
    }

    pub(crate) async fn key_is_used(&self, key_hash: &str) -> Result<bool, DbError> {
        let sql = "SELECT 1 FROM client_certificate WHERE key_hash = $1";
        Ok(self.db.query_opt(sql, &values![key_hash]).await?.is_some())
    }

    async fn one_certificate(&self, condition: &str, value: &str) -> Result<Option<IssuedFact>, DbError> {
        let row = self.db.query_opt(&format!("{OUTLINE}, der FROM client_certificate WHERE {condition}"), &values![value]).await?;
        row.as_ref().map(read).transpose()
    }

    pub(crate) async fn certificates(&self) -> Result<Vec<IssuedFact>, DbError> {
        let sql = format!("{OUTLINE}, der FROM client_certificate ORDER BY issued_at, serial");
        self.db.query(&sql, &[]).await?.iter().map(read).collect()
    }

    /// All of them without their texts, which are most of their size.
    pub(crate) async fn outlines(&self) -> Result<Vec<IssuedFact>, DbError> {
        let sql = format!("{OUTLINE} FROM client_certificate ORDER BY issued_at, serial");
        self.db.query(&sql, &[]).await?.iter().map(read_outline).collect()
    }

    /// The certificates that the registry must still be told of, with what it must be told: 1 they exist or are blocked, 2 let in again.
    /// The blocked come first.
    pub(crate) async fn due_at_the_registry(&self) -> Result<Vec<(IssuedFact, i64)>, DbError> {
        let sql = format!(
            "{OUTLINE}, registry_due FROM client_certificate WHERE registry_due <> 0
ORDER BY CASE WHEN revoked_at IS NULL AND held_at IS NULL THEN 1 ELSE 0 END, issued_at, serial LIMIT 500"
        );
        self.db.query(&sql, &[]).await?.iter().map(|row| Ok((read_outline(row)?, row.int(16)?))).collect()
    }

    /// The registry knows. What came up in the meantime stays due.
    pub(crate) async fn told_the_registry(&self, told: &IssuedFact, what: i64) -> Result<(), DbError> {
        let sql = "UPDATE client_certificate SET registry_due = 0 WHERE serial = $1 AND registry_due = $2
  AND (revoked_at IS NULL) = ($3 = 0) AND (held_at IS NULL) = ($4 = 0)";
        let values = values![told.serial.as_str(), what, told.revoked_at.is_some(), told.held_at.is_some()];
        self.db.execute(sql, &values).await.map(|_| ())
    }

    pub(crate) async fn note_keeper(&self, serial: &str, now: Timestamp) -> Result<(), DbError> {
        let sql = "UPDATE client_certificate SET keeper_seen_at = $1 WHERE serial = $2 AND COALESCE(keeper_seen_at, 0) < $1";
        self.db.execute(sql, &values![now, serial]).await.map(|_| ())
    }

    pub(crate) async fn replace_from(&self, serials: &[String], from: Timestamp) -> Result<u64, DbError> {
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE client_certificate SET replace_from = $1 WHERE serial = $2 AND superseded_by IS NULL AND revoked_at IS NULL";
        let rows: Vec<_> = serials.iter().map(|serial| values![from, serial.as_str()].to_vec()).collect();
        let changed = tx.execute_many(sql, &rows).await?;
        tx.commit().await?;
        Ok(changed)
    }
}

fn read(row: &Row) -> Result<IssuedFact, DbError> {
    Ok(IssuedFact { der: row.bytes(16)?, ..read_outline(row)? })
}

fn read_outline(row: &Row) -> Result<IssuedFact, DbError> {
    Ok(IssuedFact {
        serial: row.text(0)?,
        request_id: row.text(1)?,
        facility_code: row.text(2)?,
        terminal_name: row.text(3)?,
        key_hash: row.text(4)?,
        issued_at: instant(row, 5)?,
        not_after: instant(row, 6)?,
        revoked_at: opt_instant(row, 7)?,
        reason: row.opt_int(8)?,
        superseded_by: row.opt_text(9)?,
        profile: row.text(10)?,
        key_kind: row.text(11)?,
        keeper_seen_at: opt_instant(row, 12)?,
        held_at: opt_instant(row, 13)?,
        shard: row.int(14)?,
        replace_from: opt_instant(row, 15)?,
        der: Vec::new(),
    })
}
