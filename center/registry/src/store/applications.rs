//! Remembers applications and carries approved ones out, each in one transaction with the mail that tells of it.

use chassis::db::{DbError, Row, Transaction, values};
use chassis::mail::{Mail, Outbox};
use jiff::{SignedDuration, Timestamp};
use manuals::domains::Service;

use super::{Store, instant};
use crate::applications::Application;
use crate::error::{Error, Refusal};
use crate::rules::effects::{Effects, NewFacility, NewLine};

/// An application with its content as it was sent, and what only the portal's have.
pub(crate) struct ApplicationRow {
    pub(crate) application: Application,
    pub(crate) content: String,
    pub(crate) mail: Option<String>,
    pub(crate) secret_hash: Option<String>,
    pub(crate) form_id: Option<String>,
}

const COLUMNS: &str =
    "SELECT application_id, kind, facility_code, subject, state, applied_at, content, service, mail, secret_hash, form_id,
  works_from, reason, decided_at
FROM application WHERE $1 = '' OR application_id = $1 ORDER BY applied_at DESC, application_id LIMIT 1000";
const ADD: &str = "INSERT INTO application (application_id, kind, facility_code, subject, state, content, applied_at,
  service, mail, secret_hash, form_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
const DECIDE: &str = "UPDATE application SET state = $2, decided_at = $3, works_from = $4, reason = $5
WHERE application_id = $1 AND state = 'waiting'";
const USE: &str = "INSERT INTO line_use (facility_code, line_id, service, works_from) VALUES ($1, $2, $3, $4)
ON CONFLICT (facility_code, line_id, service) DO UPDATE SET works_from = excluded.works_from, ended_at = NULL
WHERE line_use.ended_at IS NOT NULL";
const END: &str = "UPDATE line_use SET ended_at = $4
WHERE facility_code = $1 AND service = $2 AND ($3 = '' OR line_id = $3) AND (ended_at IS NULL OR ended_at > $4)";
const RETIRE: &str = "UPDATE facility SET valid_until = $2 WHERE facility_code = $1 AND (valid_until IS NULL OR valid_until > $2)
  AND NOT EXISTS (SELECT 1 FROM line_use WHERE line_use.facility_code = facility.facility_code AND (ended_at IS NULL OR ended_at > $3))";

impl Store {
    /// Keeps an application, and promises its mail with it.
    pub(crate) async fn add_application(&self, row: &ApplicationRow, mail: Option<(&Outbox, &Mail)>) -> Result<(), Error> {
        let application = &row.application;
        let values = values![
            application.application_id.as_str(),
            application.kind.as_str(),
            application.facility_code.as_str(),
            application.subject.as_str(),
            application.state.as_str(),
            row.content.as_str(),
            application.applied_at,
            application.service.as_deref(),
            row.mail.as_deref(),
            row.secret_hash.as_deref(),
            row.form_id.as_deref(),
        ];
        let mut tx = self.db.begin().await?;
        tx.execute(ADD, &values).await?;
        promise(&mut tx, mail, application.applied_at).await?;
        Ok(tx.commit().await?)
    }

    pub(crate) async fn application(&self, application_id: &str) -> Result<Option<ApplicationRow>, DbError> {
        if application_id.is_empty() {
            return Ok(None);
        }
        self.db.query_opt(COLUMNS, &values![application_id]).await?.map(|row| read(&row)).transpose()
    }

    /// The application that was sent with a form, if it was sent.
    pub(crate) async fn application_of_form(&self, form_id: &str) -> Result<Option<String>, DbError> {
        let row = self.db.query_opt("SELECT application_id FROM application WHERE form_id = $1", &values![form_id]).await?;
        row.map(|row| row.text(0)).transpose()
    }

    pub(crate) async fn applications(&self) -> Result<Vec<Application>, DbError> {
        self.db.query(COLUMNS, &values![""]).await?.iter().map(|row| read(row).map(|row| row.application)).collect()
    }

    /// Whether the same line waits for the same facility and service, and how many applications of the last day name this mail address.
    pub(crate) async fn waiting(
        &self,
        (facility_code, service, line_id): (&str, Service, &str),
        mail: &str,
        now: Timestamp,
    ) -> Result<(bool, i64), DbError> {
        let sql = "SELECT COUNT(*) FROM application WHERE subject = $1 AND facility_code = $2 AND service = $3 AND state = 'waiting'";
        let waiting = count(self.db.query(sql, &values![line_id, facility_code, service.key()]).await?)?;
        let sql = "SELECT COUNT(*) FROM application WHERE mail = $1 AND applied_at > $2";
        let day_ago = now.checked_sub(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MIN);
        Ok((waiting > 0, count(self.db.query(sql, &values![mail, day_ago]).await?)?))
    }

