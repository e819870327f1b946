//! Gives each run a Windows of its own under Wine: Japanese, with a drive `C:` that is thrown away.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use super::{COMPILER, kept};
use crate::process;

/// Where Debian keeps Wine's programs, apart from the search path.
const DEBIAN: &str = "/usr/lib/wine";

/// As the clinics' machines: file names of old programs and the console are in CP932.
const LANGUAGE: &str = "ja_JP.UTF-8";

/// The stand-in for a library that Wine 8 lacks.
const STAND_IN: &str = include_str!("bcryptprimitives.c");

/// The loader of Windows programs.
pub(super) fn program() -> Option<PathBuf> {
    let debian = Path::new(DEBIAN).join("wine64");
    if debian.is_file() { Some(debian) } else { process::find("wine64").or_else(|| process::find("wine")) }
}

/// A Windows that nobody else uses. Everything that still runs in it ends when it is dropped.
pub(crate) struct Wine {
    loader: PathBuf,
    locales: PathBuf,
    prefix: PathBuf,
    _folder: Option<TempDir>,
}

impl Wine {
    /// A fresh one, a copy of the one in the cache, which is made at the first call.
    pub(super) fn fresh(cache: &Path) -> Result<Self> {
        let pattern = pattern(cache)?;
        // Inside the cache, so that the copy can share the system's files with the pattern.
        let folder = tempfile::Builder::new().prefix("run-").tempdir_in(cache)?;
        let prefix = folder.path().join("prefix");
        process::output(Command::new("cp").args(["--archive", "--link"]).arg(&pattern.prefix).arg(&prefix))?;
        // Wine writes into these where they lie.
        for registry in kept(&pattern.prefix, "")?.iter().filter(|path| path.extension().is_some_and(|end| end == "reg")) {
            let copy = prefix.join(registry.file_name().context("a file has a name")?);
            fs::remove_file(&copy)?;
            fs::copy(registry, &copy)?;
        }
        Ok(Self { prefix, loader: pattern.loader.clone(), locales: pattern.locales.clone(), _folder: Some(folder) })
    }

    /// What a program needs around it so that the Windows programs which it starts run here.
    pub(crate) fn surround<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        for name in ["LANG", "LC_CTYPE", "DISPLAY", "WAYLAND_DISPLAY"] {
            command.env_remove(name);
        }
        command.env("WINEPREFIX", &self.prefix).env("WINEDEBUG", "-all").env("WINEDLLOVERRIDES", "mscoree,mshtml,winemenubuilder.exe=");
        command.env("LOCPATH", &self.locales).env("LC_ALL", LANGUAGE)
    }

    /// A Windows program, by its path on this machine or by a name that Windows knows.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(&self.loader);
        self.surround(&mut command).arg(program);
        command
    }

    /// As [`command`](Self::command), in a network of its own without any line. Wine's server makes the sockets of its programs, so nothing may have
    /// run in this Windows before.
    pub(crate) fn command_without_network(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("unshare");
        self.surround(command.arg("--net").arg(&self.loader)).arg(program);
        command
    }

    /// The loader, for cargo.
    pub(super) fn loader(&self) -> &Path {
        &self.loader
    }

    /// Where its drive `C:` lies on this machine.
    pub(crate) fn drive(&self) -> PathBuf {
        self.prefix.join("drive_c")
    }

    /// Wine's server for this prefix alone; nothing that it is told concerns another.
    fn server(&self, word: &str) -> Result<Command> {
        let beside = self.loader.parent().map(|folder| folder.join("wineserver")).filter(|server| server.is_file());
        let mut server = Command::new(beside.or_else(|| process::find("wineserver")).context("Wine has no wineserver")?);
        self.surround(server.arg(word));
        Ok(server)
    }

    /// Makes the system's folders, and gives it its version and the library it lacks.
    fn install(&self) -> Result<()> {
        if !self.locales.join(LANGUAGE).is_dir() {
            fs::create_dir_all(&self.locales)?;
            let aside = self.locales.join("aside");
            process::output(Command::new("localedef").args(["-i", "ja_JP", "-f", "UTF-8"]).arg(&aside))?;
            fs::rename(aside, self.locales.join(LANGUAGE))?;
        }
        process::output(self.command("wineboot").arg("--init"))?;
        process::output(self.command("reg").args(["add", r"HKCU\Software\Wine", "/v", "Version", "/d", "win10", "/f"]))?;
        let stand_in = self.drive().join("windows/system32/bcryptprimitives.dll");
        if !stand_in.exists() {
            let source = self.prefix.join("bcryptprimitives.c");
            fs::write(&source, STAND_IN)?;
            process::output(Command::new(COMPILER).arg("-shared").arg("-o").arg(&stand_in).arg(&source).arg("-ladvapi32"))?;
        }
        Ok(())
    }
}

impl Drop for Wine {
    fn drop(&mut self) {
        // Nothing is left to do when these fail: Wine's own programs end by themselves soon after.
        let _ended = self.server("--kill").and_then(|mut end| process::capture(&mut end));
        let _gone = self.server("--wait").and_then(|mut wait| process::capture(&mut wait));
    }
}

/// The pattern of all runs; it counts only when it was made to the end.
fn pattern(cache: &Path) -> Result<Wine> {
    let loader = program().context("Wine is not installed")?;
    let prefix = cache.join("prefix");
    let pattern = Wine { loader, locales: cache.join("locales"), prefix: prefix.clone(), _folder: None };
    let whole = prefix.join("whole");
    if whole.exists() {
        return Ok(pattern);
    }
    println!("setting up Windows under Wine, once");
    if prefix.exists() {
        fs::remove_dir_all(&prefix)?;
    }
    pattern.install().context("Wine does not start; does this machine run 64-bit Wine?")?;
    let seen = process::output(pattern.command("cmd").args(["/c", "ver"]))?;
    if !seen.contains("Windows 10.") {
        bail!("Wine says it is `{}`, not a Windows 10", seen.trim());
    }
    // The registry is written when the server ends.
    process::output(&mut pattern.server("--wait")?)?;
    fs::write(whole, seen)?;
    Ok(pattern)
}
