//! What was done and does not stand in the audit log yet.

use chassis::db::{DbError, Transaction, values};
use jiff::Timestamp;
use serde_json::json;

use super::Store;

/// Something that the audit log must tell.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Deed<'a> {
    /// `certificate.issue`, `certificate.revoke`, …
    pub(crate) action: &'static str,
    /// What it was done to, by the name that nothing else has: with the action it names the record, so that no deed is told twice.
    pub(crate) subject: &'a str,
    pub(crate) facility_code: Option<&'a str>,
    pub(crate) terminal_name: Option<&'a str>,
    pub(crate) serial: Option<&'a str>,
    /// The certificate that this one replaces.
    pub(crate) renews: Option<&'a str>,
    /// The order.
    pub(crate) request_id: Option<&'a str>,
    /// The application, or the request for revocation.
    pub(crate) number: Option<&'a str>,
    /// By the number of RFC 5280.
    pub(crate) reason: Option<i64>,
}

/// A deed as it waits for the audit log.
pub(crate) struct Waiting {
    pub(crate) record_id: String,
    pub(crate) payload: serde_json::Value,
}

/// Notes a deed in the transaction that does it.
pub(crate) async fn note(tx: &mut Transaction, deed: &Deed<'_>, at: Timestamp) -> Result<(), DbError> {
    let record_id = format!("{}:{}", deed.action, deed.subject);
    let mut payload = json!({
        "action": deed.action,
        "at": at.to_string(),
        "facility": deed.facility_code,
        "terminal_name": deed.terminal_name,
        "terminal": deed.serial,
        "renews": deed.renews,
        "order": deed.request_id,
        "number": deed.number,
        "reason": deed.reason,
    });
    if let Some(fields) = payload.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    let sql = "INSERT INTO unrecorded_deed (record_id, done_at, payload) VALUES ($1, $2, $3) ON CONFLICT (record_id) DO NOTHING";
    tx.execute(sql, &values![record_id, at, payload.to_string()]).await.map(|_| ())
}

impl Store {
    /// The oldest deeds that wait, at most `count`.
    pub(crate) async fn unrecorded(&self, count: i64) -> Result<Vec<Waiting>, DbError> {
        let sql = "SELECT record_id, payload FROM unrecorded_deed ORDER BY done_at, record_id LIMIT $1";
        let read = |row: &chassis::db::Row| {
            let payload = serde_json::from_str(&row.text(1)?);
            let payload = payload.map_err(|_| DbError::Column { index: 1, wanted: "JSON", found: "another text" })?;
            Ok(Waiting { record_id: row.text(0)?, payload })
        };
        self.db.query(sql, &values![count]).await?.iter().map(read).collect()
    }

    /// These stand in the audit log.
    pub(crate) async fn recorded(&self, record_ids: &[String]) -> Result<(), DbError> {
        let mut tx = self.db.begin().await?;
        let rows: Vec<_> = record_ids.iter().map(|id| values![id.as_str()].to_vec()).collect();
        tx.execute_many("DELETE FROM unrecorded_deed WHERE record_id = $1", &rows).await?;
        tx.commit().await
    }
}
