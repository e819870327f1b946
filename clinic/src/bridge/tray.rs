//! Keeps one taken request on disk until its result lies in the result folder, so that a power cut neither loses nor doubles it.
//!
//! A tray is a folder of the work folder, named by its drop id:
//! `in/<request>` while the question is open, then `out/<files to deliver>`; renaming `in` to `sent` is the one moment from which
//! the question is never asked again. `claim/<request>` marks a request that is being carried over from another disk.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use chassis::files::sync_folder_of;

use super::folders::Folders;

/// One request that was taken from `req`.
#[derive(Clone, Debug)]
pub(crate) struct Tray {
    /// The drop id: 32 hexadecimal digits, the same after every restart.
    pub(crate) id: String,
    /// The request's file name, exactly as it was dropped.
    pub(crate) name: OsString,
    folder: PathBuf,
}

/// Where a tray stood when the bridge was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The question may have been asked; nothing was delivered.
    Taken,
    /// The result is complete; some of it may already be delivered.
    Sent,
}

impl Tray {
    /// Takes `name` out of `req`. `None`: someone else was faster, or its writer took it back.
    pub(crate) fn take(folders: &Folders, name: &OsStr) -> io::Result<Option<Self>> {
        let drawn = chassis::random::bytes::<16>().map_err(io::Error::other)?;
        let id = data_encoding::HEXLOWER.encode(&drawn);
        let tray = Self { folder: folders.work.join(&id), id, name: name.to_owned() };
        std::fs::create_dir(&tray.folder)?;
        std::fs::create_dir(tray.folder.join("in"))?;
        let taken = match std::fs::rename(folders.req.join(name), tray.request()) {
            Err(error) if error.kind() == ErrorKind::CrossesDevices => tray.claim(folders),
            other => other,
        };
        match taken {
            Ok(()) => Ok(Some(tray)),
            Err(error) => {
                tray.give_back(folders)?;
                if error.kind() == ErrorKind::NotFound { Ok(None) } else { Err(error) }
            }
        }
    }

    /// Undoes a taking that did not succeed. What cannot be given back stays in the tray for the next start.
    fn give_back(&self, folders: &Folders) -> io::Result<()> {
        let original = folders.req.join(&self.name);
        if self.claimed(folders).exists() {
            if original.exists() {
                return Ok(());
            }
            std::fs::rename(self.claimed(folders), original)?;
        }
        self.close()
    }

