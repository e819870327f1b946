//! Opens the sockets of the name server and keeps its list current.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chassis::clock::{self, Clock};
use socket2::{Domain, Protocol, Socket, Type};

use super::choice::{Door, ViewSettings};
use super::source::{self, Current, ListError, Source};
use super::{tcp, udp};

/// Room for questions that wait, per socket; the system may give less.
const WAITING_BYTES: usize = 4 * 1024 * 1024;
/// Connections that wait to be taken.
const BACKLOG: i32 = 1024;
/// How often a free port is looked for that both kinds of connection can have.
const TRIES: usize = 50;

/// What the server is to do.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The addresses, each by itself: an answer must come from the address that was asked. Port 0 is any free one.
    pub listen: Vec<SocketAddr>,
    /// The views.
    pub views: Vec<ViewSettings>,
    /// The list.
    pub source: Source,
    /// How often the list is looked at.
    pub pause: Duration,
    /// Sockets for each address, each with a thread of its own.
    pub threads: usize,
    /// TCP connections at one time.
    pub connections: usize,
    /// How long a TCP connection may wait for a whole question, or with an answer that nobody takes.
    pub patience: Duration,
}

/// Why the server cannot begin. The text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// No list.
    #[error(transparent)]
    List(#[from] ListError),
    /// An address cannot be had.
    #[error("{address} で待ち受けられません（{error}）。")]
    Address {
        /// The address.
        address: SocketAddr,
        /// What the operating system said.
        error: io::Error,
    },
    /// An address that stands for all.
    #[error("{0} ではなく、問い合わせを受ける一つ一つのアドレスを書いてください（答えは、尋ねられたアドレスから返さなければなりません）。")]
    Everywhere(SocketAddr),
    /// Nothing to do.
    #[error("待ち受けるアドレスがありません。")]
    Nowhere,
}

/// A server that runs until [`Running::stop`].
#[derive(Debug)]
pub struct Running {
    addresses: Vec<SocketAddr>,
    over: Arc<AtomicBool>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
    threads: Vec<std::thread::JoinHandle<()>>,
    current: Arc<Current>,
}

/// Begins to answer; when this returns, every address does.
///
/// # Errors
/// [`ServeError`].
pub async fn start(settings: Settings, clock: Clock) -> Result<Running, ServeError> {
    if settings.listen.is_empty() {
        return Err(ServeError::Nowhere);
    }
    if let Some(address) = settings.listen.iter().find(|address| address.ip().is_unspecified()) {
        return Err(ServeError::Everywhere(*address));
    }
    let desk = settings.source.load(&settings.views, clock::japan_date(clock.now()))?;
    source::note(&desk, None);
    let current = Arc::new(Current::new(desk));
    let over = Arc::new(AtomicBool::new(false));
    let seats = tcp::seats(settings.connections);
    let mut running = Running { addresses: Vec::new(), over, tasks: Vec::new(), threads: Vec::new(), current };
    for address in &settings.listen {
        let failed = |error| ServeError::Address { address: *address, error };
        let (address, datagrams, listener) = open(*address, settings.threads.max(1)).map_err(failed)?;
        let door = Arc::new(Door::new(&settings.views, address.ip()));
        for socket in datagrams {
            let (door, current, over) = (Arc::clone(&door), Arc::clone(&running.current), Arc::clone(&running.over));
            let work = move || udp::answer(&socket, &door, &current, &over);
            running.threads.push(std::thread::Builder::new().name("dns".to_owned()).spawn(work).map_err(failed)?);
        }
        let listener = tokio::net::TcpListener::from_std(listener).map_err(failed)?;
        let desk = tcp::Desk { door, current: Arc::clone(&running.current), patience: settings.patience };
        running.tasks.push(tokio::spawn(tcp::accept(listener, desk, Arc::clone(&seats))));
        running.addresses.push(address);
    }
    let Settings { source, views, pause, .. } = settings;
    running.tasks.push(tokio::spawn(source::follow(source, views, clock, Arc::clone(&running.current), pause)));
    Ok(running)
}

impl Running {
    /// The addresses with their ports, in the order of the settings.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The edition of the list in force.
    #[must_use]
    pub fn version(&self) -> String {
        self.current.desk().version().to_owned()
    }

    /// Stops answering; returns when the last thread has ended.
    pub async fn stop(mut self) {
        self.over.store(true, Ordering::Relaxed);
        let threads = std::mem::take(&mut self.threads);
        // A thread ends within a moment of its socket's time limit.
        let joined = tokio::task::spawn_blocking(move || threads.into_iter().for_each(|thread| drop(thread.join()))).await;
        drop(joined);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        for task in &self.tasks {
            task.abort();
        }
    }
}

type Sockets = (SocketAddr, Vec<std::net::UdpSocket>, std::net::TcpListener);

/// Opens both kinds of sockets on one port.
fn open(address: SocketAddr, threads: usize) -> io::Result<Sockets> {
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..if address.port() == 0 { TRIES } else { 1 } {
        match try_open(address, threads) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => last = error,
            done => return done,
        }
    }
    Err(last)
}

fn try_open(address: SocketAddr, threads: usize) -> io::Result<Sockets> {
    let listener = socket(address, Type::STREAM, Protocol::TCP)?;
    // The port that another server just gave up is ours at once.
    #[cfg(unix)]
    listener.set_reuse_address(true)?;
    listener.bind(&address.into())?;
    listener.listen(BACKLOG)?;
    listener.set_nonblocking(true)?;
    let listener = std::net::TcpListener::from(listener);
    let address = listener.local_addr()?;
    // The first alone, so that a port on which somebody else answers is not shared by mistake.
    drop({
        let alone = socket(address, Type::DGRAM, Protocol::UDP)?;
        alone.bind(&address.into())?;
        alone
    });
    let count = if cfg!(target_os = "linux") { threads } else { 1 };
    let mut datagrams = Vec::new();
    for _ in 0..count {
        let socket = socket(address, Type::DGRAM, Protocol::UDP)?;
        #[cfg(target_os = "linux")]
        socket.set_reuse_port(true)?;
        // Larger than most systems give without asking; what is given is good enough.
        let _given = socket.set_recv_buffer_size(WAITING_BYTES);
        socket.set_read_timeout(Some(udp::LOOK_UP))?;
        socket.bind(&address.into())?;
        datagrams.push(socket.into());
    }
    Ok((address, datagrams, listener))
}

fn socket(address: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    Ok(socket)
}
