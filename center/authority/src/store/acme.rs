//! Remembers the accounts and orders of ACME, and which numbers against repeated requests were used.

use chassis::db::{DbError, Row};
use jiff::Timestamp;

use super::{Store, instant};
use crate::acme::{Account, Order, State};

impl Store {
    /// Notes a number as used. `false` when it was used before, in whatever copy.
    pub(crate) async fn use_nonce(&self, nonce: &str, until: Timestamp) -> Result<bool, DbError> {
        let sql = "INSERT INTO acme_nonce (nonce, lapses_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        Ok(self.db.execute(sql, &[nonce.into(), until.as_millisecond().into()]).await? == 1)
    }

    /// Forgets numbers that have lapsed, and orders that came to nothing.
    pub(crate) async fn forget_lapsed_acme(&self, now: Timestamp) -> Result<(), DbError> {
        self.db.execute("DELETE FROM acme_nonce WHERE lapses_at < $1", &[now.as_millisecond().into()]).await?;
        let sql = "DELETE FROM acme_order WHERE state IN ('ready', 'invalid') AND lapses_at < $1";
        self.db.execute(sql, &[now.as_millisecond().into()]).await.map(|_| ())
    }

    pub(crate) async fn acme_account(&self, id: &str) -> Result<Option<Account>, DbError> {
        self.acme_account_where("id = $1", id).await
    }

    pub(crate) async fn acme_account_of_key(&self, thumbprint: &str) -> Result<Option<Account>, DbError> {
        self.acme_account_where("thumbprint = $1", thumbprint).await
    }

    async fn acme_account_where(&self, condition: &str, value: &str) -> Result<Option<Account>, DbError> {
        let sql = format!(
            "SELECT id, thumbprint, public_key, request_id, facility_code, terminal_name, contact, state FROM acme_account WHERE {condition}"
        );
        let row = self.db.query_opt(&sql, &[value.into()]).await?;
        row.map(|row| read_account(&row)).transpose()
    }

    /// Adds an account; the one that the notice had before ends with it. Two at the same moment, or a key that has one: a broken uniqueness.
    pub(crate) async fn add_acme_account(&self, account: &Account, now: Timestamp) -> Result<(), DbError> {
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE acme_account SET state = 'deactivated' WHERE request_id = $1 AND state = 'valid'";
        tx.execute(sql, &[account.request_id.as_str().into()]).await?;
        let sql = "INSERT INTO acme_account (id, thumbprint, public_key, request_id, facility_code, terminal_name, contact, state, made_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'valid', $8)";
        let values = [
            account.id.as_str().into(),
            account.thumbprint.as_str().into(),
            account.public_key.as_str().into(),
            account.request_id.as_str().into(),
            account.facility_code.as_str().into(),
            account.terminal_name.as_str().into(),
            account.contact.join("\n").into(),
            now.as_millisecond().into(),
        ];
        tx.execute(sql, &values).await?;
        tx.commit().await
    }

    pub(crate) async fn set_acme_contact(&self, id: &str, contact: &[String]) -> Result<(), DbError> {
        self.db.execute("UPDATE acme_account SET contact = $1 WHERE id = $2", &[contact.join("\n").into(), id.into()]).await.map(|_| ())
    }

    /// Ends an account; what it ordered and did not finish ends too.
    pub(crate) async fn deactivate_acme_account(&self, id: &str) -> Result<(), DbError> {
        let mut tx = self.db.begin().await?;
        tx.execute("UPDATE acme_account SET state = 'deactivated' WHERE id = $1", &[id.into()]).await?;
        tx.execute("UPDATE acme_order SET state = 'invalid' WHERE account = $1 AND state = 'ready'", &[id.into()]).await?;
        tx.commit().await
    }

    /// Gives an account another key; a key that has an account already is a broken uniqueness.
    pub(crate) async fn change_acme_key(&self, id: &str, thumbprint: &str, public_key: &str) -> Result<(), DbError> {
        let sql = "UPDATE acme_account SET thumbprint = $1, public_key = $2 WHERE id = $3 AND state = 'valid'";
        self.db.execute(sql, &[thumbprint.into(), public_key.into(), id.into()]).await.map(|_| ())
    }

