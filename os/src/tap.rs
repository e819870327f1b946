//! Opens an Ethernet interface whose other end is a file of this process: what the kernel sends there is read, what is written there arrives.

#![allow(unsafe_code, reason = "an interface is asked for by an ioctl, for which no safe call exists")]

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;

/// Where Linux hands out such interfaces.
const DOOR: &str = "/dev/net/tun";

/// Makes the interface `name` in the network namespace of the calling thread. Each read gives one whole frame, and each write sends one;
/// a read without a frame is `WouldBlock`. The interface is gone when the file is closed.
///
/// # Errors
/// What the operating system says: above all that only root may, or that the name is taken or too long (15 bytes).
pub fn open(name: &str) -> io::Result<File> {
    let file = File::options().read(true).write(true).custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC).open(DOOR)?;
    let mut wish = libc::ifreq { ifr_name: [0; libc::IFNAMSIZ], ifr_ifru: libc::__c_anonymous_ifr_ifru { ifru_flags: flags()? } };
    // The last byte stays zero: names are C strings.
    if name.len() >= libc::IFNAMSIZ {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the name of an interface has 15 bytes at most"));
    }
    for (place, byte) in wish.ifr_name.iter_mut().zip(name.bytes()) {
        *place = libc::c_char::from_ne_bytes([byte]);
    }
    // SAFETY: the file is open, TUNSETIFF reads and writes one `ifreq`, and `wish` is one that lives until the call returns.
    let done = unsafe { libc::ioctl(file.as_raw_fd(), libc::TUNSETIFF, &mut wish) };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(file) }
}

/// Whole Ethernet frames, without a header of the driver's own.
fn flags() -> io::Result<libc::c_short> {
    libc::c_short::try_from(libc::IFF_TAP | libc::IFF_NO_PI).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_no_interface_can_have_is_refused() {
        // Without root, the door itself is shut; the name is refused either way.
        assert!(open("sixteen-letters-").is_err());
    }
}
