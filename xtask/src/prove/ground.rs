//! What a proof stands on: the built binary, a scratch folder, commands with what they said, and a running `onshi up`.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::Result;
use tempfile::TempDir;

use crate::process;
use crate::stopwatch::Stopwatch;

/// How long `onshi up` may take until it is ready: a first start makes keys.
const PATIENCE: Duration = Duration::from_secs(60);

/// The repository under proof.
pub(crate) struct Ground {
    root: PathBuf,
    binaries: OnceLock<PathBuf>,
    scratch: TempDir,
}

impl Ground {
    /// Takes a repository; nothing is built yet.
    pub(crate) fn new(root: &Path) -> Result<Self> {
        let scratch = tempfile::Builder::new().prefix("onshi-prove-").tempdir()?;
        Ok(Self { root: root.to_owned(), binaries: OnceLock::new(), scratch })
    }

    /// The repository's folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The folder in which the programs run; it is gone when the proof ends.
    pub(crate) fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// The binary, built at the first call.
    pub(crate) fn onshi(&self) -> Result<PathBuf, String> {
        if let Some(folder) = self.binaries.get() {
            return Ok(folder.join("onshi"));
        }
        let folder = process::build(&self.root, &["--quiet", "-p", "onshi"], "debug").map_err(|error| format!("{error:#}"))?;
        Ok(self.binaries.get_or_init(|| folder).join("onshi"))
    }

    /// Runs `onshi` with these words in the scratch folder and gives what it printed; a failure gives all that it said.
    pub(crate) fn say(&self, words: &[&str]) -> Result<String, String> {
        let mut command = Command::new(self.onshi()?);
        process::output(command.args(words).current_dir(self.scratch())).map_err(|error| format!("{error:#}"))
    }

    /// Starts `onshi up` on a free port and waits until it is ready; what it makes stands in the scratch folder.
    pub(crate) fn up(&self) -> Result<Up, String> {
        let port = free_port().map_err(|error| error.to_string())?;
        let log = self.scratch().join("up.log");
        let out = File::create(&log).map_err(|error| error.to_string())?;
        let err = out.try_clone().map_err(|error| error.to_string())?;
        let mut command = Command::new(self.onshi()?);
        command.args(["up", "--port", &port.to_string()]).current_dir(self.scratch()).stdin(Stdio::null()).stdout(out).stderr(err);
        let child = command.spawn().map_err(|error| format!("could not start onshi: {error}"))?;
        let mut up = Up { child, port, log };
        up.wait_until_ready(self)?;
        Ok(up)
    }
}

/// A port that nobody has at the moment.
pub(super) fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// A running `onshi up`; ended by its own pid when dropped.
pub(crate) struct Up {
    child: Child,
    port: u16,
    log: PathBuf,
}

impl Up {
    /// The port of all its hosts.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Everything that it has printed.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Asks `onshi status --json` until it says `"running": true`.
    fn wait_until_ready(&mut self, ground: &Ground) -> Result<(), String> {
        let watch = Stopwatch::start();
        while watch.passed() < PATIENCE {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("`onshi up` ended by itself ({status}):\n{}", self.log()));
            }
            if ground.say(&["status", "--json"]).is_ok_and(|said| is_ready(&said)) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Err(format!("`onshi up` was not ready after {} s:\n{}", PATIENCE.as_secs(), self.log()))
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        process::end(&mut self.child, "TERM", Duration::from_secs(10));
    }
}

/// Whether a status report says that everything answers.
fn is_ready(status: &str) -> bool {
    let status: Option<serde_json::Value> = serde_json::from_str(status).ok();
    status.as_ref().and_then(|status| status.get("running")).and_then(serde_json::Value::as_bool) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_yes_is_ready() {
        assert!(is_ready("{\"running\": true, \"hosts\": []}"));
        for status in ["", "{}", "{\"running\": false}", "{\"running\": \"true\"}", "starting"] {
            assert!(!is_ready(status), "{status}");
        }
    }
}
