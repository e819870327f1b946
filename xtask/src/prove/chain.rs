//! Shows the chain from a clinic's question to an answer it can trust, on one machine, from nothing.

use std::process::Command;

use super::Point;
use super::ground::Ground;
use crate::process;

/// The points of the chain, in the order in which a newcomer meets them.
pub(super) const POINTS: [Point; 9] = [
    Point { claim: "cargo run --release -- up --once prints the right answer and ends well", show: up_once },
    Point { claim: "README's other command installs what the tests need and passes them", show: the_other_command },
    Point { claim: "while it runs, onshi up says what and where", show: up_and_status },
    Point {
        claim: "each test person gives its documented answer as a file, by ask, curl and Python (the slow one after 90 s)",
        show: asking,
    },
    Point { claim: "no certificate, a blocked one, an unadmitted source: refused with the right words", show: refusing },
    Point { claim: "10,000 people from CSV asked at random dates agree with the oracle in Python", show: oracle },
    Point { claim: "OpenSSL, Java and NSS accept the certificate and the PFX", show: peers },
    Point { claim: "the stores' stories pass on SQLite and on a real PostgreSQL", show: stores },
    Point { claim: "changed and cut audit records are found; each invariant has a check that notices its breach", show: tampering },
];

/// The whole journey in one command that ends by itself.
fn up_once(ground: &Ground) -> Result<String, String> {
    let mut cargo = process::cargo();
    let data = ground.scratch().join("once");
    cargo.args(["run", "--release", "--quiet", "--", "up", "--once", "--port", "0", "--data"]).arg(&data).current_dir(ground.root());
    let said = process::output(&mut cargo).map_err(|error| format!("{error:#}"))?;
    if said.contains("資格有効性") && said.contains("試験　有効") {
        Ok("有効、試験　有効".to_owned())
    } else {
        Err(format!("the answer is not the documented one:\n{said}"))
    }
}

fn the_other_command(ground: &Ground) -> Result<String, String> {
    let mut cargo = process::cargo();
    cargo.args(["run", "--quiet", "--package", "xtask", "--", "test"]).current_dir(ground.root());
    let said = process::capture(&mut cargo).map_err(|error| format!("{error:#}"))?;
    let text = format!("{}{}", said.out, said.err);
    let summary = text.lines().rfind(|line| line.contains("tests run")).unwrap_or_default().trim().to_owned();
    if said.status.success() { Ok(summary) } else { Err(last_lines(&text)) }
}

/// A running center is ready, and lists its port, its hosts and the clinic's folders.
fn up_and_status(ground: &Ground) -> Result<String, String> {
    let up = ground.up()?;
    let said = ground.say(&["status"])?;
    let port = up.port().to_string();
    match [port.as_str(), "hweb-api", "req", "res"].iter().find(|word| !said.contains(**word)) {
        None => Ok(format!("port {port}")),
        Some(missing) => Err(format!("onshi status does not say {missing}:\n{said}\n{}", up.log())),
    }
}

fn asking(ground: &Ground) -> Result<String, String> {
    stories(ground, &[("onshi", "asking")], &[("ONSHI_TEST_SLOW_SECONDS", "90")])
}

fn refusing(ground: &Ground) -> Result<String, String> {
    stories(ground, &[("onshi", "refusing"), ("onshi", "mistakes")], &[])
}

fn oracle(ground: &Ground) -> Result<String, String> {
    stories(ground, &[("eligibility", "oracle")], &[("ONSHI_TEST_PEOPLE", "10000")])
}

fn peers(ground: &Ground) -> Result<String, String> {
    stories(ground, &[("authority", "peers")], &[])
}

fn stores(ground: &Ground) -> Result<String, String> {
    let postgres = crate::postgres::Postgres::start().map_err(|error| format!("{error:#}"))?;
    let environment = [("ONSHI_TEST_POSTGRES", postgres.url()), ("ONSHI_TEST_ALL", "1".to_owned())];
    let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let rooms = ["chassis", "registry", "authority", "eligibility"].map(|room| (room, "::postgres"));
    let on_postgres = stories(ground, &rooms, &environment)?;
    let on_sqlite = stories(ground, &rooms.map(|(room, _)| (room, "::sqlite")), &environment)?;
    Ok(format!("PostgreSQL: {on_postgres}; SQLite: {on_sqlite}"))
}

fn tampering(ground: &Ground) -> Result<String, String> {
    stories(ground, &[("chassis", "tampering"), ("onshi", "recording"), ("xtask", "tidy")], &[])
}

/// Runs the tests of each crate whose names contain the word; no test at all is a failure.
pub(super) fn stories(ground: &Ground, wanted: &[(&str, &str)], environment: &[(&str, &str)]) -> Result<String, String> {
    let mut counts = Vec::new();
    for (package, word) in wanted {
        let mut cargo = process::cargo();
        match process::find("cargo-nextest") {
            Some(_) => cargo.args(["nextest", "run", "--profile", "prove", "--all-features", "--no-fail-fast", "-p", package, word]),
            None => cargo.args(["test", "--all-features", "--no-fail-fast", "-p", package, word]),
        };
        let said = run(cargo.current_dir(ground.root()).envs(environment.iter().copied()))?;
        let passed = passed(&said);
        if passed == 0 {
            return Err(format!("no test of {package} is named {word}"));
        }
        counts.push(format!("{package} {passed}"));
    }
    Ok(format!("passed: {}", counts.join(", ")))
}

fn run(command: &mut Command) -> Result<String, String> {
    let said = process::capture(command).map_err(|error| format!("{error:#}"))?;
    let text = format!("{}{}", said.out, said.err);
    if said.status.success() { Ok(text) } else { Err(last_lines(&text)) }
}

/// How many tests a runner's summary says have passed: `N passed` in nextest's and in cargo's words.
fn passed(said: &str) -> usize {
    let summaries = said.lines().filter(|line| line.contains("Summary [") || line.contains("test result:"));
    summaries
        .filter_map(|line| {
            let (before, _) = line.split_once(" passed")?;
            before.rsplit(' ').next()?.parse::<usize>().ok()
        })
        .sum()
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(40)..).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_runners_summaries_are_counted() {
        assert_eq!(passed("     Summary [   6.205s] 20 tests run: 20 passed, 0 skipped"), 20);
        assert_eq!(passed("test result: ok. 3 passed; 0 failed\ntest result: ok. 4 passed; 0 failed"), 7);
        assert_eq!(passed("nothing ran"), 0);
    }
}
