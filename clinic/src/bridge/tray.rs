//! Keeps one taken request on disk until its result lies in the result folder, so that a power cut neither loses nor doubles it.
//!
//! A tray is a few files of the work folder, named by drop id, part, and name: `<id>.open.<request>` while the question is open, then
//! `<id>.out.<file to deliver>`; renaming `open` to `sent` is the one moment from which the question is never asked again. Nothing is made and
//! removed but the files themselves, so that thousands at once are cheap.
//! A request with a very long name, or from another disk, gets a folder: `<id>/in/<request>`, `<id>/out/…`, `<id>/sent/…`, and
//! `<id>/claim/<request>`, which marks that it is being carried over. Earlier versions gave every request one.
//!
//! Every step may be called again after an error. What it says is done is on disk when the work folder and the one moved from or to are
//! forced there too.

mod across;
mod places;
mod result;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use self::places::{Part, Places};
use super::folders::Folders;
use super::rules;
use crate::disk::{self, State, gone_is_fine};

/// A file that is written to all the time is not waited for any longer.
const SECURED_AT_LAST: usize = 50;

/// One request that was taken from `req`.
#[derive(Clone, Debug)]
pub(crate) struct Tray {
    /// The drop id: 32 hexadecimal digits, the same after every restart.
    pub(crate) id: String,
    /// The request's file name, exactly as it was dropped. Empty if something else took the request out of a tray that has its result.
    pub(crate) name: OsString,
    places: Places,
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
    /// What is laid out for delivery, as far as no folder says it.
    out: Vec<OsString>,
    /// More than the closed request may be left of it.
    untidy: bool,
}

