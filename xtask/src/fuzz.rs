//! Feeds damaged input to the programs' readers with cargo-fuzz, for as long as asked.

use std::path::Path;

use anyhow::{Result, bail};

use crate::process;

/// Runs one target; the stable compiler is allowed its unstable flags for this alone.
pub(crate) fn run(root: &Path, name: &str, seconds: u64) -> Result<()> {
    let targets = targets(&root.join("fuzz/fuzz_targets"));
    if !targets.iter().any(|target| target == name) {
        bail!("no fuzz target `{name}`; there are: {}", if targets.is_empty() { "none yet".to_owned() } else { targets.join(", ") });
    }
    if process::find("cargo-fuzz").is_none() {
        bail!("cargo-fuzz is not installed: `cargo install cargo-fuzz --locked`, then run this again");
    }
    let mut cargo = process::cargo();
    cargo.args(["fuzz", "run", name, "--", &format!("-max_total_time={seconds}")]);
    process::run(cargo.env("RUSTC_BOOTSTRAP", "1").current_dir(root))
}

fn targets(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut names: Vec<String> = files
        .filter(|path| path.extension().is_some_and(|end| end == "rs"))
        .filter_map(|path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_target_is_answered_with_the_known_ones() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let folder = root.path().join("fuzz/fuzz_targets");
        std::fs::create_dir_all(&folder).expect("made");
        std::fs::write(folder.join("xml.rs"), "").expect("written");
        let error = run(root.path(), "json", 1).expect_err("there is no such target").to_string();
        assert_eq!(error, "no fuzz target `json`; there are: xml");
    }
}
