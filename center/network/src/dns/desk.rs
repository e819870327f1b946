//! The list in force, compiled for every view, and the answers it gives.

use std::collections::HashMap;

use bytes::Bytes;
use domain::base::Name;
use domain::base::iana::{Class, OptRcode, Rcode, Rtype};
use jiff::civil::Date;

use super::choice::{ViewSettings, Why};
use super::list::List;
use super::packet::{self, Packet, Question};
use super::template::Template;
use super::tree::Tree;
use super::zone::{self, Owner};

/// The name under which a server says, in class CHAOS, which view an asker has and why.
pub const ABOUT: &str = "view.onshi";
/// Why nobody is served.
pub(super) const NO_VIEW: &str = "no view is for this asker at this address";
/// Extended DNS error 20, "not authoritative" (RFC 8914).
const NOT_AUTHORITATIVE: u8 = 20;
const NOT_OURS: &[u8] = b"not a domain of this network (or of this view): ask your other name server";

/// A list compiled for the views.
#[derive(Debug)]
pub struct Desk {
    version: String,
    from: Option<Date>,
    views: Vec<View>,
    doubts: Vec<String>,
}

/// One view's zones and prepared answers.
#[derive(Debug)]
pub(super) struct View {
    name: String,
    tree: Tree,
    ready: HashMap<Box<[u8]>, Ready>,
}

/// The answers of one name: by type, and for every other type.
#[derive(Debug)]
struct Ready {
    types: Vec<(Rtype, Template)>,
    other: Template,
}

/// Over which kind of connection a question came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Datagrams, whose size has limits.
    Udp,
    /// A stream, on which any message has room.
    Tcp,
}

/// What became of a packet, for the figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Records were given.
    Answered,
    /// Records were given, but not all had room: the asker comes again over TCP.
    Cut,
    /// The name has no such records.
    Empty,
    /// There is no such name.
    NoName,
    /// Not ours, or not for this asker.
    Refused,
    /// It could not be read, or asked for what we do not do.
    Wrong,
    /// Nothing was sent back.
    Silent,
}

impl Outcome {
    /// Every outcome, in the order of their places.
    pub const ALL: [Outcome; 7] =
        [Outcome::Answered, Outcome::Cut, Outcome::Empty, Outcome::NoName, Outcome::Refused, Outcome::Wrong, Outcome::Silent];

    /// The word in the figures.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Cut => "cut",
            Self::Empty => "no_data",
            Self::NoName => "no_name",
            Self::Refused => "refused",
            Self::Wrong => "wrong",
            Self::Silent => "silent",
        }
    }
}

