//! Holds invariant 4, and reads SQL as far as the checks need: which statements there are and which tables they name.

use anyhow::Result;

use super::Finding;
use super::tree::{Breach, Tree};

/// Every SQL statement of the programs stands in a room's `store.rs` or `store/`, or in its migrations.
pub(crate) fn placement(tree: &Tree) -> Result<Finding> {
    let mut seen = 0;
    let mut breaches = Vec::new();
    for source in tree.sources.iter().filter(|source| !tree.lists.sql_exceptions.iter().any(|place| stands_in(&source.path, place))) {
        for (line, text) in source.texts().filter(|(line, text)| !source.is_test(*line) && is_statement(text)) {
            seen += 1;
            if !is_store(tree, &source.path) {
                let start: String = text.split_whitespace().take(4).collect::<Vec<_>>().join(" ");
                breaches.push(Breach::new(&source.path, line, format!("SQL outside a room's store: `{start} …`")));
            }
        }
    }
    for path in tree.files.iter().filter(|path| path.ends_with(".sql") && !path.starts_with("chassis/")) {
        seen += 1;
        if !tree.rooms().any(|room| path.strip_prefix(room.folder.as_str()).is_some_and(|inside| inside.starts_with("/migrations/"))) {
            breaches.push(Breach::new(path, 1, "SQL outside a room's migrations"));
        }
    }
    Ok(Finding::new(format!("{seen} statements and migrations"), breaches))
}

fn is_store(tree: &Tree, path: &str) -> bool {
    tree.rooms().any(|room| {
        let inside = path.strip_prefix(room.folder.as_str()).unwrap_or_default();
        inside == "/src/store.rs" || inside.starts_with("/src/store/")
    })
}

fn stands_in(path: &str, place: &str) -> bool {
    if place.ends_with('/') { path.starts_with(place) } else { path == place }
}

/// The crates that talk to a database engine.
pub(crate) fn is_driver(package: &str) -> bool {
    ["rusqlite", "libsqlite3-sys", "tokio-postgres", "deadpool-postgres", "postgres", "sqlx", "diesel"].contains(&package)
}

/// Whether a literal is SQL: it begins with a verb of SQL as one writes it, in capitals, or in small letters with the words that must follow.
pub(crate) fn is_statement(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let (Some(verb), Some(_)) = (words.next(), words.next()) else {
        return text.ends_with(char::is_whitespace) && matches!(text.trim(), "SELECT" | "INSERT" | "UPDATE" | "DELETE");
    };
    match verb {
        "SELECT" | "INSERT" | "UPDATE" | "DELETE" | "CREATE" | "WITH" | "ALTER" | "DROP" => true,
        "select" => has(text, " from "),
        "insert" => has(text, "insert into "),
        "update" => has(text, " set "),
        "delete" => has(text, "delete from "),
        "create" | "alter" | "drop" => has(text, " table ") || has(text, " index "),
        "with" => has(text, " as ("),
        _ => false,
    }
}

fn has(text: &str, words: &str) -> bool {
    text.split_whitespace().collect::<Vec<_>>().join(" ").contains(words)
}

/// The tables that a text makes.
pub(crate) fn created_tables(text: &str) -> Vec<String> {
    let words = words(text);
    let mut made = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let following: Vec<&str> = words.iter().skip(index + 1).take(4).map(String::as_str).collect();
        if word == "create"
            && let ["table", "if", "not", "exists"] | ["table", _, ..] = following.as_slice()
        {
            let name = if following.contains(&"exists") { words.get(index + 5) } else { words.get(index + 2) };
            made.extend(name.cloned());
        }
    }
    made
}

/// The tables that a text reads, writes or makes.
pub(crate) fn named_tables(text: &str) -> Vec<String> {
    let words = words(text);
    let mut named = created_tables(text);
    let mut previous = "";
    let mut listing = false;
    for word in &words {
        let opens = matches!(previous, "from" | "join" | "into" | "update" | "references" | "table");
        if (opens || (listing && previous == ",")) && !matches!(word.as_str(), "(" | "set" | "if" | "select" | "only" | "lateral") {
            named.push(word.clone());
            listing = matches!(previous, "from" | ",");
        } else if matches!(word.as_str(), "where" | "set" | "(" | ")" | "order" | "group" | "on" | ";") {
            listing = false;
        }
        previous = word;
    }
    named.sort();
    named.dedup();
    named
}

/// Words and brackets in small letters; comments left out, quotes taken off names.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for line in text.lines() {
        let line = line.split("--").next().unwrap_or_default();
        let mut word = String::new();
        for letter in line.chars() {
            if letter.is_alphanumeric() || letter == '_' {
                word.extend(letter.to_lowercase());
                continue;
            }
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            if matches!(letter, '(' | ')' | ',' | ';') {
                words.push(letter.to_string());
            }
        }
        if !word.is_empty() {
            words.push(word);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::fake;

    #[test]
    fn sql_outside_the_store_is_named() {
        let manifest = ("center/registry/Cargo.toml", "[package]\nname = \"registry\"\n");
        let store = ("center/registry/src/store/lines.rs", "const ONE: &str = \"SELECT line FROM lines WHERE prefix = $1\";\n");
        let seam = ("chassis/src/db/sqlite.rs", "const MARKS: &str = \"CREATE TABLE done (room TEXT)\";\n");
        let aside = ("center/registry/src/rules.rs", "#[cfg(test)]\nmod tests { const ALL: &str = \"SELECT 1 FROM lines\"; }\n");
        let breach = "fn end() -> &'static str {\n    \"\n        update lines\n        set ended = $1\"\n}\n";
        let clean = [manifest, store, seam, aside];
        fake::shows(placement, &clean, &[("center/registry/src/api.rs", breach)], "center/registry/src/api.rs:2: ");
        fake::shows(placement, &clean, &[("clinic/src/store.rs", "const A: &str = \"DELETE FROM lines\";\n")], "clinic/src/store.rs:1: ");
        fake::shows(placement, &clean, &[("center/registry/src/a.sql", "DELETE FROM lines;\n")], "center/registry/src/a.sql:1: ");
    }

    #[test]
    fn sentences_are_not_taken_for_statements() {
        for text in ["Select a line from the list", "update the notice", "with a certificate", "UPDATE", "create a key for the terminal"] {
            assert!(!is_statement(text), "{text}");
        }
    }

    #[test]
    fn tables_are_found_where_statements_name_them() {
        assert_eq!(named_tables("WITH x AS (SELECT a FROM one, two WHERE b IN (1, 2)) UPDATE three SET c = 1"), ["one", "three", "two"]);
        assert_eq!(
            created_tables("-- CREATE TABLE no\nCREATE TABLE IF NOT EXISTS one (a TEXT);\nCREATE TABLE two(a TEXT)"),
            ["one", "two"]
        );
        assert_eq!(named_tables("INSERT INTO \"one\" (a) SELECT a FROM two ON CONFLICT DO UPDATE SET a = 1"), ["one", "two"]);
    }
}
