//! Applications for certificates, and what operators decided.

use chassis::db::{DbError, Row, Value, values};
use chassis::mail::{Mail, MailError, Outbox};
use jiff::Timestamp;

use super::records::{Deed, note};
use super::{OrderRow, Store, instant, opt_instant, word};
use crate::applications::{Application, ApplicationRow, ApplicationState};

const COLUMNS: &str = "SELECT number, facility_code, terminals, contact, mail, form_id, state, made_at, decided_at, reason
FROM certificate_application";

impl Store {
    /// Keeps an application and promises its receipt.
    pub(crate) async fn add_application(
        &self,
        row: &ApplicationRow,
        deadline: Timestamp,
        mail: Option<(&Outbox, &Mail)>,
    ) -> Result<(), MailError> {
        let mut tx = self.db.begin().await?;
        let sql = "INSERT INTO certificate_application (number, form_id, facility_code, terminals, contact, mail, state, made_at, deadline)
VALUES ($1, $2, $3, $4, $5, $6, 'waiting', $7, $8)";
        let wanted = &row.application;
        let terminals = serde_json::to_string(&wanted.terminals).unwrap_or_default();
        let values = values![
            row.number.as_str(),
            wanted.form_id.as_str(),
            wanted.facility_code.as_str(),
            terminals,
            wanted.contact.as_str(),
            wanted.mail.as_str(),
            row.made_at,
            deadline,
        ];
        tx.execute(sql, &values).await?;
        let deed = Deed {
            action: "certificate.application",
            subject: &row.number,
            facility_code: Some(&wanted.facility_code),
            number: Some(&row.number),
            ..Deed::default()
        };
        note(&mut tx, &deed, row.made_at).await?;
        if let Some((outbox, mail)) = mail {
            outbox.put(&mut tx, mail, row.made_at).await?;
        }
        Ok(tx.commit().await?)
    }

    pub(crate) async fn application(&self, number: &str) -> Result<Option<ApplicationRow>, DbError> {
        self.one_application("number = $1", number).await
    }

    pub(crate) async fn application_of_form(&self, form_id: &str) -> Result<Option<ApplicationRow>, DbError> {
        self.one_application("form_id = $1", form_id).await
    }

    async fn one_application(&self, condition: &str, value: &str) -> Result<Option<ApplicationRow>, DbError> {
        let row = self.db.query_opt(&format!("{COLUMNS} WHERE {condition}"), &values![value]).await?;
        row.as_ref().map(read).transpose()
    }

    /// Those that wait first, then the newest of the others: at most 500.
    pub(crate) async fn applications(&self) -> Result<Vec<ApplicationRow>, DbError> {
        let sql = format!("{COLUMNS} ORDER BY CASE WHEN state = 'waiting' THEN 0 ELSE 1 END, made_at DESC, number LIMIT 500");
        self.db.query(&sql, &[]).await?.iter().map(read).collect()
    }

    pub(crate) async fn overdue_applications(&self, now: Timestamp) -> Result<Vec<ApplicationRow>, DbError> {
        let sql = format!("{COLUMNS} WHERE state = 'waiting' AND deadline <= $1 ORDER BY deadline LIMIT 200");
        self.db.query(&sql, &values![now]).await?.iter().map(read).collect()
    }

    /// Ends an application in `state`, with its orders and its mail: all or nothing. Whether it was still waiting.
    pub(crate) async fn decide_application(
        &self,
        (number, state, reason): (&str, ApplicationState, Option<&str>),
        orders: &[(OrderRow, Timestamp)],
        mail: Option<(&Outbox, &Mail)>,
        now: Timestamp,
    ) -> Result<bool, MailError> {
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE certificate_application SET state = $1, decided_at = $2, reason = $3, deadline = NULL
WHERE number = $4 AND state = 'waiting'";
        let values: [Value; 4] = values![state.key(), now, reason, number];
        if tx.execute(sql, &values).await? == 0 {
            return Ok(false);
        }
        let action = match state {
            ApplicationState::Approved => "certificate.application.approve",
            ApplicationState::Refused => "certificate.application.refuse",
            ApplicationState::Lapsed => "certificate.application.lapse",
            ApplicationState::Waiting => "certificate.application.wait",
        };
        note(&mut tx, &Deed { action, subject: number, number: Some(number), ..Deed::default() }, now).await?;
        for (order, deadline) in orders {
            self.add_order_in(&mut tx, order, Some(*deadline)).await?;
        }
        if let Some((outbox, mail)) = mail {
            outbox.put(&mut tx, mail, now).await?;
        }
        tx.commit().await?;
        Ok(true)
    }
}

fn read(row: &Row) -> Result<ApplicationRow, DbError> {
    Ok(ApplicationRow {
        number: row.text(0)?,
        application: Application {
            facility_code: row.text(1)?,
            terminals: serde_json::from_str(&row.text(2)?).unwrap_or_default(),
            contact: row.text(3)?,
            mail: row.text(4)?,
            form_id: row.text(5)?,
        },
        state: word(ApplicationState::of(&row.text(6)?), 6)?,
        made_at: instant(row, 7)?,
        decided_at: opt_instant(row, 8)?,
        reason: row.opt_text(9)?,
    })
}
