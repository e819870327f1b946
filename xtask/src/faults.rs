//! Runs the fault lab and gives the doctor's score: right cause first, wrong owner, false alarms, before and after the table was frozen.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::{lab, packages, process};

/// What was frozen, and when: beside the faults.
const FROZEN: &str = "lab/faults/frozen.toml";

/// One judgement of the fault lab, as its stories write them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Judgement {
    family: String,
    fault: String,
    second: Option<String>,
    control: Option<String>,
    written: String,
    found: Vec<serde_json::Value>,
    right: bool,
    second_named: Option<bool>,
    second_first: bool,
    owner: bool,
    missed: Option<String>,
}

/// How many of how many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Share {
    some: usize,
    /// Of how many.
    pub(crate) all: usize,
}

impl Share {
    fn of<'a>(judgements: impl Iterator<Item = &'a Judgement>, counts: impl Fn(&Judgement) -> bool) -> Self {
        judgements.fold(Self::default(), |share, one| Self { some: share.some + usize::from(counts(one)), all: share.all + 1 })
    }

    /// In percent; of nothing, everything.
    pub(crate) fn percent(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
        if self.all == 0 { 100.0 } else { self.some as f64 * 100.0 / self.all as f64 }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} of {} ({:.1} %)", self.some, self.all, self.percent())
    }
}

/// What the doctor has reached.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Score {
    /// Faults written before the freeze: right cause first, and wrong owner.
    pub(crate) before: (Share, Share),
    /// Faults written after it.
    pub(crate) after: (Share, Share),
    /// Pairs: the root first; one of the two first; the second named too; wrong owner.
    pub(crate) pairs: [Share; 4],
    /// Healthy clinics called sick.
    pub(crate) alarms: Share,
}

impl Score {
    /// Every fault that is no pair, whenever it was written: right cause first, and wrong owner.
    pub(crate) fn all(&self) -> (Share, Share) {
        let both = |one: Share, other: Share| Share { some: one.some + other.some, all: one.all + other.all };
        (both(self.before.0, self.after.0), both(self.before.1, self.after.1))
    }

    fn of(judgements: &[Judgement]) -> Self {
        let singles =
            |when: &'static str| judgements.iter().filter(move |one| one.control.is_none() && one.second.is_none() && one.written == when);
        let pairs = || judgements.iter().filter(|one| one.second.is_some());
        let scored = |when| (Share::of(singles(when), |one| one.right), Share::of(singles(when), |one| !one.owner));
        Self {
            before: scored("before"),
            after: scored("after"),
            pairs: [
                Share::of(pairs(), |one| one.right),
                Share::of(pairs(), |one| one.right || one.second_first),
                Share::of(pairs(), |one| one.second_named == Some(true)),
                Share::of(pairs(), |one| !one.owner),
            ],
            alarms: Share::of(judgements.iter().filter(|one| one.control.is_some()), |one| !one.right),
        }
    }
}

impl fmt::Display for Score {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { before, after, pairs: [root, either, second, owner], alarms } = self;
        let all = self.all();
        writeln!(out, "all faults:                       right cause first {}, wrong owner {}", all.0, all.1)?;
        writeln!(out, "faults written before the freeze: right cause first {}, wrong owner {}", before.0, before.1)?;
        writeln!(out, "faults written after the freeze:  right cause first {}, wrong owner {}", after.0, after.1)?;
        writeln!(
            out,
            "pairs, written after the freeze:  root first {root}, one of both first {either}, the other named {second}, wrong owner {owner}"
        )?;
        write!(out, "healthy clinics of the lab:       false alarms {alarms}")
    }
}

/// The table and what judges by it, as they were when they were frozen.
#[derive(Debug, Deserialize)]
struct Frozen {
    commit: String,
    at: String,
    unseen: Option<Unseen>,
    file: Vec<FrozenFile>,
}

/// What the frozen doctor reached with what was written after the freeze, when it saw it for the first time.
#[derive(Debug, Deserialize)]
struct Unseen {
    right: usize,
    wrong_owner: usize,
    of: usize,
    pairs_right: usize,
    pairs_wrong_owner: usize,
    pairs: usize,
}

#[derive(Debug, Deserialize)]
struct FrozenFile {
    path: String,
    /// What `git hash-object` says of it.
    hash: String,
}

