//! Reads a question from the bytes of a stranger, and writes the fixed parts of what goes back.

use domain::base::iana::{Opcode, OptRcode, Rtype};
use domain::base::{Message, MessageBuilder, UnknownRecordData};

use super::template::{HEADER, LARGEST_DATAGRAM, PLAIN_DATAGRAM};

/// Longest name in bytes (RFC 1035 §3.1).
const LONGEST_NAME: usize = 255;

/// What a packet is.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "nearly every packet is a question, and none is kept")]
pub(super) enum Packet<'a> {
    /// No question: an answer, or too short to have an id. Nothing goes back, so that two servers never talk to each other for ever.
    Silence,
    /// Asked in a way that gets an error; the header's own bytes are enough to say so.
    Wrong(Wrong),
    /// A question.
    Question(Question<'a>),
}

/// An error that is told without looking at any zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wrong {
    head: [u8; 4],
    pub(super) rcode: OptRcode,
    /// The question had an OPT record that could be read: an OPT record goes back.
    edns: Option<Edns>,
}

/// A question that can be answered.
#[derive(Debug)]
pub(super) struct Question<'a> {
    head: [u8; 4],
    /// Name, type and class as they came.
    wire: &'a [u8],
    name: [u8; LONGEST_NAME],
    length: usize,
    pub(super) rtype: Rtype,
    pub(super) class: u16,
    pub(super) edns: Option<Edns>,
}

/// What an OPT record says (RFC 6891).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edns {
    size: u16,
    version: u8,
    dnssec_ok: bool,
}

/// Reads a packet.
pub(super) fn read(bytes: &[u8]) -> Packet<'_> {
    let Some((header, rest)) = bytes.split_first_chunk::<HEADER>() else { return Packet::Silence };
    let &[id0, id1, high, low, qd0, qd1, an0, an1, ns0, ns1, ar0, ar1] = header;
    let head = [id0, id1, high, low];
    if high & 0x80 != 0 {
        return Packet::Silence;
    }
    let wrong = |rcode, edns| Packet::Wrong(Wrong { head, rcode, edns });
    if Opcode::from_int((high >> 3) & 0x0F) != Opcode::QUERY {
        return wrong(OptRcode::NOTIMP, None);
    }
    // One question (RFC 9619), and nothing said before it is asked.
    if (u16::from_be_bytes([qd0, qd1]), [an0, an1, ns0, ns1]) != (1, [0; 4]) {
        return wrong(OptRcode::FORMERR, None);
    }
    let Some(mut question) = Question::read(head, rest) else { return wrong(OptRcode::FORMERR, None) };
    let after = rest.get(question.wire.len()..).unwrap_or_default();
    match additional(bytes, after, u16::from_be_bytes([ar0, ar1])) {
        Err(()) => return wrong(OptRcode::FORMERR, None),
        Ok(edns) => question.edns = edns,
    }
    match question.rtype.to_int() {
        _ if question.edns.is_some_and(|edns| edns.version != 0) => wrong(OptRcode::BADVERS, question.edns),
        // OPT, TKEY, TSIG are no questions; MAILB and MAILA nobody has; zones are not handed out.
        0 | 41 | 249 | 250 => wrong(OptRcode::FORMERR, question.edns),
        253 | 254 => wrong(OptRcode::NOTIMP, question.edns),
        251 | 252 => wrong(OptRcode::REFUSED, question.edns),
        _ => Packet::Question(question),
    }
}

/// The OPT record among the additional ones, if there is one; a mistake when there is more than one or when they cannot be read.
fn additional(message: &[u8], rest: &[u8], count: u16) -> Result<Option<Edns>, ()> {
    match (count, rest) {
        (0, _) => return Ok(None),
        // The usual case: an OPT record and nothing else.
        (1, [0, 0, 41, s0, s1, _, version, flags, _, l0, l1, options @ ..]) => {
            let length = usize::from(u16::from_be_bytes([*l0, *l1]));
            let options = options.get(..length).ok_or(())?;
            well_formed(options)?;
            return Ok(Some(Edns { size: u16::from_be_bytes([*s0, *s1]), version: *version, dnssec_ok: flags & 0x80 != 0 }));
        }
        _ => {}
    }
    let message = Message::from_slice(message).map_err(drop)?;
    let mut edns = None;
    for record in message.additional().map_err(drop)? {
        let record = record.map_err(drop)?;
        if record.rtype() == Rtype::OPT {
            let opt = record.to_record::<UnknownRecordData<_>>().map_err(drop)?.ok_or(())?;
            well_formed(opt.data().data())?;
            let [_, version, flags, _] = opt.ttl().as_secs().to_be_bytes();
            let said = Edns { size: opt.class().to_int(), version, dnssec_ok: flags & 0x80 != 0 };
            if edns.replace(said).is_some() || !record.owner().is_root() {
                return Err(());
            }
        }
    }
    Ok(edns)
}

