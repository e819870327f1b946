//! Writes files so that a reader or a crash never sees half of one, and keeps private ones private.

use std::io::Write;
use std::path::Path;

/// Makes a folder (and its parents) that only its owner may enter.
///
/// # Errors
/// What the operating system says.
pub fn make_private_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Replaces `path` by `content`, readable by its owner only: written aside, forced to disk, then renamed.
///
/// # Errors
/// What the operating system says; the old file is then still whole.
pub fn write_private(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    replace(path, content, &mut options)
}

/// Replaces `path` by `content`: written aside, forced to disk, then renamed.
///
/// # Errors
/// What the operating system says; the old file is then still whole.
pub fn write_whole(path: &Path, content: &[u8]) -> std::io::Result<()> {
    replace(path, content, &mut std::fs::OpenOptions::new())
}

fn replace(path: &Path, content: &[u8], options: &mut std::fs::OpenOptions) -> std::io::Result<()> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".new");
    let mut file = options.write(true).create(true).truncate(true).open(&aside)?;
    file.write_all(content)?;
    file.sync_all()?;
    drop(file);
    std::fs::rename(&aside, path)?;
    sync_folder_of(path)
}

/// Forces the directory entry of `path` to disk, so that a rename survives a power cut. Windows has no such call and needs none.
///
/// # Errors
/// What the operating system says.
pub fn sync_folder_of(path: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::File::open(folder)?.sync_all()?;
    }
    let _ = path;
    Ok(())
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
