//! How Windows does it: access lists that are set before anything is written, and buffers flushed through a handle on the folder.
#![allow(unsafe_code, reason = "Windows sets access lists through pointers; each block says why it is sound")]

use std::ffi::c_void;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::windows::ffi::OsStrExt;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::path::{Component, Path, PathBuf, Prefix};
use std::time::Duration;

use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_INVALID_FUNCTION, ERROR_INVALID_PARAMETER, ERROR_LOCK_VIOLATION, ERROR_NOT_SUPPORTED,
    ERROR_SHARING_VIOLATION, GENERIC_WRITE, LocalFree,
};
use windows_sys::Win32::Security::Authorization::{
    ConvertSidToStringSidW, ConvertStringSecurityDescriptorToSecurityDescriptorW, SDDL_REVISION_1,
};
use windows_sys::Win32::Security::{
    DACL_SECURITY_INFORMATION, GetTokenInformation, PSID, SetKernelObjectSecurity, TOKEN_QUERY, TOKEN_USER, TokenUser,
};
use windows_sys::Win32::Storage::FileSystem::{FILE_ADD_FILE, FILE_FLAG_BACKUP_SEMANTICS, GetDiskFreeSpaceExW, READ_CONTROL, WRITE_DAC};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

/// How long a file that someone holds is waited for, in all.
const TRIES: u32 = 25;
const BETWEEN_TRIES: Duration = Duration::from_millis(20);

/// Folders of this many letters still leave room for a file's name below the old limit of 260.
const LONGEST: usize = 160;

pub(crate) fn make_private_folder(path: &Path) -> io::Result<()> {
    if let Some(around) = path.parent().filter(|around| !around.as_os_str().is_empty()) {
        std::fs::create_dir_all(around)?;
    }
    match std::fs::create_dir(path) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => return Ok(()),
        Err(error) => return Err(error),
    }
    let folder = File::options().access_mode(READ_CONTROL | WRITE_DAC).custom_flags(FILE_FLAG_BACKUP_SEMANTICS).open(path)?;
    keep_private(&folder, "OICI")
}

pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    // Closed to everyone else until the caller closes it: nobody holds it from before its access list is set.
    options.access_mode(GENERIC_WRITE | READ_CONTROL | WRITE_DAC).share_mode(0);
    let file = options.open(path)?;
    keep_private(&file, "")?;
    Ok(file)
}

pub(crate) fn replace(from: &Path, to: &Path) -> io::Result<()> {
    for _ in 1..TRIES {
        match std::fs::rename(from, to) {
            Err(error) if is(&error, &[ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION]) => std::thread::sleep(BETWEEN_TRIES),
            other => return other,
        }
    }
    std::fs::rename(from, to)
}

pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    let opened = File::options().access_mode(FILE_ADD_FILE).custom_flags(FILE_FLAG_BACKUP_SEMANTICS).open(folder);
    match opened.and_then(|folder| folder.sync_all()) {
        Err(error) if is(&error, &[ERROR_ACCESS_DENIED, ERROR_INVALID_FUNCTION, ERROR_INVALID_PARAMETER, ERROR_NOT_SUPPORTED]) => Ok(()),
        other => other,
    }
}

pub(crate) fn canonical(path: &Path) -> io::Result<PathBuf> {
    path.canonicalize().map(plain)
}

/// `\\?\C:\OQS` as `C:\OQS` and `\\?\UNC\server\share` as `\\server\share`, where that is short enough for every program.
fn plain(path: PathBuf) -> PathBuf {
    let Some(Component::Prefix(prefix)) = path.components().next() else { return path };
    let front = match prefix.kind() {
        Prefix::VerbatimDisk(letter) => format!("{}:", char::from(letter)),
        Prefix::VerbatimUNC(server, share) => format!(r"\\{}\{}", server.to_string_lossy(), share.to_string_lossy()),
        _ => return path,
    };
    let mut plain = PathBuf::from(front);
    plain.extend(path.components().skip(1));
    if plain.as_os_str().encode_wide().count() < LONGEST { plain } else { path }
}

pub(crate) fn held_is_denied(error: io::Error) -> io::Error {
    if is(&error, &[ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION]) { io::Error::new(ErrorKind::PermissionDenied, error) } else { error }
}

