//! Holds invariants 2 and 7: only messages of `wire` cross between center and clinic, and the lab speaks through the network only.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Finding;
use super::doors;
use super::rooms::strangers;
use super::source::Source;
use super::tree::{Breach, Crate, Tree};

/// The crates of the workspace that are pure text and data.
const WITHOUT_IO: [&str; 3] = ["manuals", "wire", "recipes"];

/// Packages that reach outside the process.
const IO_PACKAGES: [&str; 16] = [
    "tokio",
    "tokio-util",
    "tokio-rustls",
    "reqwest",
    "hyper",
    "hyper-util",
    "axum",
    "notify",
    "rusqlite",
    "tokio-postgres",
    "deadpool-postgres",
    "rustls",
    "mio",
    "socket2",
    "rand",
    "getrandom",
];

/// `wire`, `manuals` and `recipes` do no IO, and import nothing that could.
pub(crate) fn no_io(tree: &Tree) -> Result<Finding> {
    let members: Vec<&Crate> = WITHOUT_IO.iter().filter_map(|folder| tree.member(folder)).collect();
    let mut breaches = Vec::new();
    for member in &members {
        breaches.extend(strangers(tree, member));
        for (line, name) in member.dependencies().into_iter().filter(|(_, name)| IO_PACKAGES.contains(&name.as_str())) {
            breaches.push(Breach::new(&member.manifest_path(), line, format!("`{}` does no IO: `{name}`", member.name)));
        }
        for source in tree.sources_of(member) {
            breaches.extend(
                ways_out(source).map(|(line, path)| Breach::new(&source.path, line, format!("`{}` does no IO: `{path}`", member.name))),
            );
        }
    }
    Ok(Finding::new(format!("{} crates", members.len()), distinct(breaches)))
}

fn ways_out(source: &Source) -> impl Iterator<Item = (usize, String)> {
    let package =
        |path: &str| path.split_once("::").is_some_and(|(first, _)| IO_PACKAGES.iter().any(|name| name.replace('-', "_") == first));
    source.paths().into_iter().filter(move |(line, path)| !source.is_test(*line) && (doors::standard(path) || package(path)))
}

/// One breach a line: a path is seen both as words and as a spelled-out `use`.
fn distinct(mut breaches: Vec<Breach>) -> Vec<Breach> {
    breaches.sort();
    breaches.dedup_by(|one, other| one.path == other.path && one.line == other.line && one.line > 1);
    breaches
}

/// A room's `api.rs` defines no message of its own, and no message has a definition on both sides.
pub(crate) fn messages(tree: &Tree) -> Result<Finding> {
    let mut at_clinic = BTreeMap::new();
    if let Some(clinic) = tree.member("clinic") {
        for source in tree.sources_of(clinic) {
            at_clinic.extend(messages_of(source).map(|(line, name)| (name, (source.path.clone(), line))));
        }
    }
    let mut seen = at_clinic.len();
    let mut breaches = Vec::new();
    for room in tree.rooms() {
        for source in tree.sources_of(room) {
            let inside = source.path.strip_prefix(room.folder.as_str()).unwrap_or_default();
            let door = inside == "/src/api.rs" || inside.starts_with("/src/api/");
            for (line, name) in messages_of(source) {
                seen += 1;
                if let Some((other, at)) = at_clinic.get(&name) {
                    breaches.push(Breach::new(
                        &source.path,
                        line,
                        format!("`{name}` is also defined at {other}:{at}: one message, in `wire`"),
                    ));
                } else if door {
                    breaches.push(Breach::new(&source.path, line, format!("`{name}` crosses a door: it belongs into `wire`")));
                }
            }
        }
    }
    Ok(Finding::new(format!("{seen} serde types of rooms and clinic"), breaches))
}

