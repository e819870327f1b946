//! What a diagnosis says to people on a terminal, and to programs as JSON.

use super::desk::{Desk, desk, owner_key};
use super::facts::{KNOWN, japanese};
use super::reason::{Diagnosis, Found, State};
use super::recording::{Outcome, Recording};
use super::table::{Cause, Hop, Layer, Weight};
use manuals::{faq, provenance::in_words};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// The number of the JSON's shape; it grows when a field changes its meaning, never for a new field.
pub const SCHEMA: u32 = 1;

/// A diagnosis as programs read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The version of the program.
    pub version: &'static str,
    /// When it was looked, UTC.
    pub at: String,
    /// How long the look took.
    pub took_ms: u64,
    /// "healthy", "weak", "broken", "waiting", "could-not-look".
    pub state: &'static str,
    /// The program's exit code.
    pub exit: u8,
    /// What is wrong, one sentence for the desk.
    pub sentence: String,
    /// The one thing to do.
    #[serde(rename = "do")]
    pub todo: String,
    /// Whose job it is: "site", "vendor", "line", "center", "insurer"; absent where nothing is to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<&'static str>,
    /// Whom to call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desk: Option<Desk>,
    /// The causes, the one that matters most first.
    pub causes: Vec<CauseReport>,
    /// Everything that was seen, by name.
    pub facts: Vec<FactReport>,
    /// Questions that the deadline cut off.
    pub unfinished: usize,
    /// What the system did not want to tell.
    pub withheld: Vec<String>,
}

/// One cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CauseReport {
    /// Its key.
    pub key: &'static str,
    /// A few words.
    pub title: &'static str,
    /// Where on the way.
    pub layer: Layer,
    /// The hop to mark.
    pub hop: Hop,
    /// Whose job it is.
    pub owner: &'static str,
    /// In Japanese.
    pub owner_label: &'static str,
    /// How much it weighs.
    pub weight: Weight,
    /// Per cent.
    pub confidence: u8,
    /// For the desk.
    pub desk: String,
    /// The one thing to do, for the desk.
    #[serde(rename = "do")]
    pub todo: String,
    /// For the engineer.
    pub engineer: String,
    /// Where the manuals tell of it, by their short names.
    pub page: &'static str,
    /// The same by their titles.
    pub manual: String,
    /// Keys of the manuals' questions.
    pub faq: Vec<&'static str>,
    /// Inventory rows.
    pub rows: Vec<&'static str>,
    /// Places among the failures of the field.
    pub rank: Vec<u8>,
    /// What was seen.
    pub evidence: Vec<String>,
    /// Causes that follow from it.
    pub follow: Vec<&'static str>,
}

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FactReport {
    /// Its name.
    pub name: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// What was seen.
    pub evidence: Vec<String>,
    /// Its words.
    pub values: BTreeMap<&'static str, String>,
}

impl Report {
    /// The report of a diagnosis.
    #[must_use]
    pub fn of(recording: &Recording, diagnosis: &Diagnosis) -> Self {
        let (sentence, todo) = sentence(diagnosis);
        let first = diagnosis.first();
        let meaning = |name: &str| KNOWN.iter().find(|(known, _)| *known == name).map_or("", |(_, meaning)| meaning);
        Self {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            at: diagnosis.at.to_string(),
            took_ms: recording.took_ms,
            state: diagnosis.state.key(),
            exit: diagnosis.exit_code(),
            sentence,
            todo,
            owner: first.filter(|_| diagnosis.state != State::Healthy).map(|found| owner_key(found.cause.owner)),
            desk: desk(first, diagnosis.state, diagnosis.at),
            causes: diagnosis.found.iter().map(cause).collect(),
            facts: diagnosis
                .facts
                .iter()
                .map(|(name, fact)| FactReport {
                    name,
                    meaning: meaning(name),
                    evidence: fact.evidence.clone(),
                    values: fact.values.clone(),
                })
                .collect(),
            unfinished: recording.probes.iter().filter(|probe| probe.outcome == Outcome::Unfinished).count(),
            withheld: recording.machine.withheld.clone(),
        }
    }

    /// As JSON, with a newline at its end.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).map(|text| text + "\n").unwrap_or_default()
    }
}

fn cause(found: &Found) -> CauseReport {
    let Cause { key, title, layer, hop, owner, confidence, page, faq, rows, rank, .. } = found.cause;
    CauseReport {
        key,
        title,
        layer: *layer,
        hop: *hop,
        owner: owner_key(*owner),
        owner_label: owner.label(),
        weight: found.weight,
        confidence: *confidence,
        desk: found.desk.clone(),
        todo: found.todo.clone(),
        engineer: found.engineer.clone(),
        page,
        manual: in_words(page),
        faq: faq.clone(),
        rows: rows.clone(),
        rank: rank.clone(),
        evidence: found.evidence.clone(),
        follow: found.follow.iter().map(|cause| cause.key).collect(),
    }
}