impl Desk {
    /// Compiles a list for the views.
    ///
    /// # Errors
    /// Every mistake found, each a sentence.
    pub fn compile(list: &List, settings: &[ViewSettings]) -> Result<Self, Vec<String>> {
        let (mut mistakes, mut doubts, mut zones) = (Vec::new(), Vec::new(), Vec::new());
        if list.version.trim().is_empty() || list.version.len() > 100 {
            mistakes.push("version には版の名前を 100 文字までで書いてください。".to_owned());
        }
        for entry in &list.zones {
            match zone::read(entry) {
                Ok(zone) => zones.push((entry, zone)),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        let mut views = Vec::new();
        for view in settings {
            let wanted = |entry: &super::list::Zone| {
                entry.regions.contains(&view.region) && entry.services.iter().any(|service| view.services.contains(service))
            };
            let inside = zones.iter().filter(|(entry, _)| wanted(entry)).map(|(_, zone)| zone.clone()).collect();
            match View::new(&view.name, inside, &mut doubts) {
                Ok(view) => views.push(view),
                Err(found) => mistakes.extend(found.into_iter().map(|mistake| format!("ビュー {}: {mistake}", view.name))),
            }
        }
        if mistakes.is_empty() { Ok(Self { version: list.version.clone(), from: list.from, views, doubts }) } else { Err(mistakes) }
    }

    /// The list's edition.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The day from which the list holds.
    #[must_use]
    pub fn from(&self) -> Option<Date> {
        self.from
    }

    /// What is answered truly but is surely not meant.
    #[must_use]
    pub fn doubts(&self) -> &[String] {
        &self.doubts
    }

    /// Views with their zones' names and numbers of names.
    pub fn views(&self) -> impl Iterator<Item = (&str, Vec<(String, usize)>)> {
        self.views.iter().map(|view| {
            let zones = view.tree.zones().iter().map(|zone| (zone.apex.to_string(), zone.sets.len()));
            (view.name.as_str(), zones.collect())
        })
    }

    /// The name of the view at a place, and the zone of it that holds a name.
    pub(super) fn describe(&self, place: usize, name: &Owner, rtype: Rtype) -> Option<(&str, Option<String>)> {
        let view = self.views.get(place)?;
        let zone = view.tree.find(name, rtype).and_then(|found| found.zone.map(ToString::to_string));
        Some((view.name.as_str(), zone))
    }

    /// Answers a packet for who has the view `chosen`. `turn` is the caller's own count of answers whose addresses take turns. An answer left
    /// empty is not to be sent.
    pub fn answer(&self, packet: &[u8], over: Over, chosen: Option<(usize, Why)>, turn: &mut usize, out: &mut Vec<u8>) -> Outcome {
        let question = match packet::read(packet) {
            Packet::Silence => return Outcome::Silent,
            Packet::Wrong(wrong) => {
                wrong.write(out);
                return if wrong.rcode == OptRcode::REFUSED { Outcome::Refused } else { Outcome::Wrong };
            }
            Packet::Question(question) => question,
        };
        let largest = if over == Over::Udp { question.datagram() } else { usize::from(u16::MAX) };
        let view = chosen.and_then(|(place, why)| Some((self.views.get(place)?, why)));
        match (question.class, view) {
            (1, Some((view, _))) => view.answer(&question, largest, turn, out),
            (3, view) => self.about(&question, view, largest, out),
            _ => refused(&question, out),
        }
    }

    /// Class CHAOS: which view, which list, why.
    fn about(&self, question: &Question<'_>, view: Option<(&View, Why)>, largest: usize, out: &mut Vec<u8>) -> Outcome {
        let about = zone::name(ABOUT).is_ok_and(|about| about.as_slice() == question.name());
        if !about || (question.rtype != Rtype::TXT && question.rtype != Rtype::ANY) {
            return refused(question, out);
        }
        let (name, why) = view.map_or(("none", NO_VIEW.to_owned()), |(view, why)| (view.name.as_str(), why.to_string()));
        let mut record = vec![0xC0, 12, 0, 16, 0, 3, 0, 0, 0, 0];
        let mut text = Vec::new();
        for part in [format!("view={name}"), format!("list={}", self.version), format!("because={why}")] {
            let part = part.as_bytes().get(..part.len().min(255)).unwrap_or_default();
            text.push(u8::try_from(part.len()).unwrap_or(u8::MAX));
            text.extend_from_slice(part);
        }
        record.extend_from_slice(&u16::try_from(text.len()).unwrap_or_default().to_be_bytes());
        record.extend_from_slice(&text);
        let room = largest.saturating_sub(12 + question.name().len() + 4 + 11);
        let cut = record.len() > room;
        let flags = if cut { 0x86 } else { 0x84 };
        question.begin(flags, 0, [u16::from(!cut), 0, 0], out);
        out.extend_from_slice(if cut { &[] } else { &record });
        question.end(0, &[], out);
        if cut { Outcome::Cut } else { Outcome::Answered }
    }
}

impl View {
    fn new(name: &str, zones: Vec<zone::Zone>, doubts: &mut Vec<String>) -> Result<Self, Vec<String>> {
        let tree = Tree::new(zones).map_err(|mistake| vec![mistake])?;
        let mistakes = tree.mistakes();
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        doubts.extend(tree.doubts().into_iter().map(|doubt| format!("ビュー {name}: {doubt}")));
        let mut ready = HashMap::new();
        for (owner, types) in tree.askable() {
            let long = || vec![format!("{owner}: 答えが長すぎます（65,535 バイトまで）。")];
            let prepare = |rtype| tree.find(owner, rtype).and_then(|found| Template::new(owner, rtype, &found)).ok_or_else(long);
            let types = types.into_iter().map(|rtype| Ok((rtype, prepare(rtype)?))).collect::<Result<_, Vec<String>>>()?;
            let answers = Ready { types, other: prepare(NO_SUCH_TYPE)? };
            ready.insert(owner.as_slice().to_ascii_lowercase().into_boxed_slice(), answers);
        }
        Ok(Self { name: name.to_owned(), tree, ready })
    }

    fn answer(&self, question: &Question<'_>, largest: usize, turn: &mut usize, out: &mut Vec<u8>) -> Outcome {
        if let Some(ready) = self.ready.get(question.name()) {
            let of_type = ready.types.iter().find(|(rtype, _)| *rtype == question.rtype);
            return given(of_type.map_or(&ready.other, |(_, template)| template), question, largest, turn, out);
        }
        let Ok(name) = Name::from_octets(Bytes::copy_from_slice(question.name())) else { return refused(question, out) };
        let Some(found) = self.tree.find(&name, question.rtype) else { return refused(question, out) };
        match Template::new(&name, question.rtype, &found) {
            Some(template) => given(&template, question, largest, turn, out),
            None => {
                question.refuse(OptRcode::SERVFAIL, &[], out);
                Outcome::Wrong
            }
        }
    }
}

/// A type that no zone of ours holds: what every other type is answered with.
const NO_SUCH_TYPE: Rtype = Rtype::NULL;

fn given(template: &Template, question: &Question<'_>, largest: usize, turn: &mut usize, out: &mut Vec<u8>) -> Outcome {
    let cut = template.fit(question, largest, turn, out);
    match template.rcode {
        _ if cut => Outcome::Cut,
        Rcode::NXDOMAIN => Outcome::NoName,
        _ if template.empty => Outcome::Empty,
        _ => Outcome::Answered,
    }
}

fn refused(question: &Question<'_>, out: &mut Vec<u8>) -> Outcome {
    // Code 15, the length of what follows, the error, its words.
    let mut error = vec![0, 15, 0, u8::try_from(NOT_OURS.len() + 2).unwrap_or_default(), 0, NOT_AUTHORITATIVE];
    error.extend_from_slice(NOT_OURS);
    question.refuse(OptRcode::REFUSED, &error, out);
    Outcome::Refused
}

/// A question in the bytes of a client.
///
/// # Errors
/// When the name is none.
pub fn question(name: &str, rtype: Rtype, class: Class) -> Result<Vec<u8>, String> {
    Ok(packet::question(&zone::name(name)?, rtype, class))
}
