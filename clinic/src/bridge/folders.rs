//! Opens the bridge's folders at start, refuses arrangements that would lose files, and keeps other bridges out of its work folder.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_util::sync::{CancellationToken, DropGuard};

use super::order::OpenNames;
use crate::config::{BridgeConfig, span};
use crate::disk::{Disk, RealDisk};

/// Why the bridge cannot use its folders.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// A folder is not there and cannot be made, or cannot be entered.
    #[error("フォルダー {path} を使えません（{source}）。場所とアクセス権を確かめてください。")]
    Unusable {
        /// Which one.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Readers that watch `req` or `res` with its subfolders would see half-made files.
    #[error("{inner} は {outer} の中にあります。別々の場所を設定してください（作業用フォルダーは req・res の外に置きます）。")]
    Nested {
        /// The folder that lies inside, or is the same.
        inner: PathBuf,
        /// The folder around it.
        outer: PathBuf,
    },
    /// A running bridge already has this work folder.
    #[error("作業用フォルダー {path} は別の連携アプリケーションが使用中です。二重に起動していないか確かめてください。")]
    InUse {
        /// The work folder.
        path: PathBuf,
    },
}

/// The folders of a running bridge; while it lives the work folder is locked.
#[derive(Debug)]
pub(crate) struct Folders {
    pub(crate) req: PathBuf,
    pub(crate) res: PathBuf,
    pub(crate) work: PathBuf,
    /// Stands in the work folder as long as that is not away as a whole.
    pub(crate) proof: PathBuf,
    /// What they lie on.
    pub(crate) disk: Box<dyn Disk>,
    /// How long what is not whole must rest before it is taken.
    pub(crate) settle: Duration,
    /// The names of the requests that are on their way.
    pub(crate) names: OpenNames,
    _lock: Option<File>,
    /// Says that the folders are free again, to whoever waits for that.
    pub(crate) gone: CancellationToken,
    /// After the lock, as fields go in their order.
    _freed: DropGuard,
}

impl Folders {
    /// Makes what is missing, checks the arrangement and takes the lock.
    pub(crate) fn open(config: &BridgeConfig) -> Result<Self, FolderError> {
        let req = made(&config.req, |path| std::fs::create_dir_all(path))?;
        let res = made(&config.res, |path| std::fs::create_dir_all(path))?;
        made(&config.face, |path| std::fs::create_dir_all(path))?;
        let work = made(&config.work, make_work_folder)?;
        for (inner, outer) in [(&work, &req), (&work, &res), (&req, &res), (&res, &req)] {
            if inner.starts_with(outer) {
                return Err(FolderError::Nested { inner: inner.clone(), outer: outer.clone() });
            }
        }
        let proof = work.join("bridge.lock");
        let lock = Some(lock(&work, &proof)?);
        let settle = span(config.settle);
        let (names, gone) = (OpenNames::default(), CancellationToken::new());
        let _freed = gone.clone().drop_guard();
        Ok(Self { req, res, work, proof, disk: Box::new(RealDisk), settle, names, _lock: lock, gone, _freed })
    }

    /// The folders `req`, `res` and `work` of a disk that is none.
    #[cfg(test)]
    pub(crate) fn simulated(disk: Box<dyn Disk>, work: &str, settle: Duration) -> Self {
        let (req, res, work) = ("req".into(), "res".into(), PathBuf::from(work));
        let proof = work.join("bridge.lock");
        let (names, gone) = (OpenNames::default(), CancellationToken::new());
        let _freed = gone.clone().drop_guard();
        Self { req, res, work, proof, disk, settle, names, _lock: None, gone, _freed }
    }
}

fn made(path: &Path, make: impl Fn(&Path) -> io::Result<()>) -> Result<PathBuf, FolderError> {
    let unusable = |source| FolderError::Unusable { path: path.to_owned(), source };
    make(path).map_err(unusable)?;
    os::canonical(path).map_err(unusable)
}

/// On Windows a moved file keeps the access list of the folder it was made in, so there the work folder takes over, as `req` and `res` do,
/// what the folder around the three allows: otherwise the receipt computer could not read its results.
fn make_work_folder(path: &Path) -> io::Result<()> {
    if cfg!(windows) { std::fs::create_dir_all(path) } else { chassis::files::make_private_folder(path) }
}

fn lock(work: &Path, path: &Path) -> Result<File, FolderError> {
    let unusable = |source| FolderError::Unusable { path: path.to_owned(), source };
    let file = File::options().create(true).truncate(false).write(true).open(path).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(FolderError::InUse { path: work.to_owned() }),
        Err(TryLockError::Error(source)) => Err(unusable(source)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_bridge_on_the_same_work_folder_is_told_so_and_may_follow_later() {
        let root = tempfile::tempdir().unwrap();
        let config = BridgeConfig::under(root.path());
        let first = Folders::open(&config).unwrap();
        let told = Folders::open(&config).unwrap_err();
        assert!(matches!(told, FolderError::InUse { .. }) && told.to_string().contains("二重に起動"), "{told}");
        drop(first);
        Folders::open(&config).unwrap();
    }

    #[test]
    fn a_work_folder_that_readers_would_see_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let inside = BridgeConfig { work: root.path().join("res").join("work"), ..BridgeConfig::under(root.path()) };
        assert!(matches!(Folders::open(&inside), Err(FolderError::Nested { .. })));
        let same = BridgeConfig { req: root.path().join("res"), ..BridgeConfig::under(root.path()) };
        assert!(matches!(Folders::open(&same), Err(FolderError::Nested { .. })));
    }
}