/// The one sentence and the one thing to do.
#[must_use]
pub fn sentence(diagnosis: &Diagnosis) -> (String, String) {
    match (diagnosis.state, diagnosis.first()) {
        (State::CouldNotLook, _) => {
            ("調べられませんでした。".to_owned(), "もう一度行い、続くときはシステムベンダーに連絡してください。".to_owned())
        }
        (State::Healthy, None) => ("異常は見つかりませんでした。".to_owned(), "そのままお使いください。".to_owned()),
        (State::Healthy, Some(found)) => (format!("異常は見つかりませんでした。{}", found.desk), found.todo.clone()),
        (_, Some(found)) => (found.desk.clone(), found.todo.clone()),
        (_, None) => ("異常は見つかりませんでした。".to_owned(), String::new()),
    }
}

/// A few colours for terminals; empty where none are wanted.
struct Paint {
    strong: &'static str,
    red: &'static str,
    yellow: &'static str,
    green: &'static str,
    dim: &'static str,
    end: &'static str,
}

const PLAIN: Paint = Paint { strong: "", red: "", yellow: "", green: "", dim: "", end: "" };
const COLOURS: Paint =
    Paint { strong: "\x1b[1m", red: "\x1b[1;31m", yellow: "\x1b[1;33m", green: "\x1b[1;32m", dim: "\x1b[2m", end: "\x1b[0m" };

/// The report for people: one sentence first, then who, then what to do; details below.
#[must_use]
pub fn text(recording: &Recording, diagnosis: &Diagnosis, coloured: bool) -> String {
    let paint = if coloured { COLOURS } else { PLAIN };
    let mut out = String::new();
    // Writing into a string cannot fail.
    let _written = write(&mut out, recording, diagnosis, &paint);
    out
}

fn write(out: &mut String, recording: &Recording, diagnosis: &Diagnosis, paint: &Paint) -> std::fmt::Result {
    let (said, todo) = sentence(diagnosis);
    let (sign, colour) = match diagnosis.state {
        State::Healthy => ("○", paint.green),
        State::Weak | State::Waiting => ("△", paint.yellow),
        State::Broken | State::CouldNotLook => ("×", paint.red),
    };
    writeln!(out, "{colour}{sign} {said}{}", paint.end)?;
    if let Some(first) = diagnosis.first().filter(|_| diagnosis.state != State::Healthy) {
        writeln!(out, "  担当: {}（確からしさ {} %）", first.cause.owner.label(), first.cause.confidence)?;
    }
    if !todo.is_empty() {
        writeln!(out, "  次にすること: {todo}")?;
    }
    if let Some(desk) = desk(diagnosis.first(), diagnosis.state, diagnosis.at) {
        let phone = desk.phone.map(|phone| format!(" {phone}")).unwrap_or_default();
        let hours = desk.hours.map(|hours| format!(" {hours}")).unwrap_or_default();
        writeln!(out, "  連絡先: {}{phone}{hours}", desk.name)?;
    }
    let shown = usize::from(!diagnosis.found.is_empty());
    for (at, other) in diagnosis.found.iter().skip(shown).enumerate() {
        if at == 0 {
            writeln!(out, "\n{}ほかに見つかったこと{}", paint.strong, paint.end)?;
        }
        writeln!(out, "  {}. {}（担当: {}）\n     {}", at + 1, other.desk, other.cause.owner.label(), other.todo)?;
    }
    details(out, recording, diagnosis, paint)
}

fn details(out: &mut String, recording: &Recording, diagnosis: &Diagnosis, paint: &Paint) -> std::fmt::Result {
    writeln!(out, "\n{}くわしい結果（技術者向け）{}", paint.strong, paint.end)?;
    writeln!(out, "  日時 {}、{} ミリ秒、質問 {} 件", japanese(recording.taken_at), recording.took_ms, recording.probes.len())?;
    for found in &diagnosis.found {
        writeln!(out, "\n  [{}] {}", found.cause.key, found.cause.title)?;
        writeln!(out, "    {}", found.engineer)?;
        if !found.cause.page.is_empty() {
            writeln!(out, "    手引き: {}", in_words(found.cause.page))?;
        }
        for entry in faq::by_cause(found.cause.key) {
            writeln!(out, "    よくある質問: {}（onshi support faq {}）", entry.asks, entry.key)?;
        }
        for line in &found.evidence {
            writeln!(out, "    {}・{line}{}", paint.dim, paint.end)?;
        }
        if !found.follow.is_empty() {
            let titles: Vec<&str> = found.follow.iter().map(|cause| cause.title).collect();
            writeln!(out, "    これが直れば消えるはずのもの: {}", titles.join("、"))?;
        }
    }
    for withheld in &recording.machine.withheld {
        writeln!(out, "  見られなかったもの: {withheld}")?;
    }
    let unfinished = recording.probes.iter().filter(|probe| probe.outcome == Outcome::Unfinished).count();
    if unfinished > 0 {
        writeln!(out, "  時間内に終わらなかった質問: {unfinished} 件")?;
    }
    Ok(())
}
