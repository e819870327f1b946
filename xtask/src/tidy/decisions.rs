//! Holds invariants 5 and 6: decisions are plain functions, one file reads the clock, and nothing global changes.

use anyhow::Result;
use syn::visit::Visit;

use super::Finding;
use super::doors;
use super::source::{Kind, Source};
use super::tree::{Breach, Tree};

/// What a file of decisions may not name, beside the doors of the standard library: databases, sockets, waiting, the clock.
const OUTSIDE: [&str; 7] =
    ["chassis::db", "chassis::http", "chassis::serve", "chassis::clock::Clock", "chassis::clock::instant", "tokio", "reqwest"];

/// Types whose `now` reads a clock.
const CLOCKS: [&str; 8] = ["SystemTime", "Instant", "Timestamp", "Zoned", "OffsetDateTime", "UtcDateTime", "Utc", "Local"];

/// The functions that clippy must refuse.
const REFUSED: [&str; 4] = ["std::time::SystemTime::now", "std::time::Instant::now", "jiff::Timestamp::now", "jiff::Zoned::now"];

/// Types that change behind a shared reference.
const CHANGING: [&str; 14] = [
    "Mutex",
    "RwLock",
    "OnceLock",
    "OnceCell",
    "Once",
    "RefCell",
    "Cell",
    "UnsafeCell",
    "ArcSwap",
    "ArcSwapOption",
    "DashMap",
    "LazyCell",
    "SyncUnsafeCell",
    "Condvar",
];

/// `rules.rs`, `rules/` and the files listed as pure have no database, clock, socket, file or waiting.
pub(crate) fn pure(tree: &Tree) -> Result<Finding> {
    let mut seen = 0;
    let mut breaches: Vec<Breach> = Vec::new();
    for listed in tree.lists.pure.iter().filter(|listed| !tree.has(listed)) {
        breaches.push(Breach::new("xtask/tidy.toml", 1, format!("`{listed}` is listed as pure and does not exist")));
    }
    for source in tree.sources.iter().filter(|source| is_decision(tree, &source.path)) {
        seen += 1;
        let mut found: Vec<Breach> = Vec::new();
        let mut refuse = |line: usize, what: &str| {
            if !source.is_test(line) && !found.iter().any(|breach| breach.line == line) {
                found.push(Breach::new(&source.path, line, format!("a file of decisions has no `{what}`: take it as an argument")));
            }
        };
        for (line, path) in source.paths() {
            if doors::standard(&path) || OUTSIDE.iter().any(|door| doors::behind(&path, door)) {
                refuse(line, &path);
            }
        }
        for (line, name) in source.names().filter(|(_, name)| matches!(*name, "async" | "await" | "Clock")) {
            refuse(line, name);
        }
        for window in source.words().windows(3) {
            if let [dot, name, call] = window
                && let (Kind::Mark('.'), Kind::Name(name), Kind::Mark('(')) = (&dot.kind, &name.kind, &call.kind)
                && matches!(name.as_str(), "now" | "elapsed")
            {
                refuse(dot.line, name);
            }
        }
        breaches.extend(found);
    }
    Ok(Finding::new(format!("{seen} files"), breaches))
}

fn is_decision(tree: &Tree, path: &str) -> bool {
    path.ends_with("/src/rules.rs") || path.contains("/src/rules/") || tree.lists.pure.iter().any(|listed| listed == path)
}

/// Nothing but the listed files reads the clock, and clippy refuses it too.
pub(crate) fn clock(tree: &Tree) -> Result<Finding> {
    let mut breaches = Vec::new();
    for source in tree.sources.iter().filter(|source| !tree.lists.clock_readers.contains(&source.path)) {
        for (line, path) in source.paths() {
            let mut parts = path.rsplit("::");
            let reads =
                matches!(parts.next(), Some("now" | "now_utc" | "now_local")) && parts.next().is_some_and(|of| CLOCKS.contains(&of));
            if reads || path == "clippy::disallowed_methods" {
                breaches.push(Breach::new(&source.path, line, format!("`{path}`: only chassis/src/clock.rs reads the clock")));
            }
        }
    }
    let rules = tree.text("clippy.toml").unwrap_or_default();
    let listed = |method: &&&str| rules.contains(&format!("path = \"{method}\""));
    breaches.extend(
        REFUSED.iter().filter(|method| !listed(method)).map(|method| Breach::new("clippy.toml", 1, format!("must refuse `{method}`"))),
    );
    let workspace: toml::Table = toml::from_str(&tree.text("Cargo.toml")?)?;
    let clippy = workspace.get("workspace").and_then(|table| table.get("lints")).and_then(|lints| lints.get("clippy"));
    let level = clippy.and_then(|lints| lints.get("disallowed_methods")).and_then(toml::Value::as_str);
    if !matches!(level, Some("deny" | "forbid")) {
        breaches.push(Breach::new("Cargo.toml", 1, "[workspace.lints.clippy] must say disallowed_methods = \"deny\""));
    }
    Ok(Finding::new(format!("{} files and clippy.toml", tree.sources.len()), breaches))
}

