//! PostgreSQL, shared by many copies of a room: a pool of connections with prepared statements, to whichever server takes writes now.
//!
//! When a server is lost, what certainly had no effect is asked again for a few seconds by itself: getting a connection, beginning a
//! transaction, preparing, and reading. A write whose connection broke half way is not: nobody can say whether it took effect.

mod address;
mod refusals;
mod servers;
mod tls;
mod types;

use std::pin::pin;
use std::time::{Duration, Instant};

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime};
use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use tokio_postgres::Statement;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};

use self::address::Address;
use self::refusals::{did_nothing, is_passing, no_connection, said};
use self::servers::Servers;
use self::tls::Tls;
use super::{DbError, Row, Value};
use crate::clock;

const CONNECTIONS: usize = 16;
/// To get a connection, or to make one.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a lost server is waited for before the caller is told, and how often it is looked for.
const RETRIES: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(100);
/// Statements under way at once on one connection.
const PIPELINE: usize = 128;

/// The pool.
pub(super) struct Postgres {
    pool: Pool,
    url: String,
}

impl Postgres {
    pub(super) async fn open(url: &str) -> Result<Self, DbError> {
        let Address { servers, protection, shown } = Address::read(url)?;
        let first = servers.first().cloned().unwrap_or_default();
        let servers = Servers::new(servers, Tls::prepare(&protection)?);
        let manager = Manager::from_connect(first, servers, ManagerConfig { recycling_method: RecyclingMethod::Fast });
        let pool = Pool::builder(manager)
            .max_size(CONNECTIONS)
            .wait_timeout(Some(PATIENCE))
            .create_timeout(Some(PATIENCE))
            .runtime(Runtime::Tokio1);
        let pool = pool.build().map_err(|_| DbError::Unavailable("no pool of connections could be made".to_owned()))?;
        let opened = Self { pool, url: shown };
        drop(opened.connection(clock::instant()).await?);
        Ok(opened)
    }

    pub(super) fn url(&self) -> String {
        self.url.clone()
    }

    pub(super) async fn query(&self, sql: &str, values: &[Value]) -> Result<Vec<Row>, DbError> {
        let begun = clock::instant();
        loop {
            let (connection, statement) = self.prepared(sql, values, begun).await?;
            match connection.query(&statement, &bound(values)).await {
                Ok(rows) => return read(&rows),
                Err(error) => again(connection, &error, only_reads(sql), begun).await?,
            }
        }
    }

    pub(super) async fn execute(&self, sql: &str, values: &[Value]) -> Result<u64, DbError> {
        let begun = clock::instant();
        loop {
            let (connection, statement) = self.prepared(sql, values, begun).await?;
            match connection.execute(&statement, &bound(values)).await {
                Ok(changed) => return Ok(changed),
                Err(error) => again(connection, &error, false, begun).await?,
            }
        }
    }

    /// A connection on which the statement is prepared and fits its values.
    async fn prepared(&self, sql: &str, values: &[Value], begun: Instant) -> Result<(Object, Statement), DbError> {
        loop {
            let connection = self.connection(begun).await?;
            match connection.prepare_cached(sql).await {
                Ok(statement) => {
                    fits(&statement, values)?;
                    return Ok((connection, statement));
                }
                Err(error) => again(connection, &error, true, begun).await?,
            }
        }
    }

    pub(super) async fn begin(&self) -> Result<Writing, DbError> {
        let begun = clock::instant();
        loop {
            let writing = Writing { connection: Some(self.connection(begun).await?) };
            match writing.connection()?.batch_execute("BEGIN").await {
                Ok(()) => return Ok(writing),
                Err(error) if is_passing(&error) && begun.elapsed() < RETRIES => tokio::time::sleep(PAUSE).await,
                Err(error) => return Err(said(&error)),
            }
        }
    }

    async fn connection(&self, begun: Instant) -> Result<Object, DbError> {
        loop {
            match self.pool.get().await {
                Ok(connection) => return Ok(connection),
                Err(PoolError::Backend(error)) if is_passing(&error) && begun.elapsed() < RETRIES => tokio::time::sleep(PAUSE).await,
                Err(error) => return Err(no_connection(&error)),
            }
        }
    }
}

/// A transaction: it has one connection to itself.
pub(super) struct Writing {
    connection: Option<Object>,
}

impl Drop for Writing {
    /// The connection is closed, not reused: the server then rolls back for sure, whatever was under way.
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(Object::take(connection));
        }
    }
}

impl Writing {
    pub(super) async fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, DbError> {
        let connection = self.connection()?;
        let statement = prepare(connection, sql).await?;
        fits(&statement, values)?;
        read(&connection.query(&statement, &bound(values)).await.map_err(|error| said(&error))?)
    }

