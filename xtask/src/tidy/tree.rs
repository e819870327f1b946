//! The repository as the checks see it: its files, its Rust sources and its crates, read from any root so that a breach can be staged.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use super::source::Source;

/// A place that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Breach {
    /// The file, from the root of the tree.
    pub(crate) path: String,
    /// The line, from 1.
    pub(crate) line: usize,
    /// What is wrong and what to do instead.
    pub(crate) what: String,
}

impl Breach {
    /// Names a breach.
    pub(crate) fn new(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into() }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// The lists of `xtask/tidy.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lists {
    pub(crate) nouns: Vec<String>,
    pub(crate) pure: Vec<String>,
    pub(crate) runtime: Vec<String>,
    pub(crate) empty_names: Vec<String>,
    pub(crate) clock_readers: Vec<String>,
    pub(crate) sql_exceptions: Vec<String>,
    pub(crate) imports: BTreeMap<String, Vec<String>>,
}

/// One member of the workspace.
pub(crate) struct Crate {
    /// Its folder from the root: `center/registry`.
    pub(crate) folder: String,
    /// Its package name.
    pub(crate) name: String,
    /// Its manifest.
    pub(crate) manifest: toml::Table,
    manifest_text: String,
}

impl Crate {
    /// The path of its manifest.
    pub(crate) fn manifest_path(&self) -> String {
        format!("{}/Cargo.toml", self.folder)
    }

    /// The packages that it depends on, for whatever purpose and target, with the line of each.
    pub(crate) fn dependencies(&self) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        gather(&self.manifest, &mut found);
        found.into_iter().map(|(key, package)| (self.line_of(&key), package)).collect()
    }

    /// The line at which a key stands in its manifest; 1 when it is not written out.
    pub(crate) fn line_of(&self, key: &str) -> usize {
        let stands = |line: &str| line.trim_start().strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(['.', '=']));
        self.manifest_text.lines().position(stands).map_or(1, |index| index + 1)
    }

    /// Whether the file belongs to it.
    pub(crate) fn holds(&self, path: &str) -> bool {
        path.strip_prefix(self.folder.as_str()).is_some_and(|rest| rest.starts_with('/'))
    }
}

fn gather(table: &toml::Table, found: &mut Vec<(String, String)>) {
    for (key, value) in table {
        let Some(inner) = value.as_table() else { continue };
        if matches!(key.as_str(), "dependencies" | "dev-dependencies" | "build-dependencies") {
            found.extend(inner.iter().map(|(name, entry)| {
                let package = entry.get("package").and_then(toml::Value::as_str).unwrap_or(name);
                (name.clone(), package.to_owned())
            }));
        } else if key == "target" {
            inner.values().filter_map(toml::Value::as_table).for_each(|target| gather(target, found));
        }
    }
}

/// The files under a root.
pub(crate) struct Tree {
    /// Where it stands on this machine.
    pub(crate) root: PathBuf,
    /// Every file, from the root, with `/`; what is built or generated at run time is left out.
    pub(crate) files: Vec<String>,
    /// Every Rust file that could be read as Rust.
    pub(crate) sources: Vec<Source>,
    /// The members of the workspace.
    pub(crate) crates: Vec<Crate>,
    /// The lists of `xtask/tidy.toml`.
    pub(crate) lists: Lists,
    /// Rust files that are none.
    pub(crate) unreadable: Vec<Breach>,
}

impl Tree {
    /// Reads everything under a root.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let lists: Lists = toml::from_str(include_str!("../../tidy.toml")).context("xtask/tidy.toml")?;
        let mut files = Vec::new();
        walk(root, "", &lists.runtime, &mut files)?;
        files.sort();
        let mut tree = Self { root: root.to_owned(), files, sources: Vec::new(), crates: Vec::new(), lists, unreadable: Vec::new() };
        tree.read_sources()?;
        tree.read_crates()?;
        Ok(tree)
    }

    fn read_sources(&mut self) -> Result<()> {
        for path in self.files.iter().filter(|path| path.ends_with(".rs")) {
            let text = self.text(path)?;
            match Source::read(path, text) {
                Ok(source) => self.sources.push(source),
                Err(error) => self.unreadable.push(Breach::new(path, 1, format!("not readable as Rust: {error}"))),
            }
        }
        let asides: Vec<String> =
            self.sources.iter().flat_map(|source| source.test_modules.iter().flat_map(|name| places(&source.path, name))).collect();
        for source in &mut self.sources {
            let inside = |aside: &String| {
                source.path == *aside || source.path.strip_prefix(aside.trim_end_matches(".rs")).is_some_and(|rest| rest.starts_with('/'))
            };
            if asides.iter().any(inside) {
                source.mark_as_test();
            }
        }
        Ok(())
    }

    fn read_crates(&mut self) -> Result<()> {
        let workspace: toml::Table = toml::from_str(&self.text("Cargo.toml")?).context("Cargo.toml")?;
        let members = workspace.get("workspace").and_then(|table| table.get("members")).and_then(toml::Value::as_array);
        for folder in members.into_iter().flatten().filter_map(toml::Value::as_str) {
            let manifest_text = self.text(&format!("{folder}/Cargo.toml"))?;
            let manifest: toml::Table = toml::from_str(&manifest_text).with_context(|| format!("{folder}/Cargo.toml"))?;
            let name =
                manifest.get("package").and_then(|table| table.get("name")).and_then(toml::Value::as_str).unwrap_or(folder).to_owned();
            self.crates.push(Crate { folder: folder.to_owned(), name, manifest, manifest_text });
        }
        Ok(())
    }

    /// A file's text.
    pub(crate) fn text(&self, path: &str) -> Result<String> {
        let bytes = std::fs::read(self.root.join(path)).with_context(|| path.to_owned())?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Whether the tree has the file or folder.
    pub(crate) fn has(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        self.files.iter().any(|file| file.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
    }

    /// The crates of the center's rooms.
    pub(crate) fn rooms(&self) -> impl Iterator<Item = &Crate> {
        self.crates.iter().filter(|member| member.folder.starts_with("center/"))
    }

    /// The member with this folder.
    pub(crate) fn member(&self, folder: &str) -> Option<&Crate> {
        self.crates.iter().find(|member| member.folder == folder)
    }

    /// The Rust files of a member.
    pub(crate) fn sources_of<'a>(&'a self, member: &'a Crate) -> impl Iterator<Item = &'a Source> {
        self.sources.iter().filter(|source| member.holds(&source.path))
    }
}

/// Where `mod name;` of a file may stand.
fn places(path: &str, name: &str) -> Vec<String> {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = file.trim_end_matches(".rs");
    let base = if matches!(stem, "lib" | "main" | "mod") { folder.to_owned() } else { format!("{folder}/{stem}") };
    vec![format!("{base}/{name}.rs"), format!("{base}/{name}/mod.rs")]
}

/// A path seen from a folder, both from the root.
pub(crate) fn joined(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn walk(root: &Path, below: &str, left_out: &[String], files: &mut Vec<String>) -> Result<()> {
    let folder = root.join(below);
    for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name == ".git" || left_out.contains(&name) {
            continue;
        }
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        let kind = entry.file_type()?;
        if kind.is_dir() {
            walk(root, &path, left_out, files)?;
        } else if kind.is_file() {
            files.push(path);
        }
    }
    Ok(())
}
