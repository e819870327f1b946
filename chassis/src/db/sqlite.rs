//! SQLite in one file that one process owns: one writer, several readers, every commit on the disk before it is acknowledged.
//!
//! A statement that only reads takes microseconds and runs where it is called; if it turns out long it is stopped and run again on a thread
//! for blocking work. Everything that writes runs there from the start, because a commit waits for the disk.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex as PlainMutex, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ErrorCode, OpenFlags, ffi};
use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

use super::{DbError, Row, Value};

const BUSY: Duration = Duration::from_secs(5);
/// Kibibytes, taken as they are used: room for the inner pages of a country's register, so that a look-up reads leaves only.
const READER_CACHE: &str = "PRAGMA cache_size = -16384";
const STATEMENTS: usize = 256;
/// Rows handed to the blocking thread at a time: bounds the memory of a large import.
const CHUNK: usize = 1000;
/// How often SQLite asks whether to go on, in its virtual instructions, and how many times a read may be asked where it is called: together
/// about a millisecond.
const STRIDE: i32 = 1000;
const INLINE_STRIDES: u32 = 30;
const NO_LIMIT: u32 = u32::MAX;

/// The open file.
pub(super) struct Sqlite {
    path: PathBuf,
    writer: Arc<Mutex<Writer>>,
    readers: Arc<Readers>,
}

struct Writer {
    connection: Limited,
    /// Dropped last: the file is free for another process only when its writer is closed.
    _ownership: File,
}

/// A connection that can be told to give up a long statement.
struct Limited {
    sql: Connection,
    left: Arc<AtomicU32>,
}

struct Readers {
    idle: PlainMutex<Vec<Limited>>,
    permits: Arc<Semaphore>,
}

/// A reader that goes home when it is dropped.
struct Borrowed {
    reader: Option<Limited>,
    home: Arc<Readers>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        if let Some(reader) = self.reader.take() {
            self.home.idle.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
        }
    }
}

impl Sqlite {
    pub(super) async fn open(path: &str) -> Result<Self, DbError> {
        let path = PathBuf::from(path);
        if path.as_os_str().is_empty() {
            return Err(DbError::Address("the path of the file is missing".to_owned()));
        }
        blocking(move || Self::open_file(path)).await
    }

    fn open_file(path: PathBuf) -> Result<Self, DbError> {
        let ownership = own(&path)?;
        private().open(&path).map_err(|e| DbError::Unavailable(format!("{}: {e}", path.display())))?;
        let writer = Limited::open(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        writer.sql.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON").map_err(said)?;
        let readers = std::thread::available_parallelism().map_or(2, usize::from).saturating_add(2).clamp(4, 16);
        let reader = |_| {
            let reader = Limited::open(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            reader.sql.execute_batch(READER_CACHE).map_err(said)?;
            Ok(reader)
        };
        let idle = (0..readers).map(reader).collect::<Result<_, DbError>>()?;
        Ok(Self {
            path,
            writer: Arc::new(Mutex::new(Writer { connection: writer, _ownership: ownership })),
            readers: Arc::new(Readers { idle: PlainMutex::new(idle), permits: Arc::new(Semaphore::new(readers)) }),
        })
    }

    pub(super) fn url(&self) -> String {
        format!("sqlite:{}", self.path.display())
    }

    pub(super) async fn query(&self, sql: &str, values: &[Value]) -> Result<Vec<Row>, DbError> {
        let reader = self.reader().await?;
        let connection = reader.reader.as_ref().ok_or(DbError::GivenUp)?;
        match connection.read(sql, values, INLINE_STRIDES) {
            Reading::Done(outcome) => outcome,
            Reading::Long => {
                let (sql, values) = (sql.to_owned(), values.to_vec());
                blocking(move || reader.reader.as_ref().ok_or(DbError::GivenUp)?.run(&sql, &values)).await
            }
            Reading::Writes => {
                drop(reader);
                self.on_writer(sql, values, Limited::run).await
            }
        }
    }

    pub(super) async fn execute(&self, sql: &str, values: &[Value]) -> Result<u64, DbError> {
        self.on_writer(sql, values, Limited::change).await
    }

    pub(super) async fn begin(&self) -> Result<Writing, DbError> {
        let mut writing = Writing { held: Some(Held(Arc::clone(&self.writer).lock_owned().await)) };
        writing.batch("BEGIN IMMEDIATE").await?;
        Ok(writing)
    }

    async fn on_writer<T: Send + 'static>(
        &self,
        sql: &str,
        values: &[Value],
        work: fn(&Limited, &str, &[Value]) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        let writer = Arc::clone(&self.writer).lock_owned().await;
        let (sql, values) = (sql.to_owned(), values.to_vec());
        blocking(move || work(&writer.connection, &sql, &values)).await
    }

    async fn reader(&self) -> Result<Borrowed, DbError> {
        let permit = Arc::clone(&self.readers.permits).acquire_owned().await.map_err(|_| DbError::GivenUp)?;
        let reader = self.readers.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Ok(Borrowed { reader, home: Arc::clone(&self.readers), _permit: permit })
    }
}

/// A transaction: it has the writer to itself.
pub(super) struct Writing {
    held: Option<Held>,
}

/// The writer with a transaction open; wherever it is dropped, what was not committed is rolled back before anyone else writes.
struct Held(OwnedMutexGuard<Writer>);

impl Drop for Held {
    fn drop(&mut self) {
        let sql = &self.0.connection.sql;
        if !sql.is_autocommit()
            && let Err(error) = sql.execute_batch("ROLLBACK")
        {
            tracing::error!(error = %said(error), "a transaction could not be rolled back");
        }
    }
}

impl Writing {
    pub(super) async fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, DbError> {
        let held = self.held.as_ref().ok_or(DbError::GivenUp)?;
        if let Reading::Done(outcome) = held.0.connection.read(sql, values, INLINE_STRIDES) {
            return outcome;
        }
        let (sql, values) = (sql.to_owned(), values.to_vec());
        self.work(move |connection| connection.run(&sql, &values)).await
    }

