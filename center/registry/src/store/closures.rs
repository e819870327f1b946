//! Remembers closures, and reads in one moment all that a snapshot says.

use chassis::db::{DbError, Row};
use jiff::Timestamp;
use wire::snapshot::Closure;

use super::{Store, instant};

const CLOSURES: &str =
    "SELECT closure_id, service, begins_at, ends_at, reason FROM closure WHERE ends_at > $1 ORDER BY begins_at, closure_id";

impl Store {
    pub(crate) async fn add_closure(&self, closure: &Closure, now: Timestamp) -> Result<(), DbError> {
        let sql = "INSERT INTO closure (closure_id, service, begins_at, ends_at, reason, made_at) VALUES ($1, $2, $3, $4, $5, $6)";
        let values = [
            closure.closure_id.as_str().into(),
            closure.service.as_str().into(),
            closure.begins_at.as_millisecond().into(),
            closure.ends_at.as_millisecond().into(),
            closure.reason.as_str().into(),
            now.as_millisecond().into(),
        ];
        self.db.execute(sql, &values).await.map(|_| ())
    }

    pub(crate) async fn closures(&self, now: Timestamp) -> Result<Vec<Closure>, DbError> {
        self.db.query(CLOSURES, &[now.as_millisecond().into()]).await?.iter().map(read).collect()
    }

    pub(crate) async fn remove_closure(&self, closure_id: &str) -> Result<u64, DbError> {
        self.db.execute("DELETE FROM closure WHERE closure_id = $1", &[closure_id.into()]).await
    }

    /// The next number of a snapshot, the closures that are not over, and every admitted prefix.
    pub(crate) async fn snapshot(&self, now: Timestamp) -> Result<(u64, Vec<Closure>, Vec<String>), DbError> {
        let count = "INSERT INTO snapshot_count (name, number) VALUES ('registry', 1)
ON CONFLICT (name) DO UPDATE SET number = snapshot_count.number + 1 RETURNING number";
        let number = self.db.query_opt(count, &[]).await?.map(|row| row.int(0)).transpose()?.unwrap_or(1);
        let closures = self.closures(now).await?;
        let rows = self.db.query("SELECT prefix FROM admission ORDER BY prefix", &[]).await?;
        let admitted = rows.iter().map(|row| row.text(0)).collect::<Result<_, _>>()?;
        Ok((u64::try_from(number).unwrap_or(1), closures, admitted))
    }
}

fn read(row: &Row) -> Result<Closure, DbError> {
    Ok(Closure {
        closure_id: row.text(0)?,
        service: row.text(1)?,
        begins_at: instant(row.int(2)?)?,
        ends_at: instant(row.int(3)?)?,
        reason: row.text(4)?,
    })
}
