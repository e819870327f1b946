//! Starts a server for a measurement, ours or another's, and ends it when the measurement is over.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use chassis::clock::instant;

/// A server that is ended when it is dropped.
pub(crate) struct Server(Child);

impl Server {
    /// Starts a program of ours and waits until it says where it listens.
    pub(crate) fn ours(mut command: Command) -> anyhow::Result<(Self, SocketAddr)> {
        let mut child = command.stdout(Stdio::piped()).spawn().context("onshi が要ります")?;
        let output = child.stdout.take().context("it has no output")?;
        let server = Self(child);
        // The pipe stays open in this thread's stead: a server that writes to a closed one would end.
        let mut lines = BufReader::new(output).lines();
        while let Some(line) = lines.next().transpose()? {
            if let Some(address) = line.contains("動いています").then(|| line.rsplit(' ').next()).flatten() {
                let address = address.parse().context("it did not say where it listens")?;
                std::thread::spawn(move || lines.for_each(drop));
                return Ok((server, address));
            }
        }
        bail!("the server ended before it listened")
    }

    /// Starts another's program and waits until it answers.
    pub(crate) fn others(mut command: Command, package: &str, answers: impl Fn() -> bool) -> anyhow::Result<Self> {
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null()).spawn();
        let mut server = Self(child.with_context(|| format!("Debian のパッケージ {package} が要ります（apt-get install {package}）"))?);
        let begun = instant();
        while !answers() {
            if let Some(status) = server.0.try_wait()? {
                bail!("{package} ended before it answered ({status})");
            }
            if begun.elapsed() > Duration::from_secs(20) {
                bail!("{package} did not answer");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// A port that is free now.
pub(crate) fn free_port() -> anyhow::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// The path of a program among the usual places, or what to install.
pub(crate) fn program(name: &str, package: &str) -> anyhow::Result<std::path::PathBuf> {
    let found =
        ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].iter().map(|folder| std::path::Path::new(folder).join(name)).find(|path| path.exists());
    found.with_context(|| format!("{name} がありません。apt-get install --no-install-recommends {package} で入れてください"))
}

/// The middle one of some values.
pub(crate) fn median(values: Vec<f64>) -> f64 {
    crate::figure::quantile(&crate::figure::sorted(values), 0.5)
}