/// Options follow one another without a gap: code, length, content.
fn well_formed(mut options: &[u8]) -> Result<(), ()> {
    while let [_, _, l0, l1, rest @ ..] = options {
        options = rest.get(usize::from(u16::from_be_bytes([*l0, *l1]))..).ok_or(())?;
    }
    if options.is_empty() { Ok(()) } else { Err(()) }
}

impl<'a> Question<'a> {
    /// Reads name, type and class; `None` when they are cut off or the name is none. A question's name is not compressed.
    fn read(head: [u8; 4], bytes: &'a [u8]) -> Option<Self> {
        let mut name = [0; LONGEST_NAME];
        let mut at = 0;
        loop {
            let length = usize::from(*bytes.get(at)?);
            let label = bytes.get(at..=at + length).filter(|_| length < 64)?;
            let into = name.get_mut(at..=at + length)?;
            into.copy_from_slice(label);
            into.make_ascii_lowercase();
            at += length + 1;
            if length == 0 {
                break;
            }
        }
        let wire = bytes.get(..at + 4)?;
        let [t0, t1, c0, c1] = wire.last_chunk::<4>().copied()?;
        let (rtype, class) = (Rtype::from_int(u16::from_be_bytes([t0, t1])), u16::from_be_bytes([c0, c1]));
        Some(Self { head, wire, name, length: at, rtype, class, edns: None })
    }

    /// The name in small letters, in wire format.
    pub(super) fn name(&self) -> &[u8] {
        self.name.get(..self.length).unwrap_or_default()
    }

    /// The largest datagram that the asker takes from us.
    pub(super) fn datagram(&self) -> usize {
        usize::from(self.edns.map_or(PLAIN_DATAGRAM, |edns| edns.size.clamp(PLAIN_DATAGRAM, LARGEST_DATAGRAM)))
    }

    /// Writes header and question: the asker's id, opcode and wishes, our flags and counts.
    pub(super) fn begin(&self, high: u8, low: u8, [answer, authority, additional]: [u16; 3], out: &mut Vec<u8>) {
        let [id0, id1, asked_high, asked_low] = self.head;
        let additional = additional + u16::from(self.edns.is_some());
        out.extend_from_slice(&[id0, id1, high | (asked_high & WISHED), low | (asked_low & CHECKING_DISABLED), 0, 1]);
        for count in [answer, authority, additional] {
            out.extend_from_slice(&count.to_be_bytes());
        }
        out.extend_from_slice(self.wire);
    }

    /// Writes our OPT record where the asker had one, with the upper bits of the code.
    pub(super) fn end(&self, upper: u8, options: &[u8], out: &mut Vec<u8>) {
        opt(self.edns, upper, options, out);
    }

    /// An answer without records.
    pub(super) fn refuse(&self, rcode: OptRcode, options: &[u8], out: &mut Vec<u8>) {
        let options = if options.len() > usize::from(PLAIN_DATAGRAM) / 2 { &[] } else { options };
        self.begin(0x80, rcode.rcode().to_int(), [0; 3], out);
        self.end(rcode.ext(), options, out);
    }
}

/// The opcode and "recursion desired" go back as they came.
const WISHED: u8 = 0x79;
/// "Checking disabled" too (RFC 4035 §3.2.2).
const CHECKING_DISABLED: u8 = 0x10;

impl Wrong {
    /// Writes the error: a header, and an OPT record where there was one.
    pub(super) fn write(self, out: &mut Vec<u8>) {
        let [id0, id1, high, low] = self.head;
        let flags = [id0, id1, 0x80 | (high & WISHED), (low & CHECKING_DISABLED) | self.rcode.rcode().to_int()];
        out.extend_from_slice(&flags);
        out.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, u8::from(self.edns.is_some())]);
        opt(self.edns, self.rcode.ext(), &[], out);
    }
}

fn opt(edns: Option<Edns>, upper: u8, options: &[u8], out: &mut Vec<u8>) {
    let Some(edns) = edns else { return };
    let [s0, s1] = LARGEST_DATAGRAM.to_be_bytes();
    let [l0, l1] = u16::try_from(options.len()).unwrap_or_default().to_be_bytes();
    out.extend_from_slice(&[0, 0, 41, s0, s1, upper, 0, if edns.dnssec_ok { 0x80 } else { 0 }, 0, l0, l1]);
    out.extend_from_slice(options);
}

/// A question as a client writes it, for explanations and tests: with EDNS, recursion not desired.
pub(super) fn question(name: &super::zone::Owner, rtype: Rtype, class: domain::base::iana::Class) -> Vec<u8> {
    let mut builder = MessageBuilder::new_vec().question();
    // A vector takes what is appended.
    let _asked = builder.push((name, rtype, class));
    let mut additional = builder.additional();
    let _said = additional.opt(|opt| {
        opt.set_udp_payload_size(u16::MAX);
        Ok(())
    });
    additional.finish()
}
