//! Why the center could not answer about eligibility, or could not change its register.

use chassis::db::DbError;

/// The center could not answer. That nobody is insured under a number is no error but an [`Answer`](crate::Answer).
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database did not do its work.
    #[error(transparent)]
    Store(#[from] DbError),
    /// A row of the register holds what this program never writes: the register was changed by something else.
    #[error("a row of the register cannot be understood; it was not written by this program")]
    Unreadable,
    /// The register was replaced again and again while it was read. Asking again helps.
    #[error("the register was being replaced while it was read; ask again")]
    Replaced,
    /// The stream of an import broke off; nothing was changed.
    #[error("the people CSV could not be read to its end; the register is unchanged: {0}")]
    Source(#[source] std::io::Error),
}
