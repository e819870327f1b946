//! Shows from outside, one line a point, that the programs do what is claimed of them; in a fresh clone when asked.

mod authority;
mod chain;
mod doctor;
mod ground;
mod holds;
mod network;

use std::io::Write;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use ground::Ground;

use crate::process;
use crate::stopwatch::Stopwatch;

/// One claim, and how it is shown: what was seen, or why the claim does not hold.
struct Point {
    claim: &'static str,
    show: fn(&Ground) -> Result<String, String>,
}

/// The proofs by name.
const PROOFS: [(&str, &[Point]); 5] = [
    ("chain", &chain::POINTS),
    ("holds", &holds::POINTS),
    ("network", &network::POINTS),
    ("authority", &authority::POINTS),
    ("doctor", &doctor::POINTS),
];

/// Shows the points of a proof, or only those with the given numbers.
pub(crate) fn run(root: &Path, name: &str, only: &[usize], fresh: bool) -> Result<()> {
    let names = || PROOFS.map(|(name, _)| name).join(", ");
    let (_, points) =
        PROOFS.iter().find(|(proof, _)| *proof == name).with_context(|| format!("no proof `{name}`; there are: {}", names()))?;
    if let Some(number) = only.iter().find(|number| !(1..=points.len()).contains(*number)) {
        bail!("`{name}` has points 1 to {}, not {number}", points.len());
    }
    if fresh {
        return in_fresh_clone(root, name, only);
    }
    let ground = Ground::new(root)?;
    let failed = show(&ground, points, only, &mut std::io::stdout())?;
    if failed > 0 {
        bail!("{failed} points of `{name}` do not hold");
    }
    Ok(())
}

/// Goes on after a point that does not hold; gives how many did not.
fn show(ground: &Ground, points: &[Point], only: &[usize], out: &mut impl Write) -> Result<usize> {
    let mut failed = 0;
    for (index, point) in points.iter().enumerate() {
        let number = index + 1;
        if !only.is_empty() && !only.contains(&number) {
            continue;
        }
        write!(out, "[{number}] {} … ", point.claim)?;
        out.flush()?;
        let watch = Stopwatch::start();
        match (point.show)(ground) {
            Ok(seen) if seen.is_empty() => writeln!(out, "ok ({watch})")?,
            Ok(seen) => writeln!(out, "ok ({watch}): {seen}")?,
            Err(why) => {
                failed += 1;
                writeln!(out, "FAILED ({watch})\n    {}", why.trim_end().replace('\n', "\n    "))?;
            }
        }
    }
    Ok(failed)
}

/// Clones what is committed into a temporary folder and shows the proof there, with a build of its own.
fn in_fresh_clone(root: &Path, name: &str, only: &[usize]) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("onshi-fresh-").tempdir()?;
    let clone = folder.path().join("onshi");
    process::output(Command::new("git").args(["clone", "--quiet", "--no-hardlinks"]).arg(root).arg(&clone))?;
    println!(
        "cloned {} into {}",
        process::output(Command::new("git").args(["rev-parse", "--short", "HEAD"]).current_dir(&clone))?.trim(),
        clone.display()
    );
    let mut cargo = process::cargo();
    cargo.args(["run", "--quiet", "--package", "xtask", "--", "prove", name]);
    for number in only {
        cargo.args(["--only", &number.to_string()]);
    }
    process::run(cargo.current_dir(&clone).env("CARGO_TARGET_DIR", clone.join("target")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: [Point; 3] = [
        Point { claim: "one holds", show: |_| Ok("seen".to_owned()) },
        Point { claim: "two does not", show: |_| Err("said\nwhy".to_owned()) },
        Point { claim: "three holds", show: |_| Ok(String::new()) },
    ];

    fn shown(only: &[usize]) -> (usize, String) {
        let ground = Ground::new(Path::new(".")).expect("a scratch folder");
        let mut out = Vec::new();
        let failed = show(&ground, &SAMPLE, only, &mut out).expect("memory can be written to");
        (failed, String::from_utf8(out).expect("text").replace("0.0 s", "TIME"))
    }

    #[test]
    fn every_point_is_shown_even_after_one_that_fails() {
        let all = "[1] one holds … ok (TIME): seen\n[2] two does not … FAILED (TIME)\n    said\n    why\n[3] three holds … ok (TIME)\n";
        assert_eq!(shown(&[]), (1, all.to_owned()));
        assert_eq!(shown(&[3]), (0, "[3] three holds … ok (TIME)\n".to_owned()));
    }

    #[test]
    fn an_unknown_proof_or_point_is_refused() {
        assert_eq!(
            run(Path::new("."), "chian", &[], false).expect_err("unknown").to_string(),
            "no proof `chian`; there are: chain, holds, network, authority, doctor"
        );
        assert!(run(Path::new("."), "chain", &[99], false).is_err());
    }
}
