//! PostgreSQL, shared by many copies of a room: a pool of connections with prepared statements.

use std::error::Error;
use std::time::Duration;

use bytes::BytesMut;
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime};
use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Config, NoTls, Statement};

use super::{DbError, Row, Value};

const CONNECTIONS: usize = 16;
const PATIENCE: Duration = Duration::from_secs(10);
/// Statements under way at once on one connection.
const PIPELINE: usize = 128;

/// The pool.
pub(super) struct Postgres {
    pool: Pool,
    url: String,
}

impl Postgres {
    pub(super) async fn open(url: &str) -> Result<Self, DbError> {
        // The parser's own message may repeat a part of the address, so it is not passed on.
        let mut config: Config = url.parse().map_err(|_| DbError::Address("not a PostgreSQL address".to_owned()))?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(PATIENCE);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(PATIENCE);
        }
        if config.get_application_name().is_none() {
            config.application_name("onshi");
        }
        let url = without_secret(&config);
        let manager = Manager::from_config(config, NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
        let pool = Pool::builder(manager)
            .max_size(CONNECTIONS)
            .wait_timeout(Some(PATIENCE))
            .create_timeout(Some(PATIENCE))
            .runtime(Runtime::Tokio1);
        let pool = pool.build().map_err(|_| DbError::Unavailable("no pool of connections could be made".to_owned()))?;
        let opened = Self { pool, url };
        drop(opened.connection().await?);
        Ok(opened)
    }

    pub(super) fn url(&self) -> String {
        self.url.clone()
    }

    pub(super) async fn query(&self, sql: &str, values: &[Value]) -> Result<Vec<Row>, DbError> {
        query(&self.connection().await?, sql, values).await
    }

    pub(super) async fn execute(&self, sql: &str, values: &[Value]) -> Result<u64, DbError> {
        let connection = self.connection().await?;
        let statement = prepare(&connection, sql).await?;
        change(&connection, &statement, values).await
    }

    pub(super) async fn begin(&self) -> Result<Writing, DbError> {
        let mut writing = Writing { connection: Some(self.connection().await?) };
        writing.batch("BEGIN").await?;
        Ok(writing)
    }

    async fn connection(&self) -> Result<Object, DbError> {
        self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) if error.as_db_error().is_some() => said(&error),
            PoolError::Backend(error) => DbError::Unavailable(with_cause(&error)),
            PoolError::Timeout(_) => DbError::Unavailable("no connection became free in time".to_owned()),
            _ => DbError::Unavailable("the pool of connections is closed".to_owned()),
        })
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
        query(self.connection()?, sql, values).await
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

async fn prepare(connection: &Object, sql: &str) -> Result<Statement, DbError> {
    connection.prepare_cached(sql).await.map_err(|error| said(&error))
}

async fn query(connection: &Object, sql: &str, values: &[Value]) -> Result<Vec<Row>, DbError> {
    let statement = prepare(connection, sql).await?;
    fits(&statement, values)?;
    let rows = connection.query(&statement, &bound(values)).await.map_err(|error| said(&error))?;
    rows.iter().map(|row| Ok(Row::new((0..row.len()).map(|i| column(row, i)).collect::<Result<_, _>>()?))).collect()
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

fn column(row: &tokio_postgres::Row, i: usize) -> Result<Value, DbError> {
    row.try_get::<_, Option<Value>>(i).map(|value| value.unwrap_or(Value::Null)).map_err(|error| said(&error))
}

type Mismatch = Box<dyn Error + Sync + Send>;

/// `void` is what some functions of the server return.
fn known(ty: &Type) -> bool {
    const KNOWN: [Type; 11] = [
        Type::INT8,
        Type::INT4,
        Type::INT2,
        Type::BOOL,
        Type::TEXT,
        Type::VARCHAR,
        Type::BPCHAR,
        Type::NAME,
        Type::UNKNOWN,
        Type::BYTEA,
        Type::VOID,
    ];
    KNOWN.contains(ty)
}

/// The server takes a literal for INTEGER and a comparison for BOOLEAN; both are read as BIGINT, as SQLite has them.
impl<'a> FromSql<'a> for Value {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Mismatch> {
        Ok(match *ty {
            Type::INT8 => Self::Int(i64::from_sql(ty, raw)?),
            Type::INT4 => Self::Int(i32::from_sql(ty, raw)?.into()),
            Type::INT2 => Self::Int(i16::from_sql(ty, raw)?.into()),
            Type::BOOL => Self::Int(bool::from_sql(ty, raw)?.into()),
            Type::BYTEA => Self::Bytes(raw.to_vec()),
            Type::VOID => Self::Null,
            _ => Self::Text(String::from_sql(ty, raw)?),
        })
    }

    fn accepts(ty: &Type) -> bool {
        known(ty)
    }
}

impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Mismatch> {
        match (self, ty) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Int(number), &Type::INT8) => number.to_sql(ty, out),
            (Self::Int(number), &Type::INT4) => i32::try_from(*number)?.to_sql(ty, out),
            (Self::Int(number), &Type::INT2) => i16::try_from(*number)?.to_sql(ty, out),
            (Self::Int(number), &Type::BOOL) => (*number != 0).to_sql(ty, out),
            (Self::Bytes(bytes), &Type::BYTEA) => bytes.to_sql(ty, out),
            (Self::Text(text), &(Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN)) => text.to_sql(ty, out),
            _ => Err(format!("a value of another type was given where the statement wants {ty}").into()),
        }
    }

    fn accepts(ty: &Type) -> bool {
        known(ty)
    }

    to_sql_checked!();
}

/// The server's details and some of its messages repeat values; only those that name things are passed on.
fn said(error: &tokio_postgres::Error) -> DbError {
    let Some(server) = error.as_db_error() else {
        let broken = error.is_closed() || error.source().is_some_and(|cause| cause.is::<std::io::Error>());
        return if broken { DbError::Unavailable(with_cause(error)) } else { DbError::Statement(with_cause(error)) };
    };
    let code = server.code();
    let rule = || server.constraint().or(server.column()).unwrap_or(code.code()).to_owned();
    match (code, code.code().get(..2).unwrap_or_default()) {
        (&SqlState::UNIQUE_VIOLATION, _) => DbError::Unique { constraint: rule() },
        (_, "23") => DbError::Constraint { constraint: rule() },
        (_, "08" | "28" | "3D" | "53" | "55" | "57" | "40" | "25") => {
            DbError::Unavailable(format!("{} ({})", server.message(), code.code()))
        }
        (_, "42" | "0A") => DbError::Statement(format!("{} ({})", server.message(), code.code())),
        _ => DbError::Statement(format!("SQLSTATE {}", code.code())),
    }
}

/// For errors that are not the server's: a broken connection, a value of the wrong type.
fn with_cause(error: &tokio_postgres::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

/// The address as an operator would write it, the password left out.
fn without_secret(config: &Config) -> String {
    let user = config.get_user().map(|user| format!("{user}@")).unwrap_or_default();
    let ports = config.get_ports();
    let hosts = config.get_hosts().iter().enumerate().map(|(i, host)| {
        let host = match host {
            tokio_postgres::config::Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            tokio_postgres::config::Host::Unix(folder) => folder.display().to_string(),
        };
        ports.get(i).or(ports.first()).map_or(host.clone(), |port| format!("{host}:{port}"))
    });
    format!("postgres://{user}{}/{}", hosts.collect::<Vec<_>>().join(","), config.get_dbname().unwrap_or_default())
}
