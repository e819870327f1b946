//! Orders: from the notice or the request for renewal to the last download.

use chassis::db::{DbError, Row, Transaction, Value, values};
use jiff::Timestamp;

use super::records::{Deed, note};
use super::{Store, instant, opt_instant, word};
use crate::rules::OrderFact;
use crate::states::{Kind, Order, State};

/// An order with what stands beside it here.
#[derive(Clone)]
pub(crate) struct OrderRow {
    pub(crate) order: Order,
    pub(crate) reference_hash: String,
    /// The reference id, sealed, until it is no longer needed.
    pub(crate) reference_sealed: Option<Vec<u8>>,
    pub(crate) mac_key: Option<Vec<u8>>,
    /// The key that was made here, sealed.
    pub(crate) held_key: Option<Vec<u8>>,
    pub(crate) held_until: Option<Timestamp>,
    /// The key of its certificate, if it has one.
    pub(crate) key_hash: Option<String>,
    pub(crate) application: Option<String>,
}

impl OrderRow {
    /// What the rules need to know of it.
    pub(crate) fn fact(&self) -> OrderFact<'_> {
        OrderFact {
            state: self.order.state,
            retrieve_until: self.order.retrieve_until,
            issued_for: self.key_hash.as_deref(),
            key_held: self.held_key.is_some(),
            held_until: self.held_until,
        }
    }
}

const COLUMNS: &str = "SELECT n.request_id, n.kind, n.state, n.facility_code, n.terminal_name, n.valid_until, n.retrieve_until, n.serial,
  n.renews, n.noticed_at, n.reference_hash, n.reference_sealed, n.mac_key, n.held_key, n.held_until, c.key_hash, n.application
FROM notice n LEFT JOIN client_certificate c ON c.request_id = n.request_id";

impl Store {
    pub(crate) async fn add_order(&self, row: &OrderRow, deadline: Option<Timestamp>) -> Result<(), DbError> {
        let mut tx = self.db.begin().await?;
        self.add_order_in(&mut tx, row, deadline).await?;
        tx.commit().await
    }

