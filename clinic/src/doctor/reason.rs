//! Finds the causes in the facts: what was recognised, which of it follows from something else, and what comes first.
//!
//! A plain function of facts and table.

use super::facts::{Fact, Facts};
use super::recording::Recording;
use super::table::{self, Cause, Layer, Weight};
use jiff::Timestamp;
use manuals::Owner;

/// How the whole stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing is wrong.
    Healthy,
    /// It works, and something is to be mended.
    Weak,
    /// Something has stopped.
    Broken,
    /// It passes by itself.
    Waiting,
    /// There was nothing to judge.
    CouldNotLook,
}

impl State {
    /// The key used in JSON.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            State::Healthy => "healthy",
            State::Weak => "weak",
            State::Broken => "broken",
            State::Waiting => "waiting",
            State::CouldNotLook => "could-not-look",
        }
    }
}

/// One cause that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What the table says of it.
    pub cause: &'static Cause,
    /// How much it weighs here: as much as the heaviest of what follows from it.
    pub weight: Weight,
    /// For the desk: what is wrong.
    pub desk: String,
    /// For the desk: the one thing to do.
    pub todo: String,
    /// For the engineer.
    pub engineer: String,
    /// What was seen.
    pub evidence: Vec<String>,
    /// Causes that would look like ones of their own and follow from this one.
    pub follow: Vec<&'static Cause>,
}

/// What a look found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// When it was looked.
    pub at: Timestamp,
    /// How the whole stands.
    pub state: State,
    /// The causes, the root that matters most first.
    pub found: Vec<Found>,
    /// The facts they were found in.
    pub facts: Facts,
}

impl Diagnosis {
    /// Judges a recording.
    #[must_use]
    pub fn of(recording: &Recording) -> Self {
        let facts = Facts::of(recording);
        let found = causes(&facts);
        let state = state(&facts, &found);
        Self { at: recording.taken_at, state, found, facts }
    }

    /// What matters most.
    #[must_use]
    pub fn first(&self) -> Option<&Found> {
        self.found.first()
    }

    /// The program's exit code: 0 in order, 1 to be mended at the site, 2 somebody else's, 3 wait, 4 could not look.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self.state {
            State::Healthy => 0,
            State::CouldNotLook => 4,
            State::Waiting => 3,
            State::Weak | State::Broken => match self.first().map(|found| found.cause.owner) {
                Some(Owner::Site | Owner::Vendor) | None => 1,
                Some(Owner::Line | Owner::Center | Owner::Insurer) => 2,
            },
        }
    }
}

fn state(facts: &Facts, found: &[Found]) -> State {
    if facts.has("m.nothing-seen") {
        return State::CouldNotLook;
    }
    match found.iter().map(|found| found.weight).min() {
        Some(Weight::Stops) => State::Broken,
        // Something to mend may stand before a closure that keeps nobody.
        Some(Weight::Waits) if found.first().is_some_and(|first| first.weight == Weight::Weakens) => State::Weak,
        Some(Weight::Waits) => State::Waiting,
        Some(Weight::Weakens) => State::Weak,
        Some(Weight::Tells) | None => State::Healthy,
    }
}

/// The roots in the order in which they matter: what stops work before what weakens it, what lies nearer to the machine before what lies behind.
fn causes(facts: &Facts) -> Vec<Found> {
    let seen: Vec<(usize, &'static Cause)> = table::all().iter().enumerate().filter(|(_, cause)| holds(cause, facts)).collect();
    let mut roots: Vec<(usize, Found)> = roots(&seen).into_iter().map(|(at, cause)| (at, found(cause, &seen, facts))).collect();
    roots.sort_by_key(|(at, found)| {
        // What merely tells: the surest first. A closure that explains nothing that anybody misses waits behind what should be mended.
        let idle = found.weight == Weight::Waits && found.follow.is_empty();
        let doubt = if found.weight == Weight::Tells { 100 - found.cause.confidence } else { 0 };
        (if idle { Weight::Weakens } else { found.weight }, idle, doubt, found.cause.layer, *at)
    });
    roots.into_iter().map(|(_, found)| found).collect()
}

/// Those that follow from nothing else. Of two that explain each other the surer one is the root, and the one that stands first in the table if
/// both are equally sure; so there is always one.
fn roots(seen: &[(usize, &'static Cause)]) -> Vec<(usize, &'static Cause)> {
    let surer = |(at, one): &(usize, &'static Cause), (other_at, other): &(usize, &'static Cause)| {
        (one.confidence, *other_at) > (other.confidence, *at)
    };
    let beats = |one: &(usize, &'static Cause), other: &(usize, &'static Cause)| {
        one.1.explains(other.1) && (!other.1.explains(one.1) || surer(one, other))
    };
    let mut left: Vec<(usize, &'static Cause)> = seen.to_vec();
    let mut roots = Vec::new();
    while !left.is_empty() {
        let free = left.iter().find(|one| !left.iter().any(|other| beats(other, one)));
        // A ring of three and more: begin at the surest.
        let Some(root) = free.or_else(|| left.iter().max_by_key(|(at, cause)| (cause.confidence, usize::MAX - at))).copied() else { break };
        left.retain(|other| other.0 != root.0 && !root.1.explains(other.1));
        roots.push(root);
    }
    roots
}

fn holds(cause: &Cause, facts: &Facts) -> bool {
    cause.when.iter().any(|all| all.iter().all(|name| facts.has(name))) && !cause.unless.iter().any(|name| facts.has(name))
}

fn found(cause: &'static Cause, seen: &[(usize, &'static Cause)], facts: &Facts) -> Found {
    let follow: Vec<&'static Cause> = seen.iter().map(|(_, other)| *other).filter(|other| cause.explains(other)).collect();
    let weight = follow.iter().map(|other| other.weight).chain([cause.weight]).min().unwrap_or_default();
    // A closure explains what stands still because of it: it stays something to wait for.
    let weight = match cause.weight {
        Weight::Waits => Weight::Waits,
        // An announcement that explains nothing here only tells.
        _ if cause.layer == Layer::Announced && follow.is_empty() => Weight::Tells,
        _ => weight,
    };
    let named: Vec<&Fact> =
        cause.when.iter().filter(|all| all.iter().all(|name| facts.has(name))).flatten().filter_map(|name| facts.get(name)).collect();
    let mut evidence: Vec<String> = Vec::new();
    for line in named.iter().flat_map(|fact| &fact.evidence) {
        if !evidence.contains(line) {
            evidence.push(line.clone());
        }
    }
    let fill = |text: &str| filled(text, &named);
    Found { cause, weight, desk: fill(cause.desk), todo: fill(cause.todo), engineer: fill(cause.engineer), evidence, follow }
}

/// Puts words for `{word}`; one that no fact knows becomes 不明.
fn filled(text: &str, facts: &[&Fact]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((word, behind)) = after.split_once('}') else { break };
        out.push_str(before);
        out.push_str(facts.iter().find_map(|fact| fact.values.get(word)).map_or("不明", String::as_str));
        rest = behind;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests;
