//! Lets clinics reach the hosts of the list and nothing else, outside of closures.
//!
//! Every line that is admitted may ask (PX-05: without a log-in); what it may reach stands in [`manuals::proxy`]; when the proxy is closed
//! comes with the registry's snapshot (PX-10).

pub mod address;
mod config;
mod fetch;
mod figures;
#[cfg(unix)]
pub mod handover;
pub mod reach;
mod refuse;
pub mod rules;
pub mod settings;
pub mod share;
pub mod target;
pub mod tunnel;

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr, TcpListener as Listener};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use chassis::clock::Clock;
use http::{Method, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use ipnet::IpNet;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

pub use config::{Config, Further};

use crate::snapshot::Latest;
use fetch::Passage;
use figures::Figures;
use reach::Reach;
use refuse::Asked;
use rules::{AllowList, Decision, Situated};
use share::{Gate, NoPlace, Place, Places};
use target::Target;
use tunnel::{Buffers, Tunnel};

/// Largest head of a request, in bytes.
const LONGEST_HEAD: usize = 32 * 1024;
/// Shorter than any time limit of a connection.
const TICK: Duration = Duration::from_millis(500);
/// Seconds that a connection waits for its caller's first bytes before it is taken without.
const SPEAKS_WITHIN: u16 = 1;
/// Connections that are only told that their line has too many.
const CROWD: usize = 64;

/// The forward proxy, before it serves.
pub struct Proxy {
    config: Config,
    list: AllowList,
    latest: Latest,
    clock: Clock,
    reach: Reach,
    figures: Figures,
    buffers: Buffers,
    gate: Arc<Gate>,
    places: Arc<Places>,
    crowd: Arc<Semaphore>,
    own: Router,
    /// No more connections; those that are idle end.
    closing: CancellationToken,
    work: TaskTracker,
}

/// What a connection holds while it lives.
enum Seat {
    Place(Place),
    /// One of the few places for those who are told that they have too many.
    Crowd(IpNet, #[allow(dead_code, reason = "held, not read")] OwnedSemaphorePermit),
}

impl Seat {
    fn line(&self) -> IpNet {
        match self {
            Self::Place(place) => place.line(),
            Self::Crowd(line, _) => *line,
        }
    }
}

/// A proxy that serves.
pub struct Running {
    /// Where it listens.
    pub addresses: Vec<SocketAddr>,
    proxy: Arc<Proxy>,
    listeners: Vec<Listener>,
    /// Everything ends at once.
    ending: CancellationToken,
    threads: Vec<oneshot::Receiver<()>>,
    gate: tokio::task::JoinHandle<()>,
}

impl Proxy {
    /// A proxy that knows what `latest` brings.
    #[must_use]
    pub fn new(config: Config, latest: Latest, clock: Clock) -> Self {
        let patience = Duration::from_secs(config.connect_seconds.max(1));
        Self {
            list: AllowList::new(&config),
            reach: Reach::new(&config.hosts, patience),
            figures: Figures::new(),
            buffers: Buffers::default(),
            gate: Gate::new(config.bytes_per_second),
            places: Places::new(config.connections, config.connections_per_line),
            crowd: Arc::new(Semaphore::new(CROWD)),
            own: settings::routes(latest.clone(), clock.clone()),
            closing: CancellationToken::new(),
            work: TaskTracker::new(),
            config,
            latest,
            clock,
        }
    }

    /// Serves on sockets that listen already, in threads of its own.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn serve(self, listeners: Vec<Listener>) -> std::io::Result<Running> {
        let proxy = Arc::new(self);
        let ending = CancellationToken::new();
        let addresses = listeners.iter().map(Listener::local_addr).collect::<Result<_, _>>()?;
        let mut threads = Vec::new();
        for number in 0..proxy.config.threads.max(1) {
            let own = listeners.iter().map(Listener::try_clone).collect::<Result<Vec<_>, _>>()?;
            own.iter().try_for_each(|listener| listener.set_nonblocking(true))?;
            // Small answers leave at once: connections take this over from the socket that they came to.
            own.iter().try_for_each(|listener| socket2::SockRef::from(listener).set_tcp_nodelay(true))?;
            // A caller's first bytes are its request: whoever says nothing wakes nobody.
            own.iter().try_for_each(|listener| os::accepting::once_they_speak(listener, SPEAKS_WITHIN))?;
            // One runtime a thread: a tunnel's two ends never wake another thread.
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let (ended, end) = oneshot::channel();
            let (proxy, ending) = (Arc::clone(&proxy), ending.clone());
            std::thread::Builder::new().name(format!("proxy-{number}")).spawn(move || {
                runtime.block_on(async {
                    tokio::select! {
                        () = ending.cancelled() => {}
                        () = proxy.accept_all(own) => {}
                        () = tick() => {}
                    }
                });
                runtime.shutdown_background();
                // Nobody waits any more when the program ends in another way.
                let _told = ended.send(());
            })?;
            threads.push(end);
        }
        let gate = tokio::spawn(Arc::clone(&proxy.gate).work());
        Ok(Running { addresses, proxy, listeners, ending, threads, gate })
    }

    /// Takes connections until told to take no more, then waits for those that are open.
    async fn accept_all(self: &Arc<Self>, listeners: Vec<Listener>) {
        let accepting = listeners.into_iter().filter_map(|listener| {
            let listener =
                TcpListener::from_std(listener).inspect_err(|error| tracing::error!(%error, "a socket cannot be served")).ok()?;
            Some(Arc::clone(self).accept(listener))
        });
        futures_util::future::join_all(accepting).await;
        self.work.close();
        self.work.wait().await;
    }

    async fn accept(self: Arc<Self>, listener: TcpListener) {
        loop {
            let accepted = tokio::select! {
                () = self.closing.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be taken");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let line = rules::counted_for(self.latest.borrow().as_deref(), peer.ip());
            let seat = match self.places.take(line) {
                Ok(place) => Seat::Place(place),
                Err(full) => match Arc::clone(&self.crowd).try_acquire_owned() {
                    Ok(permit) if full == NoPlace::Line => Seat::Crowd(line, permit),
                    _ => {
                        metrics::counter!("onshi_proxy_turned_away_total").increment(1);
                        continue;
                    }
                },
            };
            let proxy = Arc::clone(&self);
            self.work.spawn(async move { proxy.connection(stream, peer.ip().to_canonical(), Arc::new(seat)).await });
        }
    }

    async fn connection(self: Arc<Self>, stream: TcpStream, caller: IpAddr, seat: Arc<Seat>) {
        #[cfg(not(target_os = "linux"))]
        let _small_answers_leave_at_once = stream.set_nodelay(true);
        let crowded = matches!(*seat, Seat::Crowd(..));
        let service = hyper::service::service_fn(|request| {
            let (proxy, seat) = (Arc::clone(&self), Arc::clone(&seat));
            async move { Ok::<_, Infallible>(proxy.answer(caller, seat, request).await) }
        });
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(self.config.header_seconds.max(1)));
        builder.max_buf_size(LONGEST_HEAD).keep_alive(!crowded);
        let serving = builder.serve_connection(TokioIo::new(stream), service).with_upgrades();
        tokio::pin!(serving);
        let served = tokio::select! {
            served = &mut serving => served,
            () = self.closing.cancelled() => {
                serving.as_mut().graceful_shutdown();
                serving.await
            }
        };
        if let Err(error) = served {
            tracing::debug!(%error, "a connection ended early");
        }
    }

    async fn answer(self: Arc<Self>, caller: IpAddr, seat: Arc<Seat>, request: Request<Incoming>) -> Response {
        let now = self.clock.now();
        let view = self.latest.borrow().clone();
        let crowded = matches!(*seat, Seat::Crowd(..));
        let known = Situated { list: &self.list, view: view.as_deref(), caller, crowded, now };
        let decision = rules::decide(request.method(), request.uri(), &known);
        self.figures.decided(&decision);
        match decision {
            Decision::Own => self.own_page(request).await,
            Decision::Refuse(refusal) => {
                // The style of a page that was shown in place of a stranger's is asked for under the stranger's name.
                if request.method() == Method::GET && request.uri().path().starts_with("/assets/") {
                    return self.own_page(request).await;
                }
                refuse::refused(&refusal, &Asked { caller, request: &request, now })
            }
            Decision::Tunnel { target, private } => match self.reach.connect(&target, private).await {
                Ok(host) => self.open_tunnel(request, host, seat, target),
                Err(error) => refuse::unreached(&error, &Asked { caller, request: &request, now }),
            },
            Decision::Fetch { target, private } => {
                let idle = Duration::from_secs(self.config.idle_seconds.max(1));
                let passage = Passage { line: seat.line(), gate: Arc::clone(&self.gate), idle };
                let onward = fetch::onward(&request);
                let fetched = match self.reach.connect(&target, private).await {
                    Ok(host) => fetch::fetch(onward, host, passage).await,
                    Err(error) => Err(error),
                };
                fetched.unwrap_or_else(|error| refuse::unreached(&error, &Asked { caller, request: &request, now }))
            }
        }
    }

    async fn own_page(&self, request: Request<Incoming>) -> Response {
        match self.own.clone().oneshot(request.map(Body::new)).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    /// Answers 200 and carries bytes once that answer has left.
    fn open_tunnel(self: Arc<Self>, request: Request<Incoming>, host: TcpStream, seat: Arc<Seat>, target: Target) -> Response {
        let _small_pieces_leave_at_once = host.set_nodelay(true);
        let upgraded = hyper::upgrade::on(request);
        let work = self.work.clone();
        work.spawn(async move {
            let Ok(upgraded) = upgraded.await else { return };
            let Ok(parts) = upgraded.downcast::<TokioIo<TcpStream>>() else { return };
            let idle = Duration::from_secs(self.config.idle_seconds.max(1));
            let tunnel = Tunnel { line: seat.line(), buffers: &self.buffers, gate: &self.gate, idle };
            let open = self.figures.open();
            let carried = tunnel.carry(parts.io.into_inner(), parts.read_buf, host).await;
            drop(open);
            self.figures.carried(carried);
            let Target { host, port } = target;
            tracing::debug!(line = %seat.line(), host, port, up = carried.up, down = carried.down, silent = carried.silent, "a tunnel ended");
        });
        Response::new(Body::empty())
    }
}

/// Wakes the thread now and then, for ever: a timer that is due before all others makes the runtime call the kernel when it is set, and with
/// this one no timer of a connection is.
async fn tick() {
    let mut every = tokio::time::interval(TICK);
    loop {
        every.tick().await;
    }
}

impl Running {
    /// The listening sockets, to be handed to a successor.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn listeners(&self) -> std::io::Result<Vec<Listener>> {
        self.listeners.iter().map(Listener::try_clone).collect()
    }

    /// Connections that are open now.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.proxy.places.taken()
    }

    /// Takes no more connections, gives the open ones so much time, and returns when all have ended.
    pub async fn stop(self, grace: Duration) {
        self.proxy.closing.cancel();
        drop(self.listeners);
        self.proxy.work.close();
        // Those that have not ended by then are cut.
        let _all_ended = tokio::time::timeout(grace, self.proxy.work.wait()).await;
        self.ending.cancel();
        for ended in self.threads {
            // A thread that is gone has ended too.
            let _ended = ended.await;
        }
        self.gate.abort();
    }
}
