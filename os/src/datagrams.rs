//! Takes many datagrams from a socket with one call of the operating system, and answers them with another.
//!
//! A call costs more than what a small server does with the datagram; under load a batch is full and shares its two calls. Where the system
//! has no such calls, a batch holds one datagram.

use std::io;
use std::net::{SocketAddr, UdpSocket};

#[cfg_attr(target_os = "linux", path = "datagrams/linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "datagrams/portable.rs")]
mod system;

/// Datagrams taken together, each with its sender and room for an answer.
pub struct Batch(system::Batch);

impl Batch {
    /// Room for `count` datagrams of at most `longest` bytes each; longer ones arrive cut off and are told apart.
    #[must_use]
    pub fn new(count: usize, longest: usize) -> Self {
        Self(system::Batch::new(count, longest))
    }

    /// Waits for a datagram and takes all that are there; how many they are. None when the socket's time limit passed or a signal came.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn receive(&mut self, socket: &UdpSocket) -> io::Result<usize> {
        self.0.receive(socket)
    }

    /// How many datagrams can be taken together.
    #[must_use]
    pub fn room(&self) -> usize {
        self.0.room()
    }

    /// Who sent the datagram at `place`; `None` beyond those received, and for a sender that has no address.
    #[must_use]
    pub fn sender(&self, place: usize) -> Option<SocketAddr> {
        self.0.sender(place)
    }

    /// The bytes of the datagram at `place`, and the answer to be written; `None` beyond those received, and for a datagram that was cut off.
    /// An answer left empty is not sent.
    pub fn exchange(&mut self, place: usize) -> Option<(&[u8], &mut Vec<u8>)> {
        self.0.exchange(place)
    }

    /// Sends every answer from the socket to the datagram's sender; how many were sent. An answer that the system does not take is lost, as
    /// datagrams may be.
    pub fn send(&mut self, socket: &UdpSocket) -> usize {
        self.0.send(socket)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn pair(address: &str) -> (UdpSocket, UdpSocket) {
        let sockets = (UdpSocket::bind(address).unwrap(), UdpSocket::bind(address).unwrap());
        sockets.0.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        sockets.1.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        sockets
    }

    #[test]
    fn what_came_together_is_answered_together_each_to_its_sender() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let (server, one) = pair(address);
            let (_, two) = pair(address);
            let to = server.local_addr().unwrap();
            let mut batch = Batch::new(4, 16);
            for _ in 0..3 {
                one.send_to(b"one", to).unwrap();
                two.send_to(b"silent", to).unwrap();
                two.send_to(b"two", to).unwrap();
                let (mut taken, mut sent) = (0, 0);
                while taken < 3 {
                    let came = batch.receive(&server).unwrap();
                    for place in 0..came {
                        let from = batch.sender(place).unwrap();
                        let (asked, answer) = batch.exchange(place).unwrap();
                        assert!(answer.is_empty(), "what was answered before is gone");
                        if asked != b"silent" {
                            answer.extend_from_slice(asked);
                            answer.push(b'!');
                        }
                        assert_eq!(from, if asked == b"one" { one.local_addr() } else { two.local_addr() }.unwrap());
                    }
                    assert!(batch.exchange(came).is_none() && batch.sender(came).is_none());
                    taken += came;
                    sent += batch.send(&server);
                }
                assert_eq!((taken, sent), (3, 2));
                let heard = |socket: &UdpSocket| {
                    let mut buffer = [0; 16];
                    let (length, from) = socket.recv_from(&mut buffer).unwrap();
                    assert_eq!(from, to);
                    buffer[..length].to_vec()
                };
                assert_eq!((heard(&one), heard(&two)), (b"one!".to_vec(), b"two!".to_vec()));
            }
        }
    }

    #[test]
    fn waiting_ends_with_the_sockets_time_limit_and_long_datagrams_are_told_apart() {
        let (server, caller) = pair("127.0.0.1:0");
        let mut batch = Batch::new(4, 16);
        assert_eq!(batch.room(), if cfg!(target_os = "linux") { 4 } else { 1 });
        assert_eq!(batch.receive(&server).unwrap(), 0);
        caller.send_to(&[7; 17], server.local_addr().unwrap()).unwrap();
        while batch.receive(&server).unwrap() == 0 {}
        assert!(batch.sender(0).is_some() && batch.exchange(0).is_none());
        assert_eq!(batch.send(&server), 0);
        caller.send_to(&[7; 16], server.local_addr().unwrap()).unwrap();
        while batch.receive(&server).unwrap() == 0 {}
        assert_eq!(batch.exchange(0).unwrap().0, [7; 16]);
    }
}
