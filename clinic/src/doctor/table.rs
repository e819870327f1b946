//! The table of causes as data: what each is recognised by, what follows from it, whose job it is, and what is said to whom.

use manuals::Owner;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::LazyLock;

const TEXT: &str = include_str!("../../data/causes.toml");
static SHEET: LazyLock<Sheet> = LazyLock::new(|| toml::from_str(TEXT).unwrap_or_default());

/// Where on the way to an answer a cause sits; the nearer to the machine, the more follows from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// Announced by the center: everybody has it.
    Announced,
    /// The machine.
    #[default]
    Machine,
    /// Addresses.
    Address,
    /// Names.
    Names,
    /// The clock.
    Time,
    /// Trust in the center's servers.
    Trust,
    /// The line and its authentication.
    Line,
    /// This machine's certificate.
    Certificate,
    /// The center's desks.
    Service,
    /// Accounts.
    Account,
    /// The bridge and its surroundings.
    Bridge,
    /// Software distribution and its proxy.
    Proxy,
    /// The card reader.
    Reader,
    /// What the answer itself says.
    Business,
}

/// How much it weighs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// Work has stopped, or a part of it.
    #[default]
    Stops,
    /// It passes by itself at an announced time.
    Waits,
    /// It works, and will fail or fails now and then.
    Weakens,
    /// Nothing is wrong; it explains what was seen.
    Tells,
}

/// Which hop of the drawing is broken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Hop {
    /// The terminal itself.
    #[default]
    Terminal,
    /// Between terminal and router.
    Cable,
    /// The site's router.
    Router,
    /// The carrier's line.
    Carrier,
    /// The center.
    Center,
    /// Nowhere: no hop is broken.
    None,
}

/// One cause.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cause {
    /// Stable key, "names.domain-missing".
    pub key: &'static str,
    /// A few words, Japanese, for engineers.
    pub title: &'static str,
    /// Where on the way.
    pub layer: Layer,
    /// The hop marked in the drawing.
    pub hop: Hop,
    /// Whose job it is.
    pub owner: Owner,
    /// How much it weighs.
    #[serde(default)]
    pub weight: Weight,
    /// Per cent: how sure one may be when the conditions hold.
    pub confidence: u8,
    /// Recognised when every fact of one of these lists was seen; empty for what people ask about and no probe shows.
    #[serde(borrow)]
    pub when: Vec<Vec<&'static str>>,
    /// And none of these.
    #[serde(default, borrow)]
    pub unless: Vec<&'static str>,
    /// Causes that follow from it, by key, by family as `names.*`, or by group as `@network`: they are not shown as causes beside it.
    #[serde(default, borrow)]
    pub explains: Vec<&'static str>,
    /// What is wrong, for the desk: no network word. `{word}` is filled in from the facts.
    pub desk: &'static str,
    /// The one thing to do, for the desk.
    #[serde(rename = "do")]
    pub todo: &'static str,
    /// For the engineer: what it is and how it is mended.
    pub engineer: &'static str,
    /// Where the manuals tell of it, "001 §2-1 手順3"; empty where none does.
    #[serde(default)]
    pub page: &'static str,
    /// Keys of questions and answers of the manuals.
    #[serde(default, borrow)]
    pub faq: Vec<&'static str>,
    /// Inventory rows.
    #[serde(default, borrow)]
    pub rows: Vec<&'static str>,
    /// Its places among the failures that the field reports, 1 to 28.
    #[serde(default)]
    pub rank: Vec<u8>,
    /// The names under which the field knows it.
    #[serde(default, borrow)]
    pub means: Vec<&'static str>,
    /// Keys of messages and situations that people see when this is the cause.
    #[serde(default, borrow)]
    pub says: Vec<&'static str>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sheet {
    /// Lists of patterns that several causes explain, `@name` in them.
    #[serde(borrow)]
    group: BTreeMap<&'static str, Vec<&'static str>>,
    cause: Vec<Cause>,
}

/// Every cause, in the order of the table: within a layer the earlier one is the likelier root.
#[must_use]
pub fn all() -> &'static [Cause] {
    &SHEET.cause
}

/// The cause with this key.
#[must_use]
pub fn by_key(key: &str) -> Option<&'static Cause> {
    all().iter().find(|cause| cause.key == key)
}

impl Cause {
    /// Whether another cause follows from this one.
    #[must_use]
    pub fn explains(&self, other: &Cause) -> bool {
        other.key != self.key && self.explains.iter().any(|pattern| fits(pattern, other.key))
    }
}

fn fits(pattern: &str, key: &str) -> bool {
    if let Some(group) = pattern.strip_prefix('@') {
        return SHEET
            .group
            .get(group)
            .is_some_and(|patterns| patterns.iter().any(|pattern| !pattern.starts_with('@') && fits(pattern, key)));
    }
    match pattern.strip_suffix(".*") {
        Some(family) => key.split_once('.').is_some_and(|(of, _)| of == family),
        None => pattern == key,
    }
}

#[cfg(test)]
mod tests;
