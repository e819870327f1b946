//! Brings the tables of a room to the version this program knows, once, whoever starts first.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;

use super::{Database, DbError, Engine};
use crate::values;

/// One step in the history of a room's tables. Its text never changes once it was released.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// 1, 2, 3, …
    pub number: i64,
    /// What it does, in a few words.
    pub name: &'static str,
    /// Statements separated by `;`.
    pub sql: &'static str,
}

impl Migration {
    /// What is remembered of the text. Line ends do not count: some checkouts change them.
    fn digest(&self) -> String {
        HEXLOWER.encode(digest(&SHA256, self.sql.replace("\r\n", "\n").as_bytes()).as_ref())
    }
}

const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_version (\
    room TEXT NOT NULL, number BIGINT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (room, number))";

/// Any fixed number does, if nothing else on the server uses it: the copies that start at once queue here ("onshi" in ASCII).
const QUEUE: &str = "SELECT pg_advisory_xact_lock(478594426985)";

pub(super) async fn migrate(db: &Database, room: &str, migrations: &[Migration]) -> Result<(), DbError> {
    for (step, expected) in migrations.iter().zip(1..) {
        if step.number != expected {
            return Err(DbError::MigrationOrder { room: room.to_owned(), number: step.number });
        }
    }
    let mut tx = db.begin().await?;
    if matches!(&*db.engine, Engine::Postgres(_)) {
        tx.batch(QUEUE).await?;
    }
    tx.batch(TABLE).await?;
    let applied = tx.query("SELECT number, name, digest FROM schema_version WHERE room = $1 ORDER BY number", &values![room]).await?;
    for row in &applied {
        let number = row.int(0)?;
        let Some(step) = migrations.iter().find(|step| step.number == number) else {
            let found = applied.last().map_or(Ok(number), |last| last.int(0))?;
            return Err(DbError::NewerSchema { room: room.to_owned(), found, known: migrations.last().map_or(0, |last| last.number) });
        };
        if step.digest() != row.text(2)? {
            return Err(DbError::ChangedMigration { room: room.to_owned(), number, name: row.text(1)? });
        }
    }
    for step in migrations.iter().skip(applied.len()) {
        tx.batch(step.sql).await?;
        let row = values![room, step.number, step.name, step.digest()];
        tx.execute("INSERT INTO schema_version (room, number, name, digest) VALUES ($1, $2, $3, $4)", &row).await?;
    }
    tx.commit().await
}