/// No `static mut`, no static that changes behind a shared reference, no thread-local: data that never changes may be a `LazyLock`.
pub(crate) fn global_state(tree: &Tree) -> Result<Finding> {
    let mut seen = 0;
    let mut breaches = Vec::new();
    for source in &tree.sources {
        let mut statics = Statics { source, seen: 0, breaches: Vec::new() };
        statics.visit_file(&source.syntax);
        seen += statics.seen;
        breaches.extend(statics.breaches);
        for pair in source.words().windows(2) {
            if let [word, next] = pair
                && let (Kind::Name(name), Kind::Mark('!')) = (&word.kind, &next.kind)
                && matches!(name.as_str(), "thread_local" | "lazy_static")
            {
                breaches.push(Breach::new(&source.path, word.line, format!("global mutable state: `{name}!`")));
            }
        }
    }
    Ok(Finding::new(format!("{seen} statics"), breaches))
}

struct Statics<'a> {
    source: &'a Source,
    seen: usize,
    breaches: Vec<Breach>,
}

impl<'ast> Visit<'ast> for Statics<'_> {
    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.seen += 1;
        let mut types = Types::default();
        types.visit_type(&item.ty);
        let changing = types.0.into_iter().find(|name| CHANGING.contains(&name.as_str()) || name.starts_with("Atomic"));
        let mutable = matches!(item.mutability, syn::StaticMutability::Mut(_)).then(|| "mut".to_owned());
        if let Some(what) = mutable.or(changing) {
            let line = item.static_token.span.start().line;
            self.breaches.push(Breach::new(&self.source.path, line, format!("global mutable state: `static {}` is `{what}`", item.ident)));
        }
        syn::visit::visit_item_static(self, item);
    }
}

/// Every type name inside a type.
#[derive(Default)]
struct Types(Vec<String>);

impl<'ast> Visit<'ast> for Types {
    fn visit_path_segment(&mut self, segment: &'ast syn::PathSegment) {
        self.0.push(segment.ident.to_string());
        syn::visit::visit_path_segment(self, segment);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::fake;

    #[test]
    fn a_decision_that_reaches_outside_is_named() {
        let text =
            "use jiff::Timestamp;\npub fn open(now: Timestamp) -> bool { now.as_second() > 0 }\n#[cfg(test)]\nmod tests { use std::fs; }\n";
        let (_kept, empty) = fake::tree(&[]);
        let listed = empty.lists.pure.iter().map(|path| (path.as_str(), "//! Pure.\n"));
        let clean: Vec<(&str, &str)> = listed.chain([("center/registry/src/rules.rs", text)]).collect();
        for (breach, line) in [
            ("use chassis::{clock, db::Database};\n", 1),
            ("fn a() {}\nasync fn b() {}\n", 2),
            ("fn a(at: &T) -> u64 {\n    at.now()\n}\n", 2),
            ("use std::io::Read;\n", 1),
            ("fn a(clock: &Clock) {}\n", 1),
        ] {
            fake::shows(
                pure,
                &clean,
                &[("center/registry/src/rules/lines.rs", breach)],
                &format!("center/registry/src/rules/lines.rs:{line}: "),
            );
        }
    }

    #[test]
    fn a_second_reader_of_the_clock_is_named() {
        let workspace = "[workspace]\nmembers = []\n[workspace.lints.clippy]\ndisallowed_methods = \"deny\"\n";
        let rules = REFUSED.map(|method| format!("{{ path = \"{method}\" }},")).join("\n");
        let clean =
            [("Cargo.toml", workspace), ("clippy.toml", rules.as_str()), ("chassis/src/clock.rs", "fn a() { jiff::Timestamp::now(); }\n")];
        fake::shows(clock, &clean, &[("clinic/src/ask.rs", "fn a() {\n    tokio::time::Instant::now();\n}\n")], "clinic/src/ask.rs:2: ");
        fake::shows(clock, &clean, &[("clinic/src/ask.rs", "#![allow(clippy::disallowed_methods)]\n")], "clinic/src/ask.rs:1: ");
        fake::shows(clock, &clean, &[("clippy.toml", &rules.replace("jiff::Zoned::now", ""))], "clippy.toml:1: ");
        fake::shows(clock, &clean, &[("Cargo.toml", &workspace.replace("deny", "warn"))], "Cargo.toml:1: ");
    }

    #[test]
    fn global_state_that_changes_is_named() {
        let clean = [("wire/src/lib.rs", "static CODES: LazyLock<BTreeMap<u8, &str>> = LazyLock::new(codes);\nstatic ONE: u8 = 1;\n")];
        for text in [
            "static mut A: u8 = 0;",
            "static A: LazyLock<Mutex<u8>> = x;",
            "fn a() { static N: std::sync::atomic::AtomicU64 = x; }",
            "thread_local! { static A: u8 = 0; }",
        ] {
            fake::shows(global_state, &clean, &[("wire/src/code.rs", &format!("\n{text}\n"))], "wire/src/code.rs:2: ");
        }
    }
}
