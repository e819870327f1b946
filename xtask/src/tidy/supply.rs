//! Holds `deny.toml`: no package that it bans and no licence that it does not allow is in the tree that cargo resolves.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::Finding;
use super::tree::{Breach, Tree};
use crate::process;

/// The platforms that the programs are built for.
const PLATFORMS: [&str; 2] = ["x86_64-unknown-linux-gnu", "x86_64-pc-windows-gnu"];

#[derive(Deserialize)]
struct Deny {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
}

/// Asks cargo for every package of the workspace with all features, and holds `deny.toml` against them.
///
/// `cargo tree` and not `cargo metadata`: the latter also lists packages that only an unused feature of another package would bring.
pub(crate) fn packages(tree: &Tree) -> Result<Finding> {
    if !tree.has("Cargo.lock") {
        return Ok(Finding::new("no Cargo.lock yet".to_owned(), Vec::new()));
    }
    let mut cargo = process::cargo();
    cargo.args([
        "tree",
        "--locked",
        "--workspace",
        "--all-features",
        "--edges",
        "normal,build,dev",
        "--prefix",
        "none",
        "--format",
        "{p}|{l}",
    ]);
    for platform in PLATFORMS {
        cargo.args(["--target", platform]);
    }
    let listing = process::output(cargo.current_dir(&tree.root)).context("cargo could not list the packages")?;
    held(&tree.text("deny.toml")?, &listing)
}

/// The breaches of `deny.toml` in cargo's listing, one package a line: `name v1.0.0 (where)|licence`.
fn held(deny: &str, listing: &str) -> Result<Finding> {
    let rules: Deny = toml::from_str(deny).context("deny.toml")?;
    let packages: BTreeSet<&str> = listing.lines().map(|line| line.trim_end_matches(" (*)")).filter(|line| !line.is_empty()).collect();
    let mut breaches = Vec::new();
    for package in &packages {
        let (named, licence) = package.split_once('|').with_context(|| format!("not a package of cargo: {package}"))?;
        let name = named.split(' ').next().unwrap_or(named);
        if rules.bans.deny.iter().any(|ban| ban.name == name) {
            let line = deny.lines().position(|line| line.contains(&format!("\"{name}\""))).map_or(1, |index| index + 1);
            let what = format!("{named} is banned: `cargo tree --workspace --all-features --target all -i {name}` says who brings it");
            breaches.push(Breach::new("deny.toml", line, what));
        }
        if !allowed(licence, &rules.licenses.allow) {
            breaches.push(Breach::new("deny.toml", 1, format!("{named}: licence `{licence}` is not allowed")));
        }
    }
    Ok(Finding::new(format!("{} packages", packages.len()), breaches))
}

/// Whether an SPDX expression can be met by licences of the list. `OR` binds weaker than `AND`; an exception (`WITH`) only widens.
fn allowed(expression: &str, list: &[String]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Expression { words: &words, list };
    let met = reader.any();
    met && reader.words.is_empty()
}

struct Expression<'a> {
    words: &'a [&'a str],
    list: &'a [String],
}

impl Expression<'_> {
    fn next(&mut self) -> Option<String> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some((*first).to_owned())
    }

    fn takes(&mut self, word: &str) -> bool {
        let stands = self.words.first() == Some(&word);
        if stands {
            self.next();
        }
        stands
    }

    fn any(&mut self) -> bool {
        let mut met = self.all();
        while self.takes("OR") {
            met |= self.all();
        }
        met
    }

    fn all(&mut self) -> bool {
        let mut met = self.one();
        while self.takes("AND") {
            met &= self.one();
        }
        met
    }

    fn one(&mut self) -> bool {
        if self.takes("(") {
            let met = self.any();
            return self.takes(")") && met;
        }
        let met = self.next().is_some_and(|name| self.list.contains(&name));
        if self.takes("WITH") {
            self.next();
        }
        met
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DENY: &str =
        "[licenses]\nallow = [\"MIT\"]\n[bans]\ndeny = [\n  { crate = \"ring\", reason = \"one library for cryptography\" },\n]\n";

    fn found(name: &str, licence: &str) -> Vec<String> {
        let listing = format!("onshi v0.1.0 (a)|MIT\n{name} v1.0.0|{licence}\n{name} v1.0.0|{licence} (*)\n\n");
        held(DENY, &listing).expect("the sample can be read").breaches.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_banned_package_and_a_foreign_licence_are_named() {
        assert_eq!(found("serde", "MIT OR Apache-2.0"), [""; 0]);
        assert!(found("ring", "MIT").first().is_some_and(|line| line.starts_with("deny.toml:5: ring v1.0.0 is banned")));
        assert!(found("readline", "GPL-3.0").first().is_some_and(|line| line.contains("licence `GPL-3.0` is not allowed")));
    }

    #[test]
    fn licence_expressions_are_weighed() {
        let list = ["MIT", "ISC", "Apache-2.0"].map(str::to_owned);
        for good in ["MIT", "GPL-2.0 OR MIT", "MIT/Zlib", "ISC AND (GPL-2.0 OR MIT)", "Apache-2.0 WITH LLVM-exception"] {
            assert!(allowed(good, &list), "{good}");
        }
        for bad in ["", "GPL-2.0", "MIT AND GPL-2.0", "(MIT", "MIT MIT"] {
            assert!(!allowed(bad, &list), "{bad}");
        }
    }
}
