//! Asks for names in every way: as the system does, over UDP small and large, and over TCP; lost packets are sent again.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::time::{Duration, Instant};

use chassis::clock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::packet::{self, Answer};
use super::reach;
use crate::doctor::recording::{Family, Outcome};

/// The room that resolvers of today announce.
pub const ROOM: u16 = 1232;
/// The longest datagram that is taken.
const LONGEST_DATAGRAM: usize = 4096;
/// A system's resolver that fails sooner has been told so by somebody; one that fails later heard nothing.
const HEARD_NOTHING: Duration = Duration::from_millis(1500);

/// How long each sending of a question waits for its answer. The first answer of a network may be lost (DN-25).
pub const SENDINGS: [Duration; 3] = [Duration::from_millis(700), Duration::from_millis(1000), Duration::from_millis(1100)];

/// Asks one server over UDP; without `room` as who does not know EDNS.
pub async fn by_udp(server: SocketAddr, name: &str, family: Family, room: Option<u16>, sendings: &[Duration]) -> Outcome {
    match datagrams(server, name, family, room, sendings).await {
        Ok(Some(answer)) => said(answer),
        Ok(None) => Outcome::TimedOut,
        Err(error) => reach::said(&error),
    }
}

async fn datagrams(server: SocketAddr, name: &str, family: Family, room: Option<u16>, sendings: &[Duration]) -> io::Result<Option<Answer>> {
    let any: IpAddr = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(server).await?;
    let id = random_id();
    let question = packet::question(id, name, family, room).ok_or(io::ErrorKind::InvalidInput)?;
    let mut heard = vec![0; LONGEST_DATAGRAM];
    for wait in sendings {
        socket.send(&question).await?;
        let answer = timeout(*wait, async {
            loop {
                let length = socket.recv(&mut heard).await?;
                if let Some(answer) = heard.get(..length).and_then(|bytes| packet::read(bytes, id, name, family)) {
                    return Ok::<Answer, io::Error>(answer);
                }
            }
        });
        if let Ok(answer) = answer.await {
            return answer.map(Some);
        }
    }
    Ok(None)
}

/// Asks one server for several names over TCP, one after the other on one connection, as forwarders with few processes like it. What came of
/// each goes to `tell` with its place. When no connection stands, that is the outcome of every name.
pub async fn by_tcp(server: SocketAddr, names: &[(String, Family)], patience: Duration, mut tell: impl FnMut(usize, Outcome)) {
    let mut connection: Option<TcpStream> = None;
    let mut refused: Option<Outcome> = None;
    for (place, (name, family)) in names.iter().enumerate() {
        if let Some(outcome) = &refused {
            tell(place, outcome.clone());
            continue;
        }
        let mut outcome = Outcome::TimedOut;
        // Some servers close after each answer: then a new connection is tried once.
        for _ in 0..2 {
            let fresh = connection.is_none();
            let mut stream = match connection.take() {
                Some(stream) => stream,
                None => match reach::connect(server, patience).await {
                    Ok(stream) => stream,
                    Err(none) => {
                        refused = Some(none.clone());
                        outcome = none;
                        break;
                    }
                },
            };
            match timeout(patience, exchange(&mut stream, name, *family)).await {
                Ok(Ok(answer)) => {
                    outcome = said(answer);
                    connection = Some(stream);
                    break;
                }
                Ok(Err(error)) => {
                    outcome = reach::said(&error);
                    if fresh {
                        break;
                    }
                }
                Err(_) => {
                    outcome = Outcome::TimedOut;
                    break;
                }
            }
        }
        // A server that takes connections and then keeps silent will not speak for the next name either.
        if outcome == Outcome::TimedOut {
            refused = Some(Outcome::TimedOut);
        }
        tell(place, outcome);
    }
}

async fn exchange(stream: &mut TcpStream, name: &str, family: Family) -> io::Result<Answer> {
    let id = random_id();
    let question = packet::question(id, name, family, Some(ROOM)).ok_or(io::ErrorKind::InvalidInput)?;
    let mut framed = u16::try_from(question.len()).map_err(|_| io::ErrorKind::InvalidInput)?.to_be_bytes().to_vec();
    framed.extend_from_slice(&question);
    stream.write_all(&framed).await?;
    let length = stream.read_u16().await?;
    let mut heard = vec![0; usize::from(length)];
    stream.read_exact(&mut heard).await?;
    packet::read(&heard, id, name, family).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no answer to the question"))
}

