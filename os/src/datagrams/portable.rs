//! How systems without calls for many datagrams do it: one at a time.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};

pub(super) struct Batch {
    buffer: Vec<u8>,
    longest: usize,
    received: Option<(usize, SocketAddr)>,
    answer: Vec<u8>,
}

impl Batch {
    pub(super) fn new(_count: usize, longest: usize) -> Self {
        Self { buffer: vec![0; longest + 1], longest, received: None, answer: Vec::new() }
    }

    pub(super) fn room(&self) -> usize {
        1
    }

    pub(super) fn receive(&mut self, socket: &UdpSocket) -> io::Result<usize> {
        self.answer.clear();
        self.received = None;
        match socket.recv_from(&mut self.buffer) {
            Ok(received) => {
                self.received = Some(received);
                Ok(1)
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => Ok(0),
            // Windows tells here that an earlier answer found nobody.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(0),
            Err(error) => Err(error),
        }
    }

    pub(super) fn sender(&self, place: usize) -> Option<SocketAddr> {
        self.received.filter(|_| place == 0).map(|(_, from)| from)
    }

    pub(super) fn exchange(&mut self, place: usize) -> Option<(&[u8], &mut Vec<u8>)> {
        let (length, _) = self.received.filter(|(length, _)| place == 0 && *length <= self.longest)?;
        Some((self.buffer.get(..length)?, &mut self.answer))
    }

    pub(super) fn send(&mut self, socket: &UdpSocket) -> usize {
        let Some((_, to)) = self.received.filter(|_| !self.answer.is_empty()) else { return 0 };
        usize::from(socket.send_to(&self.answer, to).is_ok())
    }
}