pub(crate) fn free_bytes(folder: &Path) -> io::Result<u64> {
    let wide: Vec<u16> = folder.as_os_str().encode_wide().chain([0]).collect();
    let mut free = 0;
    let (total, all) = (std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: the path ends with a nought, `free` lives through the call, and Windows leaves out what it is given no place for.
    let done = unsafe { GetDiskFreeSpaceExW(wide.as_ptr(), &raw mut free, total, all) };
    if done == 0 { Err(io::Error::last_os_error()) } else { Ok(free) }
}

fn is(error: &io::Error, codes: &[u32]) -> bool {
    error.raw_os_error().and_then(|code| u32::try_from(code).ok()).is_some_and(|code| codes.contains(&code))
}

/// Leaves full access to this process' user, the system and the administrators, and to nobody else whatever the folder around says.
fn keep_private(file: &File, inherited_by: &str) -> io::Result<()> {
    let mine = my_sid()?;
    let entries: String = [mine.as_str(), "SY", "BA"].iter().map(|who| format!("(A;{inherited_by};FA;;;{who})")).collect();
    let list = wide(&format!("D:P{entries}"));
    let mut descriptor = std::ptr::null_mut();
    // SAFETY: the text ends with a zero, the place for the answer is ours, and its size may be left out.
    let read = unsafe {
        ConvertStringSecurityDescriptorToSecurityDescriptorW(list.as_ptr(), SDDL_REVISION_1, &raw mut descriptor, std::ptr::null_mut())
    };
    done(read)?;
    let descriptor = Local(descriptor);
    // SAFETY: the handle is open for WRITE_DAC as long as `file` lives, and the descriptor is whole until `Local` frees it.
    let set = unsafe { SetKernelObjectSecurity(file.as_raw_handle(), DACL_SECURITY_INFORMATION, descriptor.0) };
    done(set)
}

/// Who this process is, as access lists write it.
fn my_sid() -> io::Result<String> {
    // SAFETY: takes nothing; the handle it gives needs no closing.
    let process = unsafe { GetCurrentProcess() };
    let mut token = std::ptr::null_mut();
    // SAFETY: the process' own handle is always good, and the place for the answer is ours.
    done(unsafe { OpenProcessToken(process, TOKEN_QUERY, &raw mut token) })?;
    // SAFETY: the call before has just opened it for us, and nobody else closes it.
    let token = unsafe { OwnedHandle::from_raw_handle(token) };
    // A TOKEN_USER and the longest SID behind it are 84 bytes; u64 because the structure begins with a pointer.
    let mut answer = [0_u64; 32];
    let (size, mut filled) = (u32::try_from(size_of_val(&answer)).map_err(io::Error::other)?, 0);
    // SAFETY: the buffer is ours, as long as `size` says, and aligned for the structure.
    done(unsafe { GetTokenInformation(token.as_raw_handle(), TokenUser, answer.as_mut_ptr().cast(), size, &raw mut filled) })?;
    // SAFETY: the call before has put a TOKEN_USER at the beginning of the buffer.
    let user = unsafe { answer.as_ptr().cast::<TOKEN_USER>().read() };
    sid_text(user.User.Sid)
}

/// A SID as text, such as `S-1-5-18`; the pointer must come from a system call whose buffer still stands.
fn sid_text(sid: PSID) -> io::Result<String> {
    let mut text: *mut u16 = std::ptr::null_mut();
    // SAFETY: the SID is good by this function's contract, and the place for the answer is ours.
    done(unsafe { ConvertSidToStringSidW(sid, &raw mut text) })?;
    let _freed_at_the_end = Local(text.cast());
    let mut letters = Vec::new();
    loop {
        // SAFETY: the text ends with a zero, at which the loop ends; nothing behind it is read.
        match unsafe { text.wrapping_add(letters.len()).read() } {
            0 => return String::from_utf16(&letters).map_err(io::Error::other),
            letter => letters.push(letter),
        }
    }
}

fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

fn done(answer: i32) -> io::Result<()> {
    if answer == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Memory that Windows made for us.
struct Local(*mut c_void);

impl Drop for Local {
    fn drop(&mut self) {
        // SAFETY: the calls that fill a `Local` say that LocalFree frees it, and it is freed here only.
        unsafe { LocalFree(self.0) };
    }
}

#[cfg(test)]
mod tests {
    use windows_sys::Win32::Security::Authorization::ConvertSecurityDescriptorToStringSecurityDescriptorW;
    use windows_sys::Win32::Security::GetKernelObjectSecurity;

    use super::*;

    /// The access list of a file or folder, in Windows' own writing.
    fn access(path: &Path) -> String {
        let opened = File::options().access_mode(READ_CONTROL).custom_flags(FILE_FLAG_BACKUP_SEMANTICS).open(path).unwrap();
        let (mut buffer, mut needed) = ([0_u64; 512], 0);
        let size = u32::try_from(size_of_val(&buffer)).unwrap();
        // SAFETY: the handle may read the descriptor, and the buffer is as long as `size` says.
        done(unsafe {
            GetKernelObjectSecurity(opened.as_raw_handle(), DACL_SECURITY_INFORMATION, buffer.as_mut_ptr().cast(), size, &raw mut needed)
        })
        .unwrap();
        let mut text: *mut u16 = std::ptr::null_mut();
        let descriptor = buffer.as_mut_ptr().cast();
        // SAFETY: the call before has filled the buffer with a descriptor, and the place for the answer is ours.
        done(unsafe {
            ConvertSecurityDescriptorToStringSecurityDescriptorW(
                descriptor,
                SDDL_REVISION_1,
                DACL_SECURITY_INFORMATION,
                &raw mut text,
                std::ptr::null_mut(),
            )
        })
        .unwrap();
        let _freed_at_the_end = Local(text.cast());
        let mut letters = Vec::new();
        loop {
            // SAFETY: the text ends with a zero, at which the loop ends.
            match unsafe { text.wrapping_add(letters.len()).read() } {
                0 => return String::from_utf16(&letters).unwrap(),
                letter => letters.push(letter),
            }
        }
    }

    /// Whether everyone (WD), all users of the machine (BU), or all who have logged in (AU) may do something with it.
    fn is_open_to_others(path: &Path) -> bool {
        let list = access(path);
        ["WD", "BU", "AU", "S-1-1-0", "S-1-5-32-545", "S-1-5-11"].iter().any(|who| list.contains(&format!(";;;{who})")))
    }

    #[test]
    fn nobody_else_may_enter_or_read() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("鍵");
        std::fs::create_dir(root.path().join("plain")).unwrap();
        make_private_folder(&folder).unwrap();
        create_private(&folder.join("key")).unwrap();
        create_private(&root.path().join("plain").join("key")).unwrap();
        for path in [folder.clone(), folder.join("key"), root.path().join("plain").join("key")] {
            assert!(!is_open_to_others(&path), "{}: {}", path.display(), access(&path));
            assert!(access(&path).contains(&my_sid().unwrap()), "{}: {}", path.display(), access(&path));
        }
        assert_eq!(std::fs::read(folder.join("key")).unwrap(), b"", "its owner reads it");
    }

    #[test]
    fn paths_are_shown_as_people_write_them() {
        assert_eq!(plain(PathBuf::from(r"\\?\C:\OQS\req")), Path::new(r"C:\OQS\req"));
        assert_eq!(plain(PathBuf::from(r"\\?\UNC\server\共有\req")), Path::new(r"\\server\共有\req"));
        let long = format!(r"\\?\C:\{}", "深".repeat(LONGEST));
        assert_eq!(plain(PathBuf::from(&long)).as_os_str(), long.as_str());
        let root = tempfile::tempdir().unwrap();
        assert!(!canonical(root.path()).unwrap().to_string_lossy().starts_with(r"\\?"));
    }

    #[test]
    fn a_file_that_someone_holds_is_denied() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("held");
        std::fs::write(&path, b"").unwrap();
        let _holder = File::options().read(true).share_mode(0).open(&path).unwrap();
        let said = std::fs::rename(&path, root.path().join("moved")).map_err(held_is_denied).unwrap_err();
        assert_eq!(said.kind(), ErrorKind::PermissionDenied, "{said}");
        assert_eq!(held_is_denied(io::Error::from(ErrorKind::NotFound)).kind(), ErrorKind::NotFound);
    }

    #[test]
    fn a_file_held_for_a_moment_is_replaced_when_it_is_let_go() {
        let root = tempfile::tempdir().unwrap();
        let (new, old) = (root.path().join("new"), root.path().join("old"));
        std::fs::write(&new, b"new").unwrap();
        std::fs::write(&old, b"old").unwrap();
        let scanner = File::options().read(true).share_mode(0).open(&old).unwrap();
        let letting_go = std::thread::spawn(move || {
            std::thread::sleep(BETWEEN_TRIES * 3);
            drop(scanner);
        });
        replace(&new, &old).unwrap();
        letting_go.join().unwrap();
        assert_eq!(std::fs::read(&old).unwrap(), b"new");
    }

    #[test]
    fn a_file_held_for_long_is_left_as_it_is() {
        let root = tempfile::tempdir().unwrap();
        let (new, old) = (root.path().join("new"), root.path().join("old"));
        std::fs::write(&new, b"new").unwrap();
        std::fs::write(&old, b"old").unwrap();
        let holder = File::options().read(true).share_mode(0).open(&old).unwrap();
        assert!(is(&replace(&new, &old).unwrap_err(), &[ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION]));
        drop(holder);
        assert_eq!(std::fs::read(&old).unwrap(), b"old");
    }
}
