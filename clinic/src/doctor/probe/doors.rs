//! Knocks at the doors of the network: connection, certificates, and the page behind each, without pressing anything.

use std::net::SocketAddr;
use std::time::Duration;

use chassis::clock::Clock;
use http::Method;
use jiff::Timestamp;
use manuals::Region;
use manuals::hosts::{self, Host};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use wire::line::{CAPTIVE, CAPTIVE_PATH, Captive};
use wire::status::STATUS_PATH;

use super::board::Board;
use super::found::Found;
use super::page::{self, Ask, Heard};
use super::trust::{self, Identity, Trust};
use super::{reach, status};
use crate::doctor::recording::{Outcome, What};

/// How long a connection, a handshake and a page may take each.
pub const PATIENCE: Duration = Duration::from_millis(2500);
/// The line's portal asks the carrier before it answers.
const LINE_PATIENCE: Duration = Duration::from_secs(6);
/// More than one packet of any line.
const MUCH: u32 = 4000;
/// Between the server's whole seconds and this machine's clock so much may lie for no reason, in milliseconds.
const WHOLE_SECOND: i64 = 1000;

/// What every knock needs.
#[derive(Debug)]
pub struct Doors<'a> {
    /// Where everything is written down.
    pub board: &'a Board,
    /// Where the hosts are.
    pub found: &'a Found,
    /// Whom this machine trusts.
    pub trust: Trust,
    /// Its certificate.
    pub identity: Option<Identity>,
    /// Its clock.
    pub clock: Clock,
    /// The areas in which its line may be.
    pub regions: Vec<Region>,
}

