//! What a tunnel through the forward proxy costs, beside squid: CONNECT, one page, the end, again and again.
//!
//! The peer is Debian's `squid` (apt-get install --no-install-recommends squid), one worker, no cache, no log.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use chassis::signed::SigningKey;
use chassis::vault::Vault;
use jiff::SignedDuration;
use wire::snapshot::{KIND, Snapshot};

use crate::Size;
use crate::figure::Figure;
use crate::peer::{Server, free_port, median, program};
use crate::process::{cpu_seconds, resident_megabytes};
use crate::world::onshi;

const PEER: &str = "squid";
/// Tunnels opened at one time.
const CALLERS: usize = 16;
/// Turns of each, one after the other, so that the machine's moods meet both.
const TURNS: u64 = 4;
/// Tunnels held open for the figure of memory.
const HELD: usize = 1000;

pub(crate) fn measure(size: Size) -> anyhow::Result<Vec<Figure>> {
    let squid = program("squid", "squid")?;
    let folder = tempfile::tempdir()?;
    let (host, held) = (answering()?, silent()?);
    let (ours, ours_at) = Server::ours(our_proxy(folder.path(), &[host, held])?)?;
    let (theirs, theirs_at) = their_proxy(&squid, folder.path())?;
    let (mut our_cpu, mut their_cpu) = (Vec::new(), Vec::new());
    let seconds = (size.seconds / TURNS).max(1);
    for _ in 0..TURNS {
        our_cpu.push(turn(&ours, ours_at, host, seconds)?);
        their_cpu.push(turn(&theirs, theirs_at, host, seconds)?);
    }
    let memory = |server: &Server, at: SocketAddr| -> anyhow::Result<f64> {
        let before = resident_megabytes(server.pid())?;
        let open: Vec<TcpStream> = (0..HELD).map(|_| open(at, held)).collect::<anyhow::Result<_>>()?;
        let after = resident_megabytes(server.pid())?;
        drop(open);
        Ok((after - before).max(0.0) * 1024.0 / 1000.0)
    };
    Ok(vec![
        Figure::new("proxy.cpu_per_tunnel", median(our_cpu), "µs", PEER, median(their_cpu)),
        Figure::new("proxy.memory_per_open_tunnel", memory(&ours, ours_at)?, "kB", PEER, memory(&theirs, theirs_at)?),
    ])
}

/// A host behind the proxy.
#[derive(Clone, Copy)]
struct Host {
    name: &'static str,
    at: SocketAddr,
}

/// A host that answers whoever connects with the same page, after reading a request, and ends.
fn answering() -> anyhow::Result<Host> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let at = listener.local_addr()?;
    for _ in 0..2 {
        let listener = listener.try_clone()?;
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                if stream.read(&mut [0; 1024]).is_ok_and(|read| read > 0) {
                    let _gone = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
                }
            }
        });
    }
    Ok(Host { name: "bench.example", at })
}

/// A host that says nothing and ends nothing.
fn silent() -> anyhow::Result<Host> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let at = listener.local_addr()?;
    std::thread::spawn(move || {
        let held: Vec<TcpStream> = listener.incoming().flatten().collect();
        drop(held);
    });
    Ok(Host { name: "held.example", at })
}

fn our_proxy(folder: &Path, hosts: &[Host]) -> anyhow::Result<Command> {
    let key = SigningKey::load_or_create(&Vault::open(&folder.join("keys"), None)?, "signing")?;
    let made_at = chassis::clock::Clock::system().now();
    let valid_until = made_at + SignedDuration::from_hours(24);
    let admitted = vec!["127.0.0.1/32".parse()?];
    let snapshot = Snapshot { number: 1, made_at, valid_until, closures: Vec::new(), admitted };
    std::fs::write(folder.join("registry.signed"), key.seal(KIND, &snapshot.write()))?;
    let further = hosts.iter().map(|host| format!("{{ host = \"{}\", ports = [{}] }}", host.name, host.at.port()));
    let mapped = hosts.iter().map(|host| format!("\"{}\" = [\"{}\"]", host.name, host.at));
    let config = format!(
        "[proxy]\nlisten = [\"127.0.0.1:0\"]\nsnapshot = 'registry.signed'\nsnapshot_key = '{}'\nconnections_per_line = 10000\n\
         further = [{}]\n[proxy.hosts]\n{}\n",
        key.public(),
        further.collect::<Vec<_>>().join(", "),
        mapped.collect::<Vec<_>>().join("\n")
    );
    std::fs::write(folder.join("network.toml"), config)?;
    let mut command = onshi(folder)?;
    command.args(["network", "proxy", "serve", "--config", "network.toml"]);
    Ok(command)
}

