//! Sorts what goes wrong with PostgreSQL: what to tell, and whether the same may be asked again.

use std::error::Error;
use std::io;

use deadpool_postgres::PoolError;
use tokio_postgres::error::SqlState;

use super::super::DbError;

/// The server's details and some of its messages repeat values; only those that name things are passed on.
pub(super) fn said(error: &tokio_postgres::Error) -> DbError {
    let Some(server) = error.as_db_error() else {
        return match trouble(error) {
            Trouble::Connection => DbError::Unavailable(with_cause(error)),
            Trouble::Trust => DbError::Protection(with_cause(error)),
            Trouble::Other => DbError::Statement(with_cause(error)),
        };
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

/// As [`said`], for the pool that could give no connection.
pub(super) fn no_connection(error: &PoolError) -> DbError {
    match error {
        PoolError::Backend(error) => said(error),
        PoolError::Timeout(_) => DbError::Unavailable("no connection became free in time".to_owned()),
        _ => DbError::Unavailable("the pool of connections is closed".to_owned()),
    }
}

enum Trouble {
    /// It broke or could not be made.
    Connection,
    /// The server is not the one that the address means, or speaks no TLS.
    Trust,
    Other,
}

fn trouble(error: &tokio_postgres::Error) -> Trouble {
    if error.is_closed() {
        return Trouble::Connection;
    }
    let of_tls = error.to_string().starts_with("error performing TLS handshake");
    match error.source().map(|cause| cause.downcast_ref::<io::Error>()) {
        Some(Some(cause)) if cause.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) => Trouble::Trust,
        Some(Some(_)) => Trouble::Connection,
        _ if of_tls => Trouble::Trust,
        _ => Trouble::Other,
    }
}

/// Whether the server may be there again in a moment: it is starting, stopping, changing places with another, or full.
pub(super) fn is_passing(error: &tokio_postgres::Error) -> bool {
    match error.code() {
        None => matches!(trouble(error), Trouble::Connection),
        Some(code) => {
            let code = code.code();
            code.starts_with("08") || ["57P01", "57P02", "57P03", "53300", "25006"].contains(&code)
        }
    }
}

/// Whether the statement has certainly had no effect and is worth another attempt on another connection, even if it writes: the server rolled
/// it back because of another, takes no writes, or no longer knows the prepared text.
pub(super) fn did_nothing(error: &tokio_postgres::Error) -> bool {
    let Some(server) = error.as_db_error() else { return false };
    match server.code().code() {
        "40001" | "40P01" | "25006" | "26000" => true,
        "0A000" => server.message().contains("cached plan"),
        _ => false,
    }
}

/// For errors that are not the server's: a broken connection, a value of the wrong type.
fn with_cause(error: &tokio_postgres::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}
