//! Keeps one taken request on disk until its result lies in the result folder, so that a power cut neither loses nor doubles it.
//!
//! A tray is a folder of the work folder, named by its drop id:
//! `in/<request>` while the question is open, then `out/<files to deliver>`; renaming `in` to `sent` is the one moment from which
//! the question is never asked again. `claim/<request>` marks a request that is being carried over from another disk.
//!
//! Every step may be called again after an error, and says `Ok` only when all of it is on disk.

mod across;

use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use super::disk::{self, State, gone_is_fine};
use super::folders::Folders;
use super::rules;

/// A file that is written to all the time is not waited for any longer.
const SECURED_AT_LAST: usize = 50;

/// One request that was taken from `req`.
#[derive(Clone, Debug)]
pub(crate) struct Tray {
    /// The drop id: 32 hexadecimal digits, the same after every restart.
    pub(crate) id: String,
    /// The request's file name, exactly as it was dropped. Empty if something else took the request out of a tray that has its result.
    pub(crate) name: OsString,
    folder: PathBuf,
    marks: Arc<Mutex<Marks>>,
}

/// What is known of a tray beside what its folder says.
#[derive(Debug, Default)]
struct Marks {
    /// The state in which the request had rested in `req`, if it had to.
    rested: Option<State>,
    /// The state in which a claimed request rests that is not whole, and since when.
    resting: Option<(State, Instant)>,
    /// The request's content may be in memory only although the system calls it written: a failed attempt to force it to disk does that.
    suspect: bool,
    /// An earlier run took it.
    left_behind: bool,
    /// What was carried into `res` on another disk.
    carried: Vec<OsString>,
}

/// A request that is on disk for sure.
pub(crate) struct Secured {
    /// Its bytes, as many as were asked for.
    pub(crate) bytes: Vec<u8>,
    /// It is as it was when it had rested in `req`.
    pub(crate) rested: bool,
    /// When it was written, if an earlier run took it.
    pub(crate) left_since: Option<SystemTime>,
}

/// Where a tray stood when the bridge was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The question may have been asked; nothing was delivered.
    Taken,
    /// The result is complete; some of it may already be delivered.
    Sent,
}

/// What became of the attempt to take a request.
pub(crate) enum Taking {
    /// It is ours.
    Taken(Tray),
    /// Someone else was faster, or its writer took it back.
    Gone,
    /// The disk failed in between. The tray knows later: [`Tray::stage`].
    Unsure(Tray, io::Error),
}

impl Tray {
    fn new(folders: &Folders, id: String, name: OsString) -> Self {
        Self { folder: folders.work.join(&id), id, name, marks: Arc::default() }
    }

    fn marks(&self) -> MutexGuard<'_, Marks> {
        // Each mark is one assignment: none is ever half made.
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes `name` out of `req`. `rested` is the state in which it had rested there.
    pub(crate) fn take(folders: &Folders, name: &OsStr, rested: Option<State>, now: Instant) -> io::Result<Taking> {
        let drawn = chassis::random::bytes::<16>().map_err(io::Error::other)?;
        let tray = Self::new(folders, data_encoding::HEXLOWER.encode(&drawn), name.to_owned());
        tray.marks().rested = rested;
        let failed = match tray.move_in(folders, now) {
            Ok(()) => return Ok(Taking::Taken(tray)),
            Err(failed) => failed,
        };
        // An error does not mean that nothing was done: shares lose replies.
        let mut left = tray.clone();
        match left.stage(folders, now) {
            Ok(Some(_)) => Ok(Taking::Taken(tray)),
            Ok(None) if tray.close(folders).is_ok() => {
                if failed.kind() == ErrorKind::NotFound {
                    Ok(Taking::Gone)
                } else {
                    Err(failed)
                }
            }
            Ok(None) | Err(_) => Ok(Taking::Unsure(left, failed)),
        }
    }

    fn move_in(&self, folders: &Folders, now: Instant) -> io::Result<()> {
        folders.disk.make_folder(&self.folder)?;
        folders.disk.make_folder(&self.folder.join("in"))?;
        match folders.disk.rename(&folders.req.join(&self.name), &self.request()) {
            Err(error) if error.kind() == ErrorKind::CrossesDevices => self.claim(folders, now),
            other => other,
        }
    }

