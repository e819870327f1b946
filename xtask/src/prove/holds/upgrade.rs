//! Changes the program under a running center: the previous commit's data, then both programs side by side, then the new one alone.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use super::clinic::Clinic;
use super::copy::{Center, free_port};
use super::log::audited;
use super::relay::Relay;
use crate::postgres::Postgres;
use crate::process;
use crate::prove::ground::Ground;
use crate::stopwatch::Stopwatch;

/// Of questions before, during and after the change.
const SECONDS: u64 = 15;

/// The point.
pub(super) fn both_versions(ground: &Ground) -> Result<String, String> {
    prove(ground).map_err(|error| format!("{error:#}"))
}

fn prove(ground: &Ground) -> Result<String> {
    let (previous, commit) = build_previous(ground.root())?;
    let present = ground.onshi().map_err(anyhow::Error::msg)?;
    in_one_file(ground.scratch(), &previous, &present)?;
    let folder = ground.scratch().join("upgrade");
    std::fs::create_dir_all(&folder)?;
    let server = Postgres::start_with(|_| Ok(Vec::new()))?;
    // The previous program may know neither rooms nor a shared folder: its keys are those of a copy that was alone.
    let old = Center { onshi: previous, folder: folder.clone(), database: server.url(), shared: None };
    let new = Center { onshi: present, folder, database: server.url(), shared: Some("before/center") };
    let mut before = old.copy("before", &[])?;
    before.wait_until_it_serves()?;
    let port = free_port()?;
    let relay = Relay::before(&[before.port, port])?;
    let mut clinic = Clinic::open(ground.root(), &old, ["before"; 2], [relay.port; 2], "15s")?;
    clinic.begin()?;
    let span = Duration::from_secs(super::seconds(SECONDS));
    let mut counts = Vec::new();
    ask(&mut clinic, span, &mut counts)?;
    let mut after = new.copy_at("after", &[], port)?;
    after.wait_until_it_serves()?;
    ask(&mut clinic, span, &mut counts)?;
    // It is asked to end, and finishes what it has begun, while the clinic goes on.
    std::thread::scope(|scope| {
        scope.spawn(|| before.stop());
        ask(&mut clinic, span, &mut counts)
    })?;
    let dropped = clinic.finish()?;
    clinic.seen.without_failure()?;
    let recorded = audited(&new, "after", clinic.seen.answered, dropped)?;
    before.start_anew()?;
    let back = match before.wait_until_it_serves() {
        Ok(()) => "the old program still starts on the data",
        Err(error) if error.to_string().contains("start a program at least as new") => {
            "the old program refuses the new tables with a sentence"
        }
        Err(error) => return Err(error),
    };
    let counts = counts.iter().map(u64::to_string).collect::<Vec<_>>().join(" + ");
    Ok(format!(
        "from {commit}: {counts} right answers before, side by side and after, {} records in {} chains, longest answer {:.1} s; {back}",
        recorded.checks,
        recorded.writers,
        clinic.seen.longest.as_secs_f64(),
    ))
}

/// Questions for this long; notes how many right answers came.
fn ask(clinic: &mut Clinic, span: Duration, counts: &mut Vec<u64>) -> Result<()> {
    let (watch, before) = (Stopwatch::start(), clinic.seen.answered);
    clinic.ask_while(|_| Ok(watch.passed() < span))?;
    counts.push(clinic.seen.answered - before);
    Ok(())
}

/// The data of a single process, on SQLite: made by the one, opened by the other, and whole.
fn in_one_file(scratch: &Path, previous: &Path, present: &Path) -> Result<()> {
    let folder = scratch.join("upgrade-one-file");
    std::fs::create_dir_all(&folder)?;
    for onshi in [previous, present] {
        process::output(Command::new(onshi).args(["up", "--once", "--port", "0"]).current_dir(&folder))?;
    }
    let report = process::output(Command::new(present).args(["audit", "verify", "--json"]).current_dir(&folder))?;
    let report: serde_json::Value = serde_json::from_str(&report)?;
    let records = report.get("records").and_then(serde_json::Value::as_u64).unwrap_or_default();
    if records < 2 {
        bail!("only {records} records are left of two programs' runs: {report}");
    }
    Ok(())
}

/// Builds what was committed before the program under proof: the last commit when the tree has changes, else the one before it.
fn build_previous(root: &Path) -> Result<(PathBuf, String)> {
    let git = |folder: &Path, words: &[&str]| process::output(Command::new("git").args(words).current_dir(folder));
    let changed = !git(root, &["status", "--porcelain"])?.trim().is_empty();
    let commit = git(root, &["rev-parse", "--short", if changed { "HEAD" } else { "HEAD~1" }])?.trim().to_owned();
    // Always the same folder, so that the next drill builds only what changed.
    let place = root.join("target/previous");
    let source = place.join("source");
    if source.exists() {
        std::fs::remove_dir_all(&source)?;
    }
    std::fs::create_dir_all(&place)?;
    process::output(Command::new("git").args(["clone", "--quiet", "--no-checkout"]).arg(root).arg(&source))?;
    git(&source, &["checkout", "--quiet", "--detach", &commit])?;
    let target = place.join("target");
    let mut cargo = process::cargo();
    cargo.args(["build", "--quiet", "-p", "onshi"]).current_dir(&source).env("CARGO_TARGET_DIR", &target);
    process::run(&mut cargo)?;
    Ok((target.join("debug/onshi"), commit))
}