    pub(crate) async fn add_acme_order(&self, order: &Order, now: Timestamp) -> Result<(), DbError> {
        let sql =
            "INSERT INTO acme_order (id, account, names, replaces, state, made_at, lapses_at) VALUES ($1, $2, $3, $4, 'ready', $5, $6)";
        let values = [
            order.id.as_str().into(),
            order.account.as_str().into(),
            order.names.join(" ").into(),
            order.replaces.clone().into(),
            now.as_millisecond().into(),
            order.lapses_at.as_millisecond().into(),
        ];
        self.db.execute(sql, &values).await.map(|_| ())
    }

    pub(crate) async fn acme_order(&self, id: &str) -> Result<Option<Order>, DbError> {
        let row = self.db.query_opt(&format!("{ORDER} WHERE id = $1"), &[id.into()]).await?;
        row.map(|row| read_order(&row)).transpose()
    }

    /// The orders of an account, newest first, at most `most`.
    pub(crate) async fn acme_orders(&self, account: &str, most: i64) -> Result<Vec<Order>, DbError> {
        let sql = format!("{ORDER} WHERE account = $1 ORDER BY made_at DESC, id LIMIT $2");
        self.db.query(&sql, &[account.into(), most.into()]).await?.iter().map(read_order).collect()
    }

    /// The order that made a certificate.
    pub(crate) async fn acme_order_of(&self, serial: &str) -> Result<Option<Order>, DbError> {
        let row = self.db.query_opt(&format!("{ORDER} WHERE serial = $1"), &[serial.into()]).await?;
        row.map(|row| read_order(&row)).transpose()
    }

    /// Takes an order up with its certificate request. `false` when somebody was quicker.
    pub(crate) async fn take_up_acme_order(&self, id: &str, csr: &[u8]) -> Result<bool, DbError> {
        let sql = "UPDATE acme_order SET state = 'processing', csr = $1 WHERE id = $2 AND state = 'ready'";
        Ok(self.db.execute(sql, &[csr.to_vec().into(), id.into()]).await? == 1)
    }

    /// Notes what came of an order that was taken up: a certificate, a refusal for good, or one after which another request may be sent.
    pub(crate) async fn settle_acme_order(
        &self,
        id: &str,
        state: State,
        serial: Option<&str>,
        situation: Option<&str>,
    ) -> Result<(), DbError> {
        let sql = "UPDATE acme_order SET state = $1, serial = $2, situation = $3 WHERE id = $4 AND state = 'processing'";
        let values = [state.text().into(), serial.map(str::to_owned).into(), situation.map(str::to_owned).into(), id.into()];
        self.db.execute(sql, &values).await.map(|_| ())
    }

    /// Ends an order that was not taken up.
    pub(crate) async fn give_up_acme_order(&self, id: &str) -> Result<(), DbError> {
        let sql = "UPDATE acme_order SET state = 'invalid' WHERE id = $1 AND state = 'ready'";
        self.db.execute(sql, &[id.into()]).await.map(|_| ())
    }

    /// Notes that an order's certificate was handed out; the first time counts.
    pub(crate) async fn note_acme_fetched(&self, id: &str, now: Timestamp) -> Result<(), DbError> {
        let sql = "UPDATE acme_order SET fetched_at = $1 WHERE id = $2 AND fetched_at IS NULL";
        self.db.execute(sql, &[now.as_millisecond().into(), id.into()]).await.map(|_| ())
    }
}

const ORDER: &str = "SELECT id, account, names, replaces, state, lapses_at, csr, serial, situation, fetched_at FROM acme_order";

fn read_account(row: &Row) -> Result<Account, DbError> {
    let contact = row.text(6)?;
    Ok(Account {
        id: row.text(0)?,
        thumbprint: row.text(1)?,
        public_key: row.text(2)?,
        request_id: row.text(3)?,
        facility_code: row.text(4)?,
        terminal_name: row.text(5)?,
        contact: contact.lines().map(str::to_owned).collect(),
        is_valid: row.text(7)? == "valid",
    })
}

fn read_order(row: &Row) -> Result<Order, DbError> {
    Ok(Order {
        id: row.text(0)?,
        account: row.text(1)?,
        names: row.text(2)?.split(' ').map(str::to_owned).collect(),
        replaces: row.opt_text(3)?,
        state: State::of(&row.text(4)?),
        lapses_at: instant(row, 5)?,
        csr: row.opt_bytes(6)?,
        serial: row.opt_text(7)?,
        situation: row.opt_text(8)?,
        was_fetched: row.opt_int(9)?.is_some(),
    })
}
