//! Shows the certificate authority whole: in a browser, to other people's programs, to a linter, over ten years, and killed at any moment.

use super::Point;
use super::chain::stories;
use super::ground::Ground;
use crate::postgres::Postgres;
use crate::{process, python};

/// The points, in the order of their issue.
pub(super) const POINTS: [Point; 5] = [
    Point {
        claim: "in a real browser: notice, retrieval, renewal, an interrupted one, revocation with its mail; OpenSSL, NSS and Java open the files; the portal's host accepts",
        show: in_a_browser,
    },
    Point {
        claim: "certbot, lego and dehydrated get and renew by ACME, curl and openssl by EST; OCSP and lists hold before openssl and Python's cryptography",
        show: others_programs,
    },
    Point { claim: "pkilint finds nothing in 1,000 certificates and the lists; 200 bad requests are all refused", show: by_the_rules },
    Point { claim: "ten years with days off-line and crashes: nothing expired, no loop, every notice on its day", show: ten_years },
    Point {
        claim: "killed at 1,000 random moments and between any two statements: nothing stuck, doubled or forgotten; a restored backup un-revokes nothing; onshi up renews",
        show: killed,
    },
];

fn told(ground: &Ground, wanted: &[(&str, &str)], numbers: &[(&str, &str)]) -> Result<String, String> {
    let shown = |error: anyhow::Error| format!("{error:#}");
    ground.onshi()?;
    let postgres = Postgres::start().map_err(shown)?;
    let mut environment = python::for_tests().map_err(shown)?;
    environment.push(("ONSHI_TEST_POSTGRES", postgres.url()));
    environment.push(("ONSHI_TEST_ALL", "1".to_owned()));
    environment.extend(numbers.iter().map(|(name, value)| (*name, (*value).to_owned())));
    let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    stories(ground, wanted, &environment)
}

fn in_a_browser(ground: &Ground) -> Result<String, String> {
    told(
        ground,
        &[
            ("lab", "certificate"),
            ("lab", "application"),
            ("authority", "peers::"),
            ("authority", "visiting::"),
            ("authority", "revoking::"),
            ("onshi", "refusing::"),
        ],
        &[],
    )
}

fn others_programs(ground: &Ground) -> Result<String, String> {
    told(ground, &[("authority", "clients::"), ("authority", "ordering::"), ("authority", "publishing::")], &[])
}

fn by_the_rules(ground: &Ground) -> Result<String, String> {
    let wanted = [("authority", "linting::"), ("authority", "refusals::"), ("authority", "guessing::")];
    told(ground, &wanted, &[("ONSHI_LINTED", "1000")])
}

fn ten_years(ground: &Ground) -> Result<String, String> {
    told(ground, &[("clinic", "certificate::simulation")], &[])
}

fn killed(ground: &Ground) -> Result<String, String> {
    let wanted = [("authority", "killing::"), ("authority", "crashing::"), ("authority", "restoring::")];
    let said = told(ground, &wanted, &[("ONSHI_KILLS", "1000")])?;
    let data = ground.scratch().join("authority-once");
    let mut up = std::process::Command::new(ground.onshi()?);
    let first = process::output(up.args(["up", "--once", "--port", "0", "--data"]).arg(&data)).map_err(|error| format!("{error:#}"))?;
    if !first.contains("更新") {
        return Err(format!("onshi up --once does not show a renewal:\n{first}"));
    }
    Ok(said)
}
