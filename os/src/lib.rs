//! Asks the operating system for what Rust's standard library does not ask it for: files that stay private, folders forced to disk, many datagrams
//! with one call, and connections that come with their first bytes.
//!
//! The same few functions on every system; what differs stands in one file a system.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

pub mod accepting;
pub mod datagrams;

#[cfg_attr(not(windows), path = "unix.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod system;
#[cfg(all(target_os = "linux", feature = "tap"))]
pub mod tap;

/// Makes a folder, with the folders around it, that only its owner may enter; on Windows the system and the machine's administrators may
/// too, and what is made inside takes that over. A folder that is there stays as it is.
///
/// # Errors
/// What the operating system says; on Windows also where the file system knows no access rights.
pub fn make_private_folder(path: &Path) -> io::Result<()> {
    system::make_private_folder(path)
}

/// Opens a file for writing, empty and readable by its owner only; on Windows also by the system and the machine's administrators.
///
/// # Errors
/// What the operating system says; on Windows also where the file system knows no access rights.
pub fn create_private(path: &Path) -> io::Result<File> {
    system::create_private(path)
}

/// Moves a file over one that may be there. On Windows it is patient for half a second: virus scanners and indexers hold files that are new.
///
/// # Errors
/// What the operating system says; both files are then as they were.
pub fn replace(from: &Path, to: &Path) -> io::Result<()> {
    system::replace(from, to)
}

/// Forces what was created, renamed and removed in a folder to disk, so that it survives a power cut. Windows shares and file systems that
/// offer no such call are taken at their word.
///
/// # Errors
/// What the operating system says.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    system::sync_folder(folder)
}

/// A path with every link followed, as people write it: on Windows without the prefix `\\?\`, unless it is too long to do without.
///
/// # Errors
/// What the operating system says, above all that nothing is there.
pub fn canonical(path: &Path) -> io::Result<PathBuf> {
    system::canonical(path)
}

/// Gives "someone else holds it" and "its bytes are locked", for which Windows has words of its own, the kind `PermissionDenied`: for who
/// wants to move or open a file that is all the same. Other errors stay as they are.
#[must_use]
pub fn held_is_denied(error: io::Error) -> io::Error {
    system::held_is_denied(error)
}

/// How many bytes this process may still write on the disk of a folder.
///
/// # Errors
/// What the operating system says.
pub fn free_bytes(folder: &Path) -> io::Result<u64> {
    system::free_bytes(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_made_with_those_around_it_and_forced_to_disk() {
        let root = tempfile::tempdir().unwrap();
        let inner = root.path().join("一").join("二");
        make_private_folder(&inner).unwrap();
        make_private_folder(&inner).unwrap();
        std::fs::write(inner.join("file"), b"here").unwrap();
        sync_folder(&inner).unwrap();
        assert!(sync_folder(&root.path().join("nowhere")).is_err());
        assert!(make_private_folder(&inner.join("file")).is_err(), "a file is no folder");
    }

    #[test]
    fn a_disk_says_how_much_of_it_is_free() {
        let root = tempfile::tempdir().unwrap();
        assert!(free_bytes(root.path()).unwrap() > 0);
        assert!(free_bytes(&root.path().join("nowhere")).is_err());
    }

    #[test]
    fn a_private_file_is_opened_empty_and_takes_the_place_of_another() {
        use std::io::Write;
        let root = tempfile::tempdir().unwrap();
        let (new, old) = (root.path().join("new"), root.path().join("old"));
        for path in [&new, &old] {
            std::fs::write(path, b"what was there before").unwrap();
        }
        create_private(&new).unwrap().write_all(b"key").unwrap();
        replace(&new, &old).unwrap();
        assert!(!new.exists());
        assert_eq!(std::fs::read(&old).unwrap(), b"key");
        assert!(replace(&new, &old).is_err(), "nothing is there to be moved");
        assert_eq!(std::fs::read(&old).unwrap(), b"key");
    }
}