    pub(super) async fn execute_each(&mut self, sql: &str, rows: &[Vec<Value>]) -> Result<Vec<u64>, DbError> {
        let connection = self.connection()?;
        let statement = &prepare(connection, sql).await?;
        let mut changed = Vec::with_capacity(rows.len());
        let mut under_way = FuturesOrdered::new();
        for values in rows {
            under_way.push_back(change(connection, statement, values));
            if under_way.len() >= PIPELINE
                && let Some(outcome) = under_way.next().await
            {
                changed.push(outcome?);
            }
        }
        while let Some(outcome) = under_way.next().await {
            changed.push(outcome?);
        }
        Ok(changed)
    }

    /// By the server's own way for many rows: a third of what inserting statements of many rows cost it.
    pub(super) async fn copy_in(&mut self, table: &str, columns: &[&str], rows: &[Vec<Value>]) -> Result<(), DbError> {
        let connection = self.connection()?;
        let columns = columns.join(", ");
        let shape = prepare(connection, &format!("SELECT {columns} FROM {table}")).await?;
        let types: Vec<Type> = shape.columns().iter().map(|column| column.type_().clone()).collect();
        let copy = format!("COPY {table} ({columns}) FROM STDIN BINARY");
        let sink = connection.copy_in(copy.as_str()).await.map_err(|error| said(&error))?;
        let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
        // Each row has a value for each column: the caller has seen to it.
        for values in rows {
            writer.as_mut().write(&bound(values)).await.map_err(|error| said(&error))?;
        }
        writer.finish().await.map_err(|error| said(&error))?;
        Ok(())
    }

    pub(super) async fn batch(&mut self, sql: &str) -> Result<(), DbError> {
        self.connection()?.batch_execute(sql).await.map_err(|error| said(&error))
    }

    pub(super) async fn commit(mut self) -> Result<(), DbError> {
        self.batch("COMMIT").await?;
        // Only now is the connection clean, and may go back to the pool.
        drop(self.connection.take());
        Ok(())
    }

    fn connection(&self) -> Result<&Object, DbError> {
        self.connection.as_ref().ok_or(DbError::GivenUp)
    }
}

/// Returns after a pause when the statement may be asked again; `harmless`, because nothing was written when the connection broke.
async fn again(connection: Object, error: &tokio_postgres::Error, harmless: bool, begun: Instant) -> Result<(), DbError> {
    let worth_it = did_nothing(error) || (harmless && is_passing(error));
    if !worth_it || begun.elapsed() >= RETRIES {
        return Err(said(error));
    }
    // Closed, not reused: what is wrong may be the connection.
    drop(Object::take(connection));
    tokio::time::sleep(PAUSE).await;
    Ok(())
}

/// A statement that changes nothing, so that asking it twice is as good as once.
fn only_reads(sql: &str) -> bool {
    let start = sql.trim_start();
    let selects = start.get(..7).is_some_and(|word| word.eq_ignore_ascii_case("SELECT "));
    selects && !start.contains("FOR UPDATE")
}

async fn prepare(connection: &Object, sql: &str) -> Result<Statement, DbError> {
    connection.prepare_cached(sql).await.map_err(|error| said(&error))
}

async fn change(connection: &Object, statement: &Statement, values: &[Value]) -> Result<u64, DbError> {
    fits(statement, values)?;
    connection.execute(statement, &bound(values)).await.map_err(|error| said(&error))
}

fn fits(statement: &Statement, values: &[Value]) -> Result<(), DbError> {
    match statement.params().len() {
        expected if expected == values.len() => Ok(()),
        expected => Err(DbError::Statement(format!("it takes {expected} values, {} were given", values.len()))),
    }
}

fn bound(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

fn read(rows: &[tokio_postgres::Row]) -> Result<Vec<Row>, DbError> {
    let column = |row: &tokio_postgres::Row, i: usize| match row.try_get::<_, Option<Value>>(i) {
        Ok(value) => Ok(value.unwrap_or(Value::Null)),
        Err(error) => Err(said(&error)),
    };
    rows.iter().map(|row| Ok(Row::new((0..row.len()).map(|i| column(row, i)).collect::<Result<_, _>>()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_select_is_asked_twice() {
        assert!(only_reads("SELECT 1") && only_reads("\n  select x FROM y"));
        for sql in
            ["INSERT INTO a (b) VALUES (1)", "SELECT a FROM b FOR UPDATE", "WITH x AS (DELETE FROM a RETURNING b) SELECT * FROM x", ""]
        {
            assert!(!only_reads(sql), "{sql}");
        }
    }
}
