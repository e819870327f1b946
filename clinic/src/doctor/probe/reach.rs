//! Opens connections, and says in the recording's words what the operating system said when one could not be opened.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::doctor::recording::Outcome;

/// A connection, or why there is none.
///
/// # Errors
/// [`Outcome::Refused`], [`Outcome::TimedOut`], [`Outcome::Unreachable`] or [`Outcome::Failed`].
pub async fn connect(to: SocketAddr, patience: Duration) -> Result<TcpStream, Outcome> {
    match timeout(patience, TcpStream::connect(to)).await {
        Err(_) => Err(Outcome::TimedOut),
        Ok(Err(error)) => Err(said(&error)),
        Ok(Ok(stream)) => {
            // Questions are small and each waits for its answer; a system that cannot do this only answers later.
            let _kept_waiting = stream.set_nodelay(true);
            Ok(stream)
        }
    }
}

/// The first of several addresses to which a connection stands: they are tried at the same time, the later ones a little later. Also says
/// what came of each.
pub async fn first(to: &[SocketAddr], patience: Duration) -> (Option<(SocketAddr, TcpStream)>, Vec<(SocketAddr, Outcome)>) {
    use futures_util::StreamExt;
    use futures_util::stream::FuturesUnordered;
    let mut under_way: FuturesUnordered<_> = to
        .iter()
        .zip(0_u32..)
        .map(|(address, place)| async move {
            tokio::time::sleep(HEAD_START * place).await;
            (*address, connect(*address, patience).await)
        })
        .collect();
    let mut failed = Vec::new();
    while let Some((address, connected)) = under_way.next().await {
        match connected {
            Ok(stream) => {
                failed.push((address, Outcome::Connected));
                return (Some((address, stream)), failed);
            }
            Err(outcome) => failed.push((address, outcome)),
        }
    }
    (None, failed)
}

/// How much earlier an address is tried than the next one.
const HEAD_START: Duration = Duration::from_millis(250);

/// What an error of the network means for whoever asked.
#[must_use]
pub fn said(error: &io::Error) -> Outcome {
    let why = error.to_string();
    match error.kind() {
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => Outcome::Refused { why },
        ErrorKind::TimedOut => Outcome::TimedOut,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown | ErrorKind::AddrNotAvailable => {
            Outcome::Unreachable { why }
        }
        // A reject rule of a firewall: the system calls it a lack of permission.
        ErrorKind::PermissionDenied => Outcome::Unreachable { why },
        _ => Outcome::Failed { why },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv6Addr;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn a_closed_port_refuses_and_an_open_one_of_several_is_found() {
        let open = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await.unwrap();
        let closed = {
            let gone = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await.unwrap();
            gone.local_addr().unwrap()
        };
        let patience = Duration::from_secs(5);
        assert!(matches!(connect(closed, patience).await, Err(Outcome::Refused { .. })));
        let (found, tried) = first(&[closed, open.local_addr().unwrap()], patience).await;
        assert_eq!(found.map(|(address, _)| address), Some(open.local_addr().unwrap()));
        assert_eq!(tried.len(), 2);
        assert!(first(&[], patience).await.0.is_none());
    }
}
