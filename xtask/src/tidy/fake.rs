//! Builds small repositories in a temporary folder, each with one deliberate breach, and shows that a check finds it.

use std::path::Path;

use super::tree::Tree;

/// The whole of a repository with nothing in it.
const EMPTY: &str = "[workspace]\nmembers = []\n";

/// Writes the files and reads them as a tree; members of the workspace are the folders with a `Cargo.toml`.
pub(crate) fn tree(files: &[(&str, &str)]) -> (tempfile::TempDir, Tree) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let members: Vec<String> =
        files.iter().filter_map(|(path, _)| path.strip_suffix("/Cargo.toml")).map(|member| format!("{member:?}")).collect();
    let workspace = if members.is_empty() { EMPTY.to_owned() } else { format!("[workspace]\nmembers = [{}]\n", members.join(", ")) };
    if !files.iter().any(|(path, _)| *path == "Cargo.toml") {
        write(folder.path(), "Cargo.toml", &workspace);
    }
    for (path, text) in files {
        write(folder.path(), path, text);
    }
    let tree = Tree::read(folder.path()).expect("the fake tree can be read");
    (folder, tree)
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().expect("a file stands in a folder")).expect("the folder can be made");
    std::fs::write(path, text).expect("the file can be written");
}

/// Shows that the check lets the clean tree pass and names the place of the breach, and only that, in the other.
pub(crate) fn shows(check: fn(&Tree) -> anyhow::Result<super::Finding>, clean: &[(&str, &str)], breach: &[(&str, &str)], place: &str) {
    let (_kept, tree_clean) = tree(clean);
    let passed = check(&tree_clean).expect("the check can run").breaches;
    assert!(passed.is_empty(), "the clean tree is refused: {passed:?}");
    let changed: Vec<(&str, &str)> =
        clean.iter().filter(|(path, _)| !breach.iter().any(|(other, _)| other == path)).chain(breach).copied().collect();
    let (_kept, tree_breach) = tree(&changed);
    let found: Vec<String> = check(&tree_breach).expect("the check can run").breaches.iter().map(ToString::to_string).collect();
    assert!(found.len() == 1 && found.iter().all(|line| line.starts_with(place)), "expected one breach at {place}, found {found:#?}");
}
