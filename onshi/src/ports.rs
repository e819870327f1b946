//! Takes ports, and says in words why one cannot be had.

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket};

/// Takes a port and listens on it, with words for the usual mistakes.
pub(crate) async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    listen(reserve(address)?, address)
}

/// Takes a port that nobody can connect to yet: balancers pass a copy over until it can answer.
pub(crate) fn reserve(address: SocketAddr) -> anyhow::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    let bound = socket.and_then(|socket| {
        // So that the port can be taken again at once after a crash. Windows means something else by it.
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        Ok(socket)
    });
    bound.map_err(|error| unusable(address, error))
}

/// Lets callers in at a port that was taken.
pub(crate) fn listen(socket: TcpSocket, address: SocketAddr) -> anyhow::Result<TcpListener> {
    socket.listen(1024).map_err(|error| unusable(address, error))
}

fn unusable(address: SocketAddr, error: std::io::Error) -> anyhow::Error {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            anyhow::anyhow!(
                "ポート {} はほかのプログラムが使っています。別のポートを選んでください（onshi up では --port）。",
                address.port()
            )
        }
        std::io::ErrorKind::PermissionDenied => {
            anyhow::anyhow!(
                "ポート {} を開く権限がありません。1024 以上のポートを選ぶか、権限のある利用者で実行してください。",
                address.port()
            )
        }
        _ => anyhow::Error::new(error).context(format!("{address} を開けません")),
    }
}