fn their_proxy(squid: &Path, folder: &Path) -> anyhow::Result<(Server, SocketAddr)> {
    let at: SocketAddr = ([127, 0, 0, 1], free_port()?).into();
    let hosts = folder.join("hosts");
    std::fs::write(&hosts, "127.0.0.1 bench.example held.example\n")?;
    let config = format!(
        "http_port {at}\nhttp_access allow all\ncache deny all\ncache_mem 0 MB\naccess_log none\ncache_store_log none\ncache_log /dev/null\n\
         pid_filename none\nhosts_file {}\nshutdown_lifetime 0 seconds\nmax_filedescriptors 8192\npinger_enable off\n",
        hosts.display()
    );
    let path = folder.join("squid.conf");
    std::fs::write(&path, config)?;
    // squid becomes another user when it is started as root, who must be able to read its files.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(folder, PermissionsExt::from_mode(0o755))?;
    }
    let mut command = Command::new(squid);
    command.arg("-N").arg("-f").arg(&path);
    let server = Server::others(command, "squid", || TcpStream::connect(at).is_ok())?;
    Ok((server, at))
}

/// Microseconds of processor time a tunnel.
fn turn(server: &Server, proxy: SocketAddr, host: Host, seconds: u64) -> anyhow::Result<f64> {
    // A few to warm up.
    (0..50).try_for_each(|_| once(proxy, host))?;
    let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let before = cpu_seconds(server.pid())?;
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (stop, done) = (Arc::clone(&stop), Arc::clone(&done));
            std::thread::spawn(move || -> anyhow::Result<()> {
                while !stop.load(Ordering::Relaxed) {
                    once(proxy, host)?;
                    done.fetch_add(1, Ordering::Relaxed);
                }
                Ok(())
            })
        })
        .collect();
    std::thread::sleep(Duration::from_secs(seconds));
    stop.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.join().map_err(|_| anyhow::anyhow!("a caller died"))??;
    }
    let used = cpu_seconds(server.pid())? - before;
    let tunnels = u32::try_from(done.load(Ordering::Relaxed))?;
    ensure!(tunnels > 0, "no tunnel was opened");
    Ok(used * 1e6 / f64::from(tunnels))
}

fn open(proxy: SocketAddr, host: Host) -> anyhow::Result<TcpStream> {
    let mut stream = TcpStream::connect(proxy)?;
    stream.set_nodelay(true)?;
    let target = format!("{}:{}", host.name, host.at.port());
    stream.write_all(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n").as_bytes())?;
    let mut head = [0; 1024];
    let mut length = 0;
    while !head.get(..length).unwrap_or_default().ends_with(b"\r\n\r\n") {
        let read = stream.read(head.get_mut(length..).unwrap_or_default())?;
        ensure!(read > 0, "the proxy ended: {}", String::from_utf8_lossy(head.get(..length).unwrap_or_default()));
        length += read;
    }
    ensure!(head.starts_with(b"HTTP/1.1 200"), "the proxy refused: {}", String::from_utf8_lossy(&head));
    Ok(stream)
}

fn once(proxy: SocketAddr, host: Host) -> anyhow::Result<()> {
    let mut stream = open(proxy, host)?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: bench.example\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).context("the tunnel was cut")?;
    ensure!(answer.ends_with(b"ok"), "another answer came");
    Ok(())
}
