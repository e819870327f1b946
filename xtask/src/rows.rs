//! Says which rows of the inventory a test shows and which software rows no test names yet.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::tidy::{Breach, Finding, Tree};

/// Where the inventory's rows stand.
const ROWS: &str = "manuals/data/rows.toml";

/// One row of the inventory.
#[derive(Clone, Deserialize)]
struct Row {
    id: String,
    kind: String,
    what: String,
}

/// A test that names a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Named {
    row: String,
    test: String,
    path: String,
    line: usize,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    /// Software rows that no test names.
    missing: Vec<&'a str>,
    /// Every row that a test names, with its tests.
    shown: BTreeMap<&'a str, Vec<&'a Named>>,
}

/// Prints the rows; an error when a test names a row that does not exist.
pub(crate) fn run(root: &Path, json: bool) -> Result<()> {
    let tree = Tree::read(root)?;
    let rows = inventory(&tree)?;
    let (named, mut breaches) = scan(&tree, &rows)?;
    breaches.extend(unknown(&rows, &named));
    let mut shown: BTreeMap<&str, Vec<&Named>> = BTreeMap::new();
    for name in &named {
        shown.entry(&name.row).or_default().push(name);
    }
    let software = rows.iter().filter(|row| row.kind == "software").count();
    let missing: Vec<&Row> = rows.iter().filter(|row| row.kind == "software" && !shown.contains_key(row.id.as_str())).collect();
    if json {
        let report = Report { missing: missing.iter().map(|row| row.id.as_str()).collect(), shown };
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        missing.iter().for_each(|row| println!("{:6} no test names it: {}", row.id, beginning(&row.what)));
        for (row, tests) in &shown {
            let tests: Vec<String> = tests.iter().map(|test| format!("{} ({}:{})", test.test, test.path, test.line)).collect();
            println!("{row:6} {}", tests.join(", "));
        }
        println!("{} of {software} software rows are named by a test, {} are not", software - missing.len(), missing.len());
    }
    if breaches.is_empty() {
        return Ok(());
    }
    breaches.iter().for_each(|breach| eprintln!("{breach}"));
    bail!("{} mistakes in the rows that tests name", breaches.len())
}

/// Every row that a test names exists in the inventory, and every `Rows:` line stands above a test.
pub(crate) fn known(tree: &Tree) -> Result<Finding> {
    let rows = inventory(tree)?;
    let (named, mut breaches) = scan(tree, &rows)?;
    breaches.extend(unknown(&rows, &named));
    Ok(Finding::new(format!("{} rows, named {} times", rows.len(), named.len()), breaches))
}

fn unknown(rows: &[Row], named: &[Named]) -> Vec<Breach> {
    let lost = named.iter().filter(|name| !rows.iter().any(|row| row.id == name.row));
    lost.map(|name| Breach::new(&name.path, name.line, format!("`{}` is no row of {ROWS}", name.row))).collect()
}

fn inventory(tree: &Tree) -> Result<Vec<Row>> {
    let sheet: toml::Table = toml::from_str(&tree.text(ROWS)?).context(ROWS)?;
    let lists = sheet.into_iter().filter_map(|(_, value)| if let toml::Value::Array(list) = value { Some(list) } else { None });
    let rows = lists.flatten().filter(|entry| entry.get("id").is_some()).map(|entry| entry.try_into::<Row>().context(ROWS));
    let rows = rows.collect::<Result<Vec<Row>>>()?;
    if rows.is_empty() {
        bail!("{ROWS} holds no row");
    }
    Ok(rows)
}

/// The first words of a row, to fit a terminal's line.
fn beginning(what: &str) -> String {
    let start: String = what.chars().take(100).collect();
    if start.len() < what.len() { format!("{start}…") } else { start }
}

/// Every naming of a row in Rust and Python tests and in scenario files, and the `Rows:` lines that stand above no test.
fn scan(tree: &Tree, rows: &[Row]) -> Result<(Vec<Named>, Vec<Breach>)> {
    let (mut named, mut breaches) = (Vec::new(), Vec::new());
    for path in &tree.files {
        let comment = if path.ends_with(".rs") {
            "///"
        } else if path.ends_with(".py") || path.split('/').any(|part| part == "scenarios") {
            "#"
        } else {
            continue;
        };
        let text = tree.text(path)?;
        let lines: Vec<&str> = text.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            let below = lines.get(index + 1..).unwrap_or_default();
            if let Some(list) = line.trim_start().strip_prefix(comment).and_then(|line| line.strip_prefix(" Rows:")) {
                let above = lines.get(..index).unwrap_or_default();
                let Some(test) = test_below(path, below).or_else(|| story_on_both(above, below)) else {
                    breaches.push(Breach::new(path, index + 1, "`Rows:` stands above no test"));
                    continue;
                };
                let name = |row: &str| Named { row: row.trim().to_owned(), test: test.clone(), path: path.clone(), line: index + 1 };
                named.extend(list.split(',').map(name));
            } else if path.ends_with(".rs") && is_test_attribute(line) {
                let test = test_below(path, lines.get(index..).unwrap_or_default()).unwrap_or_default();
                let padded = format!("_{test}_");
                let says = |row: &&Row| padded.contains(&format!("_{}_", row.id.to_lowercase().replace('-', "_")));
                named.extend(rows.iter().filter(says).map(|row| Named {
                    row: row.id.clone(),
                    test: test.clone(),
                    path: path.clone(),
                    line: index + 1,
                }));
            }
        }
    }
    named.sort();
    named.dedup_by(|one, other| one.row == other.row && one.test == other.test && one.path == other.path);
    Ok((named, breaches))
}

