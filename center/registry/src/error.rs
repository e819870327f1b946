//! Why the registry could not answer, and what an operator did that cannot be done.

use chassis::db::DbError;
use chassis::mail::MailError;
use chassis::password::PasswordFailure;
use chassis::random::NoRandomness;

use crate::door::Cause;

/// The registry could not answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database did not do its work.
    #[error(transparent)]
    Store(#[from] DbError),
    /// A mail could not be promised.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// A password could not be hashed or checked.
    #[error(transparent)]
    Password(#[from] PasswordFailure),
    /// No randomness for an id, a token or a password.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// What was asked for cannot be done; the sentence says why and what to do.
    #[error("{0}")]
    Refused(Refusal),
}

/// What an applicant or operator asked for cannot be done. The text is Japanese and says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A value is not of its kind.
    #[error("{problem}")]
    Wrong {
        /// The field's name.
        field: &'static str,
        /// What is wrong and what to write instead.
        problem: String,
    },
    /// Nothing of that name is known.
    #[error("{0}は登録されていません。番号を確かめてください。")]
    Unknown(&'static str),
    /// It is there already.
    #[error("{0}はすでに登録されています。")]
    Taken(&'static str),
    /// The application was decided before.
    #[error("この申請はすでに処理されています（{0}）。")]
    Decided(String),
}

impl Cause for Error {
    fn is_passing(&self) -> bool {
        matches!(self, Self::Store(error) | Self::Mail(MailError::Store(error)) if error.is_passing())
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Error {
    /// Turns a broken uniqueness into the sentence that `what` is taken.
    pub(crate) fn taken(error: DbError, what: &'static str) -> Self {
        if error.is_unique_violation() { Self::Refused(Refusal::Taken(what)) } else { Self::Store(error) }
    }
}