    /// Approves an application: all that it carries out takes effect together, or nothing does.
    pub(crate) async fn approve(
        &self,
        application_id: &str,
        effects: &Effects,
        mail: Option<(&Outbox, &Mail)>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        decide(&mut tx, application_id, ("approved", None), Some(effects.works_from), now).await?;
        if let Some((facility, may_exist)) = &effects.facility {
            add_facility(&mut tx, facility, *may_exist).await?;
        }
        if let Some(line) = &effects.line {
            add_line(&mut tx, line, effects.works_from, now).await?;
            if let Some((facility_code, line_id)) = &effects.ends {
                let ended = values![facility_code.as_str(), line.service.key(), line_id.as_deref().unwrap_or_default(), effects.works_from];
                tx.execute(END, &ended).await?;
            }
        }
        if let Some((facility_code, day)) = &effects.retires {
            tx.execute(RETIRE, &values![facility_code.as_str(), day.to_string(), effects.works_from]).await?;
        }
        promise(&mut tx, mail, now).await?;
        Ok(tx.commit().await?)
    }

    /// Refuses an application with the reason that its applicant is told.
    pub(crate) async fn refuse(
        &self,
        application_id: &str,
        reason: &str,
        mail: Option<(&Outbox, &Mail)>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        decide(&mut tx, application_id, ("refused", Some(reason)), None, now).await?;
        promise(&mut tx, mail, now).await?;
        Ok(tx.commit().await?)
    }
}

async fn add_facility(tx: &mut Transaction, facility: &NewFacility, may_exist: bool) -> Result<(), Error> {
    let region = crate::rules::region_key(&facility.facility_code);
    let values = values![
        facility.facility_code.as_str(),
        facility.name.as_str(),
        region,
        facility.valid_from.to_string(),
        facility.valid_until.map(|until| until.to_string()),
    ];
    let sql = "INSERT INTO facility (facility_code, name, region, valid_from, valid_until) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (facility_code) DO NOTHING";
    let added = tx.execute(sql, &values).await?;
    if added == 0 && !may_exist { Err(Refusal::Taken("この医療機関コード").into()) } else { Ok(()) }
}

async fn add_line(tx: &mut Transaction, line: &NewLine, works_from: Timestamp, now: Timestamp) -> Result<(), Error> {
    let (code, id) = (line.facility_code.as_str(), line.line_id.as_str());
    let used = tx.execute(USE, &values![code, id, line.service.key(), works_from]).await?;
    if used == 0 {
        return Err(Refusal::Taken("この医療機関のお客さまID").into());
    }
    let sql = "INSERT INTO line (facility_code, line_id, line_type, region, approved_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (facility_code, line_id) DO UPDATE SET line_type = excluded.line_type, region = excluded.region";
    tx.execute(sql, &values![code, id, line.line_type.as_str(), line.region.key(), now]).await?;
    Ok(())
}

async fn decide(
    tx: &mut Transaction,
    application_id: &str,
    (state, reason): (&str, Option<&str>),
    works_from: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), Error> {
    let decided = tx.execute(DECIDE, &values![application_id, state, now, works_from, reason]).await?;
    // Somebody else was quicker.
    if decided == 0 { Err(Refusal::Decided(state.to_owned()).into()) } else { Ok(()) }
}

async fn promise(tx: &mut Transaction, mail: Option<(&Outbox, &Mail)>, now: Timestamp) -> Result<(), Error> {
    if let Some((outbox, mail)) = mail {
        outbox.put(tx, mail, now).await?;
    }
    Ok(())
}

fn count(rows: Vec<Row>) -> Result<i64, DbError> {
    rows.first().map_or(Ok(0), |row| row.int(0))
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
            service: row.opt_text(7)?,
            works_from: row.opt_int(11)?.map(instant).transpose()?,
            reason: row.opt_text(12)?,
            decided_at: row.opt_int(13)?.map(instant).transpose()?,
        },
        content: row.text(6)?,
        mail: row.opt_text(8)?,
        secret_hash: row.opt_text(9)?,
        form_id: row.opt_text(10)?,
    })
}
