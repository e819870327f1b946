//! Lays the result of a taken request out, closes the question with it, and moves it into the result folder.

use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};
use std::path::Path;

use super::places::Part;
use super::{Tray, err_name};
use crate::bridge::folders::Folders;
use crate::disk::{self, gone_is_fine};

impl Tray {
    /// Lays the finished result out for delivery and closes the question; a question already closed keeps its first result.
    pub(crate) fn lay_answer(&self, folders: &Folders, name: &str, content: &[u8]) -> io::Result<()> {
        self.close_with(folders, || self.lay(folders, OsStr::new(name), content))
    }

    /// Lays the `.err` text and the request's own bytes out for delivery and closes the question.
    pub(crate) fn lay_refusal(&self, folders: &Folders, text: &[u8]) -> io::Result<()> {
        self.close_with(folders, || {
            self.lay(folders, &err_name(&self.name), text)?;
            match folders.disk.copy(&self.request(), &self.places.unfinished()) {
                Ok(()) => self.put_out(folders, &self.name),
                Err(error) if self.was_robbed(folders, &error)? => Ok(()),
                Err(error) => Err(error),
            }
        })
    }

    fn close_with(&self, folders: &Folders, lay: impl Fn() -> io::Result<()>) -> io::Result<()> {
        if !self.is_sealed(folders)? {
            self.clear_out(folders)?;
            lay()?;
            self.seal(folders)?;
        }
        // Also when it was sealed in an attempt that failed after it.
        if self.places.boxed { folders.disk.sync_entry(&self.places.folder_of(Part::Sent)) } else { Ok(()) }
    }

    /// Removes what an earlier attempt laid out before the question was closed.
    fn clear_out(&self, folders: &Folders) -> io::Result<()> {
        if self.places.boxed {
            let out = self.places.folder_of(Part::Out);
            gone_is_fine(folders.disk.remove_all(&out))?;
            return folders.disk.make_folder(&out);
        }
        for name in self.laid_out(folders)? {
            gone_is_fine(folders.disk.remove(&self.places.file(Part::Out, &name)))?;
        }
        Ok(())
    }

    fn seal(&self, folders: &Folders) -> io::Result<()> {
        if self.places.boxed {
            folders.disk.sync_entry(&self.places.file(Part::Out, &self.name))?;
            return folders.disk.rename(&self.places.folder_of(Part::Open), &self.places.folder_of(Part::Sent));
        }
        // Changes of one folder keep their order on disk: what was laid out is there when this is.
        let sent = self.places.file(Part::Sent, &self.name);
        match folders.disk.rename(&self.request(), &sent) {
            Err(error) if self.was_robbed(folders, &error)? => {
                self.marks().untidy = true;
                folders.disk.write(&sent, b"")
            }
            other => other,
        }
    }

    pub(super) fn is_sealed(&self, folders: &Folders) -> io::Result<bool> {
        let folder = self.places.folder_of(Part::Sent);
        disk::exists(&*folders.disk, &if self.places.boxed { folder } else { self.places.file(Part::Sent, &self.name) })
    }

    fn lay(&self, folders: &Folders, name: &OsStr, content: &[u8]) -> io::Result<()> {
        folders.disk.write(&self.places.unfinished(), content)?;
        self.put_out(folders, name)
    }

    fn put_out(&self, folders: &Folders, name: &OsStr) -> io::Result<()> {
        let mut marks = self.marks();
        if !marks.out.iter().any(|known| known == name) {
            marks.out.push(name.to_owned());
        }
        drop(marks);
        folders.disk.rename(&self.places.unfinished(), &self.places.file(Part::Out, name))
    }

    /// The names of what may lie ready for delivery.
    pub(super) fn laid_out(&self, folders: &Folders) -> io::Result<Vec<OsString>> {
        if !self.places.boxed {
            return Ok(self.marks().out.clone());
        }
        match folders.disk.list(&self.places.folder_of(Part::Out)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            other => other,
        }
    }

    /// Moves what is laid out into `res`, an `.err` before the request's copy.
    pub(crate) fn deliver(&self, folders: &Folders) -> io::Result<()> {
        let mut names = self.laid_out(folders)?;
        names.sort_by_key(|name| Path::new(name).extension() != Some(OsStr::new("err")));
        for name in &names {
            let (from, to) = (self.places.file(Part::Out, name), folders.res.join(name));
            match folders.disk.rename(&from, &to) {
                Err(error) if error.kind() == ErrorKind::CrossesDevices => self.carry_out(folders, name)?,
                // An earlier attempt delivered it.
                Err(error) if self.is_gone(folders, &from, &error)? => {}
                other => other?,
            }
        }
        Ok(())
    }

    fn is_gone(&self, folders: &Folders, laid: &Path, error: &io::Error) -> io::Result<bool> {
        Ok(error.kind() == ErrorKind::NotFound && !disk::exists(&*folders.disk, laid)? && self.is_within_reach(folders)?)
    }
}
