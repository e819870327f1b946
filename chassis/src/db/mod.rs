//! Remembers things in tables: one small door to SQLite (one process, nothing to install) and PostgreSQL (many copies).
//!
//! One SQL text serves both engines. Parameters are `$1`, `$2`, … (all of them used), column types BIGINT, TEXT and BYTEA; `ON CONFLICT` and
//! `RETURNING` may be used, functions of one engine may not. Where PostgreSQL cannot tell a parameter's type (`$1 IS NULL`), write
//! `CAST($1 AS TEXT)`; it sums BIGINT to another type, so write `CAST(SUM(x) AS BIGINT)`.

mod error;
pub mod lease;
mod migrate;
mod postgres;
mod sqlite;
mod value;

use std::fmt;
use std::sync::Arc;

pub use error::DbError;
pub use migrate::Migration;
pub use value::{Row, Value, values};

/// A database. Cloning is cheap; all clones share the connections.
#[derive(Clone)]
pub struct Database {
    engine: Arc<Engine>,
}

enum Engine {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

impl Database {
    /// Opens `sqlite:PATH` (made when missing; its folder must exist) or `postgres://user:password@host:port/name`.
    ///
    /// # Errors
    /// [`DbError::Address`], [`DbError::Held`] when another process owns the SQLite file, [`DbError::Unavailable`] when it cannot be reached.
    pub async fn open(url: &str) -> Result<Self, DbError> {
        let engine = if let Some(path) = url.strip_prefix("sqlite:") {
            Engine::Sqlite(sqlite::Sqlite::open(path.strip_prefix("//").unwrap_or(path)).await?)
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            Engine::Postgres(postgres::Postgres::open(url).await?)
        } else {
            return Err(DbError::Address("it begins with neither sqlite: nor postgres:".to_owned()));
        };
        Ok(Self { engine: Arc::new(engine) })
    }

    /// Whether this process has the database to itself (SQLite), so that nobody else can be at work in it.
    #[must_use]
    pub fn is_exclusive(&self) -> bool {
        matches!(&*self.engine, Engine::Sqlite(_))
    }

    /// The address without the password, for logs and pages.
    #[must_use]
    pub fn url_without_secret(&self) -> String {
        match &*self.engine {
            Engine::Sqlite(sqlite) => sqlite.url(),
            Engine::Postgres(postgres) => postgres.url(),
        }
    }

    /// Runs one statement and returns its rows. A statement that writes (`… RETURNING …`) is durable when this returns.
    ///
    /// # Errors
    /// Any [`DbError`] of a statement.
    pub async fn query(&self, sql: &str, values: &[Value]) -> Result<Vec<Row>, DbError> {
        match &*self.engine {
            Engine::Sqlite(sqlite) => sqlite.query(sql, values).await,
            Engine::Postgres(postgres) => postgres.query(sql, values).await,
        }
    }

    /// As [`query`](Self::query), for at most one row; further rows are left out.
    ///
    /// # Errors
    /// Any [`DbError`] of a statement.
    pub async fn query_opt(&self, sql: &str, values: &[Value]) -> Result<Option<Row>, DbError> {
        Ok(self.query(sql, values).await?.into_iter().next())
    }

    /// Runs one statement without rows, durable when this returns, and returns how many rows it changed.
    ///
    /// # Errors
    /// Any [`DbError`] of a statement.
    pub async fn execute(&self, sql: &str, values: &[Value]) -> Result<u64, DbError> {
        match &*self.engine {
            Engine::Sqlite(sqlite) => sqlite.execute(sql, values).await,
            Engine::Postgres(postgres) => postgres.execute(sql, values).await,
        }
    }

    /// Begins a transaction. On SQLite it waits until it is the only one.
    ///
    /// # Errors
    /// [`DbError::Unavailable`].
    pub async fn begin(&self) -> Result<Transaction, DbError> {
        let inner = match &*self.engine {
            Engine::Sqlite(sqlite) => Inner::Sqlite(sqlite.begin().await?),
            Engine::Postgres(postgres) => Inner::Postgres(Box::new(postgres.begin().await?)),
        };
        Ok(Transaction { inner, given_up: false })
    }

    /// Brings the tables of `room` to the newest version, all missing migrations in one transaction. Safe when several copies start at once.
    ///
    /// # Errors
    /// [`DbError::NewerSchema`], [`DbError::ChangedMigration`], [`DbError::MigrationOrder`], or any [`DbError`] of a statement.
    pub async fn migrate(&self, room: &str, migrations: &[Migration]) -> Result<(), DbError> {
        migrate::migrate(self, room, migrations).await
    }

    /// Waits until no other copy is alone, and lets none be until the guard is dropped, however this process ends: for what copies that start
    /// at once must agree on outside the database too. On SQLite there is one process and nobody to wait for.
    ///
    /// # Errors
    /// [`DbError::Unavailable`].
    pub async fn alone(&self) -> Result<Alone, DbError> {
        if matches!(&*self.engine, Engine::Sqlite(_)) {
            return Ok(Alone { _held: None });
        }
        let mut tx = self.begin().await?;
        tx.batch(ALONE).await?;
        Ok(Alone { _held: Some(tx) })
    }

    /// Asks the engine for a sign of life.
    ///
    /// # Errors
    /// [`DbError::Unavailable`].
    pub async fn ping(&self) -> Result<(), DbError> {
        self.query("SELECT 1", &[]).await.map(drop)
    }