    pub(super) async fn execute_each(&mut self, sql: &str, rows: &[Vec<Value>]) -> Result<Vec<u64>, DbError> {
        let mut changed = Vec::with_capacity(rows.len());
        for chunk in rows.chunks(CHUNK) {
            let (sql, chunk) = (sql.to_owned(), chunk.to_vec());
            let work =
                move |connection: &Limited| chunk.iter().map(|values| connection.change(&sql, values)).collect::<Result<Vec<_>, _>>();
            changed.extend(self.work(work).await?);
        }
        Ok(changed)
    }

    /// `sql` takes the values of one row.
    pub(super) async fn insert_many(&mut self, sql: String, rows: Vec<Vec<Value>>) -> Result<(), DbError> {
        self.work(move |connection| {
            let mut statement = connection.sql.prepare_cached(&sql).map_err(said)?;
            for row in &rows {
                for (place, value) in row.iter().enumerate() {
                    statement.raw_bind_parameter(place.saturating_add(1), value).map_err(said)?;
                }
                statement.raw_execute().map_err(said)?;
            }
            Ok(())
        })
        .await
    }

    pub(super) async fn batch(&mut self, sql: &str) -> Result<(), DbError> {
        let sql = sql.to_owned();
        self.work(move |connection| connection.sql.execute_batch(&sql).map_err(said)).await
    }

    pub(super) async fn commit(mut self) -> Result<(), DbError> {
        self.batch("COMMIT").await
    }

    /// Lends the writer to a blocking thread. If the caller stops waiting, the thread drops it, and so rolls back.
    async fn work<T: Send + 'static>(&mut self, work: impl FnOnce(&Limited) -> Result<T, DbError> + Send + 'static) -> Result<T, DbError> {
        let held = self.held.take().ok_or(DbError::GivenUp)?;
        let (held, outcome) = blocking(move || {
            let outcome = work(&held.0.connection);
            Ok((held, outcome))
        })
        .await?;
        self.held = Some(held);
        outcome
    }
}

/// How an attempt to read went.
enum Reading {
    Done(Result<Vec<Row>, DbError>),
    /// It was stopped because it took too many steps.
    Long,
    /// The statement writes; nothing was done.
    Writes,
}

impl Limited {
    fn open(path: &Path, access: OpenFlags) -> Result<Self, DbError> {
        let mut sql = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(said)?;
        sql.busy_timeout(BUSY).map_err(said)?;
        sql.set_prepared_statement_cache_capacity(STATEMENTS);
        // Else SQLite plans a statement anew whenever other values are bound to it, which costs more than most statements do.
        sql.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(said)?;
        let left = Arc::new(AtomicU32::new(NO_LIMIT));
        let seen = Arc::clone(&left);
        let over = move || match seen.load(Ordering::Relaxed) {
            NO_LIMIT => false,
            0 => true,
            strides => {
                seen.store(strides.saturating_sub(1), Ordering::Relaxed);
                false
            }
        };
        sql.progress_handler(STRIDE, Some(over)).map_err(said)?;
        Ok(Self { sql, left })
    }

