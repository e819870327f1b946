//! Remembers applications and carries approved ones out, each in one transaction.

use chassis::db::{DbError, Row, Transaction};
use jiff::Timestamp;
use jiff::civil::Date;

use super::{Store, instant};
use crate::applications::Application;

/// An application with its content as it was sent.
pub(crate) struct ApplicationRow {
    pub(crate) application: Application,
    pub(crate) content: String,
}

/// A facility about to be registered.
pub(crate) struct FacilityRow {
    pub(crate) facility_code: String,
    pub(crate) name: String,
    pub(crate) region: &'static str,
    pub(crate) valid_from: Date,
    pub(crate) valid_until: Option<Date>,
}

const COLUMNS: &str = "SELECT application_id, kind, facility_code, subject, state, applied_at, content FROM application
WHERE $1 = '' OR application_id = $1 ORDER BY applied_at DESC, application_id";

impl Store {
    pub(crate) async fn add_application(&self, row: &ApplicationRow) -> Result<(), DbError> {
        let sql = "INSERT INTO application (application_id, kind, facility_code, subject, state, content, applied_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let application = &row.application;
        let values = [
            application.application_id.as_str().into(),
            application.kind.as_str().into(),
            application.facility_code.as_str().into(),
            application.subject.as_str().into(),
            application.state.as_str().into(),
            row.content.as_str().into(),
            application.applied_at.as_millisecond().into(),
        ];
        self.db.execute(sql, &values).await.map(|_| ())
    }

    pub(crate) async fn application(&self, application_id: &str) -> Result<Option<ApplicationRow>, DbError> {
        self.db.query_opt(COLUMNS, &[application_id.into()]).await?.map(|row| read(&row)).transpose()
    }

    pub(crate) async fn applications(&self) -> Result<Vec<Application>, DbError> {
        self.db.query(COLUMNS, &["".into()]).await?.iter().map(|row| read(row).map(|row| row.application)).collect()
    }

    pub(crate) async fn approve_facility(&self, id: &str, facility: &FacilityRow, now: Timestamp) -> Result<(), DbError> {
        let mut tx = self.db.begin().await?;
        let sql = "INSERT INTO facility (facility_code, name, region, valid_from, valid_until) VALUES ($1, $2, $3, $4, $5)";
        let values = [
            facility.facility_code.as_str().into(),
            facility.name.as_str().into(),
            facility.region.into(),
            facility.valid_from.to_string().into(),
            facility.valid_until.map(|until| until.to_string()).into(),
        ];
        tx.execute(sql, &values).await?;
        decide(&mut tx, id, now).await?;
        tx.commit().await
    }

    pub(crate) async fn approve_line(
        &self,
        id: &str,
        facility_code: &str,
        (line_id, line_type, region): (&str, &str, &str),
        now: Timestamp,
    ) -> Result<(), DbError> {
        let mut tx = self.db.begin().await?;
        let sql = "INSERT INTO line (facility_code, line_id, line_type, region, approved_at) VALUES ($1, $2, $3, $4, $5)";
        let values = [facility_code.into(), line_id.into(), line_type.into(), region.into(), now.as_millisecond().into()];
        tx.execute(sql, &values).await?;
        decide(&mut tx, id, now).await?;
        tx.commit().await
    }
}

async fn decide(tx: &mut Transaction, application_id: &str, now: Timestamp) -> Result<(), DbError> {
    let sql = "UPDATE application SET state = 'approved', decided_at = $1 WHERE application_id = $2 AND state = 'waiting'";
    tx.execute(sql, &[now.as_millisecond().into(), application_id.into()]).await.map(|_| ())
}

fn read(row: &Row) -> Result<ApplicationRow, DbError> {
    Ok(ApplicationRow {
        application: Application {
            application_id: row.text(0)?,
            kind: row.text(1)?,
            facility_code: row.text(2)?,
            subject: row.text(3)?,
            state: row.text(4)?,
            applied_at: instant(row.int(5)?)?,
        },
        content: row.text(6)?,
    })
}