impl Doors<'_> {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A connection to a host; what came of each address is written down.
    pub async fn connect(&self, host: &str, port: u16) -> Result<(SocketAddr, TcpStream), Outcome> {
        let addresses = self.found.addresses(host, port).await;
        let what = |address: Option<SocketAddr>| What::Connect {
            host: host.to_owned(),
            addr: address.map(|address| address.ip()),
            port: address.map_or(port, |address| address.port()),
        };
        if addresses.is_empty() {
            let none = Outcome::NotAsked { why: "no address is known".to_owned() };
            self.board.say(what(None), none.clone());
            return Err(none);
        }
        let waiting = self.board.put(what(addresses.first().copied()));
        let (stream, tried) = reach::first(&addresses, PATIENCE).await;
        let mut last = Outcome::TimedOut;
        let mut first_is_known = false;
        for (address, outcome) in tried {
            if Some(&address) == addresses.first() {
                self.board.done(waiting, outcome.clone());
                first_is_known = true;
            } else {
                self.board.say(what(Some(address)), outcome.clone());
            }
            last = outcome;
        }
        if !first_is_known {
            self.board.done(waiting, Outcome::NotAsked { why: "another address was quicker".to_owned() });
        }
        stream.ok_or(last)
    }

    /// A connection and the look at the server's certificates; the encrypted connection goes on.
    async fn greeted(&self, host: &str, port: u16) -> Result<(SocketAddr, TlsStream<TcpStream>, bool), Outcome> {
        let what = What::Tls { host: host.to_owned() };
        let (address, stream) = match self.connect(host, port).await {
            Ok(connected) => connected,
            Err(outcome) => {
                self.board.say(what, Outcome::NotAsked { why: "no connection".to_owned() });
                return Err(outcome);
            }
        };
        let ticket = self.board.put(what);
        let shaken = trust::greet(stream, host, &self.trust, None, self.now(), PATIENCE).await;
        let judged = (!shaken.chain.is_empty()).then(|| trust::judge(&shaken.chain, host, &self.trust, self.now()));
        let good = judged.as_ref().is_some_and(|judged| trust::is_good(judged, self.now()));
        match shaken.stream {
            Ok(stream) => {
                self.board.done(ticket, judged.unwrap_or(Outcome::Connected));
                Ok((address, stream, good))
            }
            Err(outcome) => {
                self.board.done(ticket, judged.unwrap_or_else(|| outcome.clone()));
                Err(outcome)
            }
        }
    }

    /// Only the connection and the certificates.
    pub async fn certificates(&self, host: &'static Host) {
        let _written_down = self.greeted(host.name, host.port).await;
    }

    /// Only the connection.
    pub async fn port(&self, host: &'static Host) {
        let _written_down = self.connect(host.name, host.port).await;
    }

    /// A page behind TLS. A certificate is shown where there is one and the server is trusted.
    pub async fn page(&self, what: What, host: &'static Host, path: &str) {
        let ticket = self.board.put(what);
        let outcome = match self.greeted(host.name, host.port).await {
            Err(outcome) => Outcome::NotAsked { why: format!("no connection ({})", word(&outcome)) },
            Ok((address, stream, good)) => match self.identity.as_ref().filter(|_| good) {
                None => self.heard(page::ask(stream, Ask::page(host.name, path), PATIENCE).await),
                Some(identity) => {
                    drop(stream);
                    self.introduced(address, host, path, identity).await
                }
            },
        };
        self.board.done(ticket, outcome);
    }

    async fn introduced(&self, address: SocketAddr, host: &'static Host, path: &str, identity: &Identity) -> Outcome {
        let stream = match reach::connect(address, PATIENCE).await {
            Ok(stream) => stream,
            Err(outcome) => return outcome,
        };
        match trust::greet(stream, host.name, &self.trust, Some(identity), self.now(), PATIENCE).await.stream {
            Ok(stream) => self.heard(page::ask(stream, Ask::page(host.name, path), PATIENCE).await),
            Err(outcome) => outcome,
        }
    }

    /// A page in the clear.
    pub async fn plain(&self, what: What, host: &'static Host, path: &str) {
        let ticket = self.board.put(what);
        let outcome = match self.connect(host.name, host.port).await {
            Err(outcome) => Outcome::NotAsked { why: format!("no connection ({})", word(&outcome)) },
            Ok((_, stream)) => self.heard(page::ask(stream, Ask::page(host.name, path), PATIENCE).await),
        };
        self.board.done(ticket, outcome);
    }

    fn heard(&self, heard: Result<Heard, Outcome>) -> Outcome {
        heard.map_or_else(|outcome| outcome, |heard| heard.outcome(self.now()))
    }

    /// The portal of line authentication: its certificates, the line's state as machines read it, the page as people see it, and whether
    /// much gets through at once.
    pub async fn line(&self) {
        let host = hosts::line_portal();
        let (state, page, center) = (self.board.put(What::LinePortal), self.board.put(What::LinePage), self.board.put(What::CenterStatus));
        let much = self.board.put(What::Mtu { host: host.name.to_owned(), bytes: MUCH });
        let (address, stream, _) = match self.greeted(host.name, host.port).await {
            Ok(greeted) => greeted,
            Err(outcome) => {
                let none = Outcome::NotAsked { why: format!("no connection ({})", word(&outcome)) };
                [state, page, center, much].into_iter().for_each(|ticket| self.board.done(ticket, none.clone()));
                return;
            }
        };
        let asked_state = async {
            let ask = Ask { accept: CAPTIVE, ..Ask::page(host.name, CAPTIVE_PATH) };
            self.board.begin(state);
            let begun = self.now();
            let heard = page::ask(stream, ask, LINE_PATIENCE).await;
            let answered = heard.is_ok();
            if let Ok(heard) = &heard {
                self.compare_clocks(host.name, begun, heard);
            }
            self.board.done(state, heard.map_or_else(|outcome| outcome, |heard| self.state(&heard)));
            self.much_at_once(much, address, host, answered).await;
        };
        let asked_page = async {
            self.board.begin(page);
            let outcome = self.line_page(address, host).await;
            self.board.done(page, outcome);
        };
        let asked_center = async {
            self.board.begin(center);
            let heard = self.quietly(address, host.name, STATUS_PATH, 0).await;
            let said = |heard: Heard| status::read(&heard.body, &self.regions).unwrap_or_else(|| heard.outcome(self.now()));
            self.board.done(center, heard.map_or_else(|outcome| outcome, said));
        };
        tokio::join!(asked_state, asked_page, asked_center);
    }

    fn state(&self, heard: &Heard) -> Outcome {
        let Ok(said) = serde_json::from_slice::<Captive>(&heard.body) else { return heard.outcome(self.now()) };
        let shown = [said.code.as_deref(), said.message.as_deref()].into_iter().flatten().find_map(page::known);
        Outcome::Line {
            captive: said.captive,
            state: said.line_state,
            code: said.code.clone(),
            message: shown.map(str::to_owned),
            address: Some(page::shortened(&said.address, 64)),
        }
    }

    /// The portal's first page, which leads to the carrier's notifier when the line is not authenticated. Nothing is pressed there.
    async fn line_page(&self, address: SocketAddr, host: &'static Host) -> Outcome {
        let heard = match self.quietly(address, host.name, "/", 0).await {
            Ok(heard) => heard,
            Err(outcome) => return outcome,
        };
        let notifiers = [hosts::line_notifier_east(), hosts::line_notifier_west()];
        let next = heard.leads_to().and_then(|to| notifiers.into_iter().find_map(|host| Some((host, path_at(to, host)?.to_owned()))));
        let Some((notifier, path)) = next else { return heard.outcome(self.now()) };
        let (address, _) = match self.connect(notifier.name, notifier.port).await {
            Ok(connected) => connected,
            Err(outcome) => return outcome,
        };
        self.heard(self.quietly(address, notifier.name, &path, 0).await)
    }

    /// Asks over a connection of its own, whoever the server is: nothing secret is told.
    async fn quietly(&self, address: SocketAddr, host: &str, path: &str, padding: usize) -> Result<Heard, Outcome> {
        let stream = reach::connect(address, PATIENCE).await?;
        let stream = trust::greet(stream, host, &self.trust, None, self.now(), PATIENCE).await.stream?;
        page::ask(stream, Ask { padding, ..Ask::page(host, path) }, LINE_PATIENCE).await
    }

    async fn much_at_once(&self, ticket: super::board::Ticket, address: SocketAddr, host: &'static Host, answered: bool) {
        if !answered {
            self.board.done(ticket, Outcome::NotAsked { why: "little did not get through either".to_owned() });
            return;
        }
        self.board.begin(ticket);
        let padding = usize::try_from(MUCH).unwrap_or_default();
        let outcome = self.quietly(address, host.name, CAPTIVE_PATH, padding).await.map_or_else(|outcome| outcome, |_| Outcome::Connected);
        self.board.done(ticket, outcome);
    }

    /// What the portal's clock says of ours, as a second witness beside the time server.
    fn compare_clocks(&self, host: &str, asked: Timestamp, heard: &Heard) {
        let Some(theirs) = heard.date() else { return };
        let now = self.now();
        let between = |from: Timestamp, to: Timestamp| to.as_millisecond().saturating_sub(from.as_millisecond());
        // Their second began at `theirs` and lasts one more; the answer was written between asking and now.
        let (least, most) = (between(theirs, asked) - WHOLE_SECOND, between(theirs, now));
        let ms = if least > 0 { least } else { most.min(0) };
        self.board.say(What::Time { host: host.to_owned() }, Outcome::Offset { ms });
    }

    /// The proxy, and a host behind it.
    pub async fn proxy(&self, proxy: &str, port: u16, behind: (&str, u16)) {
        let own = self.board.put(What::Proxy { host: proxy.to_owned() });
        let beyond = self.board.put(What::ProxyTo { host: behind.0.to_owned() });
        let stream = match self.connect(proxy, port).await {
            Ok((_, stream)) => stream,
            Err(outcome) => {
                self.board.done(beyond, Outcome::NotAsked { why: format!("no connection ({})", word(&outcome)) });
                self.board.done(own, outcome);
                return;
            }
        };
        self.board.begin(beyond);
        let target = format!("{}:{}", behind.0, behind.1);
        let ask = Ask { method: &Method::CONNECT, ..Ask::page(&target, &target) };
        let heard = page::ask(stream, ask, PATIENCE).await;
        let outcome = match heard {
            Ok(heard) if (200..300).contains(&heard.status) => Outcome::Connected,
            other => self.heard(other),
        };
        let of_proxy = match &outcome {
            // Somebody spoke: what was refused is the host behind it, unless the proxy shut its own door.
            Outcome::Closed { .. } | Outcome::Page { status: 403 | 407, .. } => outcome.clone(),
            Outcome::Page { .. } | Outcome::Connected => Outcome::Connected,
            other => other.clone(),
        };
        self.board.done(own, of_proxy);
        self.board.done(beyond, outcome);
    }

    /// The time server.
    pub async fn time(&self, host: &'static Host) {
        let ticket = self.board.put(What::Time { host: host.name.to_owned() });
        let addresses = self.found.addresses(host.name, host.port).await;
        self.board.begin(ticket);
        let outcome = match addresses.first() {
            None => Outcome::NotAsked { why: "no address is known".to_owned() },
            Some(address) => super::time::offset(*address, &self.clock).await,
        };
        self.board.done(ticket, outcome);
    }
}

/// The path of an address that leads to a host of ours over TLS, and nowhere else.
fn path_at<'a>(url: &'a str, host: &Host) -> Option<&'a str> {
    let rest = url.strip_prefix("https://")?.strip_prefix(host.name)?;
    let rest = rest.strip_prefix(":443").unwrap_or(rest);
    rest.starts_with('/').then_some(rest)
}

/// An outcome in one word.
fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Refused { .. } => "refused",
        Outcome::TimedOut => "timed out",
        Outcome::Unreachable { .. } => "unreachable",
        Outcome::NotAsked { .. } => "not asked",
        _ => "failed",
    }
}