    pub(crate) async fn add_order_in(&self, tx: &mut Transaction, row: &OrderRow, deadline: Option<Timestamp>) -> Result<(), DbError> {
        let sql = "INSERT INTO notice (request_id, reference_hash, facility_code, terminal_name, state, noticed_at, retrieve_until,
  valid_until, failures, failed_at, kind, renews, mac_key, reference_sealed, application, deadline)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, $9, $10, $11, $12, $13, $14)";
        let order = &row.order;
        let values = values![
            order.request_id.as_str(),
            row.reference_hash.as_str(),
            order.facility_code.as_str(),
            order.terminal_name.as_str(),
            order.state.key(),
            order.noticed_at,
            order.retrieve_until,
            order.valid_until,
            order.kind.key(),
            order.renews.clone(),
            row.mac_key.clone(),
            row.reference_sealed.clone(),
            row.application.clone(),
            deadline,
        ];
        tx.execute(sql, &values).await?;
        let deed = Deed {
            action: match order.kind {
                Kind::Issue => "certificate.notice",
                Kind::Renewal => "certificate.renewal.ask",
            },
            subject: &order.request_id,
            facility_code: Some(&order.facility_code),
            terminal_name: Some(&order.terminal_name),
            renews: order.renews.as_deref(),
            request_id: Some(&order.request_id),
            number: row.application.as_deref(),
            ..Deed::default()
        };
        note(tx, &deed, order.noticed_at).await
    }

    pub(crate) async fn order(&self, request_id: &str) -> Result<Option<OrderRow>, DbError> {
        self.one_order("n.request_id = $1", request_id).await
    }

    /// The order that replaces this certificate, if there is one.
    pub(crate) async fn renewal_of(&self, serial: &str) -> Result<Option<OrderRow>, DbError> {
        self.one_order("n.renews = $1", serial).await
    }

    /// The renewals that a holder of this certificate may fetch: those that replace it, and the one that made it.
    pub(crate) async fn renewals_around(&self, serial: &str) -> Result<Vec<OrderRow>, DbError> {
        self.orders("n.kind = 'renewal' AND (n.renews = $1 OR n.serial = $1) ORDER BY n.noticed_at, n.request_id", &values![serial]).await
    }

    pub(crate) async fn orders_of_application(&self, number: &str) -> Result<Vec<OrderRow>, DbError> {
        self.orders("n.application = $1 ORDER BY n.noticed_at, n.request_id", &values![number]).await
    }

    /// The orders whose next step is due.
    pub(crate) async fn due_orders(&self, now: Timestamp) -> Result<Vec<OrderRow>, DbError> {
        self.orders("n.deadline <= $1 ORDER BY n.deadline, n.request_id LIMIT 200", &values![now]).await
    }

    async fn one_order(&self, condition: &str, value: &str) -> Result<Option<OrderRow>, DbError> {
        let row = self.db.query_opt(&format!("{COLUMNS} WHERE {condition}"), &values![value]).await?;
        row.as_ref().map(read).transpose()
    }

    async fn orders(&self, condition: &str, values: &[Value]) -> Result<Vec<OrderRow>, DbError> {
        self.db.query(&format!("{COLUMNS} WHERE {condition}"), values).await?.iter().map(read).collect()
    }

    /// Gives an order a key of ours that must come out of the pool in the same transaction (or was made for it alone). Whether it did:
    /// another may have been quicker with the order, or with the key.
    pub(crate) async fn hold_key(
        &self,
        request_id: &str,
        pool_key: Option<&str>,
        sealed: &[u8],
        until: Timestamp,
        now: Timestamp,
    ) -> Result<bool, DbError> {
        let mut tx = self.db.begin().await?;
        if let Some(key_id) = pool_key
            && tx.execute("DELETE FROM pool_key WHERE key_id = $1", &values![key_id]).await? == 0
        {
            return Ok(false);
        }
        let sql = "UPDATE notice SET held_key = $1, held_until = $2, state = 'requested', deadline = $3
WHERE request_id = $4 AND state IN ('open', 'key')";
        if tx.execute(sql, &values![sealed, until, now, request_id]).await? == 0 {
            return Ok(false);
        }
        tx.commit().await?;
        Ok(true)
    }

    /// The window is over: the order gets no certificate any more, and the one it was to replace may be renewed by another.
    pub(crate) async fn lapse(&self, request_id: &str) -> Result<(), DbError> {
        let sql =
            "UPDATE notice SET state = 'lapsed', deadline = NULL, renews = NULL, held_key = NULL, reference_sealed = NULL, mac_key = NULL
WHERE request_id = $1 AND state IN ('open', 'key', 'requested')";
        self.db.execute(sql, &values![request_id]).await.map(|_| ())
    }

    /// The window of an issued order is over: the key that was kept for its holder is destroyed.
    pub(crate) async fn destroy_key(&self, request_id: &str) -> Result<(), DbError> {
        let sql = "UPDATE notice SET held_key = NULL, reference_sealed = NULL, deadline = NULL WHERE request_id = $1 AND state = 'issued'";
        self.db.execute(sql, &values![request_id]).await.map(|_| ())
    }

    pub(crate) async fn note_download(&self, request_id: &str, now: Timestamp) -> Result<(), DbError> {
        let sql = "UPDATE notice SET downloads = downloads + 1, first_download_at = COALESCE(first_download_at, $1) WHERE request_id = $2";
        self.db.execute(sql, &values![now, request_id]).await.map(|_| ())
    }
}

fn read(row: &Row) -> Result<OrderRow, DbError> {
    Ok(OrderRow {
        order: Order {
            request_id: row.text(0)?,
            kind: word(Kind::of(&row.text(1)?), 1)?,
            state: word(State::of(&row.text(2)?), 2)?,
            facility_code: row.text(3)?,
            terminal_name: row.text(4)?,
            valid_until: instant(row, 5)?,
            retrieve_until: instant(row, 6)?,
            serial: row.opt_text(7)?,
            renews: row.opt_text(8)?,
            noticed_at: instant(row, 9)?,
        },
        reference_hash: row.text(10)?,
        reference_sealed: row.opt_bytes(11)?,
        mac_key: row.opt_bytes(12)?,
        held_key: row.opt_bytes(13)?,
        held_until: opt_instant(row, 14)?,
        key_hash: row.opt_text(15)?,
        application: row.opt_text(16)?,
    })
}
