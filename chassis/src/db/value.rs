//! The four kinds of value a table may hold, and a row of them as it comes back.

use std::fmt;

use super::DbError;

/// One value bound to `$n` of a statement or read from a column: BIGINT, TEXT, BYTEA or NULL.
///
/// Its `Debug` shows the kind only, because values are often personal data.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// No value.
    Null,
    /// BIGINT: numbers, instants in Unix milliseconds, booleans as 0 and 1.
    Int(i64),
    /// TEXT: text, and days as `YYYY-MM-DD`.
    Text(String),
    /// BYTEA: raw bytes.
    Bytes(Vec<u8>),
}

impl Value {
    /// The kind of this value, for error texts.
    fn kind(&self) -> &'static str {
        match self {
            Self::Null => "NULL",
            Self::Int(_) => "BIGINT",
            Self::Text(_) => "TEXT",
            Self::Bytes(_) => "BYTEA",
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

macro_rules! from_number {
    ($($number:ty),*) => {$(
        impl From<$number> for Value {
            fn from(number: $number) -> Self {
                Self::Int(i64::from(number))
            }
        }
    )*};
}
from_number!(i64, i32, u32, u16, u8, bool);

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl<const N: usize> From<[u8; N]> for Value {
    fn from(bytes: [u8; N]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl From<jiff::Timestamp> for Value {
    /// Unix milliseconds.
    fn from(at: jiff::Timestamp) -> Self {
        Self::Int(at.as_millisecond())
    }
}

impl From<jiff::civil::Date> for Value {
    /// `YYYY-MM-DD`.
    fn from(day: jiff::civil::Date) -> Self {
        Self::Text(day.to_string())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// One row of an answer; columns are counted from 0 in the order of the statement.
#[derive(Debug)]
pub struct Row {
    columns: Vec<Value>,
}

impl Row {
    pub(super) fn new(columns: Vec<Value>) -> Self {
        Self { columns }
    }

    /// A BIGINT.
    ///
    /// # Errors
    /// [`DbError::Column`] when column `i` is missing, NULL or of another type.
    pub fn int(&self, i: usize) -> Result<i64, DbError> {
        self.opt_int(i)?.ok_or_else(|| self.wrong(i, "BIGINT"))
    }

    /// A BIGINT or NULL.
    ///
    /// # Errors
    /// [`DbError::Column`] when column `i` is missing or of another type.
    pub fn opt_int(&self, i: usize) -> Result<Option<i64>, DbError> {
        match self.columns.get(i) {
            Some(Value::Int(number)) => Ok(Some(*number)),
            Some(Value::Null) => Ok(None),
            _ => Err(self.wrong(i, "BIGINT")),
        }
    }

    /// A TEXT.
    ///
    /// # Errors
    /// [`DbError::Column`] when column `i` is missing, NULL or of another type.
    pub fn text(&self, i: usize) -> Result<String, DbError> {
        self.opt_text(i)?.ok_or_else(|| self.wrong(i, "TEXT"))
    }

    /// A TEXT or NULL.
    ///
    /// # Errors
    /// [`DbError::Column`] when column `i` is missing or of another type.
    pub fn opt_text(&self, i: usize) -> Result<Option<String>, DbError> {
        match self.columns.get(i) {
            Some(Value::Text(text)) => Ok(Some(text.clone())),
            Some(Value::Null) => Ok(None),
            _ => Err(self.wrong(i, "TEXT")),
        }
    }

    /// A BYTEA.
    ///
    /// # Errors
    /// [`DbError::Column`] when column `i` is missing, NULL or of another type.
    pub fn bytes(&self, i: usize) -> Result<Vec<u8>, DbError> {
        self.opt_bytes(i)?.ok_or_else(|| self.wrong(i, "BYTEA"))
    }

    /// A BYTEA or NULL.
    ///
    /// # Errors
    /// [`DbError::Column`] when column `i` is missing or of another type.
    pub fn opt_bytes(&self, i: usize) -> Result<Option<Vec<u8>>, DbError> {
        match self.columns.get(i) {
            Some(Value::Bytes(bytes)) => Ok(Some(bytes.clone())),
            Some(Value::Null) => Ok(None),
            _ => Err(self.wrong(i, "BYTEA")),
        }
    }

    fn wrong(&self, index: usize, wanted: &'static str) -> DbError {
        DbError::Column { index, wanted, found: self.columns.get(index).map_or("no such column", Value::kind) }
    }
}

/// The values of `$1`, `$2`, … in order: `db.query(sql, &values![id, name])`. Each is anything a [`Value`] can be made from.
#[macro_export]
macro_rules! values {
    ($($value:expr),* $(,)?) => {
        [$($crate::db::Value::from($value)),*]
    };
}
#[doc(inline)]
pub use crate::values;
