//! The program under test, as processes on the machines of a world: servers that run, and commands that end.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::namespace::{self, Namespace};
use crate::program::Program;
use crate::world::Ground;

/// The built program: named by the environment, else beside this program's own binary, or above a test's.
pub(crate) fn program() -> Result<PathBuf> {
    let beside = || -> Option<PathBuf> {
        let own = std::env::current_exe().ok()?;
        let folder = own.parent()?;
        [folder, folder.parent()?].map(|folder| folder.join("onshi")).into_iter().find(|path| path.is_file())
    };
    let path = std::env::var_os("ONSHI_BINARY").map(PathBuf::from).or_else(beside).context("where is the program onshi?")?;
    if !path.is_file() {
        bail!("{} is missing: build it with `cargo build -p onshi`, or run the stories with `cargo xtask lab`", path.display());
    }
    Ok(path)
}

/// A command of it on a machine.
pub(crate) fn command(machine: &Namespace) -> Result<Command> {
    let mut command = machine.command(program()?);
    command.env_remove("ONSHI_PASSPHRASE").env_remove("CREDENTIALS_DIRECTORY");
    machine.drives(&mut command);
    Ok(command)
}

/// A process of the center's rooms with its data, and its operator's command line.
pub(crate) struct Office {
    machine: Rc<Namespace>,
    folder: PathBuf,
    program: Rc<Program>,
}

impl Office {
    /// Starts `onshi center serve` with this configuration; `data` below `folder` is added to it.
    pub(crate) fn open(ground: &Ground, machine: &Rc<Namespace>, name: &str, folder: &Path, rooms: &str, more: &str) -> Result<Self> {
        let config = format!("[center]\nlisten = \"[::]:443\"\nrooms = {rooms}\ndata = \"{}\"\n{more}", folder.join("data").display());
        std::fs::write(folder.join("center.toml"), config)?;
        let mut serve = command(machine)?;
        serve.args(["center", "serve", "--config"]).arg(folder.join("center.toml"));
        let program = ground.start(name, folder, serve)?;
        program.said("センターが動いています")?;
        Ok(Self { machine: machine.clone(), folder: folder.to_owned(), program })
    }

    /// The running process.
    pub(crate) fn program(&self) -> &Program {
        &self.program
    }

    /// The folder of certificates and public keys.
    pub(crate) fn certificates(&self) -> PathBuf {
        self.folder.join("data/center/certificates")
    }

    /// The root of its hosts' certificates.
    pub(crate) fn root(&self) -> PathBuf {
        self.certificates().join("server-root.pem")
    }

    /// A command of the operator, answered in JSON.
    pub(crate) fn operate(&self, words: &[&str]) -> Result<Value> {
        let mut command = command(&self.machine)?;
        let said = namespace::output(command.args(words).arg("--json").env("ONSHI_DATA", self.folder.join("data")))?;
        serde_json::from_str(&said).with_context(|| format!("onshi {}: {said}", words.join(" ")))
    }
}
