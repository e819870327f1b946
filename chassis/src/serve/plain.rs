//! Serves one host without encryption, under the same limits: what is signed in itself and must be had before any certificate can be judged.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use hyper::body::Incoming;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::{Caller, Limits, Running, accept, converse, hand_over, measured};
use crate::tls::PeerCertificate;

/// One plain HTTP port and what stands behind it.
pub struct PlainDoor {
    /// The host's own name, whatever name it is called by.
    pub host: Arc<str>,
    /// Its routes.
    pub routes: Router,
    /// The limits for strangers.
    pub limits: Limits,
}

/// Opens the door on `listener`.
///
/// # Errors
/// If the listener has no address.
pub fn open_plain(listener: TcpListener, door: PlainDoor) -> std::io::Result<Running> {
    let address = listener.local_addr()?;
    let stop = CancellationToken::new();
    let (limits, door) = (door.limits, Arc::new(door));
    let each = move |stream, peer, stop| connection(stream, peer, Arc::clone(&door), stop);
    let task = tokio::spawn(accept(listener, limits, each, stop.clone()));
    Ok(Running { address, stop, task })
}

async fn connection(stream: TcpStream, peer: SocketAddr, door: Arc<PlainDoor>, stop: CancellationToken) {
    let _small_answers_leave_at_once = stream.set_nodelay(true);
    let caller = Caller { address: peer.ip().to_canonical(), host: Arc::clone(&door.host), certificate: PeerCertificate::Absent };
    let limits = door.limits;
    let answering = move |request: http::Request<Incoming>| {
        let (door, caller) = (Arc::clone(&door), caller.clone());
        async move {
            let host = Arc::clone(&door.host);
            measured(host, door.limits, request, |request| hand_over(door.routes.clone(), caller, request)).await
        }
    };
    converse(stream, answering, limits, stop).await;
}
