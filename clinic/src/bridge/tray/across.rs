//! Brings a request in from another disk and a result out to one, where nothing can be moved: each disk keeps only its own order.

use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::Tray;
use super::places::Part;
use crate::bridge::folders::Folders;
use crate::bridge::rules::{self, READ_LIMIT};
use crate::disk::{State, gone_is_fine};

impl Tray {
    /// Across disks a rename takes nothing, so the request is first renamed inside `req`: that rename decides between two bridges.
    /// The tray is on disk before: the two disks do not keep each other's order.
    pub(super) fn claim(&self, folders: &Folders, now: Instant) -> io::Result<()> {
        let claim = self.places.folder_of(Part::Claim);
        let note = self.places.file(Part::Claim, &self.name);
        folders.disk.make_folder(&claim)?;
        folders.disk.write(&note, b"")?;
        folders.disk.sync_entry(&note)?;
        folders.disk.sync_entry(&claim)?;
        folders.disk.sync_entry(self.places.folder())?;
        folders.disk.rename(&folders.req.join(&self.name), &self.claimed(folders))?;
        self.carry_over(folders, now)?;
        folders.disk.remove_all(&claim)
    }

    /// Neither disk knows what the other one keeps: each step is on disk before the next begins.
    pub(super) fn carry_over(&self, folders: &Folders, now: Instant) -> io::Result<()> {
        let claimed = self.claimed(folders);
        folders.disk.sync_entry(&claimed)?;
        let busy = || Err(io::Error::new(ErrorKind::ResourceBusy, "the request is still being written to"));
        let before = folders.disk.state(&claimed)?;
        if !self.may_be_copied(folders, before, now)? {
            return busy();
        }
        folders.disk.copy(&claimed, &self.places.unfinished())?;
        if folders.disk.state(&claimed)? != before {
            return busy();
        }
        folders.disk.rename(&self.places.unfinished(), &self.request())?;
        folders.disk.sync_entry(&self.request())?;
        self.remove_claimed(folders)
    }

    /// A second writer may have begun to write over the request at the moment in which it was claimed, and a copy would miss the rest:
    /// what is not whole must rest first.
    fn may_be_copied(&self, folders: &Folders, state: Option<State>, now: Instant) -> io::Result<bool> {
        let Some(bytes) = folders.disk.read_unless_held(&self.claimed(folders), READ_LIMIT)? else { return Ok(false) };
        let mut marks = self.marks();
        if rules::is_whole(rules::interest(&self.name), &bytes) || marks.rested == state {
            return Ok(true);
        }
        match (marks.resting, state) {
            (Some((rests, since)), Some(state)) if rests == state => Ok(now.saturating_duration_since(since) >= folders.settle),
            _ => {
                marks.resting = state.map(|state| (state, now));
                Ok(false)
            }
        }
    }

    pub(super) fn remove_claimed(&self, folders: &Folders) -> io::Result<()> {
        gone_is_fine(folders.disk.remove(&self.claimed(folders)))?;
        folders.disk.sync_entry(&self.claimed(folders))
    }

    /// A name no bridge takes for a request.
    pub(super) fn claimed(&self, folders: &Folders) -> PathBuf {
        folders.req.join(format!("onshi-{}.tmp", self.id))
    }

    /// Where a move is impossible: the final name is created exclusively, written once and closed.
    pub(super) fn carry_out(&self, folders: &Folders, name: &OsStr) -> io::Result<()> {
        let (from, to) = (self.places.file(Part::Out, name), folders.res.join(name));
        if !self.marks().carried.iter().any(|carried| carried == name) {
            write_across(folders, &from, &to)?;
            self.marks().carried.push(name.to_owned());
        }
        folders.disk.sync_entry(&to)?;
        folders.disk.remove(&from)
    }
}

/// A file already there is an older result of that name, or what a power cut left of this one: unless it is equal, it goes first.
/// What could be written only in part goes too: a reader takes every file it sees for whole.
pub(super) fn write_across(folders: &Folders, from: &Path, to: &Path) -> io::Result<()> {
    let content = folders.disk.read(from, u64::MAX)?;
    if folders.disk.read(to, u64::MAX).is_ok_and(|there| there == content) {
        // Whoever wrote it may have been stopped before it was on disk.
        return gone_is_fine(folders.disk.sync(to));
    }
    gone_is_fine(folders.disk.remove(to))?;
    let written = folders.disk.write_new(to, &content);
    if written.as_ref().is_err_and(|error| error.kind() != ErrorKind::AlreadyExists) {
        gone_is_fine(folders.disk.remove(to))?;
    }
    written
}
