//! Hands the listening ports of a running proxy to its successor, so that a new version takes every new connection while the old one keeps
//! its tunnels to their end.
//!
//! The very sockets are handed over (`SCM_RIGHTS` on a Unix socket), not the port number: connections that the kernel has taken and no
//! process has fetched yet belong to the socket and are served by whoever holds it. With `SO_REUSEPORT` those that wait at the old process
//! when it closes would be lost. The old process stops listening only when the new one says that it serves; if the new one dies before,
//! nothing has changed.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

/// Most sockets that are handed over.
const MOST: usize = 16;
/// How long the other side may take for a step.
const PATIENCE: Duration = Duration::from_secs(30);

const SOCKETS: &[u8] = b"S";
const SERVING: &[u8] = b"R";

/// The sockets of the process that serves now, and the wire on which it waits to hear that we serve.
pub struct Inheritance {
    /// The listening sockets.
    pub listeners: Vec<TcpListener>,
    predecessor: UnixStream,
}

/// Asks the process that waits at `path` for its sockets. `None` when none waits there.
///
/// # Errors
/// If one waits there and does not hand over what it should.
pub fn inherit(path: &Path) -> io::Result<Option<Inheritance>> {
    let predecessor = match UnixStream::connect(path) {
        Ok(stream) => stream,
        // Nothing there, or a file left by a process that is gone.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => return Ok(None),
        Err(error) => return Err(error),
    };
    predecessor.set_read_timeout(Some(PATIENCE))?;
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut said = [0];
    let received = recvmsg(&predecessor, &mut [IoSliceMut::new(&mut said)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let mut listeners = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(sockets) = message {
            listeners.extend(sockets.map(TcpListener::from));
        }
    }
    if received.bytes != 1 || said != SOCKETS || listeners.is_empty() {
        return Err(io::Error::other("the running process handed nothing over"));
    }
    Ok(Some(Inheritance { listeners, predecessor }))
}

impl Inheritance {
    /// Tells the predecessor that we serve: from now on it takes no connection more.
    ///
    /// # Errors
    /// If it can no longer be told; it then goes on serving beside us until it is stopped.
    pub fn serving(mut self) -> io::Result<()> {
        self.predecessor.write_all(SERVING)
    }
}

/// Waits for a successor.
pub struct Heirloom {
    waiting: UnixListener,
    path: PathBuf,
}

impl Heirloom {
    /// Waits at `path`, which only this user may reach; what a process that is gone left there is replaced.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn wait_at(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            chassis::files::make_private_folder(folder)?;
        }
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let waiting = UnixListener::bind(path)?;
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        Ok(Self { waiting, path: path.to_owned() })
    }

    /// Blocks until a successor serves on the sockets it was handed. Those that ask and do not get so far are waited for no longer.
    ///
    /// # Errors
    /// When no successor can be waited for any more.
    pub fn hand_over(&self, listeners: &[TcpListener]) -> io::Result<()> {
        loop {
            let (mut successor, _) = self.waiting.accept()?;
            match hand(&mut successor, listeners) {
                Ok(()) => return Ok(()),
                Err(error) => tracing::warn!(%error, "a process asked for the ports and did not take them"),
            }
        }
    }

    /// The path at which is waited.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn hand(successor: &mut UnixStream, listeners: &[TcpListener]) -> io::Result<()> {
    successor.set_read_timeout(Some(PATIENCE))?;
    let sockets: Vec<_> = listeners.iter().take(MOST).map(AsFd::as_fd).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(&sockets)) {
        return Err(io::Error::other("too many sockets"));
    }
    sendmsg(&successor, &[IoSlice::new(SOCKETS)], &mut control, SendFlags::empty())?;
    let mut said = [0];
    successor.read_exact(&mut said)?;
    if said == SERVING { Ok(()) } else { Err(io::Error::other("an unexpected word")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_successor_that_dies_changes_nothing_and_the_next_one_gets_the_waiting_connection() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run").join("proxy.sock");
        assert!(inherit(&path).unwrap().is_none());
        let heirloom = Heirloom::wait_at(&path).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let old = std::thread::spawn(move || heirloom.hand_over(&[listener]).map(|()| heirloom));
        drop(inherit(&path).unwrap().unwrap());
        let mut inheritance = inherit(&path).unwrap().unwrap();
        // Connected before the new process serves: it waits in the socket itself.
        let _waiting = std::net::TcpStream::connect(address).unwrap();
        let ours = inheritance.listeners.pop().unwrap();
        inheritance.serving().unwrap();
        let heirloom = old.join().unwrap().unwrap();
        assert_eq!(ours.local_addr().unwrap(), address);
        ours.accept().unwrap();
        // Another waits at the same path in place of the old one.
        drop(heirloom);
        assert!(inherit(&path).unwrap().is_none());
        Heirloom::wait_at(&path).unwrap();
    }
}
