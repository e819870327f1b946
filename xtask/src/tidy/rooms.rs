//! Holds invariant 1: rooms stand apart, and each keeps its tables to itself.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::Finding;
use super::source::Kind;
use super::sql;
use super::tree::{Breach, Crate, Tree, joined};

/// Crates that stand above the rooms and may import them all.
const ABOVE: [&str; 3] = ["onshi", "bench", "xtask"];

/// No room of the center imports a room but `registry`, none imports `clinic`, and `clinic` imports none.
pub(crate) fn imports(tree: &Tree) -> Result<Finding> {
    let rooms: Vec<&Crate> = tree.rooms().chain(tree.member("clinic")).collect();
    let mut breaches: Vec<Breach> = rooms.iter().flat_map(|room| strangers(tree, room)).collect();
    let known = |member: &Crate| {
        ABOVE.contains(&member.folder.as_str()) || member.folder.starts_with("center/") || tree.lists.imports.contains_key(&member.folder)
    };
    breaches.extend(tree.crates.iter().filter(|member| !known(member)).flat_map(|member| strangers(tree, member)));
    Ok(Finding::new(format!("{} rooms", rooms.len()), breaches))
}

/// The workspace crates that a member depends on although `xtask/tidy.toml` does not let it.
pub(crate) fn strangers(tree: &Tree, member: &Crate) -> Vec<Breach> {
    let any_room = || member.folder.strip_prefix("center/").and(tree.lists.imports.get("center/*"));
    let Some(allowed) = tree.lists.imports.get(&member.folder).or_else(any_room) else {
        return vec![Breach::new(&member.manifest_path(), 1, "say in xtask/tidy.toml what this crate may import")];
    };
    let ours = |name: &str| tree.crates.iter().any(|other| other.name == name);
    let refused = member.dependencies().into_iter().filter(|(_, name)| ours(name) && *name != member.name && !allowed.contains(name));
    refused.map(|(line, name)| Breach::new(&member.manifest_path(), line, format!("`{}` may not import `{name}`", member.name))).collect()
}

/// No source takes a file of another crate of the workspace by a `#[path]` attribute.
pub(crate) fn borrowed_files(tree: &Tree) -> Result<Finding> {
    let mut breaches = Vec::new();
    for source in &tree.sources {
        let folder = source.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for window in source.words().windows(4) {
            let [bracket, name, equals, text] = window else { continue };
            if let (Kind::Mark('['), Kind::Name(name), Kind::Mark('='), Kind::Text(text)) =
                (&bracket.kind, &name.kind, &equals.kind, &text.kind)
                && name == "path"
                && let Some(owner) = tree.crates.iter().find(|member| member.holds(&joined(folder, text)))
                && !owner.holds(&source.path)
            {
                breaches.push(Breach::new(
                    &source.path,
                    bracket.line,
                    format!("`{text}` is a file of `{}`: import that crate, or do without", owner.name),
                ));
            }
        }
    }
    Ok(Finding::new(format!("{} files", tree.sources.len()), breaches))
}

/// A room's SQL, its tests included, names no table that another room's migrations make.
pub(crate) fn tables(tree: &Tree) -> Result<Finding> {
    let mut owners: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let mut statements = Vec::new();
    for room in tree.rooms() {
        for (path, line, text) in sql_of(tree, room)? {
            for table in sql::created_tables(&text) {
                owners.entry(table).or_default().insert(&room.name);
            }
            statements.push((room, path, line, text));
        }
    }
    let mut breaches = Vec::new();
    for (room, path, line, text) in &statements {
        for table in sql::named_tables(text) {
            let Some(owned_by) = owners.get(&table) else { continue };
            if let Some(owner) = owned_by.iter().find(|_| !owned_by.contains(room.name.as_str())) {
                breaches.push(Breach::new(path, *line, format!("table `{table}` is `{owner}`'s: call its functions")));
            } else if owned_by.len() > 1 && sql::created_tables(text).contains(&table) {
                breaches.push(Breach::new(path, *line, format!("table `{table}` is made by more than one room")));
            }
        }
    }
    breaches.dedup();
    Ok(Finding::new(format!("{} tables, {} statements", owners.len(), statements.len()), breaches))
}

/// Every SQL text of a room: its migrations and the literals of its sources, with path and line.
fn sql_of(tree: &Tree, room: &Crate) -> Result<Vec<(String, usize, String)>> {
    let mut found = Vec::new();
    for path in tree.files.iter().filter(|path| room.holds(path) && path.ends_with(".sql")) {
        let text = tree.text(path)?;
        let mut line = 1;
        for statement in text.split_inclusive(';') {
            let blank = statement.len() - statement.trim_start().len();
            let begins = line + statement.get(..blank).unwrap_or_default().matches('\n').count();
            found.push((path.clone(), begins, statement.to_owned()));
            line += statement.matches('\n').count();
        }
    }
    for source in tree.sources_of(room) {
        found.extend(
            source.texts().filter(|(_, text)| sql::is_statement(text)).map(|(line, text)| (source.path.clone(), line, text.to_owned())),
        );
    }
    Ok(found)
}

