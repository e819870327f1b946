//! Carries bytes both ways between a caller and a host until the host has ended, or neither has said anything for long.
//!
//! A tunnel ends when one side does (RFC 9110, 9.3.6): what the host sent before its end is delivered, then both are closed. A caller that has
//! ended its own side may still wait for the host's answer, and gets it.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use chassis::clock;
use ipnet::IpNet;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};

use super::share::Gate;

/// Bytes taken at once at first, and from one who sends without pause. A silent tunnel holds no buffer.
const FIRST_BURST: usize = 16 * 1024;
const NEXT_BURST: usize = 64 * 1024;

/// Buffers that wait for the next bytes, so that the memory of a short tunnel is not asked for and given back again and again.
#[derive(Debug, Default)]
pub struct Buffers(Mutex<Vec<Vec<u8>>>);

/// Buffers that are kept; a tunnel holds one only for as long as its bytes take to be sent on.
const KEPT: usize = 64;

impl Buffers {
    /// An empty buffer for so many bytes.
    fn take(&self, burst: usize) -> Vec<u8> {
        let kept = if burst == FIRST_BURST { self.0.lock().unwrap_or_else(PoisonError::into_inner).pop() } else { None };
        kept.unwrap_or_else(|| Vec::with_capacity(burst))
    }

    fn give_back(&self, mut buffer: Vec<u8>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buffer.capacity() == FIRST_BURST && kept.len() < KEPT {
            buffer.clear();
            kept.push(buffer);
        }
    }
}

/// What a tunnel does while it is open.
pub struct Tunnel<'a> {
    /// Whose it is.
    pub line: IpNet,
    /// Where its buffers come from.
    pub buffers: &'a Buffers,
    /// The gate that its bytes pass.
    pub gate: &'a Gate,
    /// Silence after which it ends.
    pub idle: Duration,
}

/// How much a tunnel carried, and why it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carried {
    /// Bytes from the caller to the host.
    pub up: u64,
    /// Bytes from the host to the caller.
    pub down: u64,
    /// Whether it ended because nobody said anything.
    pub silent: bool,
}

struct Way<'a> {
    tunnel: &'a Tunnel<'a>,
    carried: AtomicU64,
    begun: Instant,
    /// Milliseconds since `begun` at which something last moved, shared by both ways.
    moved: &'a AtomicU64,
}

impl Tunnel<'_> {
    /// Carries. `early` is what the caller sent before it had its answer.
    pub async fn carry(&self, mut caller: TcpStream, early: Bytes, mut host: TcpStream) -> Carried {
        let (begun, moved) = (clock::instant(), AtomicU64::new(0));
        let way = || Way { tunnel: self, carried: AtomicU64::new(0), begun, moved: &moved };
        let (up, down) = (way(), way());
        let silent = {
            let (from_caller, to_caller) = caller.split();
            let (from_host, to_host) = host.split();
            let mut asking = std::pin::pin!(up.pump(from_caller, to_host, early));
            let mut answering = std::pin::pin!(down.pump(from_host, to_caller, Bytes::new()));
            // The host's end is the tunnel's, and closing the caller's connection tells it; the caller's end is told to the host.
            let carrying = async {
                tokio::select! {
                    biased;
                    ended = &mut answering => ended.map(drop),
                    ended = &mut asking => {
                        ended?.shutdown().await?;
                        answering.await.map(drop)
                    }
                }
            };
            tokio::select! {
                ended = carrying => {
                    if let Err(error) = ended {
                        tracing::trace!(%error, "a tunnel was cut");
                    }
                    false
                }
                () = silence(begun, &moved, self.idle) => true,
            }
        };
        Carried { up: up.carried.into_inner(), down: down.carried.into_inner(), silent }
    }
}

impl Way<'_> {
    /// Carries one way until it ends; what is then left is the end to be told on.
    async fn pump<'a>(&self, mut from: ReadHalf<'_>, mut to: WriteHalf<'a>, early: Bytes) -> io::Result<WriteHalf<'a>> {
        if !early.is_empty() {
            self.deliver(&mut to, &early, false).await?;
        }
        let mut burst = FIRST_BURST;
        loop {
            from.readable().await?;
            let mut buffer = self.tunnel.buffers.take(burst);
            let read = from.read_buf(&mut buffer).await?;
            // The end often comes with the last bytes, and then leaves with them.
            let ended = match read {
                0 => true,
                _ if read >= burst => false,
                _ => match from.try_read_buf(&mut buffer) {
                    Ok(more) => more == 0,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
                    Err(error) => return Err(error),
                },
            };
            if read > 0 {
                self.deliver(&mut to, &buffer, ended).await?;
            }
            self.tunnel.buffers.give_back(buffer);
            if ended {
                return Ok(to);
            }
            if read >= burst {
                burst = NEXT_BURST;
            }
        }
    }

    /// Sends on. `last`: the end follows at once, so these bytes may wait for it and share its packet.
    async fn deliver(&self, to: &mut WriteHalf<'_>, bytes: &[u8], last: bool) -> io::Result<()> {
        self.tunnel.gate.pass(self.tunnel.line, bytes.len()).await;
        if last {
            write_before_the_end(to, bytes).await?;
        } else {
            to.write_all(bytes).await?;
        }
        self.carried.fetch_add(u64::try_from(bytes.len()).unwrap_or(0), Ordering::Relaxed);
        self.moved.store(milliseconds(self.begun), Ordering::Relaxed);
        Ok(())
    }
}