    /// Every tray an earlier run left behind; what it holds is for [`Tray::stage`] to say.
    pub(crate) fn left_behind(folders: &Folders) -> io::Result<Vec<Self>> {
        let is_ours = |id: &String| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let ids = folders.disk.list(&folders.work)?.into_iter().filter_map(|name| name.into_string().ok()).filter(is_ours);
        Ok(ids.map(|id| Self::new(folders, id, OsString::new())).collect())
    }

    /// Where the tray stands, after carrying over what was claimed. `None`: it holds nothing and may be closed.
    pub(crate) fn stage(&mut self, folders: &Folders, now: Instant) -> io::Result<Option<Stage>> {
        if let Some(name) = self.only_file(folders, "claim")? {
            self.name = name;
            if disk::exists(&*folders.disk, &self.request())? {
                // Complete here; what is left in req is the claimed original.
                folders.disk.sync_entry(&self.request())?;
                self.remove_claimed(folders)?;
            } else if disk::exists(&*folders.disk, &self.claimed(folders))? {
                self.carry_over(folders, now)?;
            }
            gone_is_fine(folders.disk.remove_all(&self.folder.join("claim")))?;
        }
        if let Some(name) = self.only_file(folders, "in")? {
            self.name = name;
            // How far an earlier attempt came with forcing it to disk is not known.
            let mut marks = self.marks();
            (marks.suspect, marks.left_behind) = (true, true);
            drop(marks);
            return Ok(Some(Stage::Taken));
        }
        let request = self.only_file(folders, "sent")?;
        let undelivered = self.is_sealed(folders)? && self.only_file(folders, "out")?.is_some();
        let sent = request.is_some() || undelivered;
        if let Some(name) = request {
            self.name = name;
        }
        if !sent {
            return Ok(None);
        }
        // Delivered before this is on disk, it would be asked and delivered once more after a power cut.
        folders.disk.sync_entry(&self.folder.join("sent"))?;
        Ok(Some(Stage::Sent))
    }

