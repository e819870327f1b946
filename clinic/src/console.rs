//! The clinic's console (コンソール): pages on this machine alone, with one big button that has the doctor look, the routers' recipes, and the support desk.
//!
//! It listens on the loopback only, works without a script, and does nothing that a page of another site asks for.

mod guard;
mod pages;

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chassis::clock::{self, Clock};
use chassis::random;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::Timestamp;
use recipes::page::{self as recipe, Fields, MAX_FORM, Places};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use guard::Asked;

/// At most so many connections at one time: one person looks at it.
const CONNECTIONS: usize = 32;
/// A request's head must come within this time, and its form within the same.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest address in bytes.
const MAX_ADDRESS: usize = 4 * 1024;

/// Looks, and gives the report as a page.
pub type Look = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = String> + Send>> + Send + Sync>;

/// The console. Cheap to clone.
#[derive(Clone)]
pub struct Console {
    inner: Arc<Inner>,
}

struct Inner {
    look: Look,
    clock: Clock,
    /// As long as a look may take.
    deadline: Duration,
    /// Stands in our own forms, so that no other page can send them.
    token: String,
    state: Mutex<State>,
}

/// What the button has done.
#[derive(Clone, Default)]
enum State {
    #[default]
    Idle,
    Looking {
        since: Timestamp,
    },
    Done {
        at: Timestamp,
        report: Arc<str>,
    },
}

impl Console {
    /// A console whose button does `look`, which takes at most `deadline`.
    ///
    /// # Errors
    /// If the machine gives no random numbers.
    pub fn new(look: Look, deadline: Duration, clock: Clock) -> std::io::Result<Self> {
        let token = random::text(24, random::READABLE).map_err(std::io::Error::other)?;
        Ok(Self { inner: Arc::new(Inner { look, clock, deadline, token, state: Mutex::default() }) })
    }

    /// A listener on the loopback; port 0 is any free one.
    ///
    /// # Errors
    /// If the port is taken.
    pub async fn listen(port: u16) -> std::io::Result<TcpListener> {
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
    }

