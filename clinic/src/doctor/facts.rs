//! Turns a recording into facts: short named statements, each with what was seen, on which the table of causes decides.
//!
//! A plain function: no clock, no socket, no file. A fact that is absent was not seen; it is not therefore false.

mod address;
mod bridge;
mod business;
mod certificate;
mod known;
mod line;
mod machine;
mod names;
mod proxy;
mod reach;
mod trust;
mod view;

pub use known::KNOWN;
pub(crate) use view::View;

use super::recording::Recording;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Evidence kept for one fact; a machine with thousands of strange things is not told about each.
const MOST_EVIDENCE: usize = 12;

/// Facts that mean that something does not work.
const SYMPTOMS: [&str; 21] = [
    "m.no-link",
    "a.no-global",
    "n.system-some-fail",
    "r.line-portal-lost",
    "r.portal-lost",
    "r.web-api-lost",
    "r.authority-lost",
    "r.base-lost",
    "l.not-authenticated",
    "l.no-answer",
    "l.unknown",
    "l.system-error",
    "l.try-later",
    "t.server-silent",
    "s.busy",
    "s.fault",
    "s.authority-fault",
    "p.lost",
    "p.fault",
    "b.met-unreachable",
    "q.abnormal",
];

/// One fact: what was seen, for engineers, and the words that texts of causes may fill in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fact {
    /// What was seen, Japanese, for engineers.
    pub evidence: Vec<String>,
    /// Words by name: "host", "days", "until".
    pub values: BTreeMap<&'static str, String>,
}

/// All facts of one look, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    found: BTreeMap<&'static str, Fact>,
}

impl Facts {
    /// The facts of a recording, judged at the time at which it was taken.
    #[must_use]
    pub fn of(recording: &Recording) -> Self {
        let view = View::of(recording);
        let mut facts = Self::default();
        machine::look(&view, &mut facts);
        address::look(&view, &mut facts);
        names::look(&view, &mut facts);
        reach::look(&view, &mut facts);
        line::look(&view, &mut facts);
        trust::look(&view, &mut facts);
        certificate::look(&view, &mut facts);
        proxy::look(&view, &mut facts);
        bridge::look(&view, &mut facts);
        business::look(&view, &mut facts);
        facts.symptoms();
        facts
    }

    /// Whether a fact was seen.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.found.contains_key(name)
    }

    /// A fact.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Fact> {
        self.found.get(name)
    }

    /// Every fact with its name, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Fact)> {
        self.found.iter().map(|(name, fact)| (*name, fact))
    }

    /// Whether anything at all does not work: announcements matter to a site only then.
    fn symptoms(&mut self) {
        let ill: Vec<&str> = SYMPTOMS.into_iter().filter(|name| self.has(name)).collect();
        if !ill.is_empty() {
            self.note("z.symptom", ill.join("、"));
        }
    }

    /// Adds what was seen to a fact.
    fn note(&mut self, name: &'static str, evidence: impl Into<String>) {
        debug_assert!(KNOWN.iter().any(|(known, _)| *known == name), "{name} is no known fact");
        let fact = self.found.entry(name).or_default();
        let evidence = evidence.into();
        if fact.evidence.len() < MOST_EVIDENCE && !fact.evidence.contains(&evidence) {
            fact.evidence.push(evidence);
        }
    }

    /// Adds what was seen, and a word for the texts; the first word of a name stays.
    fn note_with(&mut self, name: &'static str, evidence: impl Into<String>, value: &'static str, word: impl Into<String>) {
        self.note(name, evidence);
        if let Some(fact) = self.found.get_mut(name) {
            fact.values.entry(value).or_insert_with(|| word.into());
        }
    }
}

/// A moment as people in Japan read it.
pub(crate) fn japanese(at: Timestamp) -> String {
    chassis::clock::japan(at).strftime("%Y年%-m月%-d日 %H:%M").to_string()
}
