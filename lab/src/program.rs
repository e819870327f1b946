//! A program that keeps running on a machine of the world, with its log in a file; ended with the world.

use std::cell::RefCell;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::patience::until;

/// How long a program may take until it says that it is ready: a first start makes keys, and the machine may be busy.
const READY: Duration = Duration::from_secs(60);
/// How long a program is given to end when asked.
const FAREWELL: Duration = Duration::from_secs(10);

/// A running program.
pub struct Program {
    name: String,
    child: RefCell<Child>,
    log: PathBuf,
}

impl Program {
    /// Starts it, with both of its outputs in `<folder>/<name>.log`.
    pub(crate) fn start(name: &str, folder: &Path, mut command: Command) -> Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let out = File::options().create(true).append(true).open(&log)?;
        let err = out.try_clone()?;
        let child = command.current_dir(folder).stdin(Stdio::null()).stdout(out).stderr(err).spawn();
        Ok(Self { name: name.to_owned(), child: RefCell::new(child.with_context(|| format!("could not start {name}"))?), log })
    }

    /// Waits until its log holds the word.
    pub(crate) fn said(&self, word: &str) -> Result<()> {
        until(&format!("{} to say \"{word}\"", self.name), READY, || {
            let said = self.log();
            if said.contains(word) {
                return Ok(Some(()));
            }
            if let Some(status) = self.child.borrow_mut().try_wait()? {
                bail!("{} ended ({status}):\n{said}", self.name);
            }
            Ok(None)
        })
        .with_context(|| self.log())
    }

    /// Everything that it has printed.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Sends it a signal, such as `HUP`.
    ///
    /// # Errors
    /// If it is no more.
    pub fn signal(&self, signal: &str) -> Result<()> {
        let done = Command::new("kill").args(["-s", signal, &self.child.borrow().id().to_string()]).status()?;
        if done.success() { Ok(()) } else { bail!("{} is not running:\n{}", self.name, self.log()) }
    }

    /// Asks it to end, and waits for that.
    ///
    /// # Errors
    /// If it does not.
    pub fn stop(&self) -> Result<()> {
        self.signal("TERM")?;
        until(&format!("the end of {}", self.name), FAREWELL, || Ok(self.child.borrow_mut().try_wait()?))?;
        Ok(())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It has ended already, or it ends now.
        let mut child = self.child.borrow_mut();
        let _ended = child.kill();
        let _reaped = child.wait();
    }
}