    /// Every tray an earlier run left behind, with its stage. Trays that hold nothing are cleared away.
    pub(crate) fn left_behind(folders: &Folders) -> io::Result<Vec<(Self, Stage)>> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&folders.work)? {
            let entry = entry?;
            let id = entry.file_name().to_string_lossy().into_owned();
            if id.len() != 32 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                continue;
            }
            let mut tray = Self { id, name: OsString::new(), folder: entry.path() };
            match tray.stage(folders)? {
                Some(stage) => found.push((tray, stage)),
                None => tray.close()?,
            }
        }
        Ok(found)
    }

    fn stage(&mut self, folders: &Folders) -> io::Result<Option<Stage>> {
        if let Some(name) = only_file(&self.folder.join("claim"))? {
            self.name = name;
            if self.request().exists() {
                // Complete here; what is left in req is the claimed original.
                gone_is_fine(std::fs::remove_file(self.claimed(folders)))?;
            } else if self.claimed(folders).exists() {
                std::fs::create_dir_all(self.folder.join("in"))?;
                self.carry_over(folders)?;
            }
            std::fs::remove_dir_all(self.folder.join("claim"))?;
        }
        for (part, stage) in [("in", Stage::Taken), ("sent", Stage::Sent)] {
            if let Some(name) = only_file(&self.folder.join(part))? {
                self.name = name;
                return Ok(Some(stage));
            }
        }
        Ok(None)
    }

    /// Across disks a rename takes nothing, so the request is first renamed inside `req`: that rename decides between two bridges.
    fn claim(&self, folders: &Folders) -> io::Result<()> {
        let note = self.folder.join("claim").join(&self.name);
        std::fs::create_dir(self.folder.join("claim"))?;
        File::create(&note)?.sync_all()?;
        sync_folder_of(&note)?;
        std::fs::rename(folders.req.join(&self.name), self.claimed(folders))?;
        self.carry_over(folders)?;
        std::fs::remove_dir_all(self.folder.join("claim"))
    }

    fn carry_over(&self, folders: &Folders) -> io::Result<()> {
        self.copy_aside(&self.claimed(folders))?;
        std::fs::rename(self.part(), self.request())?;
        sync_folder_of(&self.request())?;
        std::fs::remove_file(self.claimed(folders))
    }

    /// A name no bridge takes for a request.
    fn claimed(&self, folders: &Folders) -> PathBuf {
        folders.req.join(format!("onshi-{}.tmp", self.id))
    }

    fn request(&self) -> PathBuf {
        self.folder.join("in").join(&self.name)
    }

    fn part(&self) -> PathBuf {
        self.folder.join("part")
    }

    /// Forces the taken request and its place to disk; until then no question may leave.
    pub(crate) fn secure(&self, folders: &Folders) -> io::Result<()> {
        // Windows flushes only handles that may write; a read-only file is asked all the same.
        match File::options().read(true).write(cfg!(windows)).open(self.request()) {
            Ok(file) => file.sync_all()?,
            Err(error) if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::NotFound) => {}
            Err(error) => return Err(error),
        }
        sync_folder_of(&self.request())?;
        sync_folder_of(&self.folder.join("in"))?;
        sync_folder_of(&self.folder)?;
        sync_folder_of(&folders.req.join(&self.name))
    }

    /// The request's bytes, at most `limit` of them; `None` if something else, for example a virus scanner, took it out of the tray.
    pub(crate) fn read(&self, limit: u64) -> io::Result<Option<Vec<u8>>> {
        let file = match File::open(self.request()) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut bytes = Vec::new();
        file.take(limit).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    /// Lays the finished result out for delivery and closes the question; a question already closed keeps its first result.
    pub(crate) fn lay_answer(&self, name: &str, content: &[u8]) -> io::Result<()> {
        if self.is_sealed() {
            return Ok(());
        }
        self.fresh_out()?;
        self.lay(OsStr::new(name), content)?;
        self.seal()
    }

    /// Lays the `.err` text and the request's own bytes out for delivery and closes the question.
    pub(crate) fn lay_refusal(&self, text: &[u8]) -> io::Result<()> {
        if self.is_sealed() {
            return Ok(());
        }
        self.fresh_out()?;
        self.lay(&err_name(&self.name), text)?;
        self.copy_aside(&self.request())?;
        std::fs::rename(self.part(), self.folder.join("out").join(&self.name))?;
        self.seal()
    }

    fn is_sealed(&self) -> bool {
        self.folder.join("sent").exists()
    }

    fn fresh_out(&self) -> io::Result<()> {
        let out = self.folder.join("out");
        gone_is_fine(std::fs::remove_dir_all(&out))?;
        std::fs::create_dir(out)
    }

    fn lay(&self, name: &OsStr, content: &[u8]) -> io::Result<()> {
        let mut file = File::create(self.part())?;
        file.write_all(content)?;
        file.sync_all()?;
        drop(file);
        std::fs::rename(self.part(), self.folder.join("out").join(name))
    }

    fn copy_aside(&self, source: &Path) -> io::Result<()> {
        let mut file = File::create(self.part())?;
        io::copy(&mut File::open(source)?, &mut file)?;
        file.sync_all()
    }

    fn seal(&self) -> io::Result<()> {
        sync_folder_of(&self.folder.join("out").join(&self.name))?;
        std::fs::rename(self.folder.join("in"), self.folder.join("sent"))?;
        sync_folder_of(&self.folder.join("sent"))
    }

    /// Moves what lies in `out` into `res`, an `.err` before the request's copy. May be called again after an error.
    pub(crate) fn deliver(&self, folders: &Folders) -> io::Result<()> {
        let mut names = match std::fs::read_dir(self.folder.join("out")) {
            Ok(entries) => entries.map(|entry| entry.map(|entry| entry.file_name())).collect::<io::Result<Vec<_>>>()?,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        names.sort_by_key(|name| Path::new(name).extension() != Some(OsStr::new("err")));
        for name in &names {
            let (from, to) = (self.folder.join("out").join(name), folders.res.join(name));
            match std::fs::rename(&from, &to) {
                Err(error) if error.kind() == ErrorKind::CrossesDevices => {
                    write_across(&from, &to)?;
                    std::fs::remove_file(&from)?;
                }
                other => other?,
            }
            sync_folder_of(&to)?;
        }
        Ok(())
    }

    /// Everything a delivery of this tray may have put into `res`, where it is no longer known what it was.
    pub(crate) fn possible_names(&self, answer: Option<String>) -> Vec<OsString> {
        let mut names = self.refusal_names();
        names.extend(answer.map(OsString::from));
        names
    }

    /// What a refusal puts into `res`.
    pub(crate) fn refusal_names(&self) -> Vec<OsString> {
        vec![err_name(&self.name), self.name.clone()]
    }

    /// Renews the last-write time of delivered files: some readers notice changes only. Files already fetched are left alone.
    pub(crate) fn touch(folders: &Folders, names: &[OsString], at: SystemTime) {
        for name in names {
            if let Ok(file) = File::options().write(true).open(folders.res.join(name)) {
                // A reader that holds or removes the file has seen it: nothing more to announce.
                let _reader_was_faster = file.set_modified(at);
            }
        }
    }

    /// Clears the tray away.
    pub(crate) fn close(&self) -> io::Result<()> {
        gone_is_fine(std::fs::remove_dir_all(&self.folder))
    }
}

/// `<stem>.err` of a request's name.
fn err_name(name: &OsStr) -> OsString {
    Path::new(name).with_extension("err").into_os_string()
}

fn only_file(folder: &Path) -> io::Result<Option<OsString>> {
    match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().transpose().map(|entry| entry.map(|entry| entry.file_name())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn gone_is_fine(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Where a move is impossible: the final name is created exclusively, written once and closed.
/// A file already there is an older result of that name, or what a power cut left of this one: unless it is equal, it goes first.
fn write_across(from: &Path, to: &Path) -> io::Result<()> {
    let content = std::fs::read(from)?;
    if std::fs::read(to).is_ok_and(|there| there == content) {
        return Ok(());
    }
    gone_is_fine(std::fs::remove_file(to))?;
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(windows)]
    std::os::windows::fs::OpenOptionsExt::share_mode(&mut options, 0);
    let mut file = options.open(to)?;
    file.write_all(&content)?;
    file.sync_all()
}

#[cfg(test)]
#[path = "tray_tests.rs"]
mod tests;
