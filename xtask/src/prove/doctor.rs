//! Shows the doctor from outside: the fault lab and its score, router recipes, other systems' texts, the report in a browser, every message explained.

use anyhow::{Context, Result, bail};

use super::Point;
use super::chain::stories;
use super::ground::Ground;
use crate::faults::{self, Score};
use crate::process;
use crate::stopwatch::Stopwatch;
use crate::windows::Workshop;

/// The points, in the order of their issue.
pub(super) const POINTS: [Point; 5] = [
    Point {
        claim: "at least 60 faults, a fifth of them and 20 pairs written after the freeze: right cause first in 95 %, wrong owner in 1 %; 1,000 healthy variants, one false alarm at most",
        show: fault_lab,
    },
    Point { claim: "generated router configurations pass their programs' own checks and work in the lab", show: recipes },
    Point {
        claim: "texts of ipconfig, netsh and certutil in Japanese and English give the right findings; the Windows build looks at its machine under Wine",
        show: texts,
    },
    Point { claim: "the report is looked at in a browser; its first words need no word of networks", show: report },
    Point { claim: "the doctor explains every message that our own servers emit", show: explanations },
];

/// The least number of faults, and of pairs of faults.
const FAULTS: usize = 60;
const PAIRS: usize = 20;
/// The longest that the whole fault lab may take.
const MINUTES: u64 = 5;

fn told(ground: &Ground, wanted: &[(&str, &str)]) -> Result<String, String> {
    ground.onshi()?;
    stories(ground, wanted, &[("ONSHI_TEST_ALL", "1")])
}

/// What the issue asks for, and is not reached.
fn lacks(score: &Score) -> Vec<String> {
    let (right, owner) = score.all();
    let (all, later) = (right.all, score.after.0.all);
    let mut lacks = Vec::new();
    let mut wants = |held: bool, what: String| {
        if !held {
            lacks.push(what);
        }
    };
    wants(all >= FAULTS, format!("only {all} faults"));
    wants(later * 5 >= all, format!("only {later} of {all} faults were written after the freeze"));
    wants(score.pairs[0].all >= PAIRS, format!("only {} pairs", score.pairs[0].all));
    wants(right.percent() >= 95.0, format!("right cause first in {right}"));
    wants(owner.percent() <= 1.0, format!("wrong owner in {owner}"));
    lacks
}

fn fault_lab(ground: &Ground) -> Result<String, String> {
    let shown = |error: anyhow::Error| format!("{error:#}");
    faults::forget(ground.root()).map_err(shown)?;
    let watch = Stopwatch::start();
    let lab = told(ground, &[("lab", "is_diagnosed")]);
    let score = faults::score(ground.root()).map_err(shown)?;
    let said = format!("{score}\n{}\nthe fault lab took {watch}", faults::frozen(ground.root()).map_err(shown)?);
    let mut lacks = lacks(&score);
    if watch.passed().as_secs() > MINUTES * 60 {
        lacks.push(format!("it took {watch}"));
    }
    if let Err(why) = lab {
        lacks.push(why);
    }
    if !lacks.is_empty() {
        return Err(format!("{said}\n{}", lacks.join("\n")));
    }
    let variants = told(ground, &[("clinic", "of_a_thousand_healthy_sites")])?;
    Ok(format!("{said}; healthy variants {variants}"))
}

fn recipes(ground: &Ground) -> Result<String, String> {
    told(ground, &[("recipes", ""), ("lab", "recipe")])
}

fn texts(ground: &Ground) -> Result<String, String> {
    let said = told(ground, &[("clinic", "doctor::system"), ("lab", "windows::is_diagnosed")])?;
    let wine = under_wine(ground).map_err(|error| format!("{error:#}"))?;
    Ok(format!("{said}; {wine}"))
}

/// The Windows build asks the programs of its system, and a network without any line: this machine's own is not the lab's.
fn under_wine(ground: &Ground) -> Result<String> {
    let workshop = Workshop::prepare(ground.root())?;
    let wine = workshop.windows()?;
    let binary = workshop.onshi(&wine)?;
    let said = process::capture(wine.command_without_network(&binary).args(["doctor", "--json"]))?;
    let judged: serde_json::Value = serde_json::from_str(&said.out).with_context(|| format!("under Wine: {}{}", said.out, said.err))?;
    let facts = judged.get("facts").and_then(serde_json::Value::as_array).map_or(0, Vec::len);
    if facts == 0 {
        bail!("under Wine the doctor sees nothing: {}", said.out);
    }
    let number = |name: &str| judged.get(name).and_then(serde_json::Value::as_u64).unwrap_or(u64::MAX);
    if number("unfinished") > 0 {
        bail!("under Wine {} questions were not answered in time", number("unfinished"));
    }
    Ok(format!("{facts} facts under Wine in {} ms", number("took_ms")))
}

fn report(ground: &Ground) -> Result<String, String> {
    told(ground, &[("lab", "report::")])
}

fn explanations(ground: &Ground) -> Result<String, String> {
    told(ground, &[("clinic", "doctor::explain")])
}