/// Asks the system, as every program on this machine does. Its call cannot be broken off: it has a thread of its own, which ends with the
/// program.
pub async fn by_system(name: &str) -> Outcome {
    let (tell, told) = oneshot::channel();
    let (name, begun) = (name.to_owned(), clock::instant());
    let thread = std::thread::Builder::new().name("name".to_owned()).stack_size(256 * 1024);
    let started = thread.spawn(move || {
        // Nobody may be waiting any more.
        let _nobody = tell.send((name.as_str(), 0_u16).to_socket_addrs());
    });
    if let Err(error) = started {
        return Outcome::Failed { why: error.to_string() };
    }
    match told.await {
        Ok(Ok(found)) => addresses(found.map(|address| address.ip())),
        Ok(Err(error)) => by_the_systems_words(&error, begun),
        Err(_) => Outcome::Failed { why: "the system's resolver ended without a word".to_owned() },
    }
}

fn by_the_systems_words(error: &io::Error, begun: Instant) -> Outcome {
    // Windows has numbers for these; elsewhere there are only words.
    const NO_SUCH_HOST: i32 = 11001;
    const NO_DATA: i32 = 11004;
    let why = error.to_string();
    if error.raw_os_error() == Some(NO_SUCH_HOST) || why.contains("Name or service not known") {
        return Outcome::NoSuchName;
    }
    if error.raw_os_error() == Some(NO_DATA) || why.contains("No address associated") {
        return addresses(std::iter::empty());
    }
    if clock::instant().saturating_duration_since(begun) >= HEARD_NOTHING { Outcome::TimedOut } else { Outcome::Refused { why } }
}

