//! Copies of the center as processes of their own that share databases and keys, started, killed and started again.

use std::fs::File;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::stopwatch::Stopwatch;

const PATIENCE: Duration = Duration::from_secs(60);

/// What all copies of one center have in common.
pub(super) struct Center {
    pub(super) onshi: PathBuf,
    pub(super) folder: PathBuf,
    pub(super) database: String,
    /// The folder of keys and certificates below `folder`; none for a program that keeps them in the data of its only copy.
    pub(super) shared: Option<&'static str>,
}

/// One process of it.
pub(super) struct Copy {
    onshi: PathBuf,
    folder: PathBuf,
    name: &'static str,
    pub(super) port: u16,
    child: Option<Child>,
}

impl Center {
    /// Writes the configuration of a copy that serves these rooms, or all, on a free port, and starts it.
    pub(super) fn copy(&self, name: &'static str, rooms: &[&str]) -> Result<Copy> {
        self.copy_at(name, rooms, free_port()?)
    }

    /// As [`copy`](Self::copy), on this port.
    pub(super) fn copy_at(&self, name: &'static str, rooms: &[&str], port: u16) -> Result<Copy> {
        self.configure(name, rooms, port)?;
        let mut copy = Copy { onshi: self.onshi.clone(), folder: self.folder.clone(), name, port, child: None };
        copy.start()?;
        Ok(copy)
    }

    /// Writes the configuration only.
    pub(super) fn configure(&self, name: &str, rooms: &[&str], port: u16) -> Result<()> {
        let rooms = rooms.iter().map(|room| format!("{room:?}")).collect::<Vec<_>>().join(", ");
        let rooms = if rooms.is_empty() { rooms } else { format!("rooms = [{rooms}]\n") };
        let shared = self.shared.map(|folder| format!("shared = {folder:?}\n")).unwrap_or_default();
        let text = format!(
            "[center]\nlisten = \"127.0.0.1:{port}\"\n{rooms}data = \"{name}\"\n{shared}\
            database = \"{0}\"\naudit_database = \"{0}\"\n[log]\nlevels = \"warn\"\n",
            self.database
        );
        Ok(std::fs::write(self.folder.join(format!("{name}.toml")), text)?)
    }

    /// Runs a command that needs no center.
    pub(super) fn bare(&self, words: &[&str]) -> Result<String> {
        process::output(Command::new(&self.onshi).args(words).current_dir(&self.folder))
    }

    /// Runs an operator's command for the whole center, answered by this copy or, when that is away, from the database itself.
    pub(super) fn order(&self, name: &str, words: &[&str]) -> Result<String> {
        let mut command = Command::new(&self.onshi);
        command.args(words).args(["--config", &format!("{name}.toml")]).env("ONSHI_DATA", name).current_dir(&self.folder);
        process::output(&mut command)
    }

    /// As [`order`](Self::order), for an answer in JSON.
    pub(super) fn json(&self, name: &str, words: &[&str]) -> Result<serde_json::Value> {
        Ok(serde_json::from_str(&self.order(name, &[words, &["--json"]].concat())?)?)
    }
}

impl Copy {
    /// Starts the process; what it says is added to its log.
    pub(super) fn start(&mut self) -> Result<()> {
        let log = File::options().create(true).append(true).open(self.log())?;
        let mut command = Command::new(&self.onshi);
        command.args(["center", "serve", "--config", &format!("{}.toml", self.name)]).current_dir(&self.folder);
        self.child = Some(command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn().context("could not start onshi")?);
        Ok(())
    }

    /// Ends the process as a power cut would.
    pub(super) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself, which `wait_until_it_serves` and the load would notice.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Ends the process by asking it.
    pub(super) fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            process::end(&mut child, "TERM", Duration::from_secs(30));
        }
    }

    /// As [`start`](Self::start), with an empty log.
    pub(super) fn start_anew(&mut self) -> Result<()> {
        std::fs::remove_file(self.log())?;
        self.start()
    }

    /// Returns when it says that it serves; the log must be that of its first start.
    pub(super) fn wait_until_it_serves(&mut self) -> Result<()> {
        let watch = Stopwatch::start();
        while watch.passed() < PATIENCE {
            if self.said().contains("動いています") {
                return Ok(());
            }
            if let Some(Ok(Some(status))) = self.child.as_mut().map(Child::try_wait) {
                bail!("copy {} ended by itself ({status}):\n{}", self.name, self.said());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        bail!("copy {} did not serve after {} s:\n{}", self.name, PATIENCE.as_secs(), self.said())
    }

    /// Everything it has said since its first start.
    pub(super) fn said(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }

    fn log(&self) -> PathBuf {
        self.folder.join(format!("{}.log", self.name))
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port of the loopback that stays free while its program is not running: below those that the system gives to outgoing connections.
pub(super) fn free_port() -> Result<u16> {
    for _ in 0..1000 {
        let drawn = u16::try_from(RandomState::new().build_hasher().finish() % 12_000)?;
        let port = 18_000 + drawn;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no free port between 18000 and 30000")
}