/// The types of a program that derive serde's traits; what a `config.rs` reads is no message.
fn messages_of(source: &Source) -> impl Iterator<Item = (usize, String)> {
    let derives = |attributes: &[syn::Attribute]| {
        attributes.iter().filter(|attribute| attribute.path().is_ident("derive")).any(|attribute| {
            let mut found = false;
            // A derive that cannot be parsed is refused by the compiler, not here.
            let _ = attribute.parse_nested_meta(|meta| {
                found |= meta.path.segments.last().is_some_and(|last| last.ident == "Serialize" || last.ident == "Deserialize");
                Ok(())
            });
            found
        })
    };
    let settings = source.path.ends_with("/config.rs");
    let named = |item: &syn::Item| {
        let (attributes, name) = match item {
            syn::Item::Struct(item) => (&item.attrs, &item.ident),
            syn::Item::Enum(item) => (&item.attrs, &item.ident),
            _ => return None,
        };
        derives(attributes).then(|| (name.span().start().line, name.to_string()))
    };
    source.syntax.items.iter().filter_map(named).filter(|(line, _)| !settings && !source.is_test(*line)).collect::<Vec<_>>().into_iter()
}

/// The lab depends on no room, no message and no chassis: it uses processes, sockets and files.
pub(crate) fn lab(tree: &Tree) -> Result<Finding> {
    let Some(lab) = tree.member("lab") else { return Ok(Finding::new("no lab yet".to_owned(), Vec::new())) };
    Ok(Finding::new("1 crate".to_owned(), strangers(tree, lab)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::fake;

    const WIRE: (&str, &str) = ("wire/Cargo.toml", "[package]\nname = \"wire\"\n[dependencies]\nmanuals.workspace = true\n");
    const MANUALS: (&str, &str) = ("manuals/Cargo.toml", "[package]\nname = \"manuals\"\n");
    const CHASSIS: (&str, &str) = ("chassis/Cargo.toml", "[package]\nname = \"chassis\"\n");

    #[test]
    fn io_in_the_messages_is_named() {
        let tested = ("manuals/src/lib.rs", "#[cfg(test)]\nmod tests { fn a() { std::fs::read(\"a\"); } }\n");
        let clean = [WIRE, MANUALS, CHASSIS, tested];
        let reads = "use std::collections::BTreeMap;\nuse std::{fmt, fs};\n";
        fake::shows(no_io, &clean, &[("wire/src/xml.rs", reads)], "wire/src/xml.rs:2: ");
        let in_macro = "fn a() {\n    println!(\"{:?}\", std::env::var(\"HOME\"));\n}\n";
        fake::shows(no_io, &clean, &[("manuals/src/hosts.rs", in_macro)], "manuals/src/hosts.rs:2: ");
        let waits = "[package]\nname = \"manuals\"\n[dependencies]\ntokio.workspace = true\n";
        fake::shows(no_io, &clean, &[("manuals/Cargo.toml", waits)], "manuals/Cargo.toml:4: ");
        let bolted = "[package]\nname = \"wire\"\n[dependencies]\nchassis.workspace = true\n";
        fake::shows(no_io, &clean, &[("wire/Cargo.toml", bolted)], "wire/Cargo.toml:4: ");
    }

    #[test]
    fn a_message_outside_wire_is_named() {
        let room = ("center/authority/Cargo.toml", "[package]\nname = \"authority\"\n");
        let clinic = ("clinic/Cargo.toml", "[package]\nname = \"clinic\"\n");
        let state = ("clinic/src/state.rs", "#[derive(serde::Serialize)]\nstruct Kept { serial: String }\n");
        let row = ("center/authority/src/issue.rs", "#[derive(serde::Deserialize)]\nstruct Issued { serial: String }\n");
        let clean = [room, clinic, state, row];
        let door = "#[derive(Debug)]\nstruct Plain;\n#[derive(Debug, serde::Deserialize)]\npub(crate) struct Asked { id: String }\n";
        fake::shows(messages, &clean, &[("center/authority/src/api.rs", door)], "center/authority/src/api.rs:4: ");
        let twin = "use serde::Deserialize;\n#[derive(Deserialize)]\nstruct Kept { serial: String }\n";
        fake::shows(messages, &clean, &[("center/authority/src/store.rs", twin)], "center/authority/src/store.rs:3: ");
    }

    #[test]
    fn a_lab_that_uses_an_internal_api_is_named() {
        let clean = [WIRE, MANUALS, ("lab/Cargo.toml", "[package]\nname = \"lab\"\n[dependencies]\nmanuals.workspace = true\n")];
        let breach = "[package]\nname = \"lab\"\n[dependencies]\nmanuals.workspace = true\nwire.workspace = true\n";
        fake::shows(lab, &clean, &[("lab/Cargo.toml", breach)], "lab/Cargo.toml:5: ");
    }
}