    /// How many bytes the database takes.
    ///
    /// # Errors
    /// [`DbError::Unavailable`].
    pub async fn size(&self) -> Result<u64, DbError> {
        let sql = match &*self.engine {
            Engine::Sqlite(_) => "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
            Engine::Postgres(_) => "SELECT pg_database_size(current_database())",
        };
        let bytes = self.query_opt(sql, &[]).await?.map_or(Ok(0), |row| row.int(0))?;
        Ok(u64::try_from(bytes).unwrap_or(0))
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Database").field(&self.url_without_secret()).finish()
    }
}

/// Any fixed number does, if nothing else on the server uses it ("onshi" in ASCII, and one more: the first is the migrations').
const ALONE: &str = "SELECT pg_advisory_xact_lock(478594426986)";

/// While it lives, this is the only copy that is alone: see [`Database::alone`].
pub struct Alone {
    _held: Option<Transaction>,
}

impl fmt::Debug for Alone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Alone")
    }
}

/// Statements that take effect together at [`commit`](Self::commit) or, when it is dropped, not at all.
///
/// After a failed statement nothing more is accepted ([`DbError::GivenUp`]): the engines differ there, so the stricter one is followed.
pub struct Transaction {
    inner: Inner,
    given_up: bool,
}

enum Inner {
    Sqlite(sqlite::Writing),
    Postgres(Box<postgres::Writing>),
}

impl Transaction {
    /// Runs one statement and returns its rows.
    ///
    /// # Errors
    /// Any [`DbError`] of a statement.
    pub async fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, DbError> {
        self.start()?;
        let outcome = match &mut self.inner {
            Inner::Sqlite(writing) => writing.query(sql, values).await,
            Inner::Postgres(writing) => writing.query(sql, values).await,
        };
        self.settle(outcome)
    }

    /// As [`query`](Self::query), for at most one row; further rows are left out.
    ///
    /// # Errors
    /// Any [`DbError`] of a statement.
    pub async fn query_opt(&mut self, sql: &str, values: &[Value]) -> Result<Option<Row>, DbError> {
        Ok(self.query(sql, values).await?.into_iter().next())
    }

    /// Runs one statement without rows and returns how many rows it changed.
    ///
    /// # Errors
    /// Any [`DbError`] of a statement.
    pub async fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, DbError> {
        Ok(self.execute_each(sql, &[values.to_vec()]).await?.first().copied().unwrap_or(0))
    }

    /// Runs one statement once for each of `rows`, in order, and returns how many rows were changed in all.
    ///
    /// # Errors
    /// Any [`DbError`] of a statement; the first one ends the transaction.
    pub async fn execute_many(&mut self, sql: &str, rows: &[Vec<Value>]) -> Result<u64, DbError> {
        Ok(self.execute_each(sql, rows).await?.into_iter().sum())
    }

    /// As [`execute_many`](Self::execute_many), but returns how many rows each run changed: with `ON CONFLICT DO NOTHING`, 0 where the row
    /// existed.
    ///
    /// # Errors
    /// Any [`DbError`] of a statement; the first one ends the transaction.
    pub async fn execute_each(&mut self, sql: &str, rows: &[Vec<Value>]) -> Result<Vec<u64>, DbError> {
        self.start()?;
        let outcome = match &mut self.inner {
            Inner::Sqlite(writing) => writing.execute_each(sql, rows).await,
            Inner::Postgres(writing) => writing.execute_each(sql, rows).await,
        };
        self.settle(outcome)
    }

    /// Adds `rows` to `table`; each gives the values of `columns` in order. The quickest way to bring in many.
    ///
    /// # Errors
    /// Any [`DbError`] of a statement; the first one ends the transaction.
    pub async fn insert_many(&mut self, table: &str, columns: &[&str], rows: Vec<Vec<Value>>) -> Result<(), DbError> {
        self.start()?;
        let outcome = match &mut self.inner {
            _ if rows.iter().any(|row| row.len() != columns.len()) => {
                Err(DbError::Statement(format!("a row for {table} has not {} values", columns.len())))
            }
            Inner::Sqlite(writing) => {
                let places: Vec<String> = (1..=columns.len()).map(|place| format!("${place}")).collect();
                let insert = format!("INSERT INTO {table} ({}) VALUES ({})", columns.join(", "), places.join(", "));
                writing.insert_many(insert, rows).await
            }
            Inner::Postgres(writing) => writing.copy_in(table, columns, &rows).await,
        };
        self.settle(outcome)
    }

    /// Makes everything durable. When the connection is lost meanwhile, the outcome is unknown: it may or may not have taken effect.
    ///
    /// # Errors
    /// [`DbError::GivenUp`] after a failed statement, else any [`DbError`] of a statement.
    pub async fn commit(self) -> Result<(), DbError> {
        if self.given_up {
            return Err(DbError::GivenUp);
        }
        match self.inner {
            Inner::Sqlite(writing) => writing.commit().await,
            Inner::Postgres(writing) => writing.commit().await,
        }
    }

    /// Runs several statements without values, separated by `;`.
    async fn batch(&mut self, sql: &str) -> Result<(), DbError> {
        self.start()?;
        let outcome = match &mut self.inner {
            Inner::Sqlite(writing) => writing.batch(sql).await,
            Inner::Postgres(writing) => writing.batch(sql).await,
        };
        self.settle(outcome)
    }

    /// Until the statement has settled it counts as failed: a caller may stop waiting for it half way.
    fn start(&mut self) -> Result<(), DbError> {
        if std::mem::replace(&mut self.given_up, true) { Err(DbError::GivenUp) } else { Ok(()) }
    }

    fn settle<T>(&mut self, outcome: Result<T, DbError>) -> Result<T, DbError> {
        self.given_up = outcome.is_err();
        outcome
    }
}
