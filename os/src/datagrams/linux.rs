//! How Linux does it: `recvmmsg` and `sendmmsg`.
#![allow(unsafe_code, reason = "two calls of the system that the standard library does not make")]

use std::io::{self, ErrorKind};
use std::mem;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
use std::os::fd::AsRawFd;
use std::ptr;

/// Large enough for the addresses of both families; an IPv4 address stands where an IPv6 one has its flow.
type Name = libc::sockaddr_in6;
const NO_NAME: Name =
    libc::sockaddr_in6 { sin6_family: 0, sin6_port: 0, sin6_flowinfo: 0, sin6_addr: libc::in6_addr { s6_addr: [0; 16] }, sin6_scope_id: 0 };

/// The headers point into the boxes, which are never moved or resized while the batch lives; the raw pointers keep a batch in its thread.
pub(super) struct Batch {
    names: Box<[Name]>,
    buffers: Box<[u8]>,
    longest: usize,
    headers: Box<[libc::mmsghdr]>,
    /// What the first headers' `msg_iov` point to; kept for them alone.
    _pieces: Box<[libc::iovec]>,
    received: usize,
    answers: Box<[Vec<u8>]>,
    outgoing: Box<[libc::mmsghdr]>,
    outgoing_pieces: Box<[libc::iovec]>,
}

fn header(name: &mut Name, piece: &mut libc::iovec) -> libc::mmsghdr {
    // SAFETY: a header of zeros is a valid one, with null pointers and lengths of nothing.
    let mut header: libc::mmsghdr = unsafe { mem::zeroed() };
    header.msg_hdr.msg_name = ptr::from_mut(name).cast();
    header.msg_hdr.msg_namelen = NAME_LENGTH;
    header.msg_hdr.msg_iov = piece;
    header.msg_hdr.msg_iovlen = 1;
    header
}

#[allow(clippy::cast_possible_truncation, reason = "28 bytes")]
const NAME_LENGTH: libc::socklen_t = mem::size_of::<Name>() as libc::socklen_t;

impl Batch {
    pub(super) fn new(count: usize, longest: usize) -> Self {
        let (count, longest) = (count.max(1), longest.max(1));
        let mut names = vec![NO_NAME; count].into_boxed_slice();
        let mut buffers = vec![0; count * longest].into_boxed_slice();
        let piece = |buffer: &mut [u8]| libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
        let mut pieces: Box<[libc::iovec]> = buffers.chunks_exact_mut(longest).map(piece).collect();
        let headers = names.iter_mut().zip(&mut pieces).map(|(name, piece)| header(name, piece)).collect();
        let mut outgoing_pieces: Box<[libc::iovec]> = (0..count).map(|_| libc::iovec { iov_base: ptr::null_mut(), iov_len: 0 }).collect();
        // Which name and which piece is set before each sending.
        let outgoing = names.iter_mut().zip(&mut outgoing_pieces).map(|(name, piece)| header(name, piece)).collect();
        let answers = (0..count).map(|_| Vec::new()).collect();
        Self { names, buffers, longest, headers, _pieces: pieces, received: 0, answers, outgoing, outgoing_pieces }
    }

    pub(super) fn room(&self) -> usize {
        self.headers.len()
    }

    pub(super) fn receive(&mut self, socket: &UdpSocket) -> io::Result<usize> {
        for (header, answer) in self.headers.iter_mut().zip(&mut self.answers).take(self.received) {
            header.msg_hdr.msg_namelen = NAME_LENGTH;
            answer.clear();
        }
        self.received = 0;
        let count = libc::c_uint::try_from(self.headers.len()).unwrap_or(libc::c_uint::MAX);
        // SAFETY: the headers are `count` valid ones; each names a buffer and an address of this batch with their true lengths, which live as
        // long as it does and which nobody else holds now.
        let came = unsafe { libc::recvmmsg(socket.as_raw_fd(), self.headers.as_mut_ptr(), count, libc::MSG_WAITFORONE, ptr::null_mut()) };
        match usize::try_from(came) {
            Ok(came) => {
                self.received = came;
                Ok(came)
            }
            Err(_) => {
                let error = io::Error::last_os_error();
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) {
                    Ok(0)
                } else {
                    Err(error)
                }
            }
        }
    }

    pub(super) fn sender(&self, place: usize) -> Option<SocketAddr> {
        let name = self.names.get(place).filter(|_| place < self.received)?;
        let port = u16::from_be(name.sin6_port);
        match libc::c_int::from(name.sin6_family) {
            libc::AF_INET6 => {
                let address = Ipv6Addr::from(name.sin6_addr.s6_addr);
                Some(SocketAddrV6::new(address, port, u32::from_be(name.sin6_flowinfo), name.sin6_scope_id).into())
            }
            libc::AF_INET => Some(SocketAddrV4::new(Ipv4Addr::from(u32::from_be(name.sin6_flowinfo)), port).into()),
            _ => None,
        }
    }

    pub(super) fn exchange(&mut self, place: usize) -> Option<(&[u8], &mut Vec<u8>)> {
        let header = self.headers.get(place).filter(|header| place < self.received && header.msg_hdr.msg_flags & libc::MSG_TRUNC == 0)?;
        let begin = place * self.longest;
        let bytes = self.buffers.get(begin..begin + usize::try_from(header.msg_len).ok()?)?;
        Some((bytes, self.answers.get_mut(place)?))
    }

    pub(super) fn send(&mut self, socket: &UdpSocket) -> usize {
        let mut filled = 0;
        let answers = self.answers.iter_mut().zip(&mut self.names).zip(&self.headers).take(self.received);
        let waiting = answers.filter(|((answer, _), _)| !answer.is_empty());
        for (((answer, name), asked), (header, piece)) in waiting.zip(self.outgoing.iter_mut().zip(&mut self.outgoing_pieces)) {
            piece.iov_base = answer.as_mut_ptr().cast();
            piece.iov_len = answer.len();
            header.msg_hdr.msg_name = ptr::from_mut(name).cast();
            header.msg_hdr.msg_namelen = asked.msg_hdr.msg_namelen;
            filled += 1;
        }
        let (mut next, mut sent) = (0, 0);
        while let Some(waiting) = self.outgoing.get_mut(next..filled).filter(|waiting| !waiting.is_empty()) {
            let count = libc::c_uint::try_from(waiting.len()).unwrap_or(libc::c_uint::MAX);
            // SAFETY: the headers are `count` valid ones; each names an answer and an address of this batch with their true lengths, all of
            // which stay as they are until the call returns.
            let taken = unsafe { libc::sendmmsg(socket.as_raw_fd(), waiting.as_mut_ptr(), count, 0) };
            match usize::try_from(taken) {
                Ok(taken) => {
                    next += taken.max(1);
                    sent += taken;
                }
                Err(_) if io::Error::last_os_error().kind() == ErrorKind::Interrupted => {}
                // The first of them could not be sent: the others may still.
                Err(_) => next += 1,
            }
        }
        sent
    }
}