    /// Serves until it is dropped.
    pub async fn serve(self, listener: TcpListener) {
        let Ok(address) = listener.local_addr() else { return };
        let room = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let Ok(seat) = room.clone().acquire_owned().await else { return };
            let Ok((stream, from)) = listener.accept().await else { continue };
            let console = self.clone();
            tokio::spawn(async move {
                let answer = service_fn(move |request| {
                    let console = console.clone();
                    async move { Ok::<_, std::convert::Infallible>(console.answer(request, address, from).await) }
                });
                let mut server = hyper::server::conn::http1::Builder::new();
                server.timer(TokioTimer::new()).header_read_timeout(PATIENCE).max_buf_size(16 * 1024);
                if let Err(error) = server.serve_connection(TokioIo::new(stream), answer).await {
                    tracing::debug!(%error, "a connection to the console ended");
                }
                drop(seat);
            });
        }
    }

    async fn answer(&self, request: Request<Incoming>, address: SocketAddr, from: SocketAddr) -> Response<Full<Bytes>> {
        let asked = Asked::of(request.method(), request.headers(), address.port());
        if !from.ip().is_loopback() || request.uri().to_string().len() > MAX_ADDRESS || !asked.may_come_in() {
            return page(StatusCode::FORBIDDEN, &pages::refused());
        }
        let (path, question) = (request.uri().path().to_owned(), request.uri().query().unwrap_or_default().to_owned());
        match (request.method().clone(), path.as_str()) {
            (Method::GET, "/") => page(StatusCode::OK, &self.start()),
            (Method::GET, pages::STYLE) => answer(StatusCode::OK, "text/css; charset=utf-8", chassis::style::STYLE.to_owned()),
            (Method::GET, pages::PROGRESS) => self.progress(),
            (Method::GET, pages::REPORT) => self.report(),
            (Method::GET, pages::ROUTER) => {
                page(StatusCode::OK, &pages::framed("ルーターの設定", &recipe::recipe(&fields(question.as_bytes()), self.places())))
            }
            (Method::GET, pages::FAQ) => {
                page(StatusCode::OK, &pages::questions(fields(question.as_bytes()).get("words").map_or("", String::as_str)))
            }
            (Method::POST, pages::LOOK | pages::LINT) => self.sent(request, &path, &asked).await,
            _ => page(StatusCode::NOT_FOUND, &pages::nowhere()),
        }
    }

    /// A form: of our own page, and of a size.
    async fn sent(&self, request: Request<Incoming>, path: &str, asked: &Asked) -> Response<Full<Bytes>> {
        let body = tokio::time::timeout(PATIENCE, Limited::new(request.into_body(), MAX_FORM).collect()).await;
        let Ok(Ok(body)) = body else { return page(StatusCode::PAYLOAD_TOO_LARGE, &pages::refused()) };
        let fields = fields(&body.to_bytes());
        let token = fields.get(pages::TOKEN).map(String::as_str).unwrap_or_default();
        if !asked.may_change(token, &self.inner.token) {
            return page(StatusCode::FORBIDDEN, &pages::refused());
        }
        if path == pages::LINT {
            return page(StatusCode::OK, &pages::framed("設定を調べた結果", &recipe::linted(&fields, self.places())));
        }
        self.begin();
        goes(pages::PROGRESS)
    }

    fn places(&self) -> Places<'_> {
        Places { page: pages::ROUTER, lint: pages::LINT, hidden: Some((pages::TOKEN, &self.inner.token)) }
    }

    /// Begins to look, unless it looks already: a button that is pressed twice looks once.
    fn begin(&self) {
        let mut state = self.state();
        if matches!(*state, State::Looking { .. }) {
            return;
        }
        *state = State::Looking { since: self.inner.clock.now() };
        let console = self.clone();
        tokio::spawn(async move {
            // A look that dies is over too.
            let report = tokio::spawn((console.inner.look)()).await.unwrap_or_else(|_| pages::could_not_look());
            *console.state() = State::Done { at: console.inner.clock.now(), report: report.into() };
        });
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&self) -> String {
        let last = match &*self.state() {
            State::Done { at, .. } => Some(clock::japan(*at)),
            State::Idle | State::Looking { .. } => None,
        };
        pages::start(&self.inner.token, last, clock::japan(self.inner.clock.now()))
    }

    fn progress(&self) -> Response<Full<Bytes>> {
        let state = self.state().clone();
        match state {
            State::Idle => goes("/"),
            State::Done { .. } => goes(pages::REPORT),
            State::Looking { since } => {
                let gone = self.inner.clock.now().duration_since(since);
                page(StatusCode::OK, &pages::progress(gone, self.inner.deadline))
            }
        }
    }

    fn report(&self) -> Response<Full<Bytes>> {
        let state = self.state().clone();
        match state {
            State::Idle => goes("/"),
            State::Looking { .. } => goes(pages::PROGRESS),
            State::Done { report, .. } => page(StatusCode::OK, &pages::with_a_way_back(&report)),
        }
    }
}

/// A form's fields, or a question's.
fn fields(bytes: &[u8]) -> Fields {
    form_urlencoded::parse(bytes).map(|(name, value)| (name.into_owned(), value.into_owned())).take(100).collect()
}

fn page(status: StatusCode, html: &str) -> Response<Full<Bytes>> {
    answer(status, "text/html; charset=utf-8", html.to_owned())
}

fn goes(path: &'static str) -> Response<Full<Bytes>> {
    let mut response = answer(StatusCode::SEE_OTHER, "text/plain; charset=utf-8", String::new());
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static(path));
    response
}

fn answer(status: StatusCode, kind: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    harden(response.headers_mut(), kind);
    response
}

/// Nothing foreign is let in, nobody frames the pages, nothing of them is kept. The doctor's report carries its style within itself.
fn harden(headers: &mut HeaderMap, kind: &'static str) {
    const POLICY: &str =
        "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests;
