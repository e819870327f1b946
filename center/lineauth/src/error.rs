//! Why line authentication could not answer.

use chassis::db::DbError;
use chassis::http::ClientError;
use chassis::random::NoRandomness;
use chassis::vault::VaultError;
use registry::door::Cause;

/// Portal or notifier could not answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The carrier's table of lines could not be read or written.
    #[error(transparent)]
    Store(#[from] DbError),
    /// The registry could not answer, or refused what an operator wrote.
    #[error(transparent)]
    Registry(#[from] registry::Error),
    /// The own key could not be read or made.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The other side's key, or a token that should be its, is none.
    #[error("{0}")]
    Trust(String),
    /// No client for the notifier could be made.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A file of a key could not be read or written.
    #[error("{path} を読み書きできません（{source}）。")]
    File {
        /// Which file.
        path: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// No randomness for a nonce or a key.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

impl Cause for Error {
    fn is_passing(&self) -> bool {
        match self {
            Self::Store(error) => error.is_passing(),
            Self::Registry(error) => error.is_passing(),
            _ => false,
        }
    }
}
