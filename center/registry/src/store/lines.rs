//! Remembers which line works for whom, for which service, from when until when; and whose admission ends with it.

use chassis::db::{DbError, Row, values};
use jiff::Timestamp;
use manuals::domains::Service;

use super::{Store, day, instant};
use crate::RegisteredLine;
use crate::rules::known::KnownFacility;

/// Lines of an older copy have no row in line_use, and work for the eligibility service since they were approved.
const LINES: &str = "SELECT l.facility_code, l.line_id, COALESCE(u.service, 'eligibility'), l.line_type, l.region,
  COALESCE(u.works_from, l.approved_at), u.ended_at
FROM line l LEFT JOIN line_use u ON u.facility_code = l.facility_code AND u.line_id = l.line_id
WHERE (l.line_id = $1 OR l.facility_code = $2) AND (u.ended_at IS NULL OR u.ended_at > $3)
ORDER BY l.facility_code, l.line_id, u.service";
const WORKS: &str = "SELECT 1 FROM line l LEFT JOIN line_use u ON u.facility_code = l.facility_code AND u.line_id = l.line_id
WHERE l.line_id = $1 AND (u.line_id IS NULL OR (u.works_from <= $2 AND (u.ended_at IS NULL OR u.ended_at > $2))) LIMIT 1";
const SWEEP: &str = "DELETE FROM admission
WHERE EXISTS (SELECT 1 FROM line_use u WHERE u.line_id = admission.line_id AND u.ended_at <= $1)
  AND NOT EXISTS (SELECT 1 FROM line l LEFT JOIN line_use u ON u.facility_code = l.facility_code AND u.line_id = l.line_id
    WHERE l.line_id = admission.line_id AND (u.line_id IS NULL OR u.ended_at IS NULL OR u.ended_at > $1))";

impl Store {
    /// Everybody's uses of a line, those to come included, those over left out.
    pub(crate) async fn uses_of_line(&self, line_id: &str, now: Timestamp) -> Result<Vec<RegisteredLine>, DbError> {
        self.db.query(LINES, &values![line_id, "", now]).await?.iter().map(read).collect()
    }

    /// A facility with its lines, as applications are compared with it.
    pub(crate) async fn known_facility(&self, code: &str, now: Timestamp) -> Result<Option<KnownFacility>, DbError> {
        let row = self.db.query_opt("SELECT valid_until FROM facility WHERE facility_code = $1", &values![code]).await?;
        let Some(row) = row else { return Ok(None) };
        let valid_until = row.opt_text(0)?.map(|until| day(&until)).transpose()?;
        let lines = self.db.query(LINES, &values!["", code, now]).await?;
        let lines = lines.iter().map(|row| read(row).map(|line| (line.service, line.line_id))).collect::<Result<_, _>>()?;
        Ok(Some(KnownFacility { valid_until, lines }))
    }

    /// Whether a line works for anybody now.
    pub(crate) async fn line_works(&self, line_id: &str, now: Timestamp) -> Result<bool, DbError> {
        Ok(self.db.query_opt(WORKS, &values![line_id, now]).await?.is_some())
    }

    /// Takes the prefixes of lines that nobody uses any more off the admission list.
    pub(crate) async fn dismiss_ended(&self, now: Timestamp) -> Result<u64, DbError> {
        self.db.execute(SWEEP, &values![now]).await
    }
}

fn read(row: &Row) -> Result<RegisteredLine, DbError> {
    Ok(RegisteredLine {
        facility_code: row.text(0)?,
        line_id: row.text(1)?,
        service: Service::by_key(&row.text(2)?).unwrap_or(Service::Eligibility),
        line_type: row.text(3)?,
        region: row.text(4)?,
        works_from: instant(row.int(5)?)?,
        ended_at: row.opt_int(6)?.map(instant).transpose()?,
    })
}
