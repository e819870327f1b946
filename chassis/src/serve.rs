//! Listens on one HTTPS port for many hosts, hands each request to its host's routes, and stops without dropping a request.

mod leftover;
mod plain;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{Request, StatusCode, header};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use rustls::pki_types::TrustAnchor;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::LazyConfigAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tracing::Instrument;

use crate::clock::{self, Clock};
use crate::incident;
use crate::tls::{self, ByName, PeerCertificate};
use leftover::Leftover;

pub use plain::{PlainDoor, open_plain};

/// Who is calling, and through which door: an extension of every request.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The source address (an IPv4 address is never written as IPv6).
    pub address: IpAddr,
    /// The host's own name, also when it was called by another of its names.
    pub host: Arc<str>,
    /// What the caller showed of itself.
    pub certificate: PeerCertificate,
}

/// How much and how long a stranger may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Seconds for the TLS handshake.
    pub handshake_seconds: u64,
    /// Seconds for a request's header, and of silence between requests of a kept-open connection.
    pub header_seconds: u64,
    /// Seconds for a whole request, answer included.
    pub request_seconds: u64,
    /// Connections at one time.
    pub connections: usize,
    /// Seconds that running requests get when the program stops.
    pub grace_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { handshake_seconds: 10, header_seconds: 75, request_seconds: 120, connections: 10_000, grace_seconds: 20 }
    }
}

/// Found among a request's extensions: by it a handler that knows its caller lets the request take longer than strangers' requests may.
#[derive(Clone, Debug, Default)]
pub struct Patience(Arc<AtomicBool>);

impl Patience {
    /// From here on the request may take as long as it takes; the handler sees to it that it does not take forever.
    pub fn grant(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// One HTTPS port and what stands behind it.
pub struct Doors {
    /// The TLS side by name.
    pub names: ByName,
    /// The routes by a host's own name.
    pub routes: HashMap<Arc<str>, Router>,
    /// The roots of client certificates.
    pub client_roots: Vec<TrustAnchor<'static>>,
    /// The limits for strangers.
    pub limits: Limits,
    /// The clock certificates are judged by.
    pub clock: Clock,
}

/// A port that is open; dropping it does not close it, [`Running::stop`] does.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    /// Takes no more connections, lets running requests finish within the grace time, and returns.
    pub async fn stop(self) {
        self.stop.cancel();
        // The task ends by itself; a panic in it was already logged.
        let _ended = self.task.await;
    }
}

/// Opens the doors on `listener`.
///
/// # Errors
/// If the listener has no address.
pub fn open(listener: TcpListener, doors: Doors) -> std::io::Result<Running> {
    let address = listener.local_addr()?;
    let stop = CancellationToken::new();
    let (limits, doors) = (doors.limits, Arc::new(doors));
    let each = move |stream, peer, stop| connection(stream, peer, Arc::clone(&doors), stop);
    let task = tokio::spawn(accept(listener, limits, each, stop.clone()));
    Ok(Running { address, stop, task })
}

/// Takes connections, so many at one time, and has `each` serve them, until it is asked to stop.
async fn accept<F>(
    listener: TcpListener,
    limits: Limits,
    each: impl Fn(TcpStream, SocketAddr, CancellationToken) -> F,
    stop: CancellationToken,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(limits.connections));
    loop {
        let place = tokio::select! {
            () = stop.cancelled() => break,
            place = Arc::clone(&places).acquire_owned() => place,
        };
        let Ok(place) = place else { break };
        let stream = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => (stream, peer),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be taken");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        let served = each(stream.0, stream.1, stop.clone());
        tokio::spawn(async move {
            let _held_until_the_connection_ends = (place, Counted::one());
            served.await;
        });
    }
    drop(listener);
    let grace = Duration::from_secs(limits.grace_seconds);
    // Each connection was told to end and gives its place back when it has.
    let all = u32::try_from(limits.connections).unwrap_or(u32::MAX);
    let _finished_in_time = tokio::time::timeout(grace, places.acquire_many(all)).await;
}

/// A connection among those that are open, as long as it lives.
struct Counted;

