//! Lets a listening socket hand over connections together with what their callers say first.

#![cfg_attr(target_os = "linux", allow(unsafe_code, reason = "the option is set by a call for which no safe one exists"))]

use std::io;
use std::net::TcpListener;

/// From now on a caller's connection is handed over when its first bytes are there, or when it has been silent for about `patience`
/// seconds: whoever waits for a request is woken once instead of twice. Where the system knows no such thing, connections come at once.
///
/// # Errors
/// What the operating system says.
#[cfg(target_os = "linux")]
pub fn once_they_speak(listener: &TcpListener, patience: u16) -> io::Result<()> {
    use std::os::fd::AsRawFd;

    let seconds = libc::c_int::from(patience);
    let length = libc::socklen_t::try_from(size_of_val(&seconds)).map_err(io::Error::other)?;
    // SAFETY: the socket is open as long as `listener` lives, and the value is one `int` that lives until the call returns.
    let done =
        unsafe { libc::setsockopt(listener.as_raw_fd(), libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT, (&raw const seconds).cast(), length) };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// As on Linux, but this system hands connections over at once.
///
/// # Errors
/// None here.
#[cfg(not(target_os = "linux"))]
pub fn once_they_speak(_: &TcpListener, _: u16) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn a_connection_comes_with_its_first_bytes() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        once_they_speak(&listener, 30).unwrap();
        let mut silent = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut speaking = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        speaking.write_all(b"hello").unwrap();
        let (mut first, from) = listener.accept().unwrap();
        assert_eq!(from, speaking.local_addr().unwrap(), "the silent one came earlier and waits");
        let mut heard = [0; 5];
        first.read_exact(&mut heard).unwrap();
        silent.write_all(b"me too").unwrap();
        assert_eq!(listener.accept().unwrap().1, silent.local_addr().unwrap());
    }
}
