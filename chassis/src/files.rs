//! Writes files so that a reader or a crash never sees half of one, and keeps private ones private.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Makes a folder (and its parents) that only its owner may enter.
///
/// # Errors
/// What the operating system says.
pub fn make_private_folder(path: &Path) -> std::io::Result<()> {
    os::make_private_folder(path)
}

/// Replaces `path` by `content`, readable by its owner only: written aside, forced to disk, then renamed.
///
/// # Errors
/// What the operating system says; the old file is then still whole.
pub fn write_private(path: &Path, content: &[u8]) -> std::io::Result<()> {
    replace(path, content, os::create_private)
}

/// Replaces `path` by `content`: written aside, forced to disk, then renamed.
///
/// # Errors
/// What the operating system says; the old file is then still whole.
pub fn write_whole(path: &Path, content: &[u8]) -> std::io::Result<()> {
    replace(path, content, |aside| File::create(aside))
}

fn replace(path: &Path, content: &[u8], create: fn(&Path) -> std::io::Result<File>) -> std::io::Result<()> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".new");
    let aside = PathBuf::from(aside);
    let mut file = create(&aside)?;
    file.write_all(content)?;
    file.sync_all()?;
    drop(file);
    os::replace(&aside, path)?;
    sync_folder_of(path)
}

/// Forces the directory entry of `path` to disk, so that a rename survives a power cut.
///
/// # Errors
/// What the operating system says.
pub fn sync_folder_of(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => os::sync_folder(folder),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_file_is_replaced_whole_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        write_private(&path, b"one").unwrap();
        write_private(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions()) & 0o777, 0o600);
    }
}
