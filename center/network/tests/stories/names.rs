//! A name server on a free port, and the ways of asking it.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::process::Command;
use std::time::Duration;

use chassis::clock::Clock;
use manuals::Region;
use network::dns::{self, Running, Settings, Source, ViewSettings};

/// A day on which the newest lists hold, at noon in Japan.
pub(crate) const TODAY: &str = "2026-11-20T03:00:00Z";

/// A server until it is dropped.
pub(crate) struct Names {
    runtime: tokio::runtime::Runtime,
    running: Running,
}

impl Names {
    pub(crate) fn begin(settings: Settings) -> Self {
        Self::begin_at(settings, Clock::driven(TODAY.parse().unwrap()))
    }

    pub(crate) fn begin_at(settings: Settings, clock: Clock) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let running = runtime.block_on(dns::start(settings, clock)).unwrap();
        Self { runtime, running }
    }

    /// Everything of one region for everybody.
    pub(crate) fn of(region: Region) -> Self {
        Self::begin(settings(&["127.0.0.1"], vec![dns::view_of_a_region(region)]))
    }

    pub(crate) fn at(&self, place: usize) -> SocketAddr {
        self.running.addresses()[place]
    }

    pub(crate) fn version(&self) -> String {
        self.running.version()
    }

    pub(crate) fn stop(self) {
        self.runtime.block_on(self.running.stop());
    }

    /// What real dig prints.
    pub(crate) fn dig(&self, arguments: &[&str]) -> String {
        dig(self.at(0), arguments)
    }

    /// The records that `dig +short` prints, sorted.
    pub(crate) fn short(&self, arguments: &[&str]) -> Vec<String> {
        let said = dig(self.at(0), &[&["+short"], arguments].concat());
        let mut lines: Vec<String> = said.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    }
}

pub(crate) fn settings(listen: &[&str], views: Vec<ViewSettings>) -> Settings {
    Settings {
        listen: listen.iter().map(|address| SocketAddr::new(address.parse().unwrap(), 0)).collect(),
        views,
        source: Source::Manuals,
        pause: Duration::from_millis(20),
        threads: 2,
        connections: 64,
        patience: Duration::from_secs(10),
    }
}

pub(crate) fn dig(at: SocketAddr, arguments: &[&str]) -> String {
    let mut command = Command::new("dig");
    command.arg(format!("@{}", at.ip())).args(["-p", &at.port().to_string(), "+time=5", "+tries=2", "+norecurse", "+nocookie"]);
    let output = command.args(arguments).output().expect("dig of bind9-dnsutils");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Bytes as they are, and what came back within a moment.
pub(crate) fn send(at: SocketAddr, packet: &[u8]) -> Option<Vec<u8>> {
    let socket = caller(at);
    socket.send(packet).unwrap();
    receive(&socket)
}

pub(crate) fn caller(at: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind(SocketAddr::new(at.ip(), 0)).unwrap();
    socket.connect(at).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    socket
}

pub(crate) fn receive(socket: &UdpSocket) -> Option<Vec<u8>> {
    let mut buffer = vec![0; 65_536];
    let length = socket.recv(&mut buffer).ok()?;
    buffer.truncate(length);
    Some(buffer)
}

/// A TCP connection.
pub(crate) fn connect(at: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

pub(crate) fn say(stream: &mut TcpStream, packet: &[u8]) {
    let length = u16::try_from(packet.len()).unwrap().to_be_bytes();
    stream.write_all(&[&length[..], packet].concat()).unwrap();
}

pub(crate) fn hear(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut length = [0; 2];
    stream.read_exact(&mut length).ok()?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message).ok()?;
    Some(message)
}

pub(crate) fn addresses(lines: &[String]) -> Vec<IpAddr> {
    let mut addresses: Vec<IpAddr> = lines.iter().filter_map(|line| line.parse().ok()).collect();
    addresses.sort();
    addresses
}