/// A request whose content is on disk for sure.
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
    fn new(folders: &Folders, id: String, name: OsString, boxed: bool) -> Self {
        Self { places: Places::new(&folders.work, &id, boxed), id, name, marks: Arc::default() }
    }

    fn marks(&self) -> MutexGuard<'_, Marks> {
        // Each mark is one assignment: none is ever half made.
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes `name` out of `req`. `rested` is the state in which it had rested there.
    pub(crate) fn take(folders: &Folders, name: &OsStr, rested: Option<State>, now: Instant) -> io::Result<Taking> {
        let drawn = chassis::random::bytes::<16>().map_err(io::Error::other)?;
        let mut tray = Self::new(folders, data_encoding::HEXLOWER.encode(&drawn), name.to_owned(), places::needs_a_folder(name));
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

    fn move_in(&mut self, folders: &Folders, now: Instant) -> io::Result<()> {
        let dropped = folders.req.join(&self.name);
        if !self.places.boxed {
            match folders.disk.rename(&dropped, &self.request()) {
                // Nothing was done: another disk, or one that takes shorter names only.
                Err(error) if matches!(error.kind(), ErrorKind::CrossesDevices | ErrorKind::InvalidFilename) => self.places.boxed = true,
                other => return other,
            }
        }
        folders.disk.make_folder(self.places.folder())?;
        folders.disk.make_folder(&self.places.folder_of(Part::Open))?;
        match folders.disk.rename(&dropped, &self.request()) {
            Err(error) if error.kind() == ErrorKind::CrossesDevices => self.claim(folders, now),
            other => other,
        }
    }

    /// Every tray an earlier run left behind; what it holds is for [`Tray::stage`] to say.
    pub(crate) fn left_behind(folders: &Folders) -> io::Result<Vec<Self>> {
        let mut trays = BTreeMap::new();
        for sign in folders.disk.list(&folders.work)?.iter().filter_map(|name| places::read(name)) {
            let tray = trays.entry(sign.id).or_insert_with_key(|id| Self::new(folders, id.clone(), OsString::new(), sign.boxed));
            tray.marks().untidy = true;
            match sign.file {
                Some((Part::Out, name)) => tray.marks().out.push(name),
                Some((_, name)) => tray.name = name,
                None => {}
            }
        }
        Ok(trays.into_values().collect())
    }

    /// Where the tray stands, after carrying over what was claimed. `None`: it holds nothing and may be closed.
    /// What the work folder says of it must be on disk: delivered before that, it would be asked and delivered once more after a power cut.
    pub(crate) fn stage(&mut self, folders: &Folders, now: Instant) -> io::Result<Option<Stage>> {
        let stage = if self.places.boxed { self.stage_in_folder(folders, now) } else { self.stage_of_files(folders) }?;
        if stage == Some(Stage::Taken) {
            // How far an earlier attempt came with forcing it to disk is not known.
            let mut marks = self.marks();
            (marks.suspect, marks.left_behind) = (true, true);
        }
        Ok(stage)
    }

    fn stage_of_files(&self, folders: &Folders) -> io::Result<Option<Stage>> {
        let is_there = |part, name: &OsStr| disk::exists(&*folders.disk, &self.places.file(part, name));
        // First: what took a request away may bring it back when its question is closed.
        if is_there(Part::Sent, &self.name)? {
            return Ok(Some(Stage::Sent));
        }
        if is_there(Part::Open, &self.name)? {
            return Ok(Some(Stage::Taken));
        }
        // Something else took the request. What is laid out is whole.
        for name in self.laid_out(folders)? {
            if is_there(Part::Out, &name)? {
                return Ok(Some(Stage::Sent));
            }
        }
        Ok(None)
    }

    fn stage_in_folder(&mut self, folders: &Folders, now: Instant) -> io::Result<Option<Stage>> {
        if let Some(name) = self.only_file(folders, Part::Claim)? {
            self.name = name;
            if disk::exists(&*folders.disk, &self.request())? {
                // Complete here; what is left in req is the claimed original.
                folders.disk.sync_entry(&self.request())?;
                self.remove_claimed(folders)?;
            } else if disk::exists(&*folders.disk, &self.claimed(folders))? {
                self.carry_over(folders, now)?;
            }
            gone_is_fine(folders.disk.remove_all(&self.places.folder_of(Part::Claim)))?;
        }
        if let Some(name) = self.only_file(folders, Part::Open)? {
            self.name = name;
            return Ok(Some(Stage::Taken));
        }
        let request = self.only_file(folders, Part::Sent)?;
        let undelivered = self.is_sealed(folders)? && self.only_file(folders, Part::Out)?.is_some();
        let sent = request.is_some() || undelivered;
        if let Some(name) = request {
            self.name = name;
        }
        if !sent {
            return Ok(None);
        }
        folders.disk.sync_entry(&self.places.folder_of(Part::Sent))?;
        Ok(Some(Stage::Sent))
    }

    fn only_file(&self, folders: &Folders, part: Part) -> io::Result<Option<OsString>> {
        match folders.disk.list(&self.places.folder_of(part)) {
            Ok(names) => Ok(names.into_iter().next()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn request(&self) -> PathBuf {
        self.places.file(Part::Open, &self.name)
    }

    /// Forces the taken request to disk, until which no question may leave, and gives what is there for sure, at most `limit` bytes.
    /// `None` if something else, for example a virus scanner, took the request out of the tray.
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
        if self.places.boxed {
            folders.disk.sync_entry(&self.request())?;
            folders.disk.sync_entry(&self.places.folder_of(Part::Open))?;
        }
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
        match folders.disk.copy(&request, &self.places.unfinished()).and_then(|()| folders.disk.rename(&self.places.unfinished(), &request))
        {
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

    /// Whether the request is gone and what it lay in is not: a disk that is away as a whole comes back.
    fn was_robbed(&self, folders: &Folders, error: &io::Error) -> io::Result<bool> {
        Ok(error.kind() == ErrorKind::NotFound && !disk::exists(&*folders.disk, &self.request())? && self.is_within_reach(folders)?)
    }

    fn is_within_reach(&self, folders: &Folders) -> io::Result<bool> {
        let folder = self.places.folder_of(Part::Open);
        disk::exists(&*folders.disk, if self.places.boxed { &folder } else { &folders.proof })
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
        if self.places.boxed {
            return gone_is_fine(folders.disk.remove_all(self.places.folder()));
        }
        if self.marks().untidy {
            gone_is_fine(folders.disk.remove(&self.places.unfinished()))?;
            gone_is_fine(folders.disk.remove(&self.request()))?;
        }
        gone_is_fine(folders.disk.remove(&self.places.file(Part::Sent, &self.name)))
    }
}

/// `<stem>.err` of a request's name.
fn err_name(name: &OsStr) -> OsString {
    Path::new(name).with_extension("err").into_os_string()
}

#[cfg(test)]
#[path = "tray_tests.rs"]
mod tests;
