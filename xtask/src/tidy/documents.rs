//! Holds the rules of what is written: every path that a document names exists, and no file names one machine or one download host.

use anyhow::Result;

use super::Finding;
use super::tree::{Breach, Tree, joined};

/// Endings by which a word in a document is taken for a file of the repository.
const ENDINGS: [&str; 7] = [".rs", ".toml", ".md", ".sql", ".sh", ".py", ".html"];

/// Folders that belong to one machine: their names without the strokes around them.
const MACHINE_FOLDERS: [&str; 5] = ["work", "tmp", "root", "home", "Users"];

/// Hosts from which packages are downloaded, in two pieces, since no file may name them.
const DOWNLOAD_HOSTS: [(&str, &str); 6] =
    [("crates", "io"), ("pypi", "org"), ("npmjs", "org"), ("deb.debian", "org"), ("golang", "org"), ("static.rust-lang", "org")];

/// Every path of the repository that a document names exists.
pub(crate) fn paths(tree: &Tree) -> Result<Finding> {
    let (mut seen, mut breaches) = (0, Vec::new());
    for document in tree.files.iter().filter(|path| path.ends_with(".md")) {
        let folder = document.rsplit_once('/').map_or("", |(folder, _)| folder);
        let text = tree.text(document)?;
        for (line, word) in quoted(&text) {
            if let Some(path) = repository_path(tree, word) {
                seen += 1;
                if !exists(tree, folder, path) {
                    breaches.push(Breach::new(document, line, format!("`{path}` does not exist")));
                }
            }
        }
        for (line, target) in links(&text) {
            seen += 1;
            if !tree.has(&joined(folder, target)) {
                breaches.push(Breach::new(document, line, format!("the link to `{target}` leads nowhere")));
            }
        }
    }
    Ok(Finding::new(format!("{seen} paths"), breaches))
}

/// The words in backticks outside of code blocks.
fn quoted(text: &str) -> Vec<(usize, &str)> {
    let mut words = Vec::new();
    for (line, text) in prose(text) {
        words.extend(text.split('`').skip(1).step_by(2).map(|word| (line, word)));
    }
    words
}

/// The lines outside of code blocks, counted from 1.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut code = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let fence = line.trim_start().starts_with("```");
        code ^= fence;
        (!code && !fence).then_some((index + 1, line))
    })
}

/// The targets of links to files.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut targets = Vec::new();
    for (line, text) in prose(text) {
        for rest in text.split("](").skip(1) {
            let target = rest.split([')', '#', ' ']).next().unwrap_or_default();
            if !target.is_empty() && !target.contains(':') {
                targets.push((line, target));
            }
        }
    }
    targets
}

/// The word when it looks like a path of this repository and not like a placeholder, an address or a file of the machine.
fn repository_path<'a>(tree: &Tree, word: &'a str) -> Option<&'a str> {
    let path = word.split_once(":").map_or(word, |(path, _)| path).split('#').next()?;
    let plain = path.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '/' | '.' | '-' | '_'));
    let placeholder = path.contains("NNNN") || path.contains("..") || path.split('/').any(|part| part == "NAME");
    if word.contains("://") || word.contains("::") || !plain || placeholder || path.starts_with(['/', '-', '.']) && !path.starts_with(".c")
    {
        return None;
    }
    let first = path.split('/').next()?;
    if tree.lists.runtime.iter().any(|runtime| runtime == first) {
        return None;
    }
    let inside = path.contains('/') && tree.has(first);
    (inside || ENDINGS.iter().any(|ending| path.ends_with(ending))).then_some(path)
}

/// Whether the path stands at the root, beside the document, or is the end of some file's path (`src/rules.rs`, said of every room).
fn exists(tree: &Tree, folder: &str, path: &str) -> bool {
    let (path, ending) = (path.trim_end_matches('/'), format!("/{}", path.trim_end_matches('/')));
    let ends = |file: &String| file.ends_with(&ending) || file.contains(&format!("{ending}/"));
    tree.has(path) || tree.has(&joined(folder, path)) || tree.files.iter().any(ends)
}

/// No file names a folder of one machine or a host of downloads; the lock file is cargo's own.
pub(crate) fn machines(tree: &Tree) -> Result<Finding> {
    let (mut seen, mut breaches) = (0, Vec::new());
    let hosts = DOWNLOAD_HOSTS.map(|(name, end)| format!("{name}.{end}"));
    for path in tree.files.iter().filter(|path| !path.ends_with("Cargo.lock")) {
        seen += 1;
        for (index, line) in tree.text(path)?.lines().enumerate() {
            if let Some(folder) = MACHINE_FOLDERS.iter().find(|folder| names_folder(line, folder)) {
                breaches.push(Breach::new(path, index + 1, format!("names the folder `{folder}` of one machine")));
            }
            if let Some(host) = hosts.iter().find(|host| line.contains(host.as_str())) {
                breaches.push(Breach::new(path, index + 1, format!("names the host `{host}`")));
            }
        }
    }
    Ok(Finding::new(format!("{seen} files"), breaches))
}

/// Whether a line names the folder at the root of a machine, as a path and not as a part of another.
fn names_folder(line: &str, folder: &str) -> bool {
    let needle = format!("/{folder}");
    line.match_indices(&needle).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + needle.len()..).and_then(|text| text.chars().next());
        let begins = before.is_none_or(|letter| letter.is_whitespace() || matches!(letter, '"' | '\'' | '`' | '=' | '(' | ':' | ','));
        let deeper = after == Some('/');
        begins && (deeper || (folder == "tmp" && after.is_none_or(|letter| !letter.is_alphanumeric())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::fake;

    #[test]
    fn a_path_that_is_gone_is_named() {
        let text = "See `center/registry/src/rules.rs`, `src/rules.rs`, `center/`, `onshi-data/keys`, `a::b`, `center/<room>/src`,\n`https://a/b.md`, `/etc/a.toml`, `req/`.\n```\n`center/gone.rs`\n```\n[map](center/README.md)\n";
        let clean = [("README.md", text), ("center/registry/src/rules.rs", "fn a() {}\n"), ("center/README.md", "[up](../README.md)\n")];
        fake::shows(paths, &clean, &[("docs/guide.md", "One.\n`center/registry/src/gone.rs`\n")], "docs/guide.md:2: ");
        fake::shows(paths, &clean, &[("docs/guide.md", "`center/lineauth`\n")], "docs/guide.md:1: ");
        fake::shows(paths, &clean, &[("docs/guide.md", "See [it](../GONE.md#there).\n")], "docs/guide.md:1: ");
    }

    #[test]
    fn a_path_of_one_machine_is_named() {
        let clean = [("docs/guide.md", "Works at /etc/onshi and network/tmpfs and a/work/b.\n")];
        for line in
            [format!("data = \"/{}/onshi\"", "work"), format!("cd /{}", "tmp"), format!("from https://static.{}.{}/a", "crates", "io")]
        {
            fake::shows(machines, &clean, &[("config/a.toml", &format!("# a\n{line}\n"))], "config/a.toml:2: ");
        }
    }
}
