//! How long a second start takes until its first answer, and what the whole center holds in memory when idle.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use chassis::clock::instant;

use crate::Size;
use crate::figure::{Figure, quantile, sorted};
use crate::process::resident_megabytes;
use crate::world::{World, onshi};

/// Python's file server: the smallest server that everybody has.
const PEER: &str = "python3 -m http.server";

pub(crate) fn measure(size: Size) -> anyhow::Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    once(folder.path())?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..size.starts {
        let begun = instant();
        once(folder.path())?;
        ours.push(begun.elapsed().as_secs_f64() * 1000.0);
        theirs.push(peer_answers(folder.path())?.0);
    }
    let world = World::begin(folder.path())?;
    // Idle means some time after the work.
    std::thread::sleep(Duration::from_secs(3));
    let memory = resident_megabytes(world.pid())?;
    let (_, peer_memory) = peer_answers(folder.path())?;
    Ok(vec![
        Figure::new("start.first_answer", quantile(&sorted(ours), 0.5), "ms", PEER, quantile(&sorted(theirs), 0.5)),
        Figure::new("start.idle_memory", memory, "MB", PEER, peer_memory),
    ])
}

/// From starting the program to its end after the first answer.
fn once(folder: &std::path::Path) -> anyhow::Result<()> {
    let output = onshi(folder)?.args(["up", "--once", "--port", "0"]).output()?;
    if !output.status.success() {
        bail!("onshi up --once: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// Milliseconds until the peer answers its first request, and its memory then.
fn peer_answers(folder: &std::path::Path) -> anyhow::Result<(f64, f64)> {
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let begun = instant();
    let arguments = ["-m", "http.server", "--bind", "127.0.0.1", &port.to_string()];
    let peer = Command::new("python3").args(arguments).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let peer = Ended(peer.context("python3 が要ります")?);
    loop {
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            break;
        }
        if begun.elapsed() > Duration::from_secs(10) {
            bail!("{PEER} did not start");
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok((begun.elapsed().as_secs_f64() * 1000.0, resident_megabytes(peer.0.id())?))
}
