//! A whole answer kept ready as bytes, and how it is fitted to one question: its id, its letter case, its size, and whose turn is first.

use domain::base::iana::{Class, Rcode, Rtype};
use domain::base::message_builder::TreeCompressor;
use domain::base::{MessageBuilder, Record};

use super::packet::Question;
use super::tree::Found;
use super::zone::{Owner, Set};

/// Bytes of a message's header.
pub(super) const HEADER: usize = 12;
/// The largest datagram that we send, whatever the asker says: larger ones are lost in pieces (flag day 2020).
pub(super) const LARGEST_DATAGRAM: u16 = 1232;
/// The largest datagram for who says nothing (RFC 1035 §4.2.1).
pub(super) const PLAIN_DATAGRAM: u16 = 512;
/// Our own OPT record without options.
const OPT: usize = 11;

/// An answer as bytes.
#[derive(Debug)]
pub(super) struct Template {
    /// The second pair of header bytes, without what belongs to the question.
    flags: [u8; 2],
    /// What follows the question.
    records: Vec<u8>,
    /// Where each set ends, counted from the message's first byte, and the counts up to there. The first entry is "no set at all".
    ends: Vec<End>,
    /// Bytes up to and with the question.
    question: usize,
    turns: Option<Turns>,
    /// "No such name" and its like, for the figures.
    pub(super) rcode: Rcode,
    pub(super) empty: bool,
}

#[derive(Clone, Copy, Debug)]
struct End {
    at: usize,
    counts: [u16; 3],
    /// Nothing that the asker needs is left out after this set.
    enough: bool,
}

/// Addresses that take turns at the first place: records of the same length, side by side, counted from the end of the question.
#[derive(Clone, Copy, Debug)]
struct Turns {
    begin: usize,
    each: usize,
    count: usize,
}

impl Template {
    /// Writes an answer; `None` when it is longer than a message can be.
    pub(super) fn new(name: &Owner, rtype: Rtype, found: &Found<'_>) -> Option<Self> {
        let mut builder = MessageBuilder::from_target(TreeCompressor::new(Vec::new())).ok()?.question();
        builder.push((name, rtype, Class::IN)).ok()?;
        let question = builder.as_slice().len();
        let mut ends = vec![End { at: question, counts: [0; 3], enough: false }];
        let mut turns = None;
        let mut answer = builder.answer();
        for given in &found.answer {
            let mut lengths = vec![answer.as_slice().len()];
            for data in &given.set.data {
                answer.push(Record::new(&given.owner, Class::IN, given.set.ttl, data)).ok()?;
                lengths.push(answer.as_slice().len());
            }
            turns = turns.or_else(|| Turns::of(given.set, &lengths, question));
            ends.push(end(answer.as_slice().len(), answer.counts()));
        }
        let mut authority = answer.authority();
        for set in &found.authority {
            for data in &set.data {
                authority.push(Record::new(&set.owner, Class::IN, set.ttl, data)).ok()?;
            }
            ends.push(end(authority.as_slice().len(), authority.counts()));
        }
        if let Some(last) = ends.last_mut() {
            last.enough = true;
        }
        let mut additional = authority.additional();
        for set in &found.additional {
            for data in &set.data {
                additional.push(Record::new(&set.owner, Class::IN, set.ttl, data)).ok()?;
            }
            ends.push(End { enough: true, ..end(additional.as_slice().len(), additional.counts()) });
        }
        let whole = additional.finish().into_target();
        if whole.len() > usize::from(u16::MAX) - OPT {
            return None;
        }
        let flags = [0x80 | if found.authoritative { 0x04 } else { 0 }, found.rcode.to_int() & 0x0F];
        let records = whole.get(question..)?.to_vec();
        Some(Self { flags, records, ends, question, turns, rcode: found.rcode, empty: found.answer.is_empty() })
    }

    /// Writes the answer to one question, in at most `largest` bytes; whether it had to be cut. `turn` moves on by one when addresses take turns.
    pub(super) fn fit(&self, question: &Question<'_>, largest: usize, turn: &mut usize, out: &mut Vec<u8>) -> bool {
        let room = largest - if question.edns.is_some() { OPT } else { 0 };
        let fits = self.ends.iter().rev().find(|end| end.at <= room);
        let end = fits.or(self.ends.first()).copied().unwrap_or(End { at: self.question, counts: [0; 3], enough: false });
        let [high, low] = self.flags;
        let cut = !end.enough;
        question.begin(high | if cut { 0x02 } else { 0 }, low, end.counts, out);
        let records = self.records.get(..end.at - self.question).unwrap_or_default();
        match self.turns.filter(|turns| turns.end() <= records.len()) {
            None => out.extend_from_slice(records),
            Some(turns) => {
                *turn = turn.wrapping_add(1);
                let first = turns.begin + (*turn % turns.count) * turns.each;
                for part in [0..turns.begin, first..turns.end(), turns.begin..first, turns.end()..records.len()] {
                    out.extend_from_slice(records.get(part).unwrap_or_default());
                }
            }
        }
        question.end(0, &[], out);
        cut
    }
}

fn end(at: usize, counts: domain::base::header::HeaderCounts) -> End {
    End { at, counts: [counts.ancount(), counts.nscount(), counts.arcount()], enough: false }
}

impl Turns {
    /// `lengths` are the message's lengths before, between and after the records.
    fn of(set: &Set, lengths: &[usize], question: usize) -> Option<Self> {
        let mut sizes = lengths.windows(2).filter_map(|pair| pair.last()?.checked_sub(*pair.first()?));
        let each = sizes.next()?;
        let alike = [Rtype::A, Rtype::AAAA].contains(&set.rtype) && set.data.len() > 1 && sizes.all(|size| size == each);
        alike.then_some(Self { begin: lengths.first()?.checked_sub(question)?, each, count: set.data.len() })
    }

    fn end(self) -> usize {
        self.begin + self.each * self.count
    }
}