fn is_test_attribute(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("#[test]") || line.starts_with("#[tokio::test")
}

/// The name of a story told on both databases: `on_both!(`, its comment, then its name and a comma.
fn story_on_both(above: &[&str], below: &[&str]) -> Option<String> {
    let comment = |line: &&&str| line.trim_start().starts_with("///");
    let opened = above.iter().rev().find(|line| !comment(line))?.trim() == "on_both!(";
    let name = below.iter().find(|line| !comment(line))?.trim().strip_suffix(',')?;
    (opened && name.chars().all(|letter| letter.is_alphanumeric() || letter == '_')).then(|| name.to_owned())
}

/// The name of the test to which the lines below a `Rows:` line belong; a scenario file is one test.
fn test_below(path: &str, below: &[&str]) -> Option<String> {
    let name = |line: &str, before: &str| {
        let (_, rest) = line.split_once(before)?;
        Some(rest.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect::<String>())
    };
    if path.ends_with(".py") {
        let line = below.iter().find(|line| !line.trim_start().starts_with(['#', '@']))?;
        return line.trim_start().strip_prefix("async ").unwrap_or(line.trim_start()).strip_prefix("def ").and_then(|_| name(line, "def "));
    }
    if !path.ends_with(".rs") {
        return path.rsplit('/').next().map(str::to_owned);
    }
    let head = |line: &&&str| line.trim_start().starts_with("///") || line.trim_start().starts_with("#[");
    let heads: Vec<&&str> = below.iter().take_while(head).collect();
    heads.iter().find(|line| is_test_attribute(line))?;
    below.get(heads.len()).and_then(|line| name(line, "fn "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::fake;

    const INVENTORY: (&str, &str) =
        (ROWS, "[[row]]\nid = \"LN-03\"\nkind = \"software\"\nwhat = \"a\"\n[[row]]\nid = \"LN-04\"\nkind = \"software\"\nwhat = \"b\"\n");

    #[test]
    fn rows_are_found_above_tests_in_their_names_and_in_scenarios() {
        let rust = "//! a\n/// Says more.\n/// Rows: LN-03, LN-04\n#[tokio::test(flavor = \"multi_thread\")]\nasync fn one() {}\n#[test]\nfn line_types_of_ln_04() {}\n";
        let files = [
            INVENTORY,
            ("wire/src/lib.rs", rust),
            ("lab/scenarios/a.toml", "# Rows: LN-03\n"),
            ("lab/b.py", "# Rows: LN-04\ndef test_b():\n"),
        ];
        let (_kept, tree) = fake::tree(&files);
        let (named, breaches) = scan(&tree, &inventory(&tree).expect("rows")).expect("scanned");
        let said: Vec<String> = named.iter().map(|name| format!("{} {}", name.row, name.test)).collect();
        assert_eq!(said, ["LN-03 a.toml", "LN-03 one", "LN-04 line_types_of_ln_04", "LN-04 one", "LN-04 test_b"]);
        assert_eq!(breaches, []);
    }

    #[test]
    fn a_story_told_on_both_databases_names_its_rows_too() {
        let lines: Vec<&str> = "on_both!(\n    /// Rows: LN-03\n    a_story,\n    async |place| {}\n);\n".lines().collect();
        assert_eq!(story_on_both(&lines[..1], &lines[2..]).as_deref(), Some("a_story"));
        assert_eq!(story_on_both(&["other!("], &lines[2..]), None);
    }

    #[test]
    fn an_unknown_row_and_a_row_above_no_test_are_named() {
        let clean = [INVENTORY, ("wire/src/lib.rs", "/// Rows: LN-03\n#[test]\nfn one() {}\n")];
        fake::shows(known, &clean, &[("wire/src/xml.rs", "\n/// Rows: LN-99\n#[test]\nfn one() {}\n")], "wire/src/xml.rs:2: `LN-99`");
        fake::shows(known, &clean, &[("wire/src/xml.rs", "/// Rows: LN-04\nfn one() {}\n")], "wire/src/xml.rs:1: `Rows:`");
    }
}
