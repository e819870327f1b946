//! Remembers announced troubles.

use chassis::db::{DbError, Row};
use jiff::Timestamp;
use manuals::Region;
use wire::status::Trouble;

use super::{Store, instant};
use crate::rules::status::{repairer_by_key, repairer_key};

impl Store {
    pub(crate) async fn add_trouble(&self, trouble: &Trouble, now: Timestamp) -> Result<(), DbError> {
        let sql = "INSERT INTO trouble (trouble_id, begins_at, ends_at, repairer, regions, services, told, made_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let regions: Vec<&str> = trouble.regions.iter().map(|region| region.key()).collect();
        let values = [
            trouble.trouble_id.as_str().into(),
            trouble.begins_at.as_millisecond().into(),
            trouble.ends_at.map(Timestamp::as_millisecond).into(),
            repairer_key(trouble.repairer).into(),
            regions.join(",").into(),
            trouble.services.join(",").into(),
            trouble.text.as_str().into(),
            now.as_millisecond().into(),
        ];
        self.db.execute(sql, &values).await.map(|_| ())
    }

    /// The troubles that are not over, the oldest first.
    pub(crate) async fn troubles(&self, now: Timestamp) -> Result<Vec<Trouble>, DbError> {
        let sql = "SELECT trouble_id, begins_at, ends_at, repairer, regions, services, told FROM trouble
WHERE ends_at IS NULL OR ends_at > $1 ORDER BY begins_at, trouble_id";
        self.db.query(sql, &[now.as_millisecond().into()]).await?.iter().map(read).collect()
    }

    pub(crate) async fn remove_trouble(&self, trouble_id: &str) -> Result<u64, DbError> {
        self.db.execute("DELETE FROM trouble WHERE trouble_id = $1", &[trouble_id.into()]).await
    }
}

fn read(row: &Row) -> Result<Trouble, DbError> {
    let (regions, services) = (row.text(4)?, row.text(5)?);
    let parts = |text: &str| text.split(',').filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    Ok(Trouble {
        trouble_id: row.text(0)?,
        begins_at: instant(row.int(1)?)?,
        ends_at: row.opt_int(2)?.map(instant).transpose()?,
        repairer: repairer_by_key(&row.text(3)?),
        regions: parts(&regions).iter().filter_map(|key| Region::by_key(key)).collect(),
        services: parts(&services),
        text: row.text(6)?,
    })
}