impl Counted {
    fn one() -> Self {
        metrics::gauge!("onshi_connections").increment(1.0);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        metrics::gauge!("onshi_connections").decrement(1.0);
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, doors: Arc<Doors>, stop: CancellationToken) {
    let _small_answers_leave_at_once = stream.set_nodelay(true);
    let limit = Duration::from_secs(doors.limits.handshake_seconds);
    let shaken = tokio::select! {
        () = stop.cancelled() => return,
        shaken = tokio::time::timeout(limit, handshake(stream, &doors)) => shaken,
    };
    let (stream, host) = match shaken {
        Ok(Ok(ready)) => ready,
        Ok(Err(error)) => {
            tracing::debug!(%error, "a handshake failed");
            metrics::counter!("onshi_handshakes_failed_total").increment(1);
            return;
        }
        Err(_late) => {
            metrics::counter!("onshi_handshakes_failed_total").increment(1);
            return;
        }
    };
    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let certificate = tls::judge(chain, &doors.client_roots, doors.clock.now());
    let caller = Caller { address: peer.ip().to_canonical(), host, certificate };
    let limits = doors.limits;
    let answering = move |request: Request<Incoming>| {
        let (doors, caller) = (Arc::clone(&doors), caller.clone());
        async move { answer(&doors, caller, request).await }
    };
    converse(stream, answering, limits, stop).await;
}

/// Serves the requests of one connection until either side ends it.
async fn converse<F>(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    answering: impl Fn(Request<Incoming>) -> F + Send + 'static,
    limits: Limits,
    stop: CancellationToken,
) where
    F: Future<Output = Response> + Send + 'static,
{
    let service = hyper::service::service_fn(move |request| {
        let answered = answering(request);
        async move { Ok::<_, std::convert::Infallible>(answered.await) }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    let silence = Duration::from_secs(limits.header_seconds);
    builder.http1().timer(TokioTimer::new()).header_read_timeout(silence).max_buf_size(64 * 1024);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(silence))
        .keep_alive_timeout(silence)
        .max_concurrent_streams(128)
        .max_header_list_size(64 * 1024);
    let serving = builder.serve_connection(TokioIo::new(stream), service).into_owned();
    tokio::pin!(serving);
    let served = tokio::select! {
        served = &mut serving => served,
        () = stop.cancelled() => {
            // Its caller is told to take the next request elsewhere; running ones are answered.
            serving.as_mut().graceful_shutdown();
            let grace = Duration::from_secs(limits.grace_seconds);
            tokio::time::timeout(grace, serving).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended early");
    }
}

type TlsStream = tokio_rustls::server::TlsStream<TcpStream>;

async fn handshake(stream: TcpStream, doors: &Doors) -> std::io::Result<(TlsStream, Arc<str>)> {
    let hello = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream).await?;
    let asked = hello.client_hello().server_name().map(ToOwned::to_owned);
    let (host, config) = doors.names.find(asked.as_deref()).ok_or_else(|| std::io::Error::other("no host is served here"))?;
    Ok((hello.into_stream(config).await?, host))
}

async fn answer(doors: &Doors, caller: Caller, request: Request<Incoming>) -> Response {
    let host = Arc::clone(&caller.host);
    let mut response = measured(host, doors.limits, request, |request| route(doors, caller, request)).await;
    // The server writes the machine's time by itself; callers hold theirs against ours.
    if doors.clock.is_driven()
        && let Ok(date) = clock::http_date(doors.clock.now()).parse()
    {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

/// Answers one request within its time, and measures it.
async fn measured<F: Future<Output = Response>>(
    host: Arc<str>,
    limits: Limits,
    mut request: Request<Incoming>,
    route: impl FnOnce(Request<Incoming>) -> F,
) -> Response {
    let begun = clock::instant();
    let limit = Duration::from_secs(limits.request_seconds);
    let span = tracing::debug_span!("request", host = %host, status = tracing::field::Empty);
    let patience = Patience::default();
    request.extensions_mut().insert(patience.clone());
    let mut work = std::pin::pin!(route(request).instrument(span.clone()));
    let response = match tokio::time::timeout(limit, &mut work).await {
        Ok(response) => response,
        Err(_late) if patience.0.load(Ordering::Relaxed) => work.await,
        Err(_late) => refused(StatusCode::SERVICE_UNAVAILABLE, "時間内に処理できませんでした。少し待って、もう一度お試しください。"),
    };
    span.record("status", response.status().as_u16());
    metrics::histogram!("onshi_request_seconds", "host" => host, "status" => class(response.status()))
        .record(begun.elapsed().as_secs_f64());
    response
}

/// The hundred of a status: a label with few values that costs no allocation.
fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        ..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}

async fn route(doors: &Doors, caller: Caller, request: Request<Incoming>) -> Response {
    let named = request.uri().authority().map(|authority| authority.host().to_owned()).or_else(|| {
        let value = request.headers().get(header::HOST)?.to_str().ok()?;
        Some(value.rsplit_once(':').map_or(value, |(name, _)| name).to_owned())
    });
    let same = named.as_deref().and_then(|name| doors.names.own_name(name)).is_some_and(|own| *own == caller.host);
    let Some(routes) = doors.routes.get(&caller.host).filter(|_| same) else {
        // The handshake was for one host and the request for another, or for none of ours: the caller must connect anew.
        drop(Leftover::of(request.into_body()));
        return refused(StatusCode::MISDIRECTED_REQUEST, "この名前の窓口はここにはありません。宛先の名前を確かめてください。");
    };
    hand_over(routes.clone(), caller, request).await
}

async fn hand_over(routes: Router, caller: Caller, request: Request<Incoming>) -> Response {
    let (mut parts, body) = request.into_parts();
    parts.extensions.insert(caller);
    match routes.oneshot(Request::from_parts(parts, Body::new(Leftover::of(body)))).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

fn refused(status: StatusCode, message: &str) -> Response {
    let incident = incident::number();
    tracing::info!(%incident, status = status.as_u16(), "refused before any door");
    let body = serde_json::json!({ "message": message, "incident": incident });
    (status, [(header::CONTENT_TYPE, "application/json;charset=UTF-8")], body.to_string()).into_response()
}