/// Says whether table, facts and reasoner are still the frozen ones.
pub(crate) fn frozen(root: &Path) -> Result<String> {
    let Ok(text) = std::fs::read_to_string(root.join(FROZEN)) else { return Ok("the table is not frozen yet".to_owned()) };
    let frozen: Frozen = toml::from_str(&text).context(FROZEN)?;
    let mut changed = Vec::new();
    for file in &frozen.file {
        let hash = process::output(Command::new("git").arg("hash-object").arg(root.join(&file.path))).unwrap_or_default();
        if hash.trim() != file.hash {
            changed.push(file.path.as_str());
        }
    }
    let when = format!("frozen at {} ({})", frozen.commit, frozen.at);
    let mut said = if changed.is_empty() {
        format!("table, facts and reasoner are those {when}")
    } else {
        format!("changed since they were {when}: {}; what was written after the freeze is no longer unseen", changed.join(", "))
    };
    if let Some(first) = &frozen.unseen {
        said.push_str(&format!(
            "\nwhen they saw it for the first time: right cause first {}, wrong owner {}; pairs: root first {}, wrong owner {}",
            Share { some: first.right, all: first.of },
            Share { some: first.wrong_owner, all: first.of },
            Share { some: first.pairs_right, all: first.pairs },
            Share { some: first.pairs_wrong_owner, all: first.pairs },
        ));
    }
    Ok(said)
}

/// Where the stories leave their judgements.
fn folder(root: &Path) -> Result<PathBuf> {
    let screens = lab::screens(root)?;
    Ok(screens.with_file_name("faults"))
}

/// Reads every judgement of the last run.
pub(crate) fn judgements(root: &Path) -> Result<Vec<Judgement>> {
    let folder = folder(root)?;
    let mut all = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| format!("{}: run the fault lab first", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|kind| kind == "jsonl") {
            for line in std::fs::read_to_string(&path)?.lines() {
                all.push(serde_json::from_str(line).with_context(|| path.display().to_string())?);
            }
        }
    }
    Ok(all)
}

/// The score of the last run.
pub(crate) fn score(root: &Path) -> Result<Score> {
    Ok(Score::of(&judgements(root)?))
}

/// Forgets the last run.
pub(crate) fn forget(root: &Path) -> Result<()> {
    let folder = folder(root)?;
    if folder.is_dir() {
        std::fs::remove_dir_all(&folder)?;
    }
    Ok(())
}

/// Every family, then what was missed and the score.
pub(crate) fn run(root: &Path, filters: &[String]) -> Result<()> {
    packages::install_missing()?;
    forget(root)?;
    let onshi = process::build(root, &["--quiet", "-p", "onshi"], "debug")?.join("onshi");
    let mut cargo = process::cargo();
    match process::find("cargo-nextest") {
        // Families mostly wait for a network, so that several run at once.
        Some(_) => cargo.args([
            "nextest",
            "run",
            "--profile",
            "everything",
            "--test-threads",
            "4",
            "--no-fail-fast",
            "-p",
            "lab",
            "--test",
            "faults",
        ]),
        None => cargo.args(["test", "-p", "lab", "--test", "faults", "--no-fail-fast", "--"]),
    };
    cargo.args(filters).current_dir(root).env("ONSHI_BINARY", onshi).env("ONSHI_TEST_ALL", "1");
    let told = process::run(&mut cargo);
    let judgements = judgements(root)?;
    for one in judgements.iter().filter(|one| one.control.is_none() && !(one.right && one.owner && one.second_named != Some(false))) {
        let why = one.missed.as_deref().unwrap_or("NOT KNOWN BEFORE");
        let found: Vec<String> = one.found.iter().map(|found| found.as_str().map_or_else(|| found.to_string(), str::to_owned)).collect();
        println!("missed: {}: {}: {} — {why}", one.family, one.fault, found.join(", "));
    }
    println!("{}\n{}", Score::of(&judgements), frozen(root)?);
    if told.is_err() {
        bail!("the fault lab has seen what its stories do not know");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(text: &str) -> Judgement {
        serde_json::from_str(text).expect("a judgement")
    }

    #[test]
    fn what_was_written_after_the_freeze_is_counted_apart() {
        let score = Score::of(&[
            judged(r#"{"family":"a","fault":"x","written":"before","right":true,"owner":true,"found":[]}"#),
            judged(r#"{"family":"a","fault":"y","written":"before","right":false,"owner":false,"found":[]}"#),
            judged(r#"{"family":"a","fault":"z","written":"after","right":false,"owner":true,"found":[]}"#),
            judged(
                r#"{"family":"a","fault":"p","written":"after","second":"b","right":false,"second_first":true,"second_named":true,"owner":true}"#,
            ),
            judged(r#"{"family":"a","control":"before","right":true,"found":[["k","site"]]}"#),
        ]);
        assert_eq!(score.before, (Share { some: 1, all: 2 }, Share { some: 1, all: 2 }));
        assert_eq!(score.after, (Share { some: 0, all: 1 }, Share { some: 0, all: 1 }));
        let [root, either, second, owner] = score.pairs;
        assert_eq!([root.some, either.some, second.some, owner.some], [0, 1, 1, 0]);
        assert_eq!(score.alarms, Share { some: 0, all: 1 });
        assert!(score.to_string().contains("right cause first 1 of 2 (50.0 %), wrong owner 1 of 2 (50.0 %)"), "{score}");
    }
}
