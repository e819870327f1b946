//! Writes a question for a name as a resolver does, and reads the answer: addresses, whether it was cut, and what the server said.

use std::net::IpAddr;

use domain::base::iana::{Class, Rtype};
use domain::base::{Message, MessageBuilder, Name};
use domain::rdata::{A, Aaaa};

use crate::doctor::recording::Family;

/// The longest answer that is read, bytes: what fits a message over TCP.
pub const LONGEST: usize = 65_535;

/// An answer as it stood in the packet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The addresses of the family that was asked for, in their order.
    pub addresses: Vec<IpAddr>,
    /// TC: the answer does not fit and is to be asked for over TCP.
    pub truncated: bool,
    /// AA.
    pub authoritative: bool,
    /// 0 is no error, 3 is "no such name".
    pub rcode: u8,
    /// The packet's length.
    pub bytes: usize,
}

/// A question with recursion desired. `room` is the size of answer that is announced by EDNS; without it the question has no EDNS and the
/// answer over UDP has 512 bytes at most. `None` for what is no name.
#[must_use]
pub fn question(id: u16, name: &str, family: Family, room: Option<u16>) -> Option<Vec<u8>> {
    let name: Name<Vec<u8>> = name.parse().ok()?;
    let rtype = if family == Family::V4 { Rtype::A } else { Rtype::AAAA };
    let mut builder = MessageBuilder::new_vec();
    builder.header_mut().set_id(id);
    builder.header_mut().set_rd(true);
    let mut asked = builder.question();
    asked.push((name, rtype, Class::IN)).ok()?;
    let mut additional = asked.additional();
    if let Some(room) = room {
        additional
            .opt(|opt| {
                opt.set_udp_payload_size(room);
                Ok(())
            })
            .ok()?;
    }
    Some(additional.finish())
}

/// Reads an answer to the question with this id, name and family; `None` for every other packet, and for one that cannot be read. What a cut
/// answer still holds is kept.
#[must_use]
pub fn read(packet: &[u8], id: u16, name: &str, family: Family) -> Option<Answer> {
    let message = Message::from_octets(packet).ok()?;
    let header = message.header();
    if header.id() != id || !header.qr() {
        return None;
    }
    let asked: Name<Vec<u8>> = name.parse().ok()?;
    // Servers that cannot read a question send it back without one.
    if let Some(question) = message.question().next() {
        let question = question.ok()?;
        if *question.qname() != asked {
            return None;
        }
    }
    let mut addresses = Vec::new();
    if let Ok(section) = message.answer() {
        // A record that cannot be read ends the section.
        for record in section.map_while(Result::ok) {
            let address = match family {
                Family::V4 => record.to_record::<A>().ok().flatten().map(|record| IpAddr::V4(record.data().addr())),
                Family::V6 | Family::Both => record.to_record::<Aaaa>().ok().flatten().map(|record| IpAddr::V6(record.data().addr())),
            };
            addresses.extend(address);
        }
    }
    Some(Answer { addresses, truncated: header.tc(), authoritative: header.aa(), rcode: header.rcode().to_int(), bytes: packet.len() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::base::iana::Rcode;
    use domain::base::record::Ttl;

    const NAME: &str = "www.clinic.test";

    fn answer(asked: &[u8], addresses: &[&str], rcode: Rcode, cut: bool) -> Vec<u8> {
        let asked = Message::from_octets(asked).unwrap();
        let mut builder = MessageBuilder::new_vec().start_answer(&asked, rcode).unwrap();
        builder.header_mut().set_tc(cut);
        let name: Name<Vec<u8>> = NAME.parse().unwrap();
        for address in addresses {
            match address.parse::<IpAddr>().unwrap() {
                IpAddr::V4(v4) => builder.push((&name, Ttl::from_secs(60), A::new(v4))).unwrap(),
                IpAddr::V6(v6) => builder.push((&name, Ttl::from_secs(60), Aaaa::new(v6))).unwrap(),
            }
        }
        builder.finish()
    }

    #[test]
    fn an_answer_gives_the_addresses_that_were_asked_for_and_says_whether_it_was_cut() {
        let asked = question(7, NAME, Family::V6, Some(1232)).unwrap();
        let whole =
            read(&answer(&asked, &["2001:db8::1", "192.0.2.1", "2001:db8::2"], Rcode::NOERROR, false), 7, NAME, Family::V6).unwrap();
        assert_eq!(whole.addresses, ["2001:db8::1".parse::<IpAddr>().unwrap(), "2001:db8::2".parse().unwrap()]);
        assert_eq!((whole.rcode, whole.truncated), (0, false));
        let cut = read(&answer(&asked, &[], Rcode::NOERROR, true), 7, NAME, Family::V6).unwrap();
        assert!(cut.truncated && cut.addresses.is_empty());
        assert_eq!(read(&answer(&asked, &[], Rcode::NXDOMAIN, false), 7, NAME, Family::V6).unwrap().rcode, 3);
    }

    #[test]
    fn a_packet_that_answers_something_else_is_no_answer() {
        let asked = question(7, NAME, Family::V4, None).unwrap();
        let good = answer(&asked, &["192.0.2.1"], Rcode::NOERROR, false);
        assert!(read(&good, 7, NAME, Family::V4).is_some());
        assert_eq!(read(&good, 8, NAME, Family::V4), None, "another id");
        assert_eq!(read(&good, 7, "www.other.test", Family::V4), None, "another name");
        assert_eq!(read(&asked, 7, NAME, Family::V4), None, "a question");
        for end in 0..good.len() {
            let _whatever_is_left = read(&good[..end], 7, NAME, Family::V4);
        }
    }

    #[test]
    fn a_question_announces_its_room_or_nothing() {
        let small = question(1, NAME, Family::V4, None).unwrap();
        let large = question(1, NAME, Family::V4, Some(1232)).unwrap();
        assert_eq!(large.len(), small.len() + 11);
        assert_eq!(question(1, "two..dots", Family::V4, None), None);
    }
}
