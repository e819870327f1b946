//! Why the center could not answer about eligibility, or could not change its register.

use chassis::db::DbError;
use registry::door::Cause;

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
    /// Another import is under way, here or on another copy.
    #[error(
        "別の取り込みが進行中です。終わってからもう一度実行してください。それが途中で止まったものなら、遅くとも{seconds}秒後には始められます。(another import is under way)"
    )]
    ImportUnderWay {
        /// After how many seconds without a sign of life it is given up.
        seconds: u64,
    },
    /// The import gave no sign of life for so long that it was given up; the register is unchanged.
    #[error("the import was given up, because it gave no sign of life for too long; the register is unchanged")]
    LeaseLost,
    /// What an import puts in order cannot be laid aside in the folder for temporary files (`TMPDIR`).
    #[error("the folder for temporary files cannot be used; the register is unchanged: {0}")]
    Aside(#[source] std::io::Error),
    /// The program is stopping.
    #[error("the program is stopping")]
    Stopping,
    /// The stream of an import broke off; nothing was changed.
    #[error("the people CSV could not be read to its end; the register is unchanged: {0}")]
    Source(#[source] std::io::Error),
}

impl Cause for Error {
    fn is_passing(&self) -> bool {
        match self {
            Self::Store(error) => error.is_passing(),
            Self::Replaced => true,
            _ => false,
        }
    }
}
