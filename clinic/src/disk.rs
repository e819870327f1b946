//! Everything the bridge and the keeper ask of a file system, in one place, so that a story can put a disk behind it that fails and loses power.

use std::ffi::OsString;
use std::fmt::Debug;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;
use std::time::SystemTime;

use chassis::files::sync_folder_of;

/// What a file looks like from outside; a file that is written to changes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct State {
    /// Bytes.
    pub(crate) length: u64,
    /// Its last-write time.
    pub(crate) modified: SystemTime,
}

/// A file system as the bridge uses it. Any call may fail, and may have done its work all the same: shares lose replies.
///
/// The bridge counts on three things that journalling file systems keep through a power cut: a rename happens whole or not at all, what
/// was forced to disk stays, and changes of one folder do not overtake each other. It does not count on content being there that was not
/// forced, nor on the order of changes in different folders.
pub(crate) trait Disk: Debug + Send + Sync + 'static {
    /// Whether calls can take so long that they belong beside the event loop.
    fn is_slow(&self) -> bool;
    /// All names in a folder.
    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>>;
    /// A file's state; `None` for what is no plain file.
    fn state(&self, path: &Path) -> io::Result<Option<State>>;
    /// At most `limit` bytes of a file.
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>>;
    /// The same; `None` while its writer holds a lock.
    fn read_unless_held(&self, path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>>;
    /// Makes one folder.
    fn make_folder(&self, path: &Path) -> io::Result<()>;
    /// Writes a file, over one that is there, and forces its content to disk.
    fn write(&self, path: &Path, content: &[u8]) -> io::Result<()>;
    /// Writes a file that must not be there yet, closed to everyone else where the system can do that, and forces its content to disk.
    fn write_new(&self, path: &Path, content: &[u8]) -> io::Result<()>;
    /// Writes a file that only its owner may read, over one that is there, and forces its content to disk.
    fn write_private(&self, path: &Path, content: &[u8]) -> io::Result<()>;
    /// Copies a file with its last-write time, over one that is there, and forces the copy's content to disk.
    fn copy(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Moves a file or folder, over a file that is there.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// The same within a folder of few files, with patience for programs that look into new ones.
    fn replace(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.rename(from, to)
    }
    /// Forces a file's content to disk.
    fn sync(&self, path: &Path) -> io::Result<()>;
    /// Forces the folder in which `path` stands to disk.
    fn sync_entry(&self, path: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Removes a folder with all that is in it.
    fn remove_all(&self, path: &Path) -> io::Result<()>;
    /// Renews the last-write time of a file that is there.
    fn touch(&self, path: &Path, at: SystemTime) -> io::Result<()>;
}

/// Whether something stands at `path`. An error is no "no".
pub(crate) fn exists(disk: &dyn Disk, path: &Path) -> io::Result<bool> {
    match disk.state(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Takes "it was not there" for done.
pub(crate) fn gone_is_fine(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// The operating system's own.
#[derive(Debug)]
pub(crate) struct RealDisk;

impl Disk for RealDisk {
    fn is_slow(&self) -> bool {
        true
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.file_name())).collect()
    }

    fn state(&self, path: &Path) -> io::Result<Option<State>> {
        let data = std::fs::symlink_metadata(path)?;
        let modified = data.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        Ok(data.is_file().then_some(State { length: data.len(), modified }))
    }

    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        beginning(File::open(path)?, limit)
    }

    fn read_unless_held(&self, path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
        let file = File::open(path)?;
        // Windows refuses to read what is locked; a lock of ours would there make the writer fail.
        #[cfg(unix)]
        match file.try_lock_shared() {
            Ok(()) => file.unlock()?,
            Err(std::fs::TryLockError::WouldBlock) => return Ok(None),
            // Shares that know no locks are read without asking.
            Err(std::fs::TryLockError::Error(_)) => {}
        }
        beginning(file, limit).map(Some)
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        std::fs::create_dir(path)
    }

    fn write(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        let mut file = File::create(path)?;
        file.write_all(content)?;
        file.sync_all()
    }

    fn write_new(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(windows)]
        std::os::windows::fs::OpenOptionsExt::share_mode(&mut options, 0);
        let mut file = options.open(path)?;
        file.write_all(content)?;
        file.sync_all()
    }

    fn write_private(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        let mut file = os::create_private(path)?;
        file.write_all(content)?;
        file.sync_all()
    }

    fn copy(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut source = File::open(from)?;
        let mut file = File::create(to)?;
        io::copy(&mut source, &mut file)?;
        file.set_modified(source.metadata()?.modified()?)?;
        file.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to).map_err(os::held_is_denied)
    }

    fn replace(&self, from: &Path, to: &Path) -> io::Result<()> {
        os::replace(from, to)
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        // Windows flushes only handles that may write.
        File::options().read(true).write(cfg!(windows)).open(path)?.sync_all()
    }

    fn sync_entry(&self, path: &Path) -> io::Result<()> {
        sync_folder_of(path)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn remove_all(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_dir_all(path)
    }

    fn touch(&self, path: &Path, at: SystemTime) -> io::Result<()> {
        File::options().write(true).open(path)?.set_modified(at)
    }
}

fn beginning(file: File, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}
