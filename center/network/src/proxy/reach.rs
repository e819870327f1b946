//! Connects to a host of the list: asks for its name, checks where that leads, and connects to what was checked and to nothing else.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::net::TcpStream;

use super::address::is_open;
use super::target::Target;

/// How long an answer of the name servers is used: short, because the operating system does not say how long it holds.
const KEEP: Duration = Duration::from_secs(30);
/// Most names that are remembered.
const MOST_NAMES: usize = 1024;
/// Most addresses of one name that are tried.
const MOST_ADDRESSES: usize = 8;
/// The next address is tried when the one before has been silent for so long (RFC 8305).
const HEAD_START: Duration = Duration::from_millis(250);

/// Why a host was not reached.
#[derive(Debug, thiserror::Error)]
pub enum Unreached {
    /// Its name is not known, or cannot be asked for.
    #[error("its name leads nowhere")]
    Name,
    /// Its name leads to this machine or an inner network.
    #[error("its name leads to an address that is not allowed")]
    Prohibited,
    /// No address took the connection.
    #[error("no connection ({0})")]
    Connection(std::io::Error),
    /// No address took it in time.
    #[error("no connection in time")]
    Late,
}

impl Unreached {
    /// The error type of RFC 9209.
    #[must_use]
    pub fn proxy_status(&self) -> &'static str {
        match self {
            Self::Name => "dns_error",
            Self::Prohibited => "destination_ip_prohibited",
            Self::Connection(_) => "connection_refused",
            Self::Late => "connection_timeout",
        }
    }
}

/// Finds and connects hosts.
pub struct Reach {
    fixed: HashMap<String, Vec<SocketAddr>>,
    known: Mutex<HashMap<String, (Instant, Vec<IpAddr>)>>,
    patience: Duration,
}

impl Reach {
    /// With the operator's own map of hosts, and how long a connection may take.
    #[must_use]
    pub fn new(fixed: &BTreeMap<String, Vec<SocketAddr>>, patience: Duration) -> Self {
        let fixed = fixed.iter().map(|(host, addresses)| (host.to_ascii_lowercase(), addresses.clone())).collect();
        Self { fixed, known: Mutex::default(), patience }
    }

    /// Connects to a host. `private`: its name may lead into an inner network.
    ///
    /// # Errors
    /// [`Unreached`].
    pub async fn connect(&self, target: &Target, private: bool) -> Result<TcpStream, Unreached> {
        let connected = async {
            let addresses = match self.fixed.get(&target.host) {
                Some(fixed) => fixed.clone(),
                None => {
                    let found = self.addresses(&target.host).await?;
                    let allowed: Vec<IpAddr> = found.into_iter().filter(|address| private || is_open(*address)).collect();
                    if allowed.is_empty() {
                        return Err(Unreached::Prohibited);
                    }
                    allowed.into_iter().map(|address| SocketAddr::new(address, target.port)).collect()
                }
            };
            first_of(in_turn(addresses)).await
        };
        tokio::time::timeout(self.patience, connected).await.unwrap_or(Err(Unreached::Late))
    }

    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, Unreached> {
        let now = chassis::clock::instant();
        if let Some((until, found)) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(host)
            && *until > now
        {
            return Ok(found.clone());
        }
        let asked = tokio::net::lookup_host((host, 0)).await.map_err(|_| Unreached::Name)?;
        let found: Vec<IpAddr> = asked.map(|address| address.ip().to_canonical()).collect();
        if found.is_empty() {
            return Err(Unreached::Name);
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_NAMES {
            known.clear();
        }
        known.insert(host.to_owned(), (now + KEEP, found.clone()));
        Ok(found)
    }
}

/// IPv6 and IPv4 by turns, IPv6 first.
fn in_turn(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let (six, four): (Vec<_>, Vec<_>) = addresses.into_iter().partition(SocketAddr::is_ipv6);
    let (mut six, mut four) = (six.into_iter(), four.into_iter());
    let mut order = Vec::new();
    while order.len() < MOST_ADDRESSES {
        match (six.next(), four.next()) {
            (None, None) => break,
            both => order.extend([both.0, both.1].into_iter().flatten()),
        }
    }
    order
}

/// The first connection of those begun one after the other.
async fn first_of(addresses: Vec<SocketAddr>) -> Result<TcpStream, Unreached> {
    let mut addresses = addresses.into_iter();
    let Some(first) = addresses.next() else { return Err(Unreached::Name) };
    let mut running = FuturesUnordered::from_iter([TcpStream::connect(first)]);
    let mut last = None;
    loop {
        let next = tokio::select! {
            ended = running.next() => match ended {
                Some(Ok(stream)) => return Ok(stream),
                Some(Err(error)) => { last = Some(error); addresses.next() }
                None => match addresses.next() {
                    Some(next) => Some(next),
                    None => return Err(last.map_or(Unreached::Name, Unreached::Connection)),
                },
            },
            () = tokio::time::sleep(HEAD_START), if !running.is_empty() && addresses.len() > 0 => addresses.next(),
        };
        if let Some(next) = next {
            running.push(TcpStream::connect(next));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(host: &str, port: u16) -> Target {
        Target { host: host.to_owned(), port }
    }

    #[test]
    fn both_families_are_tried_by_turns() {
        let addresses = ["192.0.2.1:1", "192.0.2.2:1", "[2001:db8::1]:1", "[2001:db8::2]:1", "[2001:db8::3]:1"];
        let order = in_turn(addresses.iter().map(|text| text.parse().unwrap()).collect());
        let order: Vec<String> = order.iter().map(ToString::to_string).collect();
        assert_eq!(order, ["[2001:db8::1]:1", "192.0.2.1:1", "[2001:db8::2]:1", "192.0.2.2:1", "[2001:db8::3]:1"]);
    }

    #[tokio::test]
    async fn a_name_that_leads_to_this_machine_is_not_followed_and_a_dead_address_is_passed_over() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = listener.local_addr().unwrap();
        let dead = {
            let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            closed.local_addr().unwrap()
        };
        let fixed = BTreeMap::from([("Mapped.example".to_owned(), vec![dead, here]), ("dead.example".to_owned(), vec![dead])]);
        let reach = Reach::new(&fixed, Duration::from_secs(10));
        // The system knows this name without asking anybody.
        let trap = reach.connect(&target("localhost", here.port()), false).await;
        assert!(matches!(trap, Err(Unreached::Prohibited)), "{trap:?}");
        assert!(reach.connect(&target("localhost", here.port()), true).await.is_ok());
        let stream = reach.connect(&target("mapped.example", 443), false).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), here);
        assert!(matches!(reach.connect(&target("dead.example", 443), false).await, Err(Unreached::Connection(_))));
        assert!(matches!(reach.connect(&target("no.such.name.invalid", 443), false).await, Err(Unreached::Name)));
    }
}
