//! Runs a PostgreSQL of its own for the tests: a data folder that is thrown away, a free port of the loopback, ended by its own pid.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{ChildStderr, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::process;

/// Where Debian keeps the server's programs, one folder a version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The account that runs the server when this tool runs as root: the server refuses to be root.
const ACCOUNT: &str = "postgres";

/// The server's own words when it may be asked.
const READY: &str = "database system is ready to accept connections";

/// A running server.
pub(crate) struct Postgres {
    server: std::process::Child,
    log: Option<JoinHandle<()>>,
    port: u16,
    _folder: TempDir,
}

/// The folder with `initdb` and `postgres`: Debian's newest version, else the search path's.
pub(crate) fn programs() -> Option<PathBuf> {
    let complete = |folder: &PathBuf| folder.join("initdb").is_file() && folder.join("postgres").is_file();
    let versions = std::fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let newest = versions.map(|entry| entry.path().join("bin")).filter(complete).max_by_key(|folder| version(folder));
    newest.or_else(|| process::find("initdb")?.parent().map(Path::to_path_buf).filter(complete))
}

fn version(bin: &Path) -> u32 {
    bin.parent().and_then(Path::file_name).and_then(|name| name.to_str()).and_then(|name| name.parse().ok()).unwrap_or_default()
}

impl Postgres {
    /// Makes a data folder and starts a server in it that keeps nothing; returns when the server answers.
    pub(crate) fn start() -> Result<Self> {
        Self::start_with(|_| Ok(FORGETFUL.map(str::to_owned).into()))
    }

    /// As [`start`](Self::start), with the settings that `prepare` gives after it put its files into the folder.
    pub(crate) fn start_with(prepare: impl FnOnce(&Path) -> Result<Vec<String>>) -> Result<Self> {
        let bin = programs().context("no PostgreSQL server programs: install the Debian package postgresql")?;
        let folder = tempfile::Builder::new().prefix("onshi-test-postgres-").tempdir()?;
        let more = prepare(folder.path())?;
        if process::is_root() {
            process::output(Command::new("chown").arg("-R").arg(ACCOUNT).arg(folder.path()))?;
        }
        let data = folder.path().join("data");
        let mut initdb = as_account(&bin.join("initdb"));
        initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]).arg("--pgdata").arg(&data);
        process::output(initdb.current_dir(folder.path()))?;
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let mut command = as_account(&bin.join("postgres"));
        command
            .arg("-D")
            .arg(&data)
            .current_dir(folder.path())
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        for setting in settings(port).into_iter().chain(more) {
            command.arg("-c").arg(setting);
        }
        let mut server = command.spawn().context("could not start PostgreSQL")?;
        let log = server.stderr.take();
        // From here on, dropping it ends the server.
        let mut started = Self { server, log: None, port, _folder: folder };
        started.log = Some(wait_until_ready(log.context("PostgreSQL has no log")?)?);
        Ok(started)
    }

    /// The port of the loopback.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The address under which databases may be created.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // SIGINT is the server's fast shutdown.
        process::end(&mut self.server, "INT", Duration::from_secs(10));
        if let Some(log) = self.log.take() {
            // The reader ends with the server's last word; what it could have panicked about is of no interest now.
            let _ = log.join();
        }
    }
}

/// For many short stories at once: no waiting for the disk.
const FORGETFUL: [&str; 3] = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"];

fn settings(port: u16) -> [String; 4] {
    [
        format!("port={port}"),
        "listen_addresses=127.0.0.1".to_owned(),
        "unix_socket_directories=".to_owned(),
        "max_connections=400".to_owned(),
    ]
}

/// A command under the server's account, which the kernel ends with this tool even when the tool is killed.
pub(crate) fn as_account(program: &Path) -> Command {
    let Some(setpriv) = process::find("setpriv") else { return Command::new(program) };
    let mut command = Command::new(setpriv);
    if process::is_root() {
        command.args(["--reuid", ACCOUNT, "--regid", ACCOUNT, "--init-groups"]);
    }
    command.args(["--pdeathsig", "INT"]).arg(program);
    command
}

/// Reads the log until the server answers, and then to its end in a thread, so that the server never waits for a reader.
fn wait_until_ready(log: ChildStderr) -> Result<JoinHandle<()>> {
    let mut lines = BufReader::new(log).lines();
    let mut said = Vec::new();
    for line in lines.by_ref() {
        let line = line?;
        if line.contains(READY) {
            return Ok(std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop)));
        }
        said.push(line);
    }
    bail!("PostgreSQL did not start:\n{}", said.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_answers_and_leaves_nothing_behind() {
        if programs().is_none() {
            assert!(std::env::var_os("ONSHI_TEST_ALL").is_none(), "`cargo xtask test` installs PostgreSQL, and it is not there");
            return;
        }
        let postgres = Postgres::start().expect("the server starts");
        let folder = postgres._folder.path().to_owned();
        let port = postgres.port;
        assert_eq!(postgres.url(), format!("postgres://postgres@127.0.0.1:{port}/postgres"));
        assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
        drop(postgres);
        assert!(!folder.exists());
        assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
    }
}
