//! What an answer of the time server costs, beside chrony.
//!
//! The peer is Debian's `chrony` (apt-get install --no-install-recommends chrony), as a server that leaves the machine's clock alone.

use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::ensure;

use crate::Size;
use crate::figure::Figure;
use crate::peer::{Server, free_port, median, program};
use crate::process::{cpu_seconds, resident_megabytes};
use crate::world::onshi;

const PEER: &str = "chrony";
/// Askers at one time, and questions that each has under way.
const ASKERS: usize = 2;
const UNDER_WAY: u32 = 16;
const TURNS: u64 = 4;

pub(crate) fn measure(size: Size) -> anyhow::Result<Vec<Figure>> {
    let chrony = program("chronyd", "chrony")?;
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("network.toml"), "[time]\nlisten = [\"127.0.0.1:0\"]\nper_second = 0\n")?;
    let mut command = onshi(folder.path())?;
    command.args(["network", "time", "serve", "--config", "network.toml"]);
    let (ours, ours_at) = Server::ours(command)?;
    let (theirs, theirs_at) = their_server(&chrony, folder.path())?;
    let (mut our_cpu, mut their_cpu, mut our_rate, mut their_rate) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let seconds = (size.seconds / TURNS).max(1);
    for _ in 0..TURNS {
        let (cpu, rate) = turn(&ours, ours_at, seconds)?;
        our_cpu.push(cpu);
        our_rate.push(rate);
        let (cpu, rate) = turn(&theirs, theirs_at, seconds)?;
        their_cpu.push(cpu);
        their_rate.push(rate);
    }
    let memory = (resident_megabytes(ours.pid())?, resident_megabytes(theirs.pid())?);
    Ok(vec![
        Figure::new("time.cpu_per_answer", median(our_cpu), "µs", PEER, median(their_cpu)),
        Figure::new("time.answers", median(our_rate), "per second", PEER, median(their_rate)),
        Figure::new("time.memory", memory.0, "MB", PEER, memory.1),
    ])
}

fn their_server(chrony: &Path, folder: &Path) -> anyhow::Result<(Server, SocketAddr)> {
    let at: SocketAddr = ([127, 0, 0, 1], free_port()?).into();
    let config = format!(
        "port {}\nbindaddress 127.0.0.1\nallow all\nlocal stratum 3\ncmdport 0\npidfile {}\n",
        at.port(),
        folder.join("chronyd.pid").display()
    );
    let path = folder.join("chrony.conf");
    std::fs::write(&path, config)?;
    let mut command = Command::new(chrony);
    // -x: the clock of this machine is not touched.
    command.args(["-x", "-d", "-u", "root", "-f"]).arg(&path);
    let server = Server::others(command, "chrony", || answers(at).unwrap_or(false))?;
    Ok((server, at))
}

fn question() -> [u8; 48] {
    let mut question = [0; 48];
    if let Some(first) = question.first_mut() {
        *first = 0x23;
    }
    question
}

fn answers(at: SocketAddr) -> anyhow::Result<bool> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.set_read_timeout(Some(Duration::from_millis(100)))?;
    socket.send_to(&question(), at)?;
    Ok(socket.recv_from(&mut [0; 64]).is_ok())
}

/// Microseconds of processor time an answer, and answers a second.
fn turn(server: &Server, at: SocketAddr, seconds: u64) -> anyhow::Result<(f64, f64)> {
    let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let before = cpu_seconds(server.pid())?;
    let askers: Vec<_> = (0..ASKERS)
        .map(|_| {
            let (stop, done) = (Arc::clone(&stop), Arc::clone(&done));
            std::thread::spawn(move || ask(at, &stop, &done))
        })
        .collect();
    std::thread::sleep(Duration::from_secs(seconds));
    stop.store(true, Ordering::Relaxed);
    for asker in askers {
        asker.join().map_err(|_| anyhow::anyhow!("an asker died"))??;
    }
    let used = cpu_seconds(server.pid())? - before;
    let answers = u32::try_from(done.load(Ordering::Relaxed))?;
    ensure!(answers > 0, "nothing was answered");
    #[allow(clippy::cast_precision_loss, reason = "seconds are few")]
    Ok((used * 1e6 / f64::from(answers), f64::from(answers) / seconds as f64))
}

fn ask(at: SocketAddr, stop: &AtomicBool, done: &AtomicU64) -> anyhow::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.connect(at)?;
    socket.set_read_timeout(Some(Duration::from_millis(100)))?;
    let (question, mut answer) = (question(), [0; 64]);
    while !stop.load(Ordering::Relaxed) {
        for _ in 0..UNDER_WAY {
            socket.send(&question)?;
        }
        let mut answered = 0;
        // What is lost is asked again in the next round.
        while answered < UNDER_WAY && socket.recv(&mut answer).is_ok_and(|length| length == 48) {
            answered += 1;
        }
        done.fetch_add(u64::from(answered), Ordering::Relaxed);
    }
    Ok(())
}