    fn only_file(&self, folders: &Folders, part: &str) -> io::Result<Option<OsString>> {
        match folders.disk.list(&self.folder.join(part)) {
            Ok(names) => Ok(names.into_iter().next()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn request(&self) -> PathBuf {
        self.folder.join("in").join(&self.name)
    }

    fn part(&self) -> PathBuf {
        self.folder.join("part")
    }

    /// Forces the taken request and its place to disk, until which no question may leave, and gives what is there for sure, at most `limit`
    /// bytes. `None` if something else, for example a virus scanner, took the request out of the tray.
    pub(crate) fn read_secured(&self, folders: &Folders, limit: u64) -> io::Result<Option<Secured>> {
        let mut tries = 0;
        let secured = loop {
            let Some((bytes, state)) = self.read(folders, limit)? else { return Ok(None) };
            self.secure_content(folders, &bytes)?;
            tries += 1;
            // What a writer adds in between was read or forced, but not both.
            if tries == SECURED_AT_LAST || folders.disk.state(&self.request()).is_ok_and(|now| now == state) {
                let marks = self.marks();
                let left_since = state.filter(|_| marks.left_behind).map(|state| state.modified);
                break Secured { bytes, rested: state.is_some() && state == marks.rested, left_since };
            }
        };
        folders.disk.sync_entry(&self.request())?;
        folders.disk.sync_entry(&self.folder.join("in"))?;
        folders.disk.sync_entry(&self.folder)?;
        folders.disk.sync_entry(&folders.req.join(&self.name))?;
        Ok(Some(secured))
    }

    fn secure_content(&self, folders: &Folders, bytes: &[u8]) -> io::Result<()> {
        let request = self.request();
        if !self.marks().suspect {
            match folders.disk.sync(&request) {
                // A file that may not be opened for writing cannot be forced out on Windows; it is asked all the same.
                Err(error) if !matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::NotFound) => self.marks().suspect = true,
                _ => return Ok(()),
            }
        }
        // What is not whole is not asked, and its writer may still be at it.
        if !rules::is_whole(rules::interest(&self.name), bytes) {
            return Ok(());
        }
        // Forcing again would say "done" without doing anything, so the content is written anew.
        match folders.disk.copy(&request, &self.part()).and_then(|()| folders.disk.rename(&self.part(), &request)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => {
                self.marks().suspect = false;
                Ok(())
            }
        }
    }

    fn read(&self, folders: &Folders, limit: u64) -> io::Result<Option<(Vec<u8>, Option<State>)>> {
        let read = folders.disk.state(&self.request()).and_then(|state| Ok((folders.disk.read(&self.request(), limit)?, state)));
        match read {
            Ok(read) => Ok(Some(read)),
            Err(error) if self.was_robbed(folders, &error)? => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether the request is gone and its folder is not: a disk that is away as a whole comes back.
    fn was_robbed(&self, folders: &Folders, error: &io::Error) -> io::Result<bool> {
        Ok(error.kind() == ErrorKind::NotFound && disk::exists(&*folders.disk, &self.folder.join("in"))?)
    }

    /// Lays the finished result out for delivery and closes the question; a question already closed keeps its first result.
    pub(crate) fn lay_answer(&self, folders: &Folders, name: &str, content: &[u8]) -> io::Result<()> {
        self.close_with(folders, || self.lay(folders, OsStr::new(name), content))
    }

    /// Lays the `.err` text and the request's own bytes out for delivery and closes the question.
    pub(crate) fn lay_refusal(&self, folders: &Folders, text: &[u8]) -> io::Result<()> {
        self.close_with(folders, || {
            self.lay(folders, &err_name(&self.name), text)?;
            match folders.disk.copy(&self.request(), &self.part()) {
                Ok(()) => folders.disk.rename(&self.part(), &self.folder.join("out").join(&self.name)),
                Err(error) if self.was_robbed(folders, &error)? => Ok(()),
                Err(error) => Err(error),
            }
        })
    }

    fn close_with(&self, folders: &Folders, lay: impl Fn() -> io::Result<()>) -> io::Result<()> {
        let (sent, out) = (self.folder.join("sent"), self.folder.join("out"));
        if !self.is_sealed(folders)? {
            gone_is_fine(folders.disk.remove_all(&out))?;
            folders.disk.make_folder(&out)?;
            lay()?;
            folders.disk.sync_entry(&out.join(&self.name))?;
            folders.disk.rename(&self.folder.join("in"), &sent)?;
        }
        // Also when it was renamed in an attempt that failed after it.
        folders.disk.sync_entry(&sent)
    }

    fn is_sealed(&self, folders: &Folders) -> io::Result<bool> {
        disk::exists(&*folders.disk, &self.folder.join("sent"))
    }

    fn lay(&self, folders: &Folders, name: &OsStr, content: &[u8]) -> io::Result<()> {
        folders.disk.write(&self.part(), content)?;
        folders.disk.rename(&self.part(), &self.folder.join("out").join(name))
    }

    /// Moves what lies in `out` into `res`, an `.err` before the request's copy.
    pub(crate) fn deliver(&self, folders: &Folders) -> io::Result<()> {
        let out = self.folder.join("out");
        let mut names = match folders.disk.list(&out) {
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            other => other?,
        };
        names.sort_by_key(|name| Path::new(name).extension() != Some(OsStr::new("err")));
        for name in &names {
            let (from, to) = (out.join(name), folders.res.join(name));
            match folders.disk.rename(&from, &to) {
                Err(error) if error.kind() == ErrorKind::CrossesDevices => self.carry_out(folders, name)?,
                other => other?,
            }
        }
        folders.disk.sync_entry(&folders.res.join(&self.id))
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
        for name in names.iter().filter(|name| !name.is_empty()) {
            // A reader that holds or removes the file has seen it: nothing more to announce.
            let _reader_was_faster = folders.disk.touch(&folders.res.join(name), at);
        }
    }

    /// Clears the tray away.
    pub(crate) fn close(&self, folders: &Folders) -> io::Result<()> {
        gone_is_fine(folders.disk.remove_all(&self.folder))
    }
}

/// `<stem>.err` of a request's name.
fn err_name(name: &OsStr) -> OsString {
    Path::new(name).with_extension("err").into_os_string()
}

#[cfg(test)]
#[path = "tray_tests.rs"]
mod tests;