/// `network` answers from signed snapshots: no database in it.
pub(crate) fn network(tree: &Tree) -> Result<Finding> {
    let Some(network) = tree.member("center/network") else { return Ok(Finding::new("no such room yet".to_owned(), Vec::new())) };
    let drivers = network.dependencies().into_iter().filter(|(_, name)| sql::is_driver(name));
    let mut breaches: Vec<Breach> =
        drivers.map(|(line, name)| Breach::new(&network.manifest_path(), line, format!("`network` has no database: `{name}`"))).collect();
    for source in tree.sources_of(network) {
        let uses = source.paths().into_iter().filter(|(_, path)| path.starts_with("chassis::db"));
        breaches.extend(uses.map(|(line, path)| Breach::new(&source.path, line, format!("`network` has no database: `{path}`"))));
    }
    Ok(Finding::new("1 room".to_owned(), breaches))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::fake;

    const REGISTRY: (&str, &str) = ("center/registry/Cargo.toml", "[package]\nname = \"registry\"\n");
    const WIRE: (&str, &str) = ("wire/Cargo.toml", "[package]\nname = \"wire\"\n");
    const CLINIC: (&str, &str) = ("clinic/Cargo.toml", "[package]\nname = \"clinic\"\n[dependencies]\nwire.workspace = true\n");

    #[test]
    fn a_room_that_imports_another_is_named() {
        let authority = ("center/authority/Cargo.toml", "[package]\nname = \"authority\"\n[dependencies]\nregistry.workspace = true\n");
        let eligibility = "[package]\nname = \"eligibility\"\n[dependencies]\nregistry.workspace = true\n[dev-dependencies]\nissuer = { package = \"authority\" }\n";
        let clean = [REGISTRY, WIRE, CLINIC, authority];
        fake::shows(imports, &clean, &[("center/eligibility/Cargo.toml", eligibility)], "center/eligibility/Cargo.toml:6: ");
        let clinic = "[package]\nname = \"clinic\"\n[target.'cfg(windows)'.dependencies]\nregistry = { workspace = true }\n";
        fake::shows(imports, &clean, &[("clinic/Cargo.toml", clinic)], "clinic/Cargo.toml:4: ");
        let registry = "[package]\nname = \"registry\"\n[dependencies]\nclinic.workspace = true\n";
        fake::shows(imports, &clean, &[("center/registry/Cargo.toml", registry)], "center/registry/Cargo.toml:4: ");
        fake::shows(imports, &clean, &[("shared/Cargo.toml", "[package]\nname = \"shared\"\n")], "shared/Cargo.toml:1: ");
    }

    #[test]
    fn a_file_taken_from_another_crate_is_named() {
        let clean = [
            REGISTRY,
            CLINIC,
            ("clinic/src/lib.rs", "#[path = \"windows.rs\"]\nmod system;\n#[path = \"../../fuzz/src/lib.rs\"]\nmod fuzz;\n"),
        ];
        let breach = [("clinic/src/lib.rs", "\n#[path = \"../../center/registry/src/rules.rs\"]\nmod rules;\n")];
        fake::shows(borrowed_files, &clean, &breach, "clinic/src/lib.rs:2: ");
    }

    #[test]
    fn a_room_that_reads_the_tables_of_another_is_named() {
        let eligibility = ("center/eligibility/Cargo.toml", "[package]\nname = \"eligibility\"\n");
        let made = ("center/registry/migrations/0001_facilities.sql", "CREATE TABLE facilities (code TEXT PRIMARY KEY);\n");
        let own = ("center/registry/src/store.rs", "const ALL: &str = \"SELECT code FROM facilities\";\n");
        let people = ("center/eligibility/migrations/0001_people.sql", "CREATE TABLE IF NOT EXISTS people (person_key BIGINT);\n");
        let clean = [REGISTRY, eligibility, made, own, people];
        let breach = "const ALL: &str =\n    \"SELECT p.person_key FROM people p JOIN facilities f ON f.code = p.facility_code\";\n";
        fake::shows(tables, &clean, &[("center/eligibility/src/store.rs", breach)], "center/eligibility/src/store.rs:2: ");
    }

    #[test]
    fn a_database_in_the_network_room_is_named() {
        let clean = [("center/network/Cargo.toml", "[package]\nname = \"network\"\n")];
        let breach = [("center/network/src/lib.rs", "use chassis::{clock, db::Database};\n")];
        fake::shows(network, &clean, &breach, "center/network/src/lib.rs:1: ");
    }
}
