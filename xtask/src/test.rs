//! Runs everything that must hold before a change is taken: lints, the clinic's build, the house rules and every test.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::postgres::Postgres;
use crate::stopwatch::Stopwatch;
use crate::{packages, process, python, tidy};

/// Packages that a clinic's installer must not carry, beside every room of the center.
const CENTER_ONLY: [&str; 5] = ["rusqlite", "libsqlite3-sys", "tokio-postgres", "deadpool-postgres", "axum"];

/// Runs all of it, or only the tests with `quick`; `filters` are names of tests to keep.
pub(crate) fn run(root: &Path, quick: bool, filters: &[String]) -> Result<()> {
    packages::install_missing()?;
    if !quick {
        lints(root)?;
    }
    let postgres = step("start PostgreSQL", Postgres::start)?;
    let mut environment = python::for_tests()?;
    environment.push(("ONSHI_TEST_POSTGRES", postgres.url()));
    environment.push(("ONSHI_TEST_ALL", "1".to_owned()));
    if !quick && filters.is_empty() {
        // The other runner knows no examples in documentation.
        run_cargo(root, &["test", "--quiet", "--doc", "--workspace", "--all-features"], &environment)?;
    }
    let places = (2 * std::thread::available_parallelism().map_or(1, std::num::NonZero::get)).to_string();
    // Last, so that the output ends with the runner's own summary.
    let mut words = match process::find("cargo-nextest") {
        Some(_) => {
            vec!["nextest", "run", "--profile", "everything", "--test-threads", &places, "--workspace", "--all-features", "--no-fail-fast"]
        }
        None => vec!["test", "--workspace", "--all-features", "--no-fail-fast", "--bins", "--lib", "--tests", "--"],
    };
    words.extend(filters.iter().map(String::as_str));
    run_cargo(root, &words, &environment)
}

fn lints(root: &Path) -> Result<()> {
    run_cargo(root, &["fmt", "--all", "--check"], &[])?;
    run_cargo(root, &["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"], &[])?;
    run_cargo(root, &["doc", "--workspace", "--no-deps", "--all-features"], &[("RUSTDOCFLAGS", "-D warnings".to_owned())])?;
    for side in ["clinic", "center"] {
        run_cargo(root, &["clippy", "-p", "onshi", "--no-default-features", "--features", side, "--", "-D", "warnings"], &[])?;
    }
    step("a clinic's installer carries no center code", || clinic_alone(root))?;
    step("tidy", || tidy::run(root))
}

/// Shows a command and runs it at the root.
fn run_cargo(root: &Path, words: &[&str], environment: &[(&str, String)]) -> Result<()> {
    let mut cargo = process::cargo();
    cargo.args(words).current_dir(root).envs(environment.iter().map(|(name, value)| (name, value)));
    println!("== {}", process::shown(&cargo));
    process::run(&mut cargo)
}

/// Says what is done and how long it took.
fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("== {name}");
    let watch = Stopwatch::start();
    let done = work()?;
    println!("   done in {watch}");
    Ok(done)
}

/// The packages of the binary built with `clinic` alone hold no room and no database.
fn clinic_alone(root: &Path) -> Result<()> {
    let mut cargo = process::cargo();
    cargo.args([
        "tree",
        "-p",
        "onshi",
        "--no-default-features",
        "--features",
        "clinic",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ]);
    let listing = process::output(cargo.current_dir(root))?;
    let rooms = rooms(root)?;
    if !listing.lines().any(|line| line.starts_with("clinic ")) {
        bail!("cargo does not list the crate `clinic` in a clinic's installer:\n{listing}");
    }
    let refused = center_only(&listing, &rooms);
    if refused.is_empty() {
        return Ok(());
    }
    bail!("a clinic's installer would carry {}: see `{}`", refused.join(", "), shown_inverse(&refused))
}

fn shown_inverse(refused: &[String]) -> String {
    let mut tree = Command::new("cargo");
    tree.args(["tree", "-p", "onshi", "--no-default-features", "--features", "clinic", "-i"]).args(refused.first());
    process::shown(&tree)
}

/// The names of the center's rooms.
fn rooms(root: &Path) -> Result<Vec<String>> {
    let tree = tidy::Tree::read(root)?;
    Ok(tree.rooms().map(|room| room.name.clone()).collect())
}

fn center_only(listing: &str, rooms: &[String]) -> Vec<String> {
    let mut found: Vec<String> = listing.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
    found.retain(|name| rooms.contains(name) || CENTER_ONLY.contains(&name.as_str()));
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn center_code_in_the_clinics_installer_is_named() {
        let listing = "onshi v0.1.0 (a)\nclinic v0.1.0 (a)\nregistry v0.1.0 (a)\nrusqlite v0.41.0\nrusqlite v0.41.0 (*)\n";
        assert_eq!(center_only(listing, &["registry".to_owned(), "authority".to_owned()]), ["registry", "rusqlite"]);
        assert_eq!(center_only("onshi v0.1.0\nclinic v0.1.0\n", &["registry".to_owned()]), [""; 0]);
    }
}
