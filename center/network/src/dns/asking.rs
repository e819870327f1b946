//! Asks a running server which view we have there and what it answers, as a client does: UDP first, TCP when the answer was cut.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use domain::base::Message;
use domain::base::iana::{Class, Rtype};
use domain::rdata::Txt;

use super::desk::{ABOUT, question};
use super::explain::{Explanation, described};
use super::template::HEADER;

/// As long as nslookup waits (DN-25).
const PATIENCE: Duration = Duration::from_secs(2);
const TRIES: usize = 3;

/// What a running server says of itself and of a name.
///
/// # Errors
/// When nothing comes back, or something that cannot be read.
pub fn explain_at(at: SocketAddr, name: &str, rtype: Rtype) -> io::Result<Explanation> {
    let unreadable = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
    let (asker, about) = ask(at, &question(ABOUT, Rtype::TXT, Class::CH).map_err(unreadable)?)?;
    let about = Message::from_octets(about).map_err(|error| unreadable(error.to_string()))?;
    let mut said = Vec::new();
    for record in about.answer().into_iter().flat_map(|section| section.limit_to::<Txt<_>>()).flatten() {
        said.extend(record.data().iter().map(|text| String::from_utf8_lossy(text).into_owned()));
    }
    let told = |key: &str| said.iter().find_map(|text| text.strip_prefix(key)).map(str::to_owned);
    let (_, answer) = ask(at, &question(name, rtype, Class::IN).map_err(unreadable)?)?;
    let answer = described(&answer).map_err(unreadable)?;
    Ok(Explanation {
        name: name.to_owned(),
        rtype: rtype.to_string(),
        server: at.ip(),
        asker,
        list: told("list=").unwrap_or_default(),
        view: told("view=").filter(|view| view != "none"),
        because: told("because=").unwrap_or_default(),
        zone: answer.zone,
        rcode: answer.rcode,
        authoritative: answer.authoritative,
        records: answer.records,
        bytes: answer.bytes,
        needs_tcp: answer.needs_tcp,
    })
}

/// One question; the address we asked from, and the answer.
fn ask(at: SocketAddr, question: &[u8]) -> io::Result<(IpAddr, Vec<u8>)> {
    let here: SocketAddr = if at.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
    let socket = UdpSocket::bind(here)?;
    socket.connect(at)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let asker = socket.local_addr()?.ip();
    let mut buffer = vec![0; usize::from(u16::MAX)];
    let mut last = io::Error::from(io::ErrorKind::TimedOut);
    for _ in 0..TRIES {
        socket.send(question)?;
        match socket.recv(&mut buffer) {
            Ok(length) if buffer.get(..2) == question.get(..2) && length >= HEADER => {
                let cut = buffer.get(2).is_some_and(|flags| flags & 0x02 != 0);
                let answer = buffer.get(..length).unwrap_or_default().to_vec();
                return Ok((asker, if cut { over_tcp(at, question)? } else { answer }));
            }
            Ok(_) => {}
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn over_tcp(at: SocketAddr, question: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&at, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let length = u16::try_from(question.len()).unwrap_or_default().to_be_bytes();
    stream.write_all(&[&length[..], question].concat())?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}