/// Writes what the end follows. Most of a tunnel's cost are its packets, and this saves one, and its receiver a waking.
#[cfg(target_os = "linux")]
async fn write_before_the_end(to: &mut WriteHalf<'_>, mut bytes: &[u8]) -> io::Result<()> {
    use rustix::net::{SendFlags, send};

    while !bytes.is_empty() {
        to.writable().await?;
        let stream: &TcpStream = to.as_ref();
        let sending = || Ok(send(stream, bytes, SendFlags::MORE | SendFlags::NOSIGNAL)?);
        match stream.try_io(tokio::io::Interest::WRITABLE, sending) {
            Ok(sent) => bytes = bytes.get(sent..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
async fn write_before_the_end(to: &mut WriteHalf<'_>, bytes: &[u8]) -> io::Result<()> {
    to.write_all(bytes).await
}

/// Returns when nothing has moved for `idle`.
async fn silence(begun: Instant, moved: &AtomicU64, idle: Duration) {
    loop {
        let still = Duration::from_millis(milliseconds(begun).saturating_sub(moved.load(Ordering::Relaxed)));
        match idle.checked_sub(still) {
            Some(left) if !left.is_zero() => tokio::time::sleep(left).await,
            _ => return,
        }
    }
}

fn milliseconds(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (near, far) = tokio::join!(TcpStream::connect(address), listener.accept());
        (near.unwrap(), far.unwrap().0)
    }

    fn line() -> IpNet {
        "127.0.0.1/32".parse().unwrap()
    }

    #[tokio::test]
    async fn bytes_go_both_ways_and_one_side_may_end_before_the_other() {
        let ((mut caller, near), (far, mut host)) = (pair().await, pair().await);
        let gate = Gate::new(0);
        let carried = tokio::spawn(async move {
            let tunnel = Tunnel { line: line(), buffers: &Buffers::default(), gate: &gate, idle: Duration::from_secs(60) };
            tunnel.carry(near, Bytes::from_static(b"early "), far).await
        });
        caller.write_all(b"question").await.unwrap();
        caller.shutdown().await.unwrap();
        let mut heard = String::new();
        host.read_to_string(&mut heard).await.unwrap();
        assert_eq!(heard, "early question");
        // The caller has ended its side; the answer still comes, longer than any buffer.
        let answer = vec![7_u8; 1_000_000];
        let mut got = Vec::new();
        let (written, read) = tokio::join!(
            async {
                host.write_all(&answer).await.unwrap();
                host.shutdown().await
            },
            caller.read_to_end(&mut got)
        );
        written.unwrap();
        assert_eq!((read.unwrap(), got == answer), (1_000_000, true));
        assert_eq!(carried.await.unwrap(), Carried { up: 14, down: 1_000_000, silent: false });
    }

    #[tokio::test]
    async fn the_hosts_end_is_the_tunnels() {
        let ((mut caller, near), (far, mut host)) = (pair().await, pair().await);
        let gate = Gate::new(0);
        let carried = tokio::spawn(async move {
            let tunnel = Tunnel { line: line(), buffers: &Buffers::default(), gate: &gate, idle: Duration::from_secs(60) };
            tunnel.carry(near, Bytes::new(), far).await
        });
        host.write_all(b"farewell").await.unwrap();
        drop(host);
        let mut heard = String::new();
        caller.read_to_string(&mut heard).await.unwrap();
        assert_eq!(heard, "farewell");
        // The caller holds its side open, and no place is held for it.
        assert_eq!(carried.await.unwrap(), Carried { up: 0, down: 8, silent: false });
    }

    #[tokio::test]
    async fn a_silent_tunnel_ends() {
        let ((mut caller, near), (far, _host)) = (pair().await, pair().await);
        let gate = Gate::new(0);
        let tunnel = Tunnel { line: line(), buffers: &Buffers::default(), gate: &gate, idle: Duration::from_millis(50) };
        assert_eq!(tunnel.carry(near, Bytes::new(), far).await, Carried { up: 0, down: 0, silent: true });
        assert_eq!(caller.read(&mut [0; 1]).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_narrow_gate_makes_bytes_wait() {
        let ((mut caller, near), (far, mut host)) = (pair().await, pair().await);
        let gate = Gate::new(1_000_000);
        let working = tokio::spawn(std::sync::Arc::clone(&gate).work());
        let carried = tokio::spawn(async move {
            let tunnel = Tunnel { line: line(), buffers: &Buffers::default(), gate: &gate, idle: Duration::from_secs(60) };
            tunnel.carry(near, Bytes::new(), far).await
        });
        let begun = clock::instant();
        let sent = tokio::spawn(async move {
            host.write_all(&[1; 400_000]).await.unwrap();
            host.shutdown().await.unwrap();
        });
        let mut got = Vec::new();
        caller.read_to_end(&mut got).await.unwrap();
        drop(caller);
        sent.await.unwrap();
        assert_eq!(got.len(), 400_000);
        // All but what passes at once after a pause, and one burst that passes on credit.
        assert!(begun.elapsed() >= Duration::from_millis(280), "{:?}", begun.elapsed());
        assert_eq!(carried.await.unwrap().down, 400_000);
        working.abort();
    }
}