fn addresses(found: impl Iterator<Item = IpAddr>) -> Outcome {
    let mut addresses: Vec<IpAddr> = Vec::new();
    for address in found {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    Outcome::Addresses { addresses, truncated: false, authoritative: false, rcode: None, bytes: None }
}

fn said(answer: Answer) -> Outcome {
    const NO_SUCH_NAME: u8 = 3;
    match answer.rcode {
        0 => Outcome::Addresses {
            addresses: answer.addresses,
            truncated: answer.truncated,
            authoritative: answer.authoritative,
            rcode: None,
            bytes: u32::try_from(answer.bytes).ok(),
        },
        NO_SUCH_NAME => Outcome::NoSuchName,
        code => {
            Outcome::Refused { why: domain::base::iana::Rcode::checked_from_int(code).map_or(code.to_string(), |code| code.to_string()) }
        }
    }
}

/// An id that nobody else can guess. Without randomness one is as good as another: only this machine's own network answers.
fn random_id() -> u16 {
    chassis::random::bytes::<2>().map_or(0x6f6e, u16::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::base::iana::Rcode;
    use domain::base::record::Ttl;
    use domain::base::{Message, MessageBuilder, Name};
    use domain::rdata::Aaaa;
    use tokio::net::TcpListener;

    const NAME: &str = "www.clinic.test";

    fn answer(question: &[u8], rcode: Rcode, count: u16, cut: bool) -> Vec<u8> {
        let asked = Message::from_octets(question).unwrap();
        let name: Name<Vec<u8>> = asked.sole_question().unwrap().qname().to_string().parse().unwrap();
        let mut builder = MessageBuilder::new_vec().start_answer(&asked, rcode).unwrap();
        builder.header_mut().set_tc(cut);
        for number in 0..count {
            builder.push((&name, Ttl::from_secs(60), Aaaa::new(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, number)))).unwrap();
        }
        builder.finish()
    }

    /// A server that leaves the first `deaf` questions unanswered.
    async fn server(deaf: usize, rcode: Rcode) -> SocketAddr {
        let socket = UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).await.unwrap();
        let at = socket.local_addr().unwrap();
        tokio::spawn(async move {
            let mut heard = [0; 1024];
            for turn in 0.. {
                let (length, from) = socket.recv_from(&mut heard).await.unwrap();
                if turn >= deaf {
                    // Somebody else's answer first: it is not ours.
                    let mut strange = answer(&heard[..length], rcode, 1, false);
                    strange[0] ^= 0xff;
                    socket.send_to(&strange, from).await.unwrap();
                    socket.send_to(&answer(&heard[..length], rcode, 2, false), from).await.unwrap();
                }
            }
        });
        at
    }

    fn count(outcome: &Outcome) -> usize {
        match outcome {
            Outcome::Addresses { addresses, .. } => addresses.len(),
            other => panic!("{other:?}"),
        }
    }

    /// Rows: DN-25
    #[tokio::test]
    async fn a_lost_first_answer_is_no_failure() {
        let short = [Duration::from_millis(30), Duration::from_secs(5)];
        let outcome = by_udp(server(1, Rcode::NOERROR).await, NAME, Family::V6, Some(ROOM), &short).await;
        assert_eq!(count(&outcome), 2);
    }

    #[tokio::test]
    async fn silence_a_closed_port_and_a_refusal_are_told_apart() {
        let short = [Duration::from_millis(30)];
        assert_eq!(by_udp(server(9, Rcode::NOERROR).await, NAME, Family::V6, None, &short).await, Outcome::TimedOut);
        let long = [Duration::from_secs(5)];
        let refused = by_udp(server(0, Rcode::REFUSED).await, NAME, Family::V6, None, &long).await;
        assert_eq!(refused, Outcome::Refused { why: "REFUSED".to_owned() });
        assert_eq!(by_udp(server(0, Rcode::NXDOMAIN).await, NAME, Family::V6, None, &long).await, Outcome::NoSuchName);
        let gone = UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap();
        // Wine does not tell that nobody listens.
        let closed = by_udp(gone, NAME, Family::V6, None, if cfg!(windows) { &short } else { &long }).await;
        assert!(matches!(closed, Outcome::Refused { .. }) || cfg!(windows) && closed == Outcome::TimedOut, "{closed:?}");
        assert!(matches!(by_udp(gone, "two..dots", Family::V6, None, &long).await, Outcome::Failed { .. }));
    }

    /// Rows: DN-23
    #[tokio::test]
    async fn names_are_asked_one_after_the_other_even_of_a_server_that_closes_after_each() {
        for closes in [false, true] {
            let listener = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await.unwrap();
            let at = listener.local_addr().unwrap();
            tokio::spawn(async move {
                loop {
                    let (mut stream, _) = listener.accept().await.unwrap();
                    while let Ok(length) = stream.read_u16().await {
                        let mut question = vec![0; usize::from(length)];
                        stream.read_exact(&mut question).await.unwrap();
                        let answer = answer(&question, Rcode::NOERROR, 30, false);
                        stream.write_u16(answer.len() as u16).await.unwrap();
                        stream.write_all(&answer).await.unwrap();
                        if closes {
                            break;
                        }
                    }
                }
            });
            let names: Vec<(String, Family)> = ["a", "b", "c"].map(|label| (format!("{label}.clinic.test"), Family::V6)).to_vec();
            let mut told = Vec::new();
            by_tcp(at, &names, Duration::from_secs(5), |place, outcome| told.push((place, count(&outcome)))).await;
            assert_eq!(told, [(0, 30), (1, 30), (2, 30)], "closes: {closes}");
        }
    }

    #[tokio::test]
    async fn a_port_that_takes_no_connections_is_said_for_every_name_at_once() {
        let gone = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap();
        let names = [("a.test".to_owned(), Family::V6), ("b.test".to_owned(), Family::V4)];
        let mut told = Vec::new();
        by_tcp(gone, &names, Duration::from_secs(5), |_, outcome| told.push(outcome)).await;
        assert!(told.iter().all(|outcome| matches!(outcome, Outcome::Refused { .. })) && told.len() == 2, "{told:?}");
    }

    #[tokio::test]
    async fn the_system_knows_its_own_name() {
        assert!(count(&by_system("localhost").await) > 0);
    }
}
