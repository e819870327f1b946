//! A balancer as plain as can be: passes each connection to the first copy that takes it, and to the next when one does not.

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// For a copy to take a connection.
const CONNECT: Duration = Duration::from_secs(1);

/// A port before several copies. It ends with this tool.
pub(super) struct Relay {
    pub(super) port: u16,
}

impl Relay {
    /// Opens a free port of the loopback before the copies at these ports.
    pub(super) fn before(ports: &[u16]) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let copies = ports.to_vec();
        thread::spawn(move || {
            let turn = AtomicUsize::new(0);
            for stream in listener.incoming().map_while(Result::ok) {
                let copies = copies.clone();
                let first = turn.fetch_add(1, Ordering::Relaxed);
                thread::spawn(move || carry(stream, &copies, first));
            }
        });
        Ok(Self { port })
    }
}

/// Takes turns, and passes over copies that take no connection.
fn carry(stream: TcpStream, copies: &[u16], first: usize) {
    let order = copies.iter().cycle().skip(first % copies.len().max(1)).take(copies.len());
    let taken = order.filter_map(|port| TcpStream::connect_timeout(&([127, 0, 0, 1], *port).into(), CONNECT).ok()).next();
    let Some(copy) = taken else { return };
    let (Ok(from), Ok(to)) = (stream.try_clone(), copy.try_clone()) else { return };
    thread::spawn(move || pass(from, to));
    pass(copy, stream);
}

/// Until one side ends; then the other hears of it.
fn pass(mut from: TcpStream, mut to: TcpStream) {
    // That a side breaks off is what the proof is about, and no error here.
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}
