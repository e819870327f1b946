//! What holds of any packet at the name server: nothing falls over, nothing is left out without a word, no answer is answered.

use domain::base::Message;
use domain::base::opt::UnknownOptData;
use network::dns::{Desk, List, Outcome, Over, Rtype, Why, question, view_of_a_region};

/// The manuals' names in both regions, asked by everybody.
pub struct Names {
    desk: Desk,
    names: Vec<String>,
}

impl Names {
    /// Compiles the newest list.
    pub fn open() -> Self {
        let views = manuals::Region::ALL.map(view_of_a_region);
        let today = jiff::civil::Date::MAX;
        let desk = Desk::compile(&List::of_the_manuals(today), &views).expect("the manuals' list is right");
        let served = manuals::Region::ALL.into_iter().flat_map(|region| manuals::zones::served(region, today));
        Self { desk, names: served.map(|served| served.name).collect() }
    }

    fn answer(&self, bytes: &[u8], over: Over, view: usize) -> (Outcome, Vec<u8>) {
        let mut out = Vec::new();
        let outcome = self.desk.answer(bytes, over, Some((view, Why::Everybody)), &mut 0, &mut out);
        (outcome, out)
    }

    /// Any packet gets an answer that can be read, or nothing; what is left out of a datagram is told and comes over TCP.
    pub fn packet(&self, bytes: &[u8]) {
        for view in 0..2 {
            let (datagram, stream) = (self.answer(bytes, Over::Udp, view), self.answer(bytes, Over::Tcp, view));
            if datagram.0 == Outcome::Silent {
                assert!(bytes.len() < 12 || bytes.get(2).is_some_and(|flags| flags & 0x80 != 0), "a question was ignored");
                assert!(datagram.1.is_empty() && stream.1.is_empty());
                continue;
            }
            let (short, long) = (read(&datagram.1), read(&stream.1));
            for (message, answer) in [(&short, &datagram.1), (&long, &stream.1)] {
                assert_eq!(answer.get(..2), bytes.get(..2), "the id comes back");
                assert!(message.header().qr());
                assert_eq!(self.answer(answer, Over::Udp, view), (Outcome::Silent, Vec::new()), "an answer is not answered");
            }
            assert!(datagram.1.len() <= 1232, "{} bytes", datagram.1.len());
            assert!(!long.header().tc(), "nothing is left out over TCP");
            let whole = |message: &Message<&[u8]>| (message.header_counts().ancount(), message.header_counts().nscount());
            assert_eq!(short.header().tc(), datagram.0 == Outcome::Cut);
            assert!(short.header().tc() || whole(&short) == whole(&long), "something is missing and TC does not say so");
            assert_eq!(short.header().rcode(), long.header().rcode());
        }
    }

    /// A question for one of the names, with the room that the asker says.
    pub fn size(&self, name: usize, rtype: u16, room: u16) {
        let Some(name) = self.names.get(name % self.names.len()) else { return };
        let mut packet = question(name, Rtype::from_int(rtype), network::dns::Class::IN).expect("a name");
        let at = packet.len() - 8;
        packet[at..at + 2].copy_from_slice(&room.to_be_bytes());
        self.packet(&packet);
        let (_, answer) = self.answer(&packet, Over::Udp, 0);
        assert!(answer.len() <= usize::from(room.max(512)), "{} bytes for a room of {room}", answer.len());
        // Without EDNS.
        packet.truncate(packet.len() - 11);
        packet[11] = 0;
        self.packet(&packet);
        let (_, answer) = self.answer(&packet, Over::Udp, 0);
        assert!(answer.len() <= 512, "{} bytes for who says nothing", answer.len());
    }
}

/// Reads every section to its end.
fn read(bytes: &[u8]) -> Message<&[u8]> {
    let message = Message::from_octets(bytes).expect("a header");
    let counts = message.header_counts();
    let (question, answer, authority, additional) = message.sections().expect("sections that can be read");
    assert!(question.inspect(|question| assert!(question.is_ok())).count() == usize::from(counts.qdcount()));
    let mut end = 0;
    for (mut section, count) in [(answer, counts.ancount()), (authority, counts.nscount()), (additional, counts.arcount())] {
        let records = section.by_ref().inspect(|record| assert!(record.is_ok(), "a record cannot be read")).count();
        assert_eq!(records, usize::from(count));
        end = section.pos();
    }
    assert_eq!(end, bytes.len(), "bytes after the last record");
    let options =
        message.opt().into_iter().flat_map(|opt| opt.opt().iter::<UnknownOptData<_>>().map(|option| option.is_ok()).collect::<Vec<_>>());
    assert!(options.into_iter().all(|read| read), "an option cannot be read");
    message
}

/// A list file is refused with a sentence that says why, or it compiles; what compiles answers.
pub fn list(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(list) = List::read(text, "list.toml") else { return };
    match Desk::compile(&list, &[view_of_a_region(manuals::Region::East)]) {
        Err(mistakes) => assert!(!mistakes.is_empty() && mistakes.iter().all(|mistake| !mistake.is_empty())),
        Ok(desk) => {
            for zone in &list.zones {
                let Ok(packet) = question(&zone.name, Rtype::SOA, network::dns::Class::IN) else { continue };
                let mut out = Vec::new();
                desk.answer(&packet, Over::Tcp, Some((0, Why::Everybody)), &mut 0, &mut out);
                read(&out);
            }
        }
    }
}
