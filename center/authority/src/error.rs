//! Why the authority could not answer.

use chassis::audit::AuditError;
use chassis::db::DbError;
use chassis::mail::MailError;
use chassis::random::NoRandomness;
use chassis::vault::VaultError;
use registry::door::Cause;

/// The authority could not answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database did not do its work.
    #[error(transparent)]
    Store(#[from] DbError),
    /// The keys cannot be read.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The registry could not answer, or refused an operator's request.
    #[error(transparent)]
    Registry(#[from] registry::Error),
    /// A certificate could not be made.
    #[error("証明書を作れません（{0}）。")]
    Making(#[from] rcgen::Error),
    /// No randomness for a serial number or id.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// A file of the authority's certificates cannot be read or written.
    #[error("認証局の証明書ファイル {0} を読み書きできません（{1}）。")]
    File(String, std::io::Error),
    /// A certificate on disk does not belong to its key.
    #[error("認証局の証明書ファイル {0} が壊れているか、鍵と合いません。控えから戻してください。")]
    Mismatch(String),
    /// The profiles of certificates cannot be read.
    #[error("電子証明書のプロファイルを読めません（{0}）。")]
    Profiles(String),
    /// What was to be signed broke a rule, and was not signed.
    #[error("署名の前の検査で証明書に誤りが見つかったため、発行していません（{0}）。")]
    Lint(String),
    /// The journal of revocations cannot be read or written.
    #[error("失効の台帳 {0} を読み書きできません（{1}）。")]
    Journal(String, std::io::Error),
    /// The journal of revocations was changed.
    #[error("失効の台帳 {0} の {1} 行目が壊れています。失効を取りこぼすおそれがあるため始められません。控えから戻してください。")]
    JournalDamaged(String, usize),
    /// A mail could not be promised.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// The audit log did not take what was done; it waits.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// A key or cipher did not work.
    #[error("暗号の処理ができません。")]
    Cipher,
}

impl From<chassis::pfx::Error> for Error {
    fn from(error: chassis::pfx::Error) -> Self {
        match error {
            chassis::pfx::Error::Cipher => Self::Cipher,
            chassis::pfx::Error::NoRandomness(none) => Self::NoRandomness(none),
        }
    }
}

impl Cause for Error {
    fn is_passing(&self) -> bool {
        match self {
            Self::Store(error) | Self::Mail(MailError::Store(error)) => error.is_passing(),
            Self::Registry(error) => error.is_passing(),
            _ => false,
        }
    }
}
