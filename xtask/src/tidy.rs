//! Names, for each invariant of the architecture, the check that holds it, and says where the tree breaks one.

mod bounds;
mod crossing;
mod decisions;
mod documents;
mod doors;
mod facts;
#[cfg(test)]
pub(crate) mod fake;
mod furniture;
mod rooms;
mod source;
mod sql;
mod supply;
mod tree;

use std::path::Path;

use anyhow::{Result, bail};

pub(crate) use tree::{Breach, Tree};

/// What a check has seen, so that a check of nothing shows, and what it refuses.
pub(crate) struct Finding {
    seen: String,
    breaches: Vec<Breach>,
}

impl Finding {
    /// Says what was seen and what is refused.
    pub(crate) fn new(seen: String, breaches: Vec<Breach>) -> Self {
        Self { seen, breaches }
    }
}

/// One rule and how it is held.
struct Check {
    /// The invariant of the architecture, or `F` for the furniture rules.
    rule: &'static str,
    claim: &'static str,
    run: fn(&Tree) -> Result<Finding>,
}

const fn check(rule: &'static str, claim: &'static str, run: fn(&Tree) -> Result<Finding>) -> Check {
    Check { rule, claim, run }
}

/// Every rule, in the order of the architecture.
const CHECKS: [Check; 22] = [
    check("1", "rooms import no room but registry, clinic imports none", rooms::imports),
    check("1", "no file is borrowed from another crate", rooms::borrowed_files),
    check("1", "a room names no table of another room", rooms::tables),
    check("1", "network has no database", rooms::network),
    check("2", "wire, manuals and recipes do no IO", crossing::no_io),
    check("2", "only wire types cross between center and clinic", crossing::messages),
    check("3", "unsafe stands in os only", bounds::unsafe_code),
    check("3", "every crate takes the workspace's lints", bounds::lints),
    check("3", "chassis knows no word of the field", bounds::nouns),
    check("4", "SQL stands in a room's store or migrations", sql::placement),
    check("5", "rules are plain functions", decisions::pure),
    check("5", "one file reads the clock", decisions::clock),
    check("6", "no global mutable state", decisions::global_state),
    check("7", "lab uses no internal API", crossing::lab),
    check("8", "facts of the manuals stand once", facts::stand_once),
    check("F", "every source file begins with its purpose", furniture::purposes),
    check("F", "files have 400 lines, functions 70", furniture::budgets),
    check("F", "names say something", furniture::names),
    check("F", "paths in documents exist", documents::paths),
    check("F", "no file names one machine or a download host", documents::machines),
    check("F", "every row of the inventory that a test names exists", crate::rows::known),
    check("F", "packages and licences are those of deny.toml", supply::packages),
];

/// Runs every check, prints one line each, and fails when one did.
pub(crate) fn run(root: &Path) -> Result<()> {
    let tree = Tree::read(root)?;
    let mut failed = 0;
    for Check { rule, claim, run } in &CHECKS {
        match run(&tree) {
            Ok(finding) if finding.breaches.is_empty() => println!("{rule} {claim} … ok ({})", finding.seen),
            Ok(finding) => {
                failed += 1;
                println!("{rule} {claim} … {} BROKEN ({})", finding.breaches.len(), finding.seen);
                finding.breaches.iter().for_each(|breach| println!("    {breach}"));
            }
            Err(error) => {
                failed += 1;
                println!("{rule} {claim} … COULD NOT BE CHECKED: {error:#}");
            }
        }
    }
    if failed > 0 {
        bail!("{failed} of {} checks failed", CHECKS.len());
    }
    Ok(())
}
