//! Holds invariant 8: a domain, an address or a telephone number of the manuals stands once, in the data of `manuals`.

use std::collections::BTreeMap;
use std::net::IpAddr;

use anyhow::Result;

use super::Finding;
use super::tree::{Breach, Tree};

/// Ends of domain names that the manuals know; a dotted word with another end is no domain to this check.
const ENDS: [&str; 8] = ["jp", "org", "com", "net", "mnw", "rece", "asia", "info"];

/// No string of a program, and no page template, repeats a fact of `manuals/data/`.
pub(crate) fn stand_once(tree: &Tree) -> Result<Finding> {
    let facts = facts(tree)?;
    let mut breaches = Vec::new();
    for source in &tree.sources {
        for (line, text) in source.texts().filter(|(line, _)| !source.is_test(*line)) {
            breaches.extend(repeated(&facts, text).map(|(_, what)| Breach::new(&source.path, line, what)));
        }
    }
    for path in tree.files.iter().filter(|path| path.contains("/templates/")) {
        for (index, line) in tree.text(path)?.lines().enumerate() {
            breaches.extend(repeated(&facts, line).map(|(_, what)| Breach::new(path, index + 1, what)));
        }
    }
    Ok(Finding::new(format!("{} domains, addresses and numbers", facts.len()), breaches))
}

/// Every domain, address and number of the manuals, and the file in which it stands.
fn facts(tree: &Tree) -> Result<BTreeMap<String, String>> {
    let mut facts = BTreeMap::new();
    for path in tree.files.iter().filter(|path| path.starts_with("manuals/data/")) {
        for line in tree.text(path)?.lines().filter(|line| !line.trim_start().starts_with('#')) {
            facts.extend(pieces(line).filter(|piece| is_fact(piece)).map(|piece| (piece.to_owned(), path.clone())));
        }
    }
    Ok(facts)
}

/// The first fact that a text repeats.
fn repeated(facts: &BTreeMap<String, String>, text: &str) -> Option<(String, String)> {
    let (fact, path) = pieces(text).find_map(|piece| facts.get_key_value(piece.to_ascii_lowercase().as_str()))?;
    Some((fact.clone(), format!("`{fact}` stands in {path}: ask `manuals` for it")))
}

/// The parts of a text that could be a domain, an address or a number.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '.' | ':' | '-'))
        .flat_map(|part| {
            let host = part.split_once(':').map(|(host, _)| host).filter(|host| host.contains('.'));
            std::iter::once(part).chain(host)
        })
        .map(|part| part.trim_matches(['.', ':', '-']))
        .filter(|part| !part.is_empty())
}

fn is_fact(piece: &str) -> bool {
    is_domain(piece)
        || is_telephone(piece)
        || piece.parse::<IpAddr>().is_ok_and(|address| !address.is_loopback() && !address.is_unspecified())
}

fn is_domain(piece: &str) -> bool {
    let labels: Vec<&str> = piece.split('.').collect();
    let fine = |label: &&str| {
        !label.is_empty() && label.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-')
    };
    labels.len() >= 2 && labels.iter().all(fine) && labels.last().is_some_and(|end| ENDS.contains(end))
}

fn is_telephone(piece: &str) -> bool {
    let digits = piece.chars().filter(char::is_ascii_digit).count();
    let parts = piece.split('-').count();
    piece.starts_with('0')
        && parts == 3
        && (9..=11).contains(&digits)
        && piece.chars().all(|letter| letter.is_ascii_digit() || letter == '-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::fake;

    #[test]
    fn a_fact_repeated_in_a_program_is_named() {
        let data = "# see www.commented.example.jp\n[[host]]\nname = \"portal.example.jp\"\nurl = \"https://login.example.org/web/\"\naddress = \"2001:db8::53\"\ndesk = \"0120-000-111\"\nhere = \"127.0.0.1\"\n";
        let docs = (
            "clinic/src/lib.rs",
            "//! Asks portal.example.jp.\nconst HERE: &str = \"127.0.0.1\";\n#[cfg(test)]\nmod tests { const A: &str = \"portal.example.jp\"; }\n",
        );
        let clean = [("manuals/data/hosts.toml", data), docs];
        for text in ["https://portal.example.jp:8443/a?b=c", "Login.example.org", "[2001:db8::53]:53", "電話 0120-000-111 まで"] {
            let program = format!("fn a() {{\n    tell(\"{text}\");\n}}\n");
            fake::shows(stand_once, &clean, &[("onshi/src/main.rs", &program)], "onshi/src/main.rs:2: `");
        }
        fake::shows(
            stand_once,
            &clean,
            &[("manuals/src/hosts.rs", "const A: &str = \"portal.example.jp\";\n")],
            "manuals/src/hosts.rs:1: ",
        );
        let page = [("center/registry/templates/start.html", "<p>\n<a href=\"https://portal.example.jp/\">\n")];
        fake::shows(stand_once, &clean, &page, "center/registry/templates/start.html:2: ");
    }
}