    fn read(&self, sql: &str, values: &[Value], strides: u32) -> Reading {
        let mut statement = match self.prepare(sql, values) {
            Ok(statement) if statement.readonly() => statement,
            Ok(_) => return Reading::Writes,
            Err(error) => return Reading::Done(Err(error)),
        };
        self.left.store(strides, Ordering::Relaxed);
        let outcome = rows(&mut statement);
        self.left.store(NO_LIMIT, Ordering::Relaxed);
        match outcome {
            Err(rusqlite::Error::SqliteFailure(failure, _)) if failure.code == ErrorCode::OperationInterrupted => Reading::Long,
            outcome => Reading::Done(outcome.map_err(said)),
        }
    }

    fn run(&self, sql: &str, values: &[Value]) -> Result<Vec<Row>, DbError> {
        rows(&mut *self.prepare(sql, values)?).map_err(said)
    }

    fn change(&self, sql: &str, values: &[Value]) -> Result<u64, DbError> {
        let changed = self.prepare(sql, values)?.raw_execute().map_err(said)?;
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }

    /// SQLite takes `$7` for a name and counts names in the order of their first use; here they are bound by the number they say.
    fn prepare(&self, sql: &str, values: &[Value]) -> Result<CachedStatement<'_>, DbError> {
        let mut statement = self.sql.prepare_cached(sql).map_err(said)?;
        let expected = statement.parameter_count();
        if expected != values.len() {
            return Err(DbError::Statement(format!("it takes {expected} values, {} were given", values.len())));
        }
        for place in 1..=expected {
            let number = statement.parameter_name(place).and_then(|name| name.strip_prefix('$')?.parse::<usize>().ok());
            let value = number.and_then(|number| values.get(number.checked_sub(1)?));
            let value = value.ok_or_else(|| DbError::Statement("its parameters are not $1, $2, …".to_owned()))?;
            statement.raw_bind_parameter(place, value).map_err(said)?;
        }
        Ok(statement)
    }
}

fn rows(statement: &mut rusqlite::Statement<'_>) -> rusqlite::Result<Vec<Row>> {
    let columns = statement.column_count();
    let mut found = statement.raw_query();
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        rows.push(Row::new((0..columns).map(|i| column(row, i)).collect::<Result<_, _>>()?));
    }
    Ok(rows)
}

fn column(row: &rusqlite::Row<'_>, i: usize) -> rusqlite::Result<Value> {
    let value = row.get_ref(i)?;
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Text(text) => Value::Text(
            std::str::from_utf8(text).map_err(|_| rusqlite::Error::InvalidColumnType(i, String::new(), value.data_type()))?.to_owned(),
        ),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        ValueRef::Real(_) => return Err(rusqlite::Error::InvalidColumnType(i, String::new(), value.data_type())),
    })
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// SQLite's own messages name tables and columns, never bound values.
fn said(error: rusqlite::Error) -> DbError {
    let (failure, message) = match error {
        rusqlite::Error::SqliteFailure(failure, message) => (failure, message.unwrap_or_else(|| failure.to_string())),
        rusqlite::Error::SqlInputError { msg, .. } => return DbError::Statement(msg),
        rusqlite::Error::InvalidColumnType(i, _, kind) => {
            return DbError::Statement(format!("column {i} is {kind}, which is not used here"));
        }
        rusqlite::Error::ExecuteReturnedResults => return DbError::Statement("it returns rows; use query".to_owned()),
        other => return DbError::Statement(other.to_string()),
    };
    match (failure.code, failure.extended_code) {
        (_, ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID) => {
            DbError::Unique { constraint: message }
        }
        (ErrorCode::ConstraintViolation, _) => DbError::Constraint { constraint: message },
        (ErrorCode::Unknown | ErrorCode::TypeMismatch | ErrorCode::ApiMisuse | ErrorCode::TooBig, _) => DbError::Statement(message),
        _ => DbError::Unavailable(message),
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, DbError> + Send + 'static) -> Result<T, DbError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(_) => Err(DbError::Unavailable("the program is stopping".to_owned())),
    }
}

/// Takes the file for this process; the system gives it back when the process ends, however it ends.
fn own(path: &Path) -> Result<File, DbError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let place = Path::new(&name);
    let unusable = |e: std::io::Error| DbError::Unavailable(format!("{}: {e}", place.display()));
    let mut file = private().open(place).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            let read = file.read_to_string(&mut pid).is_ok() && !pid.trim().is_empty();
            let process = if read { format!(" (pid {})", pid.trim()) } else { String::new() };
            return Err(DbError::Held { file: path.display().to_string(), process });
        }
        Err(TryLockError::Error(e)) => return Err(unusable(e)),
    }
    file.set_len(0).and_then(|()| file.rewind()).and_then(|()| write!(file, "{}", std::process::id())).map_err(unusable)?;
    Ok(file)
}

/// A file that other users of the machine cannot read.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
