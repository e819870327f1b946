//! Remembers the carrier's lines: every SQL statement of this room.

use chassis::db::{Database, DbError, Migration, Row, Value};
use manuals::Region;
use registry::rules::admission_keys;
use std::net::IpAddr;

use crate::carrier::{CarrierLine, V6Option};
use crate::rules;

const MIGRATIONS: &[Migration] =
    &[Migration { number: 1, name: "carrier lines", sql: include_str!("../migrations/0001_carrier_lines.sql") }];

const COLUMNS: &str = "SELECT l.line_id, l.region, l.line_type, l.reseller, l.v6_option, l.applied_on, l.work_completed, p.prefix
FROM carrier_line l LEFT JOIN carrier_prefix p ON p.line_id = l.line_id AND p.region = l.region
WHERE ($1 = '' OR l.line_id = $1) AND ($2 = '' OR l.region = $2) ORDER BY l.region, l.line_id, p.prefix";

/// A line by any of the prefixes that an address may lie in, with all the prefixes it holds.
const BY_ADDRESS: &str = "SELECT l.line_id, l.region, l.line_type, l.reseller, l.v6_option, l.applied_on, l.work_completed, p.prefix
FROM carrier_prefix found
JOIN carrier_line l ON l.line_id = found.line_id AND l.region = found.region
JOIN carrier_prefix p ON p.line_id = l.line_id AND p.region = l.region
WHERE found.region = $1 AND found.prefix IN ($2, $3, $4, $5, $6) ORDER BY l.line_id, p.prefix";

/// The room's tables.
#[derive(Clone)]
pub(crate) struct Store {
    db: Database,
}

impl Store {
    pub(crate) async fn open(db: Database) -> Result<Self, DbError> {
        db.migrate("lineauth", MIGRATIONS).await?;
        Ok(Self { db })
    }

    pub(crate) async fn put(&self, lines: &[CarrierLine]) -> Result<(), DbError> {
        let mut tx = self.db.begin().await?;
        let put = "INSERT INTO carrier_line (line_id, region, line_type, reseller, v6_option, applied_on, work_completed)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (line_id, region) DO UPDATE SET line_type = excluded.line_type,
reseller = excluded.reseller, v6_option = excluded.v6_option, applied_on = excluded.applied_on, work_completed = excluded.work_completed";
        let rows: Vec<Vec<Value>> = lines.iter().map(row_of).collect();
        tx.execute_many(put, &rows).await?;
        let whose: Vec<Vec<Value>> = lines.iter().map(|line| vec![line.line_id.as_str().into(), line.region.key().into()]).collect();
        tx.execute_many("DELETE FROM carrier_prefix WHERE line_id = $1 AND region = $2", &whose).await?;
        let hold = "INSERT INTO carrier_prefix (prefix, region, line_id) VALUES ($1, $2, $3)
ON CONFLICT (prefix, region) DO UPDATE SET line_id = excluded.line_id";
        let held = lines.iter().flat_map(|line| line.prefixes.iter().map(move |prefix| (line, prefix)));
        let rows: Vec<Vec<Value>> =
            held.map(|(line, prefix)| vec![prefix.as_str().into(), line.region.key().into(), line.line_id.as_str().into()]).collect();
        tx.execute_many(hold, &rows).await?;
        tx.commit().await
    }

    pub(crate) async fn remove(&self, region: Region, line_id: &str) -> Result<u64, DbError> {
        let mut tx = self.db.begin().await?;
        let whose: [Value; 2] = [line_id.into(), region.key().into()];
        tx.execute("DELETE FROM carrier_prefix WHERE line_id = $1 AND region = $2", &whose).await?;
        let removed = tx.execute("DELETE FROM carrier_line WHERE line_id = $1 AND region = $2", &whose).await?;
        tx.commit().await?;
        Ok(removed)
    }

    pub(crate) async fn line(&self, region: Region, line_id: &str) -> Result<Option<CarrierLine>, DbError> {
        let rows = self.db.query(COLUMNS, &[line_id.into(), region.key().into()]).await?;
        Ok(together(&rows)?.into_iter().next().filter(|line| line.line_id == line_id))
    }

    pub(crate) async fn lines(&self, line_id: Option<&str>) -> Result<Vec<CarrierLine>, DbError> {
        together(&self.db.query(COLUMNS, &[line_id.unwrap_or_default().into(), "".into()]).await?)
    }

    pub(crate) async fn line_at(&self, region: Region, address: IpAddr) -> Result<Option<CarrierLine>, DbError> {
        let mut values: Vec<Value> = vec![region.key().into()];
        values.extend(admission_keys(address).into_iter().map(Value::from));
        Ok(rules::line_of(address, together(&self.db.query(BY_ADDRESS, &values).await?)?))
    }
}

fn row_of(line: &CarrierLine) -> Vec<Value> {
    vec![
        line.line_id.as_str().into(),
        line.region.key().into(),
        line.line_type.as_str().into(),
        line.reseller.as_str().into(),
        line.v6_option.key().into(),
        line.applied_on.to_string().into(),
        line.work_completed.map(|day| day.to_string()).into(),
    ]
}

/// Rows of one line stand together; each brings one more prefix.
fn together(rows: &[Row]) -> Result<Vec<CarrierLine>, DbError> {
    let mut lines: Vec<CarrierLine> = Vec::new();
    for row in rows {
        let prefix = row.opt_text(7)?;
        let line = read(row)?;
        match lines.last_mut() {
            Some(last) if last.line_id == line.line_id && last.region == line.region => last.prefixes.extend(prefix),
            _ => lines.push(CarrierLine { prefixes: prefix.into_iter().collect(), ..line }),
        }
    }
    Ok(lines)
}

fn read(row: &Row) -> Result<CarrierLine, DbError> {
    let unreadable = |index, wanted| DbError::Column { index, wanted, found: "something else" };
    let day = |index, text: String| text.parse().map_err(|_| unreadable(index, "a day"));
    Ok(CarrierLine {
        line_id: row.text(0)?,
        region: Region::by_key(&row.text(1)?).ok_or_else(|| unreadable(1, "a region"))?,
        line_type: row.text(2)?,
        reseller: row.text(3)?,
        v6_option: V6Option::by_key(&row.text(4)?).ok_or_else(|| unreadable(4, "a v6 option"))?,
        applied_on: day(5, row.text(5)?)?,
        work_completed: row.opt_text(6)?.map(|text| day(6, text)).transpose()?,
        prefixes: Vec::new(),
    })
}
